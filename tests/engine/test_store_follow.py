"""Reading on in a run while it goes on: everything once, nothing that did not change, and no trace left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowweaver import SQLiteStateStore
from flowweaver.records import AttemptRecord, LogLine, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.base import RunJournal
from flowweaver.stores.sqlite_follow import RunTail
from flowweaver.stores.sqlite_reader import SQLiteWorkflowState

RUNNING, COMPLETED, FAILED = TaskStatus.RUNNING, TaskStatus.COMPLETED, TaskStatus.FAILED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def journal(path: Path) -> Iterator[RunJournal]:
    """A run that has begun."""
    made = SQLiteStateStore(path).open_journal("w")
    made.load_records([])
    made.begin(started_at=1.0, params={}, redo=[], restored=[])
    yield made
    made.close()


@pytest.fixture
def reading(path: Path, journal: RunJournal) -> SQLiteWorkflowState:
    return SQLiteStateStore(path, read_only=True).for_workflow("w")


def begins(journal: RunJournal, *names: str, attempt: int = 1) -> None:
    journal.commit([TaskRecord(name, RUNNING, 2.0, run_id=1, attempt=attempt, started_at=2.0) for name in names])


def completes(journal: RunJournal, name: str, value: object = 1) -> None:
    made = journal.encode(value)
    record = TaskRecord(name, COMPLETED, 3.0, 1, 1, started_at=2.0, finished_at=3.0, duration=1.0, value=made)
    journal.commit([record], [AttemptRecord(name, 1, 2.0, 3.0, "completed", run_id=1)])


def fails(journal: RunJournal, name: str, *, attempt: int = 1, status: TaskStatus = FAILED) -> None:
    record = TaskRecord(name, status, 3.0, run_id=1, attempt=attempt, started_at=2.0, finished_at=3.0, error="E: x")
    journal.commit([record], [AttemptRecord(name, attempt, 2.0, 3.0, "failed", "E: x", "trace", 1)])


def writes(journal: RunJournal, name: str, *texts: str, attempt: int = 1) -> None:
    journal.commit([], [], [LogLine(name, attempt, 2.5, "out", text) for text in texts])


def tail_of(reading: SQLiteWorkflowState) -> RunTail:
    return reading.tail(1, reading.records())


def test_only_what_changed_is_read(journal: RunJournal, reading: SQLiteWorkflowState) -> None:
    begins(journal, "a", "b")
    tail = reading.tail(1, {})
    changes = tail.read()
    assert {name: record.status for name, record in changes.records.items()} == {"a": RUNNING, "b": RUNNING}
    assert tail.read().records == {}
    completes(journal, "a")
    changes = tail.read()
    assert list(changes.records) == ["a"]
    assert (changes.records["a"].status, changes.records["a"].size, changes.newest) == (COMPLETED, 1, 1)
    fails(journal, "b")
    changes = tail.read()
    assert [(one.error, one.traceback) for one in changes.attempts["b"]] == [("E: x", "trace")]


def test_what_a_picture_shows_already_is_not_read_again(journal: RunJournal, reading: SQLiteWorkflowState) -> None:
    begins(journal, "a", "b")
    completes(journal, "b")
    assert tail_of(reading).read().records == {}


def test_a_retry_between_two_looks_is_in_the_attempts(journal: RunJournal, reading: SQLiteWorkflowState) -> None:
    tail = tail_of(reading)
    begins(journal, "a")
    writes(journal, "a", "first try")
    fails(journal, "a", status=TaskStatus.RETRYING)
    begins(journal, "a", attempt=2)
    writes(journal, "a", "second try", attempt=2)
    changes = tail.read()
    assert (changes.records["a"].status, changes.records["a"].attempt) == (RUNNING, 2)
    assert [one.attempt for one in changes.attempts["a"]] == [1]
    assert {place: [line.text for line in lines] for place, lines in changes.lines.items()} == {
        ("a", 1): ["first try"],
        ("a", 2): ["second try"],
    }
    fails(journal, "a", attempt=2)
    assert tail.read().lines == {}, "each once"


def test_very_many_lines_at_once_are_read_from_their_end(journal: RunJournal, reading: SQLiteWorkflowState) -> None:
    begins(journal, "a")
    writes(journal, "a", *(str(number) for number in range(10_050)))
    tail = tail_of(reading)
    changes = tail.read()
    lines = changes.lines["a", 1]
    assert (lines[0].text, lines[-1].text, len(lines)) == ("50", "10049", 10_000)
    assert changes.lines_before["a", 1] == 50
    writes(journal, "a", "more")
    assert [line.text for line in tail.read().lines["a", 1]] == ["more"]


def test_thousands_of_tasks_are_read_at_once(journal: RunJournal, reading: SQLiteWorkflowState) -> None:
    tail = tail_of(reading)
    begins(journal, *(f"t{number}" for number in range(2_500)))
    assert len(tail.read().records) == 2_500


def test_a_newer_run_is_noticed(path: Path, journal: RunJournal, reading: SQLiteWorkflowState) -> None:
    tail = tail_of(reading)
    journal.finish(finished_at=4.0, outcome="completed", failed_task=None, counts={})
    journal.close()
    again = SQLiteStateStore(path).open_journal("w")
    again.begin(started_at=5.0, params={}, redo=[], restored=[])
    assert tail.read().newest == 2
    again.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_read_when_every_line_comes_once_and_in_order(
    path: Path, journal: RunJournal, reading: SQLiteWorkflowState, data: st.DataObject
) -> None:
    name = f"task {data.draw(st.integers(0, 10**9))}"
    begins(journal, name)
    tail = tail_of(reading)
    tail.read()
    written: list[str] = []
    read: list[str] = []
    for portion in data.draw(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=5)), max_size=6)):
        if portion:
            writes(journal, name, *portion)
            written += portion
        if data.draw(st.booleans()):
            read += [line.text for line in tail.read().lines.get((name, 1), ())]
        if data.draw(st.booleans()):
            tail.skip_to(reading.records())
    completes(journal, name)
    read += [line.text for line in tail.read().lines.get((name, 1), ())]
    assert read == written


# -- whether anything changed ---------------------------------------------------------------------------------------


def test_every_commit_is_another_version_and_nothing_else_is(journal: RunJournal, reading: SQLiteWorkflowState) -> None:
    version = reading.version()
    before = version.ask(written=True)
    for number in range(5):
        assert version.ask(written=True) == before
        begins(journal, f"t{number}")
        now = version.ask(written=True)
        assert now != before
        before = now
    version.close()


def test_asking_about_a_state_that_nobody_writes_leaves_no_trace(
    path: Path, journal: RunJournal, reading: SQLiteWorkflowState
) -> None:
    completes(journal, "a")
    journal.finish(finished_at=4.0, outcome="completed", failed_task=None, counts={})
    journal.close()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    version = reading.version()
    first = version.ask(written=False)
    assert version.ask(written=False) == first
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before
    SQLiteStateStore(path).for_workflow("w").forget(["a"])
    assert version.ask(written=False) != first


def test_a_log_that_a_reader_kept_from_going_is_taken_away_and_nothing_is_lost(
    path: Path, journal: RunJournal, reading: SQLiteWorkflowState
) -> None:
    version = reading.version()
    begins(journal, "a")
    version.ask(written=True)
    completes(journal, "a", "kept")
    journal.close()
    log = Path(f"{path}-wal")
    assert log.exists(), "the reader is in the way"
    version.tidy()
    assert sorted(file.name for file in path.parent.iterdir() if "lock" not in file.name) == ["state.db"]
    assert reading.load_result("a") == "kept"


def test_a_file_that_is_replaced_or_gone_is_another_version(
    path: Path, journal: RunJournal, reading: SQLiteWorkflowState
) -> None:
    version = reading.version()
    seen = [version.ask(written=True)]
    journal.close()
    path.rename(path.with_name("elsewhere.db"))
    seen.append(version.ask(written=True))
    SQLiteStateStore(path).save_task_state("x", COMPLETED, 1)
    seen.append(version.ask(written=True))
    assert len(set(seen)) == 3
    version.close()
