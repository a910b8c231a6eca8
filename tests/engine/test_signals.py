"""Ctrl-C in a real process: the first drains, the second leaves the tasks behind, and the state is saved either way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SCRIPT = """
    import sys
    from flowweaver import SQLiteStateStore, SequentialExecutor, Task, ThreadedExecutor, Workflow

    def first():
        print("begun", flush=True)
        sys.stdin.readline()
        return 1

    workflow = Workflow("w")
    workflow.add_task(Task("first", first))
    workflow.add_task(Task("second", lambda: 2), ["first"])
    executor = {executor}(state_store=SQLiteStateStore({state!r}))
    try:
        executor.execute(workflow)
    except KeyboardInterrupt:
        print("interrupted", *(task.status.value for task in workflow.tasks), flush=True)
        sys.exit(130)
    print("completed", *(task.restored for task in workflow.tasks), flush=True)
"""


def start(tmp_path: Path, executor: str) -> subprocess.Popen[str]:
    script = textwrap.dedent(SCRIPT).format(executor=executor, state=str(tmp_path / "state.db"))
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def ends(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=60)
    return output


def test_the_first_interrupt_lets_the_running_task_finish_and_starts_no_other(tmp_path):
    process = start(tmp_path, "SequentialExecutor")
    process.send_signal(signal.SIGINT)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert ends(process) == "interrupted COMPLETED PENDING\n"
    assert process.returncode == 130


@pytest.mark.parametrize("executor", ["SequentialExecutor", "ThreadedExecutor"])
def test_the_second_interrupt_leaves_the_task_behind_and_a_resume_runs_it_again(tmp_path, executor):
    process = start(tmp_path, executor)
    while process.poll() is None:  # signals that come together count as one: repeat until it has had its second
        process.send_signal(signal.SIGINT)
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            continue
    assert ends(process) == "interrupted PENDING PENDING\n"
    assert process.returncode == 130
    again = start(tmp_path, executor)
    assert again.stdin is not None
    again.stdin.write("\n")
    again.stdin.flush()
    assert ends(again) == "completed False False\n"


def test_what_was_killed_without_a_word_resumes_with_only_the_task_in_flight(tmp_path):
    process = start(tmp_path, "ThreadedExecutor")
    process.kill()
    process.wait(60)
    again = start(tmp_path, "ThreadedExecutor")
    assert again.stdin is not None
    again.stdin.write("\n")
    again.stdin.flush()
    assert ends(again) == "completed False False\n"
