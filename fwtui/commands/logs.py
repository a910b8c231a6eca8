"""``fwtui logs``: what tasks wrote, and the error of those that failed, with the user's own frames."""

from __future__ import annotations

import linecache
from collections.abc import Sequence

from flowweaver.errors import UnknownTaskError
from flowweaver.records import AttemptRecord, TaskRecord
from fwtui.commands.console import Out, opened
from fwtui.model.text import overwritten, visible
from fwtui.model.times import clock_text
from fwtui.session.frames import SourceFrame, stored_frames
from fwtui.session.port import Picture
from fwtui.session.project import Project
from fwtui.session.session import Session
from fwtui.session.settings import Settings

__all__ = ["show_logs"]

_AROUND = 2


def show_logs(
    project: Project, settings: Settings, *, task: str | None, run_id: int | None, attempt: int | None
) -> int:
    """Show the log of one task, or of all that have one.

    Raises:
        UnknownTaskError: neither the file nor the state knows such a task.
    """
    out = Out()
    with opened(project, settings) as session:
        picture = session.open()
        known = [info.name for info in picture.tasks]
        if task is not None and task not in known and task not in picture.records:
            raise UnknownTaskError(f"{visible(picture.workflow)} has no task {visible(task)!r}")
        shown = [task] if task is not None else [name for name in known if name in picture.records]
        if not shown:
            out.line("Nothing has run yet.")
        for number, name in enumerate(shown):
            if number:
                out.line()
            _show_one(out, session, picture, name, run_id=run_id, attempt=attempt)
    return 0


def _show_one(
    out: Out, session: Session, picture: Picture, name: str, *, run_id: int | None, attempt: int | None
) -> None:
    record = picture.records.get(name)
    run = run_id or (record.run_id if record is not None else None)
    number = attempt or (record.attempt if record is not None and run_id is None else None)
    attempts = session.attempts(name, run)
    if number is None and attempts:
        number = attempts[-1].attempt
    made = next((one for one in attempts if one.attempt == number), None)
    out.line((visible(name), "strong"), f"  {_heading(run, number, record, made)}")
    for line in session.log(name, run_id=run, attempt=number):
        out.line((f"  {clock_text(line.time)}  ", "muted"), visible(overwritten(line.text)))
    error = made.error if made is not None else (record.error if record is not None else None)
    if error:
        _show_error(
            out, error, stored_frames(made.traceback if made is not None else None, session.loaded.imports.belongs)
        )


def _heading(run: int | None, attempt: int | None, record: TaskRecord | None, made: AttemptRecord | None) -> str:
    if run is None:
        return "has not run"
    outcome = made.outcome if made is not None else (None if record is None else record.status.value.lower())
    return ", ".join(
        part for part in (f"run {run}", f"attempt {attempt}" if attempt else "", outcome or "running") if part
    )


def _show_error(out: Out, error: str, frames: Sequence[SourceFrame]) -> None:
    for number, line in enumerate(error.split("\n")):
        out.line(
            ("  ✗ " if not number and not out.ascii else "  x " if not number else "    ", "error"),
            (visible(line), "error"),
        )
    for frame in reversed(frames):
        out.line(f"    {frame.file}:{frame.line} in {frame.function}")
        first = max(1, frame.line - _AROUND)
        for line_number in range(first, frame.line + 1):
            source = visible(linecache.getline(frame.path, line_number).rstrip())
            mark = ">" if line_number == frame.line else " "
            if source:
                out.line((f"    {mark} {line_number:>4}  ", "muted"), source)
