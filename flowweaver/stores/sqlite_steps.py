"""What a commit is made of, decided before it begins: statements and their values, from records.

The usual commit is an end and a start, so those two have statements of their own that touch only what changes; anything
else goes through the general one. Texts are constant, so that SQLite compiles each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from flowweaver.records import AttemptRecord, LogLine, Provenance, StoredValue, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.codec import compact
from flowweaver.stores.schema import TASK_COLUMNS
from flowweaver.stores.text import iso, plain

__all__ = [
    "Step",
    "attempt_steps",
    "drop_blob",
    "line_steps",
    "plain_steps",
    "record_steps",
    "whole_record",
]

Step = tuple[str, tuple[Any, ...]]
"""A statement and its values."""

_INLINE_LIMIT: Final = 32_768
"""Bytes up to which a result that is JSON stands in its row, where users' own queries find it."""

_START: Final = """INSERT INTO tasks (workflow, task_name, status, timestamp, run_id, attempt, started_at, used_at)
    VALUES (?, ?, 'RUNNING', ?, ?, ?, ?, ?)
    ON CONFLICT (workflow, task_name) DO UPDATE SET status = 'RUNNING', timestamp = excluded.timestamp,
    run_id = excluded.run_id, attempt = excluded.attempt, started_at = excluded.started_at,
    used_at = excluded.used_at, error = NULL, finished_at = NULL, duration = NULL, code = NULL, params = NULL,
    inputs = NULL, files = NULL, encoding = NULL, digest = NULL, size = 0, summary = '', not_kept = NULL, cleared = 0,
    interrupted = 0, timed_out = 0, skipped_because = NULL, blob = NULL, result = NULL"""

_END: Final = """UPDATE tasks SET status = 'COMPLETED', timestamp = ?, started_at = ?, finished_at = ?, duration = ?,
    code = ?, inputs = ?, encoding = ?, digest = ?, size = ?, summary = ?, redo = 0, seconds = ?, used_at = ?,
    result = ? WHERE workflow = ? AND task_name = ?"""

_SKIP: Final = """INSERT INTO tasks (workflow, task_name, status, timestamp, skipped_because, used_at)
    VALUES (?, ?, 'SKIPPED', ?, ?, ?)
    ON CONFLICT (workflow, task_name) DO UPDATE SET status = 'SKIPPED', skipped_because = excluded.skipped_because,
    interrupted = 0, error = NULL, timed_out = 0,
    timestamp = CASE WHEN encoding IS NULL THEN excluded.timestamp ELSE timestamp END"""

_STAND: Final = """UPDATE tasks SET status = ?, skipped_because = NULL, interrupted = 0, redo = 0, used_at = ?
    WHERE workflow = ? AND task_name = ?"""


def _many(insert: str, columns: int) -> dict[int, str]:
    """Return statements that insert 100, 10 and 1 rows, by their number."""
    row = f"({', '.join('?' * columns)})"
    return {count: f"{insert} VALUES {', '.join([row] * count)}" for count in (100, 10, 1)}


_ATTEMPTS: Final = _many("INSERT OR REPLACE INTO attempts", 8)
_LINES: Final = _many("INSERT INTO log_lines", 7)
_BLOB: Final = "INSERT INTO blobs (data) VALUES (?)"
_DROP_BLOB: Final = "DELETE FROM blobs WHERE id = (SELECT blob FROM tasks WHERE workflow = ? AND task_name = ?)"

_FIELDS: Final = tuple(column for column in TASK_COLUMNS if column not in ("cleared", "redo", "blob"))


def _whole(blob: str) -> str:
    return f"""INSERT INTO tasks ({", ".join(_FIELDS)}, blob) VALUES ({", ".join("?" * len(_FIELDS))}, {blob})
    ON CONFLICT (workflow, task_name) DO UPDATE SET cleared = 0, blob = excluded.blob,
    redo = CASE WHEN excluded.status = 'COMPLETED' THEN 0 ELSE redo END,
    {", ".join(f"{name} = excluded.{name}" for name in _FIELDS if name not in ("workflow", "task_name"))}"""  # noqa: S608


_WHOLE: Final = _whole("NULL")
_WHOLE_WITH_BLOB: Final = _whole("last_insert_rowid()")

_NOTHING: Final = Provenance()
_NO_VALUE: Final = StoredValue()


# -- provenance as text ------------------------------------------------------------------------------------------------


def _code(made: Provenance) -> str | None:
    code = made.code
    return None if code is None else compact([code.algorithm, code.digest, dict(code.parts)])


def _inputs(made: Provenance) -> str | None:
    """Digests of inputs, "-" for one that has none."""
    return " ".join([digest or "-" for digest in made.inputs]) if made.inputs else None


def _files(made: Provenance) -> str | None:
    return compact([[file.path, file.size, file.mtime_ns, file.digest] for file in made.files]) if made.files else None


# -- steps ------------------------------------------------------------------------------------------------------------


def record_steps(
    record: TaskRecord, *, workflow: str, run_id: int, seconds: str, started: bool, has_blob: bool, now: float
) -> list[Step]:
    """Return what writes one record of a run.

    Args:
        record: SKIPPED, or one without a value that has a digest, keeps the result that is there.
        workflow: whose it is.
        run_id: number of the run.
        seconds: remembered durations of the task, this one included.
        started: its row says RUNNING, by this run.
        has_blob: its result may stand in a blob.
        now: seconds since the epoch.
    """
    name, status, value, at = record.task_name, record.status, record.value, record.timestamp
    if status is TaskStatus.RUNNING:
        step = _START, (workflow, name, iso(at), run_id, record.attempt, record.started_at, at)
        return [drop_blob(workflow, name), step] if has_blob else [step]
    if status is TaskStatus.SKIPPED:
        return [(_SKIP, (workflow, name, iso(at), record.skipped_because, at))]
    if value is None and record.digest is not None:
        return [(_STAND, (status.value, now, workflow, name))]
    made = record.provenance or _NOTHING
    if started and status is TaskStatus.COMPLETED and value is not None and _is_plain(value, made):
        values = (
            iso(at), record.started_at, record.finished_at, record.duration, _code(made), _inputs(made), value.encoding,
            value.digest, value.size, value.summary, seconds, at, value.data, workflow, name,
        )  # fmt: skip
        return [(_END, values)]
    return whole_record(record, workflow=workflow, timestamp=iso(at), used_at=at, seconds=seconds)


def _is_plain(value: StoredValue, made: Provenance) -> bool:
    return value.encoding is not None and _is_inline(value) and not made.params and not made.files


def _is_inline(value: StoredValue) -> bool:
    return isinstance(value.data, str) and value.size <= _INLINE_LIMIT


def whole_record(
    record: TaskRecord, *, workflow: str, timestamp: str, used_at: float | None, seconds: str
) -> list[Step]:
    """Return what writes a record over whatever its task had.

    Args:
        record: with its value, if it has one.
        workflow: "" for a record of no workflow.
        timestamp: the record's time as it is to stand in the table.
        used_at: from when on garbage collection counts.
        seconds: remembered durations.
    """
    made, value = record.provenance or _NOTHING, record.value or _NO_VALUE
    has_blob = value.encoding is not None and not _is_inline(value)
    row: Mapping[str, Any] = {
        "workflow": workflow,
        "task_name": record.task_name,
        "status": record.status.value,
        "error": record.error,
        "timestamp": timestamp,
        "run_id": record.run_id,
        "attempt": record.attempt,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "duration": record.duration,
        "code": _code(made),
        "params": compact(dict(made.params)) if made.params else None,
        "inputs": _inputs(made),
        "files": _files(made),
        "encoding": value.encoding,
        "digest": value.digest,
        "size": value.size,
        "summary": value.summary,
        "not_kept": value.not_kept,
        "interrupted": record.interrupted,
        "timed_out": record.timed_out,
        "skipped_because": record.skipped_because,
        "seconds": seconds,
        "used_at": used_at,
        "result": None if has_blob else value.data,
    }
    steps = [drop_blob(workflow, record.task_name)]
    if has_blob:
        steps.append((_BLOB, (value.data,)))
    steps.append((_WHOLE_WITH_BLOB if has_blob else _WHOLE, tuple([row[field] for field in _FIELDS])))
    return steps


def drop_blob(workflow: str, task_name: str) -> Step:
    """Return what deletes the blob of a task's result, if it has one."""
    return _DROP_BLOB, (workflow, task_name)


def attempt_steps(run: int, attempts: Iterable[AttemptRecord]) -> list[Step]:
    """Return what writes attempts over what was known of them.

    Args:
        run: the row of their run.
        attempts: in any order.
    """
    rows = [
        (run, one.task_name, one.attempt, one.started_at, one.finished_at, one.outcome, one.error, one.traceback)
        for one in attempts
    ]
    return list(_inserts(_ATTEMPTS, rows))


def line_steps(
    run: int, output: Sequence[LogLine], written: Mapping[tuple[str, int], int]
) -> tuple[list[Step], dict[tuple[str, int], int]]:
    """Return what writes log lines, and how many there are then of each task's attempt.

    Args:
        run: the row of their run.
        output: the lines, in order.
        written: how many there are already.
    """
    numbers = dict(written)
    rows: list[tuple[Any, ...]] = []
    for line in output:
        key = line.task_name, line.attempt
        numbers[key] = numbers.get(key, 0) + 1
        rows.append((run, *key, numbers[key], line.time, line.stream, line.text))
    return list(_inserts(_LINES, rows)), numbers


def _inserts(statements: Mapping[int, str], rows: Sequence[tuple[Any, ...]]) -> Iterator[Step]:
    """Yield statements that insert many rows each.

    Every statement lets go of the interpreter and has to get it back, which takes milliseconds beside a task that
    computes: a thousand single inserts would hold up the run for seconds.
    """
    at = 0
    for count, statement in statements.items():
        while len(rows) - at >= count:
            yield statement, tuple(value for row in rows[at : at + count] for value in row)
            at += count


def plain_steps(steps: Iterable[Step]) -> list[Step]:
    """Return steps whose texts can all be written as UTF-8."""
    return [
        (statement, tuple([plain(value) if isinstance(value, str) else value for value in values]))
        for statement, values in steps
    ]
