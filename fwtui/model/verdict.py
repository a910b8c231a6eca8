"""How a run ended, as the text that stays in the scrollback: the verdict, what failed where, and the next command.

The commands and the dashboard leave the same words behind, so that a person finds the same thing in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fwtui.model.ansi import without_colours
from fwtui.model.text import count_of, duration, visible

__all__ = ["Ending", "FailedTask", "FrameLine", "counts_text", "headline", "verdict_text"]

_FAILURES_SHOWN = 5
_LINE_LIMIT = 400
_ICONS = {"completed": ("✓", "+"), "failed": ("✗", "x"), "cancelled": ("■", "#")}


class FrameLine(NamedTuple):
    """One of the user's own frames; ``source`` is the line without indentation, empty if it is not known."""

    file: str
    line: int
    function: str
    source: str = ""


class FailedTask(NamedTuple):
    """A task that failed by itself.

    Attributes:
        error: ``TypeName: text``.
        attempts: how many attempts it may have.
        tail: the last lines of what it wrote.
        frames: the user's own, outermost first.
        note: what else is to be said ("its thread is still running").
    """

    name: str
    error: str
    attempt: int = 1
    attempts: int = 1
    tail: tuple[str, ...] = ()
    frames: tuple[FrameLine, ...] = ()
    note: str = ""


class Ending(NamedTuple):
    """A run that is over.

    Attributes:
        outcome: "completed", "failed", "cancelled" or "interrupted".
        ran, reused, failed, skipped, stopped, pending: how many tasks.
        left: how many were outside the selection, and are as they were before.
        first_failed: the task that failed first.
        failures: those that are told of, the first to fail first.
        error: why it ended, if that was no task's failure (a full disk).
        resume, log: commands, ready to be pasted into a shell.
    """

    workflow: str
    run_id: int
    outcome: str
    duration: float
    ran: int = 0
    reused: int = 0
    failed: int = 0
    skipped: int = 0
    stopped: int = 0
    pending: int = 0
    left: int = 0
    first_failed: str | None = None
    failures: tuple[FailedTask, ...] = ()
    error: str = ""
    resume: str = ""
    log: str = ""


def headline(ending: Ending, *, ascii_only: bool = False) -> str:
    """Return the first line: "✓ etl is done. Run 32, 1.2s: 4 ran, 5 reused."."""
    icon = _ICONS.get(ending.outcome, _ICONS["failed"])[ascii_only]
    return f"{icon} {_judgement(ending)}. Run {ending.run_id}, {duration(ending.duration)}: {_counts(ending)}."


def _judgement(ending: Ending) -> str:
    name = visible(ending.workflow)
    if ending.outcome == "completed":
        # Of what was left out nothing is claimed: some of it may never have run.
        selected = ending.ran + ending.reused
        which = f"the selected task of {name} is" if selected == 1 else f"{selected:,} selected tasks of {name} are"
        return f"{which} done" if ending.left else f"{name} is done"
    if ending.outcome == "cancelled":
        return f"{name} stopped"
    if ending.first_failed is None:
        return f"{name} did not finish"
    first = visible(ending.first_failed)
    return f"{name} failed at {first}" if ending.failed <= 1 else f"{name}: {ending.failed} failed, first {first}"


def _counts(ending: Ending) -> str:
    counts = {
        "completed": ending.ran,
        "reused": ending.reused,
        "failed": ending.failed,
        "interrupted": ending.stopped,
        "skipped": ending.skipped,
        "pending": ending.pending,
    }
    return counts_text(ending.outcome, counts, ending.left) or "nothing to do"


def counts_text(outcome: str, counts: Mapping[str, int], left: int = 0) -> str:
    """Return what became of a run's tasks: "4 ran, 5 reused", "1 done, 1 stopped, 3 not started"; "" if of none.

    Args:
        outcome: how it ended.
        counts: tasks by word, as a run's record has them.
        left: how many were outside the selection.
    """
    ran, reused = counts.get("completed", 0), counts.get("reused", 0)
    if outcome == "completed":
        parts = [(ran, "ran"), (reused, "reused"), (left, "left out")]
    else:
        parts = [
            (ran + reused, "done"),
            (counts.get("failed", 0), "failed"),
            (counts.get("interrupted", 0), "stopped" if outcome == "cancelled" else "interrupted"),
            (counts.get("skipped", 0), "skipped"),
            (counts.get("pending", 0), "not started"),
        ]
    return ", ".join(f"{number:,} {word}" for number, word in parts if number)


def verdict_text(ending: Ending, *, ascii_only: bool = False) -> str:
    """Return what is left in the scrollback after a run, without a line end.

    Args:
        ending: the run.
        ascii_only: for a terminal or a locale that cannot show more.
    """
    blocks = [[headline(ending, ascii_only=ascii_only)]]
    if ending.error:
        blocks[0].append(f"  {visible(ending.error)}")
    blocks += [_failure(task) for task in ending.failures[:_FAILURES_SHOWN]]
    more = len(ending.failures) - _FAILURES_SHOWN
    if more > 0:
        blocks.append([f"  and {count_of(more, 'more failed task')}"])
    commands = [("Resume", ending.resume), ("Log", ending.log)]
    next_steps = [f"  {word:<6}  {command}" for word, command in commands if command]
    if next_steps:
        blocks.append(next_steps)
    text = "\n\n".join("\n".join(block) for block in blocks)
    return text.encode("ascii", "backslashreplace").decode() if ascii_only else text


def _failure(task: FailedTask) -> list[str]:
    attempt = f", attempt {task.attempt} of {task.attempts}" if task.attempts > 1 else ""
    note = f" ({task.note})" if task.note else ""
    lines = [f"  {visible(task.name)}{attempt}{note}"]
    lines += [f"    {_short(without_colours(line))}" for line in task.tail]
    lines += [f"    {_short(line)}" for line in task.error.split("\n")[:_FAILURES_SHOWN]]
    if task.frames:
        # Where it happened; the frames that led there are in the log.
        frame = task.frames[-1]
        lines.append(f"      {frame.file}:{frame.line} in {frame.function}")
        if frame.source:
            lines.append(f"        {_short(frame.source)}")
    return lines


def _short(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _LINE_LIMIT else f"{text[:_LINE_LIMIT]}… ({len(text) - _LINE_LIMIT:,} more characters)"
