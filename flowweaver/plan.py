"""What would run, and why: one pure function over what is known now.

The command line, the dashboard and every executor decide with it, so that what a plan shows is what a run does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from flowweaver.records import CodePrint, FilePrint, Provenance, TaskRecord

__all__ = ["Action", "Plan", "Reason", "ReasonKind", "Selection", "TaskFacts", "TaskPlan", "make_plan", "settle"]


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
    CLEARED = "cleared"
    NOT_KEPT = "result not kept"
    NOT_LOADABLE = "result not loadable"
    CODE = "code changed"
    PARAM = "parameter changed"
    AGE = "older than its max_age"
    INPUT_FILE = "a declared file changed"
    OUTPUT_FILE = "a product is gone"
    NEEDED = "its result is needed"
    UPSTREAM = "an upstream runs"
    UP_TO_DATE = "up to date"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; ``text`` is what a person reads ("nearest_hour() changed")."""

    kind: ReasonKind
    text: str


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What is known now of one task.

    Attributes:
        deps: its dependencies' names, in the order declared.
        provenance: code, params and files of now; ``inputs`` is not used.
        max_age: seconds after which its result is too old, None for never.
        missing_outputs: declared products that are not there.
        unloadable: why its stored result is known not to be loadable, None if not known to be.
        warnings: what a person should know of it although it does not decide.
    """

    name: str
    deps: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    max_age: float | None = None
    missing_outputs: tuple[str, ...] = ()
    unloadable: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
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


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """The decision for one task, with every reason that holds, the deciding one first.

    Attributes:
        stale: what is recorded, a result or an error, was made by other code, parameters or inputs than those of now.
    """

    name: str
    action: Action
    reasons: tuple[Reason, ...]
    stale: bool = False

    @property
    def why(self) -> str:
        """The reasons as one text."""
        return "; ".join(reason.text for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions for all tasks by name, in the workflow's order."""

    tasks: Mapping[str, TaskPlan]
    warnings: tuple[str, ...] = ()

    def names(self, action: Action) -> list[str]:
        """Return the names of the tasks with this decision, in order."""
        return [name for name, task in self.tasks.items() if task.action is action]


def make_plan(
    facts: Sequence[TaskFacts],
    records: Mapping[str, TaskRecord],
    *,
    selection: Selection = Selection(),
    now: float,
) -> Plan:
    """Decide for every task. ``facts`` is in an order in which dependencies come before what depends on them."""
    raise NotImplementedError


def settle(facts: TaskFacts, record: TaskRecord, inputs: Sequence[str | None]) -> bool:
    """Tell whether a task planned as MAYBE has to run, now that all its dependencies are done.

    Args:
        inputs: digest of each dependency's result of now, in order; None where it has none.
    """
    raise NotImplementedError
