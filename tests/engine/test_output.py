"""A task that prints without end holds up nobody."""

from __future__ import annotations

import os
import threading
import time

from flowweaver import SQLiteStateStore, Task, TaskOutput, ThreadedExecutor, Workflow, current_task
from flowweaver.capture import OUTSIDE, outside_source, write_outside


def test_a_run_ends_soon_although_a_task_prints_without_end(tmp_path):
    printed = threading.Event()

    def prints():
        while not current_task().cancelled:
            print("x")

    workflow = Workflow("w")
    workflow.add_task(Task("prints", prints))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    run = ThreadedExecutor(state_store=store).start(
        workflow, listeners=[lambda event: isinstance(event, TaskOutput) and printed.set()], echo=False
    )
    assert printed.wait(30)
    begun = time.perf_counter()
    run.cancel(grace=5)
    run.wait(60)
    assert time.perf_counter() - begun < 10  # it was more than twenty seconds
    lines = [line.text for line in store.for_workflow("w").log("prints")]
    assert lines.count("x") > 1_000


def test_what_a_forked_child_prints_is_not_lost(capfd):
    def forks():
        print("parent")
        child = os.fork()
        if not child:
            print("child", flush=True)
            os._exit(0)
        os.waitpid(child, 0)

    lines = []
    workflow = Workflow("w")
    workflow.add_task(Task("forks", forks))
    listen = lambda e: isinstance(e, TaskOutput) and lines.extend(line.text for line in e.lines)  # noqa: E731
    ThreadedExecutor().execute(workflow, listeners=[listen], echo=False)
    assert lines == ["parent"]
    assert capfd.readouterr().out == "child\n"


def test_what_no_task_wrote_is_kept_with_the_run_and_told_as_no_tasks_output(tmp_path):
    workflow = Workflow("w")
    workflow.add_task(Task("one", lambda: write_outside("from C code")))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    told = []
    with outside_source(lambda: write_outside("still on its way")):
        write_outside("before any run: kept by nobody")
        ThreadedExecutor(state_store=store).execute(workflow, listeners=[told.append])
        write_outside("after it, too")
    state = store.for_workflow("w")
    lines = state.log(OUTSIDE, run_id=1, attempt=0)
    assert [line.text for line in lines] == ["from C code", "still on its way"]
    assert state.log("one") == []
    assert not any(isinstance(event, TaskOutput) for event in told)
    assert [attempt.task_name for attempt in state.attempts()] == ["one"]


def test_of_what_no_task_wrote_no_more_is_kept_than_of_an_attempt(tmp_path):
    def floods():
        for number in range(60):
            write_outside(f"{number} " + "x" * 200_000)

    workflow = Workflow("w")
    workflow.add_task(Task("floods", floods))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    ThreadedExecutor(state_store=store).execute(workflow)
    lines = [line.text for line in store.for_workflow("w").log(OUTSIDE, run_id=1, attempt=0)]
    assert sum(map(len, lines)) < 6_000_000
    assert lines[0].startswith("0 ")
    assert any("lines are not kept" in line for line in lines)
