"""A child that a task forked ends where the task's function ends: it is not to go on with the run of its parent.

``os.fork()`` copies one thread. What that thread would do next, in the child, is to take in the task's outcome and the
next task; but the locks of all other threads are held for ever there, and the run is the parent's.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

__all__ = ["end_child", "forks"]

_forks = 0


def _count() -> None:
    global _forks  # noqa: PLW0603  # a child knows by this that it is one
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count)


def forks() -> int:
    """Return how many forks lie between this process and the first one; it grows where user code has forked."""
    return _forks


def end_child(error: BaseException | None) -> NoReturn:
    """End this process, a forked child, as Python ends a program.

    Args:
        error: what the user's code raised; SystemExit tells the exit code, anything else is printed.
    """
    code: Any = 0
    with suppress(BaseException):  # whatever its streams do, the process ends
        if isinstance(error, SystemExit):
            code = 0 if error.code is None else error.code
            if not isinstance(code, int):
                print(code, file=sys.stderr)
                code = 1
        elif error is not None:
            code = 1
            sys.excepthook(type(error), error, error.__traceback__)
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    os._exit(code & 0xFF)
