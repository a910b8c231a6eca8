"""A disk that is full at some instant of a run: nothing more starts, the reason is told, and later the run goes on."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

import pytest
from cli_projects import Project

from flowweaver.stores.sqlite_results import LARGE
from tests.engine import result_files

Start = Callable[..., subprocess.Popen[str]]

FLOW = """
from random import Random

def make(number):
    def work(**upstream):
        mark(str(number))
        print("task", number)
        return Random(number).randbytes(number % 5 * SIZE)
    return work

workflow = Workflow("flow")
for number in range(24):
    workflow.add_task(work := task(name=f"t{number}", version="1")(make(number)), [f"t{number - 4}"] if number > 3 else [])
"""
COUNT = 24
ENGINES = ["", "--executor sequential", "--executor async", "--isolate"]


def run(start: Start, project: Project, engine: str, room: int | None = None) -> tuple[int, str, list[dict[str, Any]]]:
    """Run it where no file can be larger than so many bytes."""

    def limit() -> None:
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    arguments = ["run", "flow.py", "--output", "json", *engine.split()]
    process = start(*arguments, cwd=project.folder, preexec_fn=limit, env={"PYTHONDONTWRITEBYTECODE": "1"})
    out, err = process.communicate(timeout=100)
    return process.returncode, err, [json.loads(line) for line in out.splitlines()]


def recorded(project: Project) -> set[str]:
    with closing(sqlite3.connect(project.state)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return set()
        return {name for (name,) in connection.execute("SELECT task_name FROM tasks WHERE status = 'COMPLETED'")}


def fill(start: Start, project: Project, engine: str, room: int, size: int = 2_000) -> str:
    """Run it with too little room and then with enough; check both, and return when there was no more room."""
    project.write(FLOW.replace("SIZE", str(size)))
    code, err, events = run(start, project, engine, room)
    if not code:
        return "enough room"
    assert code == 4
    ended = [event for event in events if event["event"] == "run_finished"]
    assert "full" in (ended[0]["error"] if ended else err)
    assert len(err.splitlines()) <= 3
    done = recorded(project)
    told = {event["task"]: event["not_kept"] for event in events if event["event"] == "task_completed"}
    assert {name for name, why in told.items() if why is None} <= done
    lost = [event["sequence"] for event in events if event.get("not_kept")]
    begun = [event["sequence"] for event in events if event["event"] == "task_started"]
    assert not lost or max(begun) < min(lost), "no further task starts"
    project.ran()
    code, err, _ = run(start, project, engine)
    assert (code, err) == (0, "")
    assert {f"t{name}" for name in project.ran()} == {f"t{number}" for number in range(COUNT)} - done
    assert {path.suffix for path in project.state.parent.iterdir()} <= {".db", ".lock", ".results", ""}
    assert result_files.check(project.state) == sum(number % 5 * size >= LARGE for number in range(COUNT))
    return "in the run" if begun else "before it"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("room", [20_000, 90_000])
def test_on_a_full_disk_no_further_task_starts_and_the_run_goes_on_when_there_is_room(
    engine: str, room: int, project: Project, start: Start
) -> None:
    assert fill(start, project, engine, room) == ("before it" if room == 20_000 else "in the run")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_large_result_for_which_there_is_no_room_is_told_alike(engine: str, project: Project, start: Start) -> None:
    assert fill(start, project, engine, 200_000, size=60_000) == "in the run"


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_many_full_disks(
    tmp_path_factory: pytest.TempPathFactory, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    counts: Counter[str] = Counter()
    chance = Random(5)
    for number in range(int(os.environ.get("FLOWWEAVER_FULL", "80"))):
        project = Project(tmp_path_factory.mktemp("full"))
        room, size = chance.randrange(2_000, 250_000), chance.choice((2_000, 2_000, 60_000))
        counts[fill(start, project, ENGINES[number % 4], room, size)] += 1
    with capsys.disabled():
        print(f"\nfull disks, four engines: {dict(counts)}")
