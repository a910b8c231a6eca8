"""Short pauses while the screen is up: a key waits for whatever holds the interpreter, and so does every frame.

A thread that computes holds it until its turn is over. A full collection holds it the longer the more objects there
are: for ten thousand tasks that is several frames.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["keep_what_is_loaded", "let_go_of_what_was_loaded", "short_pauses", "started", "starting"]

_SWITCH_INTERVAL = 0.0005
"""Seconds between thread switches: with Python's own 5 ms, a key waits for every worker that computes."""

_SELDOM = 100
"""Collections of the middle generation before a full one; Python's own is 10. What dies young goes as soon as ever."""


def starting() -> None:
    """Collect nothing for now: what is imported stays, and going through it again and again is a seventh of a start."""
    gc.disable()


def started() -> None:
    """Collect again, but not what there is so far; called before anything of a user's is loaded."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def short_pauses() -> Iterator[None]:
    """Have threads take turns more often, and all objects collected less often."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    gc.set_threshold(*thresholds[:2], _SELDOM)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)


def keep_what_is_loaded() -> None:
    """Leave what there is now out of every collection: modules, the workflow and what is known of its tasks."""
    gc.freeze()


def let_go_of_what_was_loaded() -> None:
    """Have it collected again: some of it was loaded anew, and the old is garbage."""
    gc.unfreeze()
