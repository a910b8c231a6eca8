"""State in one SQLite file: what a resumable workflow needs, and what the dashboard shows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flowweaver.errors import DefinitionError, shown
from flowweaver.status import TaskStatus
from flowweaver.stores.base import BaseStateStore, RunJournal, path_of_file
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_garbage import collector
from flowweaver.stores.sqlite_journal import SQLiteJournal
from flowweaver.stores.sqlite_states import clear_states, delete_state, list_states, load_state, save_state

if TYPE_CHECKING:
    from flowweaver.stores.sqlite_reader import SQLiteWorkflowState

__all__ = ["SQLiteStateStore"]


class SQLiteStateStore(BaseStateStore):
    """Keeps the state of any number of workflows in one SQLite file, and their large results in a folder beside it.

    The file is made at the first write, with its folders; the folder, named like the file with ``.results`` behind it,
    when a run has its first result of 128 KiB or more. Both belong together wherever they go. Its table ``tasks``
    can be queried by anybody: ``task_name``, ``status``, ``result`` (JSON), ``error``, ``timestamp``. A file of an
    earlier version becomes one of this version at the first write.

    Args:
        db_path: the file.
        enable_gc: delete what is older than ``gc_days`` when the file is opened for writing and no run holds it.
        gc_days: days that history is kept, and a task's record from when it was last written or reused.
        synchronous: "NORMAL" keeps everything when the process dies, "FULL" also when the power does.
        read_only: never write; for whoever only looks.
        clock: seconds since the epoch.

    Raises:
        DefinitionError: an argument makes no sense.
        StateError: the file is there and cannot be used: damaged, another program's, of a newer version, not readable.
    """

    def __init__(
        self,
        db_path: str | os.PathLike[str],
        enable_gc: bool = True,
        gc_days: float = 30,
        *,
        synchronous: str = "NORMAL",
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        path = path_of_file(db_path, "SQLiteStateStore")
        if path == ":memory:":
            raise DefinitionError("A state in memory is an InMemoryStateStore(), not a SQLite file")
        if isinstance(gc_days, bool) or not isinstance(gc_days, int | float) or not gc_days >= 0:
            raise DefinitionError(f"gc_days is a number of days, 0 or more, not {shown(gc_days)}")
        if synchronous not in ("NORMAL", "FULL"):
            raise DefinitionError(f'synchronous is "NORMAL" or "FULL", not {shown(synchronous)}')
        self.db_path = path
        self.enable_gc = bool(enable_gc)
        self.gc_days = gc_days
        self.synchronous = synchronous
        self.read_only = read_only
        self._db = Database(
            path,
            synchronous=synchronous,
            read_only=read_only,
            collect=collector(gc_days, clock) if enable_gc else None,
            clock=clock,
        )
        self._db.check()

    def __repr__(self) -> str:
        return f"SQLiteStateStore({self.db_path!r})"

    def save_task_state(
        self,
        task_name: str,
        status: TaskStatus,
        result: Any = None,
        error: BaseException | str | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Keep the state of a task; what was kept for it before is replaced.

        The record has no workflow yet: it belongs to the first that runs a task of this name.

        Raises:
            StateError: it could not be written.
        """
        save_state(self._db, None, task_name, status, result, error, timestamp)

    def load_task_state(self, task_name: str) -> dict[str, Any] | None:
        """Return what is kept for a task, or None; the newest if several workflows have one of this name.

        The dict has ``task_name, workflow, status, result, error, timestamp``, and ``not_kept`` with the reason if the
        task is done but its result is not to be had.

        Raises:
            StateError: it could not be read.
        """
        return load_state(self._db, None, task_name)

    def delete_task_state(self, task_name: str) -> None:
        """Forget a task, in every workflow.

        Raises:
            StateLockedError: a run goes on.
            StateError: it could not be written.
        """
        delete_state(self._db, None, task_name)

    def list_all_tasks(self) -> list[str]:
        """Return the name of every task that is kept, each once.

        Raises:
            StateError: it could not be read.
        """
        return list_states(self._db, None)

    def clear_all_states(self) -> None:
        """Forget every task of every workflow; the history of their runs stays.

        Raises:
            StateLockedError: a run goes on.
            StateError: it could not be written.
        """
        clear_states(self._db, None)

    def for_workflow(self, name: str) -> SQLiteWorkflowState:
        """Return the part of this file that belongs to one workflow, with its history."""
        from flowweaver.stores.sqlite_reader import SQLiteWorkflowState

        return SQLiteWorkflowState(self._db, name)

    def workflows(self) -> list[str]:
        """Return the name of every workflow that the file knows.

        Raises:
            StateError: it could not be read.
        """
        known = "SELECT workflow FROM tasks WHERE workflow <> '' UNION SELECT workflow FROM runs ORDER BY 1"
        return [name for (name,) in self._db.read(lambda cursor: cursor.execute(known).fetchall())]

    def open_journal(self, workflow: str) -> RunJournal:
        """Return a journal for one run of a workflow.

        Raises:
            StateLockedError: another run of that workflow holds this state.
            StateError: the state cannot be used.
        """
        return SQLiteJournal(self._db, workflow)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed. Without this it is closed when the store is gone."""
        self._db.close()
