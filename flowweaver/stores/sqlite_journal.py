"""What one run writes to a state file: every end of a task and the next start in one transaction.

The usual commit is an end and a start, so those two have statements of their own that touch only what changes; anything
else goes through the general one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from flowweaver.records import AttemptRecord, LogLine, StoredValue, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores import codec
from flowweaver.stores.base import RunJournal
from flowweaver.stores.lock import FileLock, Holder
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_rows import (
    RECORD_COLUMNS,
    add_seconds,
    adopt,
    code_text,
    drop_blob,
    fetch_result,
    files_text,
    inputs_text,
    iso,
    median_of,
    open_result,
    params_text,
    place,
    record_of,
    upsert,
)

__all__ = ["SQLiteJournal", "workflow_lock"]

_DAY: Final = 86_400.0

_START: Final = """INSERT INTO tasks (workflow, task_name, status, timestamp, run_id, attempt, started_at, used_at)
    VALUES (?, ?, 'RUNNING', ?, ?, ?, ?, ?)
    ON CONFLICT (workflow, task_name) DO UPDATE SET status = 'RUNNING', timestamp = excluded.timestamp,
    run_id = excluded.run_id, attempt = excluded.attempt, started_at = excluded.started_at,
    used_at = excluded.used_at, error = NULL, finished_at = NULL, duration = NULL, code = NULL, params = NULL,
    inputs = NULL, files = NULL, encoding = NULL, digest = NULL, size = 0, summary = '', not_kept = NULL, cleared = 0,
    interrupted = 0, timed_out = 0, skipped_because = NULL, blob = NULL, result = NULL"""

_END: Final = """UPDATE tasks SET status = 'COMPLETED', timestamp = ?, started_at = ?, finished_at = ?, duration = ?,
    error = NULL, timed_out = 0, code = ?, params = ?, inputs = ?, files = ?, encoding = ?, digest = ?, size = ?,
    summary = ?, not_kept = ?, redo = 0, seconds = ?, used_at = ?, blob = ?, result = ?
    WHERE workflow = ? AND task_name = ?"""

_SKIP: Final = """INSERT INTO tasks (workflow, task_name, status, timestamp, skipped_because, used_at)
    VALUES (?, ?, 'SKIPPED', ?, ?, ?)
    ON CONFLICT (workflow, task_name) DO UPDATE SET status = 'SKIPPED', skipped_because = excluded.skipped_because,
    interrupted = 0, error = NULL, timed_out = 0,
    timestamp = CASE WHEN encoding IS NULL THEN excluded.timestamp ELSE timestamp END"""

_STAND: Final = """UPDATE tasks SET status = ?, skipped_because = NULL, interrupted = 0, redo = 0, used_at = ?
    WHERE workflow = ? AND task_name = ?"""

_ATTEMPT: Final = """INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET started_at = excluded.started_at, finished_at = excluded.finished_at,
    outcome = excluded.outcome, error = excluded.error, traceback = excluded.traceback"""

_LINE: Final = "INSERT INTO log_lines VALUES (?, ?, ?, ?, ?, ?, ?)"


def workflow_lock(database: Database, workflow: str) -> FileLock:
    """Return a new lock on one workflow in a file."""
    from hashlib import blake2b

    return FileLock(f"{database.path}.{blake2b(workflow.encode(), digest_size=6).hexdigest()}.lock")


class SQLiteJournal(RunJournal):
    """One run's hold on one workflow in a state file.

    Raises:
        StateLockedError: another run holds the workflow, or must not be disturbed.
        StateError: the file cannot be used; it is as it was.
    """

    has_history = True

    def __init__(self, database: Database, workflow: str) -> None:
        self._db = database
        self._workflow = workflow
        self._run = 0
        self._run_id = 0
        self._unowned: list[str] = []
        self._seconds: dict[str, str] = {}
        self._blobs: dict[str, bool] = {}
        self._started: set[str] = set()
        self._lines: dict[tuple[str, int], int] = {}
        database.check()
        with ExitStack() as undo:
            own = workflow_lock(database, workflow)
            own.acquire(what=f"{database.shown} (workflow {workflow!r})")
            undo.callback(own.release)
            whole = database.file_lock()
            alone = whole.try_acquire(patience=0)
            if not alone:
                whole.acquire(shared=True, patience=10.0, what=database.shown)
            undo.callback(whole.release)
            database.hold(alone=alone)
            undo.callback(database.let_go)
            whole.share()
            self._close = undo.pop_all()

    # -- reading ----------------------------------------------------------------------------------------------------

    def load_records(self, names: Sequence[str]) -> dict[str, TaskRecord]:
        """Return the latest record of each named task that has one."""
        wanted = set(names)
        rows = self._db.read(lambda cursor: cursor.execute(_RECORDS, (self._workflow,)).fetchall())
        records = {}
        self._unowned = []
        for row in rows:
            owner, name = row[:2]
            if name not in wanted:
                continue
            self._seconds[name] = row[_SECONDS]
            self._blobs[name] = row[_BLOB] is not None
            if not owner:
                self._unowned.append(name)
            record = record_of(row, alive=False)
            if record is not None:
                records[name] = record
        return records

    def load_result(self, task_name: str) -> Any:
        """Return the stored result of a task."""
        return open_result(self._db.read(lambda cursor: fetch_result(cursor, self._workflow, task_name)))

    def durations(self) -> dict[str, float]:
        """Return the median of each task's last five good attempts, in seconds."""
        return durations(self._db, self._workflow)

    def encode(self, value: Any, *, serializer: str | None = None, persist: bool = True) -> StoredValue:
        """Return the form in which a result will be kept."""
        return codec.encode(value, serializer=serializer, persist=persist)

    # -- writing ----------------------------------------------------------------------------------------------------

    def begin(
        self, *, started_at: float, params: Mapping[str, str], redo: Sequence[str], restored: Sequence[str]
    ) -> int:
        """Record the start of the run; what an earlier one left RUNNING becomes interrupted."""
        shown = params_text({name: plain(value) or "" for name, value in params.items()})

        def work(cursor: sqlite3.Cursor) -> tuple[int, int]:
            flow = self._workflow
            if self._unowned:
                adopt(cursor, flow, self._unowned)
            _settle_interrupted(cursor, flow)
            _forget_what_ran_since(cursor, flow)
            (run_id,) = cursor.execute(
                "SELECT coalesce(max(run_id), 0) + 1 FROM runs WHERE workflow = ?", (flow,)
            ).fetchone()
            cursor.execute(
                "INSERT INTO runs (workflow, run_id, started_at, holder, params) VALUES (?, ?, ?, ?, ?)",
                (
                    flow,
                    run_id,
                    started_at,
                    Holder.here().name,
                    shown,
                ),
            )
            run = cursor.lastrowid or 0
            again = [(run_id, flow, name) for name in redo]
            cursor.executemany("UPDATE tasks SET redo = ? WHERE workflow = ? AND task_name = ?", again)
            _keep_young(cursor, flow, restored, started_at)
            return run, run_id

        self._run, self._run_id = self._db.write(work)
        self._unowned = []
        return self._run_id

    def commit(
        self,
        records: Sequence[TaskRecord],
        attempts: Sequence[AttemptRecord] = (),
        output: Sequence[LogLine] = (),
    ) -> None:
        """Write all of it in one transaction."""
        seconds = {
            record.task_name: add_seconds(self._seconds.get(record.task_name, ""), record.duration)
            for record in records
            if record.status is TaskStatus.COMPLETED and record.value is not None and record.duration is not None
        }
        try:
            self._db.write(lambda cursor: self._write(cursor, records, attempts, output, seconds))
        except UnicodeEncodeError:  # a lone surrogate in an error or in output
            records, attempts, output = _cleaned(records, attempts, output)
            self._db.write(lambda cursor: self._write(cursor, records, attempts, output, seconds))
        # Only what is in the store may decide how the next commit writes.
        self._seconds.update(seconds)
        for line in output:
            self._lines[line.task_name, line.attempt] = self._lines.get((line.task_name, line.attempt), 0) + 1
        for record in records:
            self._note(record)

    def _note(self, record: TaskRecord) -> None:
        name = record.task_name
        if record.status is TaskStatus.RUNNING:
            self._started.add(name)
            self._blobs[name] = False
            return
        self._started.discard(name)
        if record.value is not None:
            self._blobs[name] = True  # it may have one

    def _write(
        self,
        cursor: sqlite3.Cursor,
        records: Sequence[TaskRecord],
        attempts: Sequence[AttemptRecord],
        output: Sequence[LogLine],
        seconds: Mapping[str, str],
    ) -> None:
        for record in records:
            self._write_record(cursor, record, seconds)
        for one in attempts:
            cursor.execute(
                _ATTEMPT,
                (self._run, one.task_name, one.attempt, one.started_at, one.finished_at, one.outcome, one.error,
                 one.traceback),
            )  # fmt: skip
        if output:
            self._write_lines(cursor, output)

    def _write_record(self, cursor: sqlite3.Cursor, record: TaskRecord, seconds: Mapping[str, str]) -> None:
        flow, name, status = self._workflow, record.task_name, record.status
        value, at = record.value, record.timestamp
        if status is TaskStatus.RUNNING:
            if self._blobs.get(name, True):
                drop_blob(cursor, flow, name)
            cursor.execute(_START, (flow, name, iso(at), self._run_id, record.attempt, record.started_at, at))
        elif status is TaskStatus.COMPLETED and value is not None and name in self._started:
            self._write_end(cursor, record, value, seconds.get(name, ""))
        elif status is TaskStatus.SKIPPED:
            cursor.execute(_SKIP, (flow, name, iso(at), record.skipped_because, at))
        elif value is None and record.digest is not None:
            cursor.execute(_STAND, (status.value, self._db.clock(), flow, name))
        else:
            drop_blob(cursor, flow, name)
            remembered = seconds.get(name) or self._seconds.get(name, "")
            upsert(cursor, record, workflow=flow, timestamp=iso(at), used_at=at, seconds=remembered)

    def _write_end(self, cursor: sqlite3.Cursor, record: TaskRecord, value: StoredValue, seconds: str) -> None:
        """A task that this run started is done: its row is there, and holds no result."""
        made, at = record.provenance, record.timestamp
        code = params = inputs = files = None
        if made is not None:
            code, params = code_text(made.code), params_text(made.params)
            inputs, files = inputs_text(made.inputs), files_text(made.files)
        blob, result = place(cursor, value)
        cursor.execute(
            _END,
            (
                iso(at), record.started_at, record.finished_at, record.duration, code, params, inputs, files,
                value.encoding, value.digest, value.size, value.summary, value.not_kept, seconds, at, blob, result,
                self._workflow, record.task_name,
            ),
        )  # fmt: skip

    def _write_lines(self, cursor: sqlite3.Cursor, output: Sequence[LogLine]) -> None:
        numbers = dict(self._lines)
        rows = []
        for line in output:
            key = line.task_name, line.attempt
            numbers[key] = numbers.get(key, 0) + 1
            rows.append((self._run, *key, numbers[key], line.time, line.stream, line.text))
        cursor.executemany(_LINE, rows)

    def finish(self, *, finished_at: float, outcome: str, failed_task: str | None, counts: Mapping[str, int]) -> None:
        """Record the end of the run."""
        values = (finished_at, outcome, failed_task, codec.compact(dict(counts)), outcome != "completed", self._run)
        self._db.write(
            lambda cursor: cursor.execute(
                """UPDATE runs SET finished_at = ?, outcome = ?, failed_task = ?, counts = ?, unfinished = ?
                WHERE id = ?""",
                values,
            )
        )

    def close(self) -> None:
        """Close the file and give the locks back."""
        self._close.close()


_RECORDS: Final = f"SELECT {RECORD_COLUMNS} FROM tasks WHERE workflow IN ('', ?) ORDER BY workflow"  # noqa: S608
_SECONDS, _BLOB = -2, -1


def durations(database: Database, workflow: str) -> dict[str, float]:
    """Return the median of each task's last good attempts, in seconds."""
    rows = database.read(
        lambda cursor: cursor.execute(
            "SELECT task_name, seconds FROM tasks WHERE workflow IN ('', ?) AND seconds <> '' ORDER BY workflow",
            (workflow,),
        ).fetchall()
    )
    medians = ((name, median_of(text)) for name, text in rows)
    return {name: seconds for name, seconds in medians if seconds is not None}


def _settle_interrupted(cursor: sqlite3.Cursor, workflow: str) -> None:
    """Write down what the death of an earlier run left: whoever has the lock knows that nothing of it runs."""
    cursor.execute(
        """INSERT INTO attempts (run, task_name, attempt, started_at, outcome)
        SELECT runs.id, tasks.task_name, tasks.attempt, coalesce(tasks.started_at, runs.started_at), 'interrupted'
        FROM tasks JOIN runs ON runs.workflow = tasks.workflow AND runs.run_id = tasks.run_id
        WHERE tasks.workflow = ? AND tasks.status = 'RUNNING' ON CONFLICT DO NOTHING""",
        (workflow,),
    )
    cursor.execute(
        "UPDATE tasks SET status = 'PENDING', interrupted = 1 WHERE workflow = ? AND status IN ('RUNNING', 'RETRYING')",
        (workflow,),
    )
    cursor.execute(
        "UPDATE runs SET outcome = 'interrupted', unfinished = 1 WHERE workflow = ? AND outcome IS NULL", (workflow,)
    )


def _forget_what_ran_since(cursor: sqlite3.Cursor, workflow: str) -> None:
    """Drop what a clear has put aside of tasks that are not cleared any more: that cannot be undone."""
    gone = """FROM cleared WHERE workflow = ?1 AND task_name NOT IN
        (SELECT task_name FROM tasks WHERE workflow = ?1 AND cleared)"""
    cursor.execute(f"DELETE FROM blobs WHERE id IN (SELECT blob {gone})", (workflow,))  # noqa: S608
    cursor.execute(f"DELETE {gone}", (workflow,))


def _keep_young(cursor: sqlite3.Cursor, workflow: str, restored: Sequence[str], now: float) -> None:
    """Note that results are in use; once a day is enough for garbage collection, and spares most runs the writing."""
    old = cursor.execute(
        "SELECT task_name FROM tasks WHERE workflow = ? AND coalesce(used_at, 0) < ?", (workflow, now - _DAY)
    )
    due = {name for (name,) in old}.intersection(restored)
    cursor.executemany(
        "UPDATE tasks SET used_at = ? WHERE workflow = ? AND task_name = ?", [(now, workflow, name) for name in due]
    )


def _cleaned(
    records: Sequence[TaskRecord], attempts: Sequence[AttemptRecord], output: Sequence[LogLine]
) -> tuple[list[TaskRecord], list[AttemptRecord], list[LogLine]]:
    return (
        [replace(one, error=plain(one.error), value=_plain_value(one.value)) for one in records],
        [replace(one, error=plain(one.error), traceback=plain(one.traceback)) for one in attempts],
        [replace(one, text=plain(one.text) or "") for one in output],
    )


def _plain_value(value: StoredValue | None) -> StoredValue | None:
    if value is None:
        return None
    return replace(value, summary=plain(value.summary) or "", not_kept=plain(value.not_kept))


def plain(text: str | None) -> str | None:
    """Return a text that can be written as UTF-8: lone surrogates become escapes."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
