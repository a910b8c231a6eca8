"""Which task runs next: the state machine that every executor shares.

Pure: no threads, no clock, no I/O. What became of a task goes in, what may start comes out, and time is an argument.
Tasks are numbers from 0 in an order in which dependencies come first; the driver gives them their names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum
from heapq import heappop, heappush

__all__ = ["Scheduler", "State", "ranks_by_remaining_path"]


class State(IntEnum):
    """Where a task stands in this run."""

    WAITING = 0
    """For dependencies."""
    READY = 1
    RUNNING = 2
    RETRYING = 3
    """An attempt failed; it waits for its next one and holds no worker."""
    DONE = 4
    """It has a result: of this run, or one that is reused."""
    FAILED = 5
    SKIPPED = 6
    """An ancestor failed."""
    RELEASED = 7
    """It had begun, but the run was told to end first."""


def ranks_by_remaining_path(dependencies: Sequence[Sequence[int]], seconds: Sequence[float | None]) -> list[int]:
    """Return each task's rank, 0 for the one to start first: the longest remaining path goes first.

    The remaining path of a task is its own duration and the longest chain of durations behind it: list scheduling by
    the critical path (Graham 1969). A task without a remembered duration counts as the median of the known ones, or as
    1 second. Ties keep the order of the tasks.

    Args:
        dependencies: of each task, as numbers of earlier tasks.
        seconds: remembered duration of each task.
    """
    known = sorted(s for s in seconds if s is not None)
    usual = known[len(known) // 2] if known else 1.0
    behind = [0.0] * len(dependencies)
    path = behind  # one list: an entry is complete when the loop reaches it from the end
    for index in range(len(dependencies) - 1, -1, -1):
        own = seconds[index]
        path[index] += usual if own is None else own
        length = path[index]
        for dependency in dependencies[index]:
            behind[dependency] = max(behind[dependency], length)
    ranks = [0] * len(path)
    for rank, index in enumerate(sorted(range(len(path)), key=path.__getitem__, reverse=True)):
        ranks[index] = rank
    return ranks


# Reading a member through its class costs more than all else that a transition does.
_WAITING, _READY, _RUNNING, _RETRYING = State.WAITING, State.READY, State.RUNNING, State.RETRYING
_DONE, _FAILED, _SKIPPED, _RELEASED = State.DONE, State.FAILED, State.SKIPPED, State.RELEASED


class Scheduler:
    """The state of all tasks of one run.

    Args:
        dependencies: of each task, as numbers of earlier tasks.
        done: tasks that count as done from the start: reused, or outside the selection.
        ranks: order among ready tasks, lowest first; None for the order of the tasks.
        keep_going: run every branch that still can after a failure; else the first failure stops new starts.
    """

    __slots__ = ("_by_rank", "_children", "_due", "_missing", "_rank", "_ready", "_waiting", "halted", "keep_going",
                 "open", "running", "states")  # fmt: skip

    def __init__(
        self,
        dependencies: Sequence[Sequence[int]],
        *,
        done: Collection[int] = (),
        ranks: Sequence[int] | None = None,
        keep_going: bool = False,
    ) -> None:
        count = len(dependencies)
        self.keep_going = keep_going
        self.halted = False
        """No task is started any more that has not begun."""
        self.running = 0
        self.states = [_WAITING] * count
        for index in done:
            self.states[index] = _DONE
        self.open = count - len(done)
        """Tasks that have not had their end."""
        self._rank: Sequence[int] = range(count) if ranks is None else ranks
        self._by_rank: Sequence[int] = self._rank
        if ranks is not None:
            self._by_rank = by_rank = [0] * count
            for index, rank in enumerate(ranks):
                by_rank[rank] = index
        self._children: list[list[int]] = [[] for _ in range(count)]
        self._missing = [0] * count
        self._ready: list[int] = []
        self._due: list[int] = []
        self._waiting: list[tuple[float, int]] = []
        states = self.states
        for index, needed in enumerate(dependencies):
            if states[index] is _DONE:
                continue
            missing = 0
            for dependency in needed:
                if states[dependency] is not _DONE:
                    self._children[dependency].append(index)
                    missing += 1
            self._missing[index] = missing
            if not missing:
                self._make_ready(index)

    def _make_ready(self, index: int) -> None:
        self.states[index] = _READY
        heappush(self._ready, self._rank[index])

    def ready(self, now: float) -> int:
        """Return how many tasks could start now."""
        if self._waiting:
            self._promote(now)
        return len(self._due) + (0 if self.halted else len(self._ready))

    def take(self, now: float) -> int | None:
        """Start the ready task that goes first, and return it; None if nothing may start now."""
        if self._waiting:
            self._promote(now)
        heap = self._ready
        if self.halted or not heap or (self._due and self._due[0] < heap[0]):
            heap = self._due
        if not heap:
            return None
        index = self._by_rank[heappop(heap)]
        self.states[index] = _RUNNING
        self.running += 1
        return index

    def _promote(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            rank = heappop(self._waiting)[1]
            heappush(self._due, rank)

    def next_due(self) -> float | None:
        """Return the time at which the next waiting retry may start, None if none waits."""
        return self._waiting[0][0] if self._waiting else None

    def complete(self, index: int) -> int:
        """A running task has its result. Return how many tasks became ready by that."""
        states, missing = self.states, self._missing
        states[index] = _DONE
        self.running -= 1
        self.open -= 1
        released = 0
        for child in self._children[index]:
            missing[child] = left = missing[child] - 1
            if not left and states[child] is _WAITING:
                self._make_ready(child)
                released += 1
        return released

    def retry(self, index: int, at: float) -> None:
        """A running task's attempt failed; the next one may start at time ``at``."""
        self.states[index] = _RETRYING
        self.running -= 1
        heappush(self._waiting, (at, self._rank[index]))

    def fail(self, index: int) -> list[int]:
        """A running task failed for good. Return the descendants that are skipped by that, in order."""
        self.states[index] = _FAILED
        self.running -= 1
        self.open -= 1
        if not self.keep_going:
            self.halted = True
        skipped = []
        stack = list(self._children[index])
        while stack:
            child = stack.pop()
            if self.states[child] is _WAITING:
                self.states[child] = _SKIPPED
                self.open -= 1
                skipped.append(child)
                stack.extend(self._children[child])
        return sorted(skipped)

    def release(self, index: int) -> None:
        """A running task is given up without an outcome: the run was told to end."""
        self.states[index] = _RELEASED
        self.running -= 1
        self.open -= 1

    def stop(self) -> list[int]:
        """Start nothing more; return the tasks that were waiting for a retry, which are released."""
        self.halted = True
        waiting = sorted(self._by_rank[rank] for rank in (*(entry[1] for entry in self._waiting), *self._due))
        self._waiting.clear()
        self._due.clear()
        for index in waiting:
            self.states[index] = _RELEASED
            self.open -= 1
        return waiting

    @property
    def finished(self) -> bool:
        """Nothing runs, and nothing will start any more."""
        if self.running or self._waiting or self._due:
            return False
        return self.halted or not self._ready

    def check(self, dependencies: Sequence[Sequence[int]]) -> None:
        """Assert what must hold between any two calls; for tests.

        Raises:
            AssertionError: the state is not one that can be.
        """
        states = self.states
        assert self.running == states.count(_RUNNING)
        assert self.open == sum(s <= _RETRYING for s in states)
        assert len(self._waiting) + len(self._due) == states.count(_RETRYING)
        assert sorted(self._by_rank[rank] for rank in self._ready) == [
            index for index, state in enumerate(states) if state is _READY
        ]
        for index, needed in enumerate(dependencies):
            below = [states[dependency] for dependency in needed]
            if states[index] in (_READY, _RUNNING, _RETRYING, _FAILED, _RELEASED):
                assert all(state is _DONE for state in below)
            if states[index] is _WAITING:
                assert any(state is not _DONE for state in below)
                assert not any(state in (_FAILED, _SKIPPED) for state in below)
            if states[index] is _SKIPPED:
                assert any(state in (_FAILED, _SKIPPED) for state in below)
