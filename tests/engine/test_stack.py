"""Where a running task is: its own frames, whatever runs it, and never what is in their variables."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from flowweaver import (
    AsyncExecutor,
    BaseExecutor,
    SequentialExecutor,
    Task,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
)
from flowweaver.run import Run

MAKERS: dict[str, Callable[[], BaseExecutor]] = {
    "sequential": SequentialExecutor,
    "threaded": lambda: ThreadedExecutor(2),
    "async": lambda: AsyncExecutor(4),
}


@pytest.fixture(params=list(MAKERS))
def start(request) -> Callable[[Workflow], Run]:
    return lambda workflow: MAKERS[request.param]().start(workflow)


class Stuck:
    """Tasks that stay where they are until they are let go."""

    def __init__(self) -> None:
        self.there = threading.Event()
        self.go = threading.Event()

    def wait_here(self, secret: str = "hunter2") -> None:
        self.there.set()
        assert self.go.wait(20)

    def in_function(self) -> int:
        self.wait_here()
        return 1

    async def _deep(self) -> None:
        self.there.set()
        while not self.go.is_set():
            await asyncio.sleep(0.005)

    async def in_coroutine(self) -> int:
        await self._deep()
        return 1

    async def blocking_its_loop(self) -> int:
        self.wait_here()
        return 1


def run_until_stuck(start: Callable[[Workflow], Run], stuck: Stuck, function: Callable) -> Run:
    workflow = Workflow("stuck")
    workflow.add_task(function)
    workflow.add_task(Task("other", lambda: 2))
    run = start(workflow)
    assert stuck.there.wait(20)
    return run


@pytest.mark.parametrize(
    ("name", "first", "then"),
    [
        ("in_function", "in_function", "wait_here"),
        ("in_coroutine", "in_coroutine", "_deep"),
        ("blocking_its_loop", "blocking_its_loop", "wait_here"),
    ],
)
def test_the_frames_of_a_running_task_begin_with_its_own_function(start, name, first, then):
    stuck = Stuck()
    run = run_until_stuck(start, stuck, getattr(stuck, name))
    try:
        frames = run.stack(name)
        assert [frame.function for frame in frames[:2]] == [first, then]
        assert frames[0].file == __file__
        assert all(frame.line > 0 for frame in frames)
        assert "hunter2" not in repr(frames)
    finally:
        stuck.go.set()
        run.wait(20)
    assert run.stack(name) == []


def test_a_task_that_does_not_run_is_nowhere(start):
    stuck = Stuck()
    run = run_until_stuck(start, stuck, stuck.in_function)
    try:
        assert run.stack("no such task") == []
    finally:
        stuck.go.set()
        run.wait(20)
    assert run.stack("other") == []


def test_two_tasks_at_once_are_told_apart():
    one, two = Stuck(), Stuck()
    workflow = Workflow("two")
    workflow.add_task(Task("one", one.in_function))
    workflow.add_task(Task("two", two.in_coroutine))
    run = ThreadedExecutor(2).start(workflow)
    assert one.there.wait(20)
    assert two.there.wait(20)
    try:
        assert run.stack("one")[0].function == "in_function"
        assert run.stack("two")[0].function == "in_coroutine"
    finally:
        one.go.set()
        two.go.set()
        run.wait(20)


def test_a_thread_that_a_timeout_has_left_behind_can_still_be_found():
    stuck = Stuck()
    workflow = Workflow("left")
    workflow.add_task(Task("in_function", stuck.in_function, timeout=0.05))
    run = ThreadedExecutor(1).start(workflow)
    with pytest.raises(WorkflowExecutionError):
        run.wait(20)
    assert [frame.function for frame in run.stack("in_function")[:2]] == ["in_function", "wait_here"]
    assert run.summary is not None
    assert run.summary.left_behind == 1
    stuck.go.set()


def test_a_deep_recursion_is_told_by_its_innermost_frames():
    there, go = threading.Event(), threading.Event()

    def down(depth: int) -> None:
        if depth:
            down(depth - 1)
        else:
            there.set()
            assert go.wait(20)

    workflow = Workflow("deep")
    workflow.add_task(Task("deep", lambda: down(600)))
    run = ThreadedExecutor(1).start(workflow)
    assert there.wait(20)
    try:
        assert len(run.stack("deep")) == 200
    finally:
        go.set()
        run.wait(20)
