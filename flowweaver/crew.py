"""How many workers a run has, and how much each of them takes at a time.

Workers that are threads wait for each other. Where tasks are over in less time than such a wait, one worker does the
work of all, and takes as many attempts at a time as there might be workers: a hand of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from flowweaver.attempt import Attempt
from flowweaver.pace import LOOK_AGAIN, Pace
from flowweaver.workers import Workers

if TYPE_CHECKING:
    from flowweaver.driver import Driver

__all__ = ["Crew"]

_STORED: Final = 5e8
"""Bytes of results that a worker hashes and writes in a second, about; meanwhile others have the interpreter."""


class Crew:
    """The workers of one run, counted. Every method is called under the driver's lock.

    Args:
        inflight: the attempts that are handed out and have no outcome yet; the driver's own.
        hands: a worker may take several attempts at a time.

    Attributes:
        busy: workers that are on their way, in an attempt, or in a callback.
        coming: those of them that are on their way.
        back: attempts in flight that no worker has, because their hand was taken apart before they were begun.
    """

    def __init__(self, workers: Workers, inflight: Collection[Attempt], *, hands: bool) -> None:
        self.busy = 0
        self.coming = 0
        self.back: deque[Attempt] = deque()
        self._workers = workers
        self._inflight = inflight
        self._hands = hands
        self._pace = Pace()
        self._ends = 0
        """Attempts that ended by themselves."""
        self._ends_seen = -1
        """How many of them there were when somebody began to watch; -1: nobody watches."""

    def ended(self, seconds: float, stored: int = 0) -> None:
        """An attempt has ended by itself, after some seconds, with a result that takes so many bytes in the store."""
        self._ends += 1
        self._pace.took(seconds + stored / _STORED)

    @property
    def crowded(self) -> bool:
        """A second worker would only be in the way."""
        return self._workers.contend and self._pace.short

    def room(self) -> int:
        """Return how many attempts may be handed out at once to the worker that asks."""
        room = self._workers.capacity - len(self._inflight)
        if self._hands and self.crowded:
            return room  # what this leaves to those who are coming is nothing: they would be in the way
        return min(room - self.coming, 1)

    def in_the_way(self, now: float) -> bool:
        """Tell whether a worker that asks for work only takes time from another that is quick."""
        if self.busy <= 1 or self.back or not self.crowded:
            return False
        since = now - LOOK_AGAIN
        return any(not other.started or other.ended or other.started > since for other in self._inflight)

    def lacks(self, ready: int) -> bool:
        """Tell whether one more worker would find something to do, with so many tasks ready."""
        capacity = self._workers.capacity
        to_do = min(ready, capacity - len(self._inflight)) + len(self.back)
        return self.busy < capacity and to_do > self.coming

    def hands_out(self) -> bool:
        """Tell whether a worker has more than one attempt."""
        return any(attempt.hand is not None for attempt in self._inflight)

    def spawn(self, driver: Driver, ready: int) -> None:
        """Let as many workers come as will find something to do."""
        while self.lacks(ready):
            self.busy += 1
            self.coming += 1
            self._workers.spawn(driver)

    def watch(self) -> bool:
        """Begin to watch whether attempts end; False if somebody watches already."""
        begins = self._ends_seen < 0
        if begins:
            self._ends_seen = self._ends
        return begins

    def stuck(self) -> bool:
        """End the watch, and tell whether the one worker has met a task that is not over at once, or is gone."""
        stuck = self._ends == self._ends_seen or not self._pace.short
        self._ends_seen = -1
        return stuck
