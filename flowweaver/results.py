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
        self._tasks: list[Task] = workflow.tasks
        self._names = [task.name for task in self._tasks]
        self._asked = workflow.signatures
        self._dependencies = dependencies
        self._params = prepared.params
        self._load_later = load_later
        self._late = prepared.late
        self._values: list[Any] = [prepared.results.get(task.name) for task in self._tasks]
        self.digests: list[str | None] = [None] * len(self._tasks)
        self._kept: set[int] = set()
        """Tasks whose recorded result is in the store."""
        self._over = [False] * len(self._tasks)
        """Tasks that will not ask for a result any more."""
        for index in fixed:
            self._over[index] = True
        self._large: dict[int, int] = {}
        """Tasks with a large result that is kept, and how many of their consumers are not over."""
        self._consumers: list[list[int]] = []
        if prepared.records:
            for index, task in enumerate(self._tasks):
                record = prepared.records.get(task.name)
                if record is not None:
                    self.digests[index] = record.digest
                    if record.encoding is not None:
                        self._kept.add(index)
                    if record.size > EAGER:
                        self._watch(index)

    def arguments(self, index: int) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and keyword arguments with which a task's function is called."""
        params: Mapping[str, Any] = self._params
        needed = self._dependencies[index]
        if not needed and not params:
            return [], {}
        names, values = self._names, self._values
        upstream = {}
        for dependency in needed:  # for the few that a task has, quicker than any comprehension
            upstream[names[dependency]] = values[dependency]
        asked = self._asked[names[index]]
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
        return tuple([self.digests[dependency] for dependency in self._dependencies[index]])

    def put(self, index: int, value: Any, stored: StoredValue | None) -> None:
        """Take the result of a task that has run."""
        self._values[index] = value
        self._large.pop(index, None)
        if stored is None or stored.encoding is None:
            self.digests[index] = None
            return
        self.digests[index] = stored.digest
        if stored.size > EAGER:
            self._watch(index)

    def failed(self, index: int) -> None:
        """A task has no result; what is recorded of an earlier run is not its own any more."""
        self._values[index] = None
        self._large.pop(index, None)

    def restored(self, index: int) -> Any:
        """Return what the Task of a reused result shows: the value, or a stand-in that reads it when asked."""
        name = self._tasks[index].name
        return self._stored(name) if name in self._late else self._values[index]

    def recorded(self, index: int) -> Any:
        """Return what the Task of one that is left as it is shows: the value if it was loaded, else a stand-in."""
        value = self._values[index]
        return self._stored(self._tasks[index].name) if value is None and index in self._kept else value

    def _watch(self, index: int) -> None:
        if not self._consumers:
            self._consumers = [[] for _ in self._tasks]
            for consumer, needed in enumerate(self._dependencies):
                for dependency in needed:
                    self._consumers[dependency].append(consumer)
        self._large[index] = sum(not self._over[consumer] for consumer in self._consumers[index])

    def ended(self, index: int) -> Sequence[tuple[Task, Any]]:
        """A task had its end. Return the tasks whose result leaves memory by that, each with its stand-in."""
        self._over[index] = True
        large = self._large
        if not large:
            return ()
        leaving = []
        for dependency in self._dependencies[index]:
            if dependency in large:
                large[dependency] -= 1
                if not large[dependency]:
                    leaving.append(dependency)
        if large.get(index) == 0:
            leaving.append(index)
        return [self._leave(number) for number in leaving]

    def _leave(self, index: int) -> tuple[Task, Any]:
        del self._large[index]
        self._values[index] = None
        return self._tasks[index], self._stored(self._tasks[index].name)

    def _stored(self, name: str) -> Any:
        return StoredResult(lambda: self._load_later(name))
