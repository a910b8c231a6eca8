"""Several short attempts that one worker makes one after another and brings back together, in one commit.

To everybody else they are attempts that run at the same time: there are never more of them than the run may have
workers, each is in the store as RUNNING before the first is made, and none counts as done before all that ended are
written. Where one turns out to be long, the others do not wait for it: whoever sees that takes the hand apart.
"""

from __future__ import annotations

from collections import deque

from flowweaver.attempt import Attempt

__all__ = ["Hand"]


class Hand:
    """Attempts that are one worker's. Each is taken out once, by the worker or by who takes the hand apart.

    Attributes:
        waiting: those that have not been begun.
        ended: those that are made, and not taken in yet.
    """

    __slots__ = ("ended", "waiting")

    def __init__(self, waiting: list[Attempt]) -> None:
        # Taking one out of a deque is a single step, so neither side needs a lock.
        self.waiting = deque(waiting)
        self.ended: deque[Attempt] = deque()

    def lay_down(self, attempt: Attempt) -> Attempt | None:
        """Keep one that has ended, and return the next to be made; None if all are to be brought back now."""
        self.ended.append(attempt)
        return None if attempt.error is not None else self.next()

    def next(self) -> Attempt | None:
        """Take out the next to be made."""
        try:
            return self.waiting.popleft()
        except IndexError:
            return None
