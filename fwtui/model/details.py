"""Everything that is known of one task, as lines: what it takes and gives, its settings, its whole traceback."""

from __future__ import annotations

import re

from flowweaver.records import TaskRecord
from fwtui.model.line_parts import fold_line
from fwtui.model.logtext import attempt_note
from fwtui.model.segments import Line, Segment, cells, line, pad_end, wrap
from fwtui.model.status import LOOKS, State
from fwtui.model.text import count_of, duration, visible
from fwtui.model.times import clock_text, setting_text
from fwtui.model.views import RunView, TaskView
from fwtui.model.words import thread_text, why_text

__all__ = ["details_lines", "result_text", "short_result", "size_text"]

_LABEL = 10
_VALUE = 23
_NOTHING_YET = "nothing yet"
_MANY = re.compile(r"^(\w+), ([\d,]+) items$")


def size_text(size: int) -> str:
    """Return a number of bytes as a person reads it: "870 bytes", "12 kB", "9.1 MB"."""
    if size < 1_000:
        return count_of(size, "byte")
    if size < 50_000:
        return f"{size / 1_000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB" if size < 1_000_000_000 else f"{size / 1_000_000_000:.1f} GB"


def short_result(summary: str) -> str:
    """Return a result's summary in fewer words: "list of 26,483" for "list, 26,483 items"."""
    many = _MANY.match(summary)
    return f"{many[1]} of {many[2]}" if many else summary


def result_text(record: TaskRecord | None) -> str:
    """Return what is known of a task's stored result: "list, 26,483 items, 9.1 MB, kept"."""
    if record is None or record.cleared or (record.digest is None and not record.not_kept):
        return _NOTHING_YET
    return _result(visible(record.summary), record.size, None if record.not_kept is None else visible(record.not_kept))


def _result(summary: str, size: int, not_kept: str | None) -> str:
    parts = [summary] if summary else []
    if size and not_kept is None:
        parts.append(size_text(size))
    parts.append("kept" if not_kept is None else f"not kept: {not_kept}")
    return ", ".join(parts)


def _given(view: RunView, name: str) -> str:
    """Return what a task gave: in a run that goes on as it was told, for the records are those of before it."""
    task, record = view.tasks.get(name), view.records.get(name)
    made_now = task is not None and task.state is State.DONE and view.running
    if task is not None and made_now and (record is None or record.run_id != task.run_id):
        return _result(task.summary, task.size, task.not_kept or None)
    return result_text(record)


def _headline(view: RunView, task: TaskView, now: float) -> str:
    why = why_text(view, task)
    if task.state in (State.STALE, State.CLEARED, State.WAITING, State.SKIPPED, State.MAYBE):
        return f"{task.state.value}: {why}" if why else task.state.value
    parts = [task.state.value]
    if task.attempt:
        of = f" of {task.attempts_allowed}" if task.info.retries else ""
        joint = ", " if task.state in (State.RUNNING, State.RETRYING) else " on "
        parts = [f"{task.state.value}{joint}{attempt_note(task).split('/')[0]}{of}"]
    if task.state is State.REUSED:
        parts = [f"reused {why}"]
    if task.state is State.RUNNING and task.started_at is not None:
        parts.append(duration(now - task.started_at))
    else:
        if task.started_at is not None:
            parts.append(clock_text(task.started_at))
        if task.duration is not None:
            parts.append(duration(task.duration))
    if left := thread_text(view, task):
        parts.append(left)
    return ", ".join(parts)


def _labelled(label: str, rows: list[Line]) -> list[Line]:
    made = []
    for number, row in enumerate(rows):
        head = pad_end(f" {label}" if not number else "", _LABEL)
        made.append(line(Segment(head, "muted"), *row))
    return made


def _neighbours(view: RunView, names: tuple[str, ...]) -> Line:
    parts: list[str | Segment] = []
    for name in names:
        task = view.tasks.get(name)
        if task is not None:
            look = LOOKS[task.state]
            parts += ["   " if parts else "", Segment(look.icon, look.icon_role), f" {task.title}"]
    return line(*parts)


def details_lines(view: RunView, task: TaskView, now: float, width: int) -> list[Line]:
    """Return the details pane for one task."""
    name = Segment(pad_end(task.title, max(18, cells(task.title) + 2)), "strong")
    made: list[Line] = [(), line(" ", name, _headline(view, task, now)), ()]
    if task.info.description:
        made += [*(line(f" {part}") for part in wrap(visible(task.info.description), width - 2)), ()]
    deps, feeds = task.info.deps, view.dependents.get(task.name, ())
    longest = max((cells(visible(dep)) for dep in deps), default=0)
    takes = [line(pad_end(visible(dep), longest + 3), _given(view, dep)) for dep in deps]
    made += _labelled("takes", takes or [line("nothing")])
    made += _labelled("gives", [line(_given(view, task.name))])
    made.append(())
    if deps:
        made += _labelled("needs", [_neighbours(view, deps)])
    if feeds:
        made += _labelled("feeds", [_neighbours(view, feeds)])
    return [*made, *_settings(view, task, blank=bool(deps)), *_traceback(view, task, width)]


def _settings(view: RunView, task: TaskView, *, blank: bool) -> list[Line]:
    info = task.info
    rows: list[Line] = [()] if blank else []
    if info.retries or info.timeout is not None:
        timeout = "none" if info.timeout is None else setting_text(info.timeout)
        rows += _labelled("retries", [_two(_retries(task), "timeout", timeout)])
    source = "" if info.source is None else visible(f"{info.source}:{info.line}" if info.line else info.source)
    # A task that runs says in its row what it usually takes.
    usual = None if task.state is State.RUNNING else view.durations.get(task.name)
    if usual is not None and source:
        rows += _labelled("source", [_two(source, "usually", duration(usual))])
    elif source:
        rows += _labelled("source", [line(source)])
    return rows


def _two(first: str, label: str, second: str) -> Line:
    """Return two values in one row."""
    return line(pad_end(first, max(_VALUE, cells(first) + 3)), Segment(f"{label}  ", "muted"), second)


def _retries(task: TaskView) -> str:
    info = task.info
    if not any(info.retry_waits):
        return f"{info.retries:,}" if info.retries else "none"
    waits = ", ".join(setting_text(seconds) for seconds in info.retry_waits)
    return f"{info.retries:,}, waits {waits}" + (", ..." if len(info.retry_waits) < info.retries else "")


def _traceback(view: RunView, task: TaskView, width: int) -> list[Line]:
    attempts = view.attempts.get(task.name, ())
    found = next((attempt.traceback for attempt in reversed(attempts) if attempt.traceback), None)
    if not found:
        return []
    made: list[Line] = [()]
    if task.info.path and task.info.source:
        found = found.replace(f'"{task.info.path}"', f'"{task.info.source}"')
    for text in found.split("\n"):
        made += fold_line(line(Segment(f" {visible(text)}", "muted")), max(20, width - 1))
    return made
