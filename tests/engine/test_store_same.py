"""Whatever a run writes, and in whatever order and portions, a state file says of it what a book says.

A book keeps whole records. A state file writes most of them with statements that touch only what is to change, so it
has to know what stands in a row already.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.errors import StateError
from flowweaver.records import CodePrint, FilePrint, Provenance, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.base import BaseStateStore, ResultUnavailable, RunJournal
from flowweaver.stores.memory import InMemoryStateStore
from flowweaver.stores.sqlite import SQLiteStateStore
from flowweaver.stores.sqlite_db import Database

NOW = 1_770_000_000.25
NAMES = ("a", "b")
RUNNING, COMPLETED = TaskStatus.RUNNING, TaskStatus.COMPLETED

MADE = (
    None,
    Provenance(),
    Provenance(CodePrint("1/3.11", "c0de", {"a()": "c0de"}), inputs=("d1", None)),
    Provenance(CodePrint("1/3.11", "c0de2"), params={"year": "77"}, files=(FilePrint("x.csv", 1, 2, "f00"),)),
)
VALUES = (1, "x" * 40_000, (1, 2), object(), None)

Told = tuple[str, TaskStatus, Provenance | None, Any, bool]
told = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from([RUNNING, RUNNING, COMPLETED, COMPLETED, *TaskStatus]),
    st.sampled_from(MADE),
    st.sampled_from(VALUES),
    st.booleans(),
)
runs = st.lists(st.lists(st.lists(told, min_size=1, max_size=4), max_size=6), min_size=1, max_size=3)


def record_of(journal: RunJournal, run_id: int, one: Told) -> TaskRecord:
    """As the ledger makes them."""
    name, status, made_by, value, stands = one
    record = TaskRecord(name, status, NOW, run_id, attempt=1)
    if status is RUNNING:
        return record._replace(started_at=NOW, provenance=made_by)
    if stands:
        return TaskRecord(name, COMPLETED, NOW, digest="of what is there")
    if status is COMPLETED:
        stored = journal.encode(value)
        return record._replace(started_at=NOW, finished_at=NOW, duration=1.5, provenance=made_by, value=stored)
    if status is TaskStatus.SKIPPED:
        return record._replace(attempt=0, skipped_because="up")
    if status is TaskStatus.PENDING:
        return record._replace(interrupted=True)
    return record._replace(error="ValueError: no", duration=1.5, provenance=made_by)


def kept(store: BaseStateStore) -> dict[str, Any]:
    """All that a next run finds: the records, the durations, and the results as far as there are any."""
    journal = store.open_journal("wf")
    try:
        found: dict[str, Any] = {}
        for name, record in journal.load_records(NAMES).items():
            made = record.provenance
            found[name] = record._replace(
                timestamp=0.0,
                used_at=None,
                run_id=None if record.status is TaskStatus.SKIPPED else record.run_id,  # no run has done anything
                provenance=None if made == Provenance() else made,
            )
            try:
                found[f"{name}, its result"] = journal.load_result(name)
            except ResultUnavailable:
                found[f"{name}, its result"] = "none to be had"
        return found | {"durations": journal.durations()}
    finally:
        journal.close()


def write(store: BaseStateStore, commits: list[list[Told]]) -> None:
    """A run that writes this, as far as a run can: nothing of a task that is done, or before its start is in the store."""
    journal = store.open_journal("wf")
    there = {name for name, record in journal.load_records(NAMES).items() if record.digest is not None}
    run_id = journal.begin(started_at=NOW, params={}, redo=(), restored=())
    done: set[str] = set()
    for told in commits:
        records: dict[str, TaskRecord] = {}
        rows = []
        for name, status, made_by, value, stands in told:
            if name in done or (name in records and records[name].status is RUNNING):
                continue
            record = record_of(journal, run_id, (name, status, made_by, value, stands and name in there))
            rows.append(record)
            records[name] = record
            if record.status is COMPLETED:
                done.add(name)
            if record.status is not TaskStatus.SKIPPED:
                there.discard(name)
        journal.commit(rows)
    journal.close()


@settings(max_examples=100, deadline=None)
@given(runs=runs)
def test_a_state_file_says_the_same_as_a_book_whatever_runs_write(runs: list[list[list[Told]]]) -> None:
    with TemporaryDirectory() as folder:
        book, file = InMemoryStateStore(), SQLiteStateStore(Path(folder) / "state.db")
        for commits in runs:
            write(book, commits)
            write(file, commits)
            assert kept(file) == kept(book)
        file.close()


def test_what_could_not_be_written_decides_nothing_of_what_is_written_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SQLiteStateStore(tmp_path / "state.db")
    journal = store.open_journal("wf")
    journal.load_records(["a"])
    journal.begin(started_at=NOW, params={}, redo=(), restored=())
    with monkeypatch.context() as full:
        full.setattr(Database, "apply", lambda *_: (_ for _ in ()).throw(StateError("the disk is full")))
        with pytest.raises(StateError):
            journal.commit([record_of(journal, 1, ("a", RUNNING, MADE[2], None, False))])
    journal.commit([record_of(journal, 1, ("a", COMPLETED, MADE[2], 7, False))])
    journal.close()
    assert kept(store)["a, its result"] == 7
    assert kept(store)["a"].provenance == MADE[2]
    store.close()


def test_a_task_that_runs_says_what_it_is_made_by_and_has_no_result(tmp_path: Path) -> None:
    store = SQLiteStateStore(tmp_path / "state.db")
    journal = store.open_journal("wf")
    journal.load_records(["a"])
    journal.begin(started_at=NOW, params={}, redo=(), restored=())
    journal.commit([record_of(journal, 1, ("a", RUNNING, MADE[2], None, False))])
    journal.close()
    record = kept(store)["a"]
    assert (record.provenance, record.interrupted) == (MADE[2], True)
    assert (record.digest, record.encoding, record.size) == (None, None, 0)
    assert kept(store)["a, its result"] == "none to be had"
    store.close()
