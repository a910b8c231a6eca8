"""Events made from what a store says lead to what a fresh look at the store shows, whenever it is looked at."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.events import Event, TaskOutput, TaskRestored
from flowweaver.plan import Action, Plan, TaskFacts, make_plan
from flowweaver.records import AttemptRecord, LogLine, Provenance, RunRecord, TaskRecord
from flowweaver.status import TaskStatus
from fwtui.model.folding import fold
from fwtui.model.reused import Reused
from fwtui.model.status import State
from fwtui.model.views import RunView, idle_view
from fwtui.session.followed import events_of
from fwtui.session.port import Picture, TaskInfo

HERE = "process 4711 on lab-3"
RUN = 32


class World:
    """A store that a run of another process writes to, step by step, as the engine does."""

    def __init__(
        self, deps: dict[str, tuple[str, ...]], before: dict[str, TaskRecord], always: Collection[str] = ()
    ) -> None:
        self.deps = deps
        self.always = always
        self.records = dict(before)
        self.attempts: dict[str, list[AttemptRecord]] = {}
        self.now = 1_000.0
        begins_with = self.plan()
        self.reused = set(begins_with.names(Action.REUSE))
        self.may_stand = set(begins_with.names(Action.MAYBE))

    def plan(self) -> Plan:
        facts = [
            TaskFacts(name, deps, max_age=0.0 if name in self.always else None) for name, deps in self.deps.items()
        ]
        return make_plan(facts, self.records, now=self.now, running_in=HERE)

    def picture(self) -> Picture:
        plan = self.plan()
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
                if name in self.may_stand and self.stands(name):
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
        begun = TaskRecord(name, TaskStatus.RUNNING, self.now, run_id=RUN, attempt=number, started_at=self.now)
        if before is not None:
            begun = begun._replace(redo=before.redo, redo_run=before.redo_run)
        self.records[name] = begun

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

    def completes(self, name: str, digest: str | None) -> None:
        """Let a task give a result, or one that cannot be kept."""
        made_by = Provenance(inputs=tuple(self.records[dep].digest for dep in self.deps[name]))
        result = {"not_kept": "a lock"} if digest is None else {"digest": digest, "encoding": "json"}
        self._ends(name, TaskStatus.COMPLETED, "completed", provenance=made_by, redo=False, redo_run=None, **result)
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
    always: set[str] = set()
    for number in range(draw(st.integers(1, 6))):
        name = f"t{number}"
        deps[name] = (
            tuple(f"t{i}" for i in sorted(draw(st.sets(st.integers(0, number - 1), max_size=2)))) if number else ()
        )
        kind = draw(st.sampled_from(["none", "done", "done", "done", "again", "always", "failed"]))
        inputs = tuple(before[dep].digest if dep in before else None for dep in deps[name])
        made = old(name, inputs, f"{name}-1")
        if kind == "failed":
            before[name] = made._replace(status=TaskStatus.FAILED, digest=None, encoding=None, error="x")
        elif kind != "none":
            before[name] = made._replace(redo=kind == "again", redo_run=RUN if kind == "again" else None)
        if kind == "always":
            always.add(name)
    return World(deps, before, always)


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
        world.completes(name, data.draw(st.sampled_from([f"{name}-1", f"{name}-1", f"{name}-2", None])))
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
    reused = Reused(picture, RUN)
    reused.settle(known)
    sequence = iter(range(1, 10_000))
    for _ in range(data.draw(st.integers(1, 5))):
        for _ in range(data.draw(st.integers(0, 4))):
            step(world, data)
        changed = {name: made for name, made in world.records.items() if made != known.get(name)}
        attempts = {name: world.attempts.get(name, []) for name in changed}
        events = events_of(RUN, known, changed, attempts, {}, wait=lambda *_: 0.0, number=lambda: next(sequence))
        known = dict(world.records)
        view = fold(view, events)
        for name in reused.settle(known):
            view = fold(view, [TaskRestored(run_id=RUN, sequence=next(sequence), time=world.now, task=name)])
        assert shown(view) == shown(idle_view(world.picture()))
        world.ready()
        assert {name for name, task in view.tasks.items() if task.state is State.REUSED} == world.reused


def chain() -> tuple[dict[str, tuple[str, ...]], dict[str, TaskRecord]]:
    """Return a world of done tasks: t3 needs t1 and t2, and t4 needs t3."""
    deps: dict[str, tuple[str, ...]] = {"t1": (), "t2": (), "t3": ("t1", "t2"), "t4": ("t3",)}
    return deps, {name: old(name, tuple(f"{dep}-1" for dep in before), f"{name}-1") for name, before in deps.items()}


def fresh_look(world: World) -> dict[str, State]:
    return {name: task.state for name, task in idle_view(world.picture()).tasks.items()}


def test_a_fresh_look_sees_that_results_stand_behind_a_task_that_the_next_run_does_again_too() -> None:
    deps, before = chain()
    world = World(deps, before, always=["t1"])
    world.starts("t1")
    assert [fresh_look(world)[name] for name in ("t3", "t4")] == [State.MAYBE, State.MAYBE]
    world.completes("t1", "t1-1")
    assert fresh_look(world) == {
        "t1": State.DONE,
        "t2": State.REUSED,
        "t3": State.REUSED,
        "t4": State.REUSED,
    }


def test_a_fresh_look_sees_that_a_result_stands_behind_a_task_that_has_run_since_its_input_is_never_kept() -> None:
    deps, before = chain()
    before["t1"] = before["t1"]._replace(not_kept="a lock", digest=None, encoding=None)
    before["t3"] = before["t3"]._replace(provenance=Provenance(inputs=(None, "t2-1")))
    world = World(deps, before)
    for name, digest in (("t1", None), ("t3", "t3-1")):
        world.starts(name)
        assert fresh_look(world)["t4"] is State.MAYBE
        world.completes(name, digest)
    assert fresh_look(world)["t4"] is State.REUSED
    assert world.ready() == []
    assert "t4" in world.reused


def test_what_a_run_was_asked_to_do_again_does_not_stand_and_holds_up_what_needs_it() -> None:
    deps, before = chain()
    before["t1"] = before["t1"]._replace(redo=True, redo_run=RUN)
    world = World(deps, before)
    assert world.ready() == ["t1"]
    assert fresh_look(world) == {
        "t1": State.WAITING,
        "t2": State.REUSED,
        "t3": State.MAYBE,
        "t4": State.MAYBE,
    }
    world.starts("t1")
    world.completes("t1", "t1-1")
    assert world.ready() == []
    assert fresh_look(world)["t4"] is State.REUSED


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
