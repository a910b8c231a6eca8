"""Handlers of signals that are for this process alone, and not for a child that a task forks.

With our handlers a child would not end when it is asked to, as a pool of processes asks its own; and those of an event
loop would tell ours of it, through the pipe that both have: the dashboard would end with a pool.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable

__all__ = ["give_to_children", "keep_from_children"]

_kept: set[int] = set()


class _Fork(threading.local):
    """What the thread that forks had blocked before: what comes meanwhile waits until the child has its own."""

    mask: set[signal.Signals | int] | None = None


_fork = _Fork()


def keep_from_children(numbers: Iterable[int]) -> None:
    """From now on a forked child meets these signals as any other process does."""
    _kept.update(numbers)


def give_to_children(numbers: Iterable[int]) -> None:
    """The handlers of these signals are no longer ours."""
    _kept.difference_update(numbers)


def _before_fork() -> None:
    if _kept:
        _fork.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _kept)


def _after_fork() -> None:
    if _fork.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _fork.mask)
        _fork.mask = None


def _in_child() -> None:
    if _kept:
        signal.set_wakeup_fd(-1)
        for number in _kept:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        _kept.clear()
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
