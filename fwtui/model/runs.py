"""The runs of a workflow as rows: when each began, how it ended, how long it took and how long such runs take.

A run is compared with earlier ones that went well and did as much: one that reused five of nine results is no measure
for one that did all nine.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from flowweaver.records import AttemptRecord, RunRecord
from fwtui.model.status import COUNT_ORDER, State
from fwtui.model.text import count_of, duration, visible
from fwtui.model.times import clock_text, day_text
from fwtui.model.verdict import counts_text
from fwtui.model.views import RunFacts, RunView

__all__ = ["RunRow", "against", "run_row", "run_rows", "shown_runs", "usual_of_runs", "usual_of_task", "usual_text"]

_LAST_GOOD = 5
"""Earlier ones that make what is usual, as for the durations that the store remembers."""
_SAME = 0.05
"""Seconds, and parts of what is usual, within which a duration is as usual."""

_STATES: Mapping[str | None, State] = MappingProxyType(
    {
        "completed": State.DONE,
        "failed": State.FAILED,
        "cancelled": State.STOPPED,
        "interrupted": State.INTERRUPTED,
        None: State.RUNNING,
    }
)
_COUNTED: Mapping[str, State] = MappingProxyType(
    {
        "completed": State.DONE,
        "reused": State.REUSED,
        "failed": State.FAILED,
        "interrupted": State.INTERRUPTED,
        "skipped": State.SKIPPED,
        "pending": State.WAITING,
    }
)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, as it is shown. All text in it is safe to show.

    Attributes:
        state: how it ended, as the state of a task that ended so.
        seconds: how long it took, as far as that is known if nobody saw its end; None while it goes on.
        counts: tasks by state; only states that some task is in.
        note: at which task it failed, what it left undone, or how its time compares with that of earlier ones.
        who: the process that ran it, or runs it; "" if that is not known.
        said: the counts in the words of the line with which a run ends; "" while it goes on.
    """

    run_id: int
    state: State
    started_at: float
    seconds: float | None = None
    counts: tuple[tuple[State, int], ...] = ()
    note: str = ""
    who: str = ""
    said: str = ""

    @property
    def going_on(self) -> bool:
        """It has not ended."""
        return self.state is State.RUNNING


def run_rows(view: RunView) -> list[RunRow]:
    """Return a row for each run of a workflow as it is now, the newest first; one that goes on is among them."""
    runs = list(view.runs)
    live = view.run
    if live is not None and all(run.run_id != live.run_id for run in runs):
        runs.insert(0, _record_of(live, view.workflow))
    usual = usual_of_runs(runs)
    return [
        run_row(
            run,
            usual=usual.get(run.run_id),
            counts=view.counts if run.outcome is None and live is not None and live.run_id == run.run_id else None,
        )
        for run in runs
    ]


def _record_of(run: RunFacts, workflow: str) -> RunRecord:
    # What the store calls the process that runs it is read when it has ended.
    holder = "this dashboard" if run.here else run.holder
    return RunRecord(run.run_id, workflow, run.started_at, run.finished_at, run.outcome, run.failed_task, holder)


def run_row(run: RunRecord, *, usual: float | None = None, counts: Mapping[State, int] | None = None) -> RunRow:
    """Return the row of one run.

    Args:
        run: what is recorded of it.
        usual: the seconds that such runs take.
        counts: tasks by state, of a run whose record has none yet because it goes on.
    """
    end = run.known_until if run.finished_at is None else run.finished_at
    seconds = None if end is None else max(0.0, end - run.started_at)
    state = _STATES.get(run.outcome, State.INTERRUPTED)
    return RunRow(
        run.run_id,
        state,
        run.started_at,
        seconds,
        tuple(_counted(run.counts)) if counts is None else _counts_of(counts),
        _note(run, state, seconds, usual),
        visible(run.holder or ""),
        "" if run.outcome is None else counts_text(run.outcome, run.counts),
    )


def _counts_of(counts: Mapping[State, int]) -> tuple[tuple[State, int], ...]:
    found = ((states[0], sum(counts.get(state, 0) for state in states)) for states in COUNT_ORDER)
    return tuple((state, number) for state, number in found if number)


def _counted(counts: Mapping[str, int]) -> Iterable[tuple[State, int]]:
    return ((state, counts[word]) for word, state in _COUNTED.items() if counts.get(word))


def _note(run: RunRecord, state: State, seconds: float | None, usual: float | None) -> str:
    if state is State.DONE:
        return "" if seconds is None else against(seconds, usual)
    if state is State.FAILED and run.failed_task is not None:
        more = run.counts.get("failed", 1) - 1
        return f"at {visible(run.failed_task)}" + (f" and {more:,} more" if more > 0 else "")
    if "pending" not in run.counts:
        return ""  # its process died before anybody counted
    pending = run.counts["pending"] + run.counts.get("interrupted", 0)
    return f"{count_of(pending, 'task')} not done" if pending else ""


def usual_of_runs(runs: Sequence[RunRecord]) -> dict[int, float]:
    """Return for each run the median of the seconds that the last runs before it took which went well.

    Only runs in which as many tasks ran are compared; a run without any before it is left out.

    Args:
        runs: all of them, the newest first.
    """
    found: dict[int, float] = {}
    good: dict[int | None, deque[float]] = {}
    for run in reversed(runs):
        before = good.setdefault(run.counts.get("completed"), deque(maxlen=_LAST_GOOD))
        if before:
            found[run.run_id] = statistics.median(before)
        if run.outcome == "completed" and run.finished_at is not None:
            before.append(max(0.0, run.finished_at - run.started_at))
    return found


def usual_of_task(attempts: Iterable[AttemptRecord], before: int | None = None) -> float | None:
    """Return the median of the seconds of a task's last good attempts, None if there is none.

    Args:
        attempts: all that are known of it, in any order.
        before: only those of runs before this one; None for all.
    """
    good = [
        (attempt.run_id or 0, attempt.started_at, attempt.finished_at - attempt.started_at)
        for attempt in attempts
        if attempt.outcome == "completed" and attempt.finished_at is not None
    ]
    if before is not None:
        good = [each for each in good if each[0] < before]
    seconds = [each[2] for each in sorted(good)[-_LAST_GOOD:]]
    return max(0.0, statistics.median(seconds)) if seconds else None


def against(seconds: float, usual: float | None) -> str:
    """Return how a duration compares with what is usual: "1.2x usual", "as usual"; "" where nothing is usual yet."""
    if usual is None or usual <= 0:
        return ""
    ratio = seconds / usual
    if abs(seconds - usual) < _SAME or abs(ratio - 1) < _SAME:
        return "as usual"
    if ratio < 0.1:
        return "under 0.1x usual"
    return f"{ratio:.1f}x usual" if ratio < 9.95 else f"{ratio:,.0f}x usual"


def usual_text(seconds: float | None, usual: float | None) -> str:
    """Return what a task usually takes, and how its last attempt compares: "0.9s; this time 2.3x usual".

    Args:
        seconds: what its last attempt took, None if none ended.
        usual: as ``usual_of_task`` returns it.
    """
    if usual is None:
        return ""
    compared = "" if seconds is None else against(seconds, usual)
    return duration(usual) + (f"; this time {compared}" if compared not in ("", "as usual") else "")


def shown_runs(rows: Iterable[RunRow], text: str) -> list[RunRow]:
    """Return the runs that a filter shows: all of its words must be in what the row says.

    A word with a capital letter is matched exactly, the others in any case; ``!fail`` is a run that ended so.
    """
    words = text.split()
    return [row for row in rows if all(_matches(row, word) for word in words)]


def _matches(row: RunRow, word: str) -> bool:
    if word.startswith("!"):
        return row.state.value.startswith(word[1:].lower())
    said = (
        f"{row.run_id} {row.state.value} {row.note} {row.who} {day_text(row.started_at)} {clock_text(row.started_at)}"
    )
    return word in (said.lower() if word == word.lower() else said)
