"""Several short tasks that one worker takes at a time: to everybody else they run at the same time."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from flowweaver import SQLiteStateStore, Task, TaskStatus, ThreadedExecutor, Workflow, WorkflowCancelledError
from flowweaver.events import TaskFailed
from flowweaver.pace import Pace
from flowweaver.records import TaskRecord
from flowweaver.stores.sqlite_journal import SQLiteJournal

WORKERS = 4


class Books:
    """What the store has been told so far, and the most that was RUNNING in it at a time."""

    def __init__(self) -> None:
        self.states: dict[str, TaskStatus] = {}
        self.most_running = 0
        self.most_at_once = 0
        self.changed = threading.Condition()

    def take(self, records: Sequence[TaskRecord]) -> None:
        with self.changed:
            self.states.update({record.task_name: record.status for record in records})
            self.most_running = max(self.most_running, self.running())
            done = sum(record.status is TaskStatus.COMPLETED for record in records)
            self.most_at_once = max(self.most_at_once, done)
            self.changed.notify_all()

    def running(self) -> int:
        return sum(state is TaskStatus.RUNNING for state in self.states.values())

    def wait_for(self, name: str, status: TaskStatus) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.states.get(name) is status, 30)


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Books:
    kept, commit = Books(), SQLiteJournal.commit

    def spy(self: SQLiteJournal, records: Sequence[TaskRecord], *rest: Any) -> None:
        commit(self, records, *rest)
        kept.take(records)

    monkeypatch.setattr(SQLiteJournal, "commit", spy)
    return kept


@pytest.fixture
def always_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "short", True)


def flow_of(bodies: dict[str, Callable[..., Any]], dependencies: dict[str, list[str]] | None = None) -> Workflow:
    flow = Workflow("hands")
    for name, body in bodies.items():
        flow.add_task(Task(name, body), depends_on=(dependencies or {}).get(name, []))
    return flow


def executor(tmp_path: Path) -> ThreadedExecutor:
    return ThreadedExecutor(max_workers=WORKERS, state_store=SQLiteStateStore(tmp_path / "state.db"))


@pytest.mark.parametrize("seed", range(5))
def test_each_task_is_in_the_store_as_running_before_it_runs_and_its_upstreams_as_done(
    tmp_path: Path, books: Books, always_short: None, seed: int
) -> None:
    chance = random.Random(seed)
    wrong: list[str] = []
    dependencies = {
        f"t{n}": [f"t{d}" for d in {chance.randrange(n) for _ in range(chance.randrange(3))} if n] if n else []
        for n in range(400)
    }

    def body(name: str) -> Callable[..., int]:
        def run(**upstream: int) -> int:
            if books.states.get(name) is not TaskStatus.RUNNING:
                wrong.append(f"{name} is not running")
            wrong.extend(up for up in dependencies[name] if books.states.get(up) is not TaskStatus.COMPLETED)
            return len(upstream)

        return run

    executor(tmp_path).execute(flow_of({name: body(name) for name in dependencies}, dependencies))
    assert wrong == []
    assert books.most_running <= WORKERS
    assert 1 < books.most_at_once <= WORKERS, "no worker took several at a time: this test shows nothing"


def test_what_ended_before_a_long_task_is_written_and_what_waits_behind_it_runs_elsewhere(
    tmp_path: Path, books: Books, always_short: None
) -> None:
    seen: list[bool] = []
    behind = threading.Event()

    def long() -> None:
        seen.append(books.wait_for("before", TaskStatus.COMPLETED))
        seen.append(behind.wait(30))

    flow = flow_of({"before": lambda: None, "long": long, "behind": behind.set})
    executor(tmp_path).execute(flow)
    assert seen == [True, True]


@pytest.mark.parametrize("how", ["stop", "cancel"])
def test_what_of_a_hand_is_not_begun_when_the_run_is_told_to_end_does_not_begin(
    tmp_path: Path, books: Books, always_short: None, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("flowweaver.driver.LOOK_AGAIN", 60.0)  # nobody else takes the hand apart
    monkeypatch.setattr("flowweaver.crew.LOOK_AGAIN", 60.0)
    begun, go_on = threading.Event(), threading.Event()
    ran: list[str] = []
    told: list[str] = []
    flow = flow_of({"first": lambda: (begun.set(), go_on.wait(30)), "second": lambda: ran.append("second")})

    def listen(event: object) -> None:
        if isinstance(event, TaskFailed) and event.interrupted:
            told.append(event.task)

    run = executor(tmp_path).start(flow, listeners=[listen])
    assert begun.wait(30)
    assert books.states["second"] is TaskStatus.RUNNING
    getattr(run, how)()
    go_on.set()
    with pytest.raises(WorkflowCancelledError):
        run.wait()
    assert ran == []
    assert "second" in told
    assert books.states["second"] is TaskStatus.PENDING
    assert executor(tmp_path).execute(flow).completed[-1:] == ("second",)
    assert ran == ["second"]


def test_a_defect_of_the_engine_begins_nothing_more_of_a_hand(
    tmp_path: Path, books: Books, always_short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowweaver.driver.LOOK_AGAIN", 60.0)  # nobody else takes the hand apart
    begun, go_on = threading.Event(), threading.Event()
    ran: list[str] = []

    workers: list[threading.Thread] = []

    def first() -> None:
        workers.append(threading.current_thread())
        begun.set()
        go_on.wait(30)

    run = executor(tmp_path).start(flow_of({"first": first, "second": lambda: ran.append("second")}))
    assert begun.wait(30)
    run._driver.crash(AssertionError("a defect"))
    with pytest.raises(AssertionError, match="a defect"):
        run.wait()
    go_on.set()
    workers[0].join(30)
    assert not workers[0].is_alive()
    assert ran == []


def test_a_deadline_in_a_hand_is_that_tasks_alone(tmp_path: Path, books: Books, always_short: None) -> None:
    never = threading.Event()
    late = Workflow("hands")
    late.add_task(Task("before", lambda: 1))
    late.add_task(Task("late", lambda: never.wait(30), timeout=0.05))
    late.add_task(Task("behind", lambda: 3))
    with pytest.raises(RuntimeError, match="late timed out"):
        executor(tmp_path).execute(late, keep_going=True)
    never.set()
    assert [books.states[name].value for name in ("before", "late", "behind")] == ["COMPLETED", "FAILED", "COMPLETED"]


def test_one_that_fails_is_written_before_the_next_begins(
    tmp_path: Path, books: Books, always_short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowweaver.driver.LOOK_AGAIN", 60.0)  # nobody else takes the hand apart
    seen: list[bool] = []

    def fails() -> None:
        raise ValueError("no")

    flow = flow_of({"fails": fails, "behind": lambda: seen.append(books.states["fails"] is TaskStatus.FAILED)})
    with pytest.raises(RuntimeError, match="no"):
        executor(tmp_path).execute(flow, keep_going=True)
    assert seen == [True]
