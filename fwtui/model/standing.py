"""How one task stands when nothing runs, and why: from its record and the plan, for every screen and command alike.

The header, the table, ``fwtui status`` and ``fwtui plan`` agree because they count what this decides.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from flowweaver.events import RunStarted
from flowweaver.plan import Action, Plan, Reason, ReasonKind, TaskPlan
from flowweaver.records import RunRecord, TaskRecord
from flowweaver.status import TaskStatus
from fwtui.model.status import State
from fwtui.model.text import visible
from fwtui.model.times import minute_text

__all__ = [
    "Standing",
    "change_of",
    "changes_of",
    "is_asked_again",
    "reason_word",
    "standing",
    "standing_in_run",
    "unforeseen",
    "word_after_run",
]

_CHANGES = (
    ReasonKind.CODE,
    ReasonKind.PARAM,
    ReasonKind.INPUT_FILE,
    ReasonKind.OUTPUT_FILE,
    ReasonKind.AGE,
    ReasonKind.NOT_KEPT,
    ReasonKind.NOT_LOADABLE,
)

_WORDS = {ReasonKind.NEVER_RAN: "first run", ReasonKind.ASKED: "forced", ReasonKind.UP_TO_DATE: "reuse"}
_WORDS_OF_TEXTS = {kind.value: word for kind, word in _WORDS.items()}

_OF_THE_PAST = frozenset({"failed before", "timed out before", "skipped before", "interrupted", "cleared"})
_AGAIN = "asked for again"

_IN_FLIGHT = {TaskStatus.RUNNING: State.RUNNING, TaskStatus.RETRYING: State.RETRYING}
_ENDED = {
    TaskStatus.COMPLETED: State.DONE,
    TaskStatus.FAILED: State.FAILED,
    TaskStatus.SKIPPED: State.SKIPPED,
}


def _word_of(reason: Reason) -> str:
    return _WORDS.get(reason.kind) or visible(reason.text)


def reason_word(text: str) -> str:
    """Return the short form of a plan's reasons that are known only as text: "first run", "forced", or the text."""
    return _WORDS_OF_TEXTS.get(text) or visible(text)


@lru_cache(256)  # thousands of tasks have the same few reasons
def word_after_run(note: str) -> str:
    """Return what is left of the reasons for which a task had to run, once it has: what was wrong before is over.

    Args:
        note: the reasons as ``reason_word`` gives them.
    """
    kept = [
        "forced" if part.startswith(_AGAIN) else part
        for part in note.split("; ")
        if part not in _OF_THE_PAST and not part.startswith("runs after ")
    ]
    return "; ".join(dict.fromkeys(kept))


def change_of(plan: TaskPlan) -> str:
    """Return what changed first of all since a task's record was made, "" if nothing did."""
    return next((visible(reason.text) for kind in _CHANGES for reason in plan.reasons if reason.kind is kind), "")


def changes_of(plan: TaskPlan) -> str:
    """Return all that changed since a task's record was made, "" if nothing did."""
    return "; ".join(visible(reason.text) for kind in _CHANGES for reason in plan.reasons if reason.kind is kind)


def _stale_note(plan: TaskPlan) -> str:
    # What changed comes before what happened once: the change is what the person just made.
    changes = [reason for kind in _CHANGES for reason in plan.reasons if reason.kind is kind]
    rest = [reason for reason in plan.reasons if reason not in changes]
    return "; ".join(_word_of(reason) for reason in (*changes, *rest))


def _plan_note(plan: TaskPlan | None) -> str:
    if plan is None or not plan.reasons:
        return ""
    return "reuse" if plan.action is Action.REUSE else "; ".join(_word_of(reason) for reason in plan.reasons)


def is_asked_again(record: TaskRecord) -> bool:
    """Tell whether a run was asked to do a task again and ended before it came to it: what is recorded is older."""
    if not record.redo or record.status is TaskStatus.SKIPPED:
        return False
    return record.redo_run is None or record.run_id is None or record.run_id < record.redo_run


class Standing(NamedTuple):
    """How a task stands: the state in which it is shown, what WHY says of it, and the run whose result is reused."""

    state: State
    note: str = ""
    from_run: int | None = None


def standing(record: TaskRecord | None, plan: TaskPlan | None, run: RunRecord | None) -> Standing:
    """Return how a task stands while nothing runs.

    Args:
        record: what is recorded of it.
        plan: what a run would do with it now.
        run: the last run.
    """
    if record is None:
        return Standing(State.WAITING, _plan_note(plan))
    if record.cleared:
        return Standing(State.CLEARED)
    if is_asked_again(record):
        again = f" by run {record.redo_run}" if record.redo_run is not None else ""
        return Standing(State.WAITING, f"{_AGAIN}{again}")
    if record.interrupted or record.status in _IN_FLIGHT:
        return _cut_short(record, run)
    if plan is not None and plan.stale:
        return Standing(State.STALE, _stale_note(plan))
    state = _ended(record)
    return Standing(state, _plan_note(plan) if state in (State.DONE, State.WAITING) else "")


def _cut_short(record: TaskRecord, run: RunRecord | None) -> Standing:
    when = minute_text(record.timestamp)
    if run is not None and run.run_id == record.run_id and run.outcome == "cancelled":
        return Standing(State.STOPPED, f"by you at {when}")
    return Standing(State.INTERRUPTED, f"its process ended at {when}")


def _ended(record: TaskRecord) -> State:
    return State.TIMED_OUT if record.timed_out else _ENDED.get(record.status, State.WAITING)


def standing_in_run(
    record: TaskRecord | None,
    plan: TaskPlan | None,
    run: RunRecord,
    cause: TaskRecord | None = None,
    *,
    stands: bool = False,
) -> Standing:
    """Return how a task stands in a run that goes on in another process.

    That process has not said what it means to do with the tasks that it has not come to; the plan is what this one
    would do with them.

    Args:
        record: what is recorded of the task.
        plan: what a run would do with it now.
        run: the run.
        cause: what is recorded of the task because of which this one is skipped, if it is.
        stands: what is done before it in this run gave what its stored result was made of.
    """
    if record is not None and record.status is TaskStatus.SKIPPED:
        # Skipping keeps an older result and its run; what tells is the run in which its ancestor failed.
        if cause is not None and cause.status is TaskStatus.FAILED and cause.run_id == run.run_id:
            return Standing(State.SKIPPED)
    elif record is not None and record.run_id == run.run_id and not record.cleared:
        if record.interrupted:
            return Standing(State.STOPPED, f"at {minute_text(record.timestamp)}")
        return Standing(_IN_FLIGHT.get(record.status) or _ended(record))
    if plan is None or plan.action is Action.RUN:
        return Standing(State.WAITING, _plan_note(plan))
    if plan.action is Action.MAYBE and not stands:
        return Standing(State.MAYBE, _plan_note(plan))
    return Standing(State.REUSED, from_run=None if record is None else record.run_id)


def unforeseen(plan: Plan, begun: RunStarted) -> list[str]:
    """Return the tasks that a run begins with although the plan was to reuse their results, and nobody asked for them.

    Whether a stored result can be read is only known when it is read.
    """
    reused = [name for name, planned in plan.tasks.items() if planned.action is Action.REUSE]
    return [
        name
        for name in reused
        if begun.planned.get(name) == Action.RUN.value
        and not begun.reasons.get(name, "").startswith(ReasonKind.ASKED.value)
    ]
