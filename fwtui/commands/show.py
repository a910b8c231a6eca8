"""``fwtui show``: what a task returned, as it is stored, in so many lines as a person reads.

Nothing that is stored is executed. Data is read as data; a pickle is opened only if this user signed it, as a run
would open it, and everything else is refused.
"""

from __future__ import annotations

import shutil
import time
from typing import Any

from flowweaver.errors import StateError
from flowweaver.records import TaskRecord
from flowweaver.stores.base import ResultUnavailable
from fwtui.commands.asked import NotThere, known_run, one_task
from fwtui.commands.console import Out, aside, opened
from fwtui.model.details import result_text, size_text
from fwtui.model.text import count_of, json_line, visible
from fwtui.model.times import when_text
from fwtui.session.project import Project
from fwtui.session.session import Session
from fwtui.session.settings import Settings

__all__ = ["show_result", "value_lines"]

_LINES = 200
_MEMBERS = 20
_TEXT = 2_000
_DEPTH = 8
_WIDTH = 2_000
_NARROW = 100
_TABLES = frozenset({"numpy", "pandas", "polars", "pyarrow", "xarray"})


def show_result(project: Project, settings: Settings, *, task: str, run_id: int | None, as_json: bool) -> int:
    """Show the stored result of a task.

    Raises:
        UnknownTaskError: there is no such task.
        NotThere: it has no stored result, or not that of this run.
        StateError: what is stored cannot be used.
    """
    out = Out()
    with opened(project, settings) as session:
        picture = session.open()
        name = one_task(picture, task)
        record = _kept(session, name, picture.records.get(name), run_id)
        with aside(project.file.name):
            value = _value(session, name)
            text = _json_of(name, record, value) if as_json else ""
            lines = [] if as_json else value_lines(value, min(_NARROW, shutil.get_terminal_size().columns))
    if as_json:
        out.text(text)
        return 0
    out.line((visible(name), "strong"), f"  {_about(record)}")
    for line in lines:
        out.line(line)
    return 0


def _kept(session: Session, name: str, record: TaskRecord | None, run_id: int | None) -> TaskRecord:
    """Return the record of a task that has a stored result, that of a certain run if one is asked for."""
    run = None if run_id is None else known_run(session, run_id).run_id
    title = visible(name)
    if record is None or record.cleared or record.encoding is None:
        why = f" ({result_text(record)})" if record is not None and record.not_kept else ""
        raise NotThere(f"{title} has no stored result{why}")
    if run is not None and record.run_id != run:
        raise NotThere(f"The result of {title} in run {run} is not kept; there is that of run {record.run_id}")
    return record


def _value(session: Session, name: str) -> Any:
    try:
        return session.result(name)
    except ResultUnavailable as why:
        raise StateError(f"{visible(name)}: {visible(str(why))}. It runs again next time.") from None


def _about(record: TaskRecord) -> str:
    parts = [
        "" if record.run_id is None else f"run {record.run_id}",
        when_text(record.timestamp if record.finished_at is None else record.finished_at, time.time(), wide=True),
        visible(record.summary),
        size_text(record.size) if record.size else "",
    ]
    return ", ".join(part for part in parts if part)


def value_lines(value: Any, width: int) -> list[str]:
    """Return a value as lines safe to show: at most so many, of at most so many characters."""
    if type(value) is str:
        text = value
    elif type(value).__module__.partition(".")[0] in _TABLES:
        text = repr(value)  # these know by themselves how much of a table to show
    else:
        from rich.pretty import pretty_repr

        text = pretty_repr(value, max_width=width, max_length=_MEMBERS, max_string=_TEXT, max_depth=_DEPTH)
    lines = text.split("\n")
    made = [_short(visible(line)) for line in lines[:_LINES]]
    if len(lines) > _LINES:
        made.append(f"... and {count_of(len(lines) - _LINES, 'more line')}")
    return made


def _short(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}... and {len(line) - _WIDTH:,} more characters"


def _json_of(name: str, record: TaskRecord, value: Any) -> str:
    """Return a result with what is known of it as JSON.

    Raises:
        NotThere: JSON has no word for it.
    """
    from flowweaver.stores.codec import encode, type_name

    stored = encode(value, serializer="json")
    if stored.encoding not in ("json", "text"):
        part = stored.not_kept or f"a {type_name(type(value))}, or a part of it, would come back as something else"
        raise NotThere(f"JSON cannot hold the result of {visible(name)}: {visible(part)}")
    whole = {
        "name": name,
        "run": record.run_id,
        "time": record.timestamp if record.finished_at is None else record.finished_at,
        "type": type_name(type(value)),
        "size": record.size,
        "value": value,
    }
    return json_line(whole)
