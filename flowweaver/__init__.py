"""FlowWeaver: workflows of plain Python functions, with dependencies, retries, timeouts and state that resumes.

What is slow to import is loaded when it is first needed: sqlite3 with its store, asyncio with the first coroutine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowweaver.attempt import TaskHandle, current_task
from flowweaver.errors import (
    DefinitionError,
    DuplicateTaskError,
    ExecutionError,
    FlowWeaverError,
    MissingArgumentError,
    StateError,
    StateLockedError,
    TaskExecutionError,
    TaskTimeoutError,
    UnknownTaskError,
    WorkflowBusyError,
    WorkflowCancelledError,
    WorkflowExecutionError,
)
from flowweaver.executors.base import BaseExecutor
from flowweaver.executors.sequential import SequentialExecutor
from flowweaver.executors.threaded import ThreadedExecutor
from flowweaver.retry import RetryPolicy
from flowweaver.run import Run
from flowweaver.status import TaskStatus, WorkflowStatus
from flowweaver.stores.base import BaseStateStore
from flowweaver.stores.base import BaseStateStore as StateBackend
from flowweaver.summary import RunSummary
from flowweaver.task import Task, task
from flowweaver.workflow import Workflow

if TYPE_CHECKING:
    from flowweaver.events import (
        Event,
        RunFinished,
        RunStarted,
        TaskCompleted,
        TaskFailed,
        TaskOutput,
        TaskRestored,
        TaskRetrying,
        TaskSkipped,
        TaskStarted,
        TaskWriting,
    )
    from flowweaver.executors.asynchronous import AsyncExecutor
    from flowweaver.export import export_dot, export_json, export_mermaid, save_mermaid
    from flowweaver.stores.json_file import JSONStateStore
    from flowweaver.stores.memory import InMemoryStateStore
    from flowweaver.stores.memory import InMemoryStateStore as InMemoryStateBackend
    from flowweaver.stores.sqlite import SQLiteStateStore

__version__ = "0.4.0"

__all__ = [
    "AsyncExecutor",
    "BaseExecutor",
    "BaseStateStore",
    "DefinitionError",
    "DuplicateTaskError",
    "Event",
    "ExecutionError",
    "FlowWeaverError",
    "InMemoryStateBackend",
    "InMemoryStateStore",
    "JSONStateStore",
    "MissingArgumentError",
    "RetryPolicy",
    "Run",
    "RunFinished",
    "RunStarted",
    "RunSummary",
    "SQLiteStateStore",
    "SequentialExecutor",
    "StateBackend",
    "StateError",
    "StateLockedError",
    "Task",
    "TaskCompleted",
    "TaskExecutionError",
    "TaskFailed",
    "TaskHandle",
    "TaskOutput",
    "TaskRestored",
    "TaskRetrying",
    "TaskSkipped",
    "TaskStarted",
    "TaskStatus",
    "TaskTimeoutError",
    "TaskWriting",
    "ThreadedExecutor",
    "UnknownTaskError",
    "Workflow",
    "WorkflowBusyError",
    "WorkflowCancelledError",
    "WorkflowExecutionError",
    "WorkflowStatus",
    "__version__",
    "current_task",
    "export_dot",
    "export_json",
    "export_mermaid",
    "save_mermaid",
    "task",
]

_LATER = {
    "Event": ("flowweaver.events", "Event"),
    "RunFinished": ("flowweaver.events", "RunFinished"),
    "RunStarted": ("flowweaver.events", "RunStarted"),
    "TaskCompleted": ("flowweaver.events", "TaskCompleted"),
    "TaskFailed": ("flowweaver.events", "TaskFailed"),
    "TaskOutput": ("flowweaver.events", "TaskOutput"),
    "TaskRestored": ("flowweaver.events", "TaskRestored"),
    "TaskRetrying": ("flowweaver.events", "TaskRetrying"),
    "TaskSkipped": ("flowweaver.events", "TaskSkipped"),
    "TaskStarted": ("flowweaver.events", "TaskStarted"),
    "TaskWriting": ("flowweaver.events", "TaskWriting"),
    "AsyncExecutor": ("flowweaver.executors.asynchronous", "AsyncExecutor"),
    "InMemoryStateBackend": ("flowweaver.stores.memory", "InMemoryStateStore"),
    "InMemoryStateStore": ("flowweaver.stores.memory", "InMemoryStateStore"),
    "JSONStateStore": ("flowweaver.stores.json_file", "JSONStateStore"),
    "SQLiteStateStore": ("flowweaver.stores.sqlite", "SQLiteStateStore"),
    "export_dot": ("flowweaver.export", "export_dot"),
    "export_json": ("flowweaver.export", "export_json"),
    "export_mermaid": ("flowweaver.export", "export_mermaid"),
    "save_mermaid": ("flowweaver.export", "save_mermaid"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _LATER[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
