"""A task that prints without end holds up nobody."""

from __future__ import annotations

import os
import threading
import time

from flowweaver import SQLiteStateStore, Task, TaskOutput, ThreadedExecutor, Workflow, current_task


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
