"""A session beside other processes: real ones, that run, end, are killed, and clear."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fwtui
from flowweaver.events import Event, TaskCompleted, TaskOutput, TaskRetrying, TaskStarted
from fwtui.model.folding import fold
from fwtui.model.status import State
from fwtui.model.views import RunView, idle_view
from fwtui.session.port import RunRequest
from fwtui.session.project import Project
from fwtui.session.session import Session

SOON = 30.0

FLOW = """\
import time
from pathlib import Path
from flowweaver import Workflow, task

HERE = Path(__file__).parent

def wait_for(name):
    (HERE / f"at_{name}").touch()
    while not (HERE / name).exists():
        time.sleep(0.005)

def first():
    print("first begins")
    wait_for("one")
    print("first goes on")
    wait_for("two")
    return 1

@task(retries=1, retry_delay=0.01)
def second(first):
    if not (HERE / "tried").exists():
        (HERE / "tried").touch()
        raise OSError("locked")
    wait_for("three")
    return 2

@task(inputs=["data.csv"], outputs=["out.csv"])
def third(second):
    (HERE / "out.csv").write_text("x")
    return 3

workflow = Workflow("three")
workflow.add_task(first)
workflow.add_task(second, depends_on=[first])
workflow.add_task(third, depends_on=[second])
"""

Write = Callable[..., Path]
GATES = ("one", "two", "three")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.005)


class Watching:
    """A session that follows, and what it was told, carried along as a screen does."""

    def __init__(self, file: Path) -> None:
        self.session = Session(Project.of(file, environ={}))
        self.file = file
        self.folder = file.parent
        self.times_told = 0
        self.events: list[Event] = []
        self.session.follow(self._told)
        self.view: RunView = idle_view(self.session.open())
        self._seen = 0

    def _told(self) -> None:
        self.times_told += 1

    def look(self) -> RunView:
        """Do what a screen does some twenty times a second."""
        if self.times_told > self._seen:
            self._seen = self.times_told
            self.view = idle_view(self.session.refresh())
        came = self.session.drain()
        self.events += came
        self.view = fold(self.view, came)
        return self.view

    def until(self, holds: Callable[[RunView], bool]) -> RunView:
        until(lambda: holds(self.look()))
        return self.view

    def state(self, name: str) -> State:
        return self.view.tasks[name].state

    def open_gate(self, name: str) -> None:
        (self.folder / name).touch()

    def lines(self) -> list[str]:
        return [line.text for event in self.events if isinstance(event, TaskOutput) for line in event.lines]

    def fwtui(self, *arguments: str) -> subprocess.Popen[str]:
        root = str(Path(fwtui.__file__).parents[1])
        env = {**os.environ, "PYTHONPATH": root}
        command = [sys.executable, "-m", "fwtui", *arguments]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self.folder, env=env, stdout=quiet, stderr=quiet, text=True)


@pytest.fixture
def watching(write: Write, tmp_path: Path) -> Iterator[Watching]:
    (tmp_path / "data.csv").write_text("1")
    made = Watching(write(FLOW))
    yield made
    made.session.close()


@pytest.fixture
def other(watching: Watching) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the workflow and waits in its first task."""
    process = watching.fwtui("run", "flow.py")
    watching.until(lambda view: view.followed and view.tasks["first"].state is State.RUNNING)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait(SOON)


def state_files(watching: Watching) -> list[str]:
    return sorted(path.name for path in (watching.folder / ".fwtui").iterdir() if not path.name.endswith(".lock"))


# -- a run that goes on ---------------------------------------------------------------------------------------------


def test_a_run_of_another_process_is_followed_from_its_beginning_to_its_end(
    watching: Watching, other: subprocess.Popen[str]
) -> None:
    view = watching.view
    assert view.holder is not None
    assert view.holder.startswith(f"process {other.pid} on ")
    assert not watching.session.running, "it is not this session's"
    watching.until(lambda _: watching.lines() == ["first begins"])
    watching.open_gate("one")
    watching.until(lambda _: watching.lines() == ["first begins", "first goes on"])
    assert watching.state("first") is State.RUNNING, "the log is live: its task has not ended"
    watching.open_gate("two")
    watching.until(lambda view: view.tasks["second"].attempt == 2 and view.tasks["second"].state is State.RUNNING)
    assert (watching.state("first"), watching.state("third")) == (State.DONE, State.WAITING)
    told = [type(event) for event in watching.events if getattr(event, "task", "") == "second"]
    assert told == [TaskStarted, TaskRetrying, TaskStarted], "also what happened between two looks"
    assert watching.view.attempts["second"][0].error == "OSError: locked"
    watching.open_gate("three")
    view = watching.until(lambda view: not view.followed)
    assert other.wait(SOON) == 0
    assert (view.holder, view.run.outcome if view.run else "") == (None, "completed")
    assert view.count(State.DONE) == 3
    assert watching.session.drain() == []
    assert state_files(watching) == [".gitignore", "flow.db"], "what the other would have taken away is not there"


def test_opening_in_the_middle_of_a_run_shows_all_that_was_written_so_far(
    watching: Watching, other: subprocess.Popen[str]
) -> None:
    watching.open_gate("one")
    watching.until(lambda _: len(watching.lines()) == 2)
    late = Watching(watching.file)
    try:
        assert late.view.followed, "the first picture knows it"
        late.look()
        assert late.lines() == ["first begins", "first goes on"]
    finally:
        late.session.close()


def test_opening_in_the_middle_of_a_run_shows_what_it_has_reused_behind_a_task_that_runs_always(
    write: Write, tmp_path: Path
) -> None:
    always = """\
from pathlib import Path
from flowweaver import Workflow, task
import time

HERE = Path(__file__).parent

@task(max_age=0)
def first():
    return 1

def second(first):
    return 2

@task(max_age=0)
def third(second):
    (HERE / "at_gate").touch()
    while not (HERE / "gate").exists():
        time.sleep(0.005)

workflow = Workflow("three")
workflow.add_task(first)
workflow.add_task(second, depends_on=[first])
workflow.add_task(third, depends_on=[second])
"""
    early = Watching(write(always))
    early.open_gate("gate")
    assert early.fwtui("run", "flow.py").wait(SOON) == 0
    early.session.close()
    for name in ("gate", "at_gate"):
        (tmp_path / name).unlink()
    process = early.fwtui("run", "flow.py")
    try:
        until((tmp_path / "at_gate").exists)
        late = Watching(early.file)
        states = {name: task.state for name, task in late.view.tasks.items()}
        late.session.close()
    finally:
        early.open_gate("gate")
        assert process.wait(SOON) == 0
    assert states == {"first": State.DONE, "second": State.REUSED, "third": State.RUNNING}


def test_a_picture_made_in_the_middle_tells_no_line_twice_and_loses_no_state(
    watching: Watching, other: subprocess.Popen[str]
) -> None:
    watching.until(lambda _: watching.lines() == ["first begins"])
    watching.view = idle_view(watching.session.refresh())
    watching.open_gate("one")
    watching.until(lambda _: "first goes on" in watching.lines())
    assert watching.lines() == ["first begins", "first goes on"]
    watching.open_gate("two")
    until(lambda: (watching.folder / "at_three").exists())
    watching.view = idle_view(watching.session.refresh())
    watching.until(lambda view: view.tasks["second"].attempt == 2)
    assert watching.state("first") is State.DONE


def test_a_file_that_is_saved_meanwhile_is_for_the_next_run(
    watching: Watching, other: subprocess.Popen[str], write: Write
) -> None:
    write(FLOW.replace("return 3", "return 33"))
    reload = watching.session.check_disk()
    assert reload is not None
    assert (reload.during_run, reload.picture) == (True, None)
    assert watching.look().followed
    for gate in GATES:
        watching.open_gate(gate)
    watching.until(lambda view: not view.followed)
    reload = watching.session.check_disk()
    assert reload is not None
    assert reload.picture is not None
    assert reload.picture.plan.tasks["third"].stale


# -- its end --------------------------------------------------------------------------------------------------------


def test_a_process_that_is_killed_leaves_an_interrupted_run_that_can_be_resumed(
    watching: Watching, other: subprocess.Popen[str]
) -> None:
    watching.open_gate("one")
    watching.open_gate("two")
    watching.until(lambda view: view.tasks["second"].attempt == 2)
    other.send_signal(signal.SIGKILL)
    other.wait(SOON)
    view = watching.until(lambda view: view.holder is None)
    assert view.run is not None
    assert view.run.outcome == "interrupted"
    assert [task.state for task in view.tasks.values()] == [State.DONE, State.INTERRUPTED, State.WAITING]
    watching.open_gate("three")
    watching.session.start(RunRequest())
    assert watching.session.wait(SOON)
    done = [event.task for event in watching.session.drain() if isinstance(event, TaskCompleted)]
    assert done == ["second", "third"]
    assert idle_view(watching.session.refresh()).count(State.DONE) == 3
    assert state_files(watching) == [".gitignore", "flow.db"]


def test_one_run_after_the_other_in_one_process_is_one_picture_each(watching: Watching) -> None:
    for gate in GATES:
        watching.open_gate(gate)
    code = (
        "from flow import workflow; from flowweaver import SequentialExecutor, SQLiteStateStore\n"
        "import pathlib, time\n"
        "executor = SequentialExecutor(state_store=SQLiteStateStore('.fwtui/flow.db'))\n"
        "executor.execute(workflow)\n"
        "pathlib.Path('two').unlink()\n"
        "executor.execute(workflow, resume=False)\n"
    )
    root = str(Path(fwtui.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=watching.folder, env={**os.environ, "PYTHONPATH": root}
    )
    try:
        view = watching.until(lambda view: view.followed and view.run is not None and view.run.run_id == 2)
        assert view.tasks["third"].state is State.WAITING, "asked for again"
        watching.open_gate("two")
        assert process.wait(SOON) == 0
        view = watching.until(lambda view: not view.followed and view.holder is None)
        assert view.run is not None
        assert (view.run.run_id, view.run.outcome) == (2, "completed")
    finally:
        process.kill()
        process.wait(SOON)


# -- nothing runs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def done(watching: Watching) -> Watching:
    """All tasks are done, by a run of this very session."""
    for gate in GATES:
        watching.open_gate(gate)
    watching.session.start(RunRequest())
    assert watching.session.wait(SOON)
    watching.session.drain()
    watching.view = idle_view(watching.session.refresh())
    assert watching.view.count(State.DONE) == 3
    return watching


def test_what_this_session_does_itself_is_told_to_nobody(done: Watching) -> None:
    assert done.times_told == 0
    done.session.clear(["third"])
    done.view = idle_view(done.session.refresh())
    done.session.undo_clear()
    done.view = idle_view(done.session.refresh())
    follower = done.session._follower
    assert follower is not None
    for _ in range(3):
        with done.session._lock:
            follower.look()
    assert done.times_told == 0


def test_what_another_process_clears_is_seen_without_a_key(done: Watching) -> None:
    process = done.fwtui("clear", "flow.py", "third", "--yes")
    assert process.wait(SOON) == 0
    view = done.until(lambda view: view.tasks["third"].state is State.CLEARED)
    assert view.holder is None
    assert view.undoable == {"third"}


def test_a_declared_input_that_changes_and_a_product_that_goes_are_seen(done: Watching) -> None:
    (done.folder / "data.csv").write_text("23")
    view = done.until(lambda view: view.tasks["third"].state is State.STALE)
    assert view.tasks["third"].note == "data.csv changed"
    (done.folder / "data.csv").write_text("1")
    done.until(lambda view: view.tasks["third"].state is State.DONE)
    (done.folder / "out.csv").unlink()
    view = done.until(lambda view: view.tasks["third"].state is State.STALE)
    assert view.tasks["third"].note == "out.csv is not there"


def test_a_file_that_is_still_being_written_is_waited_for(done: Watching) -> None:
    """Each look finds another size; what is told is told once it has stayed the same for two looks."""
    follower = done.session._follower
    assert follower is not None
    now = [0.0]
    with done.session._lock:
        follower._clock = lambda: now[0]
        follower._files_due = 0.0
        for size in range(1, 6):
            (done.folder / "data.csv").write_text("x" * (10 + size))
            now[0] += 10.0
            follower.look()
        assert done.times_told == 0
        now[0] += 10.0
        follower.look()
    assert done.times_told == 1


def test_declared_files_are_not_looked_at_where_nothing_is_to_be_watched(write: Write, tmp_path: Path) -> None:
    session = Session(Project.of(write(FLOW), environ={}))
    told: list[int] = []
    session.follow(lambda: told.append(1), files=False)
    session.open()
    follower = session._follower
    assert follower is not None
    try:
        (tmp_path / "data.csv").write_text("new")
        with session._lock:
            follower._files_due = 0.0
            follower.look()
            follower.look()
        assert told == []
    finally:
        session.close()


def test_a_state_that_is_damaged_meanwhile_is_told_once(done: Watching) -> None:
    state = done.folder / ".fwtui" / "flow.db"
    damaged = done.folder / "damaged"
    damaged.write_bytes(b"no database" * 1_000)
    damaged.replace(state)
    until(lambda: done.times_told == 1)
    follower = done.session._follower
    assert follower is not None
    for _ in range(3):
        with done.session._lock:
            follower.look()
    assert done.times_told == 1
    assert state.read_bytes() == b"no database" * 1_000
