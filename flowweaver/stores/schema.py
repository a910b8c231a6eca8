"""The tables of a state file, how a file is known to be ours, and how the files of earlier versions become one.

``tasks`` is what users query themselves: ``task_name, status, result, error, timestamp`` mean what they always did.
``result`` is the last column because it may be long: whoever reads only what stands before it never touches its pages.
``blobs`` has what is longer, and of what is too long for that, as an integer, the number of its file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from enum import Enum
from functools import cache
from typing import Final

__all__ = ["TASK_COLUMNS", "Foreign", "Kind", "create", "migrate", "recognise"]

APPLICATION_ID: Final = 0x464C5756
"""Marks a file as a state of FlowWeaver ("FLWV")."""

VERSION: Final = 1

_TASK_COLUMNS: Final = """
    workflow TEXT NOT NULL DEFAULT '',
    task_name TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    timestamp DATETIME NOT NULL,
    run_id INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,
    started_at REAL,
    finished_at REAL,
    duration REAL,
    code TEXT,
    params TEXT,
    inputs TEXT,
    files TEXT,
    encoding TEXT,
    digest TEXT,
    size INTEGER NOT NULL DEFAULT 0,
    summary TEXT NOT NULL DEFAULT '',
    not_kept TEXT,
    cleared INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    timed_out INTEGER NOT NULL DEFAULT 0,
    redo INTEGER NOT NULL DEFAULT 0,
    skipped_because TEXT,
    seconds TEXT NOT NULL DEFAULT '',
    used_at REAL,
    blob INTEGER,
    result TEXT
"""

TASK_COLUMNS: Final = tuple(line.split()[0] for line in _TASK_COLUMNS.strip().splitlines())

_TABLES: Final = {
    "tasks": f"CREATE TABLE tasks (id INTEGER PRIMARY KEY, {_TASK_COLUMNS}, UNIQUE (workflow, task_name))",
    "runs": """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        workflow TEXT NOT NULL,
        run_id INTEGER NOT NULL,
        started_at REAL NOT NULL,
        finished_at REAL,
        outcome TEXT,
        failed_task TEXT,
        holder TEXT,
        params TEXT,
        counts TEXT,
        unfinished INTEGER NOT NULL DEFAULT 1,
        UNIQUE (workflow, run_id)
    )""",
    "attempts": """CREATE TABLE attempts (
        run INTEGER NOT NULL REFERENCES runs (id),
        task_name TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        started_at REAL NOT NULL,
        finished_at REAL,
        outcome TEXT,
        error TEXT,
        traceback TEXT,
        PRIMARY KEY (run, task_name, attempt)
    ) WITHOUT ROWID""",
    "log_lines": """CREATE TABLE log_lines (
        run INTEGER NOT NULL REFERENCES runs (id),
        task_name TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        line INTEGER NOT NULL,
        time REAL NOT NULL,
        stream TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (run, task_name, attempt, line)
    ) WITHOUT ROWID""",
    "blobs": "CREATE TABLE blobs (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "cleared": f"CREATE TABLE cleared (batch INTEGER NOT NULL, cleared_at REAL NOT NULL, {_TASK_COLUMNS})",
}
_INDEX: Final = "CREATE INDEX idx_timestamp ON tasks (timestamp)"

_REFERENCE_COLUMNS: Final = frozenset({"task_name", "status", "result", "error", "timestamp"})
_PUBLISHED: Final = "task_states"


class Kind(Enum):
    """Whose file it is."""

    EMPTY = "no tables yet"
    CURRENT = "ours"
    EARLIER = "ours, of an earlier version"


class Foreign(Exception):
    """Another program's file, or one of a version to come. The text says which, without the file's name."""


def recognise(connection: sqlite3.Connection) -> Kind:
    """Tell whose file it is. Reads only.

    Raises:
        Foreign: it cannot be used.
        sqlite3.Error: it cannot be read.
    """
    version = _pragma(connection, "user_version")
    mark = _pragma(connection, "application_id")
    things = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    tables = {name: made_by for kind, name, made_by in things if kind == "table"}
    if any(kind == "trigger" for kind, _, _ in things):
        raise Foreign("has a trigger, which would run whenever a state is written")
    if mark == APPLICATION_ID:
        if version > VERSION:
            raise Foreign(
                f"was written by a newer version of flowweaver (its schema is {version}, this one knows {VERSION})"
            )
        _check_columns(connection, tables)
        return Kind.CURRENT
    if mark == 0 and version == 0:
        names = {name for name in tables if not name.startswith("sqlite_")}
        if not names and not any(kind == "view" for kind, _, _ in things):
            return Kind.EMPTY
        if _is_earlier(connection, names):
            return Kind.EARLIER
    raise Foreign("is another program's database")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _table_columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the names of a table's columns; none if there is no such table."""
    return {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _check_columns(connection: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    for table, statement in _TABLES.items():
        if table not in tables:
            raise Foreign(f"is damaged: it has no table {table}")
        if tables[table] == statement:
            continue  # made by this very version
        lacking = _own_columns()[table] - _table_columns(connection, table)
        if lacking:
            raise Foreign(f"is damaged: its table {table} has no column {min(lacking)}")


@cache
def _own_columns() -> dict[str, frozenset[str]]:
    """Return the columns of each table that this version makes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        create(memory)
        return {table: frozenset(_table_columns(memory, table)) for table in _TABLES}


def _is_earlier(connection: sqlite3.Connection, tables: set[str]) -> bool:
    """Tell a file of the reference's schema or of 0.2.x from another program's that has a table of the same name."""
    known = False
    if "tasks" in tables:
        if _table_columns(connection, "tasks") != _REFERENCE_COLUMNS:
            return False
        known = True
    if _PUBLISHED in tables:
        if not _table_columns(connection, _PUBLISHED) >= _REFERENCE_COLUMNS:
            return False
        known = True
    return known and tables.isdisjoint(_TABLES.keys() - {"tasks"})


def create(connection: sqlite3.Connection) -> None:
    """Make the tables, within a transaction of the caller's."""
    for statement in (*_TABLES.values(), _INDEX):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def migrate(connection: sqlite3.Connection, now: float) -> None:
    """Make an earlier file one of ours, within a transaction of the caller's.

    Every row is kept, known or not; rows count as used now. 0.2.x kept a result that was false (0, "", [] ...) like
    none at all, so such a task has to run again.

    Args:
        connection: in a transaction.
        now: seconds since the epoch.
    """
    before = {table for table in ("tasks", _PUBLISHED) if _table_columns(connection, table)}
    if "tasks" in before:
        connection.execute("ALTER TABLE tasks RENAME TO tasks_before")
        connection.execute("DROP INDEX IF EXISTS idx_timestamp")
    create(connection)
    if "tasks" in before:
        _copy(connection, "tasks_before", now, lost="NULL")
        connection.execute("DROP TABLE tasks_before")
    if _PUBLISHED in before:
        lost = "CASE WHEN result IS NULL AND upper(status) = 'COMPLETED' THEN 'not kept by version 0.2' END"
        _copy(connection, _PUBLISHED, now, lost=lost)
        connection.execute(f"DROP TABLE {_PUBLISHED}")


_STATES: Final = "'PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'RETRYING', 'SKIPPED'"


def _copy(connection: sqlite3.Connection, table: str, now: float, *, lost: str) -> None:
    kept = f"upper(status) = 'COMPLETED' AND {lost} IS NULL"
    state = f"CASE WHEN upper(status) IN ({_STATES}) THEN upper(status) END"
    connection.execute(
        f"""INSERT OR IGNORE INTO tasks
        (task_name, status, error, timestamp, encoding, size, not_kept, used_at, result)
        SELECT coalesce(task_name, ''), coalesce({state}, status, ''), error, coalesce(timestamp, ''),
               CASE WHEN {kept} THEN 'json' END, coalesce(length(CAST(result AS BLOB)), 0), {lost}, ?,
               CASE WHEN {kept} THEN coalesce(result, 'null') ELSE result END
        FROM {table} ORDER BY rowid""",  # noqa: S608 - our own names
        (now,),
    )
