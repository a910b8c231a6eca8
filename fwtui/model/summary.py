"""How the last run of a session ended, for the words that stay in the scrollback and for the exit code."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from fwtui.model.frames import Excerpt
from fwtui.model.status import OPEN_STATES, State
from fwtui.model.verdict import Ending, FailedTask, FrameLine
from fwtui.model.views import RunView, TaskView

__all__ = ["ending_of", "exit_code"]

_LAST_LINES = 3


def exit_code(view: RunView) -> int:
    """Return the exit code for the last run of this session: 0 if there was none, or all completed."""
    run = view.run
    if run is None or not run.here or run.outcome == "completed":
        return 0
    return 1 if run.outcome == "failed" else 130


def ending_of(
    view: RunView, outputs: Mapping[str, Sequence[str]], excerpts: Mapping[str, Sequence[Excerpt]]
) -> Ending | None:
    """Return how the last run of this session ended; None if there was none.

    Args:
        view: the workflow after that run.
        outputs: what each failed task wrote, by name.
        excerpts: the user's frames of each failed task, innermost first, by name.
    """
    run = view.run
    if run is None or not run.here:
        return None
    failures = sorted(view.failures(), key=lambda task: task.finished_at or 0.0)
    file = shlex.quote(view.file)
    first = failures[0].name if failures else None
    # A run that was left at once has not said how it ended.
    outcome = run.outcome or "cancelled"
    return Ending(
        view.workflow,
        run.run_id,
        outcome,
        run.duration or 0.0,
        ran=view.count(State.DONE),
        reused=view.count(State.REUSED),
        failed=len(failures),
        skipped=view.count(State.SKIPPED),
        stopped=view.count(State.STOPPED, State.INTERRUPTED, *OPEN_STATES),
        pending=view.count(State.WAITING, State.MAYBE, State.CLEARED, State.STALE),
        first_failed=first,
        failures=tuple(_failed(task, outputs.get(task.name, ()), excerpts.get(task.name, ())) for task in failures),
        error=run.error,
        resume="" if outcome == "completed" else f"fwtui run {file}",
        log="" if first is None else f"fwtui logs {file} {shlex.quote(first)}",
    )


def _failed(task: TaskView, output: Sequence[str], excerpts: Sequence[Excerpt]) -> FailedTask:
    frames = []
    for each in reversed(excerpts):
        source = each.lines[-1][1].strip() if each.lines else ""
        frames.append(FrameLine(each.file, each.line, each.function, source))
    return FailedTask(
        task.title,
        task.error,
        task.attempt,
        task.attempts_allowed,
        tuple(output[-_LAST_LINES:]),
        tuple(frames),
        task.note if task.state is State.TIMED_OUT else "",
    )
