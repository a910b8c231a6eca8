"""Records as rows of ``tasks`` and back: the only place that knows which column holds what."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

from flowweaver.records import CodePrint, FilePrint, Provenance, StoredValue, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.base import ResultUnavailable, parse_timestamp
from flowweaver.stores.codec import compact, decode
from flowweaver.stores.schema import TASK_COLUMNS

__all__ = [
    "LIVE",
    "RECORD_COLUMNS",
    "RESULT_COLUMNS",
    "add_seconds",
    "adopt",
    "code_text",
    "drop_blob",
    "fetch_result",
    "files_text",
    "inputs_text",
    "iso",
    "median_of",
    "open_result",
    "params_text",
    "place",
    "record_of",
    "seconds_from",
    "upsert",
]

_INLINE_LIMIT: Final = 32_768
"""Bytes up to which a result that is JSON stands in its row, where users' own queries find it."""

LIVE: Final = ("RUNNING", "RETRYING")
_REMEMBERED: Final = 5


# -- small values as text ---------------------------------------------------------------------------------------------


def iso(seconds: float) -> str:
    """Return a time as text, in UTC, as it stands in ``timestamp``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def seconds_from(timestamp: Any) -> float | None:
    """Return a ``timestamp`` of any form as seconds since the epoch, None if it cannot be read."""
    seconds = parse_timestamp(timestamp)
    if seconds is None and isinstance(timestamp, str):
        try:
            seconds = float(timestamp)
        except ValueError:
            return None
    return seconds


def add_seconds(before: str, seconds: float) -> str:
    """Return remembered durations with one more in front, the oldest dropped."""
    kept = before.split(" ", _REMEMBERED - 1)[: _REMEMBERED - 1] if before else []
    return " ".join([f"{seconds:.6g}", *kept])


def median_of(text: Any) -> float | None:
    """Return the median of remembered durations; None where there are none, or the text is not ours."""
    try:
        return median(float(word) for word in str(text).split())
    except ValueError:
        return None


def code_text(code: CodePrint | None) -> str | None:
    """Return a code print as text."""
    return None if code is None else compact([code.algorithm, code.digest, dict(code.parts)])


def params_text(params: Mapping[str, str]) -> str | None:
    """Return hashes of parameters as text."""
    return compact(dict(params)) if params else None


def inputs_text(inputs: Sequence[str | None]) -> str | None:
    """Return digests of inputs as text, "-" for one that has none."""
    return " ".join(digest or "-" for digest in inputs) if inputs else None


def files_text(files: Iterable[FilePrint]) -> str | None:
    """Return prints of declared files as text."""
    return compact([[file.path, file.size, file.mtime_ns, file.digest] for file in files]) if files else None


def _provenance(code: Any, params: Any, inputs: Any, files: Any) -> Provenance | None:
    if code is None and params is None and inputs is None and files is None:
        return None
    try:
        parts = None if code is None else json.loads(code)
        return Provenance(
            code=None if parts is None else CodePrint(str(parts[0]), str(parts[1]), dict(parts[2])),
            params=dict(json.loads(params)) if params else {},
            inputs=tuple(None if digest == "-" else digest for digest in inputs.split(" ")) if inputs else (),
            files=tuple(_file_print(*file) for file in json.loads(files)) if files else (),
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        return None  # not ours: what made the result is not known, which counts as unchanged


def _file_print(path: Any, size: Any, mtime_ns: Any, digest: Any) -> FilePrint:
    return FilePrint(str(path), int(size), int(mtime_ns), str(digest))


# -- records ----------------------------------------------------------------------------------------------------------

RECORD_COLUMNS: Final = ", ".join(column for column in TASK_COLUMNS if column not in ("used_at", "result"))
"""What :func:`record_of` reads, for a SELECT; not the result, which may be long."""


def record_of(row: Sequence[Any], *, alive: bool) -> TaskRecord | None:
    """Return the record of a row of ``RECORD_COLUMNS``; None if its status means nothing.

    Args:
        alive: whoever runs the workflow lives, so that what is RUNNING does run.
    """
    (workflow, name, status_text, error, timestamp, run_id, attempt, started_at, finished_at, duration, code, params,
     inputs, files, encoding, digest, size, summary, not_kept, cleared, interrupted, timed_out, redo, skipped_because,
     _seconds, _blob) = row  # fmt: skip
    try:
        status = TaskStatus(status_text)
    except ValueError:
        return None
    if status_text in LIVE and not alive:
        status, interrupted = TaskStatus.PENDING, True
    if status is TaskStatus.COMPLETED and encoding is None and not_kept is None and run_id is None:
        encoding = "json"  # written by a user's own SQL, which knows no forms
    return TaskRecord(
        task_name=name,
        status=status,
        timestamp=seconds_from(timestamp) or 0.0,
        workflow=workflow or None,
        error=error,
        run_id=run_id,
        attempt=attempt,
        started_at=started_at,
        finished_at=finished_at,
        duration=duration,
        provenance=_provenance(code, params, inputs, files),
        digest=digest,
        encoding=encoding,
        size=size,
        summary=summary,
        not_kept=not_kept,
        cleared=bool(cleared),
        interrupted=bool(interrupted),
        redo=bool(redo),
        redo_run=redo or None,
        skipped_because=skipped_because,
        timed_out=bool(timed_out),
    )


_FIELDS: Final = tuple(column for column in TASK_COLUMNS if column not in ("cleared", "seconds"))
_UPSERT: Final = f"""INSERT INTO tasks ({", ".join(_FIELDS)}, seconds) VALUES ({", ".join("?" * len(_FIELDS))}, ?)
    ON CONFLICT (workflow, task_name) DO UPDATE SET cleared = 0, seconds = excluded.seconds,
    redo = CASE WHEN excluded.status = 'COMPLETED' THEN 0 ELSE redo END,
    {", ".join(f"{name} = excluded.{name}" for name in _FIELDS if name not in ("workflow", "task_name", "redo"))}"""  # noqa: S608


def upsert(
    cursor: sqlite3.Cursor,
    record: TaskRecord,
    *,
    workflow: str,
    timestamp: str,
    used_at: float | None,
    seconds: str,
) -> int | None:
    """Write a whole record over whatever its task had; the caller has dropped the blob of that.

    Args:
        record: with its value, if it has one.
        workflow: "" for a record of no workflow.
        timestamp: the record's time as it is to stand in the table.
        used_at: from when on garbage collection counts.
        seconds: remembered durations.

    Returns:
        The blob that holds the result, None if there is none.
    """
    made, value = record.provenance or _NOTHING, record.value or _NO_VALUE
    blob, result = place(cursor, value)
    cursor.execute(
        _UPSERT,
        (
            workflow, record.task_name, record.status.value, record.error, timestamp, record.run_id, record.attempt,
            record.started_at, record.finished_at, record.duration, code_text(made.code), params_text(made.params),
            inputs_text(made.inputs), files_text(made.files), value.encoding, value.digest, value.size, value.summary,
            value.not_kept, record.interrupted, record.timed_out, 0, record.skipped_because, used_at, blob, result,
            seconds,
        ),
    )  # fmt: skip
    return blob


_NOTHING: Final = Provenance()
_NO_VALUE: Final = StoredValue()


# -- results ----------------------------------------------------------------------------------------------------------


def place(cursor: sqlite3.Cursor, value: StoredValue) -> tuple[int | None, str | None]:
    """Return where a value stands: the number of its blob, which is written now, or the text for its row."""
    data = value.data
    if value.encoding is None or (isinstance(data, str) and value.size <= _INLINE_LIMIT):
        return None, data
    cursor.execute("INSERT INTO blobs (data) VALUES (?)", (data,))
    return cursor.lastrowid, None


def drop_blob(cursor: sqlite3.Cursor, workflow: str, task_name: str) -> None:
    """Delete the blob of a task's result, if it has one."""
    cursor.execute(
        "DELETE FROM blobs WHERE id = (SELECT blob FROM tasks WHERE workflow = ? AND task_name = ?)",
        (workflow, task_name),
    )


RESULT_COLUMNS: Final = """status, run_id, encoding, digest, not_kept, cleared,
    CASE WHEN blob IS NULL THEN result ELSE (SELECT data FROM blobs WHERE blobs.id = tasks.blob) END"""
"""What :func:`open_result` takes."""

_RESULT: Final = f"""SELECT {RESULT_COLUMNS} FROM tasks WHERE task_name = ? AND workflow IN ('', ?)
    ORDER BY workflow DESC LIMIT 1"""  # noqa: S608

Found = tuple[Any, ...] | None


def fetch_result(cursor: sqlite3.Cursor, workflow: str, task_name: str) -> Found:
    """Read the stored form of a result, the workflow's own or else that of a record without a workflow."""
    found: Found = cursor.execute(_RESULT, (task_name, workflow)).fetchone()
    return found


def open_result(found: Found) -> Any:
    """Return the value of what :func:`fetch_result` found.

    Raises:
        ResultUnavailable: it cannot be had.
    """
    if found is None:
        raise ResultUnavailable("its result is not in the store")
    status, run_id, encoding, digest, not_kept, cleared, data = found
    if cleared:
        raise ResultUnavailable("it was cleared")
    if not_kept is not None:
        raise ResultUnavailable(f"its result was not kept ({not_kept})")
    if encoding is None:
        if run_id is not None or status != "COMPLETED":
            raise ResultUnavailable("its result is not in the store")
        data = "null" if data is None else data  # a user's own SQL
    return decode(encoding, data, digest=digest)


# -- whose record -----------------------------------------------------------------------------------------------------


def adopt(cursor: sqlite3.Cursor, workflow: str, names: Iterable[str]) -> None:
    """Give the workflow those records without a workflow whose tasks it has, unless it has one of its own."""
    cursor.executemany(
        """UPDATE tasks SET workflow = ?1 WHERE workflow = '' AND task_name = ?2
        AND NOT EXISTS (SELECT 1 FROM tasks AS own WHERE own.workflow = ?1 AND own.task_name = ?2)""",
        ((workflow, name) for name in names),
    )
