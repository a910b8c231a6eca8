"""The two ports between the engine and whatever keeps its state.

``BaseStateStore`` is what users know and may implement themselves: five methods. ``RunJournal`` is what one run holds
while it goes on; a store that can do more than the five methods opens a journal of its own, and ``PlainJournal`` turns
the five methods into one for those that cannot.
"""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flowweaver.errors import DefinitionError, StateError, describe_exception, shown, visible
from flowweaver.records import AttemptRecord, LogLine, StoredValue, TaskRecord
from flowweaver.status import TaskStatus

__all__ = [
    "BaseStateStore",
    "PlainJournal",
    "ResultUnavailable",
    "RunJournal",
    "is_time",
    "parse_timestamp",
    "path_of_file",
    "why_not_written",
]


class ResultUnavailable(Exception):
    """A stored result cannot be had: not kept, unreadable, or not written by this user. Its task runs again.

    Never leaves the engine. The text is the reason a person reads ("its stored result was not written by you").
    """


class RunJournal(ABC):
    """One run's hold on one workflow's record.

    Opened by the driver before anything runs, closed by it however the run ends. ``commit`` may be called from any
    thread, one call at a time; ``encode`` from several at once.

    Attributes:
        has_history: runs, attempts and log lines are kept; without it there is no staleness either.
    """

    has_history: bool = False

    @abstractmethod
    def load_records(self, names: Sequence[str]) -> dict[str, TaskRecord]:
        """Return the latest record of each named task that has one. No result is read.

        Raises:
            StateError: the state cannot be used.
        """

    @abstractmethod
    def load_result(self, task_name: str) -> Any:
        """Return the stored result of a task, equal in value and type to what it returned.

        Raises:
            ResultUnavailable: it cannot be had; the task has to run again.
            StateError: the state cannot be used.
        """

    def load_results(self, task_names: Iterable[str]) -> Iterator[tuple[str, Any, ResultUnavailable | None]]:
        """Yield the name of each task with its stored result, or with the reason why that cannot be had.

        Raises:
            StateError: the state cannot be used.
        """
        for name in task_names:
            try:
                yield name, self.load_result(name), None
            except ResultUnavailable as reason:
                yield name, None, reason

    def lost_results(self, task_names: Iterable[str]) -> dict[str, str]:
        """Return those of the tasks whose kept result is known to be lost, without reading any, and why.

        Raises:
            StateError: the state cannot be used.
        """
        del task_names
        return {}

    def durations(self) -> dict[str, float]:
        """Return the remembered duration of each task in seconds, from earlier good attempts."""
        return {}

    @abstractmethod
    def begin(
        self, *, started_at: float, params: Mapping[str, str], redo: Sequence[str], restored: Sequence[str]
    ) -> int:
        """Record the start of a run and return its number, from 1.

        Args:
            redo: tasks with a usable record that this run was asked to do again: from now on they count as not done.
            restored: tasks whose stored result this run reuses (so that they do not age).

        Raises:
            StateError: the state cannot be used.
        """

    @abstractmethod
    def encode(self, value: Any, *, serializer: str | None = None, persist: bool = True) -> StoredValue:
        """Return the form in which a result will be kept, or why it cannot be. It neither raises nor waits."""

    @abstractmethod
    def commit(
        self,
        records: Sequence[TaskRecord],
        attempts: Sequence[AttemptRecord] = (),
        output: Sequence[LogLine] = (),
    ) -> None:
        """Write all of it in one transaction; it is there when this returns, whatever then kills the process.

        A record with status RUNNING drops the earlier result of its task; one with SKIPPED keeps it. One with
        COMPLETED says all of its attempt that is to be known.

        Raises:
            StateError: it could not be written; nothing of it was.
        """

    @abstractmethod
    def finish(self, *, finished_at: float, outcome: str, failed_task: str | None, counts: Mapping[str, int]) -> None:
        """Record the end of the run ("completed", "failed", "cancelled").

        Raises:
            StateError: it could not be written.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the state, and of its lock. Calling it again does nothing."""


class BaseStateStore(ABC):
    """Where the state of tasks is kept. Implement these five methods and every executor resumes from your store."""

    @abstractmethod
    def save_task_state(
        self,
        task_name: str,
        status: TaskStatus,
        result: Any = None,
        error: BaseException | str | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Keep the state of a task; what was kept for it before is replaced."""

    @abstractmethod
    def load_task_state(self, task_name: str) -> dict[str, Any] | None:
        """Return what is kept for a task, or None.

        The dict has ``status`` (TaskStatus), ``result``, ``error`` (str or None) and ``timestamp`` (ISO 8601 text);
        our own stores add ``task_name`` and ``workflow``.
        """

    @abstractmethod
    def delete_task_state(self, task_name: str) -> None:
        """Forget a task. One that is not there is no error."""

    @abstractmethod
    def list_all_tasks(self) -> list[str]:
        """Return the name of every task that is kept, each once."""

    @abstractmethod
    def clear_all_states(self) -> None:
        """Forget every task."""

    def clear(self) -> None:
        """Forget every task; the name that 0.2.x had for ``clear_all_states``."""
        self.clear_all_states()

    def for_workflow(self, name: str) -> BaseStateStore:
        """Return the part of this store that belongs to one workflow; itself if it knows no workflows."""
        del name
        return self

    def open_journal(self, workflow: str) -> RunJournal:
        """Return a journal for one run of a workflow.

        Raises:
            StateLockedError: another run of that workflow holds this state.
            StateError: the state cannot be used.
        """
        return PlainJournal(self.for_workflow(workflow))


log = logging.getLogger("flowweaver")


def path_of_file(path: Any, what: str) -> str:
    """Return the path of a state file as text.

    Raises:
        DefinitionError: it cannot be one; ``what`` begins the text.
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise DefinitionError(f"{what} takes the path of a file, not {shown(path)}")
    return text


def why_not_written(path: str) -> str | None:
    """Return why a file is not to be written to although its user could; None if it may, or is not there."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    if not about.st_mode & 0o222 or not os.access(path, os.W_OK):
        return "it is write-protected; make it writable, or name another file"
    if about.st_nlink > 1:
        return "it has a second name (a hard link), by which another run could use it; make it a copy"
    return None


def parse_timestamp(value: Any) -> float | None:
    """Return seconds since the epoch for ISO text (without a zone: local time), a number or a datetime; else None.

    A time that no calendar has is none.
    """
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        seconds = value.timestamp() if isinstance(value, datetime) else float(value)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return seconds if is_time(seconds) else None


def is_time(seconds: float) -> bool:
    """Tell whether seconds since the epoch are within the calendar that Python knows, with a day to spare."""
    return -62_135_510_400 <= seconds < 253_402_214_400


class PlainJournal(RunJournal):
    """A journal over the five methods: resumes, without history, staleness or a lock.

    Results are handed to the store as they are; a store that cannot keep one raises, which is then contained: its task
    is done, but runs again next time.
    """

    def __init__(self, store: BaseStateStore) -> None:
        from inspect import signature  # loads much, and most stores need none of it

        self._store = store
        try:
            signature(store.save_task_state).bind("", None, None, None, None)
        except TypeError:
            wanted = "task_name, status, result, error, timestamp"
            raise StateError(f"{type(store).__name__}.save_task_state has to take {wanted}") from None
        except ValueError:
            return  # written in C: it does not tell

    def load_records(self, names: Sequence[str]) -> dict[str, TaskRecord]:
        known = {}
        for name in names:
            state = self._load(name)
            record = None if state is None else _record_of(name, state)
            if record is not None:
                known[name] = record
        return known

    def _load(self, name: str) -> dict[str, Any] | None:
        store = type(self._store).__name__
        try:
            state = self._store.load_task_state(name)
        except StateError:
            raise
        except BaseException as error:  # no reason for the program to end, whatever it is
            raise StateError(f"{store} could not load {name}: {describe_exception(error)}") from error
        if state is not None and not hasattr(state, "get"):
            raise StateError(f"{store} gave no dict for {name}, but {shown(state)}")
        return state

    def load_result(self, task_name: str) -> Any:
        state = self._load(task_name)
        if state is None or "result" not in state:
            raise ResultUnavailable("its result is not in the store")
        return state["result"]

    def begin(
        self, *, started_at: float, params: Mapping[str, str], redo: Sequence[str], restored: Sequence[str]
    ) -> int:
        del started_at, params, restored
        try:
            for name in redo:
                self._store.delete_task_state(name)
        except StateError:
            raise
        except BaseException as error:
            store = type(self._store).__name__
            raise StateError(f"{store} could not forget {name}: {describe_exception(error)}") from error
        return 1

    def encode(self, value: Any, *, serializer: str | None = None, persist: bool = True) -> StoredValue:
        del serializer
        if not persist:
            return StoredValue(not_kept="persist=False")
        return StoredValue(encoding="object", data=value)

    def commit(
        self,
        records: Sequence[TaskRecord],
        attempts: Sequence[AttemptRecord] = (),
        output: Sequence[LogLine] = (),
    ) -> None:
        del attempts, output
        for record in records:
            waits = record.status is TaskStatus.PENDING and not record.interrupted
            if waits or record.status in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SKIPPED):
                self._save(record)

    def _save(self, record: TaskRecord) -> None:
        when = datetime.fromtimestamp(record.timestamp, UTC)
        name, value = record.task_name, record.value
        error = record.exception or record.error
        try:
            if record.status is TaskStatus.COMPLETED and (value is None or value.encoding is None):
                self._store.delete_task_state(name)
                return
            result = None if value is None else value.data
            try:
                self._store.save_task_state(name, record.status, result, error, when)
            except (StateError, OSError):
                raise
            except BaseException as problem:  # it cannot keep this very result: the task is done all the same
                why = visible(f"{name}, which runs again next time: {describe_exception(problem)}")
                log.warning("%s cannot keep the result of %s", type(self._store).__name__, why)
                self._store.delete_task_state(name)
        except StateError:
            raise
        except BaseException as problem:
            store = type(self._store).__name__
            raise StateError(f"{store} could not save {name}: {describe_exception(problem)}") from problem

    def finish(self, *, finished_at: float, outcome: str, failed_task: str | None, counts: Mapping[str, int]) -> None:
        del finished_at, outcome, failed_task, counts

    def close(self) -> None:
        pass


def _record_of(name: str, state: Mapping[str, Any]) -> TaskRecord | None:
    status = state.get("status")
    if not isinstance(status, TaskStatus):
        try:
            status = TaskStatus(str(status).upper())
        except ValueError:
            return None
    error = state.get("error")
    kept = status is TaskStatus.COMPLETED and "result" in state
    return TaskRecord(
        task_name=name,
        status=status,
        timestamp=parse_timestamp(state.get("timestamp")) or 0.0,
        error=None if error is None else str(error),
        encoding="object" if kept else None,
    )
