"""Blocks C44 to C56 of the best practices: tests of workflows, logging, callbacks, and the common pitfalls.

Where a block shows a pitfall, the test says what the engine makes of it.
"""

import json
import logging
import tempfile
import threading
from pathlib import Path

import pytest

from flowweaver import (
    JSONStateStore,
    MissingArgumentError,
    SequentialExecutor,
    SQLiteStateStore,
    Task,
    TaskStatus,
    TaskTimeoutError,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
    task,
)


@task()
def christen(ship=None):
    if not ship:
        raise ValueError("no ship")
    return {"imo": ship["imo"], "name": ship["name"].title()}


def test_c44_a_decorated_function_is_tested_by_calling_it():
    assert christen({"imo": 1, "name": "ida"}) == {"imo": 1, "name": "Ida"}
    with pytest.raises(ValueError, match="no ship"):
        christen()


def test_c44_and_it_works_in_a_workflow_that_gives_it_what_it_needs(executor_type):
    workflow = Workflow("launch")
    workflow.add_task(Task("ship", lambda: {"imo": 2, "name": "nora"}))
    workflow.add_task(christen, depends_on=["ship"])
    executor_type().execute(workflow)
    assert workflow.get_task("christen").status == TaskStatus.COMPLETED
    assert workflow.get_task("christen").result == {"imo": 2, "name": "Nora"}


def test_c44_but_fails_as_the_function_does_where_nothing_is_given():
    workflow = Workflow("launch")
    workflow.add_task(christen)
    with pytest.raises(WorkflowExecutionError, match="no ship"):
        SequentialExecutor().execute(workflow)
    assert workflow.get_task("christen").status == TaskStatus.FAILED


def test_c45_a_whole_workflow_is_tested_with_its_state_in_a_scratch_folder():
    with tempfile.TemporaryDirectory() as scratch:
        state_file = Path(scratch) / "state.json"
        state_store = JSONStateStore(str(state_file))
        workflow = Workflow("trial")
        workflow.add_task(Task("ship", lambda: {"imo": 3, "name": "una"}))
        workflow.add_task(christen, depends_on=["ship"])
        SequentialExecutor(state_store=state_store).execute(workflow)
        assert workflow.tasks[0].status == TaskStatus.COMPLETED
        assert workflow.tasks[1].status == TaskStatus.COMPLETED
        assert state_file.exists()
        assert sorted(state_store.list_all_tasks()) == ["christen", "ship"]


def test_c46_a_second_workflow_object_of_the_same_name_does_not_call_the_function_again(executor_type, file_store):
    call_count = 0

    def ring():
        nonlocal call_count
        call_count += 1
        return "ding"

    first = Workflow("bell")
    first.add_task(Task("ring", ring))
    executor_type(state_store=file_store).execute(first)
    assert call_count == 1

    second = Workflow("bell")
    second.add_task(Task("ring", ring))
    executor_type(state_store=file_store).execute(second)
    assert call_count == 1
    assert second.get_task("ring").result == "ding"
    assert second.get_task("ring").status is TaskStatus.COMPLETED
    assert second.get_task("ring").restored


log = logging.getLogger("stowage")


@task()
def stow(hold: str, crates=None):
    log.info(json.dumps({"event": "begin", "hold": hold, "crates": len(crates) if crates else 0}))
    try:
        stowed = [f"{hold}:{crate}" for crate in crates]
    except TypeError as error:
        log.error(json.dumps({"event": "error", "hold": hold, "error": str(error)}))
        raise
    log.info(json.dumps({"event": "end", "hold": hold, "stowed": len(stowed)}))
    return stowed


def stowage_events(caplog):
    return [json.loads(record.getMessage())["event"] for record in caplog.records if record.name == "stowage"]


def test_c47_a_task_logs_as_it_pleases_and_takes_a_parameter_of_the_workflow(executor_type, caplog):
    workflow = Workflow("stowage", params={"hold": "aft"})
    workflow.add_task(Task("crates", lambda: ["tea", "tin"]))
    workflow.add_task(stow, depends_on=["crates"])
    with caplog.at_level(logging.INFO, logger="stowage"):
        executor_type().execute(workflow)
    assert stowage_events(caplog) == ["begin", "end"]
    assert workflow.get_task("stow").result == ["aft:tea", "aft:tin"]


def test_c47_its_log_of_an_error_comes_before_the_failure(caplog):
    workflow = Workflow("stowage", params={"hold": "aft"})
    workflow.add_task(stow)
    with caplog.at_level(logging.INFO, logger="stowage"), pytest.raises(WorkflowExecutionError):
        SequentialExecutor().execute(workflow, params={"hold": "fore"})
    assert stowage_events(caplog) == ["begin", "error"]


def test_c47_without_the_parameter_the_workflow_is_refused():
    workflow = Workflow("stowage")
    workflow.add_task(stow)
    with pytest.raises(MissingArgumentError, match="hold"):
        SequentialExecutor().execute(workflow)


def watched(callbacks, function):
    @task(callbacks=callbacks)
    def watched_task():
        return function()

    workflow = Workflow("watched")
    workflow.add_task(watched_task)
    return workflow


def test_c48_callbacks_are_told_of_success_or_of_failure_by_what_they_take(executor_type):
    told = []

    def when_done(task: Task):
        told.append(("done", task.name, task.status, task.duration >= 0))

    def when_failed(task: Task, error: Exception):
        told.append(("failed", task.name, task.status, str(error)))

    executor_type().execute(watched([when_done, when_failed], lambda: 1))
    assert told == [("done", "watched_task", TaskStatus.COMPLETED, True)]

    told.clear()
    with pytest.raises(WorkflowExecutionError):
        executor_type().execute(watched([when_done, when_failed], lambda: [].pop(0)))
    assert told == [("failed", "watched_task", TaskStatus.FAILED, "pop from empty list")]


def test_c48_a_callback_that_takes_both_forms_is_told_of_both():
    told = []

    def when_over(task, error=None):
        told.append(type(error))

    SequentialExecutor().execute(watched([when_over], lambda: 1))
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor().execute(watched([when_over], lambda: [].pop(0)))
    assert told == [type(None), IndexError]


def test_c48_a_callback_comes_once_after_the_last_attempt_and_its_own_error_is_contained():
    told = []

    def broken(task, error):
        told.append(task.attempts)
        raise RuntimeError("the pager is broken")

    def fail():
        raise OSError("leak")

    workflow = Workflow("watched")
    workflow.add_task(Task("pump", fail, retries=2, callbacks=[broken]))
    with pytest.raises(WorkflowExecutionError, match="leak"):
        SequentialExecutor().execute(workflow)
    assert told == [3]


def test_c48_no_callback_comes_for_a_restored_task(tmp_path):
    told = []

    def run():
        workflow = watched([lambda task: told.append(task.name)], lambda: 1)
        SequentialExecutor(state_store=SQLiteStateStore(str(tmp_path / "state.db"))).execute(workflow)

    run()
    run()
    assert told == ["watched_task"]


def lighthouse(*, declared):
    @task()
    def lamp():
        return "lit"

    @task()
    def beam(lamp=None):
        return lamp

    workflow = Workflow("lighthouse")
    workflow.add_task(lamp)
    workflow.add_task(beam, depends_on=["lamp"] if declared else None)
    return workflow


def test_c49_an_argument_named_like_a_task_that_is_no_dependency_keeps_its_default(executor_type):
    workflow = lighthouse(declared=False)
    executor_type().execute(workflow)
    assert workflow.get_task("beam").result is None


def test_c50_a_declared_dependency_gives_its_result(executor_type):
    workflow = lighthouse(declared=True)
    executor_type().execute(workflow)
    assert workflow.get_task("beam").result == "lit"


shared_settings = {}


def test_c51_tasks_that_write_the_same_global_race_and_both_complete():
    together = threading.Barrier(2)

    def writer(value):
        together.wait(20)
        shared_settings["value"] = value
        return shared_settings

    workflow = Workflow("writers")
    workflow.add_task(Task("one", lambda: writer(1)))
    workflow.add_task(Task("two", lambda: writer(2)))
    ThreadedExecutor(max_workers=2).execute(workflow)
    assert workflow.get_task("one").result["value"] in (1, 2)
    assert all(each.status is TaskStatus.COMPLETED for each in workflow.tasks)


def test_c52_tasks_that_return_their_data_do_not_meet():
    @task()
    def one():
        return {"value": 1}

    @task()
    def two():
        return {"value": 2}

    workflow = Workflow("returners")
    workflow.add_task(one)
    workflow.add_task(two)
    workflow.add_task(Task("both", lambda one, two: one["value"] + two["value"]), depends_on=["one", "two"])
    ThreadedExecutor(max_workers=2).execute(workflow)
    assert workflow.get_task("both").result == 3


def cautious(upstream=None):
    if not upstream:
        raise ValueError("no chart")
    return upstream.get("depth", "unknown")


@pytest.mark.parametrize(
    ("function", "cause"),
    [(lambda upstream=None: upstream["depth"], TypeError), (cautious, ValueError)],
    ids=["c53", "c54"],
)
def test_c53_c54_what_a_function_makes_of_a_missing_input_is_its_own_error(function, cause):
    workflow = Workflow("chart")
    workflow.add_task(Task("depth", function))
    with pytest.raises(WorkflowExecutionError) as caught:
        SequentialExecutor().execute(workflow)
    assert isinstance(caught.value.__cause__, cause)


def test_c54_a_checked_input_may_lack_a_key():
    workflow = Workflow("chart")
    workflow.add_task(Task("upstream", lambda: {"scale": 1}))
    workflow.add_task(Task("depth", cautious), depends_on=["upstream"])
    SequentialExecutor().execute(workflow)
    assert workflow.get_task("depth").result == "unknown"


def test_c55_c56_without_a_timeout_there_is_none_and_with_one_it_holds_for_each_attempt(executor_type):
    let_go = threading.Event()

    @task()
    def patient():
        return "answered"

    @task(timeout=0.1, retries=3)
    def impatient():
        attempts.append(1)
        if len(attempts) < 3:
            let_go.wait(60)
        return "answered"

    attempts = []
    workflow = Workflow("calls")
    assert workflow.add_task(patient).timeout is None
    assert workflow.add_task(impatient).timeout == 0.1
    try:
        executor_type().execute(workflow)
    finally:
        let_go.set()
    assert [each.result for each in workflow.tasks] == ["answered", "answered"]
    assert workflow.get_task("impatient").attempts == 3


def test_c56_when_every_attempt_is_too_slow_the_task_fails_with_its_deadline():
    let_go = threading.Event()
    workflow = Workflow("calls")
    workflow.add_task(Task("impatient", lambda: let_go.wait(60), timeout=0.05, retries=1))
    with pytest.raises(WorkflowExecutionError) as caught:
        ThreadedExecutor().execute(workflow)
    let_go.set()
    assert isinstance(caught.value.__cause__, TaskTimeoutError)
    assert caught.value.__cause__.timeout == 0.05
