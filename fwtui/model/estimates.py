"""How long something will take, from what is remembered of earlier runs: the longest path, or work shared out."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

from fwtui.model.pictures import TaskLike
from fwtui.model.status import DONE_STATES, FAILURES, State
from fwtui.model.views import RunView, TaskView

__all__ = ["longest_path", "seconds_left"]

_ENDED = frozenset({*DONE_STATES, *FAILURES, State.SKIPPED, State.STOPPED})


def longest_path(infos: Mapping[str, TaskLike], names: Iterable[str], durations: Mapping[str, float]) -> float | None:
    """Return the seconds of the longest path through the named tasks; None if no task's duration is remembered.

    A task without a remembered duration counts as the median of the known ones.

    Args:
        infos: tasks by name.
        names: in an order in which dependencies come first.
        durations: remembered seconds.
    """
    if not durations:
        return None
    middle = statistics.median(durations.values())
    ends: dict[str, float] = {}
    for name in names:
        before = max((ends[dep] for dep in infos[name].deps if dep in ends), default=0.0)
        ends[name] = before + durations.get(name, middle)
    return max(ends.values(), default=None)


def seconds_left(view: RunView, now: float) -> float | None:
    """Return how long the run that goes on still needs at least; None where that is not known.

    It is the longest path through what is not done, or all of that work shared out among as many tasks at a time as
    there have been in this run, whichever is longer. Nobody can tell once a task that was never done before runs longer
    than others do.
    """
    if not view.durations:
        return None
    middle = statistics.median(view.durations.values())
    ends: dict[str, float] = {}
    longest = work = 0.0
    for name, task in view.tasks.items():
        if task.state in _ENDED or task.left or (view.stopping and name not in view.in_flight):
            continue
        own = view.durations.get(name, middle)
        if name in view.in_flight:
            own = _rest(task, own, now)
            if not own and name not in view.durations:
                return None
        before = 0.0
        for dep in task.info.deps:
            if dep in ends and ends[dep] > before:
                before = ends[dep]
        ends[name] = before + own
        work += own
        longest = max(longest, before + own)
    return max(longest, work / max(1, view.most_at_once)) if ends else None


def _rest(task: TaskView, usual: float, now: float) -> float:
    if task.state is State.RUNNING and task.started_at is not None:
        return max(0.0, usual - (now - task.started_at))
    return usual + (0.0 if task.retry_at is None else max(0.0, task.retry_at - now))
