"""What a task does to its process ends that run, is told with the tasks in flight, and nothing else comes of it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowweaver.errors import WorkflowExecutionError
from flowweaver.events import Event, RunFinished, TaskCompleted, TaskFailed, TaskRestored, TaskSkipped, TaskStarted
from flowweaver.plan import Action
from fwtui.session.port import LoadProblem, Picture
from fwtui.session.session import Session

SOON = 20.0

Write = Callable[..., Path]
Open = Callable[[Path], Session]
Comes = Callable[[str], str]

DEATHS = {
    "a segmentation fault": ("ctypes.string_at(0)", "died (SIGSEGV)"),
    "an abort": ("os.abort()", "died (SIGABRT)"),
    "os._exit": ("os._exit(3)", "ended itself (exit code 3)"),
    "os._exit(0)": ("os._exit(0)", "ended itself (exit code 0)"),
    "the system's choice when memory runs out": ("os.kill(os.getpid(), signal.SIGKILL)", "was killed (SIGKILL)"),
}

CRASH = """
def before():
    return [1, 2]

def crash(before):
    print("last words")
    if not (HERE / "fixed").exists(): {}
    return before

def after(crash):
    return len(crash)

def aside(after): pass

workflow = flow(before, crash, after, crash=["before"], after=["crash"])
"""

TWO = """
def one():
    mark("one")
    wait_for("two")
    {}
def two():
    mark("two")
    wait_for("never")
def after(one): pass
workflow = flow(one, two, after, after=["one"])
"""


def run(session: Session) -> list[Event]:
    session.start()
    assert session.wait(SOON)
    return session.drain()


def of(kind: type[Event], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def rows(session: Session) -> set[str]:
    """The states that stand in the file itself, whatever a reader makes of them."""
    with sqlite3.connect(session.project.state) as state:
        return {status for (status,) in state.execute("SELECT status FROM tasks")}


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text() if Path("/proc").exists() else True
    except (FileNotFoundError, ProcessLookupError):  # it has gone since
        return False


def ends(process: int) -> bool:
    deadline = time.monotonic() + SOON
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(process)


@pytest.mark.parametrize("death", DEATHS)
def test_a_task_that_takes_its_process_down_has_failed_and_the_run_resumes(
    death: str, write: Write, open_session: Open, tmp_path: Path
) -> None:
    statement, how = DEATHS[death]
    session = open_session(write(CRASH.format(statement)))
    session.open()
    events = run(session)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    (failed,) = of(TaskFailed, events)
    assert (failed.task, failed.error, failed.interrupted) == ("crash", f"its process {how}", False)
    assert [(event.task, event.because) for event in of(TaskSkipped, events)] == [("after", "crash")]
    (finished,) = of(RunFinished, events)
    assert finished.error.startswith(f"the process of run 1 {how} while crash ran")
    assert (finished.failed_task, finished.counts) == (
        "crash",
        {"completed": 1, "reused": 0, "failed": 1, "skipped": 1, "pending": 0},
    )
    assert (session.exit_code, session.running) == (1, False)
    assert rows(session) == {"COMPLETED", "FAILED", "SKIPPED"}
    picture = session.refresh()
    assert (picture.holder, picture.runs[0].outcome, picture.runs[0].failed_task) == (None, "failed", "crash")
    assert picture.plan.names(Action.RUN) == ["crash", "after"]
    assert [line.text for line in session.log("crash")] == ["last words"]
    (tmp_path / "fixed").touch()
    events = run(session)
    assert [event.task for event in of(TaskRestored, events)] == ["before"]
    assert [event.task for event in of(TaskCompleted, events)] == ["crash", "after"]
    assert session.exit_code == 0


def test_where_it_was_is_told_as_of_any_failure(write: Write, open_session: Open) -> None:
    session = open_session(write(CRASH.format("ctypes.string_at(0)")))
    run(session)
    ending = session.ending()
    assert ending is not None
    frame = ending.failures[0].frames[-1]
    assert (frame.function, frame.source) == ("crash", 'if not (HERE / "fixed").exists(): ctypes.string_at(0)')
    assert session.attempts("crash", 1)[0].traceback is not None


def test_of_several_tasks_in_flight_the_one_that_the_signal_met_has_failed(write: Write, open_session: Open) -> None:
    session = open_session(write(TWO.format("ctypes.string_at(0)")))
    events = run(session)
    assert {event.task: event.interrupted for event in of(TaskFailed, events)} == {"one": False, "two": True}
    assert events[-1].error == "the process of run 1 died (SIGSEGV) while one and two ran"  # type: ignore[attr-defined]
    assert rows(session) == {"FAILED", "PENDING", "SKIPPED"}
    assert session.refresh().records["two"].interrupted


def test_where_nobody_can_tell_which_it_was_all_are_interrupted_and_named(write: Write, open_session: Open) -> None:
    session = open_session(write(TWO.format("os._exit(1)")))
    events = run(session)
    assert {event.task: event.interrupted for event in of(TaskFailed, events)} == {"one": True, "two": True}
    assert events[-1].error == "the process of run 1 ended itself (exit code 1) while one and two ran"  # type: ignore[attr-defined]
    assert (events[-1].outcome, rows(session), session.exit_code) == ("interrupted", {"PENDING"}, 1)  # type: ignore[attr-defined]
    assert session.refresh().plan.names(Action.RUN) == ["one", "two", "after"]


def test_a_task_that_takes_all_memory_fails_or_takes_down_its_run_only(write: Write, open_session: Open) -> None:
    session = open_session(
        write("""
        def before(): return 1
        def greedy(before):
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))
            kept = []
            while True: kept.append(bytearray(1_000_000))
        workflow = flow(before, greedy, greedy=["before"])
        """)
    )
    events = run(session)
    (failed,) = of(TaskFailed, events)
    assert failed.task == "greedy"
    assert session.exit_code == 1
    assert "RUNNING" not in rows(session)
    assert session.refresh().plan.names(Action.REUSE) == ["before"]


HOLDS = """
def holds():
    mark("holds", str(os.getpid()))
    ctypes.PyDLL(None).sleep(300)  # C code that does not let go of the interpreter
def after(holds): pass
workflow = flow(holds, after, after=["holds"])
"""


def test_a_task_that_holds_the_interpreter_is_stopped_at_once(write: Write, open_session: Open, comes: Comes) -> None:
    session = open_session(write(HOLDS))
    session.start()
    process = int(comes("holds"))
    session.stop()
    if hasattr(signal, "SIGRTMAX"):
        assert [frame.function for frame in session.stack("holds")] == ["holds"], "asked past the interpreter"
    assert session.stack("after") == []
    session.cancel(0.1)
    assert session.wait(SOON)
    events = session.drain()
    assert [(event.task, event.interrupted) for event in of(TaskFailed, events)] == [("holds", True)]
    assert (events[-1].outcome, events[-1].error, session.exit_code) == ("cancelled", None, 130)  # type: ignore[attr-defined]
    assert rows(session) == {"PENDING"}
    assert ends(process)
    assert session.refresh().holder is None


def test_a_task_is_known_to_have_begun_before_its_first_instruction(write: Write, open_session: Open) -> None:
    session = open_session(
        write("""
        LIBRARY = ctypes.PyDLL(None)
        def quick(): return 1
        def holds(quick): LIBRARY.sleep(300)
        workflow = flow(quick, holds, holds=["quick"])
        """)
    )
    session.start()
    begun: list[str] = []
    deadline = time.monotonic() + SOON
    while begun != ["quick", "holds"] and time.monotonic() < deadline:
        begun += [event.task for event in of(TaskStarted, session.drain())]
        session.wait(0.01)
    assert begun == ["quick", "holds"]
    session.cancel(0.0)
    assert session.wait(SOON)


def test_a_deadline_holds_also_for_a_task_that_holds_the_interpreter(
    write: Write, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fwtui.session.isolation.run._LATE", 0.1)
    # Enough for a busy machine to come to where the interpreter is held, before the engine gives the task up.
    session = open_session(write(HOLDS.replace("def holds", "@task(timeout=1.5)\ndef holds")))
    events = run(session)
    (failed,) = of(TaskFailed, events)
    assert (failed.task, failed.timed_out, failed.interrupted) == ("holds", True, False)
    assert failed.error == "TaskTimeoutError: holds timed out after 1.5s, and its process with it"
    assert events[-1].error == (  # type: ignore[attr-defined]
        "the process of run 1 was ended, for a task held its interpreter beyond a deadline while holds ran"
    )
    assert session.refresh().records["holds"].timed_out
    assert [attempt.outcome for attempt in session.attempts_of_run(1)] == ["timed out"]


def test_a_task_that_took_its_process_down_is_stale_once_it_is_edited(write: Write, open_session: Open) -> None:
    session = open_session(write(CRASH.format("os._exit(3)")))
    session.open()
    run(session)
    assert not session.refresh().plan.tasks["crash"].stale
    write(CRASH.format("pass"))
    reload = session.check_disk()
    assert reload is not None
    assert reload.affected == ("crash",)
    assert reload.picture is not None
    assert reload.picture.plan.tasks["crash"].why == "crash() changed; failed before"


def test_a_run_whose_engine_a_task_broke_is_ended_by_what_is_in_the_state(write: Write, open_session: Open) -> None:
    session = open_session(
        write("""
        def breaks():
            import flowweaver.run
            flowweaver.run.Run._summarise = None
        def after(breaks): pass
        workflow = flow(breaks, after, after=["breaks"])
        """)
    )
    events = run(session)
    (finished,) = of(RunFinished, events)
    assert (finished.outcome, finished.counts["completed"], session.exit_code) == ("completed", 2, 0)
    picture = session.refresh()
    assert (picture.runs[0].outcome, picture.holder) == ("completed", None)


def test_a_run_that_was_whole_when_its_process_died_is_done(write: Write, open_session: Open) -> None:
    """The end is in the state before it is told of."""
    session = open_session(
        write("""
        def first(): pass
        def last(first):
            from flowweaver.stores.sqlite_journal import SQLiteJournal
            from fwtui.session.isolation.pipe import MessagePipe
            finish = SQLiteJournal.finish
            def finish_and_die(*arguments, **more):
                finish(*arguments, **more)
                os.kill(os.getpid(), signal.SIGKILL)
            SQLiteJournal.finish = finish_and_die
            MessagePipe.put = lambda self, message: None  # what is not sent at once is never heard of
        workflow = flow(first, last, last=["first"])
        """)
    )
    events = run(session)
    assert [event.task for event in of(TaskCompleted, events)] == ["first", "last"]
    assert of(TaskFailed, events) == []
    (finished,) = of(RunFinished, events)
    assert (finished.outcome, finished.error, session.exit_code) == ("completed", None, 0)
    assert session.refresh().runs[0].outcome == "completed"


def test_a_single_run_too_keeps_what_its_task_ran_with(write: Write, open_session: Any) -> None:
    single = open_session(write(CRASH.format("os._exit(3)")), one_run=True)
    single.open()
    run(single)
    single.close()
    session = open_session(write(CRASH.format("pass")))
    assert session.open().plan.tasks["crash"].why == "crash() changed; failed before"


PARENT = """
def starts():
    child = subprocess.Popen(["sleep", "300"])
    mark("child", str(child.pid))
    {}
workflow = flow(starts)
"""


@pytest.mark.parametrize("waits", ["child.wait()", 'wait_for("never")', "ctypes.PyDLL(None).sleep(300)"])
def test_a_cancel_ends_what_tasks_have_started_too(waits: str, write: Write, open_session: Open, comes: Comes) -> None:
    session = open_session(write(PARENT.format(waits)))
    session.start()
    child = int(comes("child"))
    session.cancel(0.1)
    assert session.wait(SOON)
    assert ends(child)


def test_what_a_run_that_ended_well_has_left_running_is_left_alone(
    write: Write, open_session: Open, comes: Comes
) -> None:
    session = open_session(write(PARENT.format("return 1")))
    run(session)
    session.refresh()
    child = int(comes("child"))
    session.close()
    try:
        time.sleep(0.2)
        assert alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_thread_that_a_task_left_behind_does_not_keep_the_process(
    write: Write, open_session: Open, comes: Comes
) -> None:
    session = open_session(
        write("""
        def leaves():
            threading.Thread(target=wait_for, args=("never",)).start()
            mark("process", str(os.getpid()))
        workflow = flow(leaves)
        """)
    )
    run(session)
    assert session.exit_code == 0
    assert ends(int(comes("process")))


def test_runs_and_saves_leave_neither_descriptors_nor_processes_behind(write: Write, open_session: Open) -> None:
    def descriptors() -> int:
        return len(os.listdir("/dev/fd"))

    before = descriptors()
    session = open_session(write(CRASH.format("os._exit(1)")))
    pids = set()
    for number in range(3):
        write(CRASH.format("os._exit(1)") + f"# {number}\n")
        session.check_disk()
        pids.add(session.file._host.pid)  # type: ignore[attr-defined]
        run(session)
        pids.add(session._runner._run._host.pid)  # type: ignore[union-attr]
    session.close()
    assert len(pids) == 6
    assert all(map(ends, pids))
    deadline = time.monotonic() + SOON
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert descriptors() <= before


def test_a_process_that_is_asked_to_terminate_ends_its_run_in_good_order(
    write: Write, open_session: Open, comes: Comes, tmp_path: Path
) -> None:
    session = open_session(
        write("""
        def gated():
            mark("begun", str(os.getpid()))
            wait_for("go")
        def after(gated): pass
        workflow = flow(gated, after, after=["gated"])
        """)
    )
    session.start()
    os.kill(int(comes("begun")), signal.SIGTERM)
    (tmp_path / "go").touch()
    assert session.wait(SOON)
    events = session.drain()
    assert [event.task for event in of(TaskCompleted, events)][:1] == ["gated"]


def test_the_process_that_looks_may_die_too(write: Write, open_session: Open) -> None:
    session = open_session(write(CRASH.format("pass")))
    picture = session.open()
    host = session.file._host  # type: ignore[attr-defined]
    host.kill()
    host._process.wait()
    assert session.refresh().plan == picture.plan
    assert session.file._host is not host  # type: ignore[attr-defined]


def test_a_file_that_takes_its_process_down_while_it_is_loaded_does_not_load(write: Write, open_session: Open) -> None:
    file = write("def helper():\n    ctypes.string_at(0)\nhelper()\n")
    session = open_session(file)
    with pytest.raises(LoadProblem, match=r"its process died \(SIGSEGV\) while it was loaded") as told:
        session.open()
    assert told.value.path == str(file)
    assert told.value.line == len(file.read_text().split("ctypes.string_at")[0].splitlines())
    assert [frame.rsplit(" ", 1)[1] for frame in told.value.frames] == ["<module>", "helper"]
    file.write_text("from flowweaver import Workflow\nworkflow = Workflow('w')\n")
    reload = session.check_disk()
    assert reload is not None
    assert isinstance(reload.picture, Picture)


def test_a_file_that_never_finishes_loading_does_not_hold_up_the_end(
    write: Write, open_session: Open, comes: Comes
) -> None:
    import threading

    session = open_session(write('mark("loading", str(os.getpid()))\nctypes.PyDLL(None).sleep(300)\n'))
    told: list[str] = []

    def load() -> None:
        try:
            session.open()
        except LoadProblem as problem:
            told.append(problem.text)

    loading = threading.Thread(target=load)
    loading.start()
    process = int(comes("loading"))
    session.close()
    loading.join(SOON)
    assert told == ["its process was killed (SIGKILL) while it was loaded"]
    assert ends(process)


def test_the_pipes_are_not_for_processes_that_tasks_start(write: Write, open_session: Open, comes: Comes) -> None:
    session = open_session(
        write("""
        def forks():
            ours = set(os.listdir("/proc/self/fd"))
            child = os.fork()
            if not child:
                mark("forked", json(sorted(map(int, os.listdir("/proc/self/fd")))))
                os._exit(0)
            os.waitpid(child, 0)
            mark("started", subprocess.run(
                [sys.executable, "-c", "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"],
                capture_output=True, text=True).stdout)
            mark("ours", json(sorted(map(int, ours))))
        def json(value): return __import__("json").dumps(value)
        workflow = flow(forks)
        """)
    )
    if not Path("/proc/self/fd").exists():
        pytest.skip("there is no /proc here")
    run(session)
    ours, forked, started = (set(json.loads(comes(name))) for name in ("ours", "forked", "started"))
    assert started <= {0, 1, 2, 3}, "nothing but the three, and the folder that is being listed"
    assert len(ours - forked) >= 4, "commands, messages, and the two ends that wake it"


def test_garbage_on_the_pipe_is_said_and_left_out(write: Write, open_session: Open, capfd: Any) -> None:
    session = open_session(
        write("""
        def scribbles():
            import fcntl, stat
            pipes = {}
            for number in range(3, 1024):
                try: found = os.fstat(number)
                except OSError: continue
                if stat.S_ISFIFO(found.st_mode): pipes.setdefault(found.st_ino, []).append(number)
            # The one of which this process has the writing end only.
            (pipe,) = (ends[0] for ends in pipes.values() if len(ends) == 1 and fcntl.fcntl(ends[0], fcntl.F_GETFL) & 1)
            os.write(pipe, b"no message\\n" + b"x" * 200_000 + b"\\n")
        workflow = flow(scribbles)
        """)
    )
    events = run(session)
    assert isinstance(events[-1], RunFinished)
    assert events[-1].outcome == "completed", "it has found the pipe"
    assert not session.running
    said = [line for line in capfd.readouterr().err.splitlines() if "no message of ours" in line]
    assert len(said) == 1


def test_every_finished_task_is_told_and_none_is_lost_however_soon_the_process_dies(
    write: Write, open_session: Open
) -> None:
    """Events lag behind what is in the state; those that were not told any more are told from there."""
    session = open_session(
        write("""
        from functools import partial
        from flowweaver import Task
        def number(n):
            if n == 150: os._exit(1)
            return n
        workflow = Workflow("w")
        for n in range(200):
            workflow.add_task(Task(f"t{n}", partial(number, n)))
        """),
        executor="sequential",  # type: ignore[call-arg]
    )
    events = run(session)
    done = [event.task for event in of(TaskCompleted, events)]
    assert done == [f"t{n}" for n in range(150)]
    assert [event.task for event in of(TaskFailed, events)] == ["t150"]
    assert events[-1].counts["completed"] == 150  # type: ignore[attr-defined]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len(session.attempts_of_run(1)) == 151


SHOWS = """
import sys
from pathlib import Path
from fwtui.session.project import Project
from fwtui.session.session import Session
from fwtui.session.settings import Settings
session = Session(Project.of(Path(sys.argv[1])), Settings(isolate=True))
session.start()
session.wait()
"""


@pytest.mark.parametrize("waits", ["child.wait()", "ctypes.PyDLL(None).sleep(300)"])
def test_when_the_one_that_shows_is_killed_the_run_ends_with_all_that_it_started(
    waits: str, write: Write, open_session: Open, comes: Comes, tmp_path: Path
) -> None:
    file = write(PARENT.format(waits))
    shows = subprocess.Popen([sys.executable, "-c", SHOWS, str(file)])
    child = int(comes("child"))
    shows.kill()
    shows.wait()
    assert ends(child)
    session = open_session(file)
    deadline = time.monotonic() + SOON
    while (picture := session.refresh()).holder is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (picture.holder, picture.records["starts"].interrupted) == (None, True)
    write("def starts(): return 1\nworkflow = flow(starts)\n")
    run(session)
    assert session.exit_code == 0


def test_the_error_of_such_a_run_is_an_execution_error_that_names_the_task(write: Write, open_session: Open) -> None:
    session = open_session(write(CRASH.format("os._exit(3)")))
    run(session)
    error = session._runner.error
    assert isinstance(error, WorkflowExecutionError)
    assert (error.failed_task, error.workflow_name) == ("crash", "w")
