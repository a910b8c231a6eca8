"""The names that the published 0.2.x had: its users switch without an edit."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from flowweaver import (
    AsyncExecutor,
    DefinitionError,
    InMemoryStateBackend,
    SequentialExecutor,
    SQLiteStateStore,
    Task,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
    export_mermaid,
    save_mermaid,
)


def kiln():
    workflow = Workflow(name="kiln")
    workflow.add_task(Task(name="clay", fn=lambda: 3))
    workflow.add_task(Task(name="glaze", fn=lambda: "blue"))
    workflow.add_task(Task(name="fire", fn=lambda clay, glaze: f"{clay} {glaze}"), depends_on=["clay", "glaze"])
    return workflow


def test_a_task_takes_its_function_as_fn():
    def throw():
        return "pot"

    made = Task(name="throw", fn=throw)
    assert made.fn is made.func is throw
    with pytest.raises(DefinitionError):
        Task(name="throw")


def test_is_async_tells_coroutine_functions():
    async def dry():
        return "dry"

    assert Task(name="dry", fn=dry).is_async()
    assert not Task(name="throw", fn=lambda: 1).is_async()


def test_all_tasks_by_name_their_dependencies_and_their_layers():
    workflow = kiln()
    assert list(workflow.get_all_tasks()) == ["clay", "glaze", "fire"]
    assert workflow.get_dependencies("fire") == ["clay", "glaze"]
    plan = workflow.get_execution_plan()
    assert [[each.name for each in layer] for layer in plan] == [["clay", "glaze"], ["fire"]]
    assert plan[0][0] is workflow.get_task("clay")


def test_status_and_result_are_asked_of_the_workflow():
    workflow = kiln()
    assert workflow.get_task_status("fire") is TaskStatus.PENDING
    SequentialExecutor().execute(workflow)
    assert workflow.get_task_status("fire") is TaskStatus.COMPLETED
    assert workflow.get_task_result("fire") == "3 blue"
    assert workflow.get_task_status("not there") is None
    assert workflow.get_task_result("not there") is None


def test_the_statistics_count_every_state():
    workflow = kiln()
    workflow.add_task(Task(name="crack", fn=lambda fire: fire.boom), depends_on=["fire"])
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor().execute(workflow)
    stats = workflow.get_workflow_stats()
    assert stats.pop("total_time_seconds") >= 0
    assert stats == {"total_tasks": 4, "completed": 3, "failed": 1, "pending": 0, "running": 0}


def flaky(failures):
    seen = []

    def call():
        seen.append(1)
        if len(seen) <= failures:
            raise ConnectionError("busy")
        return len(seen)

    return call


CHANGES = [TaskStatus.RUNNING, TaskStatus.RETRYING, TaskStatus.RUNNING, TaskStatus.COMPLETED]


def test_an_executor_tells_status_changes_and_retries(executor_type):
    changes, retries = [], []
    workflow = Workflow("phone")
    workflow.add_task(Task(name="call", fn=flaky(1), retries=2))
    executor_type(
        on_status_change=lambda name, status: changes.append((name, status)),
        on_retry=lambda name, attempt: retries.append((name, attempt)),
    ).execute(workflow)
    assert changes == [("call", status) for status in CHANGES]
    assert retries == [("call", 1)]


def test_a_task_tells_its_own_status_changes_and_retries(executor_type):
    changes, retries = [], []
    workflow = Workflow("phone")
    workflow.add_task(
        Task(
            name="call",
            fn=flaky(1),
            retries=2,
            on_status_change=lambda name, status: changes.append((name, status)),
            on_retry=lambda name, attempt: retries.append((name, attempt)),
        )
    )
    executor_type().execute(workflow)
    assert changes == [("call", status) for status in CHANGES]
    assert retries == [("call", 1)]


def test_storage_is_another_name_for_state_store(executor_type):
    storage = InMemoryStateBackend()
    executor = executor_type(storage=storage)
    assert executor.storage is executor.state_store is storage


def test_a_backend_is_cleared_by_clear():
    backend = InMemoryStateBackend()
    backend.save_task_state("a", TaskStatus.COMPLETED, 1)
    backend.clear()
    assert backend.list_all_tasks() == []


def test_the_graph_as_mermaid_text_and_file(tmp_path):
    text = export_mermaid(kiln())
    for name in ("clay", "glaze", "fire"):
        assert name in text
    assert text.count("-->") == 2
    path = tmp_path / "kiln.mmd"
    save_mermaid(kiln(), str(path))
    assert text.strip() in path.read_text(encoding="utf-8")


def test_errors_are_runtime_errors_and_graph_errors_value_errors():
    workflow = kiln()
    workflow.add_task(Task(name="crack", fn=lambda: 1 / 0))
    with pytest.raises(RuntimeError):
        ThreadedExecutor().execute(workflow)
    with pytest.raises(ValueError, match="shelf"):
        workflow.add_task(Task(name="pack", fn=lambda: 1), depends_on=["shelf"])
    with pytest.raises(ValueError, match="clay"):
        workflow.add_task(Task(name="clay", fn=lambda: 1))


def test_a_plain_function_that_returns_a_coroutine_is_awaited(executor_type):
    async def ask(number):
        await asyncio.sleep(0)
        return number * 2

    workflow = Workflow(name="asking")
    for number in range(3):
        workflow.add_task(Task(name=f"ask_{number}", fn=lambda number=number: ask(number)))
    executor_type().execute(workflow)
    assert [each.result for each in workflow.tasks] == [0, 2, 4]


def test_coroutines_behind_plain_functions_wait_at_the_same_time():
    inside = most = 0

    async def wait():
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.05)
        inside -= 1

    workflow = Workflow(name="asking")
    for number in range(5):
        workflow.add_task(Task(name=f"ask_{number}", fn=lambda: wait()))
    AsyncExecutor().execute(workflow)
    assert most == 5


def test_a_run_goes_on_from_the_old_task_states_table(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "create table task_states (task_name text primary key, status text, result text, error text, timestamp text)"
        )
        db.execute("insert into task_states values ('clay', 'completed', '7', null, '2024-02-03T04:05:06')")
        db.commit()
    workflow = kiln()
    SequentialExecutor(storage=SQLiteStateStore(str(path))).execute(workflow)
    assert workflow.get_task_result("fire") == "7 blue"
