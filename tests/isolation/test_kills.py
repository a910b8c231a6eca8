"""A run's process is killed at any instant, again and again: nothing that was done is done twice, and it gets done."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowweaver.events import Event, RunFinished, TaskCompleted, TaskFailed, TaskStarted
from flowweaver.plan import Action
from fwtui.session.session import Session
from tests.engine import result_files

SOON = 30.0

Write = Callable[..., Path]
Open = Callable[..., Session]

FLOW = """
from functools import partial
from flowweaver import Task
def work(n):
    with open(HERE / "ran.txt", "a") as file: file.write(f"{n}\\n")
    time.sleep(0.005)
    return n if n % 10 else bytes(150_000)
workflow = Workflow("w")
for n in range(TASKS):
    before = [f"t{n - 1}"] if n % 10 else []
    workflow.add_task(Task(f"t{n}", partial(work, n)), depends_on=before)
"""


def of(kind: type[Event], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def kill_until_done(session: Session, chance: random.Random, most: int, total: int) -> int:
    """Run and kill until all is done, or ``most`` times; then let it finish. Return how often it was killed."""
    done: set[str] = set()
    kills = 0
    while True:
        session.start()
        run = session._runner._run
        if kills < most:
            # A kill may come before a task has begun, between two commits, or behind the end.
            run.join(chance.uniform(0.0, 0.15))  # type: ignore[union-attr]
            run._host.kill()  # type: ignore[union-attr]
            kills += 1
        assert session.wait(SOON)
        events = session.drain()
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        (finished,) = of(RunFinished, events)
        completed = [event.task for event in of(TaskCompleted, events)]
        assert not done.intersection(completed), "what was done is not done again"
        assert len(completed) == len(set(completed))
        done.update(completed)
        open_tasks = {event.task for event in of(TaskStarted, events)} - {*completed}
        assert open_tasks == {event.task for event in of(TaskFailed, events)}, "what began has an end"
        assert len(open_tasks) <= 4
        with sqlite3.connect(session.project.state) as state:
            rows = dict(state.execute("SELECT task_name, status FROM tasks"))
            assert state.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert state.execute("SELECT count(*) FROM runs WHERE outcome IS NULL").fetchone() == (0,)
        result_files.check(session.project.state)
        assert {name for name, status in rows.items() if status == "COMPLETED"} == done
        assert not {"RUNNING", "RETRYING"}.intersection(rows.values())
        assert sum(finished.counts.values()) == total
        assert session.refresh().plan.names(Action.REUSE) == [f"t{n}" for n in range(total) if f"t{n}" in done]
        if len(done) == total:
            return kills


def check(write: Write, open_session: Open, tmp_path: Path, seed: int, most: int, total: int) -> int:
    session = open_session(write(FLOW.replace("TASKS", str(total))), workers=4)
    session.open()
    kills = kill_until_done(session, random.Random(seed), most, total)
    ran = [int(line) for line in (tmp_path / "ran.txt").read_text().split()]
    assert set(ran) == set(range(total))
    assert len(ran) - total <= 4 * kills, "at most what was in flight was repeated"
    return kills


def test_a_run_that_is_killed_at_random_gets_done_and_repeats_only_what_was_in_flight(
    write: Write, open_session: Open, tmp_path: Path
) -> None:
    assert check(write, open_session, tmp_path, seed=7, most=5, total=200) > 0


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("seed", range(20))
def test_the_same_many_times(
    write: Write, open_session: Open, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = check(write, open_session, tmp_path, seed=seed, most=50, total=2_000)
    assert kills >= 10
    with capsys.disabled():
        print(f"\nisolated, seed {seed}: {kills} kills")
