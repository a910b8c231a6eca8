"""A task: a function, what it takes from upstream, and what to do when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import CoroutineType, MappingProxyType
from typing import Any, Final, TypeVar, overload

from flowweaver.errors import DefinitionError, TaskExecutionError, describe_exception, shown
from flowweaver.retry import RetryOn, RetryPolicy
from flowweaver.settings import (
    checked_age,
    checked_callbacks,
    checked_function,
    checked_hook,
    checked_name,
    checked_paths,
    checked_serializer,
    checked_timeout,
    checked_version,
    retry_policy,
)
from flowweaver.signature import arguments_of, is_async_callable, pass_by_name
from flowweaver.status import TaskStatus

__all__ = ["StoredResult", "Task", "check_task", "task", "task_of"]

F = TypeVar("F", bound=Callable[..., Any])


def check_task(task: Task, name: str) -> None:
    """Look again at what a task is: somebody may have set it after it was added to a workflow under this name.

    Raises:
        DefinitionError: it has another name, or a setting that makes no sense.
    """
    if task.name != name:
        raise DefinitionError(f"Task {name!r} was renamed after it was added, to {shown(task.name)}")
    if not isinstance(task.retry, RetryPolicy):
        raise DefinitionError(f"Task {name!r}: retry is a RetryPolicy, not {shown(task.retry)}")
    checked_function(name, task.func)
    for setting, check in _LATER.items():
        value = getattr(task, setting)
        if value is not None and value is not _NONE:  # most are, and this is done for each of ten thousand tasks
            checked = check(name, value)
            if checked is not value:
                setattr(task, setting, checked)


_NONE: Final = ()
_LATER: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "timeout": checked_timeout,
    "callbacks": checked_callbacks,
    "inputs": partial(checked_paths, "inputs"),
    "outputs": partial(checked_paths, "outputs"),
    "max_age": checked_age,
    "version": checked_version,
    "serializer": checked_serializer,
    "on_status_change": checked_hook,
    "on_retry": checked_hook,
}


class StoredResult:
    """Stands for a result that is in a store and not in memory.

    Args:
        load: reads it.
    """

    __slots__ = ("load",)

    def __init__(self, load: Callable[[], Any]) -> None:
        self.load = load


class Task:
    """A unit of work in a workflow.

    What it is (``name, func, retry, timeout, callbacks, inputs, outputs, max_age, version, persist, serializer``) is
    set once. What became of it in the latest run (``status, result, error, attempts, started_at, finished_at, duration,
    restored, reason``) is assigned by the driver as plain attributes, in order; nothing decides by reading them.

    Args:
        name: unique within its workflow.
        func: the function; a coroutine function is awaited.
        retries: attempts after the first that failed.
        timeout: seconds that one attempt may take, None for no limit.
        callbacks: called once when the task is done or has failed for good: with ``(task)`` after success, with
            ``(task, error)`` after the final failure; one that can take only one of the two forms gets only that.
        fn: the name that 0.2.x had for ``func``.
        retry_delay: seconds before the first retry.
        retry_backoff: factor on the delay for each further retry.
        retry_max_delay: seconds that a delay never exceeds.
        retry_jitter: fraction of the delay, 0 to 1, added or taken away at random.
        retry_on: exception types, or a predicate on the exception, that are worth another attempt.
        inputs: files the task reads, as paths or globs relative to the workflow file's folder: it runs again when
            one of them changed.
        outputs: files the task makes: it runs again when one is gone.
        max_age: seconds, or "12h", "1d" ..., after which its result is too old; 0 means always.
        version: replaces the hash of the code: the task is stale when this text changed, and only then.
        persist: False never stores the result; the task then runs again whenever the result is needed.
        serializer: "json" stores the result as JSON or not at all; "pickle" as a signed pickle; None chooses.
        on_status_change: in a run, called with the task's name and each new TaskStatus, as in 0.2.x.
        on_retry: in a run, called with the task's name and the number of the attempt that failed, as in 0.2.x.

    Raises:
        DefinitionError: a name that is empty or not text, something not callable, negative retries, a timeout that
            is not a positive number, or another setting that makes no sense.
    """

    def __init__(
        self,
        name: str,
        func: Callable[..., Any] | None = None,
        retries: int = 0,
        timeout: float | None = None,
        callbacks: Sequence[Callable[..., Any]] | None = None,
        *,
        fn: Callable[..., Any] | None = None,
        retry_delay: float = 0,
        retry_backoff: float = 1,
        retry_max_delay: float = 60,
        retry_jitter: float = 0,
        retry_on: RetryOn = Exception,
        inputs: str | Iterable[str] = (),
        outputs: str | Iterable[str] = (),
        max_age: float | str | None = None,
        version: str | None = None,
        persist: bool = True,
        serializer: str | None = None,
        on_status_change: Callable[[str, TaskStatus], Any] | None = None,
        on_retry: Callable[[str, int], Any] | None = None,
    ) -> None:
        self.name = name = checked_name(name)
        if func is not None and fn is not None and func is not fn:
            raise DefinitionError(f"Task {name!r} got two functions: func and fn are the same argument")
        self.func = checked_function(name, func if func is not None else fn)
        self.retry = retry_policy(name, retries, retry_delay, retry_backoff, retry_max_delay, retry_jitter, retry_on)
        self.timeout = checked_timeout(name, timeout)
        self.callbacks: tuple[Callable[..., Any], ...] = checked_callbacks(name, callbacks)
        self.inputs = checked_paths("inputs", name, inputs)
        self.outputs = checked_paths("outputs", name, outputs)
        self.max_age = checked_age(name, max_age)
        self.version = checked_version(name, version)
        self.persist = bool(persist)
        self.serializer = checked_serializer(name, serializer)
        self.on_status_change = checked_hook(name, on_status_change)
        self.on_retry = checked_hook(name, on_retry)
        self.owner: Any = None
        self.reset()

    def reset(self) -> None:
        """Forget what became of the task: status PENDING, no result, no error."""
        self.status = TaskStatus.PENDING
        self._result: Any = None
        self.error: BaseException | None = None
        self.attempts = 0
        self.started_at: datetime | None = None
        self.finished_at: datetime | None = None
        self.duration: float | None = None
        self.restored = False
        self.reason = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.status.value}>"

    @property
    def result(self) -> Any:
        """What the function returned, None before. One that is only in the store is read from there.

        Raises:
            StateError: it is not in the store any more.
        """
        value = self._result
        return value.load() if type(value) is StoredResult else value

    @result.setter
    def result(self, value: Any) -> None:
        self._result = value

    @property
    def fn(self) -> Callable[..., Any]:
        """The function, by the name 0.2.x had for it."""
        return self.func

    @property
    def retries(self) -> int:
        """Attempts after the first."""
        return self.retry.retries

    def is_async(self) -> bool:
        """Tell whether the function is a coroutine function."""
        return is_async_callable(self.func)

    def execute(self, context: Mapping[str, Any] | None = None) -> Any:
        """Make one attempt in the calling thread, without retries and without the timeout.

        Args:
            context: upstream results by task name; the function gets those that its signature asks for.

        Returns:
            The result, which is also in ``result``.

        Raises:
            TaskExecutionError: the function raised; its exception is the cause and is also in ``error``.
        """
        args, kwargs = pass_by_name(arguments_of(self.func), context or {})
        self.reset()
        self.attempts = 1
        self.status = TaskStatus.RUNNING
        self.started_at = datetime.now().astimezone()
        try:
            result = self.func(*args, **kwargs)
            if isinstance(result, CoroutineType):
                result = _run_coroutine(result)
        except BaseException as error:
            self.error = error
            self._ended()
            self.status = TaskStatus.FAILED
            if isinstance(error, KeyboardInterrupt):
                raise
            raise TaskExecutionError(f"{self.name} failed: {describe_exception(error)}", task_name=self.name) from error
        self.result = result
        self._ended()
        self.status = TaskStatus.COMPLETED
        return result

    def _ended(self) -> None:
        self.finished_at = datetime.now().astimezone()
        if self.started_at is not None:
            self.duration = (self.finished_at - self.started_at).total_seconds()


def _run_coroutine(coroutine: Any) -> Any:
    """Run it to its end, also where this thread runs an event loop already (a notebook)."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@overload
def task(func: F, /) -> F: ...


@overload
def task(
    func: None = None,
    /,
    *,
    name: str | None = None,
    retries: int = 0,
    timeout: float | None = None,
    callbacks: Sequence[Callable[..., Any]] | None = None,
    retry_delay: float = 0,
    retry_backoff: float = 1,
    retry_max_delay: float = 60,
    retry_jitter: float = 0,
    retry_on: RetryOn = Exception,
    inputs: str | Iterable[str] = (),
    outputs: str | Iterable[str] = (),
    max_age: float | str | None = None,
    version: str | None = None,
    persist: bool = True,
    serializer: str | None = None,
) -> Callable[[F], F]: ...


def task(func: Any = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Mark a function as a task. It stays the function it is, so that a test can call it.

    Use it as ``@task`` or ``@task(retries=3, ...)``; the options are those of :class:`Task`. The function carries them
    as ``__flowweaver__``, a read-only mapping, and each ``Workflow.add_task`` makes a fresh Task of it.

    Raises:
        DefinitionError: an option that makes no sense.
    """

    def mark(function: F) -> F:
        if not callable(function):
            raise DefinitionError(f"@task marks a function, not {type(function).__name__}: {shown(function)}")
        found = name if name is not None else getattr(function, "__name__", None)
        probe = Task(found, function, **options)  # type: ignore[arg-type]  # refuses what is wrong where it is written
        marks = {
            "name": probe.name,
            "retries": probe.retries,
            "timeout": probe.timeout,
            "callbacks": probe.callbacks,
            **{key: value for key, value in options.items() if key not in ("retries", "timeout", "callbacks")},
        }
        try:
            function.__flowweaver__ = MappingProxyType(marks)  # type: ignore[attr-defined]
        except AttributeError:
            raise DefinitionError(
                f"@task cannot mark {shown(function)}: wrap it in a function, or use Task(name, func)"
            ) from None
        return function

    if func is None:
        return mark
    if isinstance(func, str):
        raise DefinitionError(f'@task takes its name by keyword: @task(name="{func}")')
    return mark(func)


def task_of(function: Callable[..., Any]) -> Task:
    """Return a fresh Task of a function, marked by ``@task`` or plain.

    Raises:
        DefinitionError: it has no name of its own.
    """
    marks = getattr(function, "__flowweaver__", None)
    if isinstance(marks, Mapping):
        return Task(func=function, **marks)
    name = getattr(function, "__name__", None)
    if name is None:
        raise DefinitionError(f"{shown(function)} has no name of its own: use Task(name, func)")
    return Task(name, function)
