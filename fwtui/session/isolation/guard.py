"""Ends a process, and all that it started, when whoever it works for is gone and it cannot notice by itself.

A task may hold the interpreter for good in C code; then no thread of its process reads that the pipe to the parent has
ended. A process beside it does, which does nothing else.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress

__all__ = ["guard"]

_PATIENCE = 1.0
"""Seconds that the process gets to end in good order."""

_DESCRIPTORS = 1_024


def guard(commands: int) -> None:
    """Fork the guard of this process, which leads its process group and has no threads yet.

    Args:
        commands: the pipe from the parent; its other end is open as long as the parent lives and wants this process.
    """
    guarded = os.getpid()
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    # A grandchild: a task that waits for all its children must not wait for the guard.
    if os.fork():
        os._exit(0)
    try:
        os.closerange(0, commands)
        os.closerange(commands + 1, _DESCRIPTORS)
        _watch(commands, guarded)
    finally:
        os._exit(0)


def _watch(commands: int, guarded: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    gone = select.poll()
    gone.register(commands, 0)  # the end is told also to who reads nothing
    gone.poll()
    if _lives(guarded):
        time.sleep(_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(guarded, signal.SIGKILL)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
