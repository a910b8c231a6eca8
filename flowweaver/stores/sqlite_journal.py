"""One run's hold on one workflow in a state file: its locks, what it found, and what it writes down as it goes on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

from flowweaver.errors import StateError
from flowweaver.hashing import blake2b
from flowweaver.records import AttemptRecord, LogLine, StoredValue, TaskRecord
from flowweaver.stores import codec
from flowweaver.stores.base import ResultUnavailable, RunJournal
from flowweaver.stores.lock import BRIEFLY, FileLock, Holder
from flowweaver.stores.schema import TASK_COLUMNS
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_results import numbers_in
from flowweaver.stores.sqlite_rows import (
    RECORD_AND_SMALL_RESULT,
    Found,
    adopt,
    fetch_files,
    fetch_results,
    load_result,
    mark,
    open_result,
    portions,
    records_of,
    small_result,
)
from flowweaver.stores.sqlite_settle import attempts_from_tasks, settle
from flowweaver.stores.sqlite_steps import Progress, attempt_steps, line_steps, plain_steps
from flowweaver.stores.text import medians, plain

__all__ = ["SQLiteJournal", "durations", "workflow_lock"]

_DAY: Final = 86_400.0


def workflow_lock(database: Database, workflow: str) -> FileLock:
    """Return a new lock on one workflow in a file."""
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
        self._blobs: set[str] | None = None
        self._small: dict[str, Found] = {}
        """Results that were read along with the records, until the run begins; None for those that were not."""
        self._progress = self._from_now_on()
        self._lines: dict[tuple[str, int], int] = {}
        self._uncommitted: set[int] = set()
        """Files of results that no commit has taken along yet, or ever will: of attempts that were given up."""
        self._closed = False
        self._process = os.getpid()
        database.check_writable()
        database.check()
        database.file.make_folder()
        with ExitStack() as undo:
            own = workflow_lock(database, workflow)
            own.acquire(what=f"{database.shown} (workflow {workflow!r})")
            undo.callback(own.release)
            whole = database.file_lock()
            alone = whole.try_acquire(patience=0)
            if not alone:
                whole.acquire(shared=True, patience=BRIEFLY, what=database.shown)
            undo.callback(whole.release)
            database.hold(alone=alone)
            undo.callback(database.let_go)
            whole.share()
            self._close = undo.pop_all()

    # -- reading ----------------------------------------------------------------------------------------------------

    def load_records(self, names: Sequence[str]) -> dict[str, TaskRecord]:
        """Return the latest record of each named task that has one."""
        return self._records(names, alive=False)

    def _records(self, names: Sequence[str], *, alive: bool) -> dict[str, TaskRecord]:
        wanted = set(names)
        found = self._db.read(lambda cursor: cursor.execute(_RECORDS, (self._workflow,)).fetchall())
        rows = [row for row in found if row[1] in wanted]
        records = {}
        self._unowned = [row[1] for row in rows if not row[0]]
        self._blobs = {row[1] for row in rows if row[_BLOB] is not None}
        seconds, small = self._seconds, self._small
        for row, record in zip(rows, records_of(rows, alive=alive), strict=True):
            name = row[1]
            small[name] = None
            if record is not None:
                records[name] = record
                seconds[name] = row[_SECONDS]
                small[name] = small_result(row)
        self._progress = self._from_now_on()
        return records

    def _from_now_on(self) -> Progress:
        return Progress(self._workflow, self._run_id, self._seconds, self._blobs, self._db.clock)

    def load_result(self, task_name: str) -> Any:
        """Return the stored result of a task."""
        return load_result(self._db, self._workflow, task_name)

    def load_results(self, task_names: Iterable[str]) -> Iterator[tuple[str, Any, ResultUnavailable | None]]:
        """Yield each task's stored result, or the reason why it cannot be had; a hundred are read at a time."""
        small = self._small
        for some in portions(task_names, _AT_A_TIME):
            unread = [name for name in some if small.get(name) is None]
            read = partial(fetch_results, workflow=self._workflow, task_names=unread)
            found = self._db.read(read) if unread else {}
            for name in some:
                try:
                    yield name, open_result(small.get(name) or found.get(name), self._db.results), None
                except ResultUnavailable as reason:
                    yield name, None, reason

    def lost_results(self, task_names: Iterable[str]) -> dict[str, str]:
        """Return those of the tasks whose result has a file that is gone, or another length, and why."""
        lost = {}
        for some in portions(task_names, _AT_A_TIME):
            for name, where in self._db.read(partial(fetch_files, workflow=self._workflow, task_names=some)).items():
                try:
                    self._db.results.check(*where)
                except ResultUnavailable as reason:
                    lost[name] = str(reason)
        return lost

    def durations(self) -> dict[str, float]:
        """Return the median of each task's last five good attempts, in seconds."""
        return medians(self._seconds.items())

    def encode(self, value: Any, *, serializer: str | None = None, persist: bool = True) -> StoredValue:
        """Return the form in which a result will be kept; a large one is in a file of its own when this returns."""
        kept = self._db.results.put(codec.encode(value, serializer=serializer, persist=persist))
        if type(kept.data) is int:
            self._uncommitted.add(kept.data)
            if self._closed:  # meanwhile: whoever made this was left behind
                self._db.results.remove([kept.data])
        return kept

    # -- writing ----------------------------------------------------------------------------------------------------

    def begin(
        self, *, started_at: float, params: Mapping[str, str], redo: Sequence[str], restored: Sequence[str]
    ) -> int:
        """Record the start of the run; what an earlier one left RUNNING becomes interrupted."""
        shown = codec.compact({name: plain(value) for name, value in params.items()})

        def work(cursor: sqlite3.Cursor) -> tuple[int, int]:
            flow = self._workflow
            if self._unowned:
                adopt(cursor, flow, self._unowned)
            settle(cursor, flow)
            _forget_what_ran_since(cursor, flow)
            _free_places(cursor)
            (run_id,) = cursor.execute(_NEXT_RUN, (flow,)).fetchone()
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
            # Somebody may have deleted the run that had this number, or this row, before.
            cursor.execute("UPDATE tasks SET run_id = NULL WHERE workflow = ? AND run_id = ?", (flow, run_id))
            for table in ("attempts", "log_lines"):
                cursor.execute(f"DELETE FROM {table} WHERE run = ?", (run,))  # noqa: S608
            mark(cursor, flow, redo, "redo", run_id)
            _keep_young(cursor, flow, restored, started_at)
            return run, run_id

        self._run, self._run_id = self._db.write(work)
        self._progress = self._from_now_on()
        self._unowned, self._small = [], {}
        return self._run_id

    def take_over(self, run_id: int, names: Sequence[str]) -> dict[str, TaskRecord] | None:
        """Go on writing a run whose process has died.

        Args:
            run_id: its number.
            names: the workflow's tasks.

        Returns:
            The latest record of each task, those that it has left RUNNING or RETRYING as such; None if somebody has
            written the run's end already.
        """
        found = self._db.read(lambda cursor: cursor.execute(_UNENDED, (self._workflow, run_id)).fetchone())
        if found is None:
            return None
        (self._run,), self._run_id = found, run_id
        self._db.apply([attempts_from_tasks(self._workflow)])
        lines = self._db.read(lambda cursor: cursor.execute(_LINES_SO_FAR, (self._run,)).fetchall())
        self._lines = {(name, attempt): number for name, attempt, number in lines}
        records = self._records(names, alive=True)
        self._small = {}
        return records

    def commit(
        self,
        records: Sequence[TaskRecord],
        attempts: Sequence[AttemptRecord] = (),
        output: Sequence[LogLine] = (),
    ) -> None:
        """Write all of it in one transaction, save good attempts: their tasks' rows say it all until the run ends."""
        steps = self._progress.steps(records)
        if attempts:
            steps += attempt_steps(self._run, attempts)
        if output:
            lines, self._lines = line_steps(self._run, output, self._lines)
            steps += lines
        try:
            self._db.apply(steps)
        except UnicodeEncodeError:  # a lone surrogate in an error or in output
            self._db.apply(plain_steps(steps))
        self._progress.written()
        if self._uncommitted:
            values = [record.value.data for record in records if record.value is not None]
            self._uncommitted.difference_update([data for data in values if type(data) is int])

    def lines_of(self, task_name: str, attempt: int) -> int:
        """Return how many lines of an attempt of this run are in the store."""
        return self._lines.get((task_name, attempt), 0)

    def finish(self, *, finished_at: float, outcome: str, failed_task: str | None, counts: Mapping[str, int]) -> None:
        """Record the end of the run."""
        values = (finished_at, outcome, failed_task, codec.compact(dict(counts)), outcome != "completed", self._run)
        self._db.apply([attempts_from_tasks(self._workflow), (_FINISH, [values])])

    def close(self) -> None:
        """Close the file and give the locks back; remove what files of results no row names."""
        if self._closed:
            return
        self._closed = True
        unnamed = self._unnamed()
        self._close.close()
        if unnamed:
            with suppress(StateError):
                self._db.sweep(unnamed)
        self._db.tidy()

    def _unnamed(self) -> set[int]:
        """Remove the files that this run has written for nothing; return those that others seem to have left.

        Only after a run that has begun, for until then nobody has read the whole state; and in a forked child the files
        are the parent's.
        """
        there = self._db.results.listed() if self._run and os.getpid() == self._process else set()
        if there:
            with suppress(StateError):
                unnamed = there.difference(self._db.read(numbers_in))
                self._db.results.remove(unnamed & self._uncommitted)
                return unnamed - self._uncommitted
        return set()


_RECORDS: Final = f"SELECT {RECORD_AND_SMALL_RESULT} FROM tasks WHERE workflow IN ('', ?) ORDER BY workflow"  # noqa: S608
_SECONDS, _BLOB = map(TASK_COLUMNS.index, ("seconds", "blob"))
_LINES_SO_FAR: Final = "SELECT task_name, attempt, max(line) FROM log_lines WHERE run = ? GROUP BY task_name, attempt"
_UNENDED: Final = "SELECT id FROM runs WHERE workflow = ? AND run_id = ? AND outcome IS NULL"

# What is no number of ours may stand in the column, too.
_NEXT_RUN: Final = """SELECT coalesce(max(run_id), 0) + 1 FROM runs
    WHERE workflow = ? AND typeof(run_id) = 'integer' AND run_id BETWEEN 1 AND 1 << 53"""

_FINISH: Final = """UPDATE runs SET finished_at = ?, outcome = ?, failed_task = ?, counts = ?, unfinished = ?
    WHERE id = ?"""

_AT_A_TIME: Final = 100
"""Results that are read at a time."""


def durations(database: Database, workflow: str) -> dict[str, float]:
    """Return the median of each task's last good attempts, in seconds."""
    rows = database.read(
        lambda cursor: cursor.execute(
            "SELECT task_name, seconds FROM tasks WHERE workflow IN ('', ?) AND seconds <> '' ORDER BY workflow",
            (workflow,),
        ).fetchall()
    )
    return medians(rows)


def _forget_what_ran_since(cursor: sqlite3.Cursor, workflow: str) -> None:
    """Drop what a clear has put aside of tasks that are not cleared any more: that cannot be undone."""
    gone = """FROM cleared WHERE workflow = :flow AND task_name NOT IN
        (SELECT task_name FROM tasks WHERE workflow = :flow AND cleared)"""
    cursor.execute(f"DELETE FROM blobs WHERE id IN (SELECT blob {gone})", {"flow": workflow})  # noqa: S608
    cursor.execute(f"DELETE {gone}", {"flow": workflow})


def _free_places(cursor: sqlite3.Cursor) -> None:
    """Forget where a result stood that somebody else has deleted: the next one would come to stand there for both."""
    for table in ("tasks", "cleared"):
        cursor.execute(f"UPDATE {table} SET blob = NULL WHERE blob NOT IN (SELECT id FROM blobs)")  # noqa: S608


def _keep_young(cursor: sqlite3.Cursor, workflow: str, restored: Sequence[str], now: float) -> None:
    """Note that results are in use; once a day is enough for garbage collection, and spares most runs the writing."""
    old = cursor.execute(
        "SELECT task_name FROM tasks WHERE workflow = ? AND coalesce(used_at, 0) < ?", (workflow, now - _DAY)
    )
    mark(cursor, workflow, {name for (name,) in old}.intersection(restored), "used_at", now)
