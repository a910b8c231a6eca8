"""Real processes that are killed at random instants, and that race for one state: nothing is lost, nothing done twice.

What the tasks did stands in a journal of their own, written before and after the work; what the engine told of is in it,
too. So it is known from outside what was done when.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.engine import result_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

WORKERS = 3

FLOW = """
import asyncio, os, sys, time
from flowweaver import *

kind, executor, state, journal, name, count, begin = sys.argv[1:]
written = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def note(what, number):
    os.write(written, f"{what} {name} {number} {os.getpid()}\\n".encode())

def value(number):
    large = kind == "sqlite" or number % 21 == 0
    return b"\\0" * (150_000 if large else 50) if number % 7 == 0 else [number, "v" * (number * 37 % 3_000), (number,)]

def make(number, needs):
    def begun(upstream):
        note("begins", number)
        for need in needs:
            assert upstream[f"t{need}"] == value(need), (number, need)
        if number % 5 == 0:
            print("line", number)

    def function(**upstream):
        begun(upstream)
        time.sleep(0.001 * (number % 4))
        note("ends", number)
        return value(number)

    async def coroutine(**upstream):
        begun(upstream)
        await asyncio.sleep(0.001 * (number % 4))
        note("ends", number)
        return value(number)

    return coroutine if executor == "async" and number % 2 else function

workflow = Workflow(name)
for number in range(int(count)):
    needs = sorted({need for need in ((number - 1) // 2, number - 3, number - 7) if 0 <= need < number})
    workflow.add_task(Task(f"t{number}", make(number, needs), version="1"), [f"t{need}" for need in needs])
make_store = {"sqlite": SQLiteStateStore, "json": JSONStateStore}[kind]
make_executor = {
    "sequential": SequentialExecutor, "threaded": lambda store: ThreadedExecutor(3, store),
    "async": lambda store: AsyncExecutor(3, store),
}[executor]

def told(event):
    if type(event) is TaskCompleted:
        note("told", event.task[1:])

while time.time() < float(begin):
    pass
try:
    make_executor(make_store(state)).execute(workflow, listeners=[told], echo=False)
except StateLockedError as refused:
    print("refused:", refused)
    sys.exit(4)
assert all(task.result == value(int(task.name[1:])) for task in workflow.tasks)
print("done")
"""


class Flow:
    """One workflow of many tasks that processes run on one state."""

    def __init__(self, folder: Path, kind: str, executor: str, *, count: int) -> None:
        self.folder, self.kind, self.executor, self.count = folder, kind, executor, count
        self.state, self.journal = folder / "state", folder / "journal"
        self.code = folder / "flow.py"
        self.code.write_text(FLOW)

    def start(self, name: str = "w", begin: float = 0.0) -> subprocess.Popen[str]:
        arguments = [self.kind, self.executor, str(self.state), str(self.journal), name, str(self.count), str(begin)]
        environment = {**os.environ, "FLOWWEAVER_KEY_FILE": str(self.folder / "key")}
        return subprocess.Popen(
            [sys.executable, str(self.code), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def notes(self) -> Iterator[tuple[str, str]]:
        """Yield what was noted, and of which task of which workflow."""
        for line in self.journal.read_text().splitlines():
            what, name, number, _pid = line.split()
            yield what, f"{name} {number}"

    def check_files(self) -> None:
        """Only the state, its large results and its locks are left, and nobody else can read them."""
        ours = [path for path in self.folder.iterdir() if path.name.startswith((".", "state"))]
        assert {path.name for path in ours if path.suffix not in (".lock", ".results")} == {"state"}
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in ours if path.suffix != ".results")
        if self.kind == "sqlite":
            assert result_files.check(self.state)
            with closing(sqlite3.connect(self.state)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                left = "SELECT count(*) FROM tasks WHERE status <> 'COMPLETED'"
                assert connection.execute(left).fetchone() == (0,)


def kill_until_done(flow: Flow, chance: Random, most: int) -> Counter[str]:
    """Run the workflow again and again, each time killed at some instant, until it is done; check what was done."""
    counts: Counter[str] = Counter()
    while True:
        process = flow.start()
        try:
            _, said = process.communicate(timeout=chance.uniform(0.05, 0.6) if counts["kills"] < most else 100)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            counts["kills"] += 1
            continue
        assert process.returncode == 0, said
        break
    kept: set[str] = set()
    begun: Counter[str] = Counter()
    for what, task in flow.notes():
        if what == "told":
            kept.add(task)
        elif what == "begins":
            assert task not in kept, f"{task} was done, and done again"
            begun[task] += 1
    assert len(begun) == flow.count
    counts["repeated"] = begun.total() - flow.count
    assert counts["repeated"] <= counts["kills"] * (1 if flow.executor == "sequential" else WORKERS)
    flow.check_files()
    counts["runs"] = 1
    return counts


KINDS = [(kind, executor) for kind in ("sqlite", "json") for executor in ("sequential", "threaded", "async")]


@pytest.mark.parametrize(("kind", "executor"), KINDS)
def test_whenever_it_is_killed_what_was_done_is_not_done_again(kind: str, executor: str, tmp_path: Path) -> None:
    counts = kill_until_done(Flow(tmp_path, kind, executor, count=60), Random(1), most=6)
    assert counts["kills"]


@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize(("kind", "executor"), KINDS)
def test_hundreds_of_kills(kind: str, executor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    wanted, chance = int(os.environ.get("FLOWWEAVER_KILLS", "300")), Random(2)
    while counts["kills"] < wanted:
        folder = tmp_path / str(counts["runs"])
        folder.mkdir()
        counts += kill_until_done(Flow(folder, kind, executor, count=60 if kind == "sqlite" else 40), chance, most=60)
    with capsys.disabled():
        print(f"\n{kind}, {executor}: {dict(counts)}")


def race(flow: Flow, names: list[str], processes: int, chance: Random) -> Counter[str]:
    """Start processes that all begin at one instant; check that no task was done twice and who was refused."""
    begin = time.time() + 0.3 + 0.15 * processes
    delays = [chance.choice((0.0, 0.0, 0.01, 0.05)) for _ in range(processes)]
    started = [flow.start(names[number % len(names)], begin + delay) for number, delay in enumerate(delays)]
    counts: Counter[str] = Counter()
    for process in started:
        out, err = process.communicate(timeout=100)
        assert err == ""
        assert process.returncode in (0, 4), out
        if process.returncode:
            assert "is in use by process " in out
            assert len(out.splitlines()) == 1
        counts["refused" if process.returncode else "done"] += 1
    begun = Counter(task for what, task in flow.notes() if what == "begins")
    assert set(begun.values()) == {1}
    done_by = {task.split()[0] for task in begun}
    assert begun.total() == flow.count * len(done_by)
    # Two workflows never block each other in one SQLite file; a JSON file is held as a whole.
    assert done_by == set(names) if flow.kind == "sqlite" else done_by <= set(names)
    flow.check_files()
    counts["processes"], counts["races"] = processes, 1
    return counts


@pytest.mark.parametrize("kind", ["sqlite", "json"])
@pytest.mark.parametrize("names", [["w"], ["w", "v"]], ids=["one workflow", "two workflows"])
def test_of_those_that_race_for_a_state_one_runs_and_the_others_are_told_who(
    kind: str, names: list[str], tmp_path: Path
) -> None:
    race(Flow(tmp_path, kind, "threaded", count=15), names, 4, Random(3))


@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("kind", ["sqlite", "json"])
def test_many_races(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    chance = Random(4)
    for number in range(int(os.environ.get("FLOWWEAVER_RACES", "60"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        names = ["w"] if number % 2 else ["w", "v"]
        executor = chance.choice(("sequential", "threaded", "async"))
        counts += race(Flow(folder, kind, executor, count=15), names, 6, chance)
    with capsys.disabled():
        print(f"\n{kind}: {dict(counts)}")
