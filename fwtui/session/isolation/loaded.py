"""A workflow file that is loaded in a process beside this one, and runs each in a process of its own.

The process that looks never runs a task, so that a plan can be made whatever a run has done to its process; and none of
the user's code is ever imported by the process that has the screen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowweaver.errors import FlowWeaverError
from flowweaver.events import Listener, RunStarted
from flowweaver.plan import Plan, TaskPlan
from flowweaver.records import Provenance
from fwtui.session.frames import own_frames
from fwtui.session.imports import Imports
from fwtui.session.isolation.death import Death
from fwtui.session.isolation.host import Died, Hearer, Host
from fwtui.session.isolation.messages import (
    Failure,
    Load,
    Made,
    MakePlan,
    Planned,
    Read,
    ShowProvenance,
    SomePlans,
    SomeTasks,
    Start,
)
from fwtui.session.isolation.run import IsolatedRun
from fwtui.session.loaded import Ask, Known, LoadedFile, Outdated, RunHandle, Workers
from fwtui.session.port import LoadProblem, TaskInfo
from fwtui.session.project import Project, shown
from fwtui.session.settings import Settings
from fwtui.session.stamps import Stamp

__all__ = ["IsolatedFile", "Isolation"]

_PATIENCE = 1.0
"""Seconds for which the process that looks is asked what a task ran with, while a run waits for its end."""

_LOADING = 10.0
"""Seconds in which the file is loaded once more for that where there is no such process; else it is not known."""


class Isolation:
    """Loads one session's file in processes beside this one.

    Args:
        project: the file and where it belongs.
        settings: what the command line says of it.
        one_run: a single run will be started, and no plan be asked for after it: the process that looks then runs it.
        clock: seconds since the epoch.
    """

    def __init__(
        self, project: Project, settings: Settings, *, one_run: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self.project = project
        self.one_run = one_run
        self.clock = clock
        self._load = Load(project, settings.name, settings.params)
        self._hosts: set[Host] = set()
        self._lock = threading.Lock()
        self._closed = False

    def load(self, before: LoadedFile | None) -> IsolatedFile:
        """Load what is on disk.

        Raises:
            LoadProblem: it does not load, or its process died over it.
        """
        loaded_at = self.clock()
        host = self.host()
        try:
            tasks, read = self.read(host)
        except BaseException:
            self.release(host)
            raise
        if before is not None:
            before.forget()
        return IsolatedFile(self, host, tasks, read, loaded_at)

    def host(self, on_event: Hearer = lambda _: None) -> Host:
        """Start a process.

        Raises:
            LoadProblem: none can be started, or the session is closed.
        """
        file = self.project.file
        with self._lock:
            if self._closed:
                raise LoadProblem(shown(file), "the session is closed", path=str(file))
            try:
                host = Host(on_event)
            except OSError as error:
                text = f"no process can be started for it: {error.strerror}"
                raise LoadProblem(shown(file), text, path=str(file)) from error
            self._hosts = {host, *(other for other in self._hosts if not other.ended)}
            return host

    def read(self, host: Host, *, tasks_wanted: bool = True) -> tuple[tuple[TaskInfo, ...], Read]:
        """Have a process load the file; return its tasks, if they are wanted, and what else is known of it.

        Raises:
            LoadProblem: it does not load, or the process died over it.
        """
        host.send(self._load._replace(tasks_wanted=tasks_wanted))
        tasks: list[TaskInfo] = []
        while True:
            try:
                answer = host.answer()
            except Died as died:
                raise self._died(died.death) from None
            match answer:
                case SomeTasks(tasks=some):
                    tasks += some
                case Read():
                    return tuple(tasks), answer
                case LoadProblem():
                    raise answer

    def _died(self, death: Death) -> LoadProblem:
        file = str(self.project.file)
        frames = own_frames(death.frames, Imports(self.project).belongs)
        return LoadProblem(
            frames[-1].file if frames else shown(file),
            f"its process {death.how} while it was loaded",
            line=frames[-1].line if frames else None,
            frames=tuple(f"{frame.file}:{frame.line} in {frame.function}" for frame in frames),
            hint=death.hint,
            path=frames[-1].path if frames else file,
        )

    def release(self, host: Host) -> None:
        """Let a process go."""
        with self._lock:
            self._hosts.discard(host)
        host.close()

    def close(self) -> None:
        """End all processes; whoever waits for one is told that it died."""
        with self._lock:
            self._closed = True
            hosts, self._hosts = self._hosts, set()
        for host in hosts:
            host.close()
            if not host.ended:  # what a run that ended well has left running is its own affair
                host.kill()


class IsolatedFile:
    """The implementation of ``fwtui.session.loaded.LoadedFile`` for a file in another process.

    Args:
        isolation: starts processes.
        host: the one that has loaded it, and that looks.
        tasks: what each task is.
        read: what else it said.
        loaded_at: seconds since the epoch.
    """

    def __init__(
        self, isolation: Isolation, host: Host, tasks: tuple[TaskInfo, ...], read: Read, loaded_at: float
    ) -> None:
        self._isolation = isolation
        self._host = host
        self._read = read
        self._belongs = Imports(isolation.project).belongs
        self._plan: Plan | None = None
        self._run: IsolatedRun | None = None
        self.tasks = tasks
        self.loaded_at = loaded_at

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self._read.name

    @property
    def shown_params(self) -> Mapping[str, Any]:
        """The value of every parameter, those that are no plain text or number as text."""
        return self._read.shown_params

    @property
    def hint(self) -> str:
        """What a person should know of how it was loaded, or empty."""
        return self._read.hint

    @property
    def output(self) -> str:
        """What the file printed while it was imported."""
        return self._read.output

    @property
    def stamps(self) -> Mapping[Path, Stamp]:
        """Every source file of the project that was read, as it was read."""
        return self._read.stamps

    def belongs(self, path: str) -> bool:
        """Tell whether a file is the project's own."""
        return self._belongs(path)

    # -- plans ------------------------------------------------------------------------------------------------------

    def plan(self, ask: Ask, known: Known) -> Plan:
        """Return what a run would do now; the process that looks reads the records by itself."""
        wish = MakePlan(ask, known.now, known.keeps, known.running_in)
        try:
            self._plan = self._planned(wish)
        except Died:
            self._plan = self._planned_anew(wish)
        return self._plan

    def _planned(self, wish: MakePlan) -> Plan:
        with self._host.asking:
            self._host.send(wish)
            plans: list[TaskPlan] = []
            while True:
                match self._host.answer():
                    case SomePlans(plans=some):
                        plans += some
                    case Planned(warnings=warnings):
                        return Plan({plan.name: plan for plan in plans}, warnings)
                    case Failure() as failure:
                        raise failure.error()

    def _planned_anew(self, wish: MakePlan) -> Plan:
        """The process that looks is gone: ask another one, if that finds the same file."""
        host = self._isolation.host()
        try:
            _, read = self._isolation.read(host, tasks_wanted=False)
            if not _same(read.stamps, self.stamps):
                raise Outdated
            self._isolation.release(self._host)
            self._host = host
            return self._planned(wish)
        except (LoadProblem, Outdated):
            # What is on disk is looked at by whoever asks for what is newer there.
            self._isolation.release(host)
            return self._plan or Plan({})
        except Died as died:
            self._isolation.release(host)
            raise FlowWeaverError(f"There is no plan: the process that makes it {died.death.how}") from None

    # -- runs -------------------------------------------------------------------------------------------------------

    def start(self, ask: Ask, workers: Workers, listeners: Sequence[Listener]) -> RunHandle:
        """Start a run in a process of its own, which loads the file as it is on disk.

        Raises:
            LoadProblem: it does not load there.
            Outdated: it has been saved since it was read.
            FlowWeaverError: it is refused, or the state cannot be used; nothing runs.
        """
        made_by = self._provenance_anew if self._isolation.one_run else self._provenance
        run = IsolatedRun(self._isolation.project, self.tasks, listeners, made_by, self._isolation.clock)
        if self._isolation.one_run:
            host = self._host
            host.hear(run.take)
        else:
            host = self._isolation.host(run.take)
        run.goes_on_in(host)
        try:
            if host is not self._host:
                _, read = self._isolation.read(host, tasks_wanted=False)
                if not _same(read.stamps, self.stamps):
                    raise Outdated
            host.send(Start(ask, workers))
            answer = host.answer()
        except Died as died:
            self._isolation.release(host)
            raise FlowWeaverError(f"Nothing started: the process for the run {died.death.how}") from None
        except BaseException:
            self._isolation.release(host)
            raise
        if isinstance(answer, Failure):
            if not self._isolation.one_run:
                self._isolation.release(host)
            raise answer.error()
        assert isinstance(answer, RunStarted)
        return run

    def _provenance(self, names: Sequence[str]) -> Mapping[str, Provenance]:
        """Return what tasks ran with, from the process that looks: it has loaded the same file."""
        answer = self._host.inquire(lambda number: ShowProvenance(number, tuple(names)), _PATIENCE)
        return answer.by if isinstance(answer, Made) else {}

    def _provenance_anew(self, names: Sequence[str]) -> Mapping[str, Provenance]:
        """The process that looked has died of the run: ask another one, if that finds the same file, and soon."""
        try:
            host = self._isolation.host()
        except LoadProblem:
            return {}
        in_time = threading.Timer(_LOADING, host.kill)
        in_time.start()
        try:
            _, read = self._isolation.read(host, tasks_wanted=False)
            if not _same(read.stamps, self.stamps):
                return {}
            answer = host.inquire(lambda number: ShowProvenance(number, tuple(names)), _PATIENCE)
            return answer.by if isinstance(answer, Made) else {}
        except LoadProblem:
            return {}
        finally:
            in_time.cancel()
            self._isolation.release(host)

    def forget(self) -> None:
        """Let go of the process that looks."""
        self._isolation.release(self._host)


def _same(these: Mapping[Path, Stamp], those: Mapping[Path, Stamp]) -> bool:
    """Tell whether files that both have read were the same then."""
    return all(these[path].digest == those[path].digest for path in these.keys() & those.keys())
