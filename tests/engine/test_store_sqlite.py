"""The state file: users' own queries, history, clearing and its undo, earlier files, garbage."""

from __future__ import annotations

import json
import sqlite3
import stat
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flowweaver.errors import DefinitionError, StateError, StateLockedError
from flowweaver.records import AttemptRecord, LogLine, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores import lock
from flowweaver.stores.base import ResultUnavailable, RunJournal
from flowweaver.stores.sqlite import SQLiteStateStore

RUNNING, COMPLETED, FAILED, PENDING, SKIPPED = (
    TaskStatus.RUNNING,
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.PENDING,
    TaskStatus.SKIPPED,
)
DAY = 86_400.0
NOW = 1_770_000_000.5


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "keys" / "key"))
    monkeypatch.setattr(lock, "PATIENCE", 0.02)
    return tmp_path / "state" / "etl.db"


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[SQLiteStateStore]:
    made = SQLiteStateStore(path, clock=clock)
    yield made
    made.close()


def query(path: Path, sql: str, *values: Any) -> list[Any]:
    """What a user's own program finds."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


def begin(journal: RunJournal, names: Sequence[str], at: float = NOW, **how: Any) -> int:
    journal.load_records(names)
    return journal.begin(**{"started_at": at, "params": {}, "redo": (), "restored": (), **how})


def start(name: str, at: float = NOW, attempt: int = 1) -> TaskRecord:
    return TaskRecord(name, RUNNING, at, attempt=attempt, started_at=at)


def end(journal: RunJournal, name: str, value: Any, at: float = NOW + 1) -> TaskRecord:
    return TaskRecord(
        name,
        COMPLETED,
        at,
        run_id=1,
        attempt=1,
        started_at=at - 1,
        finished_at=at,
        duration=1.0,
        value=journal.encode(value),
    )


def run(store: SQLiteStateStore, workflow: str, at: float = NOW, **results: Any) -> int:
    """A whole run in which every named task completes."""
    journal = store.open_journal(workflow)
    number = begin(journal, list(results), at)
    for name, value in results.items():
        journal.commit([start(name, at)])
        done = end(journal, name, value, at + 1)._replace(run_id=number)
        attempt = AttemptRecord(name, 1, at, at + 1, "completed")
        journal.commit([done], [attempt], [LogLine(name, 1, at, "out", f"run {number} of {name}")])
    journal.finish(finished_at=at + 2, outcome="completed", failed_task=None, counts={"completed": len(results)})
    journal.close()
    return number


def test_what_is_asked_again_and_what_is_reused_is_written_of_every_task_however_many(
    store: SQLiteStateStore, path: Path
) -> None:
    names = [f"t{number}" for number in range(1001)]
    run(store, "wf", **dict.fromkeys(names, 1))
    run(store, "other", t0=1)
    journal = store.open_journal("wf")
    number = begin(journal, names, NOW + 2 * DAY, redo=names[:500], restored=names[500:])
    journal.close()
    found = query(path, "SELECT redo, used_at, count(*) FROM tasks WHERE workflow = 'wf' GROUP BY 1, 2 ORDER BY 1")
    assert found == [(0, NOW + 2 * DAY, 501), (number, NOW + 1, 500)]
    assert query(path, "SELECT redo, used_at FROM tasks WHERE workflow = 'other'") == [(0, NOW + 1)]


class TestOwnQueries:
    def test_the_reference_queries_read_what_is_kept(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", fetch={"rows": [1, 2]}, name="naïve")
        store.save_task_state("bad", FAILED, error=ValueError("no"))
        store.close()
        rows = query(path, "SELECT task_name, status, result, error, timestamp FROM tasks ORDER BY task_name")
        assert [row[:2] for row in rows] == [("bad", "FAILED"), ("fetch", "COMPLETED"), ("name", "COMPLETED")]
        assert [json.loads(row[2]) for row in rows[1:]] == [{"rows": [1, 2]}, "naïve"]
        assert rows[0][3] == "ValueError: no"
        assert datetime.fromisoformat(rows[1][4]) == datetime.fromtimestamp(NOW + 1, UTC)
        done = query(path, "SELECT task_name, timestamp FROM tasks WHERE status = 'COMPLETED'")
        assert {name for name, _ in done} == {"fetch", "name"}
        plan = query(path, "EXPLAIN QUERY PLAN SELECT * FROM tasks WHERE timestamp > '2026'")
        assert "idx_timestamp" in plan[0][3]

    def test_tasks_is_a_rowid_table_with_one_row_a_task(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", fetch=1)
        run(store, "wf", fetch=2)
        assert query(path, "SELECT rowid, result FROM tasks") == [(1, "2")]

    def test_a_row_that_a_users_own_sql_wrote_is_a_record_without_a_workflow(
        self, store: SQLiteStateStore, path: Path
    ) -> None:
        run(store, "wf", fetch=1)
        query(
            path,
            "INSERT INTO tasks (task_name, status, result, timestamp) VALUES ('mine', 'COMPLETED', '[1]', '2026-02-01')",
        )
        query(
            path, "INSERT INTO tasks (task_name, status, timestamp) VALUES ('none', 'COMPLETED', '2026-02-01 10:00:00')"
        )
        journal = store.open_journal("other")
        found = journal.load_records(["mine", "none"])
        assert all(record.encoding == "json" for record in found.values())
        assert journal.load_result("mine") == [1]
        assert journal.load_result("none") is None
        journal.close()

    def test_a_result_that_was_edited_is_not_taken_for_the_task_s_own(
        self, store: SQLiteStateStore, path: Path
    ) -> None:
        run(store, "wf", fetch=1)
        query(path, "UPDATE tasks SET result = '2'")
        with pytest.raises(ResultUnavailable, match="was changed"):
            store.for_workflow("wf").load_result("fetch")

    def test_results_that_somebody_deleted_leave_no_place_that_another_could_take(
        self, store: SQLiteStateStore, path: Path
    ) -> None:
        run(store, "one", a="x" * 100_000, b="y" * 100_000)
        run(store, "two", a="z" * 100_000)
        store.for_workflow("one").forget(["b"])
        store.close()
        query(path, "DELETE FROM blobs")
        run(store, "one", a="1" * 100_000, b="2" * 100_000)
        store.for_workflow("three").save_task_state("a", COMPLETED, "3" * 100_000)
        store.close()
        again = SQLiteStateStore(path)
        assert again.for_workflow("three").load_result("a") == "3" * 100_000
        assert [again.for_workflow("one").load_result(name)[0] for name in "ab"] == ["1", "2"]
        with pytest.raises(ResultUnavailable, match="cannot be read"):
            again.for_workflow("two").load_result("a")

    @pytest.mark.parametrize("encoding", ["pickle", "tagged", "text", "bytes", "json", "os.system", "eval", "", None])
    def test_a_crafted_row_runs_nothing(
        self, store: SQLiteStateStore, path: Path, encoding: str | None, tmp_path: Path
    ) -> None:
        run(store, "wf", fetch=1)
        bomb = b"cos\nmkdir\n(S'" + str(tmp_path / "bomb").encode() + b"'\ntR."
        crafted = (bomb, bomb.decode(), '{"$": "os.mkdir", "v": "x"}', b64encode(bomb).decode(), b"x" * 32 + bomb, 7)
        for value in crafted:
            query(path, "UPDATE tasks SET encoding = ?, result = ?, digest = NULL", encoding, value)
            try:
                found = store.for_workflow("wf").load_result("fetch")
            except ResultUnavailable:
                continue
            assert encoding in ("tagged", "text", "bytes", "json")
            assert type(found) in (dict, str, bytes, int)  # what anybody may write is data, and nothing but data
        assert not (tmp_path / "bomb").exists()

    @pytest.mark.parametrize(
        "column", ["attempt", "started_at", "finished_at", "size", "redo", "run_id", "summary", "seconds"]
    )
    def test_a_row_of_the_wrong_types_is_as_if_the_task_had_never_run(
        self, store: SQLiteStateStore, path: Path, column: str
    ) -> None:
        run(store, "wf", fetch=1, other=2)
        query(path, f"UPDATE tasks SET {column} = x'00ff' WHERE task_name = 'fetch'")
        assert set(store.for_workflow("wf").records()) == {"other"}
        journal = store.open_journal("wf")
        assert set(journal.load_records(["fetch", "other"])) == {"other"}
        assert journal.durations().keys() <= {"fetch", "other"}
        begin(journal, ["fetch"])
        journal.commit([start("fetch")])
        journal.commit([end(journal, "fetch", 3)])
        journal.close()
        assert store.for_workflow("wf").load_result("fetch") == 3

    @pytest.mark.parametrize(
        "moment", [1e300, -1e300, 1e18, float("inf"), "1e300", "inf", "nan", "0001-01-01T00:00:00"]
    )
    def test_a_time_that_no_calendar_has_is_none(self, store: SQLiteStateStore, path: Path, moment: object) -> None:
        run(store, "wf", fetch=1)
        for column in ("timestamp", "started_at", "finished_at", "duration", "seconds", "used_at"):
            query(path, f"UPDATE tasks SET {column} = ?", moment)
        query(path, "UPDATE runs SET started_at = ?", moment)
        query(path, "UPDATE attempts SET started_at = ?", moment)
        view = store.for_workflow("wf")
        assert isinstance((view.load_task_state("fetch") or {})["timestamp"], str)
        assert (view.records(), view.runs(), view.attempts(), view.durations()) == ({}, [], [], {})

    @pytest.mark.parametrize("text", ["[" * 900 + "]" * 900, "[" * 100_000, '["1", "2", 1e999]', "{", "7", '"x"'])
    def test_what_made_a_result_may_be_nonsense(self, store: SQLiteStateStore, path: Path, text: str) -> None:
        run(store, "wf", fetch=1)
        query(path, "UPDATE tasks SET code = ?, params = ?, files = ?, inputs = ?", *[text] * 4)
        query(path, "UPDATE runs SET params = ?, counts = ?", text, text)
        view = store.for_workflow("wf")
        assert view.records()["fetch"].provenance is None
        assert view.load_result("fetch") == 1
        assert dict(view.runs()[0].params) == {}

    def test_deleted_runs_leave_their_numbers_and_none_of_their_lines(
        self, store: SQLiteStateStore, path: Path
    ) -> None:
        run(store, "wf", fetch=1, load=2)
        store.close()
        query(path, "DELETE FROM runs")
        query(path, "INSERT INTO runs (workflow, run_id, started_at) VALUES ('other', 'no number', 1.0)")
        query(path, "DELETE FROM runs")
        assert run(store, "wf", fetch=3) == 1
        view = store.for_workflow("wf")
        assert [line.text for line in view.log("fetch")] == ["run 1 of fetch"]
        assert [one.task_name for one in view.attempts()] == ["fetch"]

    def test_a_number_of_a_run_that_is_none_is_not_counted_on(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", fetch=1)
        store.close()
        for number, odd in enumerate((2**63 - 1, "nine", 1e300)):
            query(path, "INSERT INTO runs (workflow, run_id, started_at) VALUES ('wf', ?, 1.0)", odd)
            assert run(store, "wf", fetch=1) == 2 + number
            store.close()

    def test_history_of_the_wrong_types_is_left_out(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", fetch=1)
        run(store, "wf", fetch=2)
        query(path, "UPDATE runs SET started_at = 'x' WHERE run_id = 1")
        query(path, "UPDATE attempts SET finished_at = x'00' WHERE run = 2")
        query(path, "UPDATE log_lines SET time = 'never' WHERE run = 2")
        view = store.for_workflow("wf")
        assert [one.run_id for one in view.runs()] == [2]
        assert [one.run_id for one in view.attempts()] == [1]
        assert view.log("fetch") == []


class TestHistory:
    def test_runs_are_listed_newest_first(self, store: SQLiteStateStore) -> None:
        run(store, "wf", NOW, a=1)
        journal = store.open_journal("wf")
        number = begin(journal, ["a"], NOW + 10, params={"year": "2013"})
        journal.finish(finished_at=NOW + 12, outcome="failed", failed_task="a", counts={"failed": 1})
        journal.close()
        run(store, "other", NOW, a=1)
        newest, oldest = store.for_workflow("wf").runs()
        assert (newest.run_id, newest.outcome, newest.failed_task, newest.unfinished) == (number, "failed", "a", True)
        assert (newest.params, newest.counts, newest.started_at) == ({"year": "2013"}, {"failed": 1}, NOW + 10)
        assert newest.holder is not None
        assert newest.holder.startswith("process ")
        assert (oldest.run_id, oldest.outcome, oldest.unfinished, oldest.finished_at) == (
            1,
            "completed",
            False,
            NOW + 2,
        )
        assert [one.run_id for one in store.for_workflow("wf").runs(limit=1)] == [number]
        assert store.workflows() == ["other", "wf"]

    def test_a_run_that_goes_on_has_no_outcome_and_one_that_died_is_interrupted(
        self, store: SQLiteStateStore, path: Path
    ) -> None:
        journal = store.open_journal("wf")
        begin(journal, ["a"])
        journal.commit([start("a")])
        looking = SQLiteStateStore(path, read_only=True).for_workflow("wf")
        assert (looking.runs()[0].outcome, looking.runs()[0].unfinished) == (None, False)
        assert looking.records()["a"].status is RUNNING
        assert looking.attempts()[0].outcome is None
        assert looking.holder() is not None
        journal.close()  # without finish: as if it had died
        assert (looking.runs()[0].outcome, looking.runs()[0].unfinished) == ("interrupted", True)
        assert (looking.records()["a"].status, looking.records()["a"].interrupted) == (PENDING, True)
        assert looking.attempts()[0].outcome == "interrupted"
        assert looking.holder() is None
        journal = store.open_journal("wf")
        begin(journal, ["a"])
        journal.close()
        assert [one.outcome for one in looking.runs()] == ["interrupted", "interrupted"]
        assert query(path, "SELECT outcome FROM runs ORDER BY run_id") == [("interrupted",), (None,)]
        assert query(path, "SELECT status, interrupted FROM tasks") == [("PENDING", 1)]
        assert query(path, "SELECT outcome FROM attempts") == [("interrupted",)]

    def test_of_a_run_that_died_all_that_is_recorded_is_told_before_and_after_somebody_takes_its_lock(
        self, store: SQLiteStateStore
    ) -> None:
        run(store, "wf", NOW, a=1)
        journal = store.open_journal("wf")
        begin(journal, ["a", "b", "c", "d"], NOW + 10)
        looking = store.for_workflow("wf")
        journal.commit([start("b", NOW + 10)])
        failed = AttemptRecord("c", 1, NOW + 12, NOW + 13.5, "failed")
        journal.commit([start("c", NOW + 12), start("d", NOW + 13)])
        journal.commit([end(journal, "b", 1, NOW + 12.5)])
        gone = TaskRecord("c", TaskStatus.FAILED, NOW + 13.5, run_id=2, attempt=1, finished_at=NOW + 13.5)
        journal.commit([gone], [failed])
        assert looking.runs()[0].known_until is None, "it goes on"
        journal.close()  # without finish: as if it had died
        known = {"completed": 1, "failed": 1, "interrupted": 1}
        died, good = looking.runs()
        assert (died.known_until, died.finished_at, died.counts) == (NOW + 13.5, None, known)
        assert (good.known_until, good.finished_at) == (None, NOW + 2)
        run(store, "wf", NOW + 20, b=2, c=3, d=4)
        died = looking.runs()[1]
        assert (died.known_until, died.finished_at, died.counts) == (NOW + 13.5, None, known)

    def test_attempts_by_task_and_by_run(self, store: SQLiteStateStore) -> None:
        run(store, "wf", NOW, a=1, b=2)
        journal = store.open_journal("wf")
        begin(journal, ["a"], NOW + 10)
        journal.commit([start("a", NOW + 10)])
        journal.commit([], [AttemptRecord("a", 1, NOW + 10, NOW + 11, "failed", "ValueError: x", "Traceback ...")])
        journal.commit([start("a", NOW + 12, 2)], [AttemptRecord("a", 2, NOW + 12)])
        journal.commit([end(journal, "a", 1)], [AttemptRecord("a", 2, NOW + 12, NOW + 13, "completed")])
        journal.close()
        view = store.for_workflow("wf")
        found = [(one.run_id, one.task_name, one.attempt, one.outcome) for one in view.attempts()]
        assert found == [
            (1, "a", 1, "completed"), (1, "b", 1, "completed"), (2, "a", 1, "failed"), (2, "a", 2, "completed"),
        ]  # fmt: skip
        failed = view.attempts("a", run_id=2)[0]
        assert (failed.error, failed.traceback, failed.finished_at) == ("ValueError: x", "Traceback ...", NOW + 11)
        assert [one.task_name for one in view.attempts(run_id=1)] == ["a", "b"]
        assert store.for_workflow("other").attempts() == []

    def test_good_attempts_are_there_while_their_run_goes_on_after_its_death_and_after_a_clear(
        self, store: SQLiteStateStore
    ) -> None:
        names = [f"t{number}" for number in range(130)]  # more than are written at a time
        journal = store.open_journal("wf")
        begin(journal, names)
        for name in names:
            journal.commit([start(name, NOW)])
            journal.commit([end(journal, name, 1)], [AttemptRecord(name, 1, NOW, NOW + 1, "completed")])
        view = store.for_workflow("wf")

        def outcomes() -> list[tuple[str, str | None, float | None]]:
            return sorted((one.task_name, one.outcome, one.finished_at) for one in view.attempts(run_id=1))

        everything = sorted((name, "completed", NOW + 1) for name in names)
        assert outcomes() == everything
        journal.close()  # it dies: there was no finish
        assert outcomes() == everything
        assert view.forget(["t129"]) == ["t129"]
        assert outcomes() == everything
        journal = store.open_journal("wf")
        begin(journal, ["t128"])
        journal.commit([start("t128", NOW + 9)])
        assert outcomes() == everything
        journal.close()

    def test_the_log_of_a_task_is_that_of_the_attempt_whose_result_is_recorded(self, store: SQLiteStateStore) -> None:
        run(store, "wf", NOW, a=1, b=1)
        run(store, "wf", NOW + 10, b=1)
        view = store.for_workflow("wf")
        assert [line.text for line in view.log("a")] == ["run 1 of a"]
        assert [line.text for line in view.log("b")] == ["run 2 of b"]
        assert [line.text for line in view.log("b", run_id=1)] == ["run 1 of b"]
        assert view.log("b", run_id=1, attempt=2) == []
        assert view.log("c") == []

    def test_log_lines_keep_their_order_over_many_commits(self, store: SQLiteStateStore) -> None:
        journal = store.open_journal("wf")
        begin(journal, ["a"])
        journal.commit([start("a")])
        lines = [LogLine("a", 1, NOW + number, "err", f"line {number}\x1b\0") for number in range(300)]
        for at in range(0, 300, 7):
            journal.commit([], [], lines[at : at + 7])
        assert store.for_workflow("wf").log("a") == lines
        journal.close()

    def test_the_durations_outlive_a_clear(self, store: SQLiteStateStore) -> None:
        run(store, "wf", a=1)
        store.for_workflow("wf").forget(["a"])
        assert store.for_workflow("wf").durations() == {"a": 1.0}


class TestClear:
    def test_what_is_forgotten_is_cleared_and_can_come_back(self, store: SQLiteStateStore) -> None:
        run(store, "wf", a=1, b="x" * 100_000, c=3)
        view = store.for_workflow("wf")
        before = view.records()
        assert view.forget(["b", "a", "nothing"]) == ["b", "a"]
        found = view.records()
        assert (found["a"].cleared, found["a"].status, found["a"].encoding, found["c"].cleared) == (
            True,
            PENDING,
            None,
            False,
        )
        with pytest.raises(ResultUnavailable, match="cleared"):
            view.load_result("b")
        assert view.load_task_state("a") is None
        assert view.list_all_tasks() == ["c"]
        assert view.forget(["a"]) == []
        assert view.restorable() == ["b", "a"]
        assert view.restore() == ["b", "a"]
        assert view.records() == before
        assert view.load_result("b") == "x" * 100_000
        assert (view.restorable(), view.restore()) == ([], [])

    def test_the_last_clear_is_undone_first(self, store: SQLiteStateStore) -> None:
        run(store, "wf", a=1, b=2)
        view = store.for_workflow("wf")
        view.forget(["a"])
        view.forget(["b"])
        assert view.restore() == ["b"]
        assert view.restore() == ["a"]

    def test_what_has_run_since_is_not_undone(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", a="x" * 100_000, b=2)
        view = store.for_workflow("wf")
        view.forget(["a", "b"])
        run(store, "wf", a=10)
        assert view.restorable() == ["b"]
        assert view.restore() == ["b"]
        assert (view.load_result("a"), view.load_result("b")) == (10, 2)
        view.forget(["a"])
        run(store, "wf", a=11)
        run(store, "wf", a=12)
        assert query(path, "SELECT count(*) FROM cleared") == query(path, "SELECT count(*) FROM blobs") == [(0,)]

    def test_a_skipped_clear_can_still_be_undone(self, store: SQLiteStateStore) -> None:
        run(store, "wf", a=1)
        view = store.for_workflow("wf")
        view.forget(["a"])
        journal = store.open_journal("wf")
        begin(journal, ["a"])
        journal.commit([TaskRecord("a", SKIPPED, NOW, skipped_because="login")])
        journal.close()
        assert view.forget(["a"]) == []
        assert view.restore() == ["a"]
        assert view.records()["a"].status is COMPLETED

    def test_another_workflows_tasks_stay(self, store: SQLiteStateStore) -> None:
        run(store, "one", a=1)
        run(store, "two", a=2)
        store.for_workflow("one").forget(["a"])
        assert store.for_workflow("two").load_result("a") == 2
        assert store.for_workflow("two").restore() == []

    def test_clearing_is_refused_while_the_workflow_runs(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", a=1)
        run(store, "other", a=1)
        journal = store.open_journal("wf")
        for change in (lambda view: view.forget(["a"]), lambda view: view.restore()):
            with pytest.raises(StateLockedError, match=r"etl.db \(workflow 'wf'\) is in use by process"):
                change(SQLiteStateStore(path).for_workflow("wf"))
        assert SQLiteStateStore(path).for_workflow("other").forget(["a"]) == ["a"]
        journal.close()

    def test_clearing_what_is_not_there_makes_no_file(self, store: SQLiteStateStore, path: Path) -> None:
        view = store.for_workflow("wf")
        assert (view.forget(["a"]), view.restore(), view.restorable()) == ([], [], [])
        store.delete_task_state("a")
        store.clear_all_states()
        assert not path.parent.exists()


class TestFiles:
    def test_nothing_is_made_before_the_first_write(self, store: SQLiteStateStore, path: Path) -> None:
        view = store.for_workflow("wf")
        assert (store.list_all_tasks(), store.workflows(), view.records(), view.runs(), view.attempts(), view.log("a")) == (
            [], [], {}, [], [], [],
        )  # fmt: skip
        assert (view.holder(), view.durations()) == (None, {})
        assert not path.parent.exists()

    def test_after_a_run_only_the_file_and_its_locks_are_there(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", a=1)
        assert [name.name for name in sorted(path.parent.iterdir()) if not name.name.endswith(".lock")] == ["etl.db"]
        assert all(stat.S_IMODE(name.stat().st_mode) == 0o600 for name in path.parent.iterdir())
        assert query(path, "PRAGMA journal_mode") == [("wal",)]

    def test_reading_makes_no_file_and_changes_none(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", a=1)

        def everything() -> dict[str, Any]:
            return {name.name: (name.read_bytes(), name.stat().st_mtime_ns) for name in path.parent.iterdir()}

        before = everything()
        for reader in (SQLiteStateStore(path), SQLiteStateStore(path, read_only=True)):
            view = reader.for_workflow("wf")
            assert view.records()["a"].status is COMPLETED
            assert (len(view.runs()), len(view.attempts()), len(view.log("a"))) == (1, 1, 1)
            assert reader.load_task_state("a") is not None
            assert everything() == before

    def test_read_only_refuses_to_write(self, store: SQLiteStateStore, path: Path) -> None:
        run(store, "wf", a=1)
        for name in path.parent.glob("*.lock"):
            name.unlink()
        reader = SQLiteStateStore(path, read_only=True)
        for write in (
            lambda: reader.open_journal("wf"),
            lambda: reader.for_workflow("wf").open_journal("wf"),
            lambda: reader.save_task_state("a", COMPLETED),
            lambda: reader.clear_all_states(),
            lambda: reader.for_workflow("wf").forget(["a"]),
        ):
            with pytest.raises(StateError, match="for reading only"):
                write()
        assert [name.name for name in path.parent.iterdir()] == ["etl.db"]

    def test_reading_beside_a_run_works_in_every_direction(self, store: SQLiteStateStore, path: Path) -> None:
        early = SQLiteStateStore(path, read_only=True).for_workflow("wf")
        journal = store.open_journal("wf")
        begin(journal, ["a", "b"])
        late = SQLiteStateStore(path, read_only=True).for_workflow("wf")
        same = store.for_workflow("wf")
        for number in range(20):
            journal.commit([start("a")])
            journal.commit([end(journal, "a", number)])
            assert [view.load_result("a") for view in (early, late, same)] == [number] * 3
        journal.close()
        assert [view.load_result("a") for view in (early, late, same)] == [19] * 3

    def test_a_file_that_is_moved_away_is_made_anew(self, store: SQLiteStateStore, path: Path) -> None:
        store.save_task_state("a", COMPLETED, 1)
        path.rename(path.with_name("old.db"))
        assert store.load_task_state("a") is None
        store.save_task_state("b", COMPLETED, 2)
        assert store.list_all_tasks() == ["b"]

    def test_two_workflows_run_side_by_side(self, path: Path) -> None:
        one, two = SQLiteStateStore(path), SQLiteStateStore(path)
        first, second = one.open_journal("one"), two.open_journal("two")
        begin(first, ["a"])
        begin(second, ["a"])
        for number in range(5):
            first.commit([start("a")])
            second.commit([start("a")])
            first.commit([end(first, "a", number)])
            second.commit([end(second, "a", -number)])
        assert (first.load_result("a"), second.load_result("a")) == (4, -4)
        first.close()
        second.commit([start("a")])
        second.close()

    def test_a_big_result_is_not_read_with_the_records_and_leaves_when_it_is_replaced(
        self, store: SQLiteStateStore, path: Path
    ) -> None:
        for value in ("x" * 200_000, list(range(50_000)), range(3), b"bytes", "small"):
            run(store, "wf", a=value)
            assert store.for_workflow("wf").load_result("a") == value
            assert query(path, "SELECT count(*) FROM blobs") == [(0 if value == "small" else 1,)]

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ({"db_path": ""}, "the path of a file"),
            ({"db_path": b"x"}, "the path of a file"),
            ({"db_path": ":memory:"}, "InMemoryStateStore"),
            ({"db_path": "x", "gc_days": -1}, "gc_days"),
            ({"db_path": "x", "gc_days": "30"}, "gc_days"),
            ({"db_path": "x", "synchronous": "OFF"}, "synchronous"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, arguments: dict[str, Any], text: str) -> None:
        with pytest.raises(DefinitionError, match=text):
            SQLiteStateStore(**arguments)

    def test_its_arguments_are_readable(self, path: Path) -> None:
        store = SQLiteStateStore(str(path), enable_gc=False, gc_days=7, synchronous="FULL")
        assert (store.db_path, store.enable_gc, store.gc_days) == (str(path), False, 7)
        assert (store.synchronous, store.read_only) == ("FULL", False)


REFERENCE = """
CREATE TABLE tasks (task_name TEXT PRIMARY KEY, status TEXT NOT NULL, result TEXT, error TEXT, timestamp DATETIME NOT NULL);
CREATE INDEX idx_timestamp ON tasks(timestamp);
"""
PUBLISHED = """
CREATE TABLE task_states (task_name TEXT PRIMARY KEY, status TEXT NOT NULL, result TEXT, error TEXT,
    timestamp TEXT NOT NULL, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
"""
ROWS = [
    ("iso", "COMPLETED", '{"rows": 1}', None, "2024-01-15T10:30:00"),
    ("space", "completed", "[1, 2]", None, "2024-01-15 10:30:00.5"),
    ("number", "Completed", '"x"', None, 1705314600),
    ("zone", "COMPLETED", "3", None, "2024-01-15T10:30:00+02:00"),
    ("broken", "failed", None, "ValueError: no", "2024-01-15T10:30:00"),
    ("odd", "COMPLETED", "4", None, "last tuesday"),
    ("strange", "ON FIRE", "5", None, "2024-01-15T10:30:00"),
    ("running", "RUNNING", None, None, "2024-01-15T10:30:00"),
    ("notjson", "COMPLETED", "{oops", None, "2024-01-15T10:30:00"),
]


class TestEarlierFiles:
    @pytest.fixture(params=[(REFERENCE, "tasks"), (PUBLISHED, "task_states")], ids=["reference", "0.2.x"])
    def earlier(self, request: pytest.FixtureRequest, path: Path) -> Path:
        schema, table = request.param
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(schema)
            insert = f"INSERT INTO {table} (task_name, status, result, error, timestamp) VALUES (?, ?, ?, ?, ?)"
            connection.executemany(insert, ROWS)
            connection.commit()
        path.chmod(0o644)
        return path

    def check(self, store: SQLiteStateStore) -> None:
        expected = {"iso": {"rows": 1}, "space": [1, 2], "number": "x", "zone": 3, "odd": 4}
        for name, result in expected.items():
            state = store.load_task_state(name)
            assert state is not None
            assert (state["status"], state["result"], state["workflow"]) == (COMPLETED, result, None)
        broken = store.load_task_state("broken")
        assert broken is not None
        assert (broken["status"], broken["error"]) == (FAILED, "ValueError: no")
        running = store.load_task_state("running")
        assert running is not None
        assert running["status"] is PENDING
        number = store.load_task_state("number")
        assert number is not None
        assert datetime.fromisoformat(number["timestamp"]).timestamp() == 1705314600
        assert set(store.list_all_tasks()) == {row[0] for row in ROWS}
        with pytest.raises(ResultUnavailable):
            store.for_workflow("wf").load_result("notjson")

    def test_reading_one_shows_all_of_it_and_changes_nothing(self, earlier: Path) -> None:
        before = earlier.read_bytes(), earlier.stat().st_mtime_ns
        self.check(SQLiteStateStore(earlier))
        self.check(SQLiteStateStore(earlier, read_only=True))
        assert set(SQLiteStateStore(earlier).for_workflow("wf").records()) == {row[0] for row in ROWS} - {"strange"}
        assert (earlier.read_bytes(), earlier.stat().st_mtime_ns) == before
        assert [name.name for name in earlier.parent.iterdir()] == [earlier.name]

    def test_the_first_write_makes_it_one_of_ours_with_every_row(self, earlier: Path) -> None:
        store = SQLiteStateStore(earlier)
        store.save_task_state("new", COMPLETED, 1)
        store.close()
        rows = query(
            earlier, "SELECT task_name, result, error, timestamp FROM tasks WHERE task_name <> 'new' ORDER BY id"
        )
        published = {"number": "1705314600"} if rows[2][3] == "1705314600" else {}
        assert [(row[0], row[1], row[2], row[3]) for row in rows] == [
            (name, result, error, published.get(name, when)) for name, _status, result, error, when in ROWS
        ]
        store = SQLiteStateStore(earlier)
        store.delete_task_state("new")
        self.check(store)
        assert stat.S_IMODE(earlier.stat().st_mode) == 0o600

    def test_the_first_workflow_that_runs_adopts_its_tasks(self, earlier: Path) -> None:
        store = SQLiteStateStore(earlier)
        journal = store.open_journal("wf")
        assert journal.load_result("iso") == {"rows": 1}
        begin(journal, ["iso", "broken"], time.time(), restored=["iso"])
        journal.close()
        assert query(earlier, "SELECT task_name FROM tasks WHERE workflow = 'wf' ORDER BY id") == [
            ("iso",),
            ("broken",),
        ]
        assert store.for_workflow("wf").load_result("iso") == {"rows": 1}
        journal = store.open_journal("other")
        assert journal.load_records(["iso", "zone"]).keys() == {"zone"}
        journal.close()

    def test_migrated_rows_are_as_old_as_the_migration(self, earlier: Path, clock: Clock) -> None:
        run(SQLiteStateStore(earlier, clock=clock), "wf", a=1)
        clock.now += 29 * DAY
        run(SQLiteStateStore(earlier, clock=clock), "wf", clock.now, a=1)
        assert SQLiteStateStore(earlier).load_task_state("iso") is not None
        clock.now += 2 * DAY
        run(SQLiteStateStore(earlier, clock=clock), "wf", clock.now, a=1)
        assert SQLiteStateStore(earlier).load_task_state("iso") is None

    def test_a_migration_that_fails_leaves_the_file_as_it_was(
        self, earlier: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = earlier.read_bytes()

        def fail(*_args: Any, **_more: Any) -> None:
            raise sqlite3.OperationalError("disk full")

        monkeypatch.setattr("flowweaver.stores.schema._copy", fail)
        with pytest.raises(StateError, match="disk full"):
            SQLiteStateStore(earlier).save_task_state("new", COMPLETED, 1)
        assert earlier.read_bytes() == before

    def test_a_false_result_of_0_2_is_not_known_and_runs_again(self, path: Path) -> None:
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(PUBLISHED)
            connection.execute("INSERT INTO task_states VALUES ('a', 'COMPLETED', NULL, NULL, '2024-01-15', NULL)")
            connection.commit()
        with pytest.raises(ResultUnavailable, match="not kept by version 0.2"):
            SQLiteStateStore(path).for_workflow("wf").load_result("a")

    def test_none_is_a_result_in_the_reference_schema(self, path: Path) -> None:
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(REFERENCE)
            connection.execute("INSERT INTO tasks VALUES ('a', 'COMPLETED', NULL, NULL, '2024-01-15')")
            connection.commit()
        assert SQLiteStateStore(path).for_workflow("wf").load_result("a") is None

    def test_a_users_other_tables_in_an_earlier_file_stay(self, earlier: Path) -> None:
        query(earlier, "CREATE TABLE notes (text)")
        query(earlier, "INSERT INTO notes VALUES ('mine')")
        SQLiteStateStore(earlier).save_task_state("new", COMPLETED, 1)
        assert query(earlier, "SELECT text FROM notes") == [("mine",)]


class TestGarbage:
    def test_what_was_neither_written_nor_reused_for_gc_days_goes(self, path: Path, clock: Clock) -> None:
        run(SQLiteStateStore(path, clock=clock), "wf", clock.now, old="x" * 100_000, reused=2)
        clock.now += 20 * DAY
        journal = SQLiteStateStore(path, clock=clock).open_journal("wf")
        begin(journal, ["old", "reused", "new"], clock.now, restored=["reused"])
        journal.commit([start("new", clock.now)])
        journal.commit([end(journal, "new", 3, clock.now)])
        journal.close()
        clock.now += 15 * DAY
        view = SQLiteStateStore(path, clock=clock).for_workflow("wf")
        assert set(view.records()) == {"old", "reused", "new"}  # looking collects nothing
        run(SQLiteStateStore(path, clock=clock), "other", clock.now, a=1)
        assert set(view.records()) == {"reused", "new"}
        assert [one.run_id for one in view.runs()] == [2]
        assert {one.run_id for one in view.attempts()} <= {2}
        assert query(path, "SELECT count(*) FROM log_lines WHERE text LIKE 'run 1 of %'") == [(1,)]
        assert query(path, "SELECT count(*) FROM blobs") == [(0,)]

    def test_a_file_that_the_run_then_refuses_is_not_collected(self, path: Path, clock: Clock) -> None:
        run(SQLiteStateStore(path, clock=clock), "wf", clock.now, old="x" * 200_000, young=2)
        query(path, "UPDATE tasks SET summary = CAST(x'ff' AS TEXT), used_at = 9e10 WHERE task_name = 'young'")
        clock.now += 40 * DAY
        before = query(path, "SELECT count(*) FROM tasks"), query(path, "SELECT count(*) FROM blobs")
        with pytest.raises(StateError, match="damaged"):
            run(SQLiteStateStore(path, clock=clock), "wf", clock.now, a=1)
        assert (query(path, "SELECT count(*) FROM tasks"), query(path, "SELECT count(*) FROM blobs")) == before

    def test_the_last_run_stays_so_that_numbers_go_on(self, path: Path, clock: Clock) -> None:
        run(SQLiteStateStore(path, clock=clock), "wf", clock.now, a=1)
        run(SQLiteStateStore(path, clock=clock), "wf", clock.now, a=1)
        clock.now += 100 * DAY
        assert run(SQLiteStateStore(path, clock=clock), "wf", clock.now, a=1) == 3

    def test_a_row_by_hand_counts_from_its_timestamp(self, path: Path, clock: Clock) -> None:
        store = SQLiteStateStore(path, clock=clock)
        long_ago = datetime.fromtimestamp(clock.now, UTC) - timedelta(days=40)
        store.save_task_state("old", COMPLETED, 1, None, long_ago)
        store.save_task_state("young", COMPLETED, 2)
        assert store.list_all_tasks() == ["old", "young"]  # never on save or load
        query(path, "INSERT INTO tasks (task_name, status, timestamp) VALUES ('sql', 'COMPLETED', '2020-01-01')")
        query(path, "INSERT INTO tasks (task_name, status, timestamp) VALUES ('odd', 'COMPLETED', 'once')")
        store.close()
        again = SQLiteStateStore(path, clock=clock)
        assert again.list_all_tasks() == ["old", "young", "sql", "odd"]
        again.save_task_state("new", COMPLETED, 3)
        assert again.list_all_tasks() == ["young", "odd", "new"]

    def test_once_in_the_life_of_a_store_and_only_where_no_run_goes_on(self, path: Path, clock: Clock) -> None:
        store = SQLiteStateStore(path, clock=clock)
        run(store, "wf", clock.now, old=1)
        clock.now += 40 * DAY
        run(store, "wf", clock.now, new=1)  # it made the file itself: there was nothing to collect then
        assert store.list_all_tasks() == ["old", "new"]
        holding = SQLiteStateStore(path, enable_gc=False, clock=clock).open_journal("wf")
        beside = SQLiteStateStore(path, clock=clock)
        run(beside, "other", clock.now, a=1)
        assert "old" in beside.list_all_tasks()
        holding.close()
        run(beside, "other", clock.now, a=1)
        assert "old" not in beside.list_all_tasks()

    def test_not_without_being_enabled(self, path: Path, clock: Clock) -> None:
        run(SQLiteStateStore(path, clock=clock), "wf", clock.now, old=1)
        clock.now += 400 * DAY
        run(SQLiteStateStore(path, enable_gc=False, clock=clock), "wf", clock.now, new=1)
        assert set(SQLiteStateStore(path).list_all_tasks()) == {"old", "new"}

    def test_a_clear_that_is_as_old_cannot_be_undone_any_more(self, path: Path, clock: Clock) -> None:
        store = SQLiteStateStore(path, clock=clock)
        run(store, "wf", clock.now, a="x" * 100_000)
        store.for_workflow("wf").forget(["a"])
        clock.now += 31 * DAY
        run(SQLiteStateStore(path, clock=clock), "other", clock.now, b=1)
        assert store.for_workflow("wf").restorable() == []
        assert query(path, "SELECT count(*) FROM blobs") == [(0,)]
