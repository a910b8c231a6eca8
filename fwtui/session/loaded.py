"""A workflow file as it was loaded: what is known of it, what a run of it would do, and how a run begins.

A session knows a loaded file by :class:`LoadedFile` only, so that it is all the same to it whether the file's modules
are in this process or in another one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from flowweaver.events import Listener
from flowweaver.plan import Plan
from flowweaver.prepare import Options, plan_of
from flowweaver.records import Provenance, TaskRecord
from flowweaver.tracebacks import Frame
from flowweaver.workflow import Workflow
from fwtui.session.archive import open_store
from fwtui.session.imports import Imports
from fwtui.session.port import TaskInfo
from fwtui.session.project import Project
from fwtui.session.stamps import Stamp

if TYPE_CHECKING:
    from flowweaver.executors.base import BaseExecutor
    from flowweaver.stores.base import BaseStateStore

__all__ = ["Ask", "Known", "Loaded", "LoadedFile", "Outdated", "RunHandle", "Workers"]


class Outdated(Exception):
    """The file was saved since it was read: it is to be loaded again."""


class Ask(NamedTuple):
    """What a run is asked to do, with all names resolved."""

    resume: bool = True
    only: Sequence[str] | None = None
    force: Sequence[str] = ()
    keep_going: bool = False


class Known(NamedTuple):
    """What is known of a workflow at one moment, of which a plan is made.

    Attributes:
        records: what is recorded of its tasks, by name.
        now: seconds since the epoch.
        keeps: seconds after which the store forgets what nobody used, before a run begins; None for never.
        running_in: the process that runs the workflow now ("process 4711 on lab-3"), None if none does.
    """

    records: Mapping[str, TaskRecord]
    now: float
    keeps: float | None = None
    running_in: str | None = None


class Workers(NamedTuple):
    """How tasks are run.

    Attributes:
        kind: "threaded", "sequential" or "async".
        most: how many at once, None for the executor's own number.
    """

    kind: str = "threaded"
    most: int | None = None


class RunHandle(Protocol):
    """A run that goes on, or has ended."""

    @property
    def done(self) -> bool:
        """It has ended."""

    @property
    def error(self) -> BaseException | None:
        """What it ended with; None while it goes on and after success."""

    @property
    def left_in(self) -> tuple[str, ...]:
        """The tasks that were given up while a thread of this process is still in them, one for each thread."""

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; return whether it has come."""

    def stop(self) -> None:
        """Start no further task."""

    def cancel(self, grace: float = 1.0) -> None:
        """Give up what runs, too, after ``grace`` seconds."""

    def stack(self, task_name: str) -> list[Frame]:
        """Return where a task that is being run is now: its frames, outermost first; none if it is nowhere."""


class LoadedFile(Protocol):
    """A workflow file as it was read; its source files, as they were read, are among the ``stamps``."""

    @property
    def name(self) -> str:
        """The workflow's name."""

    @property
    def tasks(self) -> tuple[TaskInfo, ...]:
        """What each task is, in the workflow's order."""

    @property
    def shown_params(self) -> Mapping[str, Any]:
        """The value of every parameter, for a person."""

    @property
    def hint(self) -> str:
        """What a person should know of how it was loaded, or empty."""

    @property
    def output(self) -> str:
        """What the file printed while it was imported."""

    @property
    def loaded_at(self) -> float:
        """When it was read, seconds since the epoch."""

    @property
    def stamps(self) -> Mapping[Path, Stamp]:
        """Every source file of the project that was read, as it was read."""

    def belongs(self, path: str) -> bool:
        """Tell whether a file is the project's own."""

    def plan(self, ask: Ask, known: Known) -> Plan:
        """Return what a run would do now.

        Args:
            ask: what it would be asked.
            known: what is known of its tasks.

        Raises:
            DefinitionError: the request names what is not there.
        """

    def start(self, ask: Ask, workers: Workers, listeners: Sequence[Listener]) -> RunHandle:
        """Start a run in the background.

        Raises:
            Outdated: what is on disk is not what was loaded; nothing runs.
            FlowWeaverError: it is refused, or the state cannot be used; nothing runs.
        """

    def forget(self) -> None:
        """Let go of what was loaded."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workflow file whose modules are in this process.

    Attributes:
        workflow: the workflow that was asked for, or the only one.
        workflows: all that the file has, in the order in which it names them.
        params: values for the workflow's parameters, as typed by a person, in their types.
        hint: what a person should know of how it was loaded, or empty.
        output: what the file printed while it was imported.
        loaded_at: when it was read, seconds since the epoch.
        tasks: what each task of the workflow is.
    """

    project: Project
    workflow: Workflow
    workflows: tuple[Workflow, ...]
    imports: Imports
    params: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    output: str = ""
    loaded_at: float = 0.0
    tasks: tuple[TaskInfo, ...] = ()

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.workflow.name

    @property
    def shown_params(self) -> Mapping[str, Any]:
        """The value of every parameter."""
        return {**self.workflow.params, **self.params}

    @property
    def stamps(self) -> Mapping[Path, Stamp]:
        """Every source file of the project that was read, as it was read."""
        return self.imports.stamps

    def belongs(self, path: str) -> bool:
        """Tell whether a file is the project's own."""
        return self.imports.belongs(path)

    def plan(self, ask: Ask, known: Known) -> Plan:
        """Return what a run would do now."""
        records, now, keeps, running_in = known
        options = Options(*ask, params=self.params)
        return plan_of(self.workflow, records, options, now=now, keeps=keeps, running_in=running_in)[0]

    def provenance(self, names: Collection[str]) -> dict[str, Provenance]:
        """Return what would make the results of these tasks now: code, parameters, declared files; not the inputs."""
        from flowweaver.facts import facts_of

        facts = facts_of(self.workflow, params=self.params)
        return {known.name: known.provenance for known in facts if known.name in names}

    def start(self, ask: Ask, workers: Workers, listeners: Sequence[Listener]) -> RunHandle:
        """Start a run in threads of this process."""
        executor = _executor(workers, open_store(self.project))
        options = {**ask._asdict(), "params": dict(self.params)}
        return executor.start(self.workflow, listeners=listeners, echo=False, **options)

    def forget(self) -> None:
        """Take the project's modules out of the process."""
        self.imports.remove()


def _executor(workers: Workers, store: BaseStateStore) -> BaseExecutor:
    most = workers.most
    if workers.kind == "sequential":
        from flowweaver.executors.sequential import SequentialExecutor

        return SequentialExecutor(state_store=store)
    if workers.kind == "async":
        from flowweaver.executors.asynchronous import AsyncExecutor

        return AsyncExecutor(state_store=store) if most is None else AsyncExecutor(most, state_store=store)
    from flowweaver.executors.threaded import ThreadedExecutor

    return ThreadedExecutor(state_store=store) if most is None else ThreadedExecutor(most, state_store=store)
