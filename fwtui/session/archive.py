"""What is stored of a session's workflow: read without making or changing anything, written only to clear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flowweaver.records import AttemptRecord, LogLine, RunRecord, TaskRecord
from fwtui.session.project import Project, make_state_folder

if TYPE_CHECKING:
    from flowweaver.stores.sqlite import SQLiteStateStore
    from flowweaver.stores.sqlite_reader import SQLiteWorkflowState

__all__ = ["Archive", "attempts_behind", "known_tasks", "open_store"]

_DAY = 86_400.0
_RUNS_BEHIND = 50
"""Runs whose attempts are in a picture: results that are reused may come from as many."""
_EVERY = -1
"""SQLite's word for no limit."""


def open_store(project: Project) -> SQLiteStateStore:
    """Return the store of a project, for writing; its folder is made if need be.

    Raises:
        StateError: the state cannot be used.
    """
    from flowweaver.stores.sqlite import SQLiteStateStore

    make_state_folder(project)
    return SQLiteStateStore(project.state)


def known_tasks(project: Project) -> list[str]:
    """Return the names of all tasks that a state knows, of whatever workflow. Nothing is imported or made.

    Raises:
        StateError: the state cannot be used.
    """
    if not project.has_state:
        return []
    from flowweaver.stores.sqlite import SQLiteStateStore

    return SQLiteStateStore(project.state, read_only=True).list_all_tasks()


class Archive:
    """The state of a project, for looking. All methods raise StateError where it cannot be used."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._store: SQLiteStateStore | None = None

    def of(self, workflow: str) -> SQLiteWorkflowState | None:
        """Return what is stored of a workflow; None if nothing is stored at all."""
        if self._store is None:
            if not self._project.has_state:
                return None  # nothing is imported or made for a state that is not there yet
            from flowweaver.stores.sqlite import SQLiteStateStore

            self._store = SQLiteStateStore(self._project.state, read_only=True)
        return self._store.for_workflow(workflow)

    def keeps(self) -> float | None:
        """Return the seconds after which what nobody used is forgotten before a run begins; None for never."""
        store = self._store
        return store.gc_days * _DAY if store is not None and store.enable_gc else None

    def last_run(self, workflow: str) -> RunRecord | None:
        """Return the latest run, None if there was none."""
        state = self.of(workflow)
        runs = [] if state is None else state.runs(1)
        return runs[0] if runs else None

    def runs(self, workflow: str, limit: int | None = None) -> list[RunRecord]:
        """Return the latest runs, the newest first; all without a limit."""
        state = self.of(workflow)
        return [] if state is None else state.runs(_EVERY if limit is None else limit)

    def attempts(self, workflow: str, task: str, run_id: int | None = None) -> list[AttemptRecord]:
        """Return the attempts of a task in a run, or in all of them, the first first."""
        state = self.of(workflow)
        return [] if state is None else state.attempts(task, run_id)

    def attempts_of_run(self, workflow: str, run_id: int) -> list[AttemptRecord]:
        """Return all attempts of a run, in the order in which they began."""
        state = self.of(workflow)
        return [] if state is None else state.attempts(run_id=run_id)

    def log(self, workflow: str, task: str, run_id: int | None, attempt: int | None) -> list[LogLine]:
        """Return what an attempt wrote; by default the attempt whose result or error is recorded."""
        state = self.of(workflow)
        return [] if state is None else state.log(task, run_id, attempt)

    def result(self, workflow: str, task: str) -> Any:
        """Return the stored result of a task.

        Raises:
            ResultUnavailable: it cannot be had.
        """
        from flowweaver.stores.base import ResultUnavailable

        state = self.of(workflow)
        if state is None:
            raise ResultUnavailable("nothing has run yet")
        return state.load_result(task)

    def change(self, workflow: str, work: Callable[[SQLiteWorkflowState], list[str]]) -> list[str]:
        """Return what ``work`` does to what is stored; nothing if nothing is."""
        if self.of(workflow) is None:
            return []
        store = open_store(self._project)
        try:
            return work(store.for_workflow(workflow))
        finally:
            store.close()


def attempts_behind(
    state: SQLiteWorkflowState, records: Mapping[str, TaskRecord]
) -> dict[str, tuple[AttemptRecord, ...]]:
    """Return the attempts of the run that made each task's record."""
    run_ids = sorted({record.run_id for record in records.values() if record.run_id is not None}, reverse=True)
    found: dict[str, list[AttemptRecord]] = {}
    for run_id in run_ids[:_RUNS_BEHIND]:
        for attempt in state.attempts(run_id=run_id):
            record = records.get(attempt.task_name)
            if record is not None and record.run_id == run_id:
                found.setdefault(attempt.task_name, []).append(attempt)
    return {name: tuple(attempts) for name, attempts in found.items()}
