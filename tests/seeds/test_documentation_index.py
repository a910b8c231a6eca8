"""Blocks E1 to E11 of the documentation index that call the library."""

import sqlite3
from contextlib import closing

from flowweaver import SequentialExecutor, SQLiteStateStore, Workflow, task


@task()
def beacon():
    return {"flash": "long"}


@task()
def keeper(beacon=None):
    return {"noted": beacon["flash"]}


def lighthouse():
    workflow = Workflow("lighthouse")
    workflow.add_task(beacon)
    workflow.add_task(keeper, depends_on=["beacon"])
    return workflow


def test_e1_the_downstream_task_gets_the_upstream_result(executor_type):
    workflow = lighthouse()
    executor_type().execute(workflow)
    assert workflow.get_task("keeper").result == {"noted": "long"}


def test_e7_a_decorated_function_is_called_as_it_is():
    assert beacon() == {"flash": "long"}


def test_e8_an_executor_without_arguments_runs_a_workflow():
    workflow = lighthouse()
    executor = SequentialExecutor()
    executor.execute(workflow)
    assert [each.result for each in workflow.tasks] == [{"flash": "long"}, {"noted": "long"}]


def test_e9_an_executor_with_a_store_makes_the_file(tmp_path):
    state_store = SQLiteStateStore(str(tmp_path / "state.db"))
    SequentialExecutor(state_store=state_store).execute(lighthouse())
    assert (tmp_path / "state.db").exists()


def test_e10_the_documented_query_lists_every_task_with_its_state(tmp_path):
    SequentialExecutor(state_store=SQLiteStateStore(str(tmp_path / "state.db"))).execute(lighthouse())
    with closing(sqlite3.connect(tmp_path / "state.db")) as db:
        rows = db.execute("SELECT task_name, status FROM tasks").fetchall()
    assert sorted(rows) == [("beacon", "COMPLETED"), ("keeper", "COMPLETED")]
