"""A process that is killed while it migrates, clears, restores or collects: all of it was done, or nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from flowweaver import SequentialExecutor, SQLiteStateStore, Task, TaskStatus, ThreadedExecutor, Workflow
from tests.engine import result_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

COUNT = 400

# What is done, on which state, and how many of its tasks are recorded before and after it.
DOINGS = {
    "migrates": ("earlier.db", "store.save_task_state('t0', TaskStatus.COMPLETED, 0)", COUNT, COUNT),
    "clears": ("good.db", "store.clear_all_states()", COUNT, 0),
    "forgets": ("good.db", "view.forget([f't{number}' for number in range(0, COUNT, 2)])", COUNT, COUNT // 2),
    "restores": ("forgotten.db", "view.restore()", 0, COUNT),
    "collects": ("good.db", "SQLiteStateStore(path, gc_days=0).delete_task_state('none')", COUNT, 0),
}
CODE = """
import sys
from flowweaver import *
import flowweaver.stores.sqlite_clear, flowweaver.stores.sqlite_db, flowweaver.stores.sqlite_states
path, COUNT = sys.argv[1], int(sys.argv[2])
store = SQLiteStateStore(path, enable_gc=False)
view = store.for_workflow("w")
print("begins", flush=True)
{doing}
print("ends", flush=True)
"""


def value(number: int) -> object:
    return b"\0" * (30_000 if number % 80 else 140_000) if number % 40 == 0 else [number, "v" * 600]


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a state of each kind."""
    folder = tmp_path_factory.mktemp("states")
    workflow = Workflow("w")
    for number in range(COUNT):
        workflow.add_task(Task(f"t{number}", lambda number=number: value(number), version="1"))
    ThreadedExecutor(4, SQLiteStateStore(folder / "good.db")).execute(workflow, echo=False)
    copy_state(folder / "good.db", folder / "forgotten.db")
    SQLiteStateStore(folder / "forgotten.db").for_workflow("w").forget([f"t{number}" for number in range(COUNT)])
    with closing(sqlite3.connect(folder / "earlier.db")) as earlier:
        earlier.execute(
            "CREATE TABLE tasks (task_name TEXT PRIMARY KEY, status TEXT, result TEXT, error TEXT, timestamp DATETIME)"
        )
        rows = [(f"t{number}", "completed", f'"{"v" * 9_000}"', None, "2024-01-01") for number in range(COUNT)]
        earlier.executemany("INSERT INTO tasks VALUES (?, ?, ?, ?, ?)", rows)
        earlier.commit()
    return folder


def copy_state(state: Path, copy: Path) -> None:
    shutil.copy(state, copy)
    results = result_files.folder_of(state)
    shutil.rmtree(result_files.folder_of(copy), ignore_errors=True)
    if results.exists():
        shutil.copytree(results, result_files.folder_of(copy))


def kill_once(states: Path, doing: str, folder: Path, after: float) -> str:
    """Kill a process some seconds after it began; check what is left, and return what came of it."""
    kind, text, before, done = DOINGS[doing]
    path = folder / "state.db"
    copy_state(states / kind, path)
    command = [sys.executable, "-c", CODE.format(doing=text), str(path), str(COUNT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        time.sleep(after)  # the instant of the kill, not something that is waited for
        process.kill()
        told = process.stdout.read() == "ends\n"
    journal = Path(f"{path}-journal").exists()
    looking = SQLiteStateStore(path, read_only=True)
    found = len(looking.list_all_tasks())
    assert found in (before, done)
    assert found == done or not told, "what was told is there"
    store = SQLiteStateStore(path, enable_gc=False)
    store.save_task_state("after", TaskStatus.COMPLETED, 1)
    assert len(store.list_all_tasks()) == found + 1
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    large = result_files.check(path, swept=False)
    gone = kind == "earlier.db" or (doing in ("clears", "collects") and found == done)
    assert large == (0 if gone else COUNT // 80), "those that were forgotten can come back"
    SequentialExecutor(SQLiteStateStore(path, enable_gc=False)).execute(Workflow("another"), echo=False)
    assert result_files.check(path) == large
    assert {name.suffix for name in folder.iterdir()} <= {".db", ".lock", ".results"}
    return "rolled back" if journal else "done" if told else "in between"


@pytest.mark.parametrize("doing", DOINGS)
def test_all_of_it_was_done_or_nothing(doing: str, states: Path, tmp_path: Path) -> None:
    for after in (0.0, 0.02):
        kill_once(states, doing, tmp_path, after)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("doing", DOINGS)
def test_killed_many_times(doing: str, states: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    chance = Random(6)
    for _ in range(int(os.environ.get("FLOWWEAVER_KILLS", "300")) // 3):
        counts[kill_once(states, doing, tmp_path, chance.uniform(0.0, 0.08))] += 1
    with capsys.disabled():
        print(f"\nkilled while it {doing}: {dict(counts)}")
