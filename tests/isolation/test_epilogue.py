"""The end of a run whose process died: what follows from what it told and from what it wrote."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskRestored,
    TaskRetrying,
    TaskSkipped,
    TaskStarted,
)
from flowweaver.records import AttemptRecord, CodePrint, Provenance, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.tracebacks import Frame, frames_in
from fwtui.session.isolation.death import Death, crash_frames, thread_frames, trace_text
from fwtui.session.isolation.epilogue import Epilogue, Seen, epilogue
from fwtui.session.port import TaskInfo

RUN, NOW = 31, 100.0
SEGV = Death(-11)


def seen(*events: Event, planned: Mapping[str, str]) -> Seen:
    made = Seen()
    made.take(RunStarted(run_id=RUN, sequence=1, time=0.0, workflow="w", planned=planned))
    for event in events:
        made.take(event)
    return made


def running(name: str, attempt: int = 1, at: float = 10.0) -> TaskRecord:
    return TaskRecord(name, TaskStatus.RUNNING, at, run_id=RUN, attempt=attempt, started_at=at)


def chain(*names: str) -> list[TaskInfo]:
    return [TaskInfo(name, names[:place][-1:], path="/flow.py") for place, name in enumerate(names)]


def fact(number: int) -> dict[str, float | int]:
    return {"run_id": RUN, "sequence": number, "time": float(number)}


def names(end: Epilogue, kind: type[Event]) -> list[str]:
    return [event.task for event in end.events if isinstance(event, kind)]  # type: ignore[attr-defined]


def test_what_was_written_and_not_told_is_told_before_the_rest() -> None:
    told = seen(TaskStarted(**fact(2), task="a", attempt=1), planned=dict.fromkeys("abc", "run"))  # type: ignore[arg-type]
    attempts = [
        AttemptRecord("a", 1, 1.0, 2.0, "failed", "ValueError: 1", "trace", RUN),
        AttemptRecord("a", 2, 2.0, 3.0, "completed", run_id=RUN),
        AttemptRecord("b", 1, 3.0, 4.0, "completed", run_id=RUN),
    ]
    stored = {
        "a": TaskRecord("a", TaskStatus.COMPLETED, 3.0, run_id=RUN, attempt=2, summary="int 1", size=1),
        "b": TaskRecord("b", TaskStatus.COMPLETED, 4.0, run_id=RUN, attempt=1),
        "c": running("c"),
    }
    end = epilogue(told, chain("a", "b", "c"), [stored["c"]], stored, attempts, SEGV, NOW)
    assert [type(event).__name__ for event in end.events] == [
        "TaskRetrying", "TaskStarted", "TaskCompleted", "TaskStarted", "TaskCompleted", "TaskStarted", "TaskFailed",
        "RunFinished",
    ]  # fmt: skip
    assert [event.sequence for event in end.events] == list(range(3, 11))
    assert end.events[2].summary == "int 1"  # type: ignore[attr-defined]
    assert [record.task_name for record in end.records] == ["c"], "what is written already is not written again"
    assert told.sequence == 2, "it can be asked again"


def test_the_only_task_in_flight_has_failed_and_what_follows_is_skipped() -> None:
    told = seen(planned=dict.fromkeys("abcd", "run"))
    tasks = [TaskInfo("a"), TaskInfo("b", ("a",)), TaskInfo("c", ("b",)), TaskInfo("d")]
    end = epilogue(told, tasks, [running("a")], {}, [], SEGV, NOW)
    assert {record.task_name: record.status.value for record in end.records} == {
        "a": "FAILED",
        "b": "SKIPPED",
        "c": "SKIPPED",
    }
    assert [record.skipped_because for record in end.records] == [None, "a", "a"]
    (attempt,) = end.attempts
    assert (attempt.outcome, attempt.error, attempt.run_id) == ("failed", "its process died (SIGSEGV)", RUN)
    assert (end.outcome, end.failed_task) == ("failed", "a")
    assert end.counts == {"completed": 0, "reused": 0, "failed": 1, "skipped": 2, "pending": 1}
    assert end.error == "the process of run 31 died (SIGSEGV) while a ran"


def test_a_task_that_waited_for_another_attempt_is_interrupted_with_its_last_error() -> None:
    waits = TaskRecord("a", TaskStatus.RETRYING, 9.0, error="ValueError: 1", run_id=RUN, attempt=2, started_at=8.0)
    end = epilogue(seen(planned={"a": "run"}), chain("a"), [waits], {}, [], SEGV, NOW)
    (record,) = end.records
    assert (record.status, record.interrupted, record.error) == (TaskStatus.PENDING, True, "ValueError: 1")
    assert end.attempts == [], "its last attempt has its end"
    assert end.error == "the process of run 31 died (SIGSEGV)"


def test_where_the_signal_met_one_of_several_that_one_has_failed() -> None:
    death = Death(-11, (Frame("/flow.py", 7, "b"), Frame("/lib.py", 1, "inner")))
    end = epilogue(
        seen(planned={"a": "run", "b": "run"}),
        [TaskInfo("a", path="/flow.py"), TaskInfo("b", path="/flow.py")],
        [running("a"), running("b")],
        {},
        [],
        death,
        NOW,
    )
    assert [(event.task, event.interrupted) for event in end.events if isinstance(event, TaskFailed)] == [
        ("b", False),
        ("a", True),
    ]
    assert end.error == "the process of run 31 died (SIGSEGV) while b and a ran"
    trace = next(attempt.traceback for attempt in end.attempts if attempt.task_name == "b")
    assert frames_in(trace) == list(death.frames)


def test_where_a_person_ended_it_nothing_has_failed() -> None:
    end = epilogue(seen(planned=dict.fromkeys("ab", "run")), chain("a", "b"), [running("a")], {}, [], None, NOW)
    (record,) = end.records
    assert (record.status, record.interrupted) == (TaskStatus.PENDING, True)
    assert (end.outcome, end.error) == ("cancelled", None)
    assert (end.counts["interrupted"], end.counts["pending"]) == (1, 1)


def test_a_run_that_had_done_everything_is_complete() -> None:
    told = seen(
        TaskRestored(**fact(2), task="a"),  # type: ignore[arg-type]
        TaskStarted(**fact(3), task="b", attempt=1),  # type: ignore[arg-type]
        TaskCompleted(**fact(4), task="b", attempt=1, duration=1.0),  # type: ignore[arg-type]
        planned={"a": "reuse", "b": "run", "c": "leave"},
    )
    end = epilogue(told, chain("a", "b", "c"), [], {}, [], Death(0), NOW)
    assert (end.outcome, end.error) == ("completed", None)
    assert end.counts == {"completed": 1, "reused": 1, "failed": 0, "skipped": 0, "pending": 0}


# -- any run ----------------------------------------------------------------------------------------------------------

KINDS = ("completed", "failed", "running", "retrying", "waits", "reused")


@st.composite
def any_run(draw: st.DrawFn) -> tuple[list[TaskInfo], dict[str, str], int]:
    """Tasks in random order of dependence, what became of each, and how many of the events were told."""
    tasks: list[TaskInfo] = []
    for number in range(draw(st.integers(0, 8))):
        before = [task.name for task in tasks]
        deps = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        tasks.append(TaskInfo(f"t{number}", tuple(deps)))
    fates: dict[str, str] = {}
    for task in tasks:
        done = all(fates[dep] in ("completed", "reused") for dep in task.deps)
        fates[task.name] = draw(st.sampled_from(KINDS)) if done else "waits"
    return tasks, fates, draw(st.integers(0, 40))


def story(fates: Mapping[str, str]) -> tuple[list[Event], list[AttemptRecord]]:
    """All that a run would have told until its process died, and the attempts that it has written."""
    events: list[Event] = []
    attempts = []

    def add(kind: type[Event], **facts: object) -> None:
        events.append(kind(run_id=RUN, sequence=len(events) + 2, time=float(len(events)), **facts))

    for name, fate in sorted(fates.items(), key=lambda item: item[1] != "reused"):  # these are told first
        if fate == "reused":
            add(TaskRestored, task=name)
        elif fate != "waits":
            add(TaskStarted, task=name, attempt=1)
        if fate == "completed":
            add(TaskCompleted, task=name, attempt=1, duration=1.0)
        elif fate == "failed":
            add(TaskFailed, task=name, attempt=1, duration=1.0, error="E: 1")
        elif fate == "retrying":
            add(TaskRetrying, task=name, attempt=1, duration=1.0, delay=9.0, error="E: 1")
        if fate in ("completed", "failed", "retrying"):
            outcome = "completed" if fate == "completed" else "failed"
            attempts.append(AttemptRecord(name, 1, 1.0, 2.0, outcome, None, None, RUN))
    return events, attempts


@given(any_run(), st.sampled_from([SEGV, Death(3), None]))
def test_every_run_gets_an_end_that_holds_together(
    run: tuple[list[TaskInfo], dict[str, str], int], death: Death | None
) -> None:
    tasks, fates, count = run
    events, attempts = story(fates)
    told = events[: max(count, sum(fate == "reused" for fate in fates.values()))]
    before = seen(*told, planned={task.name: "reuse" if fates[task.name] == "reused" else "run" for task in tasks})
    states = {"running": TaskStatus.RUNNING, "retrying": TaskStatus.RETRYING, "completed": TaskStatus.COMPLETED}
    stored = {
        name: TaskRecord(name, states.get(fate, TaskStatus.FAILED), 1.0, run_id=RUN, attempt=1, started_at=1.0)
        for name, fate in fates.items()
        if fate not in ("waits", "reused")
    }
    left = [stored[name] for name, fate in fates.items() if fate in ("running", "retrying")]
    end = epilogue(before, tasks, left, stored, attempts, death, NOW)

    assert [event.sequence for event in end.events] == list(
        range(before.sequence + 1, before.sequence + 1 + len(end.events))
    )
    assert [type(event) for event in end.events].count(RunFinished) == 1
    assert isinstance(end.events[-1], RunFinished)
    after = seen(*told, *end.events, planned={})
    assert after.in_flight == {}, "nothing is told to run for ever"
    assert {record.task_name for record in end.records if record.status is not TaskStatus.SKIPPED} == {
        record.task_name for record in left
    }
    assert not {record.status for record in end.records} & {TaskStatus.RUNNING, TaskStatus.RETRYING}
    for name, fate in fates.items():
        if fate in ("completed", "failed", "reused"):
            assert after.words[name] == fate, "what had its end keeps it"
    failed = {name for name, word in after.words.items() if word == "failed"}
    skipped = {name for name, word in after.words.items() if word == "skipped"}
    for task in tasks:
        follows = any(dep in failed | skipped for dep in task.deps)
        assert (task.name in skipped) == follows, "skipped exactly what an ancestor of failed"
    assert sum(end.counts.values()) == len(tasks)
    assert end.counts["failed"] == len(failed)
    if death is None:
        assert end.outcome in ("cancelled", "completed")
        assert failed == {name for name, fate in fates.items() if fate == "failed"}
    names_told = [event.task for event in [*told, *end.events] if isinstance(event, TaskSkipped)]
    assert len(names_told) == len(set(names_told))


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("death", "said"),
    [
        (Death(-11), "the process of run 7 died (SIGSEGV) while a and b ran"),
        (Death(0), "the process of run 7 ended itself (exit code 0) while a and b ran"),
        (
            Death(-9),
            "the process of run 7 was killed (SIGKILL) while a and b ran. The system does that when memory runs out.",
        ),
        (Death(-250), "the process of run 7 died (signal 250) while a and b ran"),
        (Death(-9, said="closed the pipe to us"), "the process of run 7 closed the pipe to us while a and b ran"),
    ],
)
def test_how_a_process_died_is_said_in_a_sentence(death: Death, said: str) -> None:
    assert death.of_run(7, ["a", "b"]) == said


CRASH = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f1c6e7fc6c0 (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "/home/me/a flow.py", line 8 in inner
  File "/home/me/a flow.py", line 12 in crash
  File "{here}/attempt.py", line 60 in call
  File "{here}/executors/threads.py", line 30 in work
  File "/usr/lib/python3.11/threading.py", line 982 in run

Extension modules: _cffi_backend (total: 1)
"""


def test_of_all_threads_the_one_that_is_in_the_task_is_told() -> None:
    text = (
        'Thread 0x01 (most recent call first):\n  File "/flow.py", line 3 in other\n\n'
        'Current thread 0x02 (most recent call first):\n  File "/lib.py", line 9 in inner\n'
        '  File "/flow.py", line 5 in mine\n  File "/usr/threading.py", line 1 in run\n'
    )
    assert thread_frames(text, TaskInfo("mine", path="/flow.py")) == (
        Frame("/flow.py", 5, "mine"),
        Frame("/lib.py", 9, "inner"),
    )
    assert thread_frames(text, TaskInfo("nobody", path="/flow.py")) == ()


def test_a_crash_is_read_from_behind_what_was_asked_before() -> None:
    asked = 'Thread 0x01 (most recent call first):\n  File "/flow.py", line 3 in other\n\n'
    died = 'Fatal Python error: Aborted\n\nCurrent thread 0x02 (most recent call first):\n  File "/f.py", line 1 in crash\n'
    assert crash_frames(asked + died) == (Frame("/f.py", 1, "crash"),)


def test_what_failed_keeps_what_it_ran_with_and_the_inputs_as_they_are_stored() -> None:
    stored = {"a": TaskRecord("a", TaskStatus.COMPLETED, 1.0, run_id=RUN, attempt=1, digest="d1")}
    made = Provenance(CodePrint("1", "c1"), {"n": "p1"})
    told = seen(planned=dict.fromkeys("ab", "run"))
    end = epilogue(told, chain("a", "b"), [running("b")], stored, [], SEGV, NOW, {"b": made}.get)
    assert end.records[0].provenance == made._replace(inputs=("d1",))


def test_the_frames_of_a_crash_begin_at_the_task() -> None:
    import flowweaver

    frames = crash_frames(CRASH.format(here=flowweaver.__path__[0]))
    assert [frame.function for frame in frames] == ["crash", "inner", "string_at"]
    assert frames[0] == Frame("/home/me/a flow.py", 12, "crash")
    trace = trace_text(frames, "its process died (SIGSEGV)")
    assert trace is not None
    assert frames_in(trace) == list(frames)
    assert trace.endswith("\nits process died (SIGSEGV)")


def test_without_the_engine_all_frames_are_told_and_without_frames_none() -> None:
    assert [
        frame.function for frame in crash_frames('  File "a.py", line 2 in b\n  File "a.py", line 9 in <module>')
    ] == [
        "<module>",
        "b",
    ]
    assert crash_frames("Fatal Python error: Aborted\n\n<no Python frame>") == ()
    assert trace_text((), "x") is None


@given(st.text())
def test_whatever_a_dying_process_wrote_is_read_without_complaint(text: str) -> None:
    crash_frames(text)
