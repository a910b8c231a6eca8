"""What holds for a run of a session wherever its engine is: in threads of this process, or in another process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowweaver.errors import StateError, StateLockedError, UnknownTaskError, WorkflowBusyError
from flowweaver.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskRestored,
    TaskRetrying,
    TaskSkipped,
    TaskStarted,
)
from flowweaver.plan import Action
from fwtui.session.port import LoadProblem, RunRequest
from fwtui.session.session import Session

SOON = 20.0

Write = Callable[..., Path]
Open = Callable[[Path], Session]
Comes = Callable[[str], str]

CHAIN = """
@task
def first():
    print("first works")
    return 1

def second(first):
    if (HERE / "broken").exists():
        raise KeyError("broken")
    return first + 1

def third(second):
    return second * 2

workflow = flow(first, second, third, second=["first"], third=["second"])
"""

GATED = """
def gated():
    mark("begun")
    wait_for("go")
    print("it went")

def after(gated): pass

workflow = flow(gated, after, after=["gated"])
"""


@pytest.fixture(params=["thread", "process"])
def opened(request: pytest.FixtureRequest, open_session: Callable[..., Session]) -> Open:
    return lambda file, **options: open_session(file, isolate=request.param == "process", **options)


def run(session: Session, request: RunRequest = RunRequest()) -> list[Event]:
    session.start(request)
    assert session.wait(SOON)
    return session.drain()


def of(kind: type[Event], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_a_run_tells_everything_in_order_and_leaves_it_in_the_state(write: Write, opened: Open) -> None:
    session = opened(write(CHAIN))
    picture = session.open()
    assert [task.name for task in picture.tasks] == ["first", "second", "third"]
    assert picture.plan.names(Action.RUN) == ["first", "second", "third"]
    events = run(session)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert (events[-1].outcome, events[-1].counts["completed"]) == ("completed", 3)
    assert [event.task for event in of(TaskStarted, events)] == ["first", "second", "third"]
    assert [event.task for event in of(TaskCompleted, events)] == ["first", "second", "third"]
    (output,) = of(TaskOutput, events)
    assert [line.text for line in output.lines] == ["first works"]
    assert (session.running, session.exit_code, session.drain()) == (False, 0, [])
    picture = session.refresh()
    assert picture.plan.names(Action.REUSE) == ["first", "second", "third"]
    assert (picture.runs[0].outcome, picture.holder) == ("completed", None)
    assert [line.text for line in session.log("first")] == ["first works"]
    assert [event.task for event in of(TaskRestored, run(session))] == ["first", "second", "third"]


def test_a_failure_is_told_with_the_users_frames_and_resumed(write: Write, opened: Open, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    session = opened(write(CHAIN))
    events = run(session)
    (failed,) = of(TaskFailed, events)
    assert (failed.task, failed.error) == ("second", "KeyError: 'broken'")
    assert [(event.task, event.because) for event in of(TaskSkipped, events)] == [("third", "second")]
    assert session.exit_code == 1
    ending = session.ending()
    assert ending is not None
    assert (ending.failures[0].frames[-1].function, ending.first_failed) == ("second", "second")
    assert ending.failures[0].frames[-1].source == 'raise KeyError("broken")'
    (tmp_path / "broken").unlink()
    events = run(session)
    assert [event.task for event in of(TaskRestored, events)] == ["first"]
    assert [event.task for event in of(TaskCompleted, events)] == ["second", "third"]
    assert session.exit_code == 0


def test_retries_are_told_and_counted(write: Write, opened: Open) -> None:
    session = opened(
        write("""
        @task(retries=2)
        def flaky():
            with open(HERE / "tries", "a") as file: file.write("x")
            if len((HERE / "tries").read_text()) < 3: raise ValueError("not yet")
        workflow = flow(flaky)
        """)
    )
    events = run(session)
    assert [(event.attempt, event.error) for event in of(TaskRetrying, events)] == [
        (1, "ValueError: not yet"),
        (2, "ValueError: not yet"),
    ]
    assert [event.attempt for event in of(TaskStarted, events)] == [1, 2, 3]
    assert [attempt.outcome for attempt in session.attempts_of_run(1)] == ["failed", "failed", "completed"]


def test_a_timeout_is_a_failure_and_its_thread_holds_up_nothing(write: Write, opened: Open) -> None:
    session = opened(
        write("""
        @task(timeout=0.1)
        def stuck(): wait_for("never")
        workflow = flow(stuck)
        """)
    )
    (failed,) = of(TaskFailed, run(session))
    assert (failed.timed_out, failed.thread_left) == (True, True)
    assert session.exit_code == 1
    # Of its own process nothing is left when the run is over.
    left = () if session.isolated else ("stuck",)
    assert session.threads_left == left
    ending = session.ending()
    assert ending is not None
    assert [failure.note for failure in ending.failures] == ["its thread is still running" if left else ""]


def test_a_stop_lets_what_runs_finish(write: Write, opened: Open, comes: Comes, tmp_path: Path) -> None:
    session = opened(write(GATED))
    session.start()
    comes("begun")
    session.stop()
    assert session.stack("gated"), "whoever answers has heard of the stop"
    assert not session.wait(0)
    (tmp_path / "go").touch()
    assert session.wait(SOON)
    events = session.drain()
    assert [event.task for event in of(TaskCompleted, events)] == ["gated"]
    assert (events[-1].outcome, session.exit_code) == ("cancelled", 130)  # type: ignore[attr-defined]
    assert [line.text for line in session.log("gated")] == ["it went"]


def test_a_cancel_leaves_no_task_running_and_the_state_can_be_resumed(
    write: Write, opened: Open, comes: Comes, tmp_path: Path
) -> None:
    session = opened(write(GATED))
    session.start()
    comes("begun")
    session.cancel(0.05)
    assert session.wait(SOON)
    events = session.drain()
    (given_up,) = of(TaskFailed, events)
    assert (given_up.task, given_up.interrupted) == ("gated", True)
    assert given_up.thread_left is not session.isolated
    assert session.threads_left == (() if session.isolated else ("gated",))
    assert (events[-1].outcome, session.exit_code) == ("cancelled", 130)  # type: ignore[attr-defined]
    picture = session.refresh()
    assert picture.records["gated"].interrupted
    assert picture.holder is None
    (tmp_path / "go").touch()
    assert [event.task for event in of(TaskCompleted, run(session))] == ["gated", "after"]


def test_a_task_that_looks_whether_it_is_cancelled_gets_the_time_to_end(
    write: Write, opened: Open, comes: Comes
) -> None:
    session = opened(
        write("""
        def polite():
            mark("begun")
            while not current_task().cancelled: time.sleep(0.005)
            mark("tidied")
        def after(polite): pass
        workflow = flow(polite, after, after=["polite"])
        """)
    )
    session.start()
    comes("begun")
    session.cancel(SOON)
    assert session.wait(SOON)
    comes("tidied")
    assert session.exit_code == 130


def test_a_task_can_be_asked_where_it_is(write: Write, opened: Open, comes: Comes, tmp_path: Path) -> None:
    session = opened(write(GATED))
    assert session.stack("gated") == []
    session.start()
    comes("begun")
    frames = session.stack("gated")
    assert [frame.function for frame in frames][:2] == ["gated", "wait_for"]
    assert session.stack("after") == session.stack("no such task") == []
    (tmp_path / "go").touch()
    assert session.wait(SOON)
    assert session.stack("gated") == []


def test_a_second_start_is_refused_and_another_session_neither_runs_nor_clears(
    write: Write, opened: Open, comes: Comes, tmp_path: Path
) -> None:
    file = write(GATED)
    session, other = opened(file), opened(file)
    session.start()
    comes("begun")
    assert session.refresh().holder is None, "we ourselves are no other process"
    with pytest.raises(WorkflowBusyError):
        session.start()
    holder = other.open().holder
    assert holder is not None
    with pytest.raises(StateLockedError) as refused:
        other.start()
    assert refused.value.holder is not None
    assert refused.value.holder in holder
    with pytest.raises(StateLockedError):
        other.clear(["gated"])
    (tmp_path / "go").touch()
    assert session.wait(SOON)
    assert other.refresh().holder is None
    assert [event.task for event in of(TaskRestored, run(other))] == ["gated", "after"]


def test_a_request_that_names_what_is_not_there_starts_nothing(write: Write, opened: Open) -> None:
    session = opened(write(CHAIN))
    with pytest.raises(UnknownTaskError, match="--only 'x' matches no task"):
        session.start(RunRequest(only=["x"]))
    assert not session.running
    events = run(session, RunRequest(only=["first"], keep_going=True))
    assert [event.task for event in of(TaskCompleted, events)] == ["first"]
    assert [event.task for event in of(TaskCompleted, run(session, RunRequest(force=["first"])))] == [
        "first",
        "second",
        "third",
    ], "what is forced runs, and so does what had not run"


def test_a_state_that_cannot_be_used_starts_nothing(write: Write, opened: Open, tmp_path: Path) -> None:
    session = opened(write(CHAIN))
    (tmp_path / ".fwtui").mkdir()
    (tmp_path / ".fwtui" / "flow.db").write_bytes(b"no database" * 100)
    with pytest.raises(StateError) as refused:
        session.start()
    assert refused.value.path == str(tmp_path / ".fwtui" / "flow.db")
    assert not session.running


def test_a_file_that_does_not_load_is_told_in_its_authors_terms(write: Write, opened: Open) -> None:
    session = opened(write("def helper(): return 1 / 0\nhelper()\n"))
    with pytest.raises(LoadProblem) as told:
        session.open()
    problem = told.value
    assert (problem.text, problem.code) == ("ZeroDivisionError: division by zero", 3)
    assert problem.path is not None
    assert [frame.rsplit(" ", 1)[1] for frame in problem.frames] == ["<module>", "helper"]
    assert session.problem is problem


def test_a_save_is_loaded_and_a_run_starts_on_what_is_on_disk(write: Write, opened: Open) -> None:
    session = opened(write(CHAIN))
    session.open()
    run(session)
    write(CHAIN.replace("second * 2", "second * 3"))
    reload = session.check_disk()
    assert reload is not None
    assert reload.affected == ("third",)
    assert [event.task for event in of(TaskCompleted, run(session))] == ["third"]
    write(CHAIN.replace("second * 2", "second * 4"))
    assert [event.summary for event in of(TaskCompleted, run(session))] == ["int 8"], "nobody looked in between"
    write(CHAIN + "x = [\n")
    with pytest.raises(LoadProblem, match="never closed"):
        session.start()
    assert [task.name for task in session.refresh().tasks] == ["first", "second", "third"]


def test_a_save_during_a_run_is_only_compiled_and_loaded_after_it(
    write: Write, opened: Open, comes: Comes, tmp_path: Path
) -> None:
    session = opened(write(GATED))
    session.open()
    session.start()
    comes("begun")
    write(GATED + "x = [\n")
    reload = session.check_disk()
    assert reload is not None
    assert (reload.during_run, reload.problem is None) == (True, False)
    (tmp_path / "go").touch()
    assert session.wait(SOON)
    assert session.exit_code == 0
    assert session.refresh().plan.names(Action.REUSE) == ["gated", "after"], "the last good version is shown"
    write(GATED.replace("it went", "it goes"))
    reload = session.check_disk()
    assert reload is not None
    assert reload.affected == ("gated",)


def test_parameters_reach_the_tasks_and_the_picture(write: Write, opened: Open) -> None:
    text = "def show(n): print(n)\nworkflow = Workflow('p', params={'n': 1, 'odd': {1}})\nworkflow.add_task(show)\n"
    session = opened(write(text), params={"n": "7"})  # type: ignore[call-arg]
    assert session.open().params["n"] == 7
    (output,) = of(TaskOutput, run(session))
    assert output.lines[0].text == "7"


@pytest.mark.parametrize("kind", ["threaded", "sequential", "async"])
def test_every_executor_runs_there(write: Write, opened: Open, kind: str) -> None:
    text = CHAIN + "async def later(third): return third\nworkflow.add_task(later, depends_on=['third'])\n"
    events = run(opened(write(text), executor=kind, workers=None if kind == "sequential" else 2))  # type: ignore[call-arg]
    assert len(of(TaskCompleted, events)) == 4


def test_a_closed_session_leaves_no_run_behind(write: Write, opened: Open, comes: Comes) -> None:
    session = opened(write(GATED))
    session.start()
    comes("begun")
    session.close()
    assert not session.running
    assert session.exit_code == 130


def test_what_a_child_process_of_a_task_prints_is_no_event(write: Write, opened: Open, capfd: Any) -> None:
    session = opened(
        write("""
        def forks():
            child = os.fork()
            if not child:
                print("printed in a child", flush=True)
                os.write(1, b'["TaskStarted",1,99,1.0,"forks",7]\\n')
                os._exit(0)
            os.waitpid(child, 0)
            return subprocess.run(["echo", "printed by echo"]).returncode
        workflow = flow(forks)
        """)
    )
    events = run(session)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [event.attempt for event in of(TaskStarted, events)] == [1]
    assert "printed by echo" in capfd.readouterr().out
