"""What would run, and why: one pure function over what is known now.

The command line, the dashboard and every executor decide with it, so that what a plan shows is what a run does.

A task runs for the first reason that holds; all that hold are listed. Where something changed since the recorded
result or error, the change is named before the past ("nearest_hour() changed; failed before"): it tells a person what
to expect of the next attempt. A task without a reason of its own, but with an upstream that runs, is a *maybe*: its
stored result stands if the upstream's new result equals the one it was computed from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import NamedTuple

from flowweaver.changes import code_change, file_change, listed, param_change
from flowweaver.records import Provenance, TaskRecord
from flowweaver.status import TaskStatus

__all__ = [
    "Action",
    "Plan",
    "Reason",
    "ReasonKind",
    "Selection",
    "TaskFacts",
    "TaskPlan",
    "make_plan",
    "no_input",
    "no_output",
    "settle",
]


class Action(Enum):
    """What a run does with a task. The value is the word a person reads."""

    RUN = "run"
    MAYBE = "maybe"
    REUSE = "reuse"
    LEAVE = "leave"


class ReasonKind(Enum):
    """Why a task is decided as it is, in the order in which reasons count."""

    OUTSIDE = "outside the selection"
    ASKED = "asked for"
    NEVER_RAN = "never ran"
    FAILED = "failed before"
    SKIPPED = "skipped before"
    INTERRUPTED = "interrupted"
    RUNNING = "running now"
    CLEARED = "cleared"
    FORGOTTEN = "not used for long"
    NOT_KEPT = "result not kept"
    NOT_LOADABLE = "result not loadable"
    CODE = "code changed"
    PARAM = "parameter changed"
    AGE = "older than its max_age"
    INPUT_FILE = "a declared file changed"
    OUTPUT_FILE = "a product is not there"
    NEEDED = "its result is needed"
    UPSTREAM = "an upstream runs"
    UP_TO_DATE = "up to date"


class Reason(NamedTuple):
    """One reason; ``text`` is what a person reads ("nearest_hour() changed")."""

    kind: ReasonKind
    text: str


class TaskFacts(NamedTuple):
    """What is known now of one task.

    Attributes:
        deps: its dependencies' names, in the order declared.
        provenance: code, params and files of now; ``inputs`` is not used.
        max_age: seconds after which its result is too old, None for never.
        missing_outputs: declared products that are not there.
        missing_inputs: declared inputs, paths or globs, that name no file.
        unloadable: why its stored result is known not to be loadable, None if not known to be.
        warnings: what a person should know of it although it does not decide.
    """

    name: str
    deps: tuple[str, ...] = ()
    provenance: Provenance = Provenance()
    max_age: float | None = None
    missing_outputs: tuple[str, ...] = ()
    unloadable: str | None = None
    warnings: tuple[str, ...] = ()
    missing_inputs: tuple[str, ...] = ()


class Selection(NamedTuple):
    """What a person asked for.

    Attributes:
        only: the tasks to consider, None for all; the others are left as they are.
        force: tasks to run again although nothing changed.
        fresh: run everything (of ``only``) again.
        rerun_on: which changes count: any of "code", "params", "inputs".
    """

    only: Collection[str] | None = None
    force: Collection[str] = ()
    fresh: bool = False
    rerun_on: Collection[str] = ("code", "params", "inputs")


_EVERYTHING = Selection()


class TaskPlan(NamedTuple):
    """The decision for one task, with every reason that holds, the deciding one first.

    Attributes:
        stale: what is recorded, a result or an error, was made by other code, parameters or inputs than those of now,
            or a product of it is not there.
    """

    name: str
    action: Action
    reasons: tuple[Reason, ...]
    stale: bool = False

    @property
    def why(self) -> str:
        """The reasons as one text."""
        reasons = self.reasons
        return reasons[0].text if len(reasons) == 1 else "; ".join(reason.text for reason in reasons)


class Plan(NamedTuple):
    """Decisions for all tasks by name, in the workflow's order."""

    tasks: Mapping[str, TaskPlan]
    warnings: tuple[str, ...] = ()

    def names(self, action: Action) -> list[str]:
        """Return the names of the tasks with this decision, in order."""
        return [name for name, task in self.tasks.items() if task.action is action]

    @property
    def counts(self) -> dict[Action, int]:
        """How many tasks there are of each decision; all four are there."""
        counts = dict.fromkeys(Action, 0)
        for task in self.tasks.values():
            counts[task.action] += 1
        return counts

    @property
    def summary(self) -> str:
        """The counts as text: "4 to run, 2 maybe, 3 reused"."""
        counts = self.counts
        run, maybe, reuse, leave = (counts[action] for action in (Action.RUN, Action.MAYBE, Action.REUSE, Action.LEAVE))
        parts = [f"{run} to run"] if run else []
        parts += [f"{maybe} maybe"] if maybe else []
        if not parts:
            parts = ["nothing to run"]
        parts += [f"{reuse} reused"] if reuse else []
        parts += [f"{leave} left as {'it is' if leave == 1 else 'they are'}"] if leave else []
        return ", ".join(parts)


def make_plan(
    facts: Sequence[TaskFacts],
    records: Mapping[str, TaskRecord],
    *,
    selection: Selection = _EVERYTHING,
    now: float,
    keeps: float | None = None,
    running_in: str | None = None,
) -> Plan:
    """Decide for every task, in time linear in tasks and edges.

    Args:
        facts: in an order in which dependencies come before what depends on them.
        records: the latest record of each task that has one, by name.
        selection: what a person asked for.
        now: seconds since the epoch, for results that are older than their ``max_age``.
        keeps: seconds after which the store forgets a record that nobody used, before a run begins; None for never.
        running_in: who runs the workflow at this moment ("process 4711 on lab-3"), None if nobody is known to.
    """
    only = None if selection.only is None else frozenset(selection.only)
    force = frozenset(selection.force)
    counts = frozenset(selection.rerun_on)
    follow = "inputs" in counts
    looks = {}
    for known in facts:
        record, asked = records.get(known.name), selection.fresh or known.name in force
        if keeps is not None and record is not None and record.used_at is not None and record.used_at < now - keeps:
            looks[known.name] = _Look((_ASKED,) if asked else (), past=(_forgotten(keeps),))
        else:
            looks[known.name] = _look(known, record, asked=asked, counts=counts, now=now, running_in=running_in)
    pulled = {} if only is None else _pulled_in(facts, looks, only=only, follow=follow)
    running: set[str] = set()
    busy: set[str] = set()
    tasks: dict[str, TaskPlan] = {}
    for known in facts:
        name = known.name
        if only is not None and name not in only:
            task = _outside(name, looks[name], pulled.get(name))
        else:
            task = _decide(known, looks, running, busy, follow=follow)
        tasks[name] = task
        if task.action is _RUN:
            running.add(name)
            busy.add(name)
        elif task.action is _MAYBE:
            busy.add(name)
    return Plan(tasks, tuple(_warnings(facts, busy)))


def _warnings(facts: Sequence[TaskFacts], busy: AbstractSet[str]) -> Iterator[str]:
    for known in facts:
        yield from known.warnings
        # What runs before it may write what it declares; it is looked for again when the task begins.
        if known.missing_inputs and busy.isdisjoint(known.deps):
            yield from (no_input(known.name, path) for path in known.missing_inputs)


def no_input(task: str, path: str) -> str:
    """Return what is said of a declared input, a path or a glob, that names no file."""
    return f"{task!r} declares the input {path!r}, and there is no such file"


def no_output(task: str, path: str) -> str:
    """Return what is said of a declared output that a task did not make."""
    return f"{task!r} declares the output {path!r}, and did not make it: it runs again next time"


def settle(facts: TaskFacts, record: TaskRecord, inputs: Sequence[str | None]) -> bool:
    """Tell whether a task planned as MAYBE has to run, now that all its dependencies are done.

    Args:
        facts: its declared files are compared too, for an upstream may give the same result and yet have written
            another file; so they should be of the time after the upstreams ended.
        record: as it was when the plan was made.
        inputs: digest of each dependency's result of now, in order; None where it has none, which never equals.
    """
    made_by = record.provenance
    if made_by is None or len(made_by.inputs) != len(inputs):
        return True
    if any(then is None or then != now for then, now in zip(made_by.inputs, inputs, strict=True)):
        return True
    return bool(facts.missing_outputs) or file_change(made_by.files, facts.provenance.files) is not None


class _Look:
    """What a task's own facts and record say, whatever becomes of its upstreams.

    Attributes:
        asked: that a person asked for it, now or in a run that did not finish.
        changes: what changed since the recorded result or error, as far as the selection counts it.
        past: why what is recorded is no result that stands.
        usable: its stored result is there and stands for the task.
        ignored: what changed, and is not counted.
        inputs: digests of the results it was computed from, None if not known.
        digest: digest of its stored result.
        lost: it is done, and a product of it is not there.
    """

    changes: tuple[Reason, ...] = ()
    usable: bool = False
    ignored: tuple[Reason, ...] = ()
    inputs: tuple[str | None, ...] | None = None
    lost: bool = False

    def __init__(
        self, asked: tuple[Reason, ...] = (), past: tuple[Reason, ...] = (), digest: str | None = None
    ) -> None:
        self.asked = asked
        self.past = past
        self.digest = digest


_OUTSIDE = (Reason(ReasonKind.OUTSIDE, "outside the selection"),)
_UP_TO_DATE = (Reason(ReasonKind.UP_TO_DATE, "up to date"),)
_ASKED = Reason(ReasonKind.ASKED, "asked for")
_NEVER_RAN = Reason(ReasonKind.NEVER_RAN, "first run")
_SKIPPED = Reason(ReasonKind.SKIPPED, "skipped before")
_CLEARED = Reason(ReasonKind.CLEARED, "cleared")
_INTERRUPTED = Reason(ReasonKind.INTERRUPTED, "interrupted")
_FAILED = Reason(ReasonKind.FAILED, "failed before")
_TIMED_OUT = Reason(ReasonKind.FAILED, "timed out before")
_NEVER = _Look(past=(_NEVER_RAN,))
_NEVER_ASKED = _Look(asked=(_ASKED,), past=(_NEVER_RAN,))

# An attribute of an Enum is slow to look up, and these are asked for once a task and edge.
_RUN, _MAYBE, _REUSE = Action.RUN, Action.MAYBE, Action.REUSE
_COMPLETED = TaskStatus.COMPLETED


def _look(
    known: TaskFacts,
    record: TaskRecord | None,
    *,
    asked: bool,
    counts: Collection[str],
    now: float,
    running_in: str | None,
) -> _Look:
    if record is None:
        return _NEVER_ASKED if asked else _NEVER
    look = _Look((_ASKED,) if asked else _asked_before(record) if record.redo else (), digest=record.digest)
    why = _no_result(record, running_in)
    if why is not None:
        look.past = (why,)
        if why.kind is not ReasonKind.FAILED:
            return look  # neither a result nor an error: nothing that a change could make stale
    else:
        look.past = _not_standing(known, record, now)
        look.lost = bool(known.missing_outputs)
        look.usable = _is_kept(record) and known.unloadable is None and not record.redo
    made_by = record.provenance
    if made_by is not None:
        look.inputs = made_by.inputs
        changes = _changes(made_by, known.provenance)
        if changes:
            look.changes = tuple(reason for word, reason in changes if word in counts)
            look.ignored = tuple(reason for word, reason in changes if word not in counts)
    return look


def _asked_before(record: TaskRecord) -> tuple[Reason, ...]:
    by = "" if record.redo_run is None else f" by run {record.redo_run}"
    return (Reason(ReasonKind.ASKED, f"asked for again{by}"),)


def _is_kept(record: TaskRecord) -> bool:
    return record.not_kept is None and (record.encoding is not None or record.digest is not None)


def _forgotten(keeps: float) -> Reason:
    return Reason(ReasonKind.FORGOTTEN, f"not used for {_age_text(keeps)}, and so forgotten")


def _no_result(record: TaskRecord, running_in: str | None) -> Reason | None:
    """Return why what is recorded is not a result, None if it is one (kept or not)."""
    status = record.status
    if record.cleared:
        return _CLEARED
    if status is _COMPLETED or (status is TaskStatus.SKIPPED and _is_kept(record)):
        return None
    if running_in is not None and status in (TaskStatus.RUNNING, TaskStatus.RETRYING):
        return Reason(ReasonKind.RUNNING, f"running now in {running_in}")
    if record.interrupted or status in (TaskStatus.RUNNING, TaskStatus.RETRYING):
        return _INTERRUPTED
    if status is TaskStatus.FAILED:
        return _TIMED_OUT if record.timed_out else _FAILED
    return _SKIPPED if status is TaskStatus.SKIPPED else _NEVER_RAN


def _not_standing(known: TaskFacts, record: TaskRecord, now: float) -> tuple[Reason, ...]:
    """Return the reasons for which a result does not stand although nothing it was made by changed."""
    kept = _is_kept(record)
    if kept and known.unloadable is None and known.max_age is None and not known.missing_outputs:
        return ()
    reasons = []
    if not kept:
        why = f" ({record.not_kept})" if record.not_kept else ""
        reasons.append(Reason(ReasonKind.NOT_KEPT, f"its result is not kept{why}"))
    elif known.unloadable is not None:
        reasons.append(Reason(ReasonKind.NOT_LOADABLE, known.unloadable))
    if known.max_age is not None:
        made_at = record.timestamp if record.finished_at is None else record.finished_at
        if max(0.0, now - made_at) >= known.max_age:
            text = f"older than {_age_text(known.max_age)}" if known.max_age else "runs always: its max_age is 0"
            reasons.append(Reason(ReasonKind.AGE, text))
    if known.missing_outputs:
        be = "is" if len(known.missing_outputs) == 1 else "are"
        reasons.append(Reason(ReasonKind.OUTPUT_FILE, f"{listed(known.missing_outputs)} {be} not there"))
    return tuple(reasons)


def _age_text(seconds: float) -> str:
    for unit, size in (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _changes(then: Provenance, now: Provenance) -> Sequence[tuple[str, Reason]]:
    """Return what changed, each with the word of ``rerun_on`` that counts it."""
    code = code_change(then.code, now.code)
    if code is None and then.params == now.params and then.files == now.files:
        return ()
    params, files = param_change(then.params, now.params), file_change(then.files, now.files)
    found = (
        ("code", ReasonKind.CODE, code),
        ("params", ReasonKind.PARAM, params),
        ("inputs", ReasonKind.INPUT_FILE, files),
    )
    return [(word, Reason(kind, text)) for word, kind, text in found if text is not None]


def _other_input(known: TaskFacts, looks: Mapping[str, _Look], busy: Collection[str] = ()) -> Reason | None:
    """Tell which upstreams gave another result since this task was computed.

    One that is ``busy`` runs, or may: what it will give is not known yet. One whose result does not stand runs too,
    or is outside the selection and cannot be compared.
    """
    then = looks[known.name].inputs
    if then is None:
        return None
    if len(then) != len(known.deps):
        return Reason(ReasonKind.UPSTREAM, "its dependencies changed")
    differ = []
    for dep, digest in zip(known.deps, then, strict=True):
        look = looks[dep]
        if look.digest != digest and look.usable and dep not in busy:
            differ.append(dep)
    return Reason(ReasonKind.UPSTREAM, f"{listed(differ)} gave another result") if differ else None


def _decide(
    known: TaskFacts, looks: Mapping[str, _Look], running: AbstractSet[str], busy: AbstractSet[str], *, follow: bool
) -> TaskPlan:
    """Decide for a selected task, given which tasks before it run (``running``), and which run or may (``busy``).

    Unless ``follow``, what upstreams give does not count.
    """
    look = looks[known.name]
    other = _other_input(known, looks, busy)
    changes = look.changes
    if other is not None and follow:
        changes = (*changes, other)
    stale = bool(changes or look.ignored or other or look.lost)
    if changes or look.asked or look.past:
        past = look.past
        if past and past[0] is _SKIPPED:
            after = next((dep for dep in known.deps if dep in running), None)
            past = (_SKIPPED if after is None else Reason(ReasonKind.SKIPPED, f"runs after {after}"),)
        return TaskPlan(known.name, _RUN, look.asked + changes + past, stale)
    if follow and not busy.isdisjoint(known.deps):
        return _after_upstreams(known, look.inputs, running, busy, stale=stale)
    if not stale:
        return TaskPlan(known.name, _REUSE, _UP_TO_DATE)
    although = "; ".join(reason.text for reason in (*look.ignored, *((other,) if other else ())))
    return TaskPlan(known.name, _REUSE, (Reason(ReasonKind.UP_TO_DATE, f"reused although {although}"),), stale)


def _after_upstreams(
    known: TaskFacts,
    inputs: tuple[str | None, ...] | None,
    running: AbstractSet[str],
    busy: AbstractSet[str],
    *,
    stale: bool,
) -> TaskPlan:
    """Decide for a task that has no reason of its own, but upstreams that run or may."""
    blind = [dep for i, dep in enumerate(known.deps) if dep in running and (inputs is None or inputs[i] is None)]
    if blind:
        return TaskPlan(known.name, _RUN, (Reason(ReasonKind.UPSTREAM, f"runs after {listed(blind)}"),), stale)
    waits = [dep for dep in known.deps if dep in busy]
    give = "gives" if len(waits) == 1 else "give"
    text = f"if {listed(waits, 'or')} {give} another result"
    return TaskPlan(known.name, _MAYBE, (Reason(ReasonKind.UPSTREAM, text),), stale)


def _outside(name: str, look: _Look, needed_by: str | None) -> TaskPlan:
    stale = bool(look.changes or look.ignored or look.lost)
    if needed_by is None:
        return TaskPlan(name, Action.LEAVE, _OUTSIDE, stale)
    needed = Reason(ReasonKind.NEEDED, f"{needed_by} needs its result")
    return TaskPlan(name, Action.RUN, (needed, *look.asked, *look.changes, *look.past), stale)


def _runs(look: _Look) -> bool:
    return bool(look.asked or look.changes or look.past)


def _pulled_in(
    facts: Sequence[TaskFacts], looks: Mapping[str, _Look], *, only: Collection[str], follow: bool
) -> dict[str, str]:
    """Return the tasks outside the selection that have to run, each with one that needs its result.

    What runs or may run needs the results of its upstreams; an upstream pulled in for that wakes the selected tasks
    that depend on it, and these need their upstreams in turn. Each task is woken once, so this ends soon.
    """
    by_name = {known.name: known for known in facts}
    dependents: dict[str, list[str]] = {}
    for known in facts:
        for dep in known.deps:
            dependents.setdefault(dep, []).append(known.name)
    pulled: dict[str, str] = {}
    awake: set[str] = set()
    waking = [
        known.name
        for known in reversed(facts)
        if known.name in only and (_runs(looks[known.name]) or (follow and _other_input(known, looks) is not None))
    ]
    while waking:
        name = waking.pop()
        if name in awake:
            continue
        awake.add(name)
        for dep in by_name[name].deps:
            if dep not in only and dep not in pulled and not looks[dep].usable:
                pulled[dep] = name
                waking.append(dep)
        if follow:
            waking += (other for other in dependents.get(name, ()) if other in only and other not in awake)
    return pulled
