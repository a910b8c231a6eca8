"""Runs a loaded workflow in the background and hands out what happens, wherever the engine lives."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from flowweaver.errors import StateError, WorkflowCancelledError
from flowweaver.events import Event, Listener
from flowweaver.tracebacks import Frame
from fwtui.session.loaded import Ask, LoadedFile, RunHandle, Workers
from fwtui.session.recorder import Recorder

__all__ = ["Runner"]


class Runner:
    """The runs of a session, one after the other.

    Args:
        workers: how tasks are run.
        on_event: called with each event as it comes, from whatever thread; None if nobody waits for them.
    """

    def __init__(self, workers: Workers, on_event: Callable[[Event], None] | None = None) -> None:
        self._workers = workers
        self._on_event = on_event
        self._events: deque[Event] = deque()
        self._run: RunHandle | None = None
        self._left: list[RunHandle] = []
        """Earlier runs that threads are left behind of."""
        self.recorder = Recorder()

    @property
    def running(self) -> bool:
        """A run goes on."""
        return self._run is not None and not self._run.done

    @property
    def error(self) -> BaseException | None:
        """What the last run ended with, None while it goes on and after success."""
        return None if self._run is None else self._run.error

    def start(self, loaded: LoadedFile, ask: Ask) -> None:
        """Start a run.

        Raises:
            FlowWeaverError: it is refused, or the state cannot be used; nothing runs.
        """
        self.recorder = recorder = Recorder()
        listeners: list[Listener] = [recorder, self._events.append]
        if self._on_event is not None:
            listeners.append(self._on_event)
        run = loaded.start(ask, self._workers, listeners)
        self._left = [one for one in (*self._left, self._run) if one is not None and one.left_in]
        self._run = run

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
    def threads_left(self) -> tuple[str, ...]:
        """The tasks that a run gave up while a thread of this process is still in them, one for each thread."""
        runs = (*self._left, self._run) if self._run is not None else ()
        return tuple(name for run in runs for name in run.left_in)

    def stack(self, task: str) -> list[Frame]:
        """Return where a task that is being run is now: its frames, outermost first; none if it is nowhere."""
        return [] if self._run is None else self._run.stack(task)

    @property
    def exit_code(self) -> int:
        """0 completed, 1 failed, 4 the state could not be written, 130 stopped by a person."""
        if self.error is None:
            return 0
        if isinstance(self.error, StateError):
            return 4
        return 130 if isinstance(self.error, WorkflowCancelledError) else 1
