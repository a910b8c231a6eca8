"""What all executors share: their arguments, the hooks, and how a run is begun.

An executor is the strategy a user picks. It hands the driver a way to call functions and nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flowweaver.errors import DefinitionError, shown
from flowweaver.prepare import Options
from flowweaver.run import Run
from flowweaver.status import TaskStatus
from flowweaver.stores.base import BaseStateStore
from flowweaver.workers import Workers
from flowweaver.workflow import Workflow

if TYPE_CHECKING:
    from flowweaver.events import Listener

__all__ = ["BaseExecutor", "intercepting"]

Intercept = Callable[[Workflow, "BaseExecutor"], Any]
_intercept: Intercept | None = None


@contextmanager
def intercepting(callback: Intercept) -> Iterator[None]:
    """While this lasts, no executor of the process runs anything: ``callback(workflow, executor)`` is called instead.

    A loader uses it to open a file that runs its workflow when it is imported. What the callback raises is raised by
    ``execute`` and ``start``.
    """
    global _intercept  # noqa: PLW0603  # the file's own code reaches its executor in ways no argument can follow
    before, _intercept = _intercept, callback
    try:
        yield
    finally:
        _intercept = before


def intercepted(workflow: Workflow, executor: BaseExecutor) -> bool:
    """Tell whether a run is not to begin because a loader looks at the file; tells the loader of it."""
    if _intercept is None:
        return False
    _intercept(workflow, executor)
    return True


class BaseExecutor(ABC):
    """Base of all executors.

    Args:
        state_store: where the state is kept, so that a run resumes; None remembers nothing.
        on_workflow_start: hook, called with the workflow's name. Or override the method of this name.
        on_workflow_success: hook, called with the workflow's name when everything is done and on disk.
        on_workflow_failure: hook, called with the workflow's name and the error.
        on_status_change: called with a task's name and its new TaskStatus.
        on_retry: called with a task's name and the number of the attempt that failed.
        storage: the name that 0.2.x had for ``state_store``.

    Raises:
        DefinitionError: the store is not one, or a hook is not a function.
    """

    def __init__(
        self,
        state_store: BaseStateStore | None = None,
        *,
        on_workflow_start: Callable[[str], Any] | None = None,
        on_workflow_success: Callable[[str], Any] | None = None,
        on_workflow_failure: Callable[[str, BaseException], Any] | None = None,
        on_status_change: Callable[[str, TaskStatus], Any] | None = None,
        on_retry: Callable[[str, int], Any] | None = None,
        storage: BaseStateStore | None = None,
    ) -> None:
        if state_store is not None and storage is not None and state_store is not storage:
            raise DefinitionError("state_store and storage are the same argument: give one of them")
        self.state_store = state_store if state_store is not None else storage
        if self.state_store is not None and not isinstance(self.state_store, BaseStateStore):
            raise DefinitionError(
                f"state_store takes a BaseStateStore, not {type(self.state_store).__name__}: "
                "SQLiteStateStore(path), JSONStateStore(path), or a class of your own"
            )
        if self.state_store is not None:
            import flowweaver.facts  # noqa: F401  # what a run with a store compares: loaded before a run, not in it

        for hook in (on_workflow_start, on_workflow_success, on_workflow_failure, on_status_change, on_retry):
            if hook is not None and not callable(hook):
                raise DefinitionError(f"A hook is a function, not {shown(hook)}")
        self._on_workflow_start = on_workflow_start
        self._on_workflow_success = on_workflow_success
        self._on_workflow_failure = on_workflow_failure
        self.on_status_change = on_status_change
        self.on_retry = on_retry

    @property
    def storage(self) -> BaseStateStore | None:
        """The store, by the name 0.2.x had for it."""
        return self.state_store

    def on_workflow_start(self, workflow_name: str) -> None:
        """A run begins; override it, or give a function to the constructor."""
        if self._on_workflow_start is not None:
            self._on_workflow_start(workflow_name)

    def on_workflow_success(self, workflow_name: str) -> None:
        """Every task is done and on disk; override it, or give a function to the constructor."""
        if self._on_workflow_success is not None:
            self._on_workflow_success(workflow_name)

    def on_workflow_failure(self, workflow_name: str, error: BaseException) -> None:
        """The run did not complete; override it, or give a function to the constructor."""
        if self._on_workflow_failure is not None:
            self._on_workflow_failure(workflow_name, error)

    @abstractmethod
    def _workers(self) -> Workers:
        """Return the way to call functions in a run that is looked after by a thread of ours."""

    def _workers_here(self) -> Workers:
        """Return the way to call functions in a run that is looked after by the calling thread."""
        return self._workers()

    def execute(
        self,
        workflow: Workflow,
        *,
        resume: bool = True,
        only: str | Sequence[str] | None = None,
        force: str | Sequence[str] | None = None,
        keep_going: bool = False,
        params: Mapping[str, Any] | None = None,
        rerun_on: Sequence[str] = ("code", "params", "inputs"),
        listeners: Sequence[Listener] = (),
        echo: bool = True,
    ) -> Any:
        """Run a workflow to its end.

        Args:
            workflow: what to run.
            resume: reuse what the store says is done; False runs everything again (and still uses the remembered
                durations for the order).
            only: tasks to consider, as names or globs; the others stay as they are.
            force: tasks to run again although they are done, as names or globs.
            keep_going: after a failure run every branch that still can.
            params: values for the workflow's parameters.
            rerun_on: which changes make a done task run again: any of "code", "params", "inputs".
            listeners: called with each event.
            echo: what tasks print also goes to where it would have gone.

        Returns:
            The RunSummary (``AsyncExecutor`` inside a running event loop: an awaitable of it).

        Raises:
            WorkflowExecutionError: a task failed; ``failed_task`` names the first.
            WorkflowCancelledError: the run was stopped.
            DefinitionError: the workflow, or what was asked, makes no sense; nothing ran.
            StateError: the state cannot be used or be written.
            KeyboardInterrupt: a person interrupted; the state is saved.
        """
        options = Options(resume, only, force, keep_going, params, rerun_on)
        if intercepted(workflow, self):
            return None
        return self._run(workflow, self._workers_here(), options, listeners, echo=echo).execute()

    def start(
        self,
        workflow: Workflow,
        *,
        resume: bool = True,
        only: str | Sequence[str] | None = None,
        force: str | Sequence[str] | None = None,
        keep_going: bool = False,
        params: Mapping[str, Any] | None = None,
        rerun_on: Sequence[str] = ("code", "params", "inputs"),
        listeners: Sequence[Listener] = (),
        echo: bool = True,
    ) -> Run:
        """Start a run in the background and return it at once; the arguments are those of ``execute``.

        Raises:
            DefinitionError: the workflow, or what was asked, makes no sense; nothing ran.
            StateError: the state cannot be used.
        """
        options = Options(resume, only, force, keep_going, params, rerun_on)
        intercepted(workflow, self)
        run = self._run(workflow, self._workers(), options, listeners, echo=echo)
        run.start()
        return run

    def _run(
        self, workflow: Workflow, workers: Workers, options: Options, listeners: Sequence[Listener], *, echo: bool
    ) -> Run:
        if not isinstance(workflow, Workflow):
            raise DefinitionError(f"An executor runs a Workflow, not {type(workflow).__name__}")
        heard = tuple(listeners) if isinstance(listeners, Iterable) and not callable(listeners) else (listeners,)
        for listener in heard:
            if not callable(listener):
                raise DefinitionError(f"listeners takes functions, not {shown(listener)}")
        return Run(
            workflow,
            workers,
            options=options,
            store=self.state_store,
            hooks=self,
            listeners=heard,
            echo=echo,
        )


def checked_count(what: str, value: object) -> int:
    """Return a number of workers if it can be one.

    Raises:
        DefinitionError: it is not a whole number of 1 or more.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DefinitionError(f"{what} is a whole number, 1 or more, not {shown(value)}")
    return value
