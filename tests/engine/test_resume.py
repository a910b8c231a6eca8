"""What a run remembers, and what a later one does with it: the engine on its SQLite store."""

from __future__ import annotations

import gc
import sqlite3
import threading
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowweaver import (
    InMemoryStateStore,
    JSONStateStore,
    SequentialExecutor,
    SQLiteStateStore,
    StateError,
    Task,
    TaskCompleted,
    TaskExecutionError,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowCancelledError,
    WorkflowExecutionError,
)
from flowweaver.stores.base import BaseStateStore, PlainJournal
from tests.engine.conftest import MAKERS
from tests.engine.test_plain_store import Plain
from tests.engine.test_scheduler import ancestors, graphs


def names(summary):
    return set(summary.completed)


def test_an_equal_result_cuts_the_wave_short_and_another_one_does_not(tmp_path, make_executor):
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    ran = []

    def build(version, rows):
        workflow = Workflow("w")
        workflow.add_task(Task("source", lambda: ran.append("source") or rows, version=version))
        workflow.add_task(Task("middle", lambda source: ran.append("middle") or sorted(source)), ["source"])
        workflow.add_task(Task("last", lambda middle: ran.append("last") or middle[-1]), ["middle"])
        return workflow

    make_executor(state_store=store).execute(build("1", [2, 1]))
    ran.clear()
    summary = make_executor(state_store=store).execute(build("2", [2, 1]))
    assert ran == ["source"]
    assert set(summary.restored) == {"middle", "last"}
    ran.clear()
    make_executor(state_store=store).execute(build("3", [1, 2]))
    assert ran == ["source", "middle"]  # sorted gives the same, so the last one stands
    ran.clear()
    workflow = build("4", [1, 2, 9])
    make_executor(state_store=store).execute(workflow)
    assert ran == ["source", "middle", "last"]
    assert workflow.get_task_result("last") == 9


def test_a_skipped_task_keeps_its_earlier_result_for_when_its_ancestor_gives_the_same_again(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    ran = []

    def build(version, fails):
        def source():
            if fails:
                raise ValueError("no rows")
            return [1]

        workflow = Workflow("w")
        workflow.add_task(Task("source", source, version=version))
        workflow.add_task(Task("last", lambda source: ran.append("last") or len(source)), ["source"])
        return workflow

    ThreadedExecutor(state_store=store).execute(build("1", fails=False))
    with pytest.raises(WorkflowExecutionError):
        ThreadedExecutor(state_store=store).execute(build("2", fails=True))
    assert store.for_workflow("w").load_task_state("last")["status"] is TaskStatus.SKIPPED
    workflow = build("3", fails=False)
    ThreadedExecutor(state_store=store).execute(workflow)
    assert ran == ["last"]
    assert workflow.get_task_result("last") == 1
    assert store.for_workflow("w").load_task_state("last")["status"] is TaskStatus.COMPLETED


def test_a_declared_file_that_an_upstream_wrote_is_known_as_the_task_found_it(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    table = tmp_path / "table.csv"
    ran = []

    def build(version):
        workflow = Workflow("w")

        def write():
            ran.append("write")
            table.write_text(f"version,{version}")

        workflow.add_task(Task("write", write, version=version, outputs=[str(table)]))
        read = Task("read", lambda: ran.append("read") or table.read_text(), inputs=[str(table)])
        workflow.add_task(read, ["write"])
        return workflow

    ThreadedExecutor(state_store=store).execute(build("1"))
    assert ran == ["write", "read"]
    ThreadedExecutor(state_store=store).execute(build("1"))
    assert ran == ["write", "read"]
    workflow = build("2")  # gives None as before, but writes another file
    ThreadedExecutor(state_store=store).execute(workflow)
    assert ran == ["write", "read"] * 2
    assert workflow.get_task_result("read") == "version,2"


def test_a_large_result_leaves_memory_with_its_last_consumer_and_is_read_when_asked_for(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    alive = []

    def make():
        return "x" * 2_000_000

    def look(make):
        alive.append(len(make))

    workflow = Workflow("w")
    workflow.add_task(Task("make", make))
    workflow.add_task(Task("look", look), ["make"])
    ThreadedExecutor(state_store=store).execute(workflow)
    held = [
        value for value in vars(workflow.get_task("make")).values() if isinstance(value, str) and len(value) > 9_999
    ]
    assert held == []
    assert workflow.get_task("make").result == make()
    store.clear_all_states()
    with pytest.raises(StateError, match="make is gone"):
        _ = workflow.get_task("make").result


@pytest.mark.parametrize("made_before", [False, True])
def test_a_large_result_stays_for_each_of_its_consumers_also_if_some_of_them_are_skipped(tmp_path, made_before):
    store = SQLiteStateStore(str(tmp_path / "s.db"))

    def is_held(workflow):
        return isinstance(vars(workflow.get_task("make"))["_result"], str)

    def build(fails):
        workflow, seen = Workflow("w"), []

        def look(make, **before):
            seen.append((len(make), is_held(workflow)))

        def fail():
            if fails:
                raise ValueError

        workflow.add_task(Task("fail", fail, version=str(fails)))
        workflow.add_task(Task("behind", lambda: None), ["fail"])
        workflow.add_task(Task("behind all", lambda: None), ["behind"])  # so the path is as long as that of "make"
        workflow.add_task(Task("make", lambda: "x" * 2_000_000))
        workflow.add_task(Task("skipped", look, version=str(fails)), ["make", "fail"])
        workflow.add_task(Task("first", look, version=str(fails)), ["make"])
        workflow.add_task(Task("second", look, version=str(fails)), ["make", "first"])
        return workflow, seen

    if made_before:
        SequentialExecutor(state_store=store).execute(build(fails=False)[0])
    workflow, seen = build(fails=True)
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor(state_store=store).execute(workflow, keep_going=True)
    assert seen == [(2_000_000, True)] * 2
    assert workflow.get_task("make").restored == made_before
    assert not is_held(workflow)


def test_a_run_that_was_asked_to_do_everything_again_is_finished_by_a_resume(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    ran, waits, begun, release = [], [], threading.Event(), threading.Event()

    def build():
        workflow = Workflow("w")

        def second():
            ran.append("second")
            if waits:
                begun.set()
                release.wait(30)

        workflow.add_task(Task("first", lambda: ran.append("first")))
        workflow.add_task(Task("second", second), ["first"])
        workflow.add_task(Task("third", lambda: ran.append("third")), ["second"])
        return workflow

    ThreadedExecutor(state_store=store).execute(build())
    ran.clear()
    waits.append(True)
    run = ThreadedExecutor(state_store=store).start(build(), resume=False)
    begun.wait(30)
    run.stop()
    release.set()
    with pytest.raises(WorkflowCancelledError):
        run.wait(30)
    assert ran == ["first", "second"]
    ran.clear()
    ThreadedExecutor(state_store=store).execute(build())
    assert ran == ["third"]  # done, but asked for again by a run that did not get there


def test_remembered_durations_decide_which_ready_task_goes_first(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    order = []
    slow = threading.Event()

    def build(first):
        workflow = Workflow("w")
        workflow.add_task(Task("quick", lambda: order.append("quick")))
        workflow.add_task(Task("slow", lambda: order.append("slow") or ((first and slow.wait(0.05)) and None)))
        return workflow

    ThreadedExecutor(max_workers=1, state_store=store).execute(build(first=True))
    assert order == ["quick", "slow"]
    order.clear()
    ThreadedExecutor(max_workers=1, state_store=store).execute(build(first=False), resume=False)
    assert order == ["slow", "quick"]


def test_results_that_cannot_be_kept_pass_in_memory_and_their_tasks_run_again(tmp_path, make_executor):
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    ran = []

    def build():
        workflow = Workflow("w")
        workflow.add_task(Task("lock", lambda: ran.append("lock") or threading.Lock()))
        workflow.add_task(Task("private", lambda: ran.append("private") or 1, persist=False))
        workflow.add_task(Task("uses", lambda lock, private: lock.acquire() and private), ["lock", "private"])
        return workflow

    workflow = build()
    make_executor(state_store=store).execute(workflow)
    assert workflow.get_task_result("uses") == 1
    make_executor(state_store=store).execute(build())
    assert sorted(ran) == ["lock", "lock", "private", "private"]


class _Full(PlainJournal):
    """A journal whose disk is full after some commits."""

    def __init__(self, store, commits):
        super().__init__(store)
        self.left = commits

    def commit(self, records, attempts=(), output=()):
        self.left -= 1
        if self.left < 0:
            raise StateError("disk full")
        super().commit(records, attempts, output)


class _Store(BaseStateStore):
    def __init__(self, commits):
        self.commits = commits
        self.kept = {}

    def save_task_state(self, task_name, status, result=None, error=None, timestamp=None):
        self.kept[task_name] = {"status": status, "result": result}

    def load_task_state(self, task_name):
        return self.kept.get(task_name)

    def delete_task_state(self, task_name):
        self.kept.pop(task_name, None)

    def list_all_tasks(self):
        return list(self.kept)

    def clear_all_states(self):
        self.kept.clear()

    def open_journal(self, workflow):
        return _Full(self, self.commits)


@pytest.mark.parametrize("commits", range(5))
def test_when_the_state_cannot_be_written_no_further_task_starts_and_the_reason_is_said(commits, make_executor):
    ran = []
    workflow = Workflow("w")
    for number in range(6):
        needs = [f"t{number - 1}"] if number else []
        workflow.add_task(Task(f"t{number}", lambda number=number: ran.append(number)), needs)
    store, told = _Store(commits), {}
    with pytest.raises(StateError, match="disk full"):
        make_executor(state_store=store).execute(
            workflow, listeners=[lambda e: told.update({e.task: e.not_kept}) if type(e) is TaskCompleted else None]
        )
    assert [name for name, why in told.items() if why is None] == list(store.kept)
    assert set(told.values()) <= {None, "disk full"}
    # One commit is the end of a task and the start of the next: nothing ran whose start is not on disk.
    assert len(ran) <= commits
    assert list(store.kept) == [f"t{number}" for number in range(max(0, len(ran) - 1))]
    store.commits = 100
    again = Workflow("w")
    for number in range(6):
        needs = [f"t{number - 1}"] if number else []
        again.add_task(Task(f"t{number}", lambda number=number: ran.append(number)), needs)
    assert make_executor(state_store=store).execute(again).outcome == "completed"


def test_a_result_whose_form_somebody_took_away_is_made_again_before_it_is_used(tmp_path, make_executor):
    ran, path = [], tmp_path / "s.db"

    def build():
        workflow = Workflow("w")
        workflow.add_task(Task("first", lambda: ran.append("first") or 1))
        workflow.add_task(Task("second", lambda first: ran.append("second") or first + 1), ["first"])
        workflow.add_task(Task("third", lambda second: ran.append("third") or second + 1), ["second"])
        return workflow

    make_executor(state_store=SQLiteStateStore(path)).execute(build())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE tasks SET encoding = NULL WHERE task_name <> 'third'")
    connection.close()
    ran.clear()
    workflow = build()
    make_executor(state_store=SQLiteStateStore(path)).execute(workflow, force="third")
    assert (sorted(ran), workflow.get_task_result("third")) == (["first", "second", "third"], 3)
    make_executor(state_store=SQLiteStateStore(path)).execute(build())
    assert len(ran) == 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(most=10), data=st.data(), kind=st.sampled_from(list(MAKERS)), keep_going=st.booleans())
def test_a_resume_executes_exactly_the_complement_with_upstream_results(tmp_path, graph, data, kind, keep_going):
    """Random graphs, failures and executors: what was recorded COMPLETED never runs again, everything else does once."""
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}-{id(data)}.db"
    bad = data.draw(st.sets(st.integers(0, max(0, len(graph) - 1)), max_size=3)) if graph else set()
    broken = {"yes": True}
    ran: list[int] = []

    def build():
        workflow = Workflow("w")
        for index, needs in enumerate(graph):

            def work(index=index, **upstream):
                assert upstream == {f"t{d}": value_of(d) for d in graph[index]}
                if broken["yes"] and index in bad:
                    raise ValueError(index)
                ran.append(index)
                return value_of(index)

            workflow.add_task(Task(f"t{index}", _with_index(work, index)), [f"t{d}" for d in needs])
        return workflow

    def value_of(index):
        return [index, *(value_of(d)[0] for d in graph[index])]

    store = SQLiteStateStore(str(path))
    workflow = build()
    if bad:
        with pytest.raises(WorkflowExecutionError):
            MAKERS[kind](state_store=store).execute(workflow, keep_going=keep_going)
    else:
        MAKERS[kind](state_store=store).execute(workflow)
    failed = {i for i in range(len(graph)) if workflow.get_task(f"t{i}").status is TaskStatus.FAILED}
    for index in range(len(graph)):
        status = workflow.get_task(f"t{index}").status
        assert (status is TaskStatus.SKIPPED) == (not ancestors(graph, index).isdisjoint(failed))
        if keep_going:
            assert status is not TaskStatus.PENDING
    done = set(ran)
    assert done == {i for i in range(len(graph)) if workflow.get_task(f"t{i}").status is TaskStatus.COMPLETED}
    broken["yes"] = False
    ran.clear()
    workflow = build()
    MAKERS[kind](state_store=store).execute(workflow)
    assert sorted(ran) == sorted(set(range(len(graph))) - done)
    assert [task.result for task in workflow.tasks] == [value_of(index) for index in range(len(graph))]


def _with_index(work, index):
    def call(**upstream):
        return work(index, **upstream)

    return call


def test_finished_runs_leave_no_task_behind_in_memory():
    class Held:
        pass

    held = Held()
    gone = weakref.ref(held)
    workflow = Workflow("w")
    workflow.add_task(Task("t", lambda held=held: None))
    ThreadedExecutor().execute(workflow)
    del workflow, held
    for thread in threading.enumerate():
        if thread.name.startswith("flowweaver-worker"):
            thread.join(30)
    gc.collect()
    assert gone() is None


def test_a_task_outside_the_selection_stays_as_it_is_recorded(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "s.db"))

    def build():
        workflow = Workflow("w")
        workflow.add_task(Task("fine", lambda: {"rows": 3}))
        workflow.add_task(Task("bad", lambda: 1 / 0))
        workflow.add_task(Task("other", lambda: 1))
        return workflow

    with pytest.raises(WorkflowExecutionError):
        ThreadedExecutor(state_store=store).execute(build(), keep_going=True)
    workflow = build()
    ThreadedExecutor(state_store=store).execute(workflow, only="other")
    bad = workflow.get_task("bad")
    assert bad.status is TaskStatus.FAILED
    assert isinstance(bad.error, TaskExecutionError)
    assert str(bad.error) == "ZeroDivisionError: division by zero"
    assert workflow.get_task_result("fine") == {"rows": 3}
    assert store.for_workflow("w").load_task_state("bad")["status"] is TaskStatus.FAILED


def test_what_a_task_outside_the_selection_returned_may_be_none_or_not_kept(tmp_path):
    store = SQLiteStateStore(str(tmp_path / "s.db"))

    def build():
        workflow = Workflow("w")
        workflow.add_task(Task("nothing", lambda: None))
        workflow.add_task(Task("lock", lambda: threading.Lock()))
        workflow.add_task(Task("other", lambda: 1))
        return workflow

    ThreadedExecutor(state_store=store).execute(build())
    workflow = build()
    ThreadedExecutor(state_store=store).execute(workflow, only="other", force="other")
    assert [task.status for task in workflow.tasks] == [TaskStatus.COMPLETED] * 3
    assert [task.result for task in workflow.tasks] == [None, None, 1]
    store.clear_all_states()
    with pytest.raises(StateError, match="nothing is gone"):
        workflow.get_task_result("nothing")


@pytest.mark.parametrize("kind", ["memory", "sqlite", "json", "own"])
def test_a_task_is_not_skipped_any_more_once_its_ancestor_is_done(tmp_path, kind):
    """The run that mended the ancestor may end before the task has its turn."""
    store = {
        "memory": InMemoryStateStore,
        "sqlite": lambda: SQLiteStateStore(tmp_path / "s.db"),
        "json": lambda: JSONStateStore(tmp_path / "s.json"),
        "own": Plain,
    }[kind]()
    broken = {"first", "other"}

    def work(name):
        if name in broken:
            raise ValueError(name)
        return name

    def build():
        workflow = Workflow("w")
        needs = {"second": ["first"], "third": ["second"], "beside": ["first"], "both": ["beside", "other"]}
        for name in ("first", "second", "third", "beside", "other", "both"):
            workflow.add_task(Task(name, lambda name=name, **_: work(name)), needs.get(name))
        return workflow

    def run(**options):
        with pytest.raises(WorkflowExecutionError):
            SequentialExecutor(store).execute(build(), **options)
        kept = {task.name: store.for_workflow("w").load_task_state(task.name) for task in build().tasks}
        return " ".join(str(getattr(state["status"], "value", state["status"])) for state in kept.values())

    assert run(keep_going=True) == "FAILED SKIPPED SKIPPED SKIPPED FAILED SKIPPED"
    # The first is mended, and the second fails before any other has its turn.
    broken.remove("first")
    broken.add("second")
    assert run() == "COMPLETED FAILED SKIPPED PENDING FAILED SKIPPED"
    broken.clear()
    SequentialExecutor(store).execute(build())


@pytest.mark.parametrize("behind", [False, True])
def test_a_task_that_fails_has_no_result_although_its_last_one_was_large(tmp_path, behind):
    def workflow(work):
        made = Workflow("w")
        made.add_task(Task("big", work))
        if behind:
            made.add_task(Task("behind", lambda big: len(big)), depends_on=["big"])
        return made

    store = SQLiteStateStore(tmp_path / "s.db")
    SequentialExecutor(store).execute(workflow(lambda: "x" * 2_000_000))
    again = workflow(lambda: 1 / 0)
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor(store).execute(again, force="big")
    assert again.get_task("big").result is None
