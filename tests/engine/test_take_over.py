"""A run whose process has died is written to its end by another: nothing of it is lost, and it is written once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowweaver.errors import StateLockedError
from flowweaver.records import AttemptRecord, LogLine, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.sqlite import SQLiteStateStore
from flowweaver.stores.sqlite_journal import SQLiteJournal

NAMES = ["done", "flies", "waits", "other"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStateStore]:
    made = SQLiteStateStore(tmp_path / "state.db")
    yield made
    made.close()


def journal_of(store: SQLiteStateStore) -> SQLiteJournal:
    journal = store.open_journal("w")
    assert isinstance(journal, SQLiteJournal)
    return journal


def record(name: str, status: TaskStatus, run_id: int, **more: object) -> TaskRecord:
    return TaskRecord(name, status, 10.0, run_id=run_id, attempt=1, started_at=9.0, **more)  # type: ignore[arg-type]


def a_run_that_died(store: SQLiteStateStore) -> int:
    """One task done, one in flight, one between two attempts; its process lets go of everything and says no more."""
    journal = journal_of(store)
    journal.load_records(NAMES)
    run_id = journal.begin(started_at=1.0, params={}, redo=[], restored=[])
    journal.commit([record(name, TaskStatus.RUNNING, run_id) for name in ("done", "flies", "waits")])
    done = record("done", TaskStatus.COMPLETED, run_id, finished_at=10.0, duration=1.0, value=journal.encode(7))
    journal.commit(
        [done, record("waits", TaskStatus.RETRYING, run_id, error="ValueError: 1")],
        [AttemptRecord("done", 1, 9.0, 10.0, "completed", run_id=run_id)],
        [LogLine("flies", 1, 9.5, "out", "first"), LogLine("flies", 1, 9.6, "out", "second")],
    )
    journal.close()
    return run_id


def test_it_tells_what_was_left_in_flight_and_goes_on_writing(store: SQLiteStateStore) -> None:
    run_id = a_run_that_died(store)
    journal = journal_of(store)
    left = journal.take_over(run_id, NAMES)
    assert left is not None
    assert {name: one.status for name, one in left.items()} == {
        "done": TaskStatus.COMPLETED,
        "flies": TaskStatus.RUNNING,
        "waits": TaskStatus.RETRYING,
    }
    journal.commit(
        [record("flies", TaskStatus.FAILED, run_id, error="its process died")],
        [AttemptRecord("flies", 1, 9.0, 11.0, "failed", "its process died", None, run_id)],
        [LogLine("flies", 1, 10.5, "out", "third")],
    )
    journal.finish(finished_at=11.0, outcome="failed", failed_task="flies", counts={"failed": 1})
    journal.close()
    state = store.for_workflow("w")
    assert [line.text for line in state.log("flies")] == ["first", "second", "third"]
    assert (state.runs()[0].outcome, state.runs()[0].failed_task) == ("failed", "flies")
    assert {(one.task_name, one.outcome) for one in state.attempts(run_id=run_id)} == {
        ("done", "completed"),
        ("flies", "failed"),
    }
    assert state.load_result("done") == 7
    assert state.records()["flies"].error == "its process died"


def test_what_a_task_usually_takes_is_still_known(store: SQLiteStateStore) -> None:
    run_id = a_run_that_died(store)
    journal = journal_of(store)
    journal.take_over(run_id, NAMES)
    journal.commit([record("done", TaskStatus.FAILED, run_id, error="x")])
    journal.close()
    assert store.for_workflow("w").durations() == {"done": 1.0}


def test_a_run_that_has_its_end_is_not_taken_over(store: SQLiteStateStore) -> None:
    run_id = a_run_that_died(store)
    another = journal_of(store)
    another.load_records(NAMES)
    later = another.begin(started_at=20.0, params={}, redo=[], restored=[])
    another.finish(finished_at=21.0, outcome="completed", failed_task=None, counts={})
    another.close()
    journal = journal_of(store)
    assert journal.take_over(run_id, NAMES) is None, "the next run has settled it"
    assert journal.take_over(later, NAMES) is None
    assert journal.take_over(99, NAMES) is None
    journal.close()


def test_a_run_that_goes_on_cannot_be_taken_over(store: SQLiteStateStore) -> None:
    journal = journal_of(store)
    journal.load_records(NAMES)
    journal.begin(started_at=1.0, params={}, redo=[], restored=[])
    with pytest.raises(StateLockedError):
        journal_of(store)
    journal.close()
