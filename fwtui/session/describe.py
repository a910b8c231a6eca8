"""A workflow's tasks as plain facts for whoever shows them."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from typing import Any

from flowweaver.task import Task
from flowweaver.workflow import Workflow
from fwtui.session.port import TaskInfo
from fwtui.session.project import shown

__all__ = ["describe"]

_LOOK_AHEAD = 50
_WAITS = 5


def describe(workflow: Workflow) -> tuple[TaskInfo, ...]:
    """Return what each task is, in the workflow's order."""
    names: dict[str, str] = {}  # thousands of tasks lie in a handful of files
    return tuple(_task_info(task, workflow, names) for task in workflow.tasks)


def _task_info(task: Task, workflow: Workflow, names: dict[str, str]) -> TaskInfo:
    path, line = _place(task.func)
    if path is not None and path not in names:
        names[path] = shown(path)
    return TaskInfo(
        name=task.name,
        deps=workflow.dependencies[task.name],
        source=None if path is None else names[path],
        path=path,
        line=line,
        retries=task.retries,
        retry_waits=tuple(task.retry.delay_before(number + 2) for number in range(min(task.retries, _WAITS))),
        timeout=task.timeout,
        description=_first_sentence(task.func),
        inputs=tuple(task.inputs),
        outputs=tuple(task.outputs),
        base=_base(task) if task.inputs or task.outputs else "",
    )


def _base(task: Task) -> str:
    from flowweaver.facts import declared_base  # it needs what looks at code, and few tasks declare files

    return declared_base(task)


def _place(function: Callable[..., Any]) -> tuple[str | None, int | None]:
    """Return the file and the line of a function's ``def``, looking through partial objects and wrappers."""
    while not hasattr(function, "__code__"):
        around = (getattr(function, name, None) for name in ("func", "__wrapped__", "__func__"))
        called = type(function).__dict__.get("__call__")  # of an object that is called like a function
        inner = next((one for one in (*around, called) if one is not None), None)
        if inner is None or inner is function:
            return None, None
        function = inner
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or code.co_filename.startswith("<"):
        return None, None
    # A decorated function begins, for Python, at its first decorator.
    first: int = code.co_firstlineno
    for line in range(first, first + _LOOK_AHEAD):
        text = linecache.getline(code.co_filename, line).lstrip()
        if text.startswith(("def ", "async def ", "class ")):
            return code.co_filename, line
        if line > first and not text:
            break
    return code.co_filename, first


def _first_sentence(function: Callable[..., Any]) -> str:
    text = getattr(function, "__doc__", None)
    if not isinstance(text, str) or not inspect.isfunction(inspect.unwrap(function)):
        return ""
    return text.strip().split("\n", 1)[0].strip()
