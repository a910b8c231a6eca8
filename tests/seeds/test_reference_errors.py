"""Blocks D29 to D34 of the API reference: enumerations, exceptions and the complete pipeline."""

import pytest

from flowweaver import (
    SequentialExecutor,
    SQLiteStateStore,
    Task,
    TaskExecutionError,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
    WorkflowStatus,
    task,
)


def test_d29_a_task_has_six_states_whose_values_are_their_names():
    names = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "RETRYING", "SKIPPED"]
    assert [(each.name, each.value) for each in TaskStatus] == [(name, name) for name in names]


def test_d30_a_task_that_was_executed_directly_is_completed_or_failed():
    good = Task("good", lambda: 42)
    good.execute()
    assert good.status == TaskStatus.COMPLETED
    assert good.result == 42

    bad = Task("bad", lambda: int("x"))
    with pytest.raises(TaskExecutionError):
        bad.execute()
    assert bad.status == TaskStatus.FAILED
    assert "invalid literal" in str(bad.error)


def test_d29_what_follows_a_failure_is_skipped_and_what_does_not_stays_pending():
    workflow = Workflow("train")
    workflow.add_task(Task("engine", lambda: 1 / 0))
    workflow.add_task(Task("wagon", lambda engine: engine), depends_on=["engine"])
    workflow.add_task(Task("caboose", lambda wagon: wagon), depends_on=["wagon"])
    workflow.add_task(Task("other_train", lambda: 1))
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor().execute(workflow)
    statuses = {each.name: each.status for each in workflow.tasks}
    assert statuses["engine"] is TaskStatus.FAILED
    assert statuses["wagon"] is statuses["caboose"] is TaskStatus.SKIPPED
    assert statuses["other_train"] in (TaskStatus.PENDING, TaskStatus.COMPLETED)


def test_d31_a_workflow_has_four_states_whose_values_are_their_names(executor_type):
    names = ["IDLE", "RUNNING", "COMPLETED", "FAILED"]
    assert [(each.name, each.value) for each in WorkflowStatus] == [(name, name) for name in names]

    seen = []
    workflow = Workflow("states")
    workflow.add_task(Task("look", lambda: seen.append(workflow.status)))
    seen.append(workflow.status)
    executor_type().execute(workflow)
    assert [*seen, workflow.status] == [WorkflowStatus.IDLE, WorkflowStatus.RUNNING, WorkflowStatus.COMPLETED]


def test_d32_a_failed_workflow_names_the_task_and_has_its_error_as_the_cause(executor_type):
    workflow = Workflow("sums")
    workflow.add_task(Task("share", lambda: 12 / 0))
    with pytest.raises(WorkflowExecutionError) as caught:
        executor_type().execute(workflow)
    assert caught.value.failed_task == "share"
    assert "share" in str(caught.value)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert workflow.status is WorkflowStatus.FAILED


def test_d33_a_failed_task_has_its_functions_error_as_the_cause():
    def refuse():
        raise ValueError("on purpose")

    with pytest.raises(TaskExecutionError, match="on purpose") as caught:
        Task("refuse", refuse).execute()
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.task_name == "refuse"


def mill(calls):
    @task(retries=2, timeout=30)
    def deliver():
        """Take in the day's grain."""
        calls["deliver"] += 1
        return {"sacks": [{"id": 1, "farm": "Elm"}, {"id": 2, "farm": "Oak"}], "prices": [{"sack": 1, "cents": 900}]}

    @task(retries=1)
    def inspect_sacks(deliver=None):
        """Look into every sack."""
        calls["inspect_sacks"] += 1
        if not deliver:
            raise ValueError("nothing was delivered")
        assert isinstance(deliver["sacks"], list)
        return {"sound": True, "sacks": len(deliver["sacks"])}

    @task()
    def grind(deliver=None, inspect_sacks=None):
        """Grind what is sound."""
        calls["grind"] += 1
        if not inspect_sacks["sound"]:
            raise ValueError("not sound")
        return {"flour": inspect_sacks["sacks"] * 40, "farms": [each["farm"] for each in deliver["sacks"]]}

    @task()
    def sell(grind=None):
        """Sell it."""
        calls["sell"] += 1
        print(f"selling {grind['flour']} kg")
        return {"sold": grind["flour"]}

    workflow = Workflow(name="mill", description="From the sack to the shop")
    workflow.add_task(deliver)
    workflow.add_task(inspect_sacks, depends_on=["deliver"])
    workflow.add_task(grind, depends_on=["deliver", "inspect_sacks"])
    workflow.add_task(sell, depends_on=["grind"])
    return workflow


def test_d34_the_multi_stage_pipeline_runs_prints_and_resumes(tmp_path, calls, capsys):
    workflow = mill(calls)
    state_store = SQLiteStateStore(str(tmp_path / "mill.db"))
    ThreadedExecutor(max_workers=2, state_store=state_store).execute(workflow)
    assert {each.name: each.status for each in workflow.tasks} == dict.fromkeys(
        ("deliver", "inspect_sacks", "grind", "sell"), TaskStatus.COMPLETED
    )
    assert workflow.get_task("grind").result == {"flour": 80, "farms": ["Elm", "Oak"]}
    assert workflow.get_task("sell").result == {"sold": 80}
    assert "selling 80 kg" in capsys.readouterr().out

    again = mill(calls)
    ThreadedExecutor(max_workers=2, state_store=state_store).execute(again)
    assert set(calls.values()) == {1}
    assert [each.result for each in again.tasks] == [each.result for each in workflow.tasks]


def test_d34_a_failure_in_the_middle_leaves_readable_states_and_errors(tmp_path, calls):
    workflow = mill(calls)
    workflow.get_task("inspect_sacks").func = lambda deliver: {}["sound"]
    with pytest.raises(WorkflowExecutionError) as caught:
        ThreadedExecutor(max_workers=2, state_store=SQLiteStateStore(str(tmp_path / "mill.db"))).execute(workflow)
    assert caught.value.failed_task == "inspect_sacks"
    assert [each.status for each in workflow.tasks] == [
        TaskStatus.COMPLETED,
        TaskStatus.FAILED,
        TaskStatus.SKIPPED,
        TaskStatus.SKIPPED,
    ]
    assert isinstance(workflow.get_task("inspect_sacks").error, KeyError)
