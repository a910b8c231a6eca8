"""Random graphs of tasks that succeed, fail, hang or return what no store keeps, run and resumed until all is done.

A model says what must then be true. With ``keep_going`` it says it exactly; without, a failure may come before or after
other tasks have begun, and the model says what is possible.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowweaver import (
    BaseExecutor,
    BaseStateStore,
    InMemoryStateStore,
    JSONStateStore,
    SQLiteStateStore,
    Task,
    TaskStatus,
    TaskTimeoutError,
    Workflow,
    WorkflowExecutionError,
)
from tests.engine.conftest import MAKERS
from tests.engine.test_plain_store import Plain

COMPLETED, FAILED, SKIPPED, PENDING = TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SKIPPED, TaskStatus.PENDING

ERRORS: dict[str, BaseException] = {
    "error": ValueError("bad data"),
    "exit": SystemExit(3),
    "interrupt": KeyboardInterrupt(),
    "cancelled": asyncio.CancelledError(),
    "memory": MemoryError(),
}
RETRIED = frozenset({"error", "memory", "hangs"})
VALUES: list[Any] = [None, 7, "text", (1, {2}), {"1": 1, 1: "1"}, b"\0\xff", float("inf"), [1.5, None], 2**3_000]


class Objects(Plain):
    """A user's own store that keeps objects as they are."""

    def save_task_state(self, task_name, status, result=None, error=None, timestamp=None):
        kept = error and (str(error) or type(error).__name__)
        self.kept[task_name] = {"status": status, "result": result, "error": kept, "timestamp": timestamp.isoformat()}


@dataclass(frozen=True)
class Plan:
    """One task.

    Attributes:
        needs: numbers of earlier tasks.
        does: what its attempts do, one after the other, over all runs; when they are used up it succeeds.
        value: what it returns; -1 for something that no file can keep.
    """

    needs: tuple[int, ...]
    does: tuple[str, ...]
    retries: int
    value: int
    is_async: bool


@dataclass(frozen=True)
class Case:
    """A graph, and how it is run each time: which executor, and whether on after a failure."""

    plans: tuple[Plan, ...]
    store: str
    runs: tuple[tuple[str, bool], ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    hangs = draw(st.sampled_from([0, 0, 0, 1]))  # each takes its deadline's time
    plans = []
    for number in range(draw(st.integers(1, 7))):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        does = draw(st.lists(st.sampled_from(["ok", "ok", *ERRORS]), max_size=4))
        if hangs and draw(st.booleans()):
            hangs = 0
            does.insert(draw(st.integers(0, len(does))), "hangs")
        plans.append(
            Plan(
                tuple(sorted(needs)),
                tuple(does),
                draw(st.integers(0, 2)),
                draw(st.integers(-1, len(VALUES) - 1)),
                draw(st.booleans()),
            )
        )
    runs = draw(st.lists(st.tuples(st.sampled_from(sorted(MAKERS)), st.booleans()), min_size=1, max_size=4))
    return Case(tuple(plans), draw(st.sampled_from(["memory", "sqlite", "json", "objects"])), tuple(runs))


@dataclass
class World:
    """What the tasks do, what they saw, and what the model remembers over all runs."""

    case: Case
    release: threading.Event = field(default_factory=threading.Event)
    lock: Any = field(default_factory=threading.Lock)
    attempts: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    kept: set[int] = field(default_factory=set)

    def value(self, number: int) -> Any:
        chosen = self.case.plans[number].value
        return self.lock if chosen < 0 else VALUES[chosen]

    def is_kept(self, number: int) -> bool:
        return self.case.plans[number].value >= 0 or self.case.store == "objects"

    def call(self, number: int, upstream: dict[str, Any]) -> str:
        plan = self.case.plans[number]
        self.calls.append(number)
        wanted = {f"t{need}": self.value(need) for need in plan.needs}
        if upstream != wanted or any(type(upstream[name]) is not type(wanted[name]) for name in wanted):
            self.wrong.append(f"t{number} got {upstream}")
        done = self.attempts[number]
        self.attempts[number] += 1
        return plan.does[done] if done < len(plan.does) else "ok"

    def function(self, number: int) -> Any:
        def work(**upstream: Any) -> Any:
            what = self.call(number, upstream)
            if what in ERRORS:
                raise ERRORS[what]
            if what == "hangs":
                self.release.wait(60)
            return self.value(number)

        async def wait(**upstream: Any) -> Any:
            what = self.call(number, upstream)
            await asyncio.sleep(0)
            if what in ERRORS:
                raise ERRORS[what]
            if what == "hangs":
                await asyncio.sleep(60)
            return self.value(number)

        return wait if self.case.plans[number].is_async else work

    def workflow(self) -> Workflow:
        made = Workflow("w")
        for number, plan in enumerate(self.case.plans):
            timeout = 0.1 if "hangs" in plan.does else None
            task = Task(f"t{number}", self.function(number), retries=plan.retries, timeout=timeout, version="1")
            made.add_task(task, [f"t{need}" for need in plan.needs])
        return made

    def outcome(self, number: int, made: int) -> tuple[int, str]:
        """Return how many attempts a task will make, of which it has made some in earlier runs, and how it will end."""
        plan = self.case.plans[number]
        for attempt in range(1, plan.retries + 2):
            at = made + attempt - 1
            what = plan.does[at] if at < len(plan.does) else "ok"
            if what == "ok" or what not in RETRIED:
                return attempt, what
        return plan.retries + 1, what


@dataclass
class Expected:
    """What the model says of one run that goes on after failures, by the tasks' numbers."""

    attempts: dict[int, int]
    ends: dict[int, str]
    skipped: set[int]


def expect(world: World) -> Expected:
    plans = world.case.plans
    blind = {number for number in range(len(plans)) if not world.is_kept(number)}
    expected = Expected({}, {}, set())
    broken: set[int] = set()
    for number, plan in enumerate(plans):
        if not broken.isdisjoint(plan.needs):
            broken.add(number)
            expected.skipped.add(number)
        elif number not in world.kept or number in blind or not blind.isdisjoint(plan.needs):
            expected.attempts[number], expected.ends[number] = world.outcome(number, world.attempts[number])
            if expected.ends[number] != "ok":
                broken.add(number)
    return expected


def ancestors(case: Case, number: int) -> set[int]:
    found: set[int] = set()
    for need in case.plans[number].needs:
        found |= {need} | ancestors(case, need)
    return found


def check_run(world: World, workflow: Workflow, error: BaseException | None, expected: Expected, *, all_of_it: bool):
    case, tasks = world.case, workflow.tasks
    calls = Counter(world.calls)
    failed = {number for number, task in enumerate(tasks) if task.status is FAILED}
    # What was called, how often, and what became of it.
    assert set(calls) <= set(expected.attempts)
    assert all(count <= case.plans[number].retries + 1 for number, count in calls.items())
    if all_of_it:
        assert calls == expected.attempts
        assert failed == {number for number, end in expected.ends.items() if end != "ok"}
    for number, task in enumerate(tasks):
        if number in calls:
            assert calls[number] == expected.attempts[number] == task.attempts
            assert task.status is (COMPLETED if expected.ends[number] == "ok" else FAILED)
        elif ancestors(case, number) & failed:
            assert task.status is SKIPPED
        elif task.status is not COMPLETED:
            assert task.status is PENDING
            assert failed
            assert not all_of_it
        check_task(world, number, task, called=number in calls, end=expected.ends.get(number))
    # How the run ended.
    if failed:
        assert type(error) is WorkflowExecutionError
        assert int(error.failed_task[1:]) in failed
    else:
        assert error is None
        assert all(task.status is COMPLETED for task in tasks)


def check_task(world: World, number: int, task: Task, *, called: bool, end: str | None) -> None:
    if task.status is COMPLETED:
        assert task.restored is not called
        assert task.error is None
        assert type(task.result) is type(world.value(number))
        assert task.result == world.value(number)
    elif task.status is FAILED:
        assert isinstance(task.error, TaskTimeoutError) if end == "hangs" else task.error is ERRORS[end]
        assert task.result is None


def check_store(world: World, workflow: Workflow, store: BaseStateStore) -> None:
    scoped = store.for_workflow("w")
    kept = {number: scoped.load_task_state(f"t{number}") for number in range(len(world.case.plans))}
    states = {number: state["status"] for number, state in kept.items() if state is not None}
    for number, task in enumerate(workflow.tasks):
        if task.status in (FAILED, SKIPPED):
            assert states[number] is task.status
        if task.status is FAILED:
            assert kept[number]["error"]
        if task.status is COMPLETED and (world.is_kept(number) or world.case.store != "objects"):
            assert states[number] is COMPLETED
            assert kept[number]["error"] is None
            assert ("not_kept" in kept[number]) is (not world.is_kept(number))
    broken = {number for number, status in states.items() if status is FAILED}
    for number, status in states.items():
        assert (status is SKIPPED) is (status is not FAILED and bool(ancestors(world.case, number) & broken))


def make_store(kind: str, folder: Path) -> BaseStateStore:
    if kind == "memory":
        return InMemoryStateStore()
    if kind == "objects":
        return Objects()
    return SQLiteStateStore(folder / "state.db") if kind == "sqlite" else JSONStateStore(folder / "state.json")


def play(case: Case, counts: Counter[str]) -> None:
    world = World(case, attempts=[0] * len(case.plans))
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(case.store, Path(folder))
        try:
            # The last run is repeated until all is done; each that fails uses up what makes it fail.
            last = case.runs[-1][0], True
            for kind, keep_going in (*case.runs, *[last] * (sum(len(plan.does) for plan in case.plans) + 2)):
                expected = expect(world)
                world.calls.clear()
                workflow, error = world.workflow(), None
                executor: BaseExecutor = MAKERS[kind](state_store=store)
                try:
                    executor.execute(workflow, keep_going=keep_going, echo=False)
                except WorkflowExecutionError as caught:
                    error = caught
                assert world.wrong == []
                check_run(world, workflow, error, expected, all_of_it=keep_going)
                for number, task in enumerate(workflow.tasks):
                    if task.status is COMPLETED and world.is_kept(number):
                        world.kept.add(number)
                    elif task.status is FAILED:
                        world.kept.discard(number)
                check_store(world, workflow, store)
                counts["runs"] += 1
                counts[kind] += 1
                counts["tasks called"] += len(world.calls)
                if error is None:
                    break
            else:
                raise AssertionError("it never ended")
        finally:
            world.release.set()
            if isinstance(store, SQLiteStateStore):
                store.close()


@pytest.fixture(autouse=True, scope="module")
def _key(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path_factory.mktemp("keys") / "key"))
        yield


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_every_run_and_every_resume_does_what_the_model_says(case: Case) -> None:
    play(case, Counter())


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_many_graphs(capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    count = int(os.environ.get("FLOWWEAVER_GRAPHS", "3000"))

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(cases())
    def many(case: Case) -> None:
        play(case, counts)
        counts["graphs"] += 1

    many()
    with capsys.disabled():
        print(f"\n{dict(counts)}")
