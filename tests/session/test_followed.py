"""Events made from what a store says lead to what a fresh look at the store shows, whenever it is looked at."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.events import Event, TaskOutput, TaskRestored
from flowweaver.plan import Action, TaskFacts, make_plan
from flowweaver.records import AttemptRecord, LogLine, Provenance, RunRecord, TaskRecord
from flowweaver.status import TaskStatus
from fwtui.model.folding import fold
from fwtui.model.status import State
from fwtui.model.views import RunView, idle_view
from fwtui.session.followed import events_of, reused_since
from fwtui.session.port import Picture, TaskInfo

HERE = "process 4711 on lab-3"
RUN = 32


class World:
    """A store that a run of another process writes to, step by step, as the engine does."""

    def __init__(self, deps: dict[str, tuple[str, ...]], before: dict[str, TaskRecord]) -> None:
        self.deps = deps
        self.records = dict(before)
        self.attempts: dict[str, list[AttemptRecord]] = {}
        self.now = 1_000.0
        self.reused = {name for name, action in self.planned().items() if action is Action.REUSE}

    def planned(self) -> dict[str, Action]:
        facts = [TaskFacts(name, deps) for name, deps in self.deps.items()]
        plan = make_plan(facts, self.records, now=self.now, running_in=HERE)
        return {name: task.action for name, task in plan.tasks.items()}

    def picture(self) -> Picture:
        facts = [TaskFacts(name, deps) for name, deps in self.deps.items()]
        plan = make_plan(facts, self.records, now=self.now, running_in=HERE)
        tasks = tuple(TaskInfo(name, deps, retries=5) for name, deps in self.deps.items())
        run = RunRecord(RUN, "w", 900.0, holder=HERE)
        attempts = {name: tuple(made) for name, made in self.attempts.items()}
        return Picture("w", "w.py", tasks, plan, dict(self.records), (run,), attempts, holder=f"{HERE}, since 10:02")

    def is_done(self, name: str) -> bool:
        record = self.records.get(name)
        own = record is not None and record.run_id == RUN and record.status is TaskStatus.COMPLETED
        return own or name in self.reused

    def ready(self) -> list[str]:
        """Return the tasks that may begin; what turns out to stand is taken as it is, and nobody writes that down."""
        found = []
        for name, deps in self.deps.items():
            record = self.records.get(name)
            if self.is_done(name) or (record is not None and record.run_id == RUN) or self.is_skipped(name):
                continue
            if all(self.is_done(dep) for dep in deps):
                if self.stands(name):
                    self.reused.add(name)
                    return self.ready()
                found.append(name)
        return found

    def is_skipped(self, name: str) -> bool:
        record = self.records.get(name)
        return record is not None and record.status is TaskStatus.SKIPPED and record.timestamp >= 1_000.0

    def stands(self, name: str) -> bool:
        record = self.records.get(name)
        if record is None or record.status is not TaskStatus.COMPLETED or record.provenance is None:
            return False
        now = [self.records[dep].digest for dep in self.deps[name]]
        return list(record.provenance.inputs) == now and None not in now

    def in_flight(self, status: TaskStatus) -> list[str]:
        return [name for name, made in self.records.items() if made.run_id == RUN and made.status is status]

    # -- what the run does ----------------------------------------------------------------------------------------

    def starts(self, name: str) -> None:
        before = self.records.get(name)
        number = before.attempt + 1 if before is not None and before.run_id == RUN else 1
        self.records[name] = TaskRecord(
            name, TaskStatus.RUNNING, self.now, run_id=RUN, attempt=number, started_at=self.now
        )

    def _ends(self, name: str, status: TaskStatus, outcome: str, **more: object) -> None:
        begun = self.records[name]
        assert begun.started_at is not None
        error = more.get("error")
        self.attempts.setdefault(name, []).append(
            AttemptRecord(
                name, begun.attempt, begun.started_at, self.now, outcome, str(error or "") or None, run_id=RUN
            )
        )
        self.records[name] = begun._replace(
            status=status,
            timestamp=self.now,
            finished_at=self.now,
            duration=self.now - begun.started_at,
            **more,  # type: ignore[arg-type]
        )

    def completes(self, name: str, digest: str) -> None:
        made_by = Provenance(inputs=tuple(self.records[dep].digest for dep in self.deps[name]))
        self._ends(name, TaskStatus.COMPLETED, "completed", digest=digest, encoding="json", provenance=made_by)
        # Rows of good attempts are written later, in portions.
        self.attempts[name].pop()

    def retries(self, name: str) -> None:
        self._ends(name, TaskStatus.RETRYING, "failed", error="OSError: locked")

    def fails(self, name: str) -> None:
        self._ends(name, TaskStatus.FAILED, "failed", error="KeyError: 'x'")
        gone = {name}
        for other, deps in self.deps.items():
            if gone.intersection(deps) and not self.is_done(other):
                gone.add(other)
                kept = self.records.get(other)
                bare = TaskRecord(other, TaskStatus.SKIPPED, self.now)
                self.records[other] = (kept or bare)._replace(
                    status=TaskStatus.SKIPPED, skipped_because=name, timestamp=self.now
                )

    def lets_go(self, name: str) -> None:
        self._ends(name, TaskStatus.PENDING, "interrupted", interrupted=True)


def old(name: str, inputs: tuple[str | None, ...], digest: str) -> TaskRecord:
    return TaskRecord(
        name,
        TaskStatus.COMPLETED,
        500.0,
        run_id=31,
        attempt=1,
        started_at=499.0,
        finished_at=500.0,
        duration=1.0,
        provenance=Provenance(inputs=inputs),
        digest=digest,
        encoding="json",
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    deps: dict[str, tuple[str, ...]] = {}
    before: dict[str, TaskRecord] = {}
    for number in range(draw(st.integers(1, 6))):
        name = f"t{number}"
        deps[name] = (
            tuple(f"t{i}" for i in sorted(draw(st.sets(st.integers(0, number - 1), max_size=2)))) if number else ()
        )
        kind = draw(st.sampled_from(["none", "done", "done", "done", "again", "failed"]))
        inputs = tuple(before[dep].digest if dep in before else None for dep in deps[name])
        made = old(name, inputs, f"{name}-1")
        if kind == "failed":
            before[name] = made._replace(status=TaskStatus.FAILED, digest=None, encoding=None, error="x")
        elif kind != "none":
            before[name] = made._replace(redo=kind == "again", redo_run=RUN if kind == "again" else None)
    return World(deps, before)


def step(world: World, data: st.DataObject) -> None:
    """Let the run do one thing."""
    world.now += 1.0
    running, waiting = world.in_flight(TaskStatus.RUNNING), world.in_flight(TaskStatus.RETRYING)
    ready = world.ready()
    can: list[tuple[str, str]] = [("starts", name) for name in ready + waiting]
    can += [(what, name) for name in running for what in ("completes", "completes", "retries", "fails", "lets_go")]
    if not can:
        return
    what, name = data.draw(st.sampled_from(can))
    if what == "completes":
        world.completes(name, data.draw(st.sampled_from([f"{name}-1", f"{name}-2"])))
    else:
        getattr(world, what)(name)


def shown(view: RunView) -> dict[str, tuple[object, ...]]:
    """Return what must agree; whether a task that has not begun may stand is decided when it would begin."""
    open_still = (State.MAYBE, State.WAITING)
    return {
        name: (
            "open" if task.state in open_still else task.state,
            task.attempt if task.run_id == RUN else None,
            task.error if task.state is State.FAILED else "",
        )
        for name, task in view.tasks.items()
    }


@settings(max_examples=200, deadline=None)
@given(worlds(), st.data())
def test_a_view_carried_by_events_is_that_of_a_fresh_look(world: World, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(0, 4))):
        step(world, data)
    picture = world.picture()
    view = idle_view(picture)
    known = dict(picture.records)
    planned = {name: task.action for name, task in picture.plan.tasks.items()}
    undecided = {name: world.deps[name] for name, action in planned.items() if action is Action.MAYBE}
    reused = {name for name, action in planned.items() if action is Action.REUSE}
    sequence = iter(range(1, 10_000))
    for _ in range(data.draw(st.integers(1, 5))):
        for _ in range(data.draw(st.integers(0, 4))):
            step(world, data)
        changed = {name: made for name, made in world.records.items() if made != known.get(name)}
        attempts = {name: world.attempts.get(name, []) for name in changed}
        events = events_of(RUN, known, changed, attempts, {}, wait=lambda *_: 0.0, number=lambda: next(sequence))
        known = dict(world.records)
        view = fold(view, events)
        for name in list(reused_since(RUN, undecided, known, reused)):
            del undecided[name]
            view = fold(view, [TaskRestored(run_id=RUN, sequence=next(sequence), time=world.now, task=name)])
        assert shown(view) == shown(idle_view(world.picture()))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=8), st.sampled_from(list(TaskStatus)))
def test_what_a_task_wrote_stands_between_the_beginning_and_the_end_of_its_attempt(
    texts: list[str], status: TaskStatus
) -> None:
    record = TaskRecord("t", status, 10.0, run_id=RUN, attempt=1, started_at=5.0, finished_at=10.0, error="x")
    lines = tuple(LogLine("t", 1, 6.0, "out", text) for text in texts)
    sequence = iter(range(1, 100))
    events: list[Event] = events_of(
        RUN, {}, {"t": record}, {}, {("t", 1): lines}, wait=lambda *_: 0.0, number=lambda: next(sequence)
    )
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    if status is TaskStatus.SKIPPED:
        return
    told = [event for event in events if isinstance(event, TaskOutput)]
    assert [line for event in told for line in event.lines] == list(lines)
    if told and status is not TaskStatus.RUNNING:
        assert events.index(told[0]) == 1
        assert len(events) == 3


def test_lines_that_are_told_of_have_the_numbers_that_the_store_gave_them() -> None:
    record = TaskRecord("t", TaskStatus.RUNNING, 10.0, run_id=RUN, attempt=1, started_at=5.0)
    lines = {("t", 1): (LogLine("t", 1, 6.0, "out", "x"),), ("u", 1): (LogLine("u", 1, 6.0, "out", "y"),)}
    events = events_of(RUN, {}, {"t": record}, {}, lines, {("t", 1): 50}, wait=lambda *_: 0.0, number=lambda: 1)
    told = {event.task: event.first for event in events if isinstance(event, TaskOutput)}
    assert told == {"t": 51, "u": 0}, "0 where that is not known"
