"""Every executor under one name, so that a claim is tested of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from flowweaver import AsyncExecutor, BaseExecutor, SequentialExecutor, ThreadedExecutor, Workflow

Execute = Callable[..., Any]


def _sequential(**options: Any) -> BaseExecutor:
    return SequentialExecutor(**options)


def _threaded(**options: Any) -> BaseExecutor:
    return ThreadedExecutor(max_workers=4, **options)


def _asynchronous(**options: Any) -> BaseExecutor:
    return AsyncExecutor(max_concurrent=8, **options)


class _InLoop(AsyncExecutor):
    """AsyncExecutor as it is used inside a running event loop."""

    def execute(self, workflow: Workflow, **options: Any) -> Any:
        async def main() -> Any:
            return await super(_InLoop, self).execute(workflow, **options)

        return asyncio.run(main())


def _in_loop(**options: Any) -> BaseExecutor:
    return _InLoop(max_concurrent=8, **options)


class _Background(ThreadedExecutor):
    """ThreadedExecutor through ``start`` and ``wait``."""

    def execute(self, workflow: Workflow, **options: Any) -> Any:
        return self.start(workflow, **options).wait()


def _background(**options: Any) -> BaseExecutor:
    return _Background(max_workers=4, **options)


MAKERS = {
    "sequential": _sequential,
    "threaded": _threaded,
    "async": _asynchronous,
    "async-in-loop": _in_loop,
    "background": _background,
}


@pytest.fixture(params=list(MAKERS))
def make_executor(request: pytest.FixtureRequest) -> Callable[..., BaseExecutor]:
    """Make an executor of each kind; keyword arguments are those all executors share."""
    return MAKERS[request.param]
