"""One story, told in one place: run 31 of the flights ETL failed at join_delays on its third attempt.

Every test of the screen, every picture and every screenshot is made from these scenes, at fixed times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

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
    TaskWriting,
)
from flowweaver.plan import Action, Plan, Reason, ReasonKind, TaskPlan
from flowweaver.records import AttemptRecord, LogLine, RunRecord, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.tracebacks import Frame
from fwtui.model.picker import Candidate
from fwtui.model.verdict import Ending
from fwtui.session.port import LoadProblem, Picture, Reload, RunRequest, TaskInfo

FILE = "workflows/etl.py"
EDGES: Mapping[str, tuple[str, ...]] = {
    "extract_flights": (),
    "extract_weather": (),
    "extract_airlines": (),
    "extract_airports": (),
    "validate_flights": ("extract_flights", "extract_airports"),
    "join_delays": ("extract_weather", "validate_flights"),
    "summarize_delays": ("join_delays",),
    "load_warehouse": ("join_delays",),
    "write_report": ("summarize_delays", "load_warehouse", "extract_airlines"),
}
RETRIES = {"extract_weather": 2, "join_delays": 2}
LINES = {"extract_flights": 31, "join_delays": 94}
DURATIONS = {
    "extract_flights": 0.9,
    "extract_weather": 0.4,
    "extract_airlines": 0.1,
    "extract_airports": 0.1,
    "validate_flights": 0.7,
    "join_delays": 0.8,
    "summarize_delays": 0.9,
    "load_warehouse": 1.3,
    "write_report": 0.45,
}
SUMMARIES = {
    "extract_flights": ("list, 27,004 items", 9_300_000),
    "extract_weather": ("dict, 2,226 items", 620_000),
    "extract_airlines": ("dict, 16 items", 400),
    "extract_airports": ("dict, 1,458 items", 104_000),
    "validate_flights": ("list, 26,483 items", 9_100_000),
}
ERROR = "KeyError: 'hour_utc'"


def at(clock: str) -> float:
    """Seconds since the epoch of a clock time of the day of the story, in whatever zone the tests run."""
    text = clock if "." in clock else f"{clock}.0"
    return datetime.strptime(f"2026-03-14 {text}", "%Y-%m-%d %H:%M:%S.%f").timestamp()


NOW = at("10:42:30")


def but(made, **changes):
    """The same record or picture with some facts changed, whichever kind of tuple or class it is."""
    return made._replace(**changes) if hasattr(made, "_replace") else replace(made, **changes)


def source(folder: Path) -> str:
    """Write the file in which the error happened, as far as anybody looks at it, and return its path."""
    lines = [""] * 120
    lines[85:88] = [
        "def nearest_hour(row, weather):",
        '    origin = row["origin"]',
        '    return weather[origin, row["hour_utc"]]',
    ]
    lines[100] = "    weather_then = nearest_hour(flight, weather)"
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
    import os

    os.utime(path, (at("10:41:00"), at("10:41:00")))
    return str(path)


def traceback_of(path: str) -> str:
    return (
        "Traceback (most recent call last):\n"
        f'  File "{path}", line 101, in join_delays\n'
        f'  File "{path}", line 88, in nearest_hour\n'
        f"{ERROR}"
    )


def stack_of(path: str) -> list[Frame]:
    """Where a running task is: in the story's file, which has called the standard library."""
    own = [Frame(path, 101, "join_delays"), Frame(path, 88, "nearest_hour")]
    return [*own, Frame("<frozen codecs>", 322, "decode"), Frame("<frozen codecs>", 331, "getstate")]


def infos(path: str | None = None) -> tuple[TaskInfo, ...]:
    return tuple(
        TaskInfo(
            name,
            deps,
            FILE,
            path,
            LINES.get(name, 40),
            RETRIES.get(name, 0),
            (1.0, 1.5) if name in RETRIES else (),
        )
        for name, deps in EDGES.items()
    )


def plan_of(**actions: tuple[Action, Sequence[Reason]] | tuple[Action, Sequence[Reason], bool]) -> Plan:
    reuse = (Action.REUSE, (Reason(ReasonKind.UP_TO_DATE, "up to date"),))
    return Plan({name: TaskPlan(name, *_three(actions.get(name, reuse))) for name in EDGES})


def _three(given):
    action, reasons, *stale = given
    return action, tuple(reasons), bool(stale and stale[0])


FIRST = (Action.RUN, [Reason(ReasonKind.NEVER_RAN, "first run")])
SKIPPED = (Action.RUN, [Reason(ReasonKind.SKIPPED, "skipped before")])
FAILED = (Action.RUN, [Reason(ReasonKind.FAILED, "failed before")])
CHANGED = (
    Action.RUN,
    [Reason(ReasonKind.FAILED, "failed before"), Reason(ReasonKind.CODE, "nearest_hour() changed")],
    True,
)

BEGAN = at("10:42:03.1")
"""Run 31 began."""
SPANS = {
    "extract_flights": ((0, 0.9),),
    "extract_weather": ((0, 0.1), (0.4, 0.8)),
    "extract_airlines": ((0, 0.12),),
    "extract_airports": ((0, 0.12),),
    "validate_flights": ((0.9, 1.6),),
    "join_delays": ((1.6, 2.4), (3.4, 4.2), (5.7, 6.5)),
}
"""Its attempts: when each began and ended, in seconds from there."""


def record(name: str, status: TaskStatus = TaskStatus.COMPLETED, **more) -> TaskRecord:
    started = BEGAN + SPANS.get(name, ((0.0, 0.0),))[-1][0]
    summary, size = SUMMARIES.get(name, ("", 0))
    done = status is TaskStatus.COMPLETED
    base = TaskRecord(
        name,
        status,
        started + DURATIONS[name],
        run_id=31,
        attempt=1,
        started_at=started,
        finished_at=started + DURATIONS[name],
        duration=DURATIONS[name],
        digest="d" if done else None,
        encoding="json" if done else None,
        summary=summary if done else "",
        size=size if done else 0,
    )
    return but(base, **more)


def failed_records() -> dict[str, TaskRecord]:
    records = {name: record(name) for name in list(EDGES)[:5]}
    records["extract_weather"] = record("extract_weather", attempt=2)
    records["join_delays"] = record("join_delays", TaskStatus.FAILED, attempt=3, error=ERROR, timestamp=at("10:42:09"))
    for name in ("summarize_delays", "load_warehouse", "write_report"):
        records[name] = TaskRecord(name, TaskStatus.SKIPPED, at("10:42:09"), run_id=31, skipped_because="join_delays")
    return records


def failed_attempts(path: str) -> dict[str, tuple[AttemptRecord, ...]]:
    errors = {"join_delays": (ERROR, traceback_of(path)), "extract_weather": ("OSError: weather file is locked", None)}
    return {name: tuple(_attempts(name, *errors.get(name, (None, None)))) for name in SPANS}


def _attempts(name: str, error: str | None, traceback: str | None) -> Iterator[AttemptRecord]:
    for number, (start, end) in enumerate(SPANS[name], 1):
        if number == len(SPANS[name]) and name != "join_delays":
            yield AttemptRecord(name, number, BEGAN + start, BEGAN + end, "completed", run_id=31)
        else:
            yield AttemptRecord(name, number, BEGAN + start, BEGAN + end, "failed", error, traceback, run_id=31)


RUN_31 = RunRecord(31, "etl", BEGAN, BEGAN + 6.5, "failed", "join_delays", "process 4711 on lab-3", unfinished=True)


def never_ran_picture(path: str | None = None) -> Picture:
    plan = plan_of(**dict.fromkeys(EDGES, FIRST))
    return Picture("etl", FILE, infos(path), plan, loaded_at=at("10:41:00"))


def failed_picture(path: str) -> Picture:
    """Pictures A and G: idle after the failed run."""
    plan = plan_of(join_delays=FAILED, summarize_delays=SKIPPED, load_warehouse=SKIPPED, write_report=SKIPPED)
    return Picture(
        "etl",
        FILE,
        infos(path),
        plan,
        failed_records(),
        (RUN_31,),
        failed_attempts(path),
        DURATIONS,
        loaded_at=at("10:41:00"),
    )


def stale_picture(path: str) -> Picture:
    """Picture C: the function that failed was edited."""
    plan = plan_of(join_delays=CHANGED, summarize_delays=SKIPPED, load_warehouse=SKIPPED, write_report=SKIPPED)
    return replace(failed_picture(path), plan=plan, loaded_at=at("10:43:15"))


def done_picture(path: str) -> Picture:
    records = {name: record(name, run_id=32 if name in list(EDGES)[5:] else 31) for name in EDGES}
    run = RunRecord(32, "etl", at("10:43:20"), at("10:43:22"), "completed", holder="process 4711 on lab-3")
    return replace(
        failed_picture(path), plan=plan_of(), records=records, runs=(run, RUN_31), attempts={}, loaded_at=at("10:43:15")
    )


HOLDER = "process 4711 on lab-3, since 10:02"


def followed_picture(path: str) -> Picture:
    """Run 31 goes on in another process: half of it is done, and it is at validate_flights."""
    records = {name: record(name) for name in list(EDGES)[:4]}
    records["validate_flights"] = TaskRecord(
        "validate_flights", TaskStatus.RUNNING, at("10:42:04"), run_id=31, attempt=1, started_at=at("10:42:04")
    )
    now_in = (Action.RUN, [Reason(ReasonKind.RUNNING, "running now in process 4711 on lab-3")])
    first = dict.fromkeys(list(EDGES)[5:], FIRST)
    run = but(RUN_31, outcome=None, finished_at=None, failed_task=None, unfinished=False)
    return replace(
        failed_picture(path),
        plan=plan_of(validate_flights=now_in, **first),
        records=records,
        runs=(run,),
        attempts={},
        holder=HOLDER,
    )


def saved_reload(path: str) -> Reload:
    return Reload(FILE, at("10:43:15"), stale_picture(path), affected=("join_delays",))


def log_of(task: str, attempt: int = 1) -> list[LogLine]:
    texts = {
        "join_delays": [
            ("10:42:08", "joining 26,483 departures with 2,226 hours of weather"),
            ("10:42:08", "EWR 9,893   JFK 9,161   LGA 7,950 flights read"),
        ],
        "validate_flights": [
            ("10:42:04", "27,004 flights, 521 cancelled"),
            ("10:42:05", "4 destinations are not in airports.csv: BQN PSE SJU STT"),
        ],
    }
    return [LogLine(task, attempt, at(clock), "out", text) for clock, text in texts.get(task, [])]


class Story:
    """Events of a run, numbered as they come."""

    def __init__(self, run_id: int = 31) -> None:
        self.run_id = run_id
        self.sequence = 0

    def _event(self, kind, time: float, **facts) -> Event:
        self.sequence += 1
        return kind(run_id=self.run_id, sequence=self.sequence, time=time, **facts)

    def begins(self, clock: str = "10:42:03", planned: Mapping[str, str] | None = None) -> Event:
        planned = planned or dict.fromkeys(EDGES, "run")
        reasons = {name: "first run" if what == "run" else "up to date" for name, what in planned.items()}
        return self._event(RunStarted, at(clock), workflow="etl", planned=planned, reasons=reasons)

    def starts(self, task: str, clock: str = "10:42:03", attempt: int = 1) -> Event:
        return self._event(TaskStarted, at(clock), task=task, attempt=attempt)

    def completes(self, task: str, clock: str = "10:42:04", attempt: int = 1) -> Event:
        return self._event(TaskCompleted, at(clock), task=task, attempt=attempt, duration=DURATIONS.get(task, 0.1))

    def restores(self, task: str, from_run: int = 31) -> Event:
        return self._event(TaskRestored, at("10:43:20"), task=task, from_run=from_run)

    def retries(self, task: str, clock: str, delay: float, error: str, attempt: int = 1) -> Event:
        return self._event(TaskRetrying, at(clock), task=task, attempt=attempt, delay=delay, duration=0.1, error=error)

    def fails(self, task: str, clock: str, attempt: int = 1, traceback: str | None = None, **more) -> Event:
        return self._event(
            TaskFailed,
            at(clock),
            task=task,
            attempt=attempt,
            duration=0.8,
            error=more.pop("error", ERROR),
            traceback=traceback,
            **more,
        )

    def skips(self, task: str, because: str, clock: str = "10:42:09") -> Event:
        return self._event(TaskSkipped, at(clock), task=task, because=because)

    def writes(self, task: str, clock: str, *texts: str, attempt: int = 1, first: int = 0) -> Event:
        lines = tuple(LogLine(task, attempt, at(clock), "out", text) for text in texts)
        return self._event(TaskOutput, at(clock), task=task, attempt=attempt, lines=lines, first=first)

    def is_writing(self, task: str, clock: str, *texts: str, left_out: int = 0) -> Event:
        lines = tuple(LogLine(task, 1, at(clock), "out", text) for text in texts)
        return self._event(TaskWriting, at(clock), task=task, attempt=1, lines=lines, left_out=left_out)

    def ends(self, outcome: str, clock: str, duration: float, **more) -> Event:
        return self._event(RunFinished, at(clock), workflow="etl", outcome=outcome, duration=duration, **more)

    def running(self) -> list[Event]:
        """Picture B: half a second into run 31."""
        return [
            self.begins(),
            self.starts("extract_flights"),
            self.starts("extract_weather"),
            self.starts("extract_airlines"),
            self.starts("extract_airports"),
            self.completes("extract_airlines", "10:42:03.1"),
            self.completes("extract_airports", "10:42:03.1"),
            self.writes("extract_flights", "10:42:03", "opening workflows/data/flights_2013_01.csv.gz"),
            self.writes("extract_flights", "10:42:03", "10,000 rows", "20,000 rows"),
            self.retries("extract_weather", "10:42:03.1", 2.0, "OSError: weather file is locked"),
        ]

    def to_failure(self, path: str) -> list[Event]:
        """The rest of run 31."""
        skipped = ("summarize_delays", "load_warehouse", "write_report")
        return [
            self.completes("extract_flights", "10:42:03.9"),
            self.starts("extract_weather", "10:42:03.4", 2),
            self.completes("extract_weather", "10:42:03.8", 2),
            self.starts("validate_flights", "10:42:04"),
            self.completes("validate_flights", "10:42:04.7"),
            self.starts("join_delays", "10:42:08.2", 3),
            self.fails("join_delays", "10:42:09", 3, traceback_of(path)),
            *(self.skips(name, "join_delays") for name in skipped),
            self.ends("failed", "10:42:09.5", 6.5, failed_task="join_delays"),
        ]


RUN_30 = but(
    RUN_31,
    run_id=30,
    started_at=at("10:32:00"),
    finished_at=at("10:32:04"),
    outcome="completed",
    failed_task=None,
    unfinished=False,
)
OLD = [AttemptRecord("extract_flights", 1, at("10:32:00"), at("10:32:01"), "completed", run_id=30)]


@dataclass
class FakeSession:
    """A session that does what a test tells it to, and remembers what it was asked."""

    picture: Picture | LoadProblem | Exception
    running: bool = False
    problem: LoadProblem | None = None
    exit_code: int = 0
    threads_left: tuple[str, ...] = ()
    isolated: bool = False
    reloads: list[Reload] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    calls: list[tuple] = field(default_factory=list)
    refuse: Exception | None = None
    clears: list[str] = field(default_factory=list)
    gate: object = None
    old_attempts: Mapping[int, list[AttemptRecord]] = field(default_factory=dict)
    stacks: dict[str, list[Frame]] = field(default_factory=dict)
    logs: dict[tuple[str, int], list[LogLine]] = field(default_factory=dict)

    def open(self) -> Picture:
        self.calls.append(("open",))
        if self.gate is not None:
            self.gate.wait(10)
        return self.refresh()

    def refresh(self) -> Picture:
        if isinstance(self.picture, Exception):
            if isinstance(self.picture, LoadProblem):
                self.problem = self.picture
            raise self.picture
        return self.picture

    def check_disk(self) -> Reload | None:
        if not self.reloads:
            return None
        reload = self.reloads.pop(0)
        self.problem = reload.problem
        if reload.picture is not None:
            self.picture = reload.picture
        return reload

    def start(self, request: RunRequest) -> None:
        self.calls.append(("start", request))
        if self.refuse is not None:
            raise self.refuse
        self.running = True

    def stop(self) -> None:
        self.calls.append(("stop",))

    def cancel(self) -> None:
        self.calls.append(("cancel",))
        self.running = False

    def wait(self, timeout: float | None = None) -> bool:
        self.calls.append(("wait", timeout))
        return not self.running

    def drain(self) -> list[Event]:
        taken, self.events = self.events, []
        if any(isinstance(event, RunFinished) for event in taken):
            self.running = False
        return taken

    def log(self, task: str, *, run_id: int | None = None, attempt: int | None = None) -> list[LogLine]:
        return list(self.logs.get((task, attempt or 1)) or log_of(task, attempt or 1))

    def stack(self, task: str) -> list[Frame]:
        return list(self.stacks.get(task, []))

    def attempts_of_run(self, run_id: int) -> list[AttemptRecord]:
        return self.old_attempts.get(run_id, [])

    def keep_copy(self, text: str) -> str:
        if isinstance(self.refuse, OSError):
            raise self.refuse
        self.calls.append(("keep_copy", text))
        return ".fwtui/copy.txt"

    def clear(self, names: Sequence[str]) -> list[str]:
        self.calls.append(("clear", list(names)))
        return list(names)

    def undo_clear(self) -> list[str]:
        self.calls.append(("undo",))
        return self.clears

    def watch(self, on_change: Callable[[], None]) -> None:
        self.calls.append(("watch",))

    def follow(self, on_change: Callable[[], None], *, files: bool = True) -> None:
        self.calls.append(("follow", files))
        self.changed_elsewhere = on_change

    def ending(self) -> Ending | None:
        return None

    def close(self) -> None:
        self.calls.append(("close",))

    def called(self, name: str) -> list[tuple]:
        return [call for call in self.calls if call[0] == name]


def with_an_old_run(path: str) -> FakeSession:
    """A session whose run before the last one was good."""
    picture = replace(failed_picture(path), runs=(RUN_31, RUN_30))
    return FakeSession(picture, old_attempts={30: OLD})


# -- a folder of workflows --------------------------------------------------------------------------------------------

DAY = 86_400.0


def _run(number: int, outcome: str | None, began: float, seconds: float, **more) -> RunRecord:
    ended = None if outcome in (None, "interrupted") else began + seconds
    return RunRecord(number, "w", began, ended, outcome, holder="process 4711 on lab-3", **more)


def candidates() -> list[Candidate]:
    """One workflow in each of the ways in which it may stand."""

    def of(file: str, **facts) -> Candidate:
        return Candidate(f"/w/{file}", facts.pop("name", None), file, **facts)

    nine = {"completed": 9}
    failed = _run(31, "failed", NOW - 60, 6.5, failed_task="join_delays", counts={"failed": 1, "completed": 5})
    good = [_run(12, "completed", NOW - DAY, 6.6, counts=nine), _run(11, "completed", NOW - 2 * DAY, 3.3, counts=nine)]
    going_on = _run(4, None, NOW - 75, 0)
    stopped = _run(2, "cancelled", NOW - 3 * DAY, 41.0, counts={"completed": 3, "pending": 4})
    return [
        of("async_aggregation.py", workflow="aggregation", runs=tuple(good)),
        of("broken.py", problem="line 88, SyntaxError: '[' was never closed"),
        of("etl.py", workflow="etl", runs=(failed,)),
        of("ml_pipeline.py", workflow="ml", runs=(going_on,), holder="process 4711 on lab-3, since 10:41"),
        of("new.py"),
        of("old.py", workflow="old", fault="/w/.fwtui/old.db is damaged: move it away, or name another file"),
        of("stations.py", name="daily", workflow="daily", runs=(stopped,)),
        of("stations.py", name="hourly", workflow="hourly", runs=(_run(7, "interrupted", NOW - 600, 0),)),
    ]


@dataclass
class FakeWorkflows:
    """A list of workflows that a test fills; each is opened as the session that is given for its key."""

    found: list[Candidate] = field(default_factory=candidates)
    sessions: Mapping[str, FakeSession] = field(default_factory=dict)
    title: str = "workflows/"
    opened: list[str] = field(default_factory=list)
    reads: int = 0
    named: list[tuple[str, ...]] = field(default_factory=list)

    def read(self):
        self.reads += 1
        yield from self.found

    def open(self, candidate: Candidate) -> FakeSession:
        self.opened.append(candidate.key)
        return self.sessions[candidate.key]

    def none_text(self) -> str:
        return "workflows/ has no workflow files; there are some in workflows/daily"

    def of_file(self, path: Path, names: Sequence[str]) -> FakeWorkflows:
        self.named.append(tuple(names))
        found = [Candidate(str(path), name, path.name, workflow=name) for name in names]
        return FakeWorkflows(found, self.sessions, title=path.name)
