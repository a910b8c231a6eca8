"""What every store promises: the five methods, the journal of a run, values, whose record it is, one run at a time.

The user's own store has five methods and nothing more; it promises less, and the tests say where.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowweaver.errors import StateLockedError
from flowweaver.records import AttemptRecord, CodePrint, FilePrint, LogLine, Provenance, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores import lock
from flowweaver.stores.base import BaseStateStore, ResultUnavailable, RunJournal, parse_timestamp
from flowweaver.stores.json_file import JSONStateStore
from flowweaver.stores.memory import InMemoryStateBackend, InMemoryStateStore, StateBackend
from flowweaver.stores.sqlite import SQLiteStateStore

PENDING, RUNNING, COMPLETED = TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.COMPLETED
FAILED, RETRYING, SKIPPED = TaskStatus.FAILED, TaskStatus.RETRYING, TaskStatus.SKIPPED
NOW = 1_770_000_000.25


class OwnStore(BaseStateStore):
    """The five methods, as a user writes them."""

    def __init__(self, states: dict[str, dict[str, Any]]) -> None:
        self.states = states

    def save_task_state(
        self,
        task_name: str,
        status: TaskStatus,
        result: Any = None,
        error: BaseException | str | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        self.states[task_name] = {
            "status": status,
            "result": copy.deepcopy(result),
            "error": None if error is None else str(error),
            "timestamp": timestamp,
        }

    def load_task_state(self, task_name: str) -> dict[str, Any] | None:
        return self.states.get(task_name)

    def delete_task_state(self, task_name: str) -> None:
        self.states.pop(task_name, None)

    def list_all_tasks(self) -> list[str]:
        return list(self.states)

    def clear_all_states(self) -> None:
        self.states.clear()


@dataclass
class Case:
    """A kind of store, and how to open it anew."""

    name: str
    open: Callable[[], BaseStateStore]

    @property
    def own(self) -> bool:
        return self.name == "own"


OURS = ["memory", "json", "json compact", "sqlite"]


def make_case(kind: str, folder: Path) -> Case:
    kept = InMemoryStateStore()
    states: dict[str, dict[str, Any]] = {}
    openers: dict[str, Callable[[], BaseStateStore]] = {
        "memory": lambda: kept,
        "json": lambda: JSONStateStore(folder / "state.json"),
        "json compact": lambda: JSONStateStore(folder / "state.json", pretty_print=False),
        "sqlite": lambda: SQLiteStateStore(folder / "state.db", clock=lambda: NOW + 1_000),
        "own": lambda: OwnStore(states),
    }
    return Case(kind, openers[kind])


@pytest.fixture(params=[*OURS, "own"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Every kind of store."""
    return make_case(request.param, tmp_path)


@pytest.fixture(params=OURS)
def ours(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Our own kinds, which know workflows and keep more than the five methods say."""
    return make_case(request.param, tmp_path)


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setattr(lock, "PATIENCE", 0.02)


def start(name: str, at: float = NOW, attempt: int = 1) -> TaskRecord:
    return TaskRecord(name, RUNNING, at, attempt=attempt, started_at=at)


def end(journal: RunJournal, name: str, value: Any, at: float = NOW + 1, **more: Any) -> TaskRecord:
    record = TaskRecord(name, COMPLETED, at, attempt=1, started_at=at - 1, finished_at=at, duration=1.0)
    return record._replace(value=journal.encode(value), **more)


def failure(name: str, error: BaseException, at: float = NOW + 1) -> TaskRecord:
    text = f"{type(error).__name__}: {error}"
    return TaskRecord(name, FAILED, at, attempt=1, duration=1.0, error=text, exception=error)


def begin(journal: RunJournal, names: Sequence[str] = (), **how: Any) -> int:
    journal.load_records(names)
    return journal.begin(**{"started_at": NOW, "params": {}, "redo": (), "restored": (), **how})


def run(store: BaseStateStore, workflow: str, **results: Any) -> None:
    """A whole run in which every named task completes."""
    journal = store.open_journal(workflow)
    begin(journal, list(results))
    for name, value in results.items():
        journal.commit([start(name)])
        journal.commit([end(journal, name, value)], [AttemptRecord(name, 1, NOW, NOW + 1, "completed")])
    journal.finish(finished_at=NOW + 2, outcome="completed", failed_task=None, counts={"completed": len(results)})
    journal.close()


def records(store: BaseStateStore, workflow: str, *names: str) -> dict[str, TaskRecord]:
    """What a run that starts now would find."""
    journal = store.open_journal(workflow)
    try:
        return journal.load_records(names)
    finally:
        journal.close()


def load(store: BaseStateStore, workflow: str, name: str) -> Any:
    journal = store.open_journal(workflow)
    try:
        return journal.load_result(name)
    finally:
        journal.close()


# -- the five methods ---------------------------------------------------------------------------------------------------


class TestFiveMethods:
    def test_what_is_saved_is_loaded_by_whoever_opens_it_next(self, case: Case) -> None:
        when = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
        case.open().save_task_state("fetch", COMPLETED, {"rows": [1, 2.5, None]}, None, when)
        state = case.open().load_task_state("fetch")
        assert state is not None
        assert state["status"] is COMPLETED
        assert state["result"] == {"rows": [1, 2.5, None]}
        assert state["error"] is None
        assert parse_timestamp(state["timestamp"]) == when.timestamp()

    def test_saving_again_replaces_all_of_it(self, case: Case) -> None:
        store = case.open()
        store.save_task_state("fetch", COMPLETED, 1)
        store.save_task_state("fetch", FAILED, None, ValueError("no"))
        state = case.open().load_task_state("fetch")
        assert state is not None
        assert (state["status"], state["result"]) == (FAILED, None)
        assert "no" in state["error"]
        assert case.open().list_all_tasks() == ["fetch"]

    def test_deleting_and_clearing(self, case: Case) -> None:
        store = case.open()
        for name in ("b", "a", "c"):
            store.save_task_state(name, COMPLETED, name)
        assert store.list_all_tasks() == ["b", "a", "c"]
        store.delete_task_state("a")
        store.delete_task_state("not there")
        assert case.open().list_all_tasks() == ["b", "c"]
        assert case.open().load_task_state("a") is None
        store.clear_all_states()
        assert case.open().list_all_tasks() == []
        store.save_task_state("d", COMPLETED, 1)
        store.clear()
        assert case.open().list_all_tasks() == []

    def test_nothing_is_there_at_first(self, case: Case) -> None:
        store = case.open()
        assert store.load_task_state("fetch") is None
        assert store.list_all_tasks() == []
        store.delete_task_state("fetch")
        store.clear_all_states()
        assert records(store, "wf", "fetch") == {}

    def test_our_stores_say_name_workflow_error_and_time_as_documented(self, ours: Case) -> None:
        store = ours.open()
        store.save_task_state("fetch", FAILED, error=OSError("disk"))
        state = store.load_task_state("fetch")
        assert state is not None
        assert state["task_name"] == "fetch"
        assert state["workflow"] is None
        assert state["error"] == "OSError: disk"
        assert datetime.fromisoformat(state["timestamp"]).tzinfo is not None

    @pytest.mark.parametrize(
        "name", ["a'b\"c", "../x", "%s", "[bold]", "line\nbreak", "\x1b[31m", "名前", "a@wf", " ", "$"]
    )
    def test_a_name_is_data(self, case: Case, name: str) -> None:
        run(case.open(), "w'f\n[x]", **{name: 1})
        case.open().save_task_state("other", COMPLETED, 2)
        assert load(case.open(), "w'f\n[x]", name) == 1
        assert set(case.open().list_all_tasks()) == {name, "other"}

    def test_a_result_that_cannot_be_kept_fails_nobody(self, ours: Case) -> None:
        store = ours.open()
        store.save_task_state("fetch", COMPLETED, lambda: 1)
        state = ours.open().load_task_state("fetch")
        assert state is not None
        assert state["result"] is None
        assert "result: function" in state["not_kept"]
        with pytest.raises(ResultUnavailable, match="was not kept"):
            load(ours.open(), "wf", "fetch")

    def test_the_names_of_0_3_0_are_the_same_classes(self) -> None:
        assert StateBackend is BaseStateStore
        assert InMemoryStateBackend is InMemoryStateStore


# -- a run --------------------------------------------------------------------------------------------------------------


class TestJournal:
    def test_a_finished_task_is_found_by_the_next_run_with_its_result(self, case: Case) -> None:
        run(case.open(), "wf", fetch={"rows": 3}, join=[1])
        found = records(case.open(), "wf", "fetch", "join", "other")
        assert {name: record.status for name, record in found.items()} == {"fetch": COMPLETED, "join": COMPLETED}
        assert all(record.encoding is not None and record.value is None for record in found.values())
        assert load(case.open(), "wf", "fetch") == {"rows": 3}

    def test_a_failure_is_found_with_its_text(self, case: Case) -> None:
        store = case.open()
        journal = store.open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([start("fetch")])
        journal.commit([failure("fetch", OSError("no such host"))])
        journal.close()
        record = records(case.open(), "wf", "fetch")["fetch"]
        assert record.status is FAILED
        assert "no such host" in str(record.error)
        if not case.own:
            with pytest.raises(ResultUnavailable):
                load(case.open(), "wf", "fetch")

    def test_there_is_no_result_of_a_task_that_never_ran(self, case: Case) -> None:
        with pytest.raises(ResultUnavailable):
            load(case.open(), "wf", "fetch")

    def test_all_that_is_known_of_a_result_comes_back(self, ours: Case) -> None:
        made = Provenance(
            code=CodePrint("1/3.11", "abc", {"fetch()": "def", "helper": "012"}),
            params={"year": "77"},
            inputs=("d1", None),
            files=(FilePrint("data/a b.csv", 12, 1_770_000_000_123_456_789, "f00"),),
        )
        journal = ours.open().open_journal("wf")
        number = begin(journal, ["fetch"])
        journal.commit([start("fetch")])
        value = journal.encode((1, 2))
        journal.commit([end(journal, "fetch", (1, 2), provenance=made, run_id=number)])
        journal.close()
        record = records(ours.open(), "wf", "fetch")["fetch"]
        assert record.provenance == made
        assert (record.digest, record.encoding, record.size) == (value.digest, value.encoding, value.size)
        assert (record.summary, record.not_kept) == ("tuple, 2 items", None)
        assert (record.run_id, record.attempt, record.duration, record.workflow) == (number, 1, 1.0, "wf")
        assert record.finished_at == NOW + 1
        assert record.timestamp == pytest.approx(NOW + 1, abs=1e-5)

    def test_what_made_an_error_is_kept_too(self, ours: Case) -> None:
        made = Provenance(code=CodePrint("1/3.11", "abc"))
        journal = ours.open().open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([start("fetch")])
        journal.commit([failure("fetch", ValueError("x"))._replace(provenance=made, timed_out=True)])
        journal.close()
        record = records(ours.open(), "wf", "fetch")["fetch"]
        assert (record.provenance, record.timed_out) == (made, True)

    def test_a_result_that_cannot_be_kept_runs_again_and_says_why(self, ours: Case) -> None:
        run(ours.open(), "wf", fetch={"conn": object()})
        record = records(ours.open(), "wf", "fetch")["fetch"]
        assert record.status is COMPLETED
        assert record.not_kept == 'result["conn"]: object'
        assert record.encoding is None
        assert record.summary == "dict, 1 item"

    def test_runs_are_numbered_from_one(self, ours: Case) -> None:
        store = ours.open()
        numbers = []
        for _ in range(3):
            journal = store.open_journal("wf")
            numbers.append(begin(journal, ["a"]))
            journal.commit([start("a")])
            journal.commit([end(journal, "a", 1, run_id=numbers[-1])])
            journal.close()
        assert numbers == [1, 2, 3]
        journal = store.open_journal("other")
        assert begin(journal) == 1
        journal.close()

    def test_a_start_drops_the_earlier_result(self, ours: Case) -> None:
        run(ours.open(), "wf", fetch="x" * 100_000)
        journal = ours.open().open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([start("fetch")])
        journal.close()
        record = records(ours.open(), "wf", "fetch")["fetch"]
        assert (record.status, record.interrupted, record.digest, record.encoding) == (PENDING, True, None, None)
        with pytest.raises(ResultUnavailable):
            load(ours.open(), "wf", "fetch")

    @pytest.mark.parametrize("status", [RUNNING, RETRYING])
    def test_what_was_running_when_its_process_ended_is_interrupted(self, ours: Case, status: TaskStatus) -> None:
        journal = ours.open().open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([TaskRecord("fetch", status, NOW, attempt=2)])
        journal.close()
        state = ours.open().load_task_state("fetch")
        assert state is not None
        assert state["status"] is PENDING
        record = records(ours.open(), "wf", "fetch")["fetch"]
        assert (record.status, record.interrupted, record.attempt) == (PENDING, True, 2)

    def test_while_it_runs_it_is_seen_running(self, ours: Case) -> None:
        store = ours.open()
        journal = store.open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([start("fetch")])
        state = ours.open().for_workflow("wf").load_task_state("fetch")
        assert state is not None
        assert state["status"] is RUNNING
        journal.close()

    @pytest.mark.parametrize("big", [False, True])
    def test_a_skip_keeps_the_earlier_result(self, ours: Case, big: bool) -> None:
        value = "x" * 100_000 if big else {"a": (1,)}
        run(ours.open(), "wf", fetch=value)
        before = records(ours.open(), "wf", "fetch")["fetch"]
        journal = ours.open().open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([TaskRecord("fetch", SKIPPED, NOW + 9, skipped_because="login")])
        journal.close()
        after = records(ours.open(), "wf", "fetch")["fetch"]
        assert (after.status, after.skipped_because) == (SKIPPED, "login")
        assert (after.digest, after.encoding, after.timestamp) == (before.digest, before.encoding, before.timestamp)
        assert load(ours.open(), "wf", "fetch") == value

    def test_a_kept_result_may_stand_again_after_a_skip(self, ours: Case) -> None:
        run(ours.open(), "wf", fetch=[1])
        journal = ours.open().open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([TaskRecord("fetch", SKIPPED, NOW + 9, skipped_because="login")])
        journal.close()
        journal = ours.open().open_journal("wf")
        record = journal.load_records(["fetch"])["fetch"]
        begin(journal, ["fetch"])
        journal.commit(
            [TaskRecord("fetch", COMPLETED, record.timestamp, digest=record.digest, encoding=record.encoding)]
        )
        journal.close()
        record = records(ours.open(), "wf", "fetch")["fetch"]
        assert (record.status, record.skipped_because) == (COMPLETED, None)
        assert load(ours.open(), "wf", "fetch") == [1]

    def test_a_skip_of_a_task_that_never_ran(self, case: Case) -> None:
        journal = case.open().open_journal("wf")
        begin(journal, ["fetch"])
        journal.commit([TaskRecord("fetch", SKIPPED, NOW, skipped_because="login")])
        journal.close()
        record = records(case.open(), "wf", "fetch")["fetch"]
        assert record.status is SKIPPED
        assert record.digest is None

    def test_what_a_run_was_asked_to_do_again_is_not_done_until_it_is(self, ours: Case) -> None:
        run(ours.open(), "wf", a=1, b=2, c=3)
        journal = ours.open().open_journal("wf")
        number = begin(journal, ["a", "b", "c"], redo=["a", "b"])
        journal.commit([start("a")])
        journal.commit([end(journal, "a", 10)])
        journal.commit([TaskRecord("b", SKIPPED, NOW, skipped_because="a")])
        journal.close()  # the rest was not reached
        found = records(ours.open(), "wf", "a", "b", "c")
        assert {name: record.redo for name, record in found.items()} == {"a": False, "b": True, "c": False}
        assert found["b"].redo_run == number
        run(ours.open(), "wf", b=20)
        assert not records(ours.open(), "wf", "b")["b"].redo

    def test_a_users_own_store_forgets_what_is_to_be_done_again(self) -> None:
        store = OwnStore({})
        run(store, "wf", a=1)
        journal = store.open_journal("wf")
        begin(journal, ["a"], redo=["a"])
        assert journal.load_records(["a"]) == {}

    def test_a_start_and_a_failure_do_not_make_it_done(self, ours: Case) -> None:
        run(ours.open(), "wf", a=1)
        journal = ours.open().open_journal("wf")
        begin(journal, ["a"], redo=["a"])
        journal.commit([start("a")])
        journal.commit([failure("a", ValueError("x"))])
        journal.close()
        record = records(ours.open(), "wf", "a")["a"]
        assert (record.status, record.redo) == (FAILED, True)

    def test_a_task_in_flight_may_be_written_back(self, ours: Case) -> None:
        journal = ours.open().open_journal("wf")
        begin(journal, ["a"])
        journal.commit([start("a")])
        journal.commit([TaskRecord("a", PENDING, NOW, attempt=1, interrupted=True, error="OSError: x")])
        journal.close()
        record = records(ours.open(), "wf", "a")["a"]
        assert (record.status, record.interrupted, record.error) == (PENDING, True, "OSError: x")

    def test_an_end_and_the_next_start_are_one_commit(self, case: Case) -> None:
        journal = case.open().open_journal("wf")
        begin(journal, ["a", "b"])
        journal.commit([start("a")])
        line = LogLine("a", 1, NOW, "out", "hello")
        journal.commit(
            [end(journal, "a", 1), start("b")], [AttemptRecord("a", 1, NOW, NOW + 1, "completed")], [line, line]
        )
        journal.close()
        found = records(case.open(), "wf", "a", "b")
        assert found["a"].status is COMPLETED
        if not case.own:
            assert (found["b"].status, found["b"].interrupted) == (PENDING, True)

    def test_many_results_come_as_one_does_each_with_its_value_or_the_reason_why_not(self, case: Case) -> None:
        values = {f"t{number}": "x" * 40_000 if number % 50 == 0 else number for number in range(230)}
        run(case.open(), "wf", **values)
        journal = case.open().open_journal("wf")
        journal.load_records(list(values))
        found = {name: (value, reason) for name, value, reason in journal.load_results([*values, "never"])}
        journal.close()
        assert {name: value for name, (value, reason) in found.items() if reason is None} == values
        assert str(found["never"][1]) == "its result is not in the store"
        assert list(found) == [*values, "never"]

    def test_a_result_that_the_run_has_made_is_read_as_it_is_now(self, case: Case) -> None:
        run(case.open(), "wf", a=1, b=1, c="x" * 40_000)
        journal = case.open().open_journal("wf")
        begin(journal, ["a", "b", "c"])
        for name, value in (("a", 2), ("c", 3)):
            journal.commit([start(name)])
            journal.commit([end(journal, name, value)])
        assert list(journal.load_results("abc")) == [("a", 2, None), ("b", 1, None), ("c", 3, None)]
        journal.close()

    def test_durations_are_the_median_of_the_last_five_good_attempts(self, ours: Case) -> None:
        for seconds in (100.0, 1.0, 2.0, 3.0, 4.0, 50.0):
            journal = ours.open().open_journal("wf")
            begin(journal, ["a", "b"])
            journal.commit([start("a"), start("b")])
            failed = failure("b", ValueError("x"))._replace(duration=seconds)
            journal.commit([end(journal, "a", 1, duration=seconds), failed])
            journal.close()
        journal = ours.open().open_journal("wf")
        journal.load_records(["a", "b"])
        assert journal.durations() == {"a": 3.0}
        journal.close()

    def test_texts_that_cannot_be_written_as_utf_8_are_written_all_the_same(self, ours: Case) -> None:
        journal = ours.open().open_journal("wf")
        begin(journal, ["a"], params={"p": "\udcff"})
        journal.commit([start("a")])
        failed = failure("a", ValueError("bad \udcff"))
        lines = [LogLine("a", 1, NOW, "out", "\ud83d")]
        journal.commit([failed], [AttemptRecord("a", 1, NOW, NOW, "failed", "bad \udcff", "in \udcff")], lines)
        journal.close()
        assert records(ours.open(), "wf", "a")["a"].error == "ValueError: bad \\udcff"

    def test_closing_twice_is_fine(self, case: Case) -> None:
        journal = case.open().open_journal("wf")
        journal.close()
        journal.close()

    def test_the_caller_may_change_what_it_got_or_gave(self, ours: Case) -> None:
        value = {"rows": [1]}
        journal = ours.open().open_journal("wf")
        begin(journal, ["a"])
        journal.commit([start("a")])
        journal.commit([end(journal, "a", value)])
        value["rows"].append(2)
        first = journal.load_result("a")
        first["rows"].clear()
        assert journal.load_result("a") == {"rows": [1]}
        assert journal.load_records(["a"])["a"].status is COMPLETED
        journal.close()


# -- values -------------------------------------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.binary(max_size=50),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers(), st.booleans()), inner, max_size=3),
    ),
    max_leaves=10,
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other) and (
            one == other or (math.isnan(one) and math.isnan(other))
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other


class TestValues:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(batch=st.lists(values, min_size=1, max_size=8))
    def test_every_value_comes_back_equal_in_value_and_type(self, case: Case, batch: list[Any]) -> None:
        named = {f"t{number}": value for number, value in enumerate(batch)}
        run(case.open(), "wf", **named)
        journal = case.open().open_journal("wf")
        try:
            for name, value in named.items():
                assert same(journal.load_result(name), value)
        finally:
            journal.close()

    @pytest.mark.parametrize(
        "value",
        [
            "x" * 200_000,
            "\udcff" * 20_000,
            b"\x00\xff" * 100_000,
            list(range(20_000)),
            [(i,) for i in range(9_000)],
            range(9),
        ],
        ids=["text", "odd text", "bytes", "list", "tuples", "pickle"],
    )
    def test_big_values_and_pickles_too(self, case: Case, value: Any) -> None:
        run(case.open(), "wf", a=value, b=1)
        assert same(load(case.open(), "wf", "a"), value)
        case.open().save_task_state("c", COMPLETED, value)
        state = case.open().load_task_state("c")
        assert state is not None
        assert same(state["result"], value)

    def test_persist_false_keeps_nothing(self, case: Case) -> None:
        journal = case.open().open_journal("wf")
        begin(journal, ["a"])
        record = TaskRecord("a", COMPLETED, NOW, value=journal.encode([1], persist=False))
        journal.commit([start("a")])
        journal.commit([record])
        journal.close()
        with pytest.raises(ResultUnavailable):
            load(case.open(), "wf", "a")


# -- whose record it is -------------------------------------------------------------------------------------------------


class TestWorkflows:
    def test_two_workflows_never_see_each_others_results(self, ours: Case) -> None:
        run(ours.open(), "one", fetch=1, only=0)
        run(ours.open(), "two", fetch=2)
        assert load(ours.open(), "one", "fetch") == 1
        assert load(ours.open(), "two", "fetch") == 2
        assert "only" not in records(ours.open(), "two", "fetch", "only")
        one, two = (ours.open().for_workflow(name).load_task_state("fetch") for name in ("one", "two"))
        assert one is not None
        assert two is not None
        assert (one["workflow"], one["result"], two["workflow"], two["result"]) == ("one", 1, "two", 2)

    def test_without_a_workflow_the_newest_is_loaded_and_each_name_listed_once(self, ours: Case) -> None:
        run(ours.open(), "one", fetch=1)
        late = datetime.fromtimestamp(NOW + 100, UTC)
        ours.open().for_workflow("two").save_task_state("fetch", COMPLETED, 2, None, late)
        store = ours.open()
        state = store.load_task_state("fetch")
        assert state is not None
        assert (state["workflow"], state["result"]) == ("two", 2)
        assert store.list_all_tasks() == ["fetch"]
        store.delete_task_state("fetch")
        assert store.list_all_tasks() == []
        assert records(ours.open(), "one", "fetch") == {}

    def test_a_scope_deletes_and_clears_only_its_own(self, ours: Case) -> None:
        run(ours.open(), "one", a=1, b=1)
        run(ours.open(), "two", a=2, b=2)
        ours.open().for_workflow("one").delete_task_state("a")
        assert set(records(ours.open(), "one", "a", "b")) == {"b"}
        assert set(records(ours.open(), "two", "a", "b")) == {"a", "b"}
        ours.open().for_workflow("two").clear_all_states()
        assert set(records(ours.open(), "one", "a", "b")) == {"b"}
        assert records(ours.open(), "two", "a", "b") == {}

    def test_a_record_without_a_workflow_belongs_to_the_first_that_runs_a_task_of_that_name(self, ours: Case) -> None:
        ours.open().save_task_state("fetch", COMPLETED, "by hand")
        assert load(ours.open(), "one", "fetch") == "by hand"  # looking is not running
        assert load(ours.open(), "two", "fetch") == "by hand"
        journal = ours.open().open_journal("two")
        begin(journal, ["fetch"], restored=["fetch"])
        journal.close()
        assert records(ours.open(), "one", "fetch") == {}
        assert load(ours.open(), "two", "fetch") == "by hand"
        state = ours.open().load_task_state("fetch")
        assert state is not None
        assert state["workflow"] == "two"

    def test_a_workflows_own_record_comes_before_one_by_hand(self, ours: Case) -> None:
        run(ours.open(), "one", fetch=1)
        ours.open().save_task_state("fetch", COMPLETED, 2)
        assert load(ours.open(), "one", "fetch") == 1
        run(ours.open(), "one", other=1, fetch=3)
        assert load(ours.open(), "one", "fetch") == 3
        assert load(ours.open(), "two", "fetch") == 2

    def test_names_that_look_like_another_workflows_key_do_not_collide(self, ours: Case) -> None:
        run(ours.open(), "one", fetch=1)
        run(ours.open(), "two", **{"fetch": 2, "fetch@two": 3, "fetch@one": 4})
        run(ours.open(), "one", **{"fetch@two": 5})
        found = [load(ours.open(), flow, name) for flow, name in
                 (("one", "fetch"), ("two", "fetch"), ("two", "fetch@two"), ("two", "fetch@one"), ("one", "fetch@two"))]  # fmt: skip
        assert found == [1, 2, 3, 4, 5]


# -- one run at a time --------------------------------------------------------------------------------------------------


class TestOneRun:
    def test_a_second_run_of_a_workflow_is_refused(self, ours: Case) -> None:
        store = ours.open()
        journal = store.open_journal("wf")
        for other in (store, ours.open()):
            with pytest.raises(StateLockedError, match="in use by process"):
                other.open_journal("wf")
        journal.close()
        store.open_journal("wf").close()

    def test_what_forgets_is_refused_while_it_runs(self, ours: Case) -> None:
        run(ours.open(), "wf", a=1)
        store = ours.open()
        journal = store.open_journal("wf")
        for forget in (
            store.clear_all_states,
            lambda: store.delete_task_state("a"),
            store.for_workflow("wf").clear_all_states,
            lambda: store.for_workflow("wf").delete_task_state("a"),
        ):
            with pytest.raises(StateLockedError, match="in use by process"):
                forget()
        assert journal.load_result("a") == 1
        journal.close()

    def test_a_run_may_save_other_states_through_its_own_store(self, case: Case) -> None:
        store = case.open()
        journal = store.open_journal("wf")
        begin(journal, ["a"])
        journal.commit([start("a")])
        store.save_task_state("note", COMPLETED, "by a callback")
        journal.commit([end(journal, "a", 1)])
        journal.close()
        assert load(case.open(), "wf", "a") == 1
        state = case.open().load_task_state("note")
        assert state is not None
        assert state["result"] == "by a callback"
