"""A state store over a :class:`Book`, wherever the book is kept: the five methods, scopes, and the journal of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from flowweaver.errors import StateLockedError, describe_exception
from flowweaver.records import AttemptRecord, LogLine, StoredValue, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores import codec
from flowweaver.stores.base import BaseStateStore, ResultUnavailable, RunJournal
from flowweaver.stores.book import LIVE, Book, Entry
from flowweaver.stores.text import iso, plain, seconds_from, shown_time

__all__ = ["BookJournal", "BookStore", "Shelf"]

T = TypeVar("T")


class Shelf(ABC):
    """Where a book is kept.

    Attributes:
        clock: seconds since the epoch.
        key: signs pickles; None for the user's own key.
    """

    clock: Callable[[], float]
    key: Callable[[], bytes] | None = None

    @abstractmethod
    def read(self, work: Callable[[Book], T]) -> T:
        """Return what ``work`` finds in the book of now.

        Raises:
            StateError: the book cannot be read.
        """

    @abstractmethod
    def write(self, work: Callable[[Book], T]) -> T:
        """Let ``work`` change the book and keep it, all of it or nothing.

        Raises:
            StateLockedError: a run elsewhere holds the book.
            StateError: it cannot be kept.
        """

    @abstractmethod
    def hold(self, workflow: str) -> Callable[[], None]:
        """Take the book for one run of a workflow, and return what gives it back.

        Raises:
            StateLockedError: another run holds it.
            StateError: it cannot be used.
        """

    @abstractmethod
    def is_alive(self, workflow: str | None) -> bool:
        """Tell whether a run goes on, of the workflow or, without one, of any."""

    @abstractmethod
    def in_use(self, workflow: str | None) -> StateLockedError:
        """Return what is raised because a run goes on."""

    def forget(self, work: Callable[[Book], None], workflow: str | None) -> None:
        """Let ``work`` drop entries, of the workflow or of all, unless a run goes on there.

        Raises:
            StateLockedError: one does.
            StateError: it cannot be kept.
        """
        if self.is_alive(workflow):
            raise self.in_use(workflow)
        self.write(work)


class BookStore(BaseStateStore):
    """The five methods, for one workflow or, without one, for all."""

    def __init__(self, shelf: Shelf, workflow: str | None = None) -> None:
        self._shelf = shelf
        self._workflow = workflow

    def save_task_state(
        self,
        task_name: str,
        status: TaskStatus,
        result: Any = None,
        error: BaseException | str | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Keep the state of a task; what was kept for it before is replaced."""
        owner, now = self._workflow or "", self._shelf.clock()
        when: Any = timestamp
        text = iso(now) if when is None else when if isinstance(when, str) else when.isoformat()
        status, has_value = TaskStatus(status), result is not None
        record = TaskRecord(
            task_name,
            status,
            seconds_from(text) or now,
            value=codec.encode(result, key=self._shelf.key) if has_value or status is TaskStatus.COMPLETED else None,
            workflow=self._workflow or None,
            error=plain(describe_exception(error) if isinstance(error, BaseException) else error),
        )

        def work(book: Book) -> None:
            book.adopt(owner, [task_name])
            book.put(Entry(record, text))

        self._shelf.write(work)

    def load_task_state(self, task_name: str) -> dict[str, Any] | None:
        """Return what is kept for a task, or None; without a workflow, the newest."""

        def work(book: Book) -> tuple[str, Entry] | None:
            if self._workflow is None:
                return book.newest(task_name)
            entry = book.find(self._workflow, task_name)
            return None if entry is None else (entry.record.workflow or "", entry)

        found = self._shelf.read(work)
        if found is None:
            return None
        owner, entry = found
        status = entry.record.status
        if status in LIVE and not self._shelf.is_alive(owner):
            status = TaskStatus.PENDING
        state = {
            "task_name": task_name,
            "workflow": owner or None,
            "status": status,
            "result": None,
            "error": entry.record.error,
            "timestamp": shown_time(entry.timestamp),
        }
        try:
            state["result"] = value_of(entry, self._shelf.key)
        except ResultUnavailable as reason:
            if status is TaskStatus.COMPLETED:
                state["not_kept"] = str(reason)
        return state

    def delete_task_state(self, task_name: str) -> None:
        """Forget a task: the workflow's own, or else the one without; without a workflow, all of that name."""

        def work(book: Book) -> None:
            if self._workflow is None:
                book.drop([key for key in book.entries if key[1] == task_name])
            else:
                own = (self._workflow, task_name)
                book.drop([own if own in book.entries else ("", task_name)])

        self._shelf.forget(work, self._workflow)

    def list_all_tasks(self) -> list[str]:
        """Return the name of every task that is kept, each once."""
        return self._shelf.read(lambda book: book.names(self._workflow))

    def clear_all_states(self) -> None:
        """Forget every task, of the workflow or of all."""
        own = self._workflow

        def work(book: Book) -> None:
            book.drop([key for key in book.entries if own is None or key[0] == own])

        self._shelf.forget(work, own)

    def for_workflow(self, name: str) -> BaseStateStore:
        """Return the part that belongs to one workflow."""
        return BookStore(self._shelf, name)

    def open_journal(self, workflow: str) -> RunJournal:
        """Return a journal for one run of a workflow.

        Raises:
            StateLockedError: another run holds this state.
            StateError: the state cannot be used.
        """
        return BookJournal(self._shelf, workflow)


def value_of(entry: Entry | None, key: Callable[[], bytes] | None) -> Any:
    """Return the result that an entry keeps.

    Raises:
        ResultUnavailable: it cannot be had.
    """
    value = None if entry is None else entry.record.value
    if value is not None and value.not_kept is not None:
        raise ResultUnavailable(f"its result was not kept ({value.not_kept})")
    if value is None or value.encoding is None:
        raise ResultUnavailable("its result is not in the store")
    return codec.decode(value.encoding, value.data, digest=value.digest, key=key)


class BookJournal(RunJournal):
    """One run's hold on a book. What made each result is kept with it; runs, attempts and log lines are not."""

    has_history = True

    def __init__(self, shelf: Shelf, workflow: str) -> None:
        self._shelf = shelf
        self._workflow = workflow
        self._names: Sequence[str] = ()
        self._run_id = 0
        self._give_back: Callable[[], None] | None = shelf.hold(workflow)

    def load_records(self, names: Sequence[str]) -> dict[str, TaskRecord]:
        """Return the latest record of each named task that has one."""
        self._names = names
        found = self._shelf.read(lambda book: [(name, book.find(self._workflow, name)) for name in names])
        return {name: entry.as_read(alive=False) for name, entry in found if entry is not None}

    def load_result(self, task_name: str) -> Any:
        """Return the stored result of a task."""
        return value_of(self._shelf.read(lambda book: book.find(self._workflow, task_name)), self._shelf.key)

    def durations(self) -> dict[str, float]:
        """Return the median of each task's last five good attempts, in seconds."""
        return dict(self._shelf.read(lambda book: book.durations(self._workflow)))

    def begin(
        self, *, started_at: float, params: Mapping[str, str], redo: Sequence[str], restored: Sequence[str]
    ) -> int:
        """Note the start of the run; what an earlier one left RUNNING becomes interrupted."""
        del started_at, params, restored

        def work(book: Book) -> int:
            book.adopt(self._workflow, self._names)
            return book.begin(self._workflow, redo)

        self._run_id = self._shelf.write(work)
        return self._run_id

    def encode(self, value: Any, *, serializer: str | None = None, persist: bool = True) -> StoredValue:
        """Return the form in which a result will be kept."""
        return codec.encode(value, serializer=serializer, persist=persist, key=self._shelf.key)

    def commit(
        self,
        records: Sequence[TaskRecord],
        attempts: Sequence[AttemptRecord] = (),
        output: Sequence[LogLine] = (),
    ) -> None:
        """Keep the records; attempts and output are not kept."""
        del attempts, output

        def work(book: Book) -> None:
            for record in records:
                book.write(self._workflow, self._run_id, record)

        if records:
            self._shelf.write(work)

    def finish(self, *, finished_at: float, outcome: str, failed_task: str | None, counts: Mapping[str, int]) -> None:
        """Nothing is kept of a run itself."""
        del finished_at, outcome, failed_task, counts

    def close(self) -> None:
        """Give the book back."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()
