"""What a row of the task table says in words and times, cell by cell."""

from __future__ import annotations

from fwtui.model.key_names import KeyNames
from fwtui.model.status import DONE_STATES, FAILURES, State
from fwtui.model.text import duration
from fwtui.model.times import clock_text, in_text, setting_text
from fwtui.model.views import RunView, TaskView

__all__ = ["started_text", "thread_text", "time_text", "try_text", "why_text"]


def time_text(task: TaskView, now: float) -> str:
    """Return what stands under TIME: how long its last attempt took or has taken, or when the next one starts."""
    if task.state is State.RETRYING and task.retry_at is not None:
        return in_text(task.retry_at - now)
    if task.state is State.RUNNING and task.started_at is not None:
        return duration(now - task.started_at)
    return duration(task.duration)


def try_text(task: TaskView) -> str:
    """Return which attempt of how many it is: "1", or "2/3" where there may be several."""
    if not task.attempt:
        return ""
    return f"{task.attempt}/{task.attempts_allowed}" if task.info.retries else str(task.attempt)


def started_text(task: TaskView) -> str:
    """Return the clock time at which its last attempt started."""
    return "" if task.started_at is None or not task.attempt else clock_text(task.started_at)


def why_text(view: RunView, task: TaskView, names: KeyNames | None = None) -> str:
    """Return what stands under WHY.

    Args:
        view: the workflow.
        task: one of its tasks.
        names: the keys as the person has them; None where there are no keys, and none is named.
    """
    match task.state:
        case State.WAITING:
            return _waiting(view, task)
        case State.RUNNING:
            usual = view.durations.get(task.name)
            said = "stopping" if view.stopping else "" if usual is None else f"usually {duration(usual)}"
        case State.RETRYING | State.FAILED:
            said = task.error
        case State.TIMED_OUT:
            limit = task.info.timeout
            parts = ["" if limit is None else f"after {setting_text(limit)}", thread_text(view, task)]
            said = "; ".join(part for part in parts if part) or task.error
        case State.STOPPED:
            said = "; ".join(part for part in (task.note, thread_text(view, task)) if part)
        case State.REUSED:
            said = "reuse" if task.from_run is None else f"from run {task.from_run}"
        case State.SKIPPED:
            said = _skipped(view, task)
        case State.CLEARED:
            said = "" if names is None or task.name not in view.undoable else f"{names.shown('change.undo')} undoes"
        case State.MAYBE:
            blocker = _blocker(view, task)
            said = f"if {blocker} gives another result" if blocker else task.note
        case _:
            said = task.note
    if task.state in DONE_STATES and task.not_kept:
        return f"{said} · not kept" if said else "not kept"
    return said


def thread_text(view: RunView, task: TaskView) -> str:
    """Return what is to be known of a task that was given up: a thread cannot be ended."""
    if task.name not in view.threads_left:
        return ""
    return "its thread is still running" if task.state is State.TIMED_OUT else "its thread may still be running"


def _waiting(view: RunView, task: TaskView) -> str:
    if not view.going_on or task.left:
        return task.note
    missing = [
        view.tasks[name].title
        for name in task.info.deps
        if name in view.tasks and view.tasks[name].state not in DONE_STATES
    ]
    if missing:
        return f"for {', '.join(missing)}"
    return "" if view.stopping else "for a free worker"


def _blocker(view: RunView, task: TaskView) -> str:
    for name in task.info.deps:
        found = view.tasks.get(name)
        if found is not None and found.state not in DONE_STATES:
            return found.title
    return ""


def _skipped(view: RunView, task: TaskView) -> str:
    cause = view.tasks.get(task.because) if task.because is not None else None
    blocker = _blocker(view, task) or ("" if cause is None else cause.title)
    if not blocker:
        return task.note
    # Once the cause is edited or cleared it is no failure to be solved any more, only a task that runs before this one.
    failed = cause is None or cause.state in FAILURES
    return f"needs {blocker}" if failed else f"runs after {blocker}"
