"""The small workflows on the real engine: each shows what it says it teaches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowweaver import SQLiteStateStore, TaskStatus, ThreadedExecutor, WorkflowExecutionError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def hurried(flaky):
    """flaky.py with shorter waits."""
    text = flaky.read_text(encoding="utf-8")
    for old, new in (
        ("retry_delay=0.5", "retry_delay=0.01"),
        ("timeout=1", "timeout=0.3"),
        ("sleep(0.05)", "sleep(0.01)"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    flaky.write_text(text, encoding="utf-8")
    return flaky


def run(load, path):
    workflow = load(path).workflow
    ThreadedExecutor(state_store=SQLiteStateStore(str(path.with_suffix(".db")))).execute(workflow)
    return workflow


def test_flaky_retries_gives_up_at_the_deadline_and_goes_on_once_it_is_mended(load, hurried):
    with pytest.raises(WorkflowExecutionError) as caught:
        run(load, hurried)
    assert caught.value.failed_task == "merge_hours"
    assert repr(caught.value.__cause__) == "KeyError('hour_utc')"

    text = hurried.read_text(encoding="utf-8")
    hurried.write_text(text.replace('row["hour_utc"]', 'row["time_hour"]'), encoding="utf-8")
    workflow = run(load, hurried)
    assert [each.name for each in workflow.tasks if not each.restored] == ["merge_hours", "publish"]
    assert workflow.get_task_result("publish") == 1.0


def test_flaky_shows_the_same_in_every_run(load, hurried):
    module = load(hurried)
    for _ in range(2):
        with pytest.raises(WorkflowExecutionError):
            ThreadedExecutor().execute(module.workflow)
        assert module.workflow.get_task("fetch_forecast").attempts == 3
        assert module.workflow.get_task("read_sensor").attempts == 2
        assert module.workflow.get_task("publish").status is TaskStatus.SKIPPED


@pytest.fixture(scope="module")
def program():
    """Return a function that runs a workflow file as a program of its own."""

    def run_program(path):
        return subprocess.run(
            [sys.executable, str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run_program


def test_parallel_run_waits_for_all_at_once(program):
    finished = program(ROOT / "workflows" / "parallel_run.py")
    assert finished.returncode == 0, finished.stderr
    verdict = finished.stdout.splitlines()[-1]
    assert verdict.startswith("10 answers: ")
    assert float(verdict.split()[-4]) > 2.0


def test_flaky_as_a_program_fails_and_says_where_to_look(program, flaky):
    finished = program(flaky)
    assert finished.returncode == 1
    assert "look for MISTAKE in this file" in finished.stderr
    assert "Traceback" not in finished.stderr
