"""Large results in files of their own: as trustworthy as the state beside which they lie."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flowweaver import SequentialExecutor, SQLiteStateStore, Task, ThreadedExecutor, Workflow
from flowweaver.errors import StateError
from flowweaver.records import TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores import lock, sqlite_file, sqlite_results, sqlite_rows, sqlite_writer
from flowweaver.stores.base import ResultUnavailable, RunJournal
from flowweaver.stores.sqlite_reader import SQLiteWorkflowState
from flowweaver.stores.sqlite_results import LARGE, ResultFiles
from tests.engine import odd_values, result_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes, links and pipes")

RUNNING, COMPLETED = TaskStatus.RUNNING, TaskStatus.COMPLETED
DAY = 86_400.0

VALUES: dict[str, Any] = {
    "text": "ü" * LARGE,
    "bytes": os.urandom(LARGE),
    "json": [[number, "v" * 50, None, 1.5] for number in range(4_000)],
    "tagged": [(number, "v" * 50) for number in range(4_000)],
    "pickle": [odd_values.Equal(a="x" * 200_000)],
}


class Clock:
    """A clock that stands still until it is told."""

    now = 1_770_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "keys" / "key"))
    monkeypatch.setattr(lock, "PATIENCE", 0.02)
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "etl.db"


@pytest.fixture
def folder(path: Path) -> Path:
    return result_files.folder_of(path)


def store_of(path: Path, **how: Any) -> SQLiteStateStore:
    return SQLiteStateStore(path, **{"enable_gc": False, **how})


def view(path: Path, workflow: str = "wf") -> SQLiteWorkflowState:
    return store_of(path, read_only=True).for_workflow(workflow)


def begun(store: SQLiteStateStore, workflow: str, names: list[str]) -> RunJournal:
    journal = store.open_journal(workflow)
    journal.load_records(names)
    journal.begin(started_at=1.0, params={}, redo=(), restored=())
    return journal


def do(journal: RunJournal, name: str, value: Any) -> None:
    journal.commit([TaskRecord(name, RUNNING, 1.0, attempt=1, started_at=1.0)])
    journal.commit([TaskRecord(name, COMPLETED, 2.0, attempt=1, duration=1.0, value=journal.encode(value))])


def run(path: Path, workflow: str = "wf", **results: Any) -> None:
    """A whole run in which every named task completes."""
    journal = begun(store_of(path), workflow, list(results))
    for name, value in results.items():
        do(journal, name, value)
    journal.finish(finished_at=3.0, outcome="completed", failed_task=None, counts={})
    journal.close()


def query(path: Path, sql: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


def file_of(path: Path, name: str) -> Path:
    """Return the file of a task's result."""
    ((number,),) = query(path, "SELECT data FROM blobs JOIN tasks ON blob = blobs.id WHERE task_name = ?", name)
    return result_files.folder_of(path) / f"{number:016x}"


def contents(folder: Path) -> dict[str, Any]:
    return {
        str(name): (name.lstat().st_mode, name.read_bytes() if name.is_file() else None) for name in folder.rglob("*")
    }


class TestKept:
    def test_every_form_comes_back_equal_from_its_file(self, path: Path) -> None:
        run(path, **VALUES)
        assert result_files.check(path) == len(VALUES)
        assert {form for (form,) in query(path, "SELECT encoding FROM tasks")} == set(VALUES)
        for name, value in VALUES.items():
            found = view(path).load_result(name)
            assert found == value
            assert type(found) is type(value)
        journal = store_of(path).open_journal("wf")
        assert [(name, reason) for name, _, reason in journal.load_results(VALUES)] == [(n, None) for n in VALUES]
        assert [value for _, value, _ in journal.load_results(VALUES)] == list(VALUES.values())
        assert journal.load_result("json") == VALUES["json"]
        journal.close()
        state = store_of(path).load_task_state("tagged")
        assert state is not None
        assert state["result"] == VALUES["tagged"]

    def test_tables_come_back_equal_from_their_files(self, path: Path) -> None:
        numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
        frame = pandas.DataFrame({"a": range(30_000), "b": ["x", None] * 15_000})
        run(path, array=numpy.arange(100_000), frame=frame)
        assert result_files.check(path) == 2
        assert view(path).load_result("frame").equals(frame)
        assert (view(path).load_result("array") == numpy.arange(100_000)).all()

    def test_only_a_large_result_has_a_file_and_others_stand_where_they_stood(self, path: Path, folder: Path) -> None:
        run(path, small=[1], inline="x" * 10_000, row=b"x" * (LARGE - 1))
        assert not folder.exists()
        assert query(path, "SELECT task_name, result FROM tasks WHERE result IS NOT NULL") == [
            ("small", "[1]"), ("inline", f'"{"x" * 10_000}"'),
        ]  # fmt: skip
        assert query(path, "SELECT typeof(data), length(data) FROM blobs") == [("blob", LARGE - 1)]
        run(path, file=b"x" * LARGE)
        assert query(path, "SELECT typeof(data) FROM blobs ORDER BY id") == [("blob",), ("integer",)]
        assert file_of(path, "file").read_bytes() == b"x" * LARGE
        assert path.stat().st_size < 2 * LARGE

    def test_nobody_else_can_read_them_whatever_the_umask(self, path: Path) -> None:
        before = os.umask(0)
        try:
            run(path, **VALUES)
        finally:
            os.umask(before)
        assert result_files.check(path) == len(VALUES)

    def test_a_folder_that_others_can_look_into_is_made_private(self, path: Path, folder: Path) -> None:
        run(path, a=b"x" * LARGE)
        folder.chmod(0o755)
        run(path, b=1)
        assert result_files.check(path) == 1

    def test_the_state_may_be_moved_together_with_its_folder(self, path: Path, folder: Path) -> None:
        run(path, a=b"x" * LARGE)
        other = path.parent / "other.db"
        path.rename(other)
        folder.rename(result_files.folder_of(other))
        assert view(other).load_result("a") == b"x" * LARGE
        run(other, b=1)
        assert result_files.check(other) == 1

    def test_they_lie_beside_the_state_and_not_beside_a_link_to_it(self, path: Path) -> None:
        link = path.parent / "link.db"
        link.symlink_to(path)
        run(path, a=b"x" * LARGE)
        assert view(link).load_result("a") == b"x" * LARGE
        run(link, a=b"y" * LARGE)
        assert result_files.check(path) == 1
        assert not result_files.folder_of(link).exists()

    def test_one_of_more_than_sqlite_keeps_has_its_file(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_results, "_MOST_IN_ROW", LARGE)  # it takes a gigabyte, in truth
        run(path, a=b"x" * (LARGE + 1))
        assert view(path).load_result("a") == b"x" * (LARGE + 1)


class TestOrder:
    def test_the_whole_file_is_there_before_its_row_and_gone_only_after_the_row(
        self, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, seen = sqlite_writer.Writer.apply, []

        def look(writer: sqlite_writer.Writer, steps: Any) -> None:
            before = result_files.named(path)
            for statement, rows in steps:
                if "INTO blobs" in statement:
                    ((number,),) = rows
                    assert (folder / f"{number:016x}").stat().st_size == LARGE
                    seen.append(number)
            monkeypatch.setattr(writer, "_remove", lambda numbers: (removed(numbers, before), remove(numbers)))
            real(writer, steps)
            monkeypatch.undo()
            monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(path.parent / "key"))
            monkeypatch.setattr(sqlite_writer.Writer, "apply", look)

        def removed(numbers: list[int], before: set[str]) -> None:
            assert {f"{number:016x}" for number in numbers} <= before - result_files.named(path)
            seen.append("removed")

        remove = ResultFiles(str(path), forced=False).remove
        run(path, small=1)
        monkeypatch.setattr(sqlite_writer.Writer, "apply", look)
        run(path, a=b"x" * LARGE)
        run(path, a=b"y" * LARGE)
        assert [type(one) for one in seen] == [int, str, int]
        assert result_files.check(path) == 1

    def test_a_result_that_is_replaced_leaves_its_file_only_with_the_commit(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(path, a=b"x" * LARGE)
        store = store_of(path)
        journal = begun(store, "wf", ["a"])
        with monkeypatch.context() as broken:
            broken.setattr(sqlite_writer.Writer, "apply", _fail_at_commit)
            with pytest.raises(StateError, match="disk is full"):
                journal.commit([TaskRecord("a", RUNNING, 1.0, attempt=1)])
        store.save_task_state("by hand", COMPLETED, 1)
        assert view(path).load_result("a") == b"x" * LARGE
        journal.commit([TaskRecord("b", RUNNING, 1.0, attempt=1)])
        assert view(path).load_result("a") == b"x" * LARGE, "what was rolled back is not removed by the next commit"
        do(journal, "a", 1)
        journal.close()
        assert result_files.check(path) == 0

    def test_what_no_commit_took_along_is_removed_when_the_run_ends(
        self, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = begun(store_of(path), "wf", ["a", "b"])
        do(journal, "a", b"x" * LARGE)
        journal.encode(b"given up" * LARGE)
        value = journal.encode(b"y" * LARGE)
        with monkeypatch.context() as broken:
            broken.setattr(sqlite_writer.Writer, "apply", _fail_at_commit)
            with pytest.raises(StateError):
                journal.commit([TaskRecord("b", COMPLETED, 1.0, value=value)])
        assert len(list(folder.iterdir())) == 3
        journal.close()
        assert result_files.check(path) == 1
        journal.encode(b"z" * LARGE)  # in a thread that was left behind
        assert result_files.check(path) == 1

    def test_a_commit_of_which_nobody_heard_keeps_its_file(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = begun(store_of(path), "wf", ["a"])
        real = sqlite_writer.Writer.apply

        def interrupted(writer: sqlite_writer.Writer, steps: Any) -> None:
            real(writer, steps)
            raise KeyboardInterrupt

        with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
            broken.setattr(sqlite_writer.Writer, "apply", interrupted)
            journal.commit([TaskRecord("a", COMPLETED, 1.0, value=journal.encode(b"x" * LARGE))])
        journal.close()
        assert view(path).load_result("a") == b"x" * LARGE
        assert result_files.check(path) == 1

    def test_only_with_full_are_file_and_folder_forced_to_the_disk_before_the_commit(
        self, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forced: list[str] = []
        real = os.fsync
        monkeypatch.setattr(os, "fsync", lambda fd: (forced.append(os.readlink(f"/proc/self/fd/{fd}")), real(fd)))
        if not Path("/proc/self/fd").exists():
            pytest.skip("no /proc to ask")
        run(path, a=b"x" * LARGE)
        assert forced == []
        journal = begun(store_of(path, synchronous="FULL"), "wf", ["b"])
        value = journal.encode(b"y" * LARGE)
        assert forced == [str(folder / f"{value.data:016x}"), str(folder), str(path.parent)]
        journal.commit([TaskRecord("b", COMPLETED, 1.0, value=value)])
        journal.close()

    def test_a_forked_child_that_lets_go_of_the_run_removes_nothing(self, path: Path) -> None:
        journal = begun(store_of(path), "wf", ["a"])
        value = journal.encode(b"x" * LARGE)
        child = os.fork()
        if not child:  # pragma: no cover - the child
            journal.close()
            os._exit(0)
        os.waitpid(child, 0)
        journal.commit([TaskRecord("a", COMPLETED, 1.0, value=value)])
        journal.close()
        assert view(path).load_result("a") == b"x" * LARGE


def _fail_at_commit(writer: sqlite_writer.Writer, steps: Any) -> None:
    """As on a disk that is full when all has been said: everything but the end of a transaction."""

    def work(cursor: sqlite3.Cursor) -> None:
        for statement, rows in steps:
            cursor.executemany(statement, rows)
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL  # type: ignore[misc]
        raise error

    writer.transact(work)


class TestForgotten:
    def test_what_is_cleared_can_come_back_until_it_has_run_again(self, path: Path) -> None:
        run(path, a=b"x" * LARGE, b=b"y" * LARGE)
        state = store_of(path).for_workflow("wf")
        assert state.forget(["a", "b"]) == ["a", "b"]
        assert result_files.check(path) == 2
        assert state.restore() == ["a", "b"]
        assert state.load_result("a") == b"x" * LARGE
        state.forget(["a", "b"])
        run(path, a=b"z" * LARGE)
        assert result_files.check(path) == 3, "until a run begins, what it did can be undone in the table"
        run(path, c=1)
        assert result_files.check(path) == 2
        assert state.restore() == ["b"]
        assert (state.load_result("a"), state.load_result("b")) == (b"z" * LARGE, b"y" * LARGE)

    @pytest.mark.parametrize("workflow", [None, "wf"])
    def test_what_is_deleted_is_gone_with_its_folder(self, path: Path, folder: Path, workflow: str | None) -> None:
        run(path, a=b"x" * LARGE, b=b"y" * LARGE, c=b"z" * LARGE)
        store = store_of(path)
        target = store.for_workflow(workflow) if workflow else store
        target.delete_task_state("a")
        assert result_files.check(path) == 2
        store.for_workflow("wf").forget(["b"])
        target.clear_all_states()
        assert result_files.check(path) == 0
        assert not folder.exists()

    def test_another_workflows_results_stay(self, path: Path) -> None:
        run(path, "one", a=b"1" * LARGE)
        run(path, "two", a=b"2" * LARGE)
        store_of(path).for_workflow("one").clear_all_states()
        assert view(path, "two").load_result("a") == b"2" * LARGE
        assert result_files.check(path) == 1

    def test_a_record_by_hand_in_its_place_removes_it(self, path: Path) -> None:
        run(path, a=b"x" * LARGE)
        store_of(path).for_workflow("wf").save_task_state("a", COMPLETED, b"z" * LARGE)
        assert result_files.check(path) == 0, "what is saved by hand stands in its row, for no run protects it"
        assert view(path).load_result("a") == b"z" * LARGE

    def test_garbage_goes_with_its_file_and_what_is_used_stays(self, path: Path) -> None:
        clock = Clock()
        store = store_of(path, clock=clock)
        for at, name in ((0.0, "old"), (20 * DAY, "young")):
            clock.now += at
            journal = begun(store, "wf", [name])
            record = TaskRecord(name, COMPLETED, clock.now, value=journal.encode(name.encode() * LARGE))
            journal.commit([record])
            journal.close()
        assert result_files.check(path) == 2
        clock.now += 15 * DAY
        store_of(path, clock=clock, enable_gc=True).open_journal("other").close()  # opening it collects
        assert result_files.check(path) == 1
        assert view(path).load_result("young") == b"young" * LARGE


class TestSwept:
    def test_what_a_dead_process_left_goes_when_a_run_is_alone_and_what_is_not_ours_stays(
        self, path: Path, folder: Path
    ) -> None:
        run(path, a=b"x" * LARGE)
        outside = path.parent.parent / "outside"
        outside.write_text("mine")
        (folder / "0123456789abcdef").write_bytes(b"orphan")
        (folder / "1123456789abcdef").symlink_to(outside)
        (folder / "2123456789abcdef").mkdir()
        (folder / "notes.txt").write_text("mine")
        (folder / "f123456789abcdef").write_text("no number of ours")
        holding = store_of(path).open_journal("other")
        (folder / "3123456789abcdef").write_bytes(b"its row comes later")
        run(path, b=1)
        assert (folder / "3123456789abcdef").exists(), "a run that is not alone sweeps nothing"
        holding.close()
        assert (folder / "3123456789abcdef").exists(), "a run that has not begun sweeps nothing"
        run(path, b=2)
        left = {name.name for name in folder.iterdir()}
        assert left == {"2123456789abcdef", "notes.txt", "f123456789abcdef", file_of(path, "a").name}
        assert outside.read_text() == "mine"
        assert view(path).load_result("a") == b"x" * LARGE

    def test_a_folder_that_is_a_link_is_neither_swept_nor_used(self, path: Path, folder: Path, tmp_path: Path) -> None:
        run(path, a=b"x" * LARGE)
        elsewhere = tmp_path / "elsewhere"
        folder.rename(elsewhere)
        folder.symlink_to(elsewhere)
        (elsewhere / "0123456789abcdef").write_bytes(b"mine")
        before = contents(elsewhere)
        with pytest.raises(ResultUnavailable, match="cannot be read: Not a directory"):
            view(path).load_result("a")
        run(path, a=b"y" * LARGE, b=b"z" * LARGE)
        store_of(path).for_workflow("wf").delete_task_state("b")
        assert contents(elsewhere) == before
        assert folder.is_symlink()
        assert view(path).load_result("a") == b"y" * LARGE, "it stands in its row"

    def test_what_was_forgotten_while_it_could_not_be_removed_is_removed_later(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(path, a=b"x" * LARGE)

        def refuse(_path: str) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        with monkeypatch.context() as broken:
            broken.setattr(os, "unlink", refuse)
            run(path, a=1)
        assert result_files.check(path, swept=False) == 0
        assert len(list(result_files.folder_of(path).iterdir())) == 1
        run(path, a=2)
        assert result_files.check(path) == 0


def _other_content(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _swap(file: Path) -> None:
    other = next(name for name in file.parent.iterdir() if name != file)
    other.rename(file)


def _linked(file: Path) -> None:
    file.rename(file.with_name("good"))
    file.symlink_to("good")


def _link_away(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


HARMED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "gone": (lambda file: file.unlink(), "is gone"),
    "the folder is gone": (lambda file: shutil.rmtree(file.parent), "is gone"),
    "empty": (lambda file: file.write_bytes(b""), "was changed"),
    "torn": (lambda file: os.truncate(file, LARGE // 2), "was changed"),
    "torn by a loss of power": (lambda file: file.write_bytes(bytes(file.stat().st_size)), "was changed"),
    "longer": (lambda file: file.write_bytes(file.read_bytes() + b"x"), "was changed"),
    "one bit": (_other_content, "was changed"),
    "another result": (_swap, "was changed"),
    "a link to the good one": (_linked, "cannot be read"),
    "a link to elsewhere": (_link_away, "cannot be read"),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "was changed|cannot be read"),
    "a pipe": (lambda file: (file.unlink(), os.mkfifo(file)), "was changed"),
    "a file in the place of the folder": (
        lambda file: (shutil.rmtree(file.parent), file.parent.write_text("mine")), "cannot be read: Not a directory",
    ),
}  # fmt: skip


def flow(calls: list[str]) -> Workflow:
    """Every form, each of about the same length, and one task that needs them all."""
    made = Workflow("wf")

    def make(name: str, value: Any) -> Callable[[], Any]:
        def work() -> Any:
            calls.append(name)
            return value

        return work

    def total(**upstream: Any) -> bool:
        calls.append("total")
        return upstream == VALUES

    for name, value in VALUES.items():
        made.add_task(Task(name, make(name, value), version="1"))
    made.add_task(Task("total", total, version="1"), list(VALUES))
    return made


class TestHarmed:
    @pytest.mark.parametrize("name", VALUES)
    @pytest.mark.parametrize(("harm", "words"), HARMED.values(), ids=HARMED)
    def test_a_result_whose_file_is_not_as_it_was_is_told_and_its_task_runs_again(
        self, harm: Callable[[Path], Any], words: str, name: str, path: Path
    ) -> None:
        SequentialExecutor(store_of(path)).execute(flow([]), echo=False)
        before = {one: file_of(path, one) for one in VALUES}
        harm(before[name])
        with pytest.raises(ResultUnavailable, match=words) as told:
            view(path).load_result(name)
        assert "\n" not in str(told.value)
        assert view(path).records()[name].status is COMPLETED
        assert len(view(path).runs()) == 1
        state = store_of(path).load_task_state(name)
        assert state is not None
        assert (state["status"], state["result"], state["not_kept"]) == (COMPLETED, None, str(told.value))
        lost = {one for one in VALUES if not _can_be_had(path, one)}
        calls: list[str] = []
        again = flow(calls)
        executor = ThreadedExecutor(3, store_of(path))
        executor.execute(again, only=[*VALUES, "total"], force="total", echo=False)
        assert set(calls) == lost | {"total"}
        assert str(told.value) in (again.get_task(name) or again.tasks[0]).reason
        assert (again.get_task("total") or again.tasks[0]).result is True
        calls.clear()
        SequentialExecutor(store_of(path)).execute(flow(calls), force="total", echo=False)
        assert calls == ["total"]

    def test_a_large_result_that_nobody_needs_is_missed_all_the_same(self, path: Path) -> None:
        def workflow(calls: list[str]) -> Workflow:
            made = Workflow("wf")
            for name in ("a", "b"):
                made.add_task(Task(name, lambda name=name: calls.append(name) or name * 2_000_000, version="1"))
            return made

        SequentialExecutor(store_of(path)).execute(workflow([]), echo=False)
        file_of(path, "a").unlink()
        calls: list[str] = []
        again = workflow(calls)
        SequentialExecutor(store_of(path)).execute(again, echo=False)
        assert calls == ["a"]
        assert again.tasks[0].reason == "the file of its stored result is gone"
        assert again.tasks[0].result == "a" * 2_000_000

    def test_whoever_only_looks_is_told_that_a_file_is_gone(self, path: Path, folder: Path) -> None:
        run(path, gone="x" * LARGE, there="y" * LARGE, small=1)
        assert {record.not_kept for record in view(path).records().values()} == {None}
        file_of(path, "gone").unlink()
        assert {name: record.not_kept for name, record in view(path).records().items()} == {
            "gone": "its file is gone",
            "there": None,
            "small": None,
        }
        file_of(path, "there").unlink()
        folder.rmdir()
        assert view(path).records()["there"].not_kept == "its file is gone"

    def test_a_task_asked_for_its_result_after_the_file_went_says_so(self, path: Path) -> None:
        workflow = Workflow("wf")
        workflow.add_task(Task("a", lambda: "a" * 2_000_000))
        SequentialExecutor(store_of(path)).execute(workflow, echo=False)
        file_of(path, "a").unlink()
        with pytest.raises(StateError, match="stored result of a is gone"):
            _ = workflow.tasks[0].result

    def test_a_pickle_that_this_user_did_not_sign_is_not_opened_though_all_else_fits(self, path: Path) -> None:
        from flowweaver.stores.codec import _digest

        run(path, a=VALUES["pickle"])
        bomb = path.parent / "bomb"
        payload = pickle.dumps([_Bomb(bomb), "x" * LARGE], protocol=5)
        file_of(path, "a").write_bytes(b"s" * 32 + payload)
        query(path, "UPDATE tasks SET size = ?, digest = ?", len(payload), _digest("pickle", payload))
        with pytest.raises(ResultUnavailable, match="not written by you"):
            view(path).load_result("a")
        assert not bomb.exists()

    def test_a_pickle_of_this_user_in_the_place_of_another_is_not_taken_for_it(self, path: Path) -> None:
        one, other = [odd_values.Equal(a="1" * LARGE)], [odd_values.Equal(a="2" * LARGE)]
        run(path, one=one, other=other)
        file_of(path, "other").rename(file_of(path, "one"))
        with pytest.raises(ResultUnavailable, match="was changed"):
            view(path).load_result("one")

    @pytest.mark.parametrize(
        ("column", "value"),
        [("digest", None), ("digest", "x"), ("digest", 7), ("size", -1), ("size", 2**62), ("size", "x")]
        + [("encoding", one) for one in ("pickle", "json", "text", "tagged", "eval", "", 7)],
    )
    def test_a_row_that_does_not_fit_its_file_gives_nothing(self, column: str, value: object, path: Path) -> None:
        run(path, a=b"x" * LARGE)
        query(path, f"UPDATE tasks SET {column} = ?", value)
        with pytest.raises(ResultUnavailable):
            view(path).load_result("a")

    def test_a_pipe_that_another_holds_open_is_not_waited_for(self, path: Path) -> None:
        run(path, a=b"x" * LARGE)
        query(path, "UPDATE tasks SET size = 0")
        file = file_of(path, "a")
        file.unlink()
        os.mkfifo(file)
        holding = os.open(file, os.O_RDWR)
        try:
            with pytest.raises(ResultUnavailable, match="was changed"):
                view(path).load_result("a")
        finally:
            os.close(holding)

    @pytest.mark.parametrize("number", [-1, 0, 2**63 - 1, -(2**63)])
    def test_a_number_of_no_file_of_ours_gives_nothing_and_removes_nothing(
        self, number: int, path: Path, folder: Path
    ) -> None:
        run(path, a=b"x" * LARGE, b=b"y" * LARGE)
        good = file_of(path, "b")
        query(path, "UPDATE blobs SET data = ? WHERE id = 1", number)
        with pytest.raises(ResultUnavailable, match="is gone"):
            view(path).load_result("a")
        run(path, a=1)
        assert view(path).load_result("b") == b"y" * LARGE
        assert list(folder.iterdir()) == [good]

    def test_two_results_in_one_file_are_damage(self, path: Path) -> None:
        run(path, a=b"x" * LARGE, b=b"x" * LARGE)
        query(path, "UPDATE blobs SET data = (SELECT max(data) FROM blobs)")
        before = contents(path.parent)
        with pytest.raises(StateError, match="two results in one place"):
            run(path, a=1)
        assert contents(path.parent) == before

    def test_where_no_further_file_can_be_opened_the_result_is_not_given_up(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(path, a=b"x" * LARGE)
        real = os.open

        def none_left(name: Any, *args: Any, **more: Any) -> int:
            if ".results" in str(name):
                raise OSError(errno.EMFILE, "Too many open files")
            return real(name, *args, **more)

        with monkeypatch.context() as broken:
            broken.setattr(os, "open", none_left)
            with pytest.raises(StateError, match=r"etl\.db\.results cannot be read: Too many open files"):
                view(path).load_result("a")
        assert view(path).load_result("a") == b"x" * LARGE


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def _can_be_had(path: Path, name: str) -> bool:
    try:
        view(path).load_result(name)
    except ResultUnavailable:
        return False
    return True


class TestBeside:
    def test_a_reader_that_finds_the_file_gone_reads_the_row_again(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(path, a=b"x" * LARGE)
        replaced: list[int] = []
        real = sqlite_rows.open_result

        def late(found: Any, files: ResultFiles) -> Any:
            if len(replaced) < 3:
                replaced.append(len(replaced))
                run(path, a=b"%d" % len(replaced) * LARGE)
            return real(found, files)

        monkeypatch.setattr(sqlite_rows, "open_result", late)
        assert view(path).load_result("a") == b"3" * LARGE
        replaced.clear()
        monkeypatch.setattr("flowweaver.stores.sqlite_states.open_result", late)
        state = store_of(path, read_only=True).load_task_state("a")
        assert state is not None
        assert state["result"] == b"3" * LARGE
        assert replaced == [0, 1, 2]

    def test_readers_find_some_result_at_every_moment_while_it_is_replaced(self, path: Path) -> None:
        run(path, a=b"0" * LARGE)
        journal = begun(store_of(path), "wf", ["a"])
        reader, found = view(path), set()
        for number in range(1, 6):
            value = journal.encode(b"%d" % number * LARGE)
            journal.commit([TaskRecord("a", COMPLETED, 2.0, attempt=1, duration=1.0, value=value)])
            found.add(reader.load_result("a")[:1])
        journal.close()
        assert found == {b"1", b"2", b"3", b"4", b"5"}

    def test_two_workflows_in_one_state_write_at_once(self, path: Path) -> None:
        for round_ in range(2):
            names = [f"t{number}" for number in range(3)]
            one, two = begun(store_of(path), "one", names), begun(store_of(path), "two", names)
            for name in names:
                do(one, name, b"1 %d" % round_ * LARGE)
                do(two, name, b"2 %d" % round_ * LARGE)
            one.close()
            two.close()
        assert view(path, "one").load_result("t1") == b"1 1" * LARGE
        assert view(path, "two").load_result("t2") == b"2 1" * LARGE
        assert result_files.check(path) == 6

    def test_a_folder_that_goes_while_a_file_is_made_in_it_is_made_again(
        self, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, removed = os.open, []

        def gone(name: Any, *args: Any, **more: Any) -> int:
            if ".results" in str(name) and len(removed) < 3:
                removed.append(name)
                ResultFiles(str(path), forced=False).remove([])
            return real(name, *args, **more)

        monkeypatch.setattr(os, "open", gone)
        run(path, a=b"x" * LARGE)
        assert len(removed) == 3
        assert result_files.check(path) == 1

    def test_what_a_killed_process_left_is_read_though_its_state_is_looked_at_elsewhere(self, path: Path) -> None:
        killed(path, after=3)
        Path(f"{path}-shm").unlink()
        before = contents(path.parent)
        for number in range(3):
            assert view(path).load_result(f"t{number}") == b"%d" % number * LARGE
        assert contents(path.parent) == before

    def test_what_a_killed_process_left_is_complete_and_its_orphans_go(self, path: Path) -> None:
        killed(path, after=3)
        (result_files.folder_of(path) / "0123456789abcdef").write_bytes(b"a file without its row")
        run(path, "other", a=1)
        assert result_files.check(path) >= 3


KILLED = """
import sys
from flowweaver import SQLiteStateStore
from flowweaver.records import TaskRecord
from flowweaver.status import TaskStatus
journal = SQLiteStateStore(sys.argv[1]).open_journal("wf")
journal.load_records([])
journal.begin(started_at=1.0, params={}, redo=(), restored=())
for number in range(1_000):
    value = journal.encode(b"%d" % number * int(sys.argv[2]))
    journal.commit([TaskRecord(f"t{number}", TaskStatus.COMPLETED, 1.0, value=value)])
    print(number, flush=True)
"""


def killed(path: Path, after: int) -> None:
    """Let a process commit large results, and kill it after so many."""
    command = [sys.executable, "-c", KILLED, str(path), str(LARGE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(after):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)


class TestNoFile:
    @pytest.fixture(params=["nothing", "some", "all"])
    def _full(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """No room for results: nothing is written of one, some of it, or all of it, and closing it fails."""
        real_write, real_close = os.write, os.close
        written: list[int] = []

        def write(descriptor: int, data: Any) -> int:
            if len(data) < 1_000:
                return real_write(descriptor, data)  # the text of a lock
            if request.param == "nothing" or (request.param == "some" and written):
                raise OSError(errno.ENOSPC, "No space left on device")
            written.append(real_write(descriptor, data[:50_000] if request.param == "some" else data))
            return written[-1]

        def close(descriptor: int) -> None:
            real_close(descriptor)
            if request.param == "all" and written:
                written.clear()
                raise OSError(errno.EDQUOT, "Disk quota exceeded")

        monkeypatch.setattr(os, "write", write)
        monkeypatch.setattr(os, "close", close)
        yield
        monkeypatch.undo()

    @pytest.mark.usefixtures("_full")
    def test_where_no_file_can_be_written_the_row_keeps_it_and_nothing_is_left(self, path: Path, folder: Path) -> None:
        journal = begun(store_of(path), "wf", ["a"])
        do(journal, "a", b"x" * LARGE)
        assert not folder.exists()
        journal.close()
        assert query(path, "SELECT typeof(data) FROM blobs") == [("blob",)]
        assert view(path).load_result("a") == b"x" * LARGE

    def test_something_else_in_the_place_of_the_folder_is_left_alone(self, path: Path, folder: Path) -> None:
        folder.write_text("mine")
        run(path, **VALUES)
        assert folder.read_text() == "mine"
        assert {name: view(path).load_result(name) for name in VALUES} == VALUES
        assert result_files.named(path) == set()

    def test_without_enough_memory_to_write_it_the_run_goes_on(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_files: ResultFiles, _data: bytes) -> int:
            raise MemoryError

        monkeypatch.setattr(ResultFiles, "_write", fail)
        run(path, a=b"x" * LARGE)
        assert view(path).load_result("a") == b"x" * LARGE

    def test_a_full_disk_is_told_as_ever(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_room(_files: ResultFiles, _data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        calls: list[str] = []
        monkeypatch.setattr(ResultFiles, "_write", no_room)
        with monkeypatch.context() as broken:
            broken.setattr(sqlite_writer.Writer, "apply", _fail_with_a_value(sqlite_writer.Writer.apply))
            with pytest.raises(StateError, match=r"etl\.db cannot be written: the disk is full"):
                SequentialExecutor(store_of(path)).execute(flow(calls), echo=False)
        assert calls == ["text"], "nothing further starts"
        monkeypatch.undo()
        monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(path.parent.parent / "keys" / "key"))
        SequentialExecutor(store_of(path)).execute(flow(calls), echo=False)
        assert result_files.check(path) == len(VALUES)

    def test_an_earlier_file_has_no_results_beside_it_until_it_is_one_of_ours(self, path: Path, folder: Path) -> None:
        with closing(sqlite3.connect(path)) as earlier:
            earlier.execute(
                "CREATE TABLE tasks (task_name TEXT PRIMARY KEY, status TEXT, result TEXT, error TEXT, timestamp DATETIME)"
            )
            row = ("a", "COMPLETED", f'"{"x" * LARGE}"', None, "2024-01-01")
            earlier.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?)", row)
            earlier.commit()
        assert view(path).load_result("a") == "x" * LARGE
        run(path, b=b"y" * LARGE)
        assert (view(path).load_result("a"), view(path).load_result("b")) == ("x" * LARGE, b"y" * LARGE)
        assert result_files.check(path) == 1
        assert folder.exists()

    def test_the_file_of_a_state_is_no_longer_read_whole_to_be_checked(self, path: Path) -> None:
        run(path, **{f"t{number}": os.urandom(1_000_000) for number in range(5)})
        assert path.stat().st_size < 200_000 < sqlite_file._CHECKED_WHOLE


def _fail_with_a_value(real: Callable[..., None]) -> Callable[..., None]:
    """As on a full disk: what is small still fits."""

    def apply(writer: sqlite_writer.Writer, steps: Any) -> None:
        if any(isinstance(value, bytes) and len(value) >= LARGE for _, rows in steps for row in rows for value in row):
            _fail_at_commit(writer, steps)
        real(writer, steps)

    return apply
