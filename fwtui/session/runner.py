"""Runs a loaded workflow in the background and hands out what happens.

One shape for every place in which the engine can live; this is the one in a thread of this process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flowweaver.errors import StateError, WorkflowCancelledError
from flowweaver.events import Event, Listener
from fwtui.session.archive import open_store
from fwtui.session.loader import Loaded
from fwtui.session.recorder import Recorder

if TYPE_CHECKING:
    from flowweaver.executors.base import BaseExecutor
    from flowweaver.run import Run
    from flowweaver.stores.base import BaseStateStore

__all__ = ["Ask", "ThreadRunner", "make_executor"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a run is asked to do, with all names resolved; the arguments of ``start``."""

    resume: bool = True
    only: Sequence[str] | None = None
    force: Sequence[str] = ()
    keep_going: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Return them as keyword arguments of an executor."""
        return {
            "resume": self.resume,
            "only": self.only,
            "force": self.force or None,
            "keep_going": self.keep_going,
            "params": dict(self.params),
        }


def make_executor(kind: str, workers: int | None, store: BaseStateStore) -> BaseExecutor:
    """Return a "threaded", "sequential" or "async" executor with so many workers, None for its own number."""
    if kind == "sequential":
        from flowweaver.executors.sequential import SequentialExecutor

        return SequentialExecutor(state_store=store)
    if kind == "async":
        from flowweaver.executors.asynchronous import AsyncExecutor

        return AsyncExecutor(state_store=store) if workers is None else AsyncExecutor(workers, state_store=store)
    from flowweaver.executors.threaded import ThreadedExecutor

    return ThreadedExecutor(state_store=store) if workers is None else ThreadedExecutor(workers, state_store=store)


class ThreadRunner:
    """The engine in threads of this process.

    Args:
        kind: "threaded", "sequential" or "async".
        workers: how many tasks may run at once, None for the executor's own number.
        on_event: called with each event in the engine's threads, None if nobody waits for them.
    """

    def __init__(
        self, kind: str = "threaded", workers: int | None = None, on_event: Callable[[Event], None] | None = None
    ) -> None:
        self._kind = kind
        self._workers = workers
        self._on_event = on_event
        self._events: deque[Event] = deque()
        self._run: Run | None = None
        self.recorder = Recorder()

    @property
    def running(self) -> bool:
        """A run goes on."""
        return self._run is not None and not self._run.done

    @property
    def error(self) -> BaseException | None:
        """What the last run ended with, None while it goes on and after success."""
        return None if self._run is None else self._run.error

    def start(self, loaded: Loaded, ask: Ask) -> None:
        """Start a run.

        Raises:
            FlowWeaverError: it is refused, or the state cannot be used; nothing runs.
        """
        self.recorder = recorder = Recorder()
        listeners: list[Listener] = [recorder, self._events.append]
        if self._on_event is not None:
            listeners.append(self._on_event)
        executor = make_executor(self._kind, self._workers, open_store(loaded.project))
        self._run = executor.start(loaded.workflow, listeners=listeners, echo=False, **ask.arguments())

    def stop(self) -> None:
        """Start no further task."""
        if self._run is not None:
            self._run.stop()

    def cancel(self, grace: float = 1.0) -> None:
        """Give up what runs, too, after ``grace`` seconds."""
        if self._run is not None:
            self._run.cancel(grace)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; return whether it has come."""
        return self._run is None or self._run.join(timeout)

    def drain(self) -> list[Event]:
        """Take the events that have come since the last call."""
        events = self._events
        # Only what is there now: the engine may be quicker than whoever drains.
        return [events.popleft() for _ in range(len(events))]

    @property
    def exit_code(self) -> int:
        """0 completed, 1 failed, 4 the state could not be written, 130 stopped by a person."""
        if self.error is None:
            return 0
        if isinstance(self.error, StateError):
            return 4
        return 130 if isinstance(self.error, WorkflowCancelledError) else 1
