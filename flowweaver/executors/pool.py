"""What ``asyncio.to_thread`` uses on our event loops: daemon threads.

The standard pool is waited for at the end of the interpreter, so that one call that hangs would hold the process for
ever, although its task was given up long ago.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from flowweaver.executors.threads import DaemonThreads

__all__ = ["DaemonPool"]

_MOST: Final = min(32, (os.cpu_count() or 1) + 4)
"""As many threads as the standard pool has."""


class DaemonPool(ThreadPoolExecutor):
    """A pool of daemon threads; asyncio takes none but of this class."""

    def __init__(self) -> None:
        super().__init__(1)
        self._daemons = DaemonThreads("flowweaver-to-thread", limit=_MOST)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function in a thread."""
        future: Future[Any] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._daemons.submit(job)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the free threads end; nobody waits for the others."""
        self._daemons.close()
