"""The five methods of a state store over a state file, for one workflow or, without one, for all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from flowweaver.errors import StateLockedError, describe_exception
from flowweaver.records import TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores import codec
from flowweaver.stores.lock import holder_of
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_journal import workflow_lock
from flowweaver.stores.sqlite_rows import LIVE, RESULT_COLUMNS, adopt, load, open_result
from flowweaver.stores.sqlite_steps import whole_record
from flowweaver.stores.text import iso, plain, seconds_from, shown_time

__all__ = ["clear_states", "delete_state", "is_alive", "list_states", "load_state", "save_state", "undisturbed"]


def is_alive(database: Database, workflow: str) -> bool:
    """Tell whether a run of the workflow goes on."""
    return holder_of(workflow_lock(database, workflow).path) is not None


@contextmanager
def undisturbed(database: Database, workflow: str | None) -> Iterator[None]:
    """Hold a workflow, or without one the whole file, so that no run goes on in it.

    Raises:
        StateLockedError: one does.
        StateError: the file cannot be used.
    """
    database.check_writable()
    lock = database.file_lock() if workflow is None else workflow_lock(database, workflow)
    what = database.shown if workflow is None else f"{database.shown} (workflow {workflow!r})"
    try:
        lock.acquire(what=what)
    except StateLockedError as refused:
        if workflow is None and refused.holder is None:
            raise _name_the_run(database, refused) from None
        raise
    try:
        database.hold(alone=True if workflow is None else None)
        try:
            yield
        finally:
            database.let_go()
    finally:
        lock.release()


def _name_the_run(database: Database, refused: StateLockedError) -> StateLockedError:
    for (workflow,) in database.read(lambda cursor: cursor.execute("SELECT DISTINCT workflow FROM runs").fetchall()):
        holder = holder_of(workflow_lock(database, workflow).path)
        if holder is not None:
            return StateLockedError(
                f"{database.shown} is in use by {holder.name} since {holder.time()} (workflow {workflow!r})",
                path=refused.path,
                holder=f"{holder.name}, since {holder.time()}",
            )
    return refused


def save_state(
    database: Database,
    workflow: str | None,
    task_name: str,
    status: TaskStatus,
    result: Any,
    error: BaseException | str | None,
    timestamp: datetime | str | None,
) -> None:
    """Keep the state of a task by hand. A result that cannot be kept is no error: it will not be there."""
    now = database.clock()
    text = iso(now) if timestamp is None else timestamp if isinstance(timestamp, str) else timestamp.isoformat()
    used_at = seconds_from(text)
    status, has_value = TaskStatus(status), result is not None
    record = TaskRecord(
        task_name,
        status,
        now,
        value=codec.encode(result) if has_value or status is TaskStatus.COMPLETED else None,
        error=plain(describe_exception(error) if isinstance(error, BaseException) else error),
    )
    owner = workflow or ""
    used_at = now if used_at is None else used_at
    steps = whole_record(record, workflow=owner, timestamp=text, used_at=used_at, seconds="")

    def work(cursor: sqlite3.Cursor) -> None:
        if owner:
            adopt(cursor, owner, [task_name])
        for statement, rows in steps:
            cursor.executemany(statement, rows)

    database.write(work)


_STATE: Final = f"SELECT workflow, error, timestamp, {RESULT_COLUMNS} FROM tasks WHERE task_name = ? AND NOT cleared"  # noqa: S608


def load_state(database: Database, workflow: str | None, task_name: str) -> dict[str, Any] | None:
    """Return what is kept of a task: the workflow's own, or the newest of all."""

    def fetch(cursor: sqlite3.Cursor) -> tuple[Any, ...] | None:
        if workflow is None:
            rows = cursor.execute(_STATE, (task_name,)).fetchall()
        else:
            own = "AND workflow IN ('', ?) ORDER BY workflow DESC LIMIT 1"
            rows = cursor.execute(f"{_STATE} {own}", (task_name, workflow)).fetchall()
        return max(rows, key=lambda row: seconds_from(row[2]) or 0.0, default=None)

    found, result, reason = load(database, fetch, lambda row: open_result(row and row[3:], database.results))
    if found is None:
        return None
    owner, error, timestamp, status_text = found[:4]
    try:
        status = TaskStatus(status_text)
    except ValueError:
        return None
    if status.value in LIVE and not is_alive(database, owner):
        status = TaskStatus.PENDING
    state = {
        "task_name": task_name,
        "workflow": owner or None,
        "status": status,
        "result": result,
        "error": error,
        "timestamp": shown_time(timestamp),
    }
    if reason is not None and status is TaskStatus.COMPLETED:
        state["not_kept"] = str(reason)
    return state


def delete_state(database: Database, workflow: str | None, task_name: str) -> None:
    """Forget a task: the workflow's own, or else the one without a workflow; without a workflow, all of that name."""
    if workflow is None:
        _delete(database, None, "task_name = ?", (task_name,))
    else:
        owner = "SELECT max(workflow) FROM tasks WHERE task_name = ? AND workflow IN ('', ?)"
        _delete(database, workflow, f"task_name = ? AND workflow = ({owner})", (task_name, task_name, workflow))


def clear_states(database: Database, workflow: str | None) -> None:
    """Forget every task, of one workflow or of all."""
    if workflow is None:
        _delete(database, None, "1", ())
    else:
        _delete(database, workflow, "workflow = ?", (workflow,))


def _delete(database: Database, workflow: str | None, which: str, values: tuple[str, ...]) -> None:
    if not database.file.exists():
        return

    def work(cursor: sqlite3.Cursor) -> None:
        for table in ("cleared", "tasks"):
            chosen = f"FROM {table} WHERE {which}"
            cursor.execute(f"DELETE FROM blobs WHERE id IN (SELECT blob {chosen})", values)  # noqa: S608
            cursor.execute(f"DELETE {chosen}", values)

    with undisturbed(database, workflow):
        database.write(work)


def list_states(database: Database, workflow: str | None) -> list[str]:
    """Return the name of every task of which something is kept, each once, in the order in which they came."""
    which, values = ("", ()) if workflow is None else ("AND workflow IN ('', ?)", (workflow,))
    order = f"SELECT task_name FROM tasks WHERE NOT cleared {which} GROUP BY task_name ORDER BY min(id)"  # noqa: S608
    return [name for (name,) in database.read(lambda cursor: cursor.execute(order, values).fetchall())]
