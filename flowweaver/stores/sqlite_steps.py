"""What a commit is made of, decided before it begins: statements and their values, from records.

The usual commit is an end and a start, so those two have statements of their own: the start says what the task is made
by, the end what came of it. Anything else goes through the general one. Texts are constant, so that SQLite compiles
each once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from flowweaver.records import AttemptRecord, CodePrint, FilePrint, LogLine, Provenance, StoredValue, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.codec import compact
from flowweaver.stores.schema import TASK_COLUMNS
from flowweaver.stores.text import add_seconds, iso, plain

__all__ = [
    "Progress",
    "Step",
    "attempt_steps",
    "drop_blob",
    "line_steps",
    "plain_steps",
    "whole_record",
]

Step = tuple[str, Sequence[tuple[Any, ...]]]
"""A statement, and its values for each time that it is done."""

_INLINE_LIMIT: Final = 32_768
"""Bytes up to which a result that is JSON stands in its row, where users' own queries find it."""

_START: Final = """INSERT INTO tasks (workflow, task_name, status, timestamp, run_id, attempt, started_at, used_at,
    code, params, inputs, files) VALUES (?, ?, 'RUNNING', ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (workflow, task_name) DO UPDATE SET status = 'RUNNING', timestamp = excluded.timestamp,
    run_id = excluded.run_id, attempt = excluded.attempt, started_at = excluded.started_at,
    used_at = excluded.used_at, code = excluded.code, params = excluded.params, inputs = excluded.inputs,
    files = excluded.files, error = NULL, finished_at = NULL, duration = NULL, encoding = NULL, digest = NULL,
    size = 0, summary = '', not_kept = NULL, cleared = 0, interrupted = 0, timed_out = 0, skipped_because = NULL,
    blob = NULL, result = NULL"""

_END: Final = """UPDATE tasks SET status = 'COMPLETED', timestamp = ?, started_at = ?, finished_at = ?, duration = ?,
    encoding = ?, digest = ?, size = ?, summary = ?, redo = 0, seconds = ?, used_at = ?, result = ?
    WHERE workflow = ? AND task_name = ?"""

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

# Reading a member through its class is slow, and these two are read for every task.
_RUNNING, _COMPLETED = TaskStatus.RUNNING, TaskStatus.COMPLETED

_NOTHING: Final = Provenance()
_NO_VALUE: Final = StoredValue()


# -- provenance as text ------------------------------------------------------------------------------------------------


def _code(code: CodePrint) -> str:
    return compact([code.algorithm, code.digest, dict(code.parts)])


def _digests(inputs: Iterable[str | None]) -> str:
    """Digests of inputs, "-" for one that has none."""
    return " ".join([digest or "-" for digest in inputs])


def _files(files: Iterable[FilePrint]) -> str:
    return compact([[file.path, file.size, file.mtime_ns, file.digest] for file in files])


# -- steps ------------------------------------------------------------------------------------------------------------


class Progress:
    """What writes the records of one run, commit after commit.

    Args:
        workflow: whose run it is.
        run_id: its number.
        seconds: remembered durations of its tasks from before it, by name.
        blobs: tasks whose result may have stood in a blob before it; None if any may.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        workflow: str,
        run_id: int,
        seconds: Mapping[str, str],
        blobs: Collection[str] | None,
        clock: Callable[[], float],
    ) -> None:
        self._workflow = workflow
        self._run_id = run_id
        self._clock = clock
        self._blobs = blobs
        self._seconds = seconds
        self._begun: dict[str, Provenance | None] = {}
        """Tasks that this run has begun, and what their rows say that they are made by."""
        self._begins: dict[str, Provenance | None] = {}
        """The same of what may not be in the store yet."""
        self._codes: dict[int, tuple[CodePrint, str | None]] = {}
        """Texts of code by its identity, with the code itself, so that no other gets that: many tasks may share one."""

    def steps(self, records: Iterable[TaskRecord]) -> list[Step]:
        """Return what writes records.

        Args:
            records: SKIPPED, or one without a value that has a digest, keeps the result that is there.
        """
        steps: list[Step] = []
        ends: list[tuple[Any, ...]] = []
        starts: list[tuple[Any, ...]] = []
        begins: dict[str, Provenance | None] = {}
        for record in records:
            status = record.status
            if status is _RUNNING:
                if self._blobs is None or record.task_name in self._blobs:
                    steps.append(drop_blob(self._workflow, record.task_name))
                begins[record.task_name] = record.provenance
                starts.append(self._start(record))
            elif status is _COMPLETED and record.value is not None:
                steps += self._end(record, record.value, ends)
            else:
                steps += self._other(record)
                self._begun.pop(record.task_name, None)
        self._begins = begins
        if ends:
            steps.append((_END, ends))
        if starts:
            steps.append((_START, starts))  # last: one that is tried again has failed before
        return steps

    def written(self) -> None:
        """What the last steps write is in the store; only that may decide how the next are."""
        self._begun.update(self._begins)

    def _start(self, record: TaskRecord) -> tuple[Any, ...]:
        name, _status, at, _run, attempt, started_at, _ended, _duration, made_by = record[:9]
        code, params, inputs, files = made_by or _NOTHING
        return (
            self._workflow, name, iso(at), self._run_id, attempt, started_at, at,
            None if code is None else self._code(code),
            compact(dict(params)) if params else None,
            _digests(inputs) if inputs else None,
            _files(files) if files else None,
        )  # fmt: skip

    def _code(self, code: CodePrint) -> str | None:
        known = self._codes.get(id(code))
        if known is None:
            known = self._codes[id(code)] = code, _code(code)
        return known[1]

    def _end(self, record: TaskRecord, value: StoredValue, ends: list[tuple[Any, ...]]) -> Sequence[Step]:
        name, _status, at, _run, _attempt, started_at, finished_at, duration, made_by = record[:9]
        encoding, data, digest, size, summary, _why = value
        seconds = self._seconds.get(name, "")
        if duration is not None:
            seconds = add_seconds(seconds, duration)
        begun = name in self._begun and (self._begun[name] is made_by or self._begun[name] == made_by)
        if not begun or encoding is None or not _is_inline(value):
            return self._whole(record, seconds)
        ends.append((
            iso(at), started_at, finished_at, duration, encoding, digest, size, summary, seconds, at, data,
            self._workflow, name,
        ))  # fmt: skip
        return ()

    def _other(self, record: TaskRecord) -> list[Step]:
        name, at = record.task_name, record.timestamp
        if record.status is TaskStatus.SKIPPED:
            return [(_SKIP, [(self._workflow, name, iso(at), record.skipped_because, at)])]
        if record.value is None and record.digest is not None:
            return [(_STAND, [(record.status.value, self._clock(), self._workflow, name)])]
        return self._whole(record, self._seconds.get(name, ""))

    def _whole(self, record: TaskRecord, seconds: str) -> list[Step]:
        at = record.timestamp
        return whole_record(record, workflow=self._workflow, timestamp=iso(at), used_at=at, seconds=seconds)


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
        "code": None if made.code is None else _code(made.code),
        "params": compact(dict(made.params)) if made.params else None,
        "inputs": _digests(made.inputs) if made.inputs else None,
        "files": _files(made.files) if made.files else None,
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
        steps.append((_BLOB, [(value.data,)]))
    steps.append((_WHOLE_WITH_BLOB if has_blob else _WHOLE, [tuple([row[field] for field in _FIELDS])]))
    return steps


def drop_blob(workflow: str, task_name: str) -> Step:
    """Return what deletes the blob of a task's result, if it has one."""
    return _DROP_BLOB, [(workflow, task_name)]


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
            yield statement, [tuple(value for row in rows[at : at + count] for value in row)]
            at += count


def plain_steps(steps: Iterable[Step]) -> list[Step]:
    """Return steps whose texts can all be written as UTF-8."""
    return [
        (statement, [tuple([plain(value) if isinstance(value, str) else value for value in row]) for row in rows])
        for statement, rows in steps
    ]
