"""Where the time of a run went: what each task did when, and the chain of tasks that decided how long it took.

Only what was is told: attempts carry the times of their start and end, and an end that nobody has seen is not made up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import NamedTuple

from flowweaver.records import AttemptRecord
from fwtui.model.status import State
from fwtui.model.timeline_chain import Chain, Span, critical_chain
from fwtui.model.views import RunFacts, RunView, TaskView

__all__ = ["Kind", "Piece", "Timeline", "pieces_in", "pieces_of", "seconds_of", "timeline_of"]


class Kind(Enum):
    """What a stretch of a task's time was; the value is what the legend says."""

    WORKED = "worked"
    RUNNING = "works"
    FAILED = "failed"
    STOPPED = "stopped"
    WAITED = "waited to retry"


class Piece(NamedTuple):
    """A stretch of a task's time, in seconds since the epoch.

    Attributes:
        ended: its end was seen (or it goes on, and ends now); if not, ``end`` is its start.
    """

    kind: Kind
    start: float
    end: float
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Timeline:
    """The time of one run.

    Attributes:
        started_at: when it began, seconds since the epoch.
        seconds: how long it took, or has taken; None if nobody saw its end.
        reach: seconds from its start to the last moment that anything is known of.
        chain: the tasks that decided how long it took.
        stopped: a task was stopped, or its process ended.
    """

    run_id: int
    started_at: float
    going_on: bool
    seconds: float | None
    reach: float
    chain: Chain
    stopped: bool = False


_KINDS: Mapping[str | None, Kind] = {
    "completed": Kind.WORKED,
    "failed": Kind.FAILED,
    "timed out": Kind.FAILED,
    "interrupted": Kind.STOPPED,
    "cancelled": Kind.STOPPED,
}


_STOPPED = frozenset(outcome for outcome, kind in _KINDS.items() if kind is Kind.STOPPED)


def pieces_of(
    attempts: Sequence[AttemptRecord], now: float, *, going_on: bool, retrying: bool = False
) -> tuple[Piece, ...]:
    """Return what one task did, one piece after the other, without overlaps.

    Args:
        attempts: those of one run, the first first.
        now: seconds since the epoch.
        going_on: the run goes on: an attempt without an end runs until now.
        retrying: the task waits for its next attempt.
    """
    made: list[Piece] = []
    before: AttemptRecord | None = None
    for attempt in attempts:
        start = max(attempt.started_at, made[-1].end) if made else attempt.started_at
        if before is not None and attempt.attempt == before.attempt + 1 and made[-1].ended and start > made[-1].end:
            made.append(Piece(Kind.WAITED, made[-1].end, start))
        made.append(_piece(attempt, start, now, going_on=going_on))
        before = attempt
    if retrying and made and made[-1].ended:
        made.append(Piece(Kind.WAITED, made[-1].end, max(now, made[-1].end)))
    return tuple(made)


def _piece(attempt: AttemptRecord, start: float, now: float, *, going_on: bool) -> Piece:
    if attempt.finished_at is not None:
        return Piece(_KINDS.get(attempt.outcome, Kind.WORKED), start, max(start, attempt.finished_at))
    if going_on and attempt.outcome is None:
        return Piece(Kind.RUNNING, start, max(start, now))
    return Piece(Kind.STOPPED, start, start, ended=False)


def seconds_of(pieces: Sequence[Piece]) -> float | None:
    """Return the time from a task's first start to its last end; None if it did not run, or nobody saw its end."""
    if not pieces or not pieces[-1].ended:
        return None
    return pieces[-1].end - pieces[0].start


def _attempts_in(view: RunView, name: str, run_id: int) -> tuple[AttemptRecord, ...]:
    """Return a task's attempts in a run; all that a view has of a task are of one run, of this or of an earlier one."""
    attempts = view.attempts.get(name, ())
    return attempts if attempts and attempts[-1].run_id == run_id else ()


def pieces_in(view: RunView, task: TaskView, now: float) -> tuple[Piece, ...]:
    """Return what a task did in the run that a view shows, up to ``now``."""
    run = view.run
    if run is None:
        return ()
    going_on = run.outcome is None
    own = _attempts_in(view, task.name, run.run_id)
    return pieces_of(own, now, going_on=going_on, retrying=going_on and task.state is State.RETRYING)


def timeline_of(view: RunView, now: float) -> Timeline | None:
    """Return the timeline of the run that a view shows, None if there was no run."""
    run = view.run
    if run is None:
        return None
    going_on = run.outcome is None
    seconds = max(0.0, now - run.started_at) if going_on else run.duration
    last, end, stopped = _last_in_flight(view, run, now) or _last_ended(view, run, now)
    chain = Chain()
    if last is not None and seconds is not None:
        chain = critical_chain(last, partial(_span, view, run, now), partial(_deps, view), run.started_at)
    reach = max(end, run.started_at, now if going_on else run.finished_at or 0.0)
    return Timeline(run.run_id, run.started_at, going_on, seconds, reach - run.started_at, chain, stopped)


def _last_in_flight(view: RunView, run: RunFacts, now: float) -> tuple[str, float, bool] | None:
    """Return the task in flight that started first: it ends now, and no other ends later; None if none is in flight."""
    if run.outcome is not None:
        return None
    starts = ((span.start, name) for name in view.in_flight if (span := _span(view, run, now, name)) is not None)
    first = min(starts, default=None)
    return None if first is None else (first[1], now, False)


def _last_ended(view: RunView, run: RunFacts, now: float) -> tuple[str | None, float, bool]:
    """Return the task that ended last, the last moment that is known, and whether any task was stopped.

    It looks at every task there is, ten thousand perhaps, and so goes straight at what it needs.
    """
    going_on, run_id = run.outcome is None, run.run_id
    last: str | None = None
    latest, first, known, stopped = -math.inf, 0.0, 0.0, False
    for name, attempts in view.attempts.items():
        if not attempts or attempts[-1].run_id != run_id:
            continue
        attempt = attempts[-1]
        end, outcome = attempt.finished_at, attempt.outcome
        if end is None and outcome is None and going_on:
            end = now
        if end is None:
            stopped, known = True, max(known, attempt.started_at)
        elif end > latest or (end == latest and attempts[0].started_at < first):
            last, latest, first = name, end, attempts[0].started_at
        if outcome != "completed" and outcome in _STOPPED:
            stopped = True
    return last, max(latest, known), stopped


def _span(view: RunView, run: RunFacts, now: float, name: str) -> Span | None:
    attempts = _attempts_in(view, name, run.run_id)
    if not attempts:
        return None
    end = attempts[-1].finished_at
    if run.outcome is None and (name in view.in_flight or (end is None and attempts[-1].outcome is None)):
        end = now
    return None if end is None else Span(attempts[0].started_at, end)


def _deps(view: RunView, name: str) -> tuple[str, ...]:
    task = view.tasks.get(name)
    return () if task is None else task.info.deps
