"""A run of another process, read a little at a time while it goes on, and written nowhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from flowweaver.records import AttemptRecord, LogLine, TaskRecord
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_rows import ATTEMPT_KINDS, LINE_KINDS, RECORD_COLUMNS, is_sane, portions, records_of

__all__ = ["Changes", "RunTail"]

_MOST_LINES: Final = 10_000
"""Lines of an attempt that are read at once: the last ones."""

_State = tuple[str, int | None, int, int]
_Place = tuple[str, int]


class Changes(NamedTuple):
    """What has changed since it was asked before.

    Attributes:
        newest: number of the workflow's newest run.
        records: of the tasks whose state is another one, by name; without what made them.
        attempts: of these tasks in the run, by name, the first first, as far as they are written.
        lines: what each attempt has written since, by task and number: of those that go on or went on when it was asked
            before, and of those that failed since.
        lines_before: how many lines each of these attempts had written before those.
    """

    newest: int
    records: Mapping[str, TaskRecord]
    attempts: Mapping[str, Sequence[AttemptRecord]]
    lines: Mapping[_Place, Sequence[LogLine]]
    lines_before: Mapping[_Place, int]


class RunTail:
    """The end of what one run has written.

    Args:
        database: the state file.
        workflow: whose run it is.
        run_id: its number.
        records: what is known of the tasks already.
    """

    def __init__(self, database: Database, workflow: str, run_id: int, records: Mapping[str, TaskRecord]) -> None:
        self._db = database
        self._workflow = workflow
        self.run_id = run_id
        self._states: dict[str, _State] = {}
        self._written: dict[_Place, int] = {}
        self.skip_to(records)

    def skip_to(self, records: Mapping[str, TaskRecord]) -> None:
        """Take these records as known, and no longer what was read before; lines that were read stay read."""
        self._states = {
            name: (record.status.value, record.run_id, record.attempt, int(record.interrupted))
            for name, record in records.items()
        }

    def read(self) -> Changes:
        """Return what has changed.

        Raises:
            StateError: the state cannot be read.
        """
        changes, states, written = self._db.read(self._look)
        self._states, self._written = states, written
        return changes

    def _look(self, cursor: sqlite3.Cursor) -> tuple[Changes, dict[str, _State], dict[_Place, int]]:
        rows = cursor.execute(_STATES, (self._workflow,)).fetchall()
        states: dict[str, _State] = {row[0]: row[1:] for row in rows}
        changed = [name for name, state in states.items() if self._states.get(name) != state]
        records = {name: record for name, record in self._records(cursor, changed) if record is not None}
        attempts: dict[str, list[AttemptRecord]] = {}
        for row in self._of_run(cursor, _ATTEMPTS, changed):
            if is_sane(row, ATTEMPT_KINDS):
                attempts.setdefault(row[0], []).append(AttemptRecord(*row))
        lines, lines_before, written = self._lines(cursor, states, records, attempts)
        (newest,) = cursor.execute(_NEWEST, (self._workflow,)).fetchone()
        return Changes(newest or self.run_id, records, attempts, lines, lines_before), states, written

    def _records(self, cursor: sqlite3.Cursor, names: Sequence[str]) -> Iterator[tuple[str, TaskRecord | None]]:
        for some in portions(names):
            statement = _RECORDS.format(", ".join("?" * len(some)))
            rows = cursor.execute(statement, (self._workflow, *some)).fetchall()
            for row, record in zip(rows, records_of(rows, alive=True), strict=True):
                yield row[1], record

    def _of_run(self, cursor: sqlite3.Cursor, statement: str, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for some in portions(names):
            values = (self._workflow, self.run_id, *some)
            yield from cursor.execute(statement.format(", ".join("?" * len(some))), values).fetchall()

    def _lines(
        self,
        cursor: sqlite3.Cursor,
        states: Mapping[str, _State],
        records: Mapping[str, TaskRecord],
        attempts: Mapping[str, Sequence[AttemptRecord]],
    ) -> tuple[dict[_Place, list[LogLine]], dict[_Place, int], dict[_Place, int]]:
        open_now = {
            (name, attempt)
            for name, (status, run, attempt, _) in states.items()
            if status == "RUNNING" and run == self.run_id
        }
        # What a good attempt wrote is in the store, where it is looked for; what was told of earlier ones is known.
        failed = {
            (name, one.attempt)
            for name in records
            for one in attempts.get(name, ())
            if one.error and one.attempt > self._told_of(name)
        }
        lines: dict[_Place, list[LogLine]] = {}
        lines_before: dict[_Place, int] = {}
        written: dict[_Place, int] = {}
        for place in sorted(open_now | failed | self._written.keys()):
            before = self._written.get(place, 0)
            rows = cursor.execute(
                _LINES, {**self._run, "task": place[0], "attempt": place[1], "line": before}
            ).fetchall()
            found = [LogLine(*row[1:]) for row in reversed(rows) if is_sane(row[1:], LINE_KINDS)]
            if found:
                lines[place] = found
                lines_before[place] = rows[-1][0] - 1
            if place in open_now:
                written[place] = rows[0][0] if rows else before
        return lines, lines_before, written

    def _told_of(self, name: str) -> int:
        """Return the number of the last attempt in this run that was known when it was asked before."""
        _status, run, attempt, _interrupted = self._states.get(name, ("", None, 0, 0))
        return attempt if run == self.run_id else 0

    @property
    def _run(self) -> dict[str, Any]:
        return {"flow": self._workflow, "run": self.run_id}


_NEWEST: Final = "SELECT max(run_id) FROM runs WHERE workflow = ?"
_STATES: Final = "SELECT task_name, status, run_id, attempt, interrupted FROM tasks WHERE workflow = ?"
# What made a result takes most of the time to read, and is not told.
_COLUMNS: Final = ", ".join(
    "NULL" if column in ("code", "params", "inputs", "files") else column for column in RECORD_COLUMNS.split(", ")
)
_RECORDS: Final = f"SELECT {_COLUMNS} FROM tasks WHERE workflow = ? AND task_name IN ({{}})"  # noqa: S608
_ATTEMPTS: Final = """SELECT task_name, attempt, attempts.started_at, attempts.finished_at, attempts.outcome, error,
    traceback, runs.run_id FROM attempts JOIN runs ON runs.id = attempts.run
    WHERE runs.workflow = ? AND runs.run_id = ? AND task_name IN ({}) ORDER BY task_name, attempt"""
_LINES: Final = f"""SELECT line, task_name, attempt, time, stream, text FROM log_lines
    WHERE run = (SELECT id FROM runs WHERE workflow = :flow AND run_id = :run) AND task_name = :task
    AND attempt = :attempt AND line > :line ORDER BY line DESC LIMIT {_MOST_LINES}"""  # noqa: S608
