"""A task's log as lines: what it wrote, and for a failed attempt the error at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flowweaver.events import TaskWriting
from flowweaver.records import AttemptRecord, LogLine
from fwtui.model.ansi import coloured
from fwtui.model.frames import Excerpt
from fwtui.model.key_names import USUAL, KeyNames, named_key
from fwtui.model.segments import Line, Segment, line, wrap
from fwtui.model.status import FAILURES, State
from fwtui.model.text import count_of, visible
from fwtui.model.times import clock_text
from fwtui.model.views import RunView, TaskView
from fwtui.model.words import why_text

__all__ = ["attempt_note", "empty_text", "error_lines", "excerpt_lines", "log_lines", "pane_title", "unkept_lines"]


def log_lines(lines: Iterable[LogLine], styles: dict[str, str] | None = None) -> list[Line]:
    """Return the lines that a task wrote, each with the time at which it did.

    Args:
        lines: in their order.
        styles: the colours in which each of its streams goes on, as on a terminal; brought up to date.
    """
    styles = {} if styles is None else styles
    made: list[Line] = []
    second, clock = -1, Segment("")
    for each in lines:
        if int(each.time) != second:
            second, clock = int(each.time), Segment(f" {clock_text(each.time)}  ", "muted")
        text, styles[each.stream] = coloured(each.text, styles.get(each.stream, ""))
        made.append((clock, *text))
    return made


def unkept_lines(unkept: TaskWriting, styles: Mapping[str, str]) -> list[Line]:
    """Return lines that a task writes and that are not in its log yet, or will not be."""
    made = log_lines(unkept.lines, dict(styles))
    if unkept.left_out:
        said = f" ... {count_of(unkept.left_out, 'line')} before these: a log keeps its first and its last 2.5 MB ..."
        made.insert(0, line(Segment(said, "muted")))
    return made


def error_lines(
    attempts: Sequence[AttemptRecord],
    allowed: int,
    excerpts: Sequence[Excerpt],
    width: int,
    names: KeyNames = USUAL,
) -> list[Line]:
    """Return the end of a failed attempt's log: its error, the user's frames, what became of earlier attempts.

    Args:
        attempts: all attempts up to the one that is shown, which is the last.
        allowed: how many attempts the task has.
        excerpts: its frames that are shown, innermost first.
        width: cells of a line; the error itself is never cut.
        names: the keys as the person has them.
    """
    if not attempts or attempts[-1].error is None:
        return []
    shown = attempts[-1]
    error = visible((shown.error or "").split("\n", 1)[0])
    first, *more = wrap(error, max(20, width - 4))
    made = [(), line(Segment(" ✗ ", "error"), Segment(first, "error-strong"))]
    made += [line(Segment(f"   {rest}", "error-strong")) for rest in more]
    after = [names.said(each) for each in _after_error(attempts, allowed, excerpts)]
    return made + excerpt_lines(excerpts) + after


def excerpt_lines(excerpts: Sequence[Excerpt]) -> list[Line]:
    """Return frames with their source lines, numbered; each frame's own line is marked."""
    digits = max([3, *(len(str(number)) for each in excerpts for number, _ in each.lines)])
    made: list[Line] = []
    for each in excerpts:
        made.append(line(Segment(f"   {each.where}", "muted")))
        for number, text in each.lines:
            own = number == each.line
            start = f"   {'›' if own else ' '} {number!s:<{digits}} "
            made.append(line(Segment(start, "" if own else "muted"), Segment(text, "" if own else "muted")))
        if each.changed:
            made.append(line(Segment("     the file has changed since", "muted")))
    return made


def _after_error(attempts: Sequence[AttemptRecord], allowed: int, excerpts: Sequence[Excerpt]) -> list[Line]:
    shown = attempts[-1]
    made: list[Line] = []
    for earlier in attempts[:-1]:
        if earlier.error is None or earlier.finished_at is None:
            continue
        same = earlier.error == shown.error
        said = "with the same error" if same else visible(earlier.error.split("\n", 1)[0])
        text = f"   attempt {earlier.attempt} of {allowed} failed {clock_text(earlier.finished_at)}"
        made.append(line(Segment(f"{text} {said}" if same else f"{text}: {said}", "muted")))
    if excerpts and not excerpts[0].changed:
        made.append(
            line(
                Segment("   Press ", "muted"),
                named_key("look.edit"),
                Segment(f" to open line {excerpts[0].line}.", "muted"),
            )
        )
    return [(), *made] if made else []


def empty_text(view: RunView, task: TaskView) -> str:
    """Return what stands in place of a log that has no line."""
    why = why_text(view, task)
    match task.state:
        case State.SKIPPED:
            return f"{task.title} was skipped: it {why}." if why else f"{task.title} was skipped."
        case State.WAITING | State.MAYBE | State.CLEARED:
            return f"{task.title} has not run."
        case State.RUNNING:
            return f"{task.title} has written nothing yet."
    return f"{task.title} wrote nothing."


def attempt_note(task: TaskView, shown: int | None = None) -> str:
    """Return "attempt 2/3" for a task's last attempt, or for the one that is shown."""
    number = shown or task.attempt
    if not number:
        return ""
    return f"attempt {number}/{task.attempts_allowed}" if task.info.retries else f"attempt {number}"


def pane_title(
    view: RunView,
    task: TaskView | None,
    *,
    wide: bool,
    place: str,
    following: bool,
    shown: int | None = None,
    names: KeyNames = USUAL,
) -> str:
    """Return what the log's rule says at its right end: whose log it is, which attempt, and where in it one is.

    Args:
        view: the workflow.
        task: whose log it is, None if there is none.
        wide: there is room for more than the attempt.
        place: "end", "line 12 of 214" ...
        following: the log moves along with what is written.
        shown: number of the attempt that is shown, None for the last.
        names: the keys as the person has them.
    """
    if task is None:
        return ""
    attempt = attempt_note(task, shown)
    live = view.going_on and task.state in (State.RUNNING, State.RETRYING)
    where = ("following" if following else "paused") if live else place
    if not wide:
        return where if live else attempt
    if task.state is State.REUSED and task.from_run is not None:
        attempt = f"from run {task.from_run}"
    if task.attempt > 1:
        attempt += f" {names.shown('look.older', 'look.newer')}"
    return "   ".join(part for part in (task.title, attempt, where) if part)


def wants_error(task: TaskView) -> bool:
    """Tell whether the log of a task ends with an error."""
    return task.state in FAILURES or task.state in (State.STALE, State.RETRYING, State.STOPPED, State.INTERRUPTED)
