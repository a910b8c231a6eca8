"""Notices what another process does: four times a second, in a thread, it looks whether the picture still holds.

While another process runs the workflow, its run is read from the store as it goes on, and told in the events that a run
of this session would tell. Whatever else makes the last picture untrue (a run that begins, ends or dies, a clear, a
declared file that changed) is only said to be so: what it means follows from the next picture.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from flowweaver.declared import Stamps, stamps_of
from flowweaver.errors import StateError
from flowweaver.events import Event, TaskOutput, TaskRestored
from flowweaver.records import TaskRecord
from fwtui.model.reused import Reused
from fwtui.model.views import run_elsewhere
from fwtui.session.archive import Archive
from fwtui.session.followed import events_of
from fwtui.session.port import Picture, TaskInfo

if TYPE_CHECKING:
    from flowweaver.stores.sqlite_follow import RunTail
    from flowweaver.stores.sqlite_version import DataVersion

__all__ = ["Follower", "Mark"]

_LOOKS_A_SECOND = 4
_FILES_EVERY = 1.0
"""Seconds between two looks at declared files."""
_PORTION = 500
"""Events that are told at once."""
_SHARE = 20
"""Looking at files takes at most one part of so many of the time, however many there are."""
_SHARE_IN_RUN = 5
"""The same for looking at the state; a run of thousands of tasks a second is seen less often then."""


class Mark(NamedTuple):
    """What a picture was made of, as far as it can be told cheaply whether that still holds.

    Attributes:
        holder: who holds the workflow.
        version: of the state.
        files: the declared files, by task.
    """

    holder: str | None = None
    version: Hashable = None
    files: Mapping[str, Stamps] = {}


class _Followed:
    """A run of another process, as far as it has been told."""

    def __init__(self, tail: RunTail, picture: Picture) -> None:
        self._tail = tail
        self._sequence = 0
        self._waits: dict[str, Sequence[float]] = {}
        self._records: dict[str, TaskRecord] = {}
        self.skip_to(picture)

    @property
    def run_id(self) -> int:
        return self._tail.run_id

    def skip_to(self, picture: Picture) -> None:
        """Go on from what a picture shows."""
        self._tail.skip_to(picture.records)
        self._records = dict(picture.records)
        self._waits = {task.name: task.retry_waits for task in picture.tasks}
        self._reused = Reused(picture, self.run_id)
        self._reused.settle(self._records)  # the picture shows these already

    def read(self) -> list[Event] | None:
        """Return what has happened since; None if another run has begun."""
        changes = self._tail.read()
        run_id = self._tail.run_id
        if changes.newest != run_id:
            return None
        events = events_of(run_id, self._records, *changes[1:], wait=self._wait, number=self._number)
        self._records |= changes.records
        if changes.records:
            now = max(record.timestamp for record in changes.records.values())
            for name in self._reused.settle(self._records):
                from_run = self._records[name].run_id
                events.append(
                    TaskRestored(run_id=run_id, sequence=self._number(), time=now, task=name, from_run=from_run)
                )
        return events

    def _wait(self, task: str, attempt: int) -> float:
        waits = self._waits.get(task, ())
        return waits[min(attempt, len(waits)) - 1] if waits else 0.0

    def _number(self) -> int:
        self._sequence += 1
        return self._sequence


class Follower:
    """Looks whether the last picture of a session still holds.

    ``mark`` and ``based`` are called around each picture that is made, ``look`` by a thread of its own; all of them
    with the session's lock held.

    Args:
        archive: the state.
        lock: the session's.
        told: called, in the thread, when the last picture does not hold any more.
        files: declared files are looked at, too.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        archive: Archive,
        lock: threading.RLock,
        told: Callable[[], None],
        *,
        files: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._archive = archive
        self._lock = lock
        self._told = told
        self._files = files
        self._clock = clock
        self._events: deque[Event] = deque()
        self._picture: Picture | None = None
        self._mark = Mark()
        self._said: Mark | None = None
        self._almost: Mark | None = None
        self._run: _Followed | None = None
        self._version: DataVersion | None = None
        self._files_due = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # -- what a session calls ---------------------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        """A run of another process goes on, and its events come."""
        return self._run is not None

    def drain(self) -> list[Event]:
        """Take events that have come, a portion at a time: they come together, and are to be told in a short time.

        It needs no lock.
        """
        taken: list[Event] = []
        with suppress(IndexError):  # they may be dropped at this moment
            while len(taken) < _PORTION:
                taken.append(self._events.popleft())
        return taken

    def mark(self, workflow: str, tasks: Sequence[TaskInfo]) -> Mark:
        """Return what a picture that is made now will be made of; what changes while it is made shows afterwards."""
        return self._seen(workflow, self._declared(tasks))

    def based(self, picture: Picture, mark: Mark) -> None:
        """Take a picture as the last one: what is told from now on happened after it."""
        self._picture, self._mark = picture, mark
        self._said = self._almost = None
        self._files_due = self._clock() + _FILES_EVERY
        going_on = run_elsewhere(picture)
        if going_on is None:
            self._run = None
            self._events.clear()
        elif self._run is not None and self._run.run_id == going_on.run_id:
            # What was written is told once; how tasks stand is in the picture.
            kept = [event for event in self._events if isinstance(event, TaskOutput)]
            self._events.clear()
            self._events.extend(kept)
            self._run.skip_to(picture)
        else:
            self._events.clear()
            state = self._archive.of(picture.workflow)
            assert state is not None
            self._run = _Followed(state.tail(going_on.run_id, picture.records), picture)
            # What is in flight has written something already.
            self._events.extend(self._run.read() or ())
        self._begin()

    def suspend(self) -> None:
        """Look no more until the next picture: a run of this session begins."""
        self._picture = self._run = None
        self._events.clear()
        self._let_go()

    def close(self) -> None:
        """End; it needs no lock."""
        self._stop.set()

    # -- looking ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look once."""
        picture = self._picture
        if picture is None:
            return
        due = self._run is None and self._files and self._clock() >= self._files_due
        try:
            now = self._seen(picture.workflow, self._declared(picture.tasks) if due else self._mark.files)
            if now in (self._mark, self._said) or self._still_followed(now):
                return
            if self._may_pass(picture.workflow, now) and now != self._almost:
                self._almost = now
                return
            if self._run is not None:
                self._end(picture.workflow)
        except StateError as error:  # whoever makes the next picture meets it, too, and says it
            now = Mark(version=str(error))
        if now != self._said:
            self._said = now
            self._told()

    def _still_followed(self, now: Mark) -> bool:
        """Read what the run that is followed has written; return whether it goes on."""
        if self._run is None or now.holder != self._mark.holder:
            return False
        events = self._run.read()
        if events is None:
            return False
        self._events.extend(events)
        self._mark = now
        return True

    def _may_pass(self, workflow: str, now: Mark) -> bool:
        """Tell whether the next look may find something else.

        A clear holds the workflow for a moment, and a file that is being written is another one each time.
        """
        held = now.holder is not None and self._mark.holder is None and self._running_in(workflow) is None
        return held or now.files != self._mark.files

    def _end(self, workflow: str) -> None:
        """The run is over: let go of its state, and leave no file behind that its process would have taken away."""
        last = self._archive.last_run(workflow)
        if self._version is not None and last is not None and last.outcome not in (None, "interrupted"):
            self._version.tidy()

    def _seen(self, workflow: str, files: Mapping[str, Stamps]) -> Mark:
        state = self._archive.of(workflow)
        if state is None:
            return Mark(files=files)
        if self._version is None:
            self._version = state.version()
        holder = state.holder()
        # Only for a run that lasts: who holds the workflow for a moment is not to meet a reader when it lets go.
        version = self._version.ask(written=holder is not None and self._run is not None)
        return Mark(holder, version, files)

    def _running_in(self, workflow: str) -> str | None:
        state = self._archive.of(workflow)
        return None if state is None else state.running_in()

    def _declared(self, tasks: Sequence[TaskInfo]) -> dict[str, Stamps]:
        if not self._files:
            return {}
        began = self._clock()
        found = {
            task.name: stamps_of(task.inputs, task.outputs, task.base) for task in tasks if task.inputs or task.outputs
        }
        self._files_due = self._clock() + max(_FILES_EVERY, _SHARE * (self._clock() - began))
        return found

    def _let_go(self) -> None:
        if self._version is not None:
            self._version.close()

    # -- its thread -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._go_on, name="fwtui-follower", daemon=True)
            self._thread.start()

    def _go_on(self) -> None:
        pause = 1 / _LOOKS_A_SECOND
        while not self._stop.wait(pause):
            began = self._clock()
            with self._lock:
                self.look()
            pause = max(1 / _LOOKS_A_SECOND, _SHARE_IN_RUN * (self._clock() - began))
        with self._lock:
            self._let_go()
