"""What a state file may let go of: history that is old, and the records of tasks that nobody used for as long."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from flowweaver.stores.sqlite_rows import RECORD_COLUMNS
from flowweaver.stores.text import seconds_from

__all__ = ["collector"]

_DAY: Final = 86_400.0


def collector(days: float, clock: Callable[[], float]) -> Callable[[sqlite3.Cursor], None]:
    """Return what deletes everything that is older than so many days."""
    return lambda cursor: _collect(cursor, clock(), days * _DAY)


def _collect(cursor: sqlite3.Cursor, now: float, age: float) -> None:
    limit, before = now - age, cursor.connection.total_changes
    _date_rows_of_others(cursor, now)
    # A workflow's last run stays, so that its next one has the next number.
    old_runs = """SELECT id FROM runs WHERE started_at < ?
        AND run_id < (SELECT max(run_id) FROM runs AS newest WHERE newest.workflow = runs.workflow)"""
    for table in ("log_lines", "attempts"):
        cursor.execute(f"DELETE FROM {table} WHERE run IN ({old_runs})", (limit,))  # noqa: S608
    cursor.execute(f"DELETE FROM runs WHERE id IN ({old_runs})", (limit,))  # noqa: S608
    cursor.execute("DELETE FROM tasks WHERE used_at < ?", (limit,))
    cursor.execute("DELETE FROM cleared WHERE cleared_at < ?", (limit,))
    cursor.execute(
        """DELETE FROM blobs WHERE id NOT IN
        (SELECT blob FROM tasks WHERE blob IS NOT NULL UNION SELECT blob FROM cleared WHERE blob IS NOT NULL)"""
    )
    if cursor.connection.total_changes > before:
        # A file that a run would refuse stays as it is: what cannot be read undoes all of this.
        cursor.execute(f"SELECT {RECORD_COLUMNS} FROM tasks").fetchall()  # noqa: S608


def _date_rows_of_others(cursor: sqlite3.Cursor, now: float) -> None:
    """Rows that a user's own SQL wrote count from their timestamp, or from now if it cannot be read."""
    found = cursor.execute("SELECT id, timestamp FROM tasks WHERE used_at IS NULL").fetchall()
    dated = []
    for number, timestamp in found:
        seconds = seconds_from(timestamp)
        dated.append((now if seconds is None else seconds, number))
    cursor.executemany("UPDATE tasks SET used_at = ? WHERE id = ?", dated)
