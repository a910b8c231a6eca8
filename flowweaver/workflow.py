"""A workflow: tasks and the edges between them, checked as they are added.

An edge can only name a task that is there already, so no cycle can be built and the order in which tasks were added
is an order in which they can run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from flowweaver.errors import (
    DefinitionError,
    DuplicateTaskError,
    MissingArgumentError,
    UnknownTaskError,
    WorkflowBusyError,
    shown,
)
from flowweaver.settings import checked_name
from flowweaver.signature import Arguments, arguments_of
from flowweaver.status import TaskStatus, WorkflowStatus
from flowweaver.task import Task, check_task, task_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["Workflow"]

TaskLike = Task | Callable[..., Any]
Dependency = str | Task | Callable[..., Any]


class _Executes(Protocol):
    def execute(self, workflow: Workflow, **options: Any) -> Any: ...


class Workflow:
    """Tasks with dependencies, and the parameters they share.

    Args:
        name: by which its state is known in a store.
        description: for people.
        params: parameters that tasks may take by name, with their defaults; a run may give other values.

    Raises:
        DefinitionError: the name is empty or not text, or a parameter's name is not an identifier.
    """

    def __init__(self, name: str, description: str | None = None, params: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.description = description
        self.params = {} if params is None else params
        self.status = WorkflowStatus.IDLE
        self._tasks: dict[str, Task] = {}
        self._dependencies: dict[str, tuple[str, ...]] = {}
        self._arguments: dict[str, Arguments] = {}
        self._by_function: dict[int, str] = {}
        self._running = threading.Lock()

    @property
    def name(self) -> str:
        """By which its state is known in a store.

        Raises:
            DefinitionError: what it is set to is empty or not text.
        """
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = checked_name(name, "A workflow")

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters with their defaults; not to be changed in place.

        Raises:
            DefinitionError: what it is set to is no dict, or a name in it is not an identifier.
        """
        return self._params

    @params.setter
    def params(self, params: Mapping[str, Any]) -> None:
        if not isinstance(params, Mapping):
            raise DefinitionError(
                f"Workflow {self.name!r}: params is a dict of names and defaults, not {shown(params)}"
            )
        for name in params:
            if not isinstance(name, str) or not name.isidentifier():
                raise DefinitionError(f"Workflow {self.name!r}: a parameter's name is an identifier, not {shown(name)}")
        self._params = MappingProxyType(dict(params))

    def __repr__(self) -> str:
        return f"<Workflow {self.name!r} {len(self._tasks)} tasks {self.status.value}>"

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    # -- building ---------------------------------------------------------------------------------------------------

    def add_task(self, task_or_func: TaskLike, depends_on: Dependency | Iterable[Dependency] | None = None) -> Task:
        """Add a Task, a function marked by ``@task``, or a plain function.

        Args:
            task_or_func: a Task belongs to one workflow; a function gives a fresh Task each time.
            depends_on: tasks of this workflow, as names, Tasks or functions.

        Returns:
            The Task.

        Raises:
            DuplicateTaskError: a task of this name is there already.
            UnknownTaskError: a dependency is not in the workflow (yet): add it first.
            DefinitionError: the task depends on itself, belongs to another workflow, or takes an argument that is
                both a dependency and a parameter.
        """
        if self._running.locked():
            raise DefinitionError(f"Workflow {self.name!r} is running: no task can be added to it now")
        if isinstance(task_or_func, Task):
            task = task_or_func
        elif callable(task_or_func):
            task = task_of(task_or_func)
        else:
            raise DefinitionError(
                f"Workflow {self.name!r}: add_task takes a Task or a function, not {type(task_or_func).__name__}"
            )
        name = task.name
        if task.owner is not None and task.owner is not self:
            raise DefinitionError(f"Task {name!r} belongs to workflow {task.owner.name!r} already: make a new Task")
        if name in self._tasks:
            raise DuplicateTaskError(f"Workflow {self.name!r} has a task {name!r} already: give one another name")
        dependencies = self._resolve(task, depends_on)
        arguments = arguments_of(task.func)
        if self.params:
            self._refuse_ambiguous(name, arguments, dependencies)
        task.owner = self
        self._tasks[name] = task
        self._dependencies[name] = dependencies
        self._arguments[name] = arguments
        self._by_function[id(task.func)] = name
        return task

    def _resolve(self, task: Task, depends_on: Dependency | Iterable[Dependency] | None) -> tuple[str, ...]:
        if depends_on is None:
            return ()
        if type(depends_on) is not list and (
            isinstance(depends_on, str | Task) or callable(depends_on) or not isinstance(depends_on, Iterable)
        ):
            depends_on = (depends_on,)
        names: dict[str, None] = {}
        for dependency in depends_on:
            if type(dependency) is str and dependency in self._tasks:
                names[dependency] = None
            else:
                names[self._resolve_one(task, dependency)] = None
        return tuple(names)

    def _resolve_one(self, task: Task, dependency: Dependency) -> str:
        if isinstance(dependency, str):
            name = dependency
        elif isinstance(dependency, Task):
            name = dependency.name
            if self._tasks.get(name) is not dependency and dependency is not task:
                raise UnknownTaskError(f"Task {task.name!r} depends on {name!r}, a Task that is not in {self.name!r}")
        elif callable(dependency):
            marks = getattr(dependency, "__flowweaver__", None) or {}
            found = self._by_function.get(id(dependency)) or marks.get("name") or getattr(dependency, "__name__", None)
            if dependency is task.func:
                found = task.name
            name = found if isinstance(found, str) else repr(dependency)
        else:
            raise DefinitionError(
                f"Task {task.name!r}: depends_on takes names, Tasks or functions, not {type(dependency).__name__}"
            )
        if name == task.name and name not in self._tasks:
            raise DefinitionError(f"Task {name!r} depends on itself")
        if name not in self._tasks:
            raise UnknownTaskError(
                f"Task {task.name!r} depends on {name!r}, which is not in workflow {self.name!r}: add that one first"
            )
        return name

    def _refuse_ambiguous(self, name: str, arguments: Arguments, dependencies: tuple[str, ...]) -> None:
        for argument in arguments.names:
            if argument in self.params and argument in dependencies:
                raise DefinitionError(
                    f"Task {name!r} takes {argument!r}, which is both a dependency and a parameter of {self.name!r}"
                )

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> list[Task]:
        """All tasks, in the order in which they were added."""
        return list(self._tasks.values())

    def get_task(self, name: str) -> Task | None:
        """Return a task by its name, or None."""
        return self._tasks.get(name)

    def get_all_tasks(self) -> dict[str, Task]:
        """Return all tasks by name."""
        return dict(self._tasks)

    def get_dependencies(self, name: str) -> list[str]:
        """Return the names of the tasks that a task depends on directly.

        Raises:
            UnknownTaskError: there is no such task.
        """
        return list(self._dependencies[self._known(name)])

    def get_dependents(self, name: str) -> list[str]:
        """Return the names of the tasks that depend on a task directly, in order.

        Raises:
            UnknownTaskError: there is no such task.
        """
        self._known(name)
        return [other for other, dependencies in self._dependencies.items() if name in dependencies]

    @property
    def dependencies(self) -> Mapping[str, tuple[str, ...]]:
        """The dependencies of every task by name, in the order in which tasks were added."""
        return MappingProxyType(self._dependencies)

    @property
    def signatures(self) -> Mapping[str, Arguments]:
        """What the function of every task asks for, by the task's name."""
        return MappingProxyType(self._arguments)

    def arguments(self, name: str) -> Arguments:
        """Return what a task's function asks for.

        Raises:
            UnknownTaskError: there is no such task.
        """
        return self._arguments[self._known(name)]

    def layers(self) -> list[list[str]]:
        """Return the task names by layer: a task is one layer behind the last of its dependencies."""
        depth: dict[str, int] = {}
        layers: list[list[str]] = []
        for name, dependencies in self._dependencies.items():
            depth[name] = 1 + max((depth[d] for d in dependencies), default=-1)
            if depth[name] == len(layers):
                layers.append([])
            layers[depth[name]].append(name)
        return layers

    def get_execution_plan(self) -> list[list[Task]]:
        """Return the tasks by layer."""
        return [[self._tasks[name] for name in layer] for layer in self.layers()]

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """Return all tasks that the named ones depend on, directly or not, without themselves.

        Raises:
            UnknownTaskError: there is no such task.
        """
        return ancestors_in(self._dependencies, {self._known(name) for name in names})

    def descendants(self, names: Iterable[str]) -> set[str]:
        """Return all tasks that depend on the named ones, directly or not, without themselves.

        Raises:
            UnknownTaskError: there is no such task.
        """
        return descendants_in(self._dependencies, {self._known(name) for name in names})

    def get_task_status(self, name: str) -> TaskStatus | None:
        """Return a task's status, None if there is no such task."""
        task = self._tasks.get(name)
        return None if task is None else task.status

    def get_task_result(self, name: str) -> Any:
        """Return a task's result, None if there is none or no such task."""
        task = self._tasks.get(name)
        return None if task is None else task.result

    def get_workflow_stats(self) -> dict[str, Any]:
        """Return counts by state, and the seconds that all tasks took together."""
        states = [task.status for task in self._tasks.values()]
        return {
            "total_tasks": len(states),
            "completed": states.count(TaskStatus.COMPLETED),
            "failed": states.count(TaskStatus.FAILED),
            "pending": states.count(TaskStatus.PENDING),
            "running": states.count(TaskStatus.RUNNING) + states.count(TaskStatus.RETRYING),
            "total_time_seconds": sum(task.duration or 0.0 for task in self._tasks.values()),
        }

    def check(self) -> None:
        """Refuse what could never run.

        Raises:
            MissingArgumentError: a function requires an argument that no dependency and no parameter provides.
            DefinitionError: a task was changed after it was added, into what makes no sense.
        """
        for name, arguments in self._arguments.items():
            check_task(self._tasks[name], name)
            if not arguments.required:
                continue
            missing = arguments.required.difference(self._dependencies[name], self.params)
            if missing:
                argument = next(a for a in arguments.names if a in missing)
                raise MissingArgumentError(
                    f"Task {name!r} requires {argument!r}, but nothing provides it: add a dependency or a parameter "
                    f"{argument!r}, or give it a default"
                )

    def _known(self, name: str) -> str:
        if name not in self._tasks:
            raise UnknownTaskError(f"Workflow {self.name!r} has no task {name!r}")
        return name

    # -- running ----------------------------------------------------------------------------------------------------

    def execute(self, executor: _Executes, **options: Any) -> Any:
        """Run with an executor; the same as ``executor.execute(workflow, **options)``.

        Raises:
            WorkflowExecutionError: a task failed, or the run was cancelled.
        """
        return executor.execute(self, **options)

    def clear_results(self) -> None:
        """Let go of all results that are held in memory; a store keeps its own."""
        for task in self._tasks.values():
            task.result = None

    def hold(self) -> None:
        """Take the workflow for one run; the driver calls this.

        Raises:
            WorkflowBusyError: it is running already.
        """
        if not self._running.acquire(blocking=False):
            raise WorkflowBusyError(
                f"Workflow {self.name!r} is running already: one Workflow object runs once at a time",
                workflow_name=self.name,
            )

    def release(self) -> None:
        """Give back what ``hold`` took."""
        self._running.release()


def ancestors_in(dependencies: Mapping[str, Sequence[str]], names: AbstractSet[str]) -> set[str]:
    """Return all tasks that the named ones depend on; a task stands behind those that it depends on."""
    found = set(names)
    for name in reversed(list(dependencies)):
        if name in found:
            found.update(dependencies[name])
    return found - names


def descendants_in(dependencies: Mapping[str, Sequence[str]], names: AbstractSet[str]) -> set[str]:
    """Return all tasks that depend on the named ones; a task stands behind those that it depends on."""
    found = set(names)
    for name, needed in dependencies.items():
        if not found.isdisjoint(needed):
            found.add(name)
    return found - names


def match_names(patterns: str | Sequence[str], names: Iterable[str], *, what: str) -> set[str]:
    """Return the names that one of the patterns (a name, or a glob) matches.

    Raises:
        UnknownTaskError: a pattern matches none.
        DefinitionError: one is not text.
    """
    from fnmatch import fnmatchcase

    known = list(names)
    found: set[str] = set()
    for pattern in patterns if isinstance(patterns, Iterable) and not isinstance(patterns, str) else (patterns,):
        if not isinstance(pattern, str):
            raise DefinitionError(f"{what} takes names of tasks, or globs, not {shown(pattern)}")
        hits = {pattern} if pattern in known else {name for name in known if fnmatchcase(name, pattern)}
        if not hits:
            from difflib import get_close_matches

            near = get_close_matches(pattern, known, n=1)
            meant = f". Did you mean {near[0]!r}?" if near else ""
            raise UnknownTaskError(f"{what} {pattern!r} matches no task{meant}")
        found |= hits
    return found
