"""How long tasks take just now, which tells whether another worker is a help.

Workers that are threads wait for each other: for the interpreter's lock, and for the driver's. Where tasks are over in
less time than such a wait, one worker gets more done than four.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LOOK_AGAIN", "Pace"]

LOOK_AGAIN: Final = 0.005
"""Seconds after which somebody looks whether the one worker is still quick."""

_SHORT: Final = 50e-6
"""Seconds: about what it costs two threads to change places."""

_LONG: Final = 1e-3
"""Seconds from which a task is simply long; it must not take a hundred short ones to forget it."""

_SHARE: Final = 1 / 8
"""Weight of the latest task in the average."""

_FIRST: Final = 2 * _SHORT
"""Seconds that a task is taken to last before the first has ended: long, until half a dozen turn out to be short."""


class Pace:
    """A moving average of how long tasks took."""

    __slots__ = ("_seconds",)

    def __init__(self) -> None:
        self._seconds = _FIRST

    def took(self, seconds: float) -> None:
        """Take in how long a task took, in seconds."""
        self._seconds += ((seconds if seconds < _LONG else _LONG) - self._seconds) * _SHARE

    @property
    def short(self) -> bool:
        """Tasks are over so quickly that a second worker would be in the way."""
        return self._seconds < _SHORT
