"""The results of a run in memory: who needs which, what a function is called with, and when a result may leave.

A result over 1 MB that a store keeps leaves memory when its last consumer has had it; whoever asks the task for it
later reads it from the store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flowweaver.prepare import EAGER, Prepared
from flowweaver.records import StoredValue
from flowweaver.task import StoredResult, Task
from flowweaver.workflow import Workflow

__all__ = ["Results"]


class Results:
    """Values, digests and consumers, by the tasks' numbers.

    Args:
        fixed: tasks that do not run.
        load_later: reads a stored result by task name, when the run may be over.
    """

    def __init__(
        self,
        workflow: Workflow,
        prepared: Prepared,
        dependencies: Sequence[Sequence[int]],
        *,
        fixed: Collection[int],
        load_later: Callable[[str], Any],
    ) -> None:
        self._workflow = workflow
        self._tasks: list[Task] = workflow.tasks
        self._names = [task.name for task in self._tasks]
        self._dependencies = dependencies
        self._params = prepared.params
        self._load_later = load_later
        self._late = prepared.late
        self._values: list[Any] = [prepared.results.get(task.name) for task in self._tasks]
        self._sizes = [0] * len(self._tasks)
        self.digests: list[str | None] = [None] * len(self._tasks)
        self._kept: set[int] = set()
        """Tasks whose recorded result is in the store."""
        self._users = [0] * len(self._tasks)
        for index, task in enumerate(self._tasks):
            record = prepared.records.get(task.name)
            if record is not None:
                self.digests[index] = record.digest
                self._sizes[index] = record.size
                if record.encoding is not None:
                    self._kept.add(index)
            if index not in fixed:
                for dependency in dependencies[index]:
                    self._users[dependency] += 1

    def arguments(self, index: int) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and keyword arguments with which a task's function is called."""
        params: Mapping[str, Any] = self._params
        needed = self._dependencies[index]
        if not needed and not params:
            return [], {}
        asked = self._workflow.arguments(self._names[index])
        names, values = self._names, self._values
        upstream = {names[dependency]: values[dependency] for dependency in needed}
        if asked.takes_all and not asked.positional_only and not params:
            return [], upstream
        args = []
        for name in asked.positional_only:
            if name not in upstream and name not in params:
                break  # a later one cannot be given without this one
            args.append(upstream[name] if name in upstream else params[name])
        if asked.takes_all:
            kwargs = {name: value for name, value in upstream.items() if name not in asked.positional_only}
        else:
            kwargs = {name: upstream[name] for name in asked.keywords if name in upstream}
        if params:
            kwargs.update({name: params[name] for name in asked.keywords if name in params and name not in upstream})
        return args, kwargs

    def has_inputs(self, index: int) -> bool:
        """Tell whether a task depends on any other."""
        return bool(self._dependencies[index])

    def inputs(self, index: int) -> tuple[str | None, ...]:
        """Return the digest of each dependency's result, None where it has none."""
        return tuple(self.digests[dependency] for dependency in self._dependencies[index])

    def put(self, index: int, value: Any, stored: StoredValue | None) -> None:
        """Take the result of a task that has run."""
        self._values[index] = value
        kept = stored is not None and stored.encoding is not None
        self.digests[index] = stored.digest if kept and stored is not None else None
        self._sizes[index] = stored.size if kept and stored is not None else 0

    def restored(self, index: int) -> Any:
        """Return what the Task of a reused result shows: the value, or a stand-in that reads it when asked."""
        name = self._tasks[index].name
        return self._stored(name) if name in self._late else self._values[index]

    def recorded(self, index: int) -> Any:
        """Return what the Task of one that is left as it is shows: the value if it was loaded, else a stand-in."""
        value = self._values[index]
        return self._stored(self._tasks[index].name) if value is None and index in self._kept else value

    def ended(self, index: int) -> list[tuple[Task, Any]]:
        """A task had its end. Return the tasks whose result leaves memory by that, each with its stand-in."""
        leaving = []
        for dependency in self._dependencies[index]:
            self._users[dependency] -= 1
            if not self._users[dependency]:
                leaving.append(dependency)
        if not self._users[index]:
            leaving.append(index)
        return [self._leave(number) for number in leaving if self._sizes[number] > EAGER]

    def _leave(self, index: int) -> tuple[Task, Any]:
        self._values[index] = None
        return self._tasks[index], self._stored(self._tasks[index].name)

    def _stored(self, name: str) -> Any:
        return StoredResult(lambda: self._load_later(name))
