"""``fwtui logs``: what tasks wrote, and the error of those that failed, with the user's own frames."""

from __future__ import annotations

import linecache
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from flowweaver.capture import OUTSIDE
from flowweaver.records import AttemptRecord, LogLine, TaskRecord
from fwtui.commands.asked import NotThere, known_run, tasks_named
from fwtui.commands.console import Out, opened
from fwtui.model.ansi import coloured
from fwtui.model.text import count_of, joined, visible
from fwtui.model.times import clock_text, day_text, when_text
from fwtui.session.frames import SourceFrame, stored_frames
from fwtui.session.port import Picture
from fwtui.session.project import Project
from fwtui.session.session import Session
from fwtui.session.settings import Settings

__all__ = ["show_logs"]

_AROUND = 2


@dataclass(frozen=True, slots=True)
class _Entry:
    """One attempt that is shown: of which run, and what is known of it."""

    name: str
    run: int | None
    attempt: int | None
    record: TaskRecord | None
    made: AttemptRecord | None

    @property
    def outcome(self) -> str:
        if self.made is not None:
            return self.made.outcome or "running"
        return "has not run" if self.record is None else self.record.status.value.lower()

    @property
    def error(self) -> str | None:
        if self.made is not None:
            return self.made.error
        return None if self.record is None else self.record.error

    @property
    def began(self) -> float | None:
        return self.made.started_at if self.made is not None else None


def show_logs(
    project: Project, settings: Settings, *, pattern: str | None, run_id: int | None, attempt: int | None
) -> int:
    """Show the log of the tasks that a name or a glob means, or of all that have one.

    Raises:
        UnknownTaskError: neither the file nor the state knows such a task.
        NotThere: there is no such run or attempt.
    """
    out = Out()
    with opened(project, settings) as session:
        picture = session.open()
        names = tasks_named(picture, pattern)
        if run_id is None:
            entries = _latest(picture, names, attempt)
        else:
            entries = _of_run(session, picture, names, known_run(session, run_id).run_id, attempt)
        if pattern is None or len(names) > 1:
            # Who asks for one task is told that it has nothing; who asks for many is shown those that have something.
            entries = [entry for entry in entries if entry.run is not None]
        if not entries:
            out.line("Nothing has run yet." if run_id is None else f"Run {run_id} ran none of these.")
        for number, entry in enumerate(entries):
            if number:
                out.line()
            _show(out, session, entry, time.time())
        run = run_id or (picture.runs[0].run_id if picture.runs else None)
        if pattern is None and attempt is None and run is not None:
            _show_outside(out, session, run, time.time())
    return 0


# -- which attempts ---------------------------------------------------------------------------------------------------


def _latest(picture: Picture, names: Sequence[str], attempt: int | None) -> list[_Entry]:
    """Return the attempt behind each task's record, or the one with a number of the same run."""
    entries = []
    for name in names:
        record = picture.records.get(name)
        run = None if record is None else record.run_id
        number = attempt or (None if record is None else record.attempt)
        made = next((one for one in picture.attempts.get(name, ()) if one.attempt == number), None)
        entries.append(_Entry(name, run, number, record, made))
    return _with_attempt(entries, names, attempt, {name: picture.records.get(name) for name in names})


def _of_run(session: Session, picture: Picture, names: Sequence[str], run: int, attempt: int | None) -> list[_Entry]:
    """Return for each task that ran in a run its last attempt there, or the one with a number."""
    ran: dict[str, list[AttemptRecord]] = {}
    for one in session.attempts_of_run(run):
        ran.setdefault(one.task_name, []).append(one)
    if len(names) == 1 and names[0] not in ran:
        runs = sorted({one.run_id for one in session.attempts(names[0]) if one.run_id is not None})
        where = f"it ran in run {joined(map(str, reversed(runs)))}" if runs else "it has not run in any"
        raise NotThere(f"{visible(names[0])} did not run in run {run}; {where}")
    entries = []
    for name in (name for name in names if name in ran):
        number = attempt or ran[name][-1].attempt
        made = next((one for one in ran[name] if one.attempt == number), None)
        entries.append(_Entry(name, run, number, picture.records.get(name), made))
    return _with_attempt(entries, names, attempt, {name: ran[name][-1] for name in ran})


def _with_attempt(
    entries: Sequence[_Entry],
    names: Sequence[str],
    attempt: int | None,
    last: Mapping[str, AttemptRecord | TaskRecord | None],
) -> list[_Entry]:
    """Return those entries that have an attempt of this number, which at least one has to have."""
    if attempt is None:
        return list(entries)
    found = [entry for entry in entries if entry.made is not None]
    if found:
        return found
    most = max((known.attempt for name in names if (known := last.get(name)) is not None), default=0)
    if len(names) > 1:
        raise NotThere(f"There is no attempt {attempt}: none of these had more than {count_of(most, 'attempt')}")
    where = f" in run {entries[0].run}" if entries[0].run is not None else ""
    raise NotThere(f"There is no attempt {attempt}: {visible(names[0])} had {count_of(most, 'attempt')}{where}")


# -- showing ----------------------------------------------------------------------------------------------------------


def _show(out: Out, session: Session, entry: _Entry, now: float) -> None:
    out.line((visible(entry.name), "strong"), f"  {_heading(entry, now)}")
    if entry.run is not None:
        day = day_text(entry.began if entry.began is not None else now)
        _show_lines(out, session.log(entry.name, run_id=entry.run, attempt=entry.attempt or None), day)
    if entry.error:
        traceback = entry.made.traceback if entry.made is not None else None
        _show_error(out, entry.error, stored_frames(traceback, session.file.belongs), entry.began)


def _show_lines(out: Out, lines: Sequence[LogLine], day: str) -> None:
    styles: dict[str, str] = {}
    for line in lines:
        if day_text(line.time) != day:
            day = day_text(line.time)
            out.line((f"  {day}", "muted"))
        text, styles[line.stream] = coloured(line.text, styles.get(line.stream, ""))
        out.line((f"  {clock_text(line.time)}  ", "muted"), *text)


def _show_outside(out: Out, session: Session, run: int, now: float) -> None:
    """Show what was written during a run that belongs to none of its tasks, if anything was."""
    lines = session.log(OUTSIDE, run_id=run, attempt=0)
    if lines:
        out.line()
        out.line((f"run {run}", "strong"), ", written by other processes and by C code, so that no task is known")
        _show_lines(out, lines, day_text(now))


def _heading(entry: _Entry, now: float) -> str:
    parts = [
        f"run {entry.run}" if entry.run is not None else "",
        f"attempt {entry.attempt}" if entry.run is not None and entry.attempt else "",
        entry.outcome,
    ]
    if entry.began is not None and day_text(entry.began) != day_text(now):
        parts.append(when_text(entry.began, now, wide=True))
    return ", ".join(part for part in parts if part)


def _show_error(out: Out, error: str, frames: Sequence[SourceFrame], began: float | None) -> None:
    for number, line in enumerate(error.split("\n")):
        out.line(
            ("  ✗ " if not number and not out.ascii else "  x " if not number else "    ", "error"),
            (visible(line), "error"),
        )
    for frame in reversed(frames):
        out.line(f"    {frame.file}:{frame.line} in {frame.function}")
        if _changed_since(frame.path, began):
            out.line(("      the file has changed since", "muted"))
            continue
        first = max(1, frame.line - _AROUND)
        for line_number in range(first, frame.line + 1):
            source = visible(linecache.getline(frame.path, line_number).rstrip())
            mark = ">" if line_number == frame.line else " "
            if source:
                out.line((f"    {mark} {line_number:>4}  ", "muted"), source)


def _changed_since(path: str, began: float | None) -> bool:
    """Tell whether a file was written after an attempt began: its line is then not the one of the error."""
    with suppress(OSError):
        return began is not None and os.stat(path).st_mtime > began
    return False
