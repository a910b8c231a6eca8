"""What is stored of one workflow: the scoped view that executors, the dashboard and the commands use."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from flowweaver.records import AttemptRecord, LogLine, RunRecord, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.base import BaseStateStore, RunJournal
from flowweaver.stores.lock import holder_of
from flowweaver.stores.sqlite_clear import forget, restorable, restore
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_follow import RunTail
from flowweaver.stores.sqlite_journal import SQLiteJournal, durations, workflow_lock
from flowweaver.stores.sqlite_rows import (
    ATTEMPT_KINDS,
    GOING_ON_KINDS,
    LINE_KINDS,
    RECORD_COLUMNS,
    RUN_KINDS,
    is_sane,
    load_result,
    records_of,
)
from flowweaver.stores.sqlite_settle import counts_so_far
from flowweaver.stores.sqlite_states import clear_states, delete_state, list_states, load_state, save_state
from flowweaver.stores.sqlite_version import DataVersion

__all__ = ["SQLiteWorkflowState"]


class SQLiteWorkflowState(BaseStateStore):
    """One workflow's part of a state file: the five methods, and its history for whoever shows it.

    Reading works beside a run that goes on, in this process or another, and never waits for it.
    """

    def __init__(self, database: Database, workflow: str) -> None:
        self._db = database
        self._workflow = workflow

    # -- the five methods -------------------------------------------------------------------------------------------

    def save_task_state(
        self,
        task_name: str,
        status: TaskStatus,
        result: Any = None,
        error: BaseException | str | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Keep the state of a task; what was kept for it before is replaced."""
        save_state(self._db, self._workflow, task_name, status, result, error, timestamp)

    def load_task_state(self, task_name: str) -> dict[str, Any] | None:
        """Return what is kept for a task, or None."""
        return load_state(self._db, self._workflow, task_name)

    def delete_task_state(self, task_name: str) -> None:
        """Forget a task."""
        delete_state(self._db, self._workflow, task_name)

    def list_all_tasks(self) -> list[str]:
        """Return the name of every task that is kept, and of those without a workflow that it would take over."""
        return list_states(self._db, self._workflow)

    def clear_all_states(self) -> None:
        """Forget every task of the workflow."""
        clear_states(self._db, self._workflow)

    def for_workflow(self, name: str) -> BaseStateStore:
        """Return the part of the same file that belongs to another workflow."""
        return SQLiteWorkflowState(self._db, name)

    def open_journal(self, workflow: str) -> RunJournal:
        """Return a journal for one run of a workflow."""
        return SQLiteJournal(self._db, workflow)

    # -- what is known now ------------------------------------------------------------------------------------------

    def records(self) -> dict[str, TaskRecord]:
        """Return the latest record of every task, as a run that starts now would find it.

        A large result whose file is gone is not kept; whether the others can be read is not looked at.

        Raises:
            StateError: the state cannot be read.
        """
        rows = self._select(_RECORDS, (self._workflow,))
        found = records_of(rows, alive=self._alive())
        records = {row[1]: record for row, record in zip(rows, found, strict=True) if record is not None}
        files = self._select(_FILES, (self._workflow,))
        there = self._db.results.listed() if files else set()
        for name, number in files:
            if number not in there and name in records:
                records[name] = records[name]._replace(not_kept="its file is gone")
        return records

    def load_result(self, task_name: str) -> Any:
        """Return the stored result of a task.

        Raises:
            ResultUnavailable: it cannot be had.
            StateError: the state cannot be read.
        """
        return load_result(self._db, self._workflow, task_name)

    def durations(self) -> dict[str, float]:
        """Return the median of each task's last five good attempts, in seconds."""
        return durations(self._db, self._workflow)

    def holder(self) -> str | None:
        """Return who runs the workflow now ("process 4711 on lab-3, since 10:02"), None if nobody does."""
        holder = holder_of(workflow_lock(self._db, self._workflow).path)
        return None if holder is None else f"{holder.name}, since {holder.time()}"

    def running_in(self) -> str | None:
        """Return the process that runs the workflow now ("process 4711 on lab-3"), None if none does.

        Whoever holds the workflow may also only clear it, or be about to begin a run.

        Raises:
            StateError: the state cannot be read.
        """
        holder = holder_of(workflow_lock(self._db, self._workflow).path)
        if holder is None:
            return None
        begun = self._select(_BEGUN, (self._workflow,))
        return holder.name if begun and begun[0][0] in (None, holder.name) else None

    def version(self) -> DataVersion:
        """Return what tells whether the file has changed."""
        return DataVersion(self._db.file)

    def tail(self, run_id: int, records: Mapping[str, TaskRecord]) -> RunTail:
        """Return what reads on in a run of another process.

        Args:
            run_id: the run.
            records: what is known of the tasks already.
        """
        return RunTail(self._db, self._workflow, run_id, records)

    # -- history ----------------------------------------------------------------------------------------------------

    def runs(self, limit: int = 50) -> list[RunRecord]:
        """Return the latest runs, newest first.

        Raises:
            StateError: the state cannot be read.
        """
        rows = [row for row in self._select(_RUNS, (self._workflow, limit)) if is_sane(row, RUN_KINDS)]
        alive = self._alive()
        runs = [_run_of(row, alive=alive and place == 0) for place, row in enumerate(rows)]
        if all(run.outcome is None or run.finished_at is not None for run in runs):
            return runs
        until = dict(self._select(_KNOWN_UNTIL, {"flow": self._workflow}))
        return [self._of_died(run, until) if run.outcome == "interrupted" else run for run in runs]

    def _of_died(self, run: RunRecord, until: Mapping[int, float]) -> RunRecord:
        if run.finished_at is not None:
            return run
        # Until somebody runs the workflow again, its counts are not written down.
        counts = run.counts or self._db.read(lambda cursor: counts_so_far(cursor, self._workflow, run.run_id))
        return run._replace(counts=counts, known_until=until.get(run.run_id))

    def attempts(self, task_name: str | None = None, run_id: int | None = None) -> list[AttemptRecord]:
        """Return attempts in the order in which they began, those that go on included.

        Args:
            task_name: of one task only.
            run_id: of one run only.

        Raises:
            StateError: the state cannot be read.
        """
        narrowing = _where({"task_name = ?": task_name, "runs.run_id = ?": run_id})
        values = tuple(value for value in (task_name, run_id) if value is not None)
        rows = self._select(_ATTEMPTS.format(narrowing), (self._workflow, *values))
        going_on = [row for row in self._select(_GOING_ON, {"flow": self._workflow}) if is_sane(row, GOING_ON_KINDS)]
        found = {}
        for row in rows:
            if is_sane(row, ATTEMPT_KINDS):
                one = AttemptRecord(*row)
                found[one.run_id, one.task_name, one.attempt] = one
        outcome = None if self._alive() else "interrupted"
        for name, attempt, started_at, finished_at, run in going_on:
            key = run, name, attempt
            if task_name in (None, name) and run_id in (None, run) and (key not in found or not found[key].outcome):
                how = outcome if finished_at is None else "completed"
                found[key] = AttemptRecord(name, attempt, started_at, finished_at, how, run_id=run)
        return sorted(
            found.values(), key=lambda one: (one.run_id or 0, one.finished_at is None, one.started_at, one.attempt)
        )

    def log(self, task_name: str, run_id: int | None = None, attempt: int | None = None) -> list[LogLine]:
        """Return what an attempt wrote; by default the attempt whose result or error is recorded.

        Args:
            task_name: the task.
            run_id: the run, by default that of the record.
            attempt: by default that of the record, or the last of the run.

        Raises:
            StateError: the state cannot be read.
        """

        def work(cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
            run, number = run_id, attempt
            if run is None:
                found = cursor.execute(_RECORDED, (task_name, self._workflow)).fetchone()
                if found is None:
                    return []
                run, number = found[0], attempt or found[1]
            if number is None:
                (number,) = cursor.execute(_LAST_ATTEMPT, (self._workflow, run, task_name)).fetchone()
            return cursor.execute(_LOG, (self._workflow, run, task_name, number)).fetchall()

        return [LogLine(*row) for row in self._db.read(work) if is_sane(row, LINE_KINDS)]

    # -- clearing ---------------------------------------------------------------------------------------------------

    def forget(self, names: Iterable[str]) -> list[str]:
        """Forget the state and result of tasks, so that ``restore`` can bring them back until they run again.

        Returns:
            Those that had something to forget.

        Raises:
            StateLockedError: a run of the workflow goes on.
            StateError: the state cannot be written.
        """
        return forget(self._db, self._workflow, names)

    def restore(self) -> list[str]:
        """Undo the last ``forget`` that can be undone; return the tasks that are back.

        Raises:
            StateLockedError: a run of the workflow goes on.
            StateError: the state cannot be written.
        """
        return restore(self._db, self._workflow)

    def restorable(self) -> list[str]:
        """Return the tasks that ``restore`` would bring back: those of the last ``forget`` that have not run since."""
        return restorable(self._db, self._workflow)

    def _select(self, statement: str, values: tuple[Any, ...] | dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._db.read(lambda cursor: cursor.execute(statement, values).fetchall())

    def _alive(self) -> bool:
        return self.running_in() is not None


_FILES: Final = """SELECT task_name, data FROM tasks JOIN blobs ON blobs.id = tasks.blob
    WHERE workflow = ? AND typeof(data) = 'integer'"""
_RECORDS: Final = f"SELECT {RECORD_COLUMNS} FROM tasks WHERE workflow IN ('', ?) ORDER BY workflow, id"  # noqa: S608
_RUNS: Final = """SELECT run_id, workflow, started_at, finished_at, outcome, failed_task, holder, params, counts,
    unfinished FROM runs WHERE workflow = ? ORDER BY run_id DESC LIMIT ?"""
_BEGUN: Final = "SELECT holder FROM runs WHERE workflow = ? AND outcome IS NULL ORDER BY run_id DESC LIMIT 1"
_KNOWN_UNTIL: Final = """SELECT run_id, max(moment) FROM (
    SELECT runs.run_id, coalesce(attempts.finished_at, attempts.started_at) AS moment
    FROM runs JOIN attempts ON attempts.run = runs.id WHERE runs.workflow = :flow AND runs.finished_at IS NULL
    UNION ALL SELECT run_id, coalesce(finished_at, started_at) FROM tasks WHERE workflow = :flow
    AND run_id IN (SELECT run_id FROM runs WHERE workflow = :flow AND finished_at IS NULL)
    ) WHERE typeof(moment) = 'real' AND moment BETWEEN 0 AND 1e12 GROUP BY run_id"""
_ATTEMPTS: Final = """SELECT task_name, attempt, attempts.started_at, attempts.finished_at, attempts.outcome, error,
    traceback, runs.run_id FROM attempts JOIN runs ON runs.id = attempts.run
    WHERE runs.workflow = ? {} ORDER BY run, attempts.started_at, attempt"""
_OPEN_RUN: Final = "SELECT run_id FROM runs WHERE workflow = :flow AND outcome IS NULL"
# Rows of attempts that go on are not there yet, nor are those of good ones while their run goes on.
_GOING_ON: Final = f"""SELECT task_name, attempt, started_at, finished_at, run_id FROM tasks
    WHERE workflow = :flow
    AND (status = 'RUNNING' OR status = 'COMPLETED' AND run_id IN ({_OPEN_RUN})) ORDER BY started_at"""  # noqa: S608
_RECORDED: Final = """SELECT run_id, attempt FROM tasks WHERE task_name = ? AND workflow IN ('', ?)
    AND run_id IS NOT NULL ORDER BY workflow DESC LIMIT 1"""
_OF_RUN: Final = "run = (SELECT id FROM runs WHERE workflow = ? AND run_id = ?) AND task_name = ?"
_LAST_ATTEMPT: Final = f"SELECT max(attempt) FROM log_lines WHERE {_OF_RUN}"  # noqa: S608
_LOG: Final = (
    f"SELECT task_name, attempt, time, stream, text FROM log_lines WHERE {_OF_RUN} AND attempt = ? ORDER BY line"  # noqa: S608
)


def _where(conditions: Mapping[str, Any]) -> str:
    return "".join(f" AND {condition}" for condition, value in conditions.items() if value is not None)


def _run_of(row: tuple[Any, ...], *, alive: bool) -> RunRecord:
    run_id, workflow, started_at, finished_at, outcome, failed_task, holder, params, counts, unfinished = row
    dead = outcome is None and not alive
    return RunRecord(
        run_id=run_id,
        workflow=workflow,
        started_at=started_at,
        finished_at=finished_at,
        outcome="interrupted" if dead else outcome,
        failed_task=failed_task,
        holder=holder,
        params=_object(params, str),
        counts=_object(counts, int),
        unfinished=bool(unfinished) and (dead or outcome is not None),
    )


def _object(text: Any, kind: Callable[[Any], Any]) -> dict[str, Any]:
    try:
        return {str(name): kind(value) for name, value in json.loads(text or "{}").items()}
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return {}
