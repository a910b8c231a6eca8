"""Every exception this package raises, in one tree, so that a caller can catch as widely or as narrowly as it wants.

FlowWeaverError
├── DefinitionError (ValueError)               the workflow as written cannot run
│   ├── DuplicateTaskError                     a second task of one name
│   ├── UnknownTaskError                       a name that no task has
│   └── MissingArgumentError                   a required argument that nothing provides
├── ExecutionError (RuntimeError)              something failed while it ran
│   ├── TaskExecutionError                     one attempt of one task; the cause is the task's own exception
│   │   └── TaskTimeoutError (TimeoutError)    the attempt was given up at its deadline
│   └── WorkflowExecutionError                 a run that did not complete; knows its first failed task
│       ├── WorkflowCancelledError             the run was stopped or cancelled
│       └── WorkflowBusyError                  this Workflow object is running already
└── StateError                                 the stored state cannot be used; it is as it was
    └── StateLockedError                       another run holds it
"""

from __future__ import annotations

__all__ = [
    "DefinitionError",
    "DuplicateTaskError",
    "ExecutionError",
    "FlowWeaverError",
    "MissingArgumentError",
    "StateError",
    "StateLockedError",
    "TaskExecutionError",
    "TaskTimeoutError",
    "UnknownTaskError",
    "WorkflowBusyError",
    "WorkflowCancelledError",
    "WorkflowExecutionError",
    "describe_exception",
    "shown",
    "visible",
]

_name_of = type.__dict__["__name__"].__get__
"""Reads a class's own name, whatever its metaclass would say."""

_TEXT_LIMIT = 4_000
"""Characters of an error's text that are kept: a message of 10 MB must not fill a log, a screen or a state file."""


def describe_exception(error: BaseException) -> str:
    """Return ``TypeName: text`` of an exception, bounded, whatever its class does when it is asked.

    An exception without text is described by its type's name alone.
    """
    name = str.__str__(_name_of(type(error)))
    try:
        text = str.__str__(str(error))  # the second makes a plain one of a subclass of str, which may do anything
    except BaseException as broken:
        text = f"(its text cannot be shown: __str__ raised {_name_of(type(broken))})"
    if len(text) > _TEXT_LIMIT:
        text = f"{text[:_TEXT_LIMIT]} … ({len(text) - _TEXT_LIMIT:,} more characters)"
    return f"{name}: {text}" if text else name


def shown(value: object) -> str:
    """Return a value as an error text names it: the first 80 characters of its ``repr``, on one line.

    A value that has none that can be had, as a class of the user's may, is named by its type.
    """
    try:
        return visible(str.__str__(repr(value))[:80])
    except BaseException:  # its class may raise anything; a whole number of thousands of digits has no text either
        return f"a value of type {visible(str.__str__(_name_of(type(value))))}"


def visible(text: str) -> str:
    """Return text with what cannot be printed, line ends and bidirectional controls among it, as visible escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class FlowWeaverError(Exception):
    """Base of everything raised by this package."""


class DefinitionError(FlowWeaverError, ValueError):
    """The workflow as written cannot run: a bad name, edge, argument or setting."""


class DuplicateTaskError(DefinitionError):
    """A workflow already has a task of this name."""


class UnknownTaskError(DefinitionError):
    """A dependency or a selection names a task that the workflow does not have."""


class MissingArgumentError(DefinitionError):
    """A task's function requires an argument that no dependency and no parameter provides."""


class ExecutionError(FlowWeaverError, RuntimeError):
    """Something failed while it ran."""


class TaskExecutionError(ExecutionError):
    """One attempt of a task failed. The task's own exception, where it is at hand, is ``__cause__``.

    Attributes:
        task_name: the task, or None where it is not known.
    """

    def __init__(self, message: str, *, task_name: str | None = None) -> None:
        super().__init__(message)
        self.task_name = task_name


class TaskTimeoutError(TaskExecutionError, TimeoutError):
    """An attempt was given up at its deadline.

    Attributes:
        timeout: the deadline in seconds after the attempt's start.
    """

    def __init__(self, message: str, *, task_name: str | None = None, timeout: float | None = None) -> None:
        super().__init__(message, task_name=task_name)
        self.timeout = timeout


class WorkflowExecutionError(ExecutionError):
    """A run did not complete. The first failed task's exception is ``__cause__``.

    Attributes:
        failed_task: name of the first task that failed for good, or None where none did.
        workflow_name: the workflow.
    """

    def __init__(self, message: str, *, failed_task: str | None = None, workflow_name: str | None = None) -> None:
        super().__init__(message)
        self.failed_task = failed_task
        self.workflow_name = workflow_name


class WorkflowCancelledError(WorkflowExecutionError):
    """The run was stopped or cancelled before every task had its end."""


class WorkflowBusyError(WorkflowExecutionError):
    """The Workflow object is running: one object runs once at a time."""


class StateError(FlowWeaverError):
    """The stored state cannot be used: corrupt, foreign, newer, not writable, full. It is left as it was.

    Attributes:
        path: the file, or None for a state that is not a file.
    """

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class StateLockedError(StateError):
    """Another run of the same workflow holds this state.

    Attributes:
        holder: who holds it, as text for a person ("process 123 on lab-3, since 10:02"), or None.
    """

    def __init__(self, message: str, *, path: str | None = None, holder: str | None = None) -> None:
        super().__init__(message, path=path)
        self.holder = holder
