"""What the dashboard knows of a workflow at one moment, frozen, and how it follows from what is stored.

``idle_view`` makes it from a picture of the store; ``folding.fold`` carries it through the events of a run. Everything
that is drawn is a pure function of such a view, so that a scene in a test is a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from flowweaver.plan import Action, Plan
from flowweaver.records import AttemptRecord, RunRecord, TaskRecord
from fwtui.model.pictures import PictureLike, TaskLike
from fwtui.model.reused import Reused
from fwtui.model.standing import standing, standing_in_run
from fwtui.model.status import DONE_STATES, FAILURES, OPEN_STATES, State
from fwtui.model.text import visible

__all__ = ["Facts", "RunFacts", "RunView", "TaskView", "dependents_of", "idle_view", "run_elsewhere"]


@dataclass(frozen=True, slots=True)
class Facts:
    """A task of which nothing but its name is known: one that a run brought and no picture has shown yet."""

    name: str
    deps: tuple[str, ...] = ()
    source: str | None = None
    path: str | None = None
    line: int | None = None
    retries: int = 0
    retry_waits: tuple[float, ...] = ()
    timeout: float | None = None
    description: str = ""


class TaskView(NamedTuple):
    """One task as it is shown. All text in it is safe to show; ``name`` is what the engine calls it.

    A tuple, not a data class, for a fifth of its price: thousands are made a second while tasks end by the thousand.

    Attributes:
        title: the name as it is shown.
        attempt: number of the last attempt, 0 if none.
        duration: seconds that the last attempt took, None while it runs or if there was none.
        retry_at: when the next attempt starts, for one that waits to be retried.
        error: the first line of its last error.
        note: why it is done, or to be done, or anything else that its state has to say.
        from_run: the run whose result is reused.
        because: the failed ancestor of a skipped task.
        not_kept: why its result cannot be kept, "" if it is.
        left: the run that goes on leaves it as it is.
    """

    name: str
    state: State
    info: TaskLike
    title: str = ""
    attempt: int = 0
    started_at: float | None = None
    duration: float | None = None
    finished_at: float | None = None
    retry_at: float | None = None
    error: str = ""
    note: str = ""
    from_run: int | None = None
    because: str | None = None
    summary: str = ""
    size: int = 0
    not_kept: str = ""
    run_id: int | None = None
    left: bool = False

    @property
    def attempts_allowed(self) -> int:
        """How often it may be tried."""
        return self.info.retries + 1


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run that is shown: the one that goes on, or the last.

    Attributes:
        outcome: "completed", "failed", "cancelled", "interrupted", None while it goes on.
        duration: seconds from its start to its end, None while it goes on.
        here: it belongs to this session.
        error: why it ended, if that was not a task's failure.
    """

    run_id: int
    started_at: float
    finished_at: float | None = None
    outcome: str | None = None
    duration: float | None = None
    failed_task: str | None = None
    holder: str = ""
    here: bool = False
    error: str = ""


_NO_PLAN = Plan(tasks=MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class RunView:
    """A workflow at one moment.

    Attributes:
        tasks: by name, in the workflow's order.
        dependents: which tasks depend directly on a task.
        counts: tasks by state; they add up to the number of tasks.
        run: the run that goes on, or the last one; None if there was none.
        stopping: no further task starts.
        quitting: and then the dashboard ends.
        in_flight: tasks that run or wait to be retried.
        most_at_once: how many of them there have been at one time in this run.
        to_run, maybe, reused: how many tasks a resume runs, runs if a result before them changes, and does not run.
        left_out: how many are outside the selection that the session was opened with.
        threads_left: tasks that were given up while a thread is still in them, one for each thread.
        holder: who runs this workflow now, if it is another process.
        undoable: tasks whose clear can still be undone.
        changed: tasks whose row may look different from that of the view before.
    """

    workflow: str
    file: str
    tasks: Mapping[str, TaskView] = field(default_factory=dict)
    dependents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Mapping[State, int] = field(default_factory=dict)
    plan: Plan = _NO_PLAN
    records: Mapping[str, TaskRecord] = field(default_factory=dict)
    runs: tuple[RunRecord, ...] = ()
    attempts: Mapping[str, tuple[AttemptRecord, ...]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    run: RunFacts | None = None
    to_run: int = 0
    maybe: int = 0
    reused: int = 0
    left_out: int = 0
    stopping: bool = False
    quitting: bool = False
    in_flight: frozenset[str] = frozenset()
    most_at_once: int = 0
    threads_left: tuple[str, ...] = ()
    holder: str | None = None
    loaded_at: float = 0.0
    undoable: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()

    @property
    def going_on(self) -> bool:
        """The run that is shown goes on, in this session or in another process."""
        return self.run is not None and self.run.outcome is None

    @property
    def running(self) -> bool:
        """A run of this session goes on."""
        return self.run is not None and self.run.here and self.run.outcome is None

    @property
    def followed(self) -> bool:
        """A run of another process goes on; this one only watches it."""
        return self.going_on and not self.running

    @property
    def total(self) -> int:
        """How many tasks there are."""
        return len(self.tasks)

    @property
    def selected(self) -> int:
        """How many tasks a run considers: all, or those of the selection that this session was opened with."""
        return self.total - self.left_out

    @property
    def done(self) -> int:
        """How many of them are done or reused."""
        return self.count(*DONE_STATES)

    def count(self, *states: State) -> int:
        """Return how many tasks are in one of these states."""
        return sum(self.counts.get(state, 0) for state in states)

    def failures(self) -> list[TaskView]:
        """Return the tasks that failed by themselves, in the workflow's order."""
        if not self.count(*FAILURES):
            return []
        return [task for task in self.tasks.values() if task.state in FAILURES]

    def first_failure(self) -> TaskView | None:
        """Return the task that failed first, None if none did."""
        return min(self.failures(), key=lambda task: task.finished_at or 0.0, default=None)

    def edited(self) -> list[TaskView]:
        """Return the tasks that are stale."""
        if not self.count(State.STALE):
            return []
        return [task for task in self.tasks.values() if task.state is State.STALE]


def first_line(text: str | None) -> str:
    """Return the first line of an error, safe to show."""
    return visible((text or "").split("\n", 1)[0])


def run_elsewhere(picture: PictureLike) -> RunRecord | None:
    """Return the run that another process does now; None if it only holds the state, to clear it or to begin."""
    run = picture.runs[0] if picture.runs else None
    if picture.holder is None or run is None or run.outcome is not None:
        return None
    # An earlier run whose process died has no end either.
    same = run.holder is None or picture.holder.split(",")[0] == run.holder
    return run if same else None


def _idle_task(picture: PictureLike, info: TaskLike, elsewhere: RunRecord | None, reused: Collection[str]) -> TaskView:
    record = picture.records.get(info.name)
    plan = picture.plan.tasks.get(info.name)
    if elsewhere is not None:
        cause = None if record is None else picture.records.get(record.skipped_because or "")
        state, note, from_run = standing_in_run(record, plan, elsewhere, cause, stands=info.name in reused)
    else:
        run = picture.runs[0] if picture.runs else None
        state, note, from_run = standing(record, plan, run)
    if record is None:
        return TaskView(info.name, state, info, visible(info.name), note=note)
    retry_at = None
    if state is State.RETRYING and info.retry_waits and record.finished_at is not None:
        retry_at = record.finished_at + info.retry_waits[min(record.attempt, len(info.retry_waits)) - 1]
    ran = state not in (State.SKIPPED, State.CLEARED, State.WAITING, State.MAYBE)
    return TaskView(
        info.name,
        state,
        info,
        visible(info.name),
        attempt=record.attempt if ran else 0,
        started_at=record.started_at if ran else None,
        duration=record.duration if ran else None,
        finished_at=record.finished_at if ran else None,
        retry_at=retry_at,
        error=first_line(record.error),
        note=note,
        from_run=from_run,
        because=record.skipped_because,
        summary=visible(record.summary),
        size=record.size,
        not_kept=visible(record.not_kept or ""),
        run_id=record.run_id,
    )


def _run_facts(record: RunRecord, *, goes_on: bool) -> RunFacts:
    outcome = record.outcome or (None if goes_on else "interrupted")
    duration = None if record.finished_at is None else record.finished_at - record.started_at
    return RunFacts(
        record.run_id,
        record.started_at,
        record.finished_at,
        outcome,
        duration,
        record.failed_task,
        visible(record.holder or ""),
    )


def dependents_of(tasks: Mapping[str, TaskView]) -> dict[str, tuple[str, ...]]:
    """Return which tasks depend directly on each task."""
    found: dict[str, list[str]] = {name: [] for name in tasks}
    for name, task in tasks.items():
        for dependency in task.info.deps:
            if dependency in found:
                found[dependency].append(name)
    return {name: tuple(names) for name, names in found.items()}


def idle_view(picture: PictureLike, *, after: RunView | None = None, threads_left: tuple[str, ...] = ()) -> RunView:
    """Return the view of a workflow that this session does not run at the moment; another process may.

    Args:
        picture: what is stored, and what would run.
        after: the view at the end of a run that has just ended; a run that completed keeps its words (what was reused,
            and why the others ran) until something else happens.
        threads_left: tasks that were given up while a thread is still in them, one for each thread.
    """
    elsewhere = run_elsewhere(picture)
    reused: set[str] = set() if elsewhere is None else set(Reused(picture, elsewhere.run_id).settle(picture.records))
    tasks = {info.name: _idle_task(picture, info, elsewhere, reused) for info in picture.tasks}
    run = _run_facts(picture.runs[0], goes_on=elsewhere is not None) if picture.runs else None
    if after is not None and after.run is not None and run is not None and run.run_id == after.run.run_id:
        run = replace(run, here=after.run.here, error=after.run.error)
        if elsewhere is not None or after.run.outcome == "completed":
            tasks = {name: _keep_words(task, after.tasks.get(name)) for name, task in tasks.items()}
    planned = picture.plan.counts
    in_flight = frozenset(name for name, task in tasks.items() if task.state in OPEN_STATES)
    return RunView(
        workflow=visible(picture.workflow),
        file=visible(picture.file),
        tasks=tasks,
        dependents=dependents_of(tasks),
        counts=Counter(task.state for task in tasks.values()),
        plan=picture.plan,
        records=picture.records,
        runs=picture.runs,
        attempts=picture.attempts,
        durations=picture.durations,
        run=run,
        to_run=planned[Action.RUN],
        maybe=planned[Action.MAYBE],
        reused=planned[Action.REUSE],
        left_out=planned[Action.LEAVE],
        in_flight=in_flight,
        most_at_once=len(in_flight),
        threads_left=threads_left,
        holder=None if picture.holder is None else visible(picture.holder),
        loaded_at=picture.loaded_at,
        undoable=frozenset(picture.undoable),
        changed=frozenset(tasks),
    )


def _keep_words(now: TaskView, before: TaskView | None) -> TaskView:
    if (
        before is None
        or now.state is not State.DONE
        or before.state not in DONE_STATES
        or now.note not in ("reuse", "")
    ):
        return now
    return now._replace(state=before.state, note=before.note, from_run=before.from_run)
