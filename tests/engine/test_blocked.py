"""A run goes on and a process ends, whatever a task is blocked in."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from flowweaver import (
    AsyncExecutor,
    Task,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
)

STUCK = """
import asyncio, ctypes, os, queue, select, socket, subprocess, sys, tempfile, threading, time
from flowweaver import *

kind, EVER = sys.argv[1], 600
lock = threading.Lock()
lock.acquire()
here, there = socket.socketpair()
reading, writing = os.pipe()
fifo = os.path.join(tempfile.mkdtemp(), "fifo")
os.mkfifo(fifo)

def spin():
    while True:
        pass

def deaf():
    while True:
        try:
            time.sleep(EVER)
        except BaseException:
            pass

async def sleeps():
    await asyncio.sleep(EVER)

async def spins():
    while True:
        await asyncio.sleep(0)

async def shields():
    await asyncio.shield(asyncio.sleep(EVER))

def runs_a_program():
    subprocess.run(["sleep", "20"], stdout=-3, stderr=-3)

# These would hold a loop that somebody else runs, which the manual says.
async def calls_a_thread():
    await asyncio.to_thread(time.sleep, EVER)

async def is_deaf():
    while True:
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            pass

async def blocks():
    time.sleep(EVER)

async def blocks_in_the_end():
    try:
        await asyncio.sleep(EVER)
    finally:
        time.sleep(EVER)

stuck = [
    lambda: time.sleep(EVER), lambda: lock.acquire(), lambda: here.recv(1), lambda: os.read(reading, 1),
    lambda: open(fifo).read(), lambda: queue.Queue().get(), lambda: select.select([reading], [], []),
    lambda: threading.Event().wait(), lambda: ctypes.CDLL(None).sleep(EVER), spin, deaf, runs_a_program,
    sleeps, spins, shields, input, lambda: sys.stdin.buffer.read(),
]
if kind != "in loop":
    stuck += [calls_a_thread, is_deaf, blocks, blocks_in_the_end]

workflow = Workflow("stuck")
for number, function in enumerate(stuck):
    workflow.add_task(Task(f"stuck{number}", function, timeout=0.2))
    workflow.add_task(Task(f"behind{number}", lambda: 1), [f"stuck{number}"])

async def well():
    await asyncio.sleep(0)
    return 1

# Behind each that is stuck in order, not in the graph: with one worker they run when it has been given up.
for number in range(5):
    workflow.add_task(Task(f"well{number}", well if number % 2 else lambda: well()))

make = {"sequential": SequentialExecutor, "threaded": lambda: ThreadedExecutor(len(stuck)), "async": AsyncExecutor}
try:
    if kind == "in loop":
        async def main():
            await AsyncExecutor().execute(workflow, keep_going=True)
        asyncio.run(main())
    else:
        make[kind]().execute(workflow, keep_going=True)
except WorkflowExecutionError as error:
    assert isinstance(error.__cause__, TaskTimeoutError), error
for task in workflow.tasks:
    wanted = {"s": TaskStatus.FAILED, "b": TaskStatus.SKIPPED, "w": TaskStatus.COMPLETED}[task.name[0]]
    assert task.status is wanted, (task.name, task.status, task.error)
    assert wanted is not TaskStatus.FAILED or isinstance(task.error, TaskTimeoutError), (task.name, task.error)
    assert wanted is not TaskStatus.FAILED or task.duration < 1.2, (task.name, task.duration)
print("went on")
"""


@pytest.mark.parametrize("kind", ["sequential", "threaded", "async", "in loop"])
def test_whatever_tasks_are_stuck_in_the_run_goes_on_and_the_process_ends(kind):
    command = [sys.executable, "-c", STUCK, kind]
    typed, never = os.pipe()
    try:
        ended = subprocess.run(command, stdin=typed, capture_output=True, text=True, timeout=60, check=False)
    finally:
        os.close(typed)
        os.close(never)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "went on\n", "")


async def _cancels_itself_and_returns():
    asyncio.current_task().cancel()
    return 1


async def _cancels_itself_and_waits():
    asyncio.current_task().cancel()
    await asyncio.sleep(60)


async def _waits():
    await asyncio.sleep(0.001)
    return "waited"


async def _has_a_group():
    async def fails():
        raise ValueError

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            group.create_task(asyncio.sleep(60))
    except* ValueError:
        pass
    return "group ended"


async def _has_a_deadline():
    try:
        async with asyncio.timeout(0.001):
            await asyncio.sleep(60)
    except TimeoutError:
        return "in time"


@pytest.mark.parametrize("first", [_cancels_itself_and_returns, _cancels_itself_and_waits])
def test_a_coroutine_that_cancels_itself_hits_no_other(make_executor, first):
    workflow = Workflow("w")
    for number in range(8):  # as many as can run at a time, so that what follows runs in the same places
        workflow.add_task(Task(f"first{number}", first))
    others = [_waits, _has_a_group, _has_a_deadline]
    for number in range(9):
        workflow.add_task(Task(f"other{number}", others[number % 3]))
    if first is _cancels_itself_and_returns and isinstance(make_executor(), AsyncExecutor):
        make_executor().execute(workflow, keep_going=True)
    else:
        with pytest.raises(WorkflowExecutionError):
            make_executor().execute(workflow, keep_going=True)
    results = [task.result for task in workflow.tasks[8:]]
    assert results == ["waited", "group ended", "in time"] * 3


def test_a_coroutine_that_had_not_begun_on_a_blocked_loop_begins_on_another():
    begun, release, calls = threading.Event(), threading.Event(), []

    async def blocks():
        begun.set()
        release.wait(30)

    def opens():
        begun.wait(30)

    async def innocent():
        calls.append(1)
        return "done"

    workflow = Workflow("w")
    workflow.add_task(Task("blocks", blocks, timeout=0.1))
    workflow.add_task(Task("opens", opens))
    workflow.add_task(Task("innocent", innocent), ["opens"])
    with pytest.raises(WorkflowExecutionError, match="blocks"):
        ThreadedExecutor().execute(workflow, keep_going=True)
    assert not release.is_set()
    release.set()
    assert workflow.get_task("innocent").result == "done"
    assert calls == [1]
    assert workflow.get_task("blocks").status is TaskStatus.FAILED


def test_no_more_threads_than_the_standard_pool_has_serve_to_thread():
    from flowweaver.executors.pool import _MOST, DaemonPool

    pool, release, running = DaemonPool(), threading.Event(), []
    started = threading.Barrier(_MOST + 1)

    def work(number):
        if number < _MOST:
            started.wait(30)
        running.append(number)
        release.wait(30)
        return number

    futures = [pool.submit(work, number) for number in range(3 * _MOST)]
    started.wait(30)
    assert sum(future.running() for future in futures) == _MOST
    release.set()
    assert [future.result(30) for future in futures] == list(range(3 * _MOST))
    failed = pool.submit(int, "x")
    assert isinstance(failed.exception(30), ValueError)
    pool.shutdown()


FORKS = """
import os, sys
from flowweaver import *

def forked(then):
    child = os.fork()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else then()

def exits(): sys.exit(3)
def says_why(): sys.exit("said why")
def fails(): raise ValueError("in the child")
def runs_another():
    inner = Workflow("inner")
    inner.add_task(Task("four", lambda: 4))
    SequentialExecutor().execute(inner)
    os._exit(inner.get_task_result("four"))
async def coroutine(): return forked(exits)
def called_back(task): forked(lambda: None)

workflow = Workflow("w")
for name, then in {"returns": lambda: "child", "exits": exits, "says": says_why, "fails": fails, "runs": runs_another}.items():
    workflow.add_task(Task(name, lambda then=then: forked(then), callbacks=[called_back]))
workflow.add_task(Task("coroutine", coroutine))
make = {"sequential": SequentialExecutor, "threaded": ThreadedExecutor, "async": AsyncExecutor}[sys.argv[1]]
make(state_store=SQLiteStateStore(sys.argv[2]), on_workflow_success=called_back).execute(workflow)
print([task.result for task in workflow.tasks])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("kind", ["sequential", "threaded", "async"])
def test_a_child_that_a_task_forks_ends_where_the_function_does_and_leaves_the_run_to_its_parent(kind, tmp_path):
    command = [sys.executable, "-c", FORKS, kind, str(tmp_path / "state.db")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "[0, 3, 1, 1, 4, 3]\n")
    assert "said why" in ended.stderr
    assert "ValueError: in the child" in ended.stderr


ASKS = """
import sys
from flowweaver import *

async def asks(): input()

workflow = Workflow("w")
workflow.add_task(Task("asks", asks, timeout=0.2))
try:
    AsyncExecutor().execute(workflow)
except WorkflowExecutionError as error:
    print(type(error.__cause__).__name__)
"""


def test_a_coroutine_that_is_left_behind_in_input_does_not_make_python_abort_at_its_end():
    typed, never = os.pipe()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", ASKS], stdin=typed, capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        os.close(typed)
        os.close(never)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "TaskTimeoutError\n", "")
