"""State under attack: what cannot be used is left as it was, what was committed is there whatever kills the process."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowweaver.errors import StateError, StateLockedError
from flowweaver.records import AttemptRecord, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores import lock, schema, sqlite_db, sqlite_file, sqlite_writer
from flowweaver.stores.base import BaseStateStore
from flowweaver.stores.json_file import JSONStateStore
from flowweaver.stores.sqlite import SQLiteStateStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes, modes and limits")

RUNNING, COMPLETED, PENDING = TaskStatus.RUNNING, TaskStatus.COMPLETED, TaskStatus.PENDING


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "keys" / "key"))
    monkeypatch.setattr(lock, "PATIENCE", 0.02)


def run(store: BaseStateStore, workflow: str, **results: Any) -> None:
    journal = store.open_journal(workflow)
    try:
        journal.load_records(list(results))
        journal.begin(started_at=1.0, params={}, redo=(), restored=())
        for name, value in results.items():
            journal.commit([TaskRecord(name, RUNNING, 1.0, attempt=1, started_at=1.0)])
            done = TaskRecord(name, COMPLETED, 2.0, attempt=1, duration=1.0, value=journal.encode(value))
            journal.commit([done], [AttemptRecord(name, 1, 1.0, 2.0, "completed")])
        journal.finish(finished_at=3.0, outcome="completed", failed_task=None, counts={})
    finally:
        journal.close()


def sqlite(path: Path) -> SQLiteStateStore:
    return SQLiteStateStore(path, enable_gc=False)


def contents(folder: Path) -> dict[str, Any]:
    return {
        str(name): (name.lstat().st_mode, name.read_bytes() if name.is_file() else None) for name in folder.rglob("*")
    }


def good_file(path: Path) -> bytes:
    run(sqlite(path), "wf", **{f"task_{number}": "x" * 300 for number in range(200)})
    for name in path.parent.glob("*.lock"):
        name.unlink()
    return path.read_bytes()


def overwritten(data: bytes, seed: int) -> bytes:
    """A page in the middle is garbage."""
    chance = random.Random(seed)
    page = 2048 * chance.randrange(1, len(data) // 2048)
    return data[:page] + chance.randbytes(2048) + data[page + 2048 :]


def foreign(*statements: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return make


def changed(*statements: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        good_file(path)
        foreign("PRAGMA journal_mode = DELETE", *statements)(path)

    return make


def written(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(change(good_file(path)))

    return make


UNUSABLE_SQLITE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "one byte": (lambda path: path.write_bytes(b"x"), "not a SQLite database"),
    "text": (lambda path: path.write_text("hello " * 1000), "not a SQLite database"),
    "random bytes": (lambda path: path.write_bytes(random.Random(1).randbytes(10_000)), "not a SQLite database"),
    "a good header with garbage": (
        lambda path: path.write_bytes(b"SQLite format 3\0" + random.Random(2).randbytes(10_000)),
        "not a SQLite|damaged",
    ),
    "truncated to half": (written(lambda data: data[: len(data) // 2]), "damaged"),
    "truncated to whole pages": (written(lambda data: data[: len(data) // 4096 * 2048]), "damaged"),
    "one byte missing": (written(lambda data: data[:-1]), "damaged"),
    "a header and no more": (written(lambda data: data[:100]), "not a SQLite|damaged"),
    "a page of garbage": (written(lambda data: overwritten(data, 1)), "damaged"),
    "the first table page": (written(lambda data: data[:2048] + b"\xff" * 2048 + data[4096:]), "damaged"),
    "another program's tasks": (foreign("CREATE TABLE tasks (id INTEGER, title TEXT, status TEXT)"), "another program"),
    "another program": (foreign("CREATE TABLE moz_places (id INTEGER)", "PRAGMA user_version = 77"), "another program"),
    "another application": (foreign("PRAGMA application_id = 1", "CREATE TABLE t (a)"), "another program"),
    "a task_states of others": (foreign("CREATE TABLE task_states (task_name TEXT, color TEXT)"), "another program"),
    "a name of ours in an earlier file": (
        foreign(
            "CREATE TABLE tasks (task_name TEXT PRIMARY KEY, status TEXT, result TEXT, error TEXT, timestamp DATETIME)",
            "CREATE TABLE runs (mine TEXT)",
        ),
        "another program",
    ),
    "a newer version": (changed("PRAGMA user_version = 99"), "newer version"),
    "one place for two results": (changed("UPDATE tasks SET blob = 7"), "two results in one place"),
    "a table is gone": (changed("DROP TABLE attempts"), "no table attempts"),
    "a column is gone": (changed("ALTER TABLE tasks DROP COLUMN digest"), "no column digest"),
    "text that is none": (changed("UPDATE tasks SET error = CAST(x'ff' AS TEXT)"), "etl.state is damaged"),
    "names that are no text": (
        changed(
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET name = CAST(x'ff' AS TEXT), tbl_name = CAST(x'ff' AS TEXT) WHERE name = 'blobs'",
        ),
        "damaged",
    ),
    "a trigger": (changed("CREATE TRIGGER mine AFTER UPDATE ON tasks BEGIN DELETE FROM tasks; END"), "has a trigger"),
    "a view in place of a table": (
        changed("ALTER TABLE blobs RENAME TO mine", "CREATE VIEW blobs AS SELECT * FROM mine"),
        "no table blobs",
    ),
    "a column of the history is gone": (changed("ALTER TABLE runs DROP COLUMN params"), "runs has no column params"),
    "write-protected": (lambda path: (good_file(path), path.chmod(0o444)), "write-protected"),
    "a second name": (lambda path: (good_file(path), path.with_name("b").hardlink_to(path)), "etl.state .* hard link"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "a pipe": (lambda path: os.mkfifo(path), "not a file"),
    "a link to itself": (lambda path: path.symlink_to(path), "cannot be opened"),
    "below a file": (lambda path: (path.parent.rmdir(), path.parent.write_text("x")), "cannot be made"),
}

UNUSABLE_JSON: dict[str, tuple[Callable[[Path], Any], str]] = {
    "not JSON": (lambda path: path.write_text("{oops"), "not JSON"),
    "random bytes": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "not JSON"),
    "a list": (lambda path: path.write_text("[1, 2]"), "not a state"),
    "a number": (lambda path: path.write_text("7"), "not a state"),
    "blank": (lambda path: path.write_text("\n"), "not JSON"),
    "another program's": (lambda path: path.write_text('{"name": "x", "version": 1}'), "'name' is not the record"),
    "no status": (lambda path: path.write_text('{"a": {"result": 1}}'), "'a' is not the record"),
    "an odd status": (lambda path: path.write_text('{"a": {"status": "ON FIRE"}}'), "'a' is not the record"),
    "a status that is none": (lambda path: path.write_text('{"a": {"status": 7}}'), "'a' is not the record"),
    "a field of another type": (
        lambda path: path.write_text('{"a": {"status": "COMPLETED", "attempt": "x"}}'), "'a' is not the record",
    ),
    "an odd provenance": (
        lambda path: path.write_text('{"a": {"status": "COMPLETED", "code": 7}}'), "'a' is not the record",
    ),
    "deep": (lambda path: path.write_text("[" * 100_000), "not JSON"),
    "write-protected": (lambda path: (path.write_text("{}"), path.chmod(0o444)), "write-protected"),
    "a second name": (lambda path: (path.write_text("{}"), path.with_name("b").hardlink_to(path)), "hard link"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "a pipe": (lambda path: os.mkfifo(path), "not a file"),
    "below a file": (lambda path: (path.parent.rmdir(), path.parent.write_text("x")), "cannot be"),
}  # fmt: skip

CASES = [pytest.param(SQLiteStateStore, *case, id=f"sqlite: {name}") for name, case in UNUSABLE_SQLITE.items()] + [
    pytest.param(JSONStateStore, *case, id=f"json: {name}") for name, case in UNUSABLE_JSON.items()
]


class TestUnusable:
    @pytest.mark.parametrize(("kind", "make", "text"), CASES)
    def test_it_is_one_error_of_one_line_and_not_one_byte_is_changed(
        self, kind: type[Any], make: Callable[[Path], Any], text: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "states" / "etl.state"
        path.parent.mkdir()
        make(path)
        before = contents(tmp_path)
        for use in (
            lambda: run(kind(path), "wf", task_1=1),
            lambda: kind(path).save_task_state("task_1", COMPLETED, 1),
        ):
            with pytest.raises(StateError, match=text) as refused:
                use()
            assert "\n" not in str(refused.value)
            assert "etl.state" in str(refused.value)
            assert refused.value.path is not None
        assert contents(tmp_path) == before

    @pytest.mark.parametrize("kind", [SQLiteStateStore, JSONStateStore])
    def test_a_name_of_several_lines_is_told_in_one(self, kind: type[Any], tmp_path: Path) -> None:
        path = tmp_path / "several\nlines\x1b[2J"
        path.mkdir()
        with pytest.raises(StateError) as refused:
            kind(path)
        assert str(refused.value).isprintable()

    @pytest.mark.parametrize("seed", range(12))
    def test_any_overwritten_page_is_found_or_does_no_harm(self, seed: int, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        data = overwritten(good_file(path), seed)
        path.write_bytes(data)
        before = contents(tmp_path)
        with pytest.raises(StateError, match="damaged|cannot be used"):
            run(sqlite(path), "wf", task_1=1)
        assert contents(tmp_path) == before

    @pytest.mark.parametrize("kind", [SQLiteStateStore, JSONStateStore])
    def test_a_file_of_zero_bytes_counts_as_new(self, kind: type[Any], tmp_path: Path) -> None:
        path = tmp_path / "etl.state"
        path.touch(mode=0o644)
        run(kind(path), "wf", a=1)
        assert kind(path).for_workflow("wf").load_task_state("a")["result"] == 1
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_an_empty_sqlite_file_counts_as_new(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        foreign("CREATE TABLE t (a)", "DROP TABLE t")(path)
        assert path.stat().st_size
        run(sqlite(path), "wf", a=1)
        assert sqlite(path).for_workflow("wf").load_result("a") == 1

    def test_damage_after_the_check_is_told_when_it_is_met(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        good_file(path)
        store = SQLiteStateStore(path, read_only=True)
        path.write_bytes(b"x" * 10_000)
        with pytest.raises(StateError, match="not a SQLite database"):
            store.for_workflow("wf").records()

    def test_damage_after_the_check_is_told_before_a_run_leaves_anything_beside_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        run(sqlite(path), "other", a=1)
        good_file(path)
        store = sqlite(path)
        changed_at = path.stat().st_mtime_ns + 1_000_000_000
        foreign("UPDATE tasks SET digest = CAST(x'ff' AS TEXT) WHERE workflow = 'other'")(path)
        os.utime(path, ns=(changed_at, changed_at))
        before = contents(tmp_path)
        with pytest.raises(StateError, match="damaged"):
            store.open_journal("wf")
        assert contents(tmp_path) == before

    def test_a_file_that_has_not_changed_since_it_was_opened_is_not_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, reads = tmp_path / "etl.db", []
        good_file(path)
        real = sqlite_file.read_rows

        def counted(cursor: sqlite3.Cursor) -> None:
            reads.append(cursor)
            real(cursor)

        monkeypatch.setattr(sqlite_file, "read_rows", counted)
        store = sqlite(path)
        for expected in (1, 2):  # the first run writes
            store.open_journal("wf").close()
            assert len(reads) == expected
            run(store, "wf", task_1="y")

    def test_a_damaged_log_of_a_dead_process_is_found_by_the_full_check(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        good_file(path)
        kill_while_it_writes(path, commits=40)
        log = Path(f"{path}-wal")
        data = bytearray(path.read_bytes())
        data[2048 * 5 : 2048 * 9] = os.urandom(2048 * 4)
        path.write_bytes(data)
        before = path.read_bytes(), log.read_bytes()
        with pytest.raises(StateError, match="damaged|cannot be used"):
            run(sqlite(path), "wf", a=1)
        assert (path.read_bytes(), log.read_bytes()) == before

    @pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
    def test_a_folder_in_the_place_of_sqlites_own_files_is_told(self, suffix: str, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        good_file(path)
        Path(f"{path}{suffix}").mkdir()
        before = contents(tmp_path)
        for use in (lambda: run(sqlite(path), "wf", a=1), lambda: SQLiteStateStore(path, read_only=True)):
            with pytest.raises(StateError, match=f"etl.db{suffix} beside it is not a file"):
                use()
        assert contents(tmp_path) == before


WRITER = """
import sys, time
sys.path[:0] = [sys.argv[2]]
from flowweaver.records import AttemptRecord, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.{module} import {store}
journal = {store}(sys.argv[1]).open_journal("wf")
journal.load_records([])
now = time.time()
journal.begin(started_at=now, params={{}}, redo=(), restored=())
value = lambda number: journal.encode({{"number": number, "pad": "x" * (number % 7 * 700)}})
record = lambda number, status, **more: TaskRecord(f"task_{{number}}", status, now, attempt=1, **more)
journal.commit([record(0, TaskStatus.RUNNING)])
number = 0
while True:
    attempt = AttemptRecord(f"task_{{number}}", 1, now, now, "completed")
    done = record(number, TaskStatus.COMPLETED, value=value(number), duration=1.0)
    journal.commit([done, record(number + 1, TaskStatus.RUNNING)], [attempt])
    print(number, flush=True)
    number += 1
"""


@contextmanager
def writer(path: Path, module: str = "sqlite", store: str = "SQLiteStateStore") -> Iterator[subprocess.Popen[str]]:
    """A process that commits one task after the other and says so after each."""
    root = str(Path(sqlite_db.__file__).parents[2])
    code = WRITER.format(module=module, store=store)
    child = subprocess.Popen([sys.executable, "-c", code, str(path), root], stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def kill_while_it_writes(path: Path, commits: int, **which: str) -> int:
    """Let a process make so many commits at least, kill it, and return the last that it told of."""
    with writer(path, **which) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(commits)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    return int([line for line in said if line.endswith("\n")][-1])


class TestKilled:
    @pytest.mark.parametrize("commits", [1, 2, 3, 50, 51, 400])
    def test_every_commit_that_was_told_of_is_there_and_only_the_next_task_was_in_flight(
        self, commits: int, tmp_path: Path
    ) -> None:
        path = tmp_path / "etl.db"
        last = kill_while_it_writes(path, commits)
        looking = SQLiteStateStore(path, read_only=True).for_workflow("wf")
        self.check(looking.records(), last)
        assert looking.runs()[0].outcome == "interrupted"
        store = sqlite(path)
        journal = store.open_journal("wf")
        found = journal.load_records([f"task_{number}" for number in range(last + 3)])
        self.check(found, last)
        assert journal.load_result(f"task_{last}")["number"] == last
        journal.close()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def check(self, found: dict[str, TaskRecord], last: int) -> None:
        done = [name for name, record in found.items() if record.status is COMPLETED]
        begun = [name for name, record in found.items() if record.status is not COMPLETED]
        assert len(done) >= last + 1
        assert set(done) == {f"task_{number}" for number in range(len(done))}
        assert begun == [f"task_{len(done)}"]
        assert found[begun[0]].interrupted

    @pytest.mark.parametrize("earlier", [True, False], ids=["in a migration", "where no log can be kept"])
    def test_a_journal_that_a_dead_process_left_is_rolled_back(self, earlier: bool, tmp_path: Path) -> None:
        """Its change did not fit into memory, so that the file itself has half of it, and the journal the rest."""
        path = tmp_path / "etl.db"
        if earlier:
            foreign(
                "CREATE TABLE tasks (task_name TEXT PRIMARY KEY, status TEXT, result TEXT, error TEXT, timestamp DATETIME)",
                "INSERT INTO tasks VALUES ('a', 'COMPLETED', '1', NULL, '2024-01-01')",
            )(path)
        else:
            run(sqlite(path), "wf", a=1)
            foreign("PRAGMA journal_mode = DELETE")(path)
        good = path.read_bytes()
        code = (
            "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN');"
            "[c.execute('UPDATE tasks SET error = hex(randomblob(?))', (size,)) for size in (20_000, 30_000)];"
            "os.kill(os.getpid(), 9)"
        )
        subprocess.run([sys.executable, "-c", code, str(path)], check=False)
        assert path.read_bytes() != good
        before = contents(tmp_path)
        looking = SQLiteStateStore(path, read_only=True).for_workflow("wf")
        assert looking.load_task_state("a")["error"] is None  # type: ignore[index]
        assert contents(tmp_path) == before
        run(sqlite(path), "wf", b=2)
        assert [sqlite(path).for_workflow("wf").load_result(name) for name in "ab"] == [1, 2]
        assert {name.suffix for name in tmp_path.iterdir()} == {".db", ".lock"}

    @pytest.mark.parametrize("commits", [1, 7])
    def test_a_json_file_is_whole_and_its_leftovers_go(self, commits: int, tmp_path: Path) -> None:
        path = tmp_path / "etl.json"
        last = kill_while_it_writes(path, commits, module="json_file", store="JSONStateStore")
        assert json.loads(path.read_text())[f"task_{last}"]["status"] == "COMPLETED"
        (tmp_path / f".{path.name}.new-abc").touch()
        journal = JSONStateStore(path).open_journal("wf")
        assert journal.load_records([f"task_{last}"])[f"task_{last}"].status is COMPLETED
        journal.close()
        assert sorted(name.name for name in tmp_path.iterdir()) == ["etl.json", "etl.json.lock"]

    @pytest.mark.slow
    def test_many_kills_lose_nothing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path, last = tmp_path / "etl.db", 0
        for number in range(40):
            last = kill_while_it_writes(path, 1 + number * 7 % 40)
            found = SQLiteStateStore(path, read_only=True).for_workflow("wf").records()
            assert all(found[f"task_{done}"].status is COMPLETED for done in range(last + 1))
        with capsys.disabled():
            print(f"\na writer of one state: 40 kills, {last + 1} commits in the last round")


class TestOthers:
    def test_another_programs_write_lock_is_waited_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """SQLite's own waiting is switched off, so that every wait is the retry's."""
        monkeypatch.setattr(sqlite_writer, "_BUSY_TIMEOUT", 0.0)
        path = tmp_path / "etl.db"
        run(sqlite(path), "wf", a=1)
        store = sqlite(path)
        store.save_task_state("b", COMPLETED, 1)
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            waited = threading.Event()
            monkeypatch.setattr(
                sqlite_file.time, "sleep", lambda _seconds: (waited.set(), threading.Event().wait(0.001))
            )
            saving = threading.Thread(target=store.save_task_state, args=("b", COMPLETED, 2))
            saving.start()
            assert waited.wait(10)
            assert sqlite_db.Database(str(path)).read(lambda cursor: cursor.execute("SELECT 1").fetchone()) == (1,)
            other.execute("ROLLBACK")
            saving.join()
        state = store.load_task_state("b")
        assert state is not None
        assert state["result"] == 2

    def test_a_lock_that_never_ends_is_told_in_our_words(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_writer, "_BUSY_TIMEOUT", 0.0)
        monkeypatch.setattr(sqlite_file, "PATIENCE", 0.0)
        path = tmp_path / "etl.db"
        run(sqlite(path), "wf", a=1)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError, match="held by another program") as refused:
                sqlite(path).save_task_state("b", COMPLETED, 2)
        assert "database is locked" not in str(refused.value)

    def test_a_run_in_another_process_holds_its_workflow_and_only_that(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        with writer(path) as child:
            assert child.stdout is not None
            child.stdout.readline()
            with pytest.raises(StateLockedError, match=f"in use by process {child.pid} on "):
                sqlite(path).open_journal("wf")
            run(sqlite(path), "other", a=1)
            looking = SQLiteStateStore(path, read_only=True).for_workflow("wf")
            holder = looking.holder()
            assert holder is not None
            assert holder.startswith(f"process {child.pid} on ")
            assert looking.runs()[0].outcome is None
            assert [record.status for record in looking.records().values()].count(RUNNING) == 1
            child.kill()
            child.wait()
            assert looking.holder() is None
            sqlite(path).open_journal("wf").close()

    def test_readers_never_fail_beside_a_writer(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        with writer(path) as child:
            assert child.stdout is not None
            child.stdout.readline()
            seen = 0
            for _ in range(12):
                found = SQLiteStateStore(path, read_only=True).for_workflow("wf").records()
                done = sum(record.status is COMPLETED for record in found.values())
                assert done >= seen
                seen = done
        assert seen > 0

    def test_readers_never_fail_while_runs_come_and_go(self, tmp_path: Path) -> None:
        """The log appears and vanishes with each run, which is when a reader must not trip."""
        path = tmp_path / "etl.db"
        run(sqlite(path), "wf", a=0)
        stop = threading.Event()
        problems: list[BaseException] = []
        reads = [0]

        def read() -> None:
            while not stop.is_set():
                try:
                    found = SQLiteStateStore(path, read_only=True).for_workflow("wf").load_task_state("a")
                    assert found is not None
                    reads[0] += 1
                except BaseException as problem:
                    problems.append(problem)
                    return

        thread = threading.Thread(target=read)
        thread.start()
        for number in range(40):
            run(sqlite(path), "wf", a=number)
        stop.set()
        thread.join()
        assert problems == []
        assert reads[0] > 0

    def test_a_log_that_vanishes_while_a_reader_opens_leaves_no_trace(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "etl.db"
        good_file(path)
        before = contents(tmp_path), path.stat().st_mtime_ns
        real = sqlite_file.StateFile._stamp

        def a_moment_ago(database: sqlite_file.StateFile) -> Any:
            stamp = real(database)
            assert stamp is not None
            return stamp._replace(log=4096, has_index=True)

        monkeypatch.setattr(sqlite_file.StateFile, "_stamp", a_moment_ago)
        assert len(SQLiteStateStore(path, read_only=True).for_workflow("wf").records()) == 200
        assert (contents(tmp_path), path.stat().st_mtime_ns) == before

    def test_a_writer_that_comes_while_a_reader_reads_makes_it_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "etl.db"
        run(sqlite(path), "wf", a=1)
        view = SQLiteStateStore(path, read_only=True).for_workflow("wf")
        real, reads = sqlite_file.StateFile._look, []

        def slow(database: sqlite_file.StateFile, *args: Any) -> Any:
            found = real(database, *args)
            reads.append(found)
            if len(reads) == 1:
                monkeypatch.setattr(sqlite_file.StateFile, "_look", real)
                run(sqlite(path), "wf", a=2)
                monkeypatch.setattr(sqlite_file.StateFile, "_look", slow)
            return found

        monkeypatch.setattr(sqlite_file.StateFile, "_look", slow)
        assert view.load_result("a") == 2
        assert len(reads) == 2

    def test_a_run_that_ends_while_a_reader_reads_leaves_no_log_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "etl.db"
        run(sqlite(path), "wf", a=1)
        journal = sqlite(path).open_journal("wf")
        journal.load_records(["a"])
        journal.begin(started_at=1.0, params={}, redo=(), restored=())
        real = sqlite_file.read_rows

        def last(cursor: sqlite3.Cursor) -> None:
            real(cursor)
            journal.close()
            assert Path(f"{path}-wal").stat().st_size

        sqlite_db.Database(str(path)).file.read(last)
        assert sorted(name.suffix for name in tmp_path.iterdir()) == [".db", ".lock", ".lock"]

    def test_a_log_that_stayed_because_two_closed_the_file_at_one_moment_is_taken_away(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "etl.db"
        run(sqlite(path), "wf", a=1)
        other = sqlite3.connect(path)
        tidy = sqlite_db.Database.tidy

        def after_the_other(database: sqlite_db.Database) -> None:
            assert Path(f"{path}-wal").exists()
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:  # closing it takes no log away
                reader.execute("SELECT count(*) FROM tasks").fetchone()
                other.close()
            assert Path(f"{path}-wal").exists()
            tidy(database)

        monkeypatch.setattr(sqlite_db.Database, "tidy", after_the_other)
        journal = sqlite(path).open_journal("wf")
        journal.load_records(["a"])
        journal.begin(started_at=1.0, params={}, redo=(), restored=())
        other.execute("SELECT count(*) FROM tasks").fetchone()
        journal.close()
        assert sorted(name.suffix for name in tmp_path.iterdir()) == [".db", ".lock", ".lock"]

    def test_a_file_that_another_process_makes_meanwhile_is_not_taken_for_a_foreign_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "etl.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA journal_mode = WAL")
            real = schema._pragma

            def slow(connection: sqlite3.Connection, name: str) -> int:
                found = real(connection, name)
                monkeypatch.setattr(schema, "_pragma", real)
                other.execute("BEGIN")
                schema.create(other)
                other.execute("COMMIT")
                return found

            monkeypatch.setattr(schema, "_pragma", slow)
            assert sqlite(path).list_all_tasks() == []
        run(sqlite(path), "wf", a=1)
        assert sqlite(path).list_all_tasks() == ["a"]

    def test_a_temporary_folder_that_is_full_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "etl.db"
        kill_while_it_writes(path, 20)
        Path(f"{path}-shm").unlink()

        def fail(*_args: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(sqlite_file, "_copy_privately", fail)
        with pytest.raises(StateError, match="etl.db cannot be copied to be looked at: No space left on device"):
            SQLiteStateStore(path, read_only=True)

    def test_a_log_without_its_index_is_read_without_making_one(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        last = kill_while_it_writes(path, 20)
        Path(f"{path}-shm").unlink()
        before = contents(tmp_path)
        found = SQLiteStateStore(path, read_only=True).for_workflow("wf").records()
        assert found[f"task_{last}"].status is COMPLETED
        assert contents(tmp_path) == before


class TestProcess:
    def test_every_file_is_private_at_every_moment(self, tmp_path: Path) -> None:
        """Each file that a run makes is caught when it is made, by its event, and looked at again at the end."""
        folder = tmp_path / "states"
        modes: set[tuple[str, int]] = set()

        def look(event: str, args: tuple[Any, ...]) -> None:
            if event == "os.chmod" and not looking.is_set():
                modes.add((f"made open and closed later: {args[0]}", 0))
            if event in ("open", "os.rename", "sqlite3.connect") and folder.exists() and not looking.is_set():
                looking.set()
                for name in folder.iterdir():
                    modes.add((name.suffix, stat.S_IMODE(name.lstat().st_mode)))
                looking.clear()

        looking = threading.Event()
        old = os.umask(0)
        try:
            sys.addaudithook(look)
            for store in (SQLiteStateStore(folder / "etl.db"), JSONStateStore(folder / "etl.json")):
                journal = store.open_journal("wf")
                journal.load_records(["a"])
                journal.begin(started_at=1.0, params={}, redo=(), restored=())
                for number in range(3):
                    record = TaskRecord("a", COMPLETED, 1.0, value=journal.encode("x" * 50_000 * number))
                    journal.commit([record])
                    modes |= {(name.name, stat.S_IMODE(name.stat().st_mode)) for name in folder.iterdir()}
                journal.close()
        finally:
            looking.set()  # the hook cannot be taken back
            os.umask(old)
        assert {mode for _, mode in modes} == {0o600}
        assert {"etl.db", "etl.db-wal", "etl.db-shm", "etl.json"} <= {name for name, _ in modes}

    def test_a_forked_child_neither_holds_nor_harms_the_run(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        store = sqlite(path)
        journal = store.open_journal("wf")
        journal.load_records(["a"])
        journal.begin(started_at=1.0, params={}, redo=(), restored=())
        journal.commit([TaskRecord("a", COMPLETED, 1.0, value=journal.encode(1))])
        child = os.fork()
        if not child:  # pragma: no cover - the child
            inherited = store._db._writer  # SQLite forbids to use it here
            state = store.for_workflow("wf").load_task_state("a")
            journal.close()
            os._exit(0 if inherited is None and state is not None and state["result"] == 1 else 9)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with pytest.raises(StateLockedError):
            sqlite(path).open_journal("wf")
        journal.commit([TaskRecord("a", COMPLETED, 1.0, value=journal.encode(2))])
        journal.close()
        assert sqlite(path).for_workflow("wf").load_result("a") == 2

    def test_a_full_disk_is_told_and_the_file_stays_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.db"
        run(sqlite(path), "wf", a=1)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        journal = sqlite(path).open_journal("wf")
        journal.load_records(["a", "b"])
        journal.begin(started_at=1.0, params={}, redo=(), restored=())
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
            with pytest.raises(StateError, match="etl.db cannot be .*full"):
                for number in range(100):
                    journal.commit([TaskRecord("b", COMPLETED, 1.0, value=journal.encode("x" * 30_000 + str(number)))])
            with pytest.raises(StateError):
                journal.commit([TaskRecord("b", COMPLETED, 1.0, value=journal.encode("x" * 90_000))])
            journal.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert sqlite(path).for_workflow("wf").load_result("a") == 1
        run(sqlite(path), "wf", b=2)
        assert sqlite(path).for_workflow("wf").load_result("b") == 2

    def test_a_json_file_on_a_full_disk_stays_as_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "etl.json"
        run(JSONStateStore(path), "wf", a=1)
        before, text = resource.getrlimit(resource.RLIMIT_FSIZE), path.read_bytes()
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
            with pytest.raises(StateError, match="etl.json cannot be written"):
                JSONStateStore(path).save_task_state("b", COMPLETED, "x" * 90_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert path.read_bytes() == text
        assert sorted(name.name for name in tmp_path.iterdir()) == ["etl.json", "etl.json.lock"]
        store = JSONStateStore(path)
        assert store.list_all_tasks() == ["a"]

    def test_a_failed_write_is_not_remembered_as_done(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = JSONStateStore(tmp_path / "etl.json")
        store.save_task_state("a", COMPLETED, 1)

        def fail(*_args: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", fail)
            with pytest.raises(StateError, match="No space left"):
                store.save_task_state("b", COMPLETED, 2)
        assert store.list_all_tasks() == ["a"]
        store.save_task_state("c", COMPLETED, 3)
        assert JSONStateStore(tmp_path / "etl.json").list_all_tasks() == ["a", "c"]

    def test_where_no_log_can_be_kept_it_works_without_and_says_so_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "etl.db"
        real = sqlite_writer.connect

        class NoLog(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                return super().execute(sql.replace("journal_mode = WAL", "journal_mode"), *args)

        def connect(name: str, how: str) -> sqlite3.Connection:
            if how != "mode=rw":
                return real(name, how)
            return sqlite3.connect(name, isolation_level=None, check_same_thread=False, factory=NoLog)

        monkeypatch.setattr(sqlite_writer, "connect", connect)
        for number in range(2):
            run(sqlite(path), "wf", a=number)
        assert sqlite(path).for_workflow("wf").load_result("a") == 1
        assert [record.message for record in caplog.records].count(
            f"{path} lies where SQLite can keep no write-ahead log: writing takes longer, and readers wait"
        ) == 1
