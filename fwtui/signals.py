"""Signals of a headless run: the first drains, the next leaves, and nothing can keep the process from ending in time.

A handler only puts a number into a queue. A thread of its own takes it from there, so that a main thread which is stuck
in writing to a stalled terminal holds nothing up.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Protocol

from fwtui.session.own_signals import give_to_children, keep_from_children

__all__ = ["Ladder", "Stoppable", "Stopped"]

_DRAIN = 2.0
"""Seconds that running tasks get to finish after SIGTERM or SIGHUP."""
_LEAVE = 0.3
"""Seconds that they get to end when they are left behind."""
_INSIST = 0.6
"""Seconds from leaving the tasks until they are left by this thread: the one that should may be stuck in a listener."""
_LAST = 0.9
"""Seconds from leaving the tasks, asked a second time, until the process ends in any case."""
_LAST_UNHURRIED = 2.0
"""The same after SIGTERM or SIGHUP and what they leave for finishing: five seconds in all are what it may take."""
_OVER = 0
"""In the queue: the context has ended."""

_NAMES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 143}
_CODES = {getattr(signal, name): code for name, code in _NAMES.items() if hasattr(signal, name)}


class Stopped(KeyboardInterrupt):
    """A signal before anything runs.

    Attributes:
        code: the exit code.
    """

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


class Stoppable(Protocol):
    """What is stopped."""

    def stop(self) -> None:
        """Start nothing more."""

    def cancel(self, grace: float) -> None:
        """Give up what runs, after so many seconds."""

    def wait(self, timeout: float | None) -> bool:
        """Wait for the end; return whether it has come."""


class Ladder:
    """Takes SIGINT, SIGTERM and SIGHUP for as long as the context lasts, in the main thread.

    Before ``hold`` is called a signal raises :class:`Stopped`; from then on it waits for ``guard``, and then stops what
    is guarded. A file that catches whatever is raised while it is imported keeps nothing from ending: ``hold`` raises
    again, and a second signal, or the time that a SIGTERM leaves, ends the process.

    Args:
        leave: ends the process at once with an exit code.
        clock: seconds that never go back.

    Attributes:
        code: the exit code of the first signal, 0 if there was none.
        left: tasks were left behind.
    """

    def __init__(self, leave: Callable[[int], Any] = os._exit, clock: Callable[[], float] = time.monotonic) -> None:
        self._leave = leave
        self._clock = clock
        self._queue: SimpleQueue[int] = SimpleQueue()
        self._held = False
        self._guarded: Stoppable | None = None
        self._on_stop: Callable[[], Any] = lambda: None
        self._before: dict[int, Any] = {}
        self._ended = False
        self.code = 0
        self.left = False

    def __enter__(self) -> Ladder:
        # What was ignored stays ignored: that is how nohup and cron ask for it.
        self._before = {number: before for number in _CODES if (before := signal.getsignal(number)) != signal.SIG_IGN}
        self._take()
        threading.Thread(target=self._climb, name="fwtui-signals", daemon=True).start()
        return self

    def _take(self) -> None:
        for number in self._before:
            signal.signal(number, self._on_signal)
        keep_from_children(self._before)

    def __exit__(self, *_exc: object) -> None:
        self._guarded, self._ended = None, True
        self._queue.put(_OVER)
        give_to_children(self._before)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hold(self) -> None:
        """What is to be guarded is being started: a signal is kept until then; only a second one does not wait.

        Raises:
            Stopped: a signal has come before.
        """
        self._held = True
        self._take()  # the workflow file may have set handlers of its own
        if self.code:
            raise Stopped(self.code)

    def guard(self, run: Stoppable, on_stop: Callable[[], Any]) -> None:
        """From now on signals stop this run.

        Args:
            run: what is stopped.
            on_stop: called when the first signal has come, in a thread of ours.
        """
        self._on_stop = on_stop
        self._guarded = run
        self._take()  # once more: it may have been loaded anew

    @property
    def ended_before(self) -> bool:
        """A signal has come before anything was guarded."""
        return self.code != 0 and self._guarded is None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.code = self.code or _CODES[signal.Signals(number)]
        self._queue.put(number)
        if self._guarded is None and not self._held:
            raise Stopped(self.code)
        self._held = False

    def _climb(self) -> None:
        number = self._queue.get()
        run = self._once_guarded(number)
        if run is None:
            return
        _aside(run.stop)
        self._on_stop()
        last = self._drain(run, None if number == signal.SIGINT else _DRAIN)
        if last is None:
            return
        self.left = True
        _aside(lambda: run.cancel(_LEAVE))
        # The main thread writes the last words and ends the process; if it cannot, it ends here.
        if not self._ends_within(_INSIST):
            _aside(lambda: run.cancel(0))
            if not self._ends_within(last - _INSIST):
                self._leave(self.code)

    def _once_guarded(self, number: int) -> Stoppable | None:
        """Return what is guarded, as soon as something is; None if nothing will be."""
        deadline = self._clock() + _DRAIN if number != signal.SIGINT else float("inf")
        while self._guarded is None and not self._ended:
            left = deadline - self._clock()
            if left <= 0:
                self._leave(self.code)
                return None
            with suppress(Empty):
                self._queue.get(timeout=min(left, 0.05))
                deadline = min(deadline, self._clock() + _INSIST)
        return self._guarded

    def _ends_within(self, seconds: float) -> bool:
        deadline = self._clock() + seconds
        while self._guarded is not None and (left := deadline - self._clock()) > 0:
            with suppress(Empty):
                self._queue.get(timeout=min(left, 0.05))
        return self._guarded is None

    def _drain(self, run: Stoppable, seconds: float | None) -> float | None:
        """Wait until the run has ended (None), or the time is over or another signal has come.

        Returns:
            The seconds that leaving may take.
        """
        deadline = None if seconds is None else self._clock() + seconds
        while not run.wait(0):
            left = None if deadline is None else deadline - self._clock()
            if left is not None and left <= 0:
                return _LAST_UNHURRIED
            try:
                number = self._queue.get(timeout=0.05 if left is None else min(left, 0.05))
            except Empty:
                continue
            if number == _OVER:
                return None
            if number == signal.SIGINT or deadline is not None:
                return _LAST
            deadline = self._clock() + _DRAIN  # ctrl+c first, then asked to terminate: no longer than that
        return None


def _aside(call: Callable[[], Any]) -> None:
    """Call in a thread of its own: an engine that is busy may keep its caller waiting, and the clock must not wait."""
    threading.Thread(target=call, name="fwtui-signals-call", daemon=True).start()
