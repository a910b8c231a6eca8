"""Forgetting tasks in a way that can be undone until they run again: the rows are put aside, not deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from flowweaver.stores.schema import TASK_COLUMNS
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_rows import adopt
from flowweaver.stores.sqlite_settle import attempts_from_tasks
from flowweaver.stores.sqlite_states import undisturbed
from flowweaver.stores.text import iso

__all__ = ["forget", "restorable", "restore"]

_COLUMNS: Final = ", ".join(TASK_COLUMNS)

_PUT_ASIDE: Final = f"""INSERT INTO cleared (batch, cleared_at, {_COLUMNS})
    SELECT ?, ?, {_COLUMNS} FROM tasks WHERE workflow = ? AND task_name = ? AND NOT cleared
    AND (status <> 'PENDING' OR interrupted OR encoding IS NOT NULL OR error IS NOT NULL)"""  # noqa: S608

_EMPTY: Final = """UPDATE tasks SET cleared = 1, status = 'PENDING', timestamp = ?, error = NULL, run_id = NULL,
    attempt = 0, started_at = NULL, finished_at = NULL, duration = NULL, code = NULL, params = NULL, inputs = NULL,
    files = NULL, encoding = NULL, digest = NULL, size = 0, summary = '', not_kept = NULL, interrupted = 0,
    timed_out = 0, redo = 0, skipped_because = NULL, blob = NULL, result = NULL WHERE workflow = ? AND task_name = ?"""

_STILL_CLEARED: Final = """FROM cleared WHERE workflow = :flow AND task_name IN
    (SELECT task_name FROM tasks WHERE workflow = :flow AND cleared)"""


def forget(database: Database, workflow: str, names: Iterable[str]) -> list[str]:
    """Put the rows of tasks aside; return those that had something to forget."""
    wanted = list(dict.fromkeys(names))
    if not wanted or not database.file.exists():
        return []

    def work(cursor: sqlite3.Cursor) -> list[str]:
        adopt(cursor, workflow, wanted)
        cursor.executemany(*attempts_from_tasks(workflow))
        (batch,) = cursor.execute("SELECT coalesce(max(batch), 0) + 1 FROM cleared").fetchone()
        now = database.clock()
        forgotten = []
        for name in wanted:
            cursor.execute(_PUT_ASIDE, (batch, now, workflow, name))
            if cursor.rowcount > 0:
                cursor.execute(_EMPTY, (iso(now), workflow, name))
                forgotten.append(name)
        return forgotten

    with undisturbed(database, workflow):
        return database.write(work)


def restore(database: Database, workflow: str) -> list[str]:
    """Bring back what the last ``forget`` put aside, except what has run since; return the tasks that are back."""
    if not database.file.exists():
        return []

    def work(cursor: sqlite3.Cursor) -> list[str]:
        batch, names = _last(cursor, workflow)
        for name in names:
            cursor.execute("DELETE FROM tasks WHERE workflow = ? AND task_name = ?", (workflow, name))
            cursor.execute(
                f"""INSERT INTO tasks ({_COLUMNS}) SELECT {_COLUMNS} FROM cleared
                WHERE batch = ? AND workflow = ? AND task_name = ?""",  # noqa: S608
                (batch, workflow, name),
            )
            cursor.execute(
                "DELETE FROM cleared WHERE batch = ? AND workflow = ? AND task_name = ?", (batch, workflow, name)
            )
        return names

    with undisturbed(database, workflow):
        return database.write(work)


def restorable(database: Database, workflow: str) -> list[str]:
    """Return the tasks that ``restore`` would bring back."""
    return database.read(lambda cursor: _last(cursor, workflow)[1])


def _last(cursor: sqlite3.Cursor, workflow: str) -> tuple[int, list[str]]:
    (batch,) = cursor.execute(f"SELECT max(batch) {_STILL_CLEARED}", {"flow": workflow}).fetchone()
    if batch is None:
        return 0, []
    names = f"SELECT task_name {_STILL_CLEARED} AND batch = :batch ORDER BY rowid"
    found = cursor.execute(names, {"flow": workflow, "batch": batch})
    return batch, [name for (name,) in found]
