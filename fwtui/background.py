"""Calls that may take their time, made in daemon threads of our own while the screen goes on.

Not the event loop's executor: its threads are waited for when the loop closes, and a user's module that never finishes
importing must not keep anybody in the dashboard.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from flowweaver.executors.threads import DaemonThreads

__all__ = ["from_threads", "in_thread"]

T = TypeVar("T")

_threads = DaemonThreads("fwtui-call")


async def in_thread(function: Callable[..., T], *args: Any, **options: Any) -> T:
    """Return what a function returns, or raise what it raises, without holding up the event loop.

    A caller that is cancelled goes on at once; the call itself ends when it ends, and nobody hears of it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def call() -> None:
        result, error = None, None
        try:
            result = function(*args, **options)
        except BaseException as caught:  # the caller's to judge: it is raised again where it waits
            error = RuntimeError("StopIteration") if isinstance(caught, StopIteration) else caught
        with contextlib.suppress(RuntimeError):  # the loop has closed: the screen is gone
            loop.call_soon_threadsafe(settle, result, error)

    _threads.submit(call)
    return await future


def from_threads(function: Callable[[], None]) -> Callable[[], None]:
    """Return what any thread may call to have a function called in the running event loop, soon."""
    loop = asyncio.get_running_loop()

    def call() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: the screen is gone
            loop.call_soon_threadsafe(function)

    return call
