"""Blocks C21 to C43 of the best practices: speed, data flow, threads and persistence.

Where a block shows what not to do, the test says what the engine makes of it.
"""

import asyncio
import os
import sqlite3
import threading
import time
from typing import TypedDict

import pytest

from flowweaver import (
    AsyncExecutor,
    JSONStateStore,
    SequentialExecutor,
    SQLiteStateStore,
    Task,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
    task,
)


def line_of(count, function, name="buoys"):
    """A workflow of so many independent tasks."""
    workflow = Workflow(name)
    for number in range(count):
        workflow.add_task(Task(f"buoy_{number}", lambda number=number: function(number)))
    return workflow


def results(workflow):
    return [each.result for each in workflow.tasks]


def test_c21_each_kind_of_work_has_its_executor():
    squares = [number * number for number in range(8)]

    waiting = line_of(8, lambda number: number * number)
    ThreadedExecutor(max_workers=8).execute(waiting)
    assert results(waiting) == squares

    computing = line_of(8, lambda number: number * number)
    SequentialExecutor().execute(computing)
    assert results(computing) == squares

    async def later(number):
        await asyncio.sleep(0)
        return number * number

    async def main():
        awaiting = Workflow("awaiting")
        for number in range(8):
            awaiting.add_task(Task(f"buoy_{number}", lambda number=number: later(number)))
        await AsyncExecutor(max_concurrent=50).execute(awaiting)
        return results(awaiting)

    assert asyncio.run(main()) == squares


def test_c22_the_sequential_executor_does_one_thing_at_a_time_in_the_callers_thread(crowd):
    threads = set()

    def sound(number):
        with crowd:
            threads.add(threading.current_thread())

    SequentialExecutor().execute(line_of(6, sound))
    assert crowd.most == 1
    assert threads == {threading.current_thread()}


def test_c23_as_many_workers_as_asked_for_work_at_the_same_time():
    workers = (os.cpu_count() or 1) * 2
    together = threading.Barrier(workers)
    executor = ThreadedExecutor(max_workers=workers)
    start = time.time()
    executor.execute(line_of(workers, lambda number: together.wait(20)))
    assert time.time() - start < 20
    assert executor.max_workers == workers


def test_c24_a_hundred_workers_start_no_more_threads_than_tasks_need():
    before = threading.active_count()
    together = threading.Barrier(3)
    seen = []

    def sound(number):
        together.wait(20)
        seen.append(threading.active_count())

    ThreadedExecutor(max_workers=100).execute(line_of(3, sound))
    assert max(seen) - before <= 3 + 2  # and at most one that keeps the time and one for a loop


def test_c25_a_batch_is_one_result_and_one_task(executor_type):
    @task()
    def sieve():
        return list(range(100))

    @task()
    def double_all(sieve=None):
        return [each * 2 for each in sieve]

    workflow = Workflow("batch")
    workflow.add_task(sieve)
    workflow.add_task(double_all, depends_on=["sieve"])
    executor_type().execute(workflow)
    assert workflow.get_task("double_all").result == list(range(0, 200, 2))


def test_c26_a_thousand_tasks_of_one_record_each_all_run_and_their_late_binding_is_pythons(calls):
    workflow = Workflow("crumbs")
    for number in range(1000):
        workflow.add_task(Task(f"crumb_{number}", lambda: calls.update([number])))
    ThreadedExecutor().execute(workflow)
    assert sum(calls.values()) == 1000
    assert set(calls) == {999}


def test_c27_a_large_result_is_in_the_store_and_comes_back_whole(tmp_path, calls):
    catalogue = [{"number": number, "title": f"volume {number}"} for number in range(50_000)]

    @task()
    def library():
        calls["library"] += 1
        return catalogue

    for _ in range(2):
        workflow = Workflow("large")
        workflow.add_task(library)
        SequentialExecutor(state_store=SQLiteStateStore(str(tmp_path / "state.db"))).execute(workflow)
        assert workflow.get_task_result("library") == catalogue
    assert calls == {"library": 1}
    assert SQLiteStateStore(str(tmp_path / "state.db")).load_task_state("library")["result"] == catalogue


def test_c28_without_a_store_results_stay_in_memory_and_every_execute_runs_everything(calls):
    def shelf():
        calls["shelf"] += 1
        return ["book"] * 1000

    workflow = Workflow("memory")
    workflow.add_task(shelf)
    executor = SequentialExecutor()
    executor.execute(workflow)
    assert len(workflow.get_task("shelf").result) == 1000
    executor.execute(workflow)
    assert calls == {"shelf": 2}


def test_c29_a_later_task_may_take_an_early_result_besides_the_last(executor_type):
    @task()
    def harvest():
        return {"apples": 5, "pears": 2}

    @task()
    def sound(harvest=None):
        return harvest["apples"] > 0 and harvest["pears"] > 0

    @task()
    def crate(harvest=None, sound=None):
        return sum(harvest.values()) if sound else 0

    workflow = Workflow("orchard")
    workflow.add_task(harvest)
    workflow.add_task(sound, depends_on=["harvest"])
    workflow.add_task(crate, depends_on=["harvest", "sound"])
    executor_type().execute(workflow)
    assert workflow.get_task("crate").result == 7


def test_c30_the_workflows_insides_are_not_there_to_be_reached_into():
    workflow = Workflow("orchard")
    workflow.add_task(Task("harvest", lambda: 5))
    workflow.add_task(Task("crate", lambda: workflow._result_store["harvest"]), depends_on=["harvest"])
    with pytest.raises(WorkflowExecutionError) as caught:
        SequentialExecutor().execute(workflow)
    assert caught.value.failed_task == "crate"
    assert isinstance(caught.value.__cause__, AttributeError)


class Ship(TypedDict):
    imo: int
    name: str


def test_c31_annotated_tasks_run_and_stay_callable(executor_type):
    @task()
    def fleet() -> list[Ship]:
        return [{"imo": 1, "name": "Ida"}, {"imo": 2, "name": "Nora"}]

    @task()
    def count_ships(fleet: list[Ship] | None = None) -> int:
        return len(fleet) if fleet else 0

    assert count_ships() == 0
    workflow = Workflow("fleet")
    workflow.add_task(fleet)
    workflow.add_task(count_ships, depends_on=["fleet"])
    executor_type().execute(workflow)
    assert workflow.get_task("count_ships").result == 2


def test_c32_without_annotations_anything_passes_between_tasks():
    workflow = Workflow("fleet")
    workflow.add_task(Task("fleet", lambda: ...))
    workflow.add_task(Task("inspect", lambda fleet=None: type(fleet).__name__), depends_on=["fleet"])
    SequentialExecutor().execute(workflow)
    assert workflow.get_task("inspect").result == "ellipsis"


def test_c33_results_of_many_threads_are_all_there_and_each_its_own():
    workflow = line_of(200, lambda number: (number, threading.get_ident()))
    ThreadedExecutor(max_workers=4).execute(workflow)
    assert [number for number, _ in results(workflow)] == list(range(200))
    assert len({thread for _, thread in results(workflow)}) <= 4


def test_c34_tasks_may_share_something_of_their_own_under_a_lock():
    chart, lock = {}, threading.RLock()

    @task()
    def soundings():
        return {"bay": 12, "bar": 3}

    @task()
    def enter(soundings=None):
        with lock:
            chart.update(soundings)
        return True

    @task()
    def read_chart():
        with lock:
            return dict(chart)

    workflow = Workflow("chart")
    workflow.add_task(soundings)
    workflow.add_task(enter, depends_on=["soundings"])
    workflow.add_task(read_chart, depends_on=["enter"])
    ThreadedExecutor(max_workers=4).execute(workflow)
    assert workflow.get_task("read_chart").result == {"bay": 12, "bar": 3}


def test_c35_a_race_of_the_users_own_loses_the_users_updates_and_no_task():
    counter = {"value": 0}

    def bump(number):
        counter["value"] += 1
        return counter["value"]

    workflow = line_of(50, bump)
    ThreadedExecutor(max_workers=4).execute(workflow)
    assert all(each.status is TaskStatus.COMPLETED for each in workflow.tasks)
    assert 1 <= counter["value"] <= 50


def test_c36_a_task_without_locks_only_turns_its_argument_into_a_result(executor_type):
    workflow = Workflow("planks")
    workflow.add_task(Task("planks", lambda: ["oak", "ash"]))

    @task()
    def plane(planks=None):
        return [each.upper() for each in planks]

    workflow.add_task(plane, depends_on=["planks"])
    executor_type().execute(workflow)
    assert workflow.get_task("plane").result == ["OAK", "ASH"]


def test_c37_a_lock_held_for_the_whole_task_makes_threads_take_turns(crowd):
    lock = threading.Lock()

    def sound(number):
        with lock, crowd:
            return number

    workflow = line_of(12, sound)
    ThreadedExecutor(max_workers=4).execute(workflow)
    assert crowd.most == 1
    assert results(workflow) == list(range(12))


def test_c38_an_interrupted_run_with_a_json_store_skips_what_is_done(tmp_path, calls):
    @task()
    def bulletin():
        calls["bulletin"] += 1
        return {"wind": 4}

    @task()
    def plausible(bulletin=None):
        calls["plausible"] += 1
        if calls["plausible"] == 1:
            raise KeyboardInterrupt  # a task's own interrupt is that task's failure
        return bulletin["wind"] < 12

    def forecast():
        workflow = Workflow("forecast")
        workflow.add_task(bulletin)
        workflow.add_task(plausible, depends_on=["bulletin"])
        return workflow

    path = str(tmp_path / "state.json")
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor(state_store=JSONStateStore(path)).execute(forecast())
    resumed = forecast()
    SequentialExecutor(state_store=JSONStateStore(path)).execute(resumed)
    assert resumed.get_task("plausible").result is True
    assert calls == {"bulletin": 1, "plausible": 2}


def test_c39_a_counter_in_a_database_is_not_raised_again_by_a_resume(tmp_path, file_store):
    path = tmp_path / "counters.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE counters (n INTEGER)")
        db.execute("INSERT INTO counters VALUES (0)")

    @task()
    def count_day():
        with sqlite3.connect(path) as db:
            db.execute("UPDATE counters SET n = n + 1")
            return db.execute("SELECT n FROM counters").fetchone()[0]

    for _ in range(2):
        workflow = Workflow("days")
        workflow.add_task(count_day)
        SequentialExecutor(state_store=file_store).execute(workflow)
        assert workflow.get_task("count_day").result == 1


def test_c40_after_all_states_are_cleared_everything_runs_again(executor_type, file_store, calls):
    def workflow():
        made = Workflow("bells")
        made.add_task(Task("ring", lambda: calls.update(["ring"])))
        made.add_task(Task("answer", lambda: calls.update(["answer"])), depends_on=["ring"])
        return made

    executor = executor_type(state_store=file_store)
    executor.execute(workflow())
    executor.execute(workflow())
    assert calls == {"ring": 1, "answer": 1}
    file_store.clear_all_states()
    assert file_store.list_all_tasks() == []
    executor.execute(workflow())
    assert calls == {"ring": 2, "answer": 2}


def test_c41_a_result_that_may_grow_old_says_so_with_max_age(tmp_path, calls):
    @task(max_age=0)
    def news():
        calls["news"] += 1

    @task()
    def almanac():
        calls["almanac"] += 1

    for _ in range(2):
        workflow = Workflow("reading")
        workflow.add_task(news)
        workflow.add_task(almanac)
        SequentialExecutor(state_store=SQLiteStateStore(str(tmp_path / "state.db"))).execute(workflow)
    assert calls == {"news": 2, "almanac": 1}


@pytest.mark.parametrize("environment", ["production", "development"])
def test_c42_the_store_may_depend_on_the_environment(environment, tmp_path, monkeypatch, calls):
    monkeypatch.setenv("HARBOUR_ENVIRONMENT", environment)
    if os.getenv("HARBOUR_ENVIRONMENT") == "production":
        store = SQLiteStateStore(str(tmp_path / "state.db"))
    else:
        store = JSONStateStore(str(tmp_path / "state.json"))
    for _ in range(2):
        workflow = Workflow("harbour")
        workflow.add_task(Task("open_gate", lambda: calls.update(["open_gate"])))
        SequentialExecutor(state_store=store).execute(workflow)
    assert calls == {"open_gate": 1}


def test_c43_ten_threads_on_one_json_file_lose_nothing(tmp_path):
    store = JSONStateStore(str(tmp_path / "state.json"))
    ThreadedExecutor(max_workers=10, state_store=store).execute(line_of(60, lambda number: {"n": number}))
    assert len(store.list_all_tasks()) == 60
    again = JSONStateStore(str(tmp_path / "state.json"))
    assert [again.load_task_state(f"buoy_{number}")["result"] for number in range(60)] == [{"n": n} for n in range(60)]
