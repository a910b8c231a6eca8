"""What the two processes say to each other; events go as they are.

Nothing here runs and nothing waits: a message is a fact or a wish, and :data:`WIRE` writes and reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from flowweaver import errors, events
from flowweaver.errors import FlowWeaverError, StateError, StateLockedError, WorkflowExecutionError
from flowweaver.plan import TaskPlan
from flowweaver.records import Provenance
from flowweaver.tracebacks import Frame
from fwtui.session.isolation.wire import Wire
from fwtui.session.loaded import Ask, Workers
from fwtui.session.port import LoadProblem, TaskInfo
from fwtui.session.project import Project
from fwtui.session.stamps import Stamp

__all__ = [
    "PORTION",
    "WIRE",
    "Cancel",
    "Ended",
    "Failure",
    "Load",
    "Made",
    "MakePlan",
    "Planned",
    "Read",
    "ShowProvenance",
    "ShowStack",
    "SomePlans",
    "SomeTasks",
    "Stack",
    "Start",
    "Stop",
]

PORTION = 500
"""Tasks in one message: reading it must not hold the interpreter for long."""


# -- to the process that has the engine -------------------------------------------------------------------------------


class Load(NamedTuple):
    """Load a workflow file; answered by SomeTasks, unless they are not wanted, and Read, or by a LoadProblem."""

    project: Project
    name: str | None
    params: Mapping[str, str]
    tasks_wanted: bool = True


class MakePlan(NamedTuple):
    """Say what a run would do now; answered by SomePlans and Planned, or a Failure.

    The fields are those of ``fwtui.session.loaded.Known``, but for the records: who answers reads them by himself.
    """

    ask: Ask
    now: float
    keeps: float | None
    running_in: str | None


class Start(NamedTuple):
    """Start a run; answered by its first event, or a Failure."""

    ask: Ask
    workers: Workers


class Stop(NamedTuple):
    """Start no further task."""


class Cancel(NamedTuple):
    """Give up what runs, after so many seconds."""

    grace: float


class ShowStack(NamedTuple):
    """Say where a task is now; answered by Stack with the same number."""

    number: int
    task: str


class ShowProvenance(NamedTuple):
    """Say what would make the results of tasks now; answered by Made with the same number."""

    number: int
    tasks: tuple[str, ...]


# -- from it ----------------------------------------------------------------------------------------------------------


class SomeTasks(NamedTuple):
    """Tasks of the file, in order; more follow."""

    tasks: tuple[TaskInfo, ...]


class Read(NamedTuple):
    """The file is loaded; the fields are those of ``LoadedFile``."""

    name: str
    shown_params: Mapping[str, Any]
    hint: str
    output: str
    stamps: Mapping[Path, Stamp]


class SomePlans(NamedTuple):
    """Decisions, in the workflow's order; more follow."""

    plans: tuple[TaskPlan, ...]


class Planned(NamedTuple):
    """The plan is complete."""

    warnings: tuple[str, ...]


class Failure(NamedTuple):
    """One of the engine's own errors.

    Attributes:
        kind: its class.
        path, holder: of a state that cannot be used.
        failed_task, workflow: of a run that did not complete.
    """

    kind: str
    text: str
    path: str | None = None
    holder: str | None = None
    failed_task: str | None = None
    workflow: str | None = None

    @classmethod
    def of(cls, error: FlowWeaverError) -> Failure:
        """Return what is told of an error."""
        return cls(
            type(error).__name__,
            str(error),
            getattr(error, "path", None),
            getattr(error, "holder", None),
            getattr(error, "failed_task", None),
            getattr(error, "workflow_name", None),
        )

    def error(self) -> FlowWeaverError:
        """Return the error again; one of a class that is not ours is a FlowWeaverError."""
        kind = getattr(errors, self.kind, FlowWeaverError) if self.kind in errors.__all__ else FlowWeaverError
        if not isinstance(kind, type) or not issubclass(kind, FlowWeaverError):
            return FlowWeaverError(self.text)
        if issubclass(kind, StateLockedError):
            return kind(self.text, path=self.path, holder=self.holder)
        if issubclass(kind, StateError):
            return kind(self.text, path=self.path)
        if issubclass(kind, WorkflowExecutionError):
            return kind(self.text, failed_task=self.failed_task, workflow_name=self.workflow)
        return kind(self.text)


class Stack(NamedTuple):
    """Where a task is, outermost first."""

    number: int
    frames: tuple[Frame, ...]


class Made(NamedTuple):
    """What would make the results of tasks: code, parameters and declared files, without the inputs."""

    number: int
    by: Mapping[str, Provenance]


class Ended(NamedTuple):
    """The run is over, its state is closed; ``failure`` is what it ended with."""

    failure: Failure | None


EVENTS = tuple(getattr(events, name) for name in events.__all__ if name not in ("Event", "Listener"))

WIRE = Wire((
    *EVENTS, LoadProblem, Load, MakePlan, Start, Stop, Cancel, ShowStack, ShowProvenance,
    SomeTasks, Read, SomePlans, Planned, Failure, Stack, Made, Ended,
))  # fmt: skip
