"""A session from end to end without a screen: pictures, saves, runs, clearing."""

from __future__ import annotations

import json
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowweaver.errors import StateLockedError, UnknownTaskError, WorkflowBusyError
from flowweaver.events import RunFinished, RunStarted, TaskCompleted, TaskRestored, TaskStarted
from flowweaver.plan import Action
from fwtui.model.folding import fold
from fwtui.model.header import HeaderFacts, verdict_line
from fwtui.model.segments import plain
from fwtui.model.status import State
from fwtui.model.views import idle_view
from fwtui.session.port import LoadProblem, RunRequest, SessionPort
from fwtui.session.project import Project
from fwtui.session.session import Session
from fwtui.session.settings import Settings

SOON = 20.0

FLOW = """\
from pathlib import Path
from flowweaver import Workflow, task

HERE = Path(__file__).parent

def helper(value):
    return value + 1

@task(retries=2, timeout=30)
def first():
    '''Make a number.

    More of it.
    '''
    print("first works")
    return 1

def second(first):
    with open(HERE / "ran.txt", "a") as file:
        file.write("second ")
    if (HERE / "broken").exists():
        raise KeyError("broken")
    return helper(first)

def third(second):
    return second * 2

workflow = Workflow("three")
workflow.add_task(first)
workflow.add_task(second, depends_on=[first])
workflow.add_task(third, depends_on=[second])
"""

Write = Callable[..., Path]
Open = Callable[..., Session]


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[Open]:
    """Open a session on a file; it is closed after the test."""
    made: list[Session] = []

    def go(file: Path, settings: Settings | None = None, **options: object) -> Session:
        made.append(Session(Project.of(file, environ={}), settings, **options))  # type: ignore[arg-type]
        return made[-1]

    yield go
    for session in made:
        session.close()


def run(session: Session, request: RunRequest = RunRequest()) -> None:
    session.start(request)
    assert session.wait(SOON)


def port(session: SessionPort) -> SessionPort:
    """A type checker agrees that a session is one."""
    return session


# -- pictures ---------------------------------------------------------------------------------------------------------


def test_a_workflow_that_never_ran_is_shown_without_making_a_state(write: Write, open_session: Open) -> None:
    file = write(FLOW)
    picture = port(open_session(file)).open()
    assert (picture.workflow, picture.records, picture.runs) == ("three", {}, ())
    assert picture.plan.names(Action.RUN) == ["first", "second", "third"]
    first, second, _third = picture.tasks
    assert (first.retries, first.timeout, first.description) == (2, 30.0, "Make a number.")
    assert (first.path, first.line) == (str(file), 10), "the line of the def, not of its decorator"
    assert second.deps == ("first",)
    assert sorted(path.name for path in file.parent.iterdir()) == ["flow.py", "pyproject.toml"]


def test_after_a_run_the_picture_has_all_that_is_stored(write: Write, open_session: Open) -> None:
    session = open_session(write(FLOW))
    run(session)
    picture = session.refresh()
    assert picture.plan.names(Action.REUSE) == ["first", "second", "third"]
    assert [record.run_id for record in picture.records.values()] == [1, 1, 1]
    assert [attempt.outcome for attempt in picture.attempts["first"]] == ["completed"]
    assert picture.runs[0].outcome == "completed"
    assert set(picture.durations) == {"first", "second", "third"}
    assert picture.holder is None
    assert [line.text for line in session.log("first")] == ["first works"]
    assert [line.text for line in session.log("first", run_id=1, attempt=1)] == ["first works"]
    assert session.log("third") == []


def test_events_come_in_order_and_are_drained_once(write: Write, open_session: Open) -> None:
    heard: list[object] = []
    session = open_session(write(FLOW), on_event=heard.append)
    run(session)
    events = session.drain()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert [event.task for event in events if isinstance(event, TaskCompleted)] == ["first", "second", "third"]
    assert heard == events
    assert session.drain() == []
    run(session)
    assert [event.task for event in session.drain() if isinstance(event, TaskRestored)] == ["first", "second", "third"]


# -- saves ------------------------------------------------------------------------------------------------------------


def test_the_central_scene_a_failure_is_edited_and_only_it_and_what_follows_runs_again(
    write: Write, open_session: Open, tmp_path: Path
) -> None:
    (tmp_path / "broken").touch()
    file = write(FLOW)
    session = open_session(file)
    session.open()
    run(session)
    assert session.exit_code == 1
    assert session.check_disk() is None, "nothing was saved"
    write(FLOW.replace('raise KeyError("broken")', "pass"))
    reload = session.check_disk()
    assert reload is not None
    assert reload.picture is not None
    assert (reload.problem, reload.affected, reload.added, reload.removed) == (None, ("second",), (), ())
    assert reload.picture.plan.names(Action.REUSE) == ["first"]
    assert reload.picture.plan.tasks["second"].stale
    session.drain()
    run(session)
    assert session.exit_code == 0
    assert [event.task for event in session.drain() if isinstance(event, TaskCompleted)] == ["second", "third"]


def test_an_edit_of_a_helper_module_is_seen_too(write: Write, open_session: Open) -> None:
    write("def helper(value):\n    return value + 1\n", "helpers.py")
    text = FLOW.replace("def helper(value):\n    return value + 1\n", "from helpers import helper\n")
    session = open_session(write(text))
    session.open()
    run(session)
    write("def helper(value):\n    return value + 2\n", "helpers.py")
    reload = session.check_disk()
    assert reload is not None
    assert reload.file.endswith("helpers.py")
    assert reload.affected == ("second",)


def test_a_save_that_changes_no_task_affects_none(write: Write, open_session: Open) -> None:
    session = open_session(write(FLOW))
    session.open()
    run(session)
    write("# a comment\n" + FLOW)
    reload = session.check_disk()
    assert reload is not None
    assert reload.affected == ()
    assert reload.picture is not None
    assert reload.picture.tasks[0].line == 11


def test_new_and_gone_tasks_are_named(write: Write, open_session: Open) -> None:
    session = open_session(write(FLOW))
    session.open()
    write(FLOW.replace("third", "fourth"))
    reload = session.check_disk()
    assert reload is not None
    assert (reload.added, reload.removed) == (("fourth",), ("third",))


def test_a_broken_save_keeps_the_last_good_graph_and_nothing_starts(write: Write, open_session: Open) -> None:
    session = open_session(write(FLOW))
    session.open()
    write(FLOW + "x = [\n")
    reload = session.check_disk()
    assert reload is not None
    assert reload.picture is None
    assert reload.problem is not None
    assert reload.problem.line == FLOW.count("\n") + 1
    assert session.problem is reload.problem
    assert [task.name for task in session.refresh().tasks] == ["first", "second", "third"]
    with pytest.raises(LoadProblem, match="never closed"):
        session.start()
    assert not session.running
    write(FLOW)
    assert session.check_disk() is not None
    assert session.problem is None
    run(session)
    assert session.exit_code == 0


def test_a_run_starts_on_what_is_on_disk_even_if_nobody_looked(
    write: Write, open_session: Open, tmp_path: Path
) -> None:
    file = write(FLOW)
    session = open_session(file)
    session.open()
    stamp = file.stat()
    write(FLOW.replace("value + 1", "value + 5"))
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    run(session)
    assert session.loaded.workflow.get_task_result("third") == 12
    write(FLOW + "raise ValueError\n")
    with pytest.raises(LoadProblem, match="ValueError"):
        session.start()


def test_a_file_that_missed_a_module_loads_once_that_is_there(write: Write, open_session: Open) -> None:
    session = open_session(write("import helpers\n" + FLOW))
    with pytest.raises(LoadProblem, match="No module named 'helpers'"):
        session.open()
    write("", "helpers.py")
    reload = session.check_disk()
    assert reload is not None
    assert reload.picture is not None


GATED = FLOW.replace(
    'print("first works")',
    'while not (HERE / "go").exists(): __import__("time").sleep(0.005)\n    print("first works")',
)


@pytest.fixture
def gated(write: Write, open_session: Open, tmp_path: Path) -> Iterator[Session]:
    """A session with a run that goes on until the file "go" is there."""
    begun = threading.Event()
    session = open_session(write(GATED), on_event=lambda event: isinstance(event, TaskStarted) and begun.set())
    session.open()
    session.start()
    assert begun.wait(SOON)
    yield session
    (tmp_path / "go").touch()
    assert session.wait(SOON)


def test_a_save_during_a_run_is_only_compiled_and_loaded_after_it(gated: Session, write: Write, tmp_path: Path) -> None:
    write("import no_such_module_xyz\n" + GATED)
    reload = gated.check_disk()
    assert reload is not None
    assert reload.during_run
    assert (reload.problem, reload.picture) == (None, None), "it compiles, and more is not asked of it now"
    assert gated.check_disk() is None, "said once"
    write("x = [\n" + GATED)
    reload = gated.check_disk()
    assert reload is not None
    assert reload.problem is not None
    assert reload.problem.text == "SyntaxError: '[' was never closed"
    (tmp_path / "go").touch()
    assert gated.wait(SOON)
    assert gated.exit_code == 0, "the run goes on with the code it started with"
    reload = gated.check_disk()
    assert reload is not None
    assert not reload.during_run
    assert reload.problem is not None


def test_a_good_save_during_a_run_is_loaded_after_it(gated: Session, write: Write, tmp_path: Path) -> None:
    write(GATED.replace("first works", "first works anew"))
    reload = gated.check_disk()
    assert reload is not None
    assert (reload.during_run, reload.problem) == (True, None)
    (tmp_path / "go").touch()
    assert gated.wait(SOON)
    reload = gated.check_disk()
    assert reload is not None
    assert reload.picture is not None
    assert reload.picture.plan.tasks["first"].stale
    assert gated.check_disk() is None


def test_a_run_never_starts_on_code_that_was_only_compiled(gated: Session, write: Write, tmp_path: Path) -> None:
    write(GATED.replace("first works", "first works anew"))
    assert gated.check_disk() is not None
    (tmp_path / "go").touch()
    assert gated.wait(SOON)
    gated.start(RunRequest(fresh=True))
    assert gated.wait(SOON)
    assert [line.text for line in gated.log("first")] == ["first works anew"]


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_second_start_is_refused_while_one_goes_on(gated: Session) -> None:
    assert gated.running
    assert gated.refresh().holder is None, "we ourselves are no other process"
    with pytest.raises(WorkflowBusyError):
        gated.start()


def test_another_session_sees_who_runs_and_can_neither_run_nor_clear(gated: Session, open_session: Open) -> None:
    other = open_session(gated.project.file)
    holder = other.open().holder
    assert holder is not None
    assert str(os.getpid()) in holder
    with pytest.raises(StateLockedError):
        other.start()
    with pytest.raises(StateLockedError):
        other.clear(["first"])


def test_a_stopped_run_ends_with_130_and_says_what_is_left(gated: Session, tmp_path: Path) -> None:
    gated.stop()
    (tmp_path / "go").touch()
    assert gated.wait(SOON)
    ending = gated.ending()
    assert ending is not None
    assert (gated.exit_code, ending.outcome, ending.ran, ending.pending) == (130, "cancelled", 1, 2)
    assert ending.resume.endswith("flow.py")


def test_after_a_stopped_fresh_run_header_and_plan_count_the_same(
    write: Write, open_session: Open, tmp_path: Path
) -> None:
    begun: queue.SimpleQueue[str] = queue.SimpleQueue()
    session = open_session(
        write(GATED), on_event=lambda event: isinstance(event, TaskStarted) and begun.put(event.task)
    )
    (tmp_path / "go").touch()
    run(session)
    while not begun.empty():
        begun.get()
    (tmp_path / "go").unlink()
    session.start(RunRequest(fresh=True))
    assert begun.get(timeout=SOON) == "first"
    session.stop()
    (tmp_path / "go").touch()
    assert session.wait(SOON)
    view = idle_view(session.refresh())
    assert (view.done, view.to_run, view.maybe, view.reused) == (1, 2, 0, 1)
    assert "■ stopped after 1 of 3" in plain(verdict_line(view, HeaderFacts(), 120))
    assert [(task.state.value, task.note) for task in view.tasks.values()] == [
        ("done", "reuse"),
        ("waiting", "asked for again by run 2"),
        ("waiting", "asked for again by run 2"),
    ]


def test_a_plan_is_what_a_run_does_also_where_its_start_forgets(write: Write, open_session: Open) -> None:
    session = open_session(write(FLOW))
    run(session)
    session.drain()
    with closing(sqlite3.connect(session.project.state)) as state, state:
        state.execute("UPDATE tasks SET used_at = used_at - 31 * 86400 WHERE task_name = 'second'")
    plan = session.plan()
    assert plan.tasks["second"].why == "not used for 30d, and so forgotten"
    assert (plan.names(Action.RUN), plan.names(Action.MAYBE)) == (["second"], ["third"])
    run(session)
    done = [event.task for event in session.drain() if isinstance(event, TaskCompleted)]
    assert done == ["second"]


def test_a_closed_session_leaves_no_run_behind(gated: Session) -> None:
    gated.close()
    assert not gated.running


def test_the_ending_of_a_failed_run_has_frames_and_commands(write: Write, open_session: Open, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    file = write(FLOW)
    session = open_session(file, Settings(name="three", command=("-j", "2")))
    assert session.ending() is None
    run(session)
    ending = session.ending()
    assert ending is not None
    (failure,) = ending.failures
    assert (failure.name, failure.error, ending.skipped) == ("second", "KeyError: 'broken'", 1)
    frame = failure.frames[-1]
    assert (frame.line, frame.function, frame.source) == (22, "second", 'raise KeyError("broken")')
    assert ending.resume == f"fwtui run -j 2 {file}:three"
    assert ending.log == f"fwtui logs {file}:three second"


def test_a_request_names_tasks_by_pattern_and_the_sessions_own_selection_holds(
    write: Write, open_session: Open
) -> None:
    session = open_session(write(FLOW), Settings(request=RunRequest(only=["first"], fresh=True)))
    assert session.open().plan.names(Action.RUN) == ["first"]
    run(session)
    run(session)
    assert [event.task for event in session.drain() if isinstance(event, TaskCompleted)] == ["first"], (
        "fresh counts once"
    )
    run(session, RunRequest(only=["sec*"]))
    assert session.refresh().records.keys() == {"first", "second"}
    with pytest.raises(UnknownTaskError, match="--only 'x' matches no task"):
        session.start(RunRequest(only=["x"]))


def test_parameters_reach_the_tasks_and_the_picture(write: Write, open_session: Open) -> None:
    text = (
        "from flowweaver import Workflow\ndef show(n): return n\nw = Workflow('p', params={'n': 1})\nw.add_task(show)\n"
    )
    session = open_session(write(text), Settings(params={"n": "7"}))
    assert session.open().params == {"n": 7}
    run(session)
    assert session.loaded.workflow.get_task_result("show") == 7


def test_what_the_file_printed_and_how_it_was_loaded_is_in_the_picture(write: Write, open_session: Open) -> None:
    text = FLOW + "print('one')\nfrom flowweaver import SequentialExecutor\nworkflow.execute(SequentialExecutor())\n"
    picture = open_session(write(text)).open()
    assert picture.printed == ("one",)
    assert "runs its workflow when it is imported" in picture.hint


# -- clearing ---------------------------------------------------------------------------------------------------------


def test_a_clear_can_be_undone_until_the_task_runs_again(write: Write, open_session: Open) -> None:
    session = open_session(write(FLOW))
    assert (session.clear(["first"]), session.undo_clear()) == ([], []), "there is no state to clear yet"
    run(session)
    assert session.clear(["second", "nope"]) == ["second"]
    picture = session.refresh()
    assert picture.undoable == ("second",)
    assert picture.plan.names(Action.RUN) == ["second"]
    assert session.undo_clear() == ["second"]
    assert session.refresh().plan.names(Action.REUSE) == ["first", "second", "third"]


# -- watching ---------------------------------------------------------------------------------------------------------


def test_a_save_calls_back_and_a_new_modules_folder_is_watched_from_then_on(write: Write, open_session: Open) -> None:
    session = open_session(write(FLOW))
    session.open()
    changed = threading.Semaphore(0)
    session.watch(changed.release)
    assert changed.acquire(timeout=SOON), "once when watching has begun"
    write("VALUE = 1\n", "parts/thing.py")
    write("import parts.thing\n" + FLOW)
    assert changed.acquire(timeout=SOON)
    reload = session.check_disk()
    assert reload is not None
    assert reload.picture is not None
    write("VALUE = 2\n", "parts/thing.py")
    while (reload := session.check_disk()) is None:
        assert changed.acquire(timeout=SOON)
    assert reload.file.endswith("thing.py")


WAITS = """\
import threading
from flowweaver import Workflow, task

there, go = threading.Event(), threading.Event()

def wait_for_it():
    there.set()
    go.wait(20)

@task
def waits():
    wait_for_it()

workflow = Workflow("waits")
workflow.add_task(waits)
"""


def test_where_a_running_task_is_comes_out_as_plain_data(write: Write, open_session: Open) -> None:
    file = write(WAITS)
    session = open_session(file)
    assert session.stack("waits") == [], "nothing has run yet"
    session.open()
    module = session.loaded.workflow.tasks[0].func.__globals__
    session.start()
    assert module["there"].wait(SOON)
    frames = session.stack("waits")
    module["go"].set()
    assert session.wait(SOON)
    assert frames[:2] == [(str(file), 12, "waits"), (str(file), 8, "wait_for_it")]
    assert json.loads(json.dumps(frames)) == [list(frame) for frame in frames]
    assert session.stack("waits") == []


# -- copies -------------------------------------------------------------------------------------------------------------


def test_a_copy_is_kept_beside_the_state_for_its_user_only(
    write: Write, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(FLOW, "workflows/flow.py")
    root = file.parents[1]
    monkeypatch.chdir(root)
    session = open_session(file)
    assert session.keep_copy("first\n" * 1_000) == ".fwtui/copy.txt"
    assert session.keep_copy("zweite \ud800 Zeile\r\n") == ".fwtui/copy.txt"
    kept = root / ".fwtui" / "copy.txt"
    assert kept.read_bytes() == b"zweite \\ud800 Zeile\r\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in kept.parent.iterdir() if path.is_file()) == [".gitignore", "copy.txt"]


def test_a_copy_beside_a_state_that_a_person_named_takes_no_file_of_theirs(write: Write, tmp_path: Path) -> None:
    file = write(FLOW)
    (tmp_path / "states").mkdir()
    (tmp_path / "states" / "copy.txt").write_text("theirs")
    session = Session(Project.of(file, state=tmp_path / "states" / "flow.db", environ={}))
    assert session.keep_copy("ours").endswith("flow.db.copy.txt")
    assert (tmp_path / "states" / "copy.txt").read_text() == "theirs"
    session.close()


def test_a_copy_that_cannot_be_written_leaves_the_one_before(
    write: Write, open_session: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(write(FLOW))
    session.keep_copy("before")
    kept = tmp_path / ".fwtui" / "copy.txt"
    monkeypatch.setattr(os, "replace", _refuses)
    with pytest.raises(OSError, match="No space"):
        session.keep_copy("after")
    assert kept.read_text() == "before"
    assert [path.name for path in kept.parent.iterdir() if path.name.startswith(".copy")] == []


def _refuses(*_paths: object) -> None:
    raise OSError(28, "No space left on device")


def test_short_tasks_that_one_worker_takes_several_of_are_shown_as_they_are_made(write: Write, open_session: Open):
    """A worker of short tasks brings several back at once; counts, attempts and times are theirs all the same."""
    tasks = 300
    session = open_session(
        write(f"""
        from flowweaver import Task, Workflow
        workflow = Workflow("short")
        for number in range({tasks}):
            workflow.add_task(Task(f"task_{{number}}", lambda: None))
        """),
        Settings(workers=4),
    )
    view = idle_view(session.open())
    session.start()
    over = False
    while not over:
        over = session.wait(0.001)
        view = fold(view, session.drain())
        assert sum(view.counts.values()) == tasks
        assert len(view.in_flight) <= 4
    run = view.run
    assert run is not None
    assert view.counts == {State.DONE: tasks}
    assert run.finished_at is not None
    for name, task in view.tasks.items():
        (attempt,) = view.attempts[name]
        assert attempt.finished_at is not None
        assert run.started_at <= attempt.started_at <= attempt.finished_at <= run.finished_at
        assert task.duration == pytest.approx(attempt.finished_at - attempt.started_at, abs=1e-6)
        assert task.started_at is not None
        assert task.started_at <= attempt.finished_at
    picture = idle_view(session.refresh())
    assert picture.counts == view.counts
    for stored in session.attempts_of_run(run.run_id):
        (shown,) = view.attempts[stored.task_name]
        assert stored.started_at == pytest.approx(shown.started_at, abs=0.05)
        assert stored.finished_at == pytest.approx(shown.finished_at, abs=0.05)
