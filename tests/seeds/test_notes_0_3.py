"""Blocks of the two release notes: A, the refinements of v0.3.0, and B, the integration of v0.3.2."""

import sqlite3
from datetime import datetime

import pytest

from flowweaver import (
    InMemoryStateBackend,
    MissingArgumentError,
    SequentialExecutor,
    SQLiteStateStore,
    StateBackend,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
    WorkflowStatus,
    task,
)


def test_a1_a_result_reaches_the_argument_of_its_tasks_name(executor_type):
    @task()
    def tide_gauge():
        return {"levels": [3, 4, 8]}

    @task()
    def highest(tide_gauge=None):
        return {"highest": max(tide_gauge["levels"])}

    workflow = Workflow("tides")
    workflow.add_task(tide_gauge)
    workflow.add_task(highest, depends_on=["tide_gauge"])
    executor_type().execute(workflow)
    assert workflow.get_task("highest").result == {"highest": 8}


def broken_harbour():
    def crane():
        raise OSError("hydraulics")

    workflow = Workflow("harbour")
    workflow.add_task(crane)
    return workflow


def test_a2_a_failure_hook_gets_the_workflows_name_and_the_error(executor_type):
    alarms = []

    def alarm(workflow_name, error):
        alarms.append((workflow_name, error))

    executor = executor_type(on_workflow_failure=alarm)
    with pytest.raises(WorkflowExecutionError) as caught:
        executor.execute(broken_harbour())
    [(name, error)] = alarms
    assert name == "harbour"
    assert error in (caught.value, caught.value.__cause__)
    assert "hydraulics" in str(error)


def test_a2_start_and_success_hooks_get_the_workflows_name(executor_type):
    heard = []
    executor = executor_type(
        on_workflow_start=lambda name: heard.append(("start", name)),
        on_workflow_success=lambda name: heard.append(("success", name)),
        on_workflow_failure=lambda name, error: heard.append(("failure", name)),
    )
    workflow = Workflow("quay")
    workflow.add_task(task(name="moor")(lambda: heard.append(("task", "moor"))))
    executor.execute(workflow)
    assert heard == [("start", "quay"), ("task", "moor"), ("success", "quay")]


def test_a2_hooks_may_be_methods_of_a_subclass():
    class Harbourmaster(SequentialExecutor):
        heard = []

        def on_workflow_start(self, workflow_name):
            self.heard.append(("start", workflow_name))

        def on_workflow_failure(self, workflow_name, error):
            self.heard.append(("failure", workflow_name, str(error)))

    with pytest.raises(WorkflowExecutionError):
        Harbourmaster().execute(broken_harbour())
    assert Harbourmaster.heard[0] == ("start", "harbour")
    assert Harbourmaster.heard[1][:2] == ("failure", "harbour")


def test_a2_a_hook_that_raises_changes_nothing():
    def broken_hook(workflow_name):
        raise RuntimeError("pager is out of order")

    workflow = Workflow("quay")
    workflow.add_task(task(name="moor")(lambda: "moored"))
    ThreadedExecutor(on_workflow_start=broken_hook, on_workflow_success=broken_hook).execute(workflow)
    assert workflow.status is WorkflowStatus.COMPLETED


def test_a3_a_backend_in_memory_keeps_what_it_is_given():
    backend = InMemoryStateBackend()
    when = datetime(2024, 3, 1, 12, 30)
    backend.save_task_state("ferry", TaskStatus.COMPLETED, {"cars": 12}, None, when)
    state = backend.load_task_state("ferry")
    assert state["status"] is TaskStatus.COMPLETED
    assert state["result"] == {"cars": 12}
    assert state["error"] is None
    assert datetime.fromisoformat(state["timestamp"]).timestamp() == when.timestamp()
    assert backend.load_task_state("barge") is None


def test_a3_a_backend_in_memory_resumes(executor_type, calls):
    def ferry():
        calls["ferry"] += 1
        return 12

    backend = InMemoryStateBackend()
    for _ in range(2):
        workflow = Workflow("crossing")
        workflow.add_task(ferry)
        executor_type(state_store=backend).execute(workflow)
        assert workflow.get_task("ferry").result == 12
    assert calls == {"ferry": 1}


def test_a4_a_decorated_function_with_an_argument_of_its_own_is_callable():
    @task(retries=3, timeout=60)
    def tidy_label(raw_label):
        return raw_label.strip().lower()

    assert tidy_label("  Pier 9 ") == "pier 9"
    added = Workflow("labels").add_task(tidy_label)
    assert (added.name, added.retries, added.timeout) == ("tidy_label", 3, 60)


def test_a4_a_required_argument_that_nothing_provides_is_refused_before_anything_runs(executor_type, calls):
    @task(retries=3, timeout=60)
    def tidy_label(raw_label):
        calls["tidy_label"] += 1

    def other():
        calls["other"] += 1

    workflow = Workflow("labels")
    workflow.add_task(other)
    workflow.add_task(tidy_label)
    with pytest.raises(MissingArgumentError, match=r"tidy_label.*raw_label"):
        executor_type().execute(workflow)
    assert not calls


class LogbookBackend(StateBackend):
    """A user's own backend on a database of its own form."""

    def __init__(self, db_path):
        self.db = sqlite3.connect(db_path, check_same_thread=False)
        self.db.execute("CREATE TABLE IF NOT EXISTS logbook (entry TEXT PRIMARY KEY, state TEXT, cargo TEXT)")

    def save_task_state(self, task_name, status, result=None, error=None, timestamp=None):
        self.db.execute("REPLACE INTO logbook VALUES (?, ?, ?)", (task_name, status.value, result))
        self.db.commit()

    def load_task_state(self, task_name):
        row = self.db.execute("SELECT state, cargo FROM logbook WHERE entry = ?", (task_name,)).fetchone()
        return row and {"status": TaskStatus(row[0]), "result": row[1], "error": None, "timestamp": None}

    def delete_task_state(self, task_name):
        self.db.execute("DELETE FROM logbook WHERE entry = ?", (task_name,))
        self.db.commit()

    def list_all_tasks(self):
        return [entry for (entry,) in self.db.execute("SELECT entry FROM logbook")]

    def clear_all_states(self):
        self.db.execute("DELETE FROM logbook")
        self.db.commit()


def test_a5_a_users_own_backend_resumes_with_every_executor(executor_type, tmp_path, calls):
    def load_cargo():
        calls["load_cargo"] += 1
        return "timber"

    def sail(load_cargo):
        calls["sail"] += 1
        if calls["sail"] == 1:
            raise TimeoutError("no wind")
        return f"{load_cargo} at sea"

    def voyage():
        workflow = Workflow("voyage")
        workflow.add_task(load_cargo)
        workflow.add_task(sail, depends_on=["load_cargo"])
        return workflow

    backend = LogbookBackend(tmp_path / "logbook.db")
    with pytest.raises(WorkflowExecutionError):
        executor_type(state_store=backend).execute(voyage())
    assert backend.load_task_state("sail")["status"] is TaskStatus.FAILED

    second = voyage()
    executor_type(state_store=backend).execute(second)
    assert second.get_task("sail").result == "timber at sea"
    assert calls == {"load_cargo": 1, "sail": 2}
    assert sorted(backend.list_all_tasks()) == ["load_cargo", "sail"]


def test_b2_an_upstream_result_arrives_by_name(executor_type):
    @task()
    def scale():
        return {"grams": 250}

    @task()
    def in_ounces(scale=None):
        return {"ounces": round(scale["grams"] / 28.35, 1)}

    workflow = Workflow("weighing")
    workflow.add_task(scale)
    workflow.add_task(in_ounces, depends_on=["scale"])
    executor_type().execute(workflow)
    assert workflow.get_task("in_ounces").result == {"ounces": 8.8}


def test_b3_four_workers_pass_results_without_a_lock_of_the_users():
    workflow = Workflow("fan")
    for number in range(40):
        workflow.add_task(task(name=f"leaf_{number}")(lambda number=number: number))
    workflow.add_task(
        task(name="total")(lambda **leaves: sum(leaves.values())), depends_on=[t.name for t in workflow.tasks]
    )
    executor = ThreadedExecutor(max_workers=4)
    executor.execute(workflow)
    assert executor.max_workers == 4
    assert workflow.get_task("total").result == sum(range(40))


def test_b4_the_second_execute_of_the_same_object_restores_instead_of_running(tmp_path, calls):
    def brew():
        calls["brew"] += 1
        return ["coffee"]

    def pour(brew):
        calls["pour"] += 1
        return [*brew, "cup"]

    workflow = Workflow("kitchen")
    workflow.add_task(brew)
    workflow.add_task(pour, depends_on=["brew"])
    executor = SequentialExecutor(state_store=SQLiteStateStore(str(tmp_path / "state.db")))
    executor.execute(workflow)
    executor.execute(workflow)
    assert calls == {"brew": 1, "pour": 1}
    assert workflow.get_task("pour").result == ["coffee", "cup"]
    assert workflow.get_task("pour").restored
    assert workflow.status is WorkflowStatus.COMPLETED
