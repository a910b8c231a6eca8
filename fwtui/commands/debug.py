"""``fwtui run --pdb``: one task at a time in the main thread, its output as it is, and the debugger where it fails."""

from __future__ import annotations

import pdb
import sys
import traceback
from pathlib import Path
from types import TracebackType

import flowweaver
from flowweaver.errors import WorkflowExecutionError
from flowweaver.events import Event, Listener, TaskOutput
from flowweaver.executors.sequential import SequentialExecutor
from fwtui.commands.problems import naming_the_run
from fwtui.headless import PlainDisplay, Sayer
from fwtui.model.verdict import verdict_text
from fwtui.session.archive import open_store
from fwtui.session.project import Project
from fwtui.session.session import Session
from fwtui.session.settings import Settings
from fwtui.streams import SteadyStream

__all__ = ["run_in_debugger"]

_ENGINE = Path(flowweaver.__file__).parent


def run_in_debugger(project: Project, settings: Settings) -> int:
    """Run sequentially; after a failure open the post-mortem debugger. Return the exit code.

    Raises:
        LoadProblem: the file does not load.
        FlowWeaverError: the run is refused, or the state cannot be used.
        KeyboardInterrupt: a person interrupted.
    """
    session = Session(project, settings)
    loaded = session.loaded
    workflow = loaded.workflow
    sayer = Sayer(workflow.name, {task.name: task.retries + 1 for task in workflow.tasks})
    out = SteadyStream(sys.stdout)
    display = PlainDisplay(sayer, out)

    def show(event: Event) -> None:
        if not isinstance(event, TaskOutput):  # it has passed through already
            display.show([event], event.time)

    listeners: list[Listener] = [session.recorder(), show]
    ask = session.ask()
    try:
        with naming_the_run(session):
            executor = SequentialExecutor(state_store=open_store(session.project))
            executor.execute(workflow, listeners=listeners, params=dict(loaded.params), **ask._asdict())
        code = 0
    except WorkflowExecutionError as error:
        code = 1
        cause = error.__cause__
        if cause is not None and cause.__traceback__ is not None:
            # The engine's own frames say nothing to the author of the task.
            cause.__traceback__ = _without_engine(cause.__traceback__)
            traceback.print_exception(cause)
            pdb.post_mortem(cause.__traceback__)
    ending = session.ending()
    display.close("" if ending is None else verdict_text(ending))
    out.check(code or 1)
    return code


def _without_engine(found: TracebackType) -> TracebackType:
    """Return the part of a traceback that begins in the task; all of it if it never leaves the engine."""
    inner: TracebackType | None = found
    while inner is not None and Path(inner.tb_frame.f_code.co_filename).parent == _ENGINE:
        inner = inner.tb_next
    return inner or found
