"""A user's own store of five methods resumes with every executor."""

from __future__ import annotations

import json

import pytest

from flowweaver import (
    BaseStateStore,
    SequentialExecutor,
    StateError,
    Task,
    TaskStatus,
    Workflow,
    WorkflowExecutionError,
)


class Plain(BaseStateStore):
    def __init__(self):
        self.kept = {}

    def save_task_state(self, task_name, status, result=None, error=None, timestamp=None):
        json.dumps(result)  # it can keep no more than JSON
        self.kept[task_name] = {"status": status.value, "result": result, "error": error and str(error)}
        self.kept[task_name]["timestamp"] = timestamp.isoformat()

    def load_task_state(self, task_name):
        return self.kept.get(task_name)

    def delete_task_state(self, task_name):
        self.kept.pop(task_name, None)

    def list_all_tasks(self):
        return list(self.kept)

    def clear_all_states(self):
        self.kept.clear()


def build(ran, *, fails=False):
    workflow = Workflow("w")

    def first():
        ran.append("first")
        return {"rows": 3}

    def second(first):
        ran.append("second")
        if fails:
            raise ValueError("no rows")
        return first["rows"] * 2

    workflow.add_task(Task("first", first))
    workflow.add_task(Task("second", second), ["first"])
    workflow.add_task(Task("third", lambda **k: k), ["second"])
    return workflow


def test_a_resumed_run_executes_exactly_the_complement_with_upstream_results(make_executor):
    store, ran = Plain(), []
    with pytest.raises(WorkflowExecutionError):
        make_executor(state_store=store).execute(build(ran, fails=True))
    assert {name: state["status"] for name, state in store.kept.items()} == {
        "first": "COMPLETED",
        "second": "FAILED",
        "third": "SKIPPED",
    }
    assert store.kept["second"]["error"] == "no rows"
    ran.clear()
    workflow = build(ran)
    summary = make_executor(state_store=store).execute(workflow)
    assert ran == ["second"]
    assert summary.restored == ("first",)
    assert workflow.get_task_result("third") == {"second": 6}
    assert workflow.get_task("first").restored
    assert workflow.get_task("first").result == {"rows": 3}
    assert not workflow.get_task("second").restored
    ran.clear()
    make_executor(state_store=store).execute(build(ran))
    assert ran == []


def test_resume_false_runs_everything_again(make_executor):
    store, ran = Plain(), []
    make_executor(state_store=store).execute(build(ran))
    make_executor(state_store=store).execute(build(ran), resume=False)
    assert ran == ["first", "second"] * 2


def test_force_runs_what_is_named_and_what_depends_on_it(make_executor):
    store, ran = Plain(), []
    make_executor(state_store=store).execute(build(ran))
    make_executor(state_store=store).execute(build(ran), force="second")
    assert ran == ["first", "second", "second"]


def test_a_result_that_the_store_cannot_keep_fails_nothing_and_runs_again():
    store, ran = Plain(), []

    def build_odd():
        workflow = Workflow("w")
        workflow.add_task(Task("odd", lambda: ran.append(1) or {1, 2}))
        workflow.add_task(Task("after", lambda odd: len(odd)), ["odd"])
        return workflow

    workflow = build_odd()
    SequentialExecutor(state_store=store).execute(workflow)
    assert workflow.get_task("odd").status is TaskStatus.COMPLETED
    assert list(store.kept) == ["after"]
    SequentialExecutor(state_store=store).execute(build_odd())
    assert len(ran) == 2


@pytest.mark.parametrize("method", ["load_task_state", "save_task_state"])
def test_a_store_that_breaks_ends_the_run_with_a_state_error(method, make_executor):
    class Broken(Plain):
        pass

    def breaks(self, *arguments, **options):
        raise OSError("disk is gone")

    setattr(Broken, method, breaks)
    with pytest.raises(StateError, match="Broken could not .* disk is gone"):
        make_executor(state_store=Broken()).execute(build([]))


def test_a_store_that_cannot_forget_ends_the_run_before_it_begins():
    class Hoarder(Plain):
        def delete_task_state(self, task_name):
            raise OSError("nothing is ever thrown away")

    ran, store = [], Hoarder()
    SequentialExecutor(store).execute(build(ran))
    ran.clear()
    with pytest.raises(StateError, match="Hoarder could not forget .* thrown away"):
        SequentialExecutor(store).execute(build(ran), resume=False)
    assert ran == []


@pytest.mark.parametrize("given", [5, "COMPLETED", [], [None]], ids=repr)
def test_a_store_that_gives_no_dict_is_told_so_before_anything_runs(given, make_executor):
    class Odd(Plain):
        def load_task_state(self, task_name):
            return given

    ran = []
    with pytest.raises(StateError, match="Odd gave no dict for first"):
        make_executor(state_store=Odd()).execute(build(ran))
    assert ran == []


def test_a_store_whose_save_takes_too_little_is_told_so_before_anything_runs(make_executor):
    class Old(Plain):
        def save_task_state(self, task_name, status, result=None):
            raise AssertionError("never called")

    ran = []
    with pytest.raises(StateError, match="Old.save_task_state has to take task_name, status, result, error, timestamp"):
        make_executor(state_store=Old()).execute(build(ran))
    assert ran == []


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), MemoryError()], ids=repr)
def test_whatever_a_store_raises_over_a_result_fails_nothing(error, make_executor):
    class Picky(Plain):
        def save_task_state(self, task_name, status, result=None, error_=None, timestamp=None):
            raise error

    ran = []
    assert make_executor(state_store=Picky()).execute(build(ran)).outcome == "completed"
    assert ran == ["first", "second"]
