"""Blocks D15 to D28 of the API reference: the executors and where state is kept."""

import asyncio
import inspect
import json
import sqlite3
import time
from contextlib import closing
from datetime import datetime

import pytest

from flowweaver import (
    AsyncExecutor,
    BaseExecutor,
    BaseStateStore,
    InMemoryStateBackend,
    JSONStateStore,
    SequentialExecutor,
    SQLiteStateStore,
    StateBackend,
    Task,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
)


def parameters(thing):
    return {name: each.default for name, each in inspect.signature(thing).parameters.items()}


def first(count, thing):
    return dict(list(parameters(thing).items())[:count])


def test_d15_the_sequential_executor_takes_a_store():
    assert first(1, SequentialExecutor) == {"state_store": None}
    assert SequentialExecutor().state_store is None


def test_d16_two_steps_one_after_the_other_with_their_state_in_a_file(tmp_path):
    workflow = Workflow("stairs")
    workflow.add_task(Task("lower", lambda: 10))
    workflow.add_task(Task("upper", lambda: 20), depends_on=["lower"])
    store = JSONStateStore(str(tmp_path / "state.json"))
    executor = SequentialExecutor(state_store=store)
    executor.execute(workflow)
    assert executor.state_store is store
    assert [store.load_task_state(name)["result"] for name in ("lower", "upper")] == [10, 20]


def test_d17_the_threaded_executor_takes_a_number_of_workers_and_a_store():
    assert first(2, ThreadedExecutor) == {"max_workers": 4, "state_store": None}
    assert ThreadedExecutor().max_workers == 4


def test_d19_defaults_of_a_lambda_are_its_own_and_stay_what_they_are(tmp_path):
    def sound(place):
        return len(place)

    workflow = Workflow("soundings")
    for number in range(10):
        workflow.add_task(Task(f"sound_{number}", lambda place=f"mark {number} of 10": sound(place)))
    store = JSONStateStore(str(tmp_path / "state.json"))
    ThreadedExecutor(max_workers=8, state_store=store).execute(workflow)
    assert [each.result for each in workflow.tasks] == [12] * 10
    assert len(store.list_all_tasks()) == 10


def test_d20_the_async_executor_takes_a_limit_and_a_store():
    assert first(2, AsyncExecutor) == {"max_concurrent": 50, "state_store": None}
    assert AsyncExecutor().max_concurrent == 50
    assert all(issubclass(kind, BaseExecutor) for kind in (SequentialExecutor, ThreadedExecutor, AsyncExecutor))


def test_d21_inside_a_running_loop_the_run_is_awaited_on_that_loop():
    async def main():
        loops = []
        workflow = Workflow("signals")

        async def flash():
            await asyncio.sleep(0)
            loops.append(asyncio.get_running_loop())
            return "..."

        workflow.add_task(Task("flash", flash))
        await AsyncExecutor(max_concurrent=50).execute(workflow)
        assert loops == [asyncio.get_running_loop()]
        return workflow.get_task("flash").result

    assert asyncio.run(main()) == "..."


def test_d21_outside_a_loop_it_runs_to_its_end(executor_type):
    async def flash():
        await asyncio.sleep(0)
        return "..."

    workflow = Workflow("signals")
    workflow.add_task(Task("flash", flash))
    workflow.add_task(Task("read", lambda flash: flash.count(".")), depends_on=["flash"])
    executor_type().execute(workflow)
    assert workflow.get_task("read").result == 3


def test_d21_no_more_than_the_limit_are_in_flight():
    inside = most = 0

    async def signal():
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1

    workflow = Workflow("signals")
    for number in range(9):
        workflow.add_task(Task(f"signal_{number}", signal))
    AsyncExecutor(max_concurrent=3).execute(workflow)
    assert most == 3


def test_d22_a_store_is_five_methods_with_these_arguments():
    five = {"save_task_state", "load_task_state", "delete_task_state", "list_all_tasks", "clear_all_states"}
    assert set(BaseStateStore.__abstractmethods__) == five
    saved = list(inspect.signature(BaseStateStore.save_task_state).parameters)
    assert saved == ["self", "task_name", "status", "result", "error", "timestamp"]
    assert list(inspect.signature(BaseStateStore.load_task_state).parameters) == ["self", "task_name"]
    assert issubclass(StateBackend, BaseStateStore)


class Drawer(BaseStateStore):
    """A store of a user's own, that keeps everything in a dict."""

    def __init__(self):
        self.kept = {}

    def save_task_state(self, task_name, status, result=None, error=None, timestamp=None):
        self.kept[task_name] = {"status": status, "result": result, "error": error, "timestamp": timestamp}

    def load_task_state(self, task_name):
        return self.kept.get(task_name)

    def delete_task_state(self, task_name):
        self.kept.pop(task_name, None)

    def list_all_tasks(self):
        return list(self.kept)

    def clear_all_states(self):
        self.kept.clear()


def drawer_workflow(calls):
    workflow = Workflow("drawer")
    workflow.add_task(Task("key", lambda: calls.update(["key"]) or object()))
    workflow.add_task(Task("open", lambda key: calls.update(["open"]) or str(type(key))), depends_on=["key"])
    return workflow


def test_d22_a_users_own_store_resumes_with_every_executor(executor_type, calls):
    drawer = Drawer()
    executor_type(state_store=drawer).execute(drawer_workflow(calls))
    assert drawer.kept["key"]["status"] is TaskStatus.COMPLETED
    executor_type(state_store=drawer).execute(drawer_workflow(calls))
    assert calls == {"key": 1, "open": 1}
    drawer.clear_all_states()
    executor_type(state_store=drawer).execute(drawer_workflow(calls))
    assert calls == {"key": 2, "open": 2}


def any_store(kind, tmp_path):
    if kind == "memory":
        return InMemoryStateBackend()
    return JSONStateStore(str(tmp_path / "state.json")) if kind == "json" else SQLiteStateStore(str(tmp_path / "s.db"))


@pytest.mark.parametrize("kind", ["memory", "json", "sqlite"])
def test_d22_the_five_methods_of_our_own_stores(kind, tmp_path):
    store = any_store(kind, tmp_path)
    when = datetime.now().replace(microsecond=0)  # a naive time is a local one
    store.save_task_state("a", TaskStatus.COMPLETED, {"x": [1, 2]}, None, when)
    store.save_task_state(
        task_name="b", status=TaskStatus.FAILED, result=None, error=ValueError("no wind"), timestamp=when
    )
    good, bad = store.load_task_state("a"), store.load_task_state("b")
    assert (good["task_name"], good["status"], good["result"], good["error"]) == (
        "a", TaskStatus.COMPLETED, {"x": [1, 2]}, None,
    )  # fmt: skip
    assert datetime.fromisoformat(good["timestamp"]).timestamp() == when.timestamp()
    assert bad["status"] is TaskStatus.FAILED
    assert isinstance(bad["error"], str)
    assert "no wind" in bad["error"]
    assert sorted(store.list_all_tasks()) == ["a", "b"]
    store.delete_task_state("a")
    store.delete_task_state("never there")
    assert store.list_all_tasks() == ["b"]
    store.clear_all_states()
    assert store.list_all_tasks() == []
    assert store.load_task_state("b") is None


def test_d22_what_was_saved_with_an_old_timestamp_stays_while_others_are_deleted(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "state.db"))
    for name in ("a", "b"):
        store.save_task_state(name, TaskStatus.COMPLETED, 1, None, datetime(2020, 5, 6))
    assert sorted(store.list_all_tasks()) == ["a", "b"]
    store.delete_task_state("a")
    store.delete_task_state("never there")
    assert store.list_all_tasks() == ["b"]


def test_d23_the_json_store_takes_a_path_and_whether_to_be_pretty(tmp_path):
    assert first(2, JSONStateStore) == {"store_path": inspect.Parameter.empty, "pretty_print": True}
    lines = {}
    for pretty in (True, False):
        store = JSONStateStore(store_path=str(tmp_path / f"{pretty}.json"), pretty_print=pretty)
        assert store.pretty_print is pretty
        store.save_task_state("a", TaskStatus.COMPLETED, {"x": [1, 2]}, None, datetime(2024, 5, 6))
        lines[pretty] = (tmp_path / f"{pretty}.json").read_text().strip().count("\n")
    assert lines[False] == 0
    assert lines[True] >= 6


def test_d24_the_json_file_has_a_record_under_each_tasks_name(tmp_path):
    path = tmp_path / "state.json"
    workflow = Workflow("ledger")
    workflow.add_task(Task("post", lambda: {"sum": 12}))
    workflow.add_task(Task("audit", lambda post: 1 / (post["sum"] - 12)), depends_on=["post"])
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor(state_store=JSONStateStore(str(path))).execute(workflow)
    records = json.loads(path.read_text())
    assert records["post"]["status"] == "COMPLETED"
    assert records["post"]["result"] == {"sum": 12}
    assert records["post"]["error"] is None
    assert datetime.fromisoformat(records["post"]["timestamp"])
    assert records["audit"]["status"] == "FAILED"
    assert "ZeroDivisionError" in records["audit"]["error"]


def test_d24_a_file_with_just_those_four_fields_is_read_and_resumed_from(tmp_path, calls):
    path = tmp_path / "state.json"
    record = {"status": "COMPLETED", "result": {"sum": 99}, "error": None, "timestamp": "2024-02-03T04:05:06"}
    path.write_text(json.dumps({"post": record}))
    workflow = Workflow("ledger")
    workflow.add_task(Task("post", lambda: calls.update(["post"])))
    workflow.add_task(Task("audit", lambda post: post["sum"]), depends_on=["post"])
    SequentialExecutor(state_store=JSONStateStore(str(path))).execute(workflow)
    assert workflow.get_task("audit").result == 99
    assert not calls


def test_d25_a_second_executor_on_a_second_workflow_restores_from_the_same_store(tmp_path, calls):
    def archive():
        calls["archive"] += 1
        return {"boxes": list(range(500))}

    def made():
        workflow = Workflow("archive")
        workflow.add_task(Task("costly", archive))
        return workflow

    store = JSONStateStore(str(tmp_path / "state.json"))
    SequentialExecutor(state_store=store).execute(made())
    second = made()
    SequentialExecutor(state_store=store).execute(second)
    assert calls == {"archive": 1}
    assert second.get_task("costly").result == {"boxes": list(range(500))}


def test_d26_the_sqlite_store_takes_a_path_and_how_long_history_is_kept(tmp_path):
    assert first(3, SQLiteStateStore) == {"db_path": inspect.Parameter.empty, "enable_gc": True, "gc_days": 30}
    store = SQLiteStateStore(db_path=str(tmp_path / "state.db"), enable_gc=False, gc_days=7)
    assert (store.db_path, store.enable_gc, store.gc_days) == (str(tmp_path / "state.db"), False, 7)


def test_d27_the_documented_columns_and_index_are_there(tmp_path):
    path = tmp_path / "state.db"
    SQLiteStateStore(str(path)).save_task_state("a", TaskStatus.COMPLETED, {"x": 1}, None, datetime(2024, 5, 6))
    with closing(sqlite3.connect(path)) as db:
        columns = {row[1] for row in db.execute("PRAGMA table_info(tasks)")}
        assert columns >= {"task_name", "status", "result", "error", "timestamp"}
        indexed = {row[2] for row in db.execute("PRAGMA index_info(idx_timestamp)")}
        assert indexed == {"timestamp"}
        [(status, result, error, stamp)] = db.execute("SELECT status, result, error, timestamp FROM tasks")
    assert (status, json.loads(result), error) == ("COMPLETED", {"x": 1}, None)
    assert datetime.fromisoformat(stamp)


def old_database(path, rows):
    """A file of the documented schema, as the earlier version made it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "create table tasks (task_name text primary key, status text not null, result text, error text,"
            " timestamp datetime not null)"
        )
        db.execute("create index idx_timestamp on tasks (timestamp)")
        db.executemany("insert into tasks values (?, ?, ?, ?, ?)", rows)
        db.commit()


def test_d27_a_file_of_exactly_that_schema_is_adopted_and_resumed_from(tmp_path, calls):
    path = tmp_path / "state.db"
    old_database(
        path,
        [
            ("survey", "COMPLETED", '{"depth": 40}', None, "2024-02-03 04:05:06"),
            ("plan", "failed", None, "OSError: pencil", "2024-02-03T04:05:07"),
            ("of another workflow", "COMPLETED", "1", None, "2024-02-03T04:05:08+00:00"),
        ],
    )
    store = SQLiteStateStore(str(path))
    workflow = Workflow("survey")
    workflow.add_task(Task("survey", lambda: calls.update(["survey"])))
    workflow.add_task(Task("plan", lambda survey: survey["depth"] + 1), depends_on=["survey"])
    ThreadedExecutor(state_store=store).execute(workflow)
    assert workflow.get_task("plan").result == 41
    assert not calls
    assert sorted(store.list_all_tasks()) == ["of another workflow", "plan", "survey"]


def test_d28_a_hundred_tasks_are_in_the_database_for_anybodys_queries(tmp_path):
    path = str(tmp_path / "state.db")
    workflow = Workflow("fleet")
    for number in range(100):
        workflow.add_task(Task(f"ship_{number}", lambda number=number: {"tons": number * 2}))
    ThreadedExecutor(max_workers=4, state_store=SQLiteStateStore(path, enable_gc=True, gc_days=30)).execute(workflow)

    connection = sqlite3.connect(path)
    cursor = connection.cursor()
    cursor.execute("SELECT task_name, timestamp FROM tasks WHERE status = 'COMPLETED'")
    found = dict(cursor.fetchall())
    assert set(found) == {f"ship_{number}" for number in range(100)}
    assert all(abs(datetime.fromisoformat(stamp).timestamp() - time.time()) < 600 for stamp in found.values())
    cursor.execute("SELECT result FROM tasks WHERE task_name = 'ship_7'")
    assert json.loads(cursor.fetchone()[0]) == {"tons": 14}
    connection.close()
