"""Whatever a user's own classes do when they are looked at, it is their task's affair and never the run's."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest

from flowweaver import (
    AsyncExecutor,
    InMemoryStateStore,
    SequentialExecutor,
    StateError,
    Task,
    TaskStatus,
    TaskTimeoutError,
    ThreadedExecutor,
    Workflow,
    WorkflowCancelledError,
    WorkflowExecutionError,
)
from flowweaver.workers import Leave


def _raising(error: BaseException):
    def raises(*_arguments, **_more):
        raise error

    return raises


class NoClass(Exception):
    @property
    def __class__(self):
        raise SystemExit("asked for its class")


class NoCause(Exception):
    __cause__ = property(_raising(RuntimeError("asked for its cause")))


class NumberCause(Exception):
    __cause__ = 5


class NoContext(Exception):
    __context__ = property(_raising(RuntimeError("asked for its context")))


class NoTraceback(Exception):
    __traceback__ = property(_raising(RuntimeError("asked for its traceback")))


class NoAttributes(Exception):
    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __setattr__(self, name, value):
        raise RuntimeError(name)


class NoMembers(ExceptionGroup):
    exceptions = property(_raising(RuntimeError("asked for its members")))


class NoText(Exception):
    def __str__(self):
        raise SystemExit("asked for its text")


class NumberText(Exception):
    __str__ = lambda self: 5  # noqa: E731


class OddText(Exception):
    class Text(str):
        __len__ = __getitem__ = __format__ = __bool__ = __str__ = split = encode = _raising(RuntimeError("text"))

    def __str__(self):
        return self.Text("boo")


class _Nameless(type):
    __name__ = property(_raising(RuntimeError("asked for its name")))
    __module__ = property(_raising(RuntimeError("asked for its module")))
    __eq__ = _raising(RuntimeError("compared"))
    __hash__ = _raising(RuntimeError("hashed"))


class OddType(Exception, metaclass=_Nameless):
    pass


class Incomparable(Exception):
    __eq__ = __hash__ = __bool__ = _raising(RuntimeError("compared"))


class NotPicklable(Exception):
    def __init__(self, needed, also):
        super().__init__(needed)
        self.lock = threading.Lock()

    __reduce_ex__ = _raising(SystemExit("asked to be pickled"))


def _nested_groups() -> BaseException:
    group = ExceptionGroup("g", [ValueError(1)])
    for _ in range(2_000):
        group = ExceptionGroup("g", [group])
    return group


def _long_chain() -> BaseException:
    error: BaseException | None = None
    for number in range(5_000):
        following = ValueError(number)
        following.__cause__ = error
        error = following
    assert error is not None
    return error


EXCEPTIONS = {
    "no class": NoClass("x"),
    "no cause": NoCause("x"),
    "a number as cause": NumberCause("x"),
    "no context": NoContext("x"),
    "no traceback": NoTraceback("x"),
    "no attributes": NoAttributes("x"),
    "no members": NoMembers("x", [ValueError()]),
    "no text": NoText("x"),
    "a number as text": NumberText("x"),
    "an odd text": OddText("x"),
    "an odd type": OddType("x"),
    "incomparable": Incomparable("x"),
    "not picklable": NotPicklable(1, 2),
    "nested groups": _nested_groups(),
    "a long chain": _long_chain(),
    "surrogates and escapes": Exception("\ud800 \0 \x1b[31m"),
    "ten megabytes": Exception("x" * 10_000_000),
    "nothing": Exception(),
    "a group of interrupts": BaseExceptionGroup("b", [KeyboardInterrupt()]),
    "SystemExit": SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "GeneratorExit": GeneratorExit(),
    "CancelledError": asyncio.CancelledError(),
    "RecursionError": RecursionError(),
    "MemoryError": MemoryError(),
    "one of ours": StateError("not a real one"),
    "our timeout": TaskTimeoutError("not a real one"),
    "our cancellation": WorkflowCancelledError("not a real one"),
    "what an interrupt raises": Leave(),
}


@pytest.mark.parametrize("kind", ["function", "coroutine"])
@pytest.mark.parametrize("name", EXCEPTIONS)
def test_any_exception_is_its_tasks_failure_in_memory_and_in_the_store(make_executor, name, kind):
    error = EXCEPTIONS[name]
    attempts = []

    def function():
        attempts.append(1)
        raise error

    async def coroutine():
        attempts.append(1)
        raise error

    store = InMemoryStateStore()
    workflow = Workflow("w")
    workflow.add_task(Task("before", lambda: 1))
    workflow.add_task(Task("bad", function if kind == "function" else coroutine, retries=1), ["before"])
    workflow.add_task(Task("after", lambda: 1), ["bad"])
    workflow.add_task(Task("last", lambda: 1), ["after"])
    with pytest.raises(WorkflowExecutionError) as caught:
        make_executor(state_store=store).execute(workflow)
    assert type(caught.value) is WorkflowExecutionError
    assert caught.value.failed_task == "bad"
    assert 0 < len(str(caught.value)) < 10_000
    assert workflow.get_task("bad").error is error
    states = {task.name: (task.status, store.load_task_state(task.name)["status"]) for task in workflow.tasks}
    completed, failed, skipped = TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SKIPPED
    assert states == {
        "before": (completed, completed),
        "bad": (failed, failed),
        "after": (skipped, skipped),
        "last": (skipped, skipped),
    }
    kept = store.load_task_state("bad")["error"]
    assert type(kept) is str
    assert 0 < len(kept) < 5_000
    assert len(attempts) == (2 if issubclass(type(error), Exception) else 1)


class _BadHandler(logging.Handler):
    def emit(self, record):
        raise RuntimeError("the log is full")


@pytest.fixture
def bad_log():
    logger, handler = logging.getLogger("flowweaver"), _BadHandler()
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "no traceback", "no text", "no class", "nothing"])
@pytest.mark.parametrize("fails", [False, True])
def test_hooks_callbacks_predicates_and_logs_may_raise_anything(make_executor, bad_log, name, fails):
    bad = _raising(EXCEPTIONS[name])
    workflow = Workflow("w")
    workflow.add_task(
        Task(
            "first",
            _raising(ValueError("its own")) if fails else lambda: 1,
            retries=1,
            callbacks=[bad, lambda task: bad(), lambda task, error: bad()],
            on_status_change=bad,
            on_retry=bad,
        )
    )
    workflow.add_task(Task("picky", _raising(ValueError()), retries=1, retry_on=bad), ["first"])
    executor = make_executor(
        on_workflow_start=bad,
        on_workflow_success=bad,
        on_workflow_failure=bad,
        on_status_change=bad,
        on_retry=bad,
    )
    with pytest.raises(WorkflowExecutionError) as caught:
        executor.execute(workflow, listeners=[bad])
    assert caught.value.failed_task == ("first" if fails else "picky")
    assert workflow.get_task("picky").attempts == (0 if fails else 1)


def test_no_name_and_no_error_can_steer_who_reads_the_log(make_executor, caplog):
    hostile = "a\x1b]0;owned\x07\nINFO forged %s {x} \u202e\x9b1m"
    workflow = Workflow(hostile)
    workflow.add_task(
        Task(hostile, _raising(ValueError(hostile + "\ud800")), retries=1, on_retry=_raising(OSError(hostile)))
    )
    with caplog.at_level(logging.INFO, "flowweaver"), pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow)
    assert len(caplog.records) >= 6
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_a_subclass_whose_setters_raise_harms_only_itself(make_executor):
    armed = []

    class Proud(Task):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if armed and name in ("status", "result", "error"):
                raise SystemExit(name)

    workflow = Workflow("w")
    workflow.add_task(Proud("proud", lambda: armed.append(1)))
    workflow.add_task(Task("plain", lambda: 2), ["proud"])
    for _ in range(2):  # the second time it raises from the very beginning
        assert make_executor().execute(workflow).outcome == "completed"
        assert workflow.get_task("plain").result == 2
    assert len(armed) == 2


def test_a_defect_of_the_engine_ends_the_run_and_says_so(make_executor, monkeypatch):
    from flowweaver.results import Results

    monkeypatch.setattr(Results, "put", _raising(ZeroDivisionError("a defect")))
    workflow = Workflow("w")
    workflow.add_task(Task("first", lambda: 1))
    heard = []
    with pytest.raises(ZeroDivisionError, match="a defect"):
        make_executor().execute(workflow, listeners=[heard.append])
    assert heard[-1].error == "the engine itself failed: ZeroDivisionError: a defect"


class _NoAttributes:
    def __call__(self, **_upstream):
        return 3

    def __getattribute__(self, name):
        raise RuntimeError(name)


class _Endless:
    def __call__(self, **_upstream):
        return 3

    def __getattr__(self, name):
        return _Endless()


CALLABLES = {
    "Mock": Mock(return_value=3),
    "MagicMock": MagicMock(return_value=3),
    "AsyncMock": AsyncMock(return_value=3),
    "partial of a Mock": functools.partial(Mock(return_value=3)),
    "no attributes": _NoAttributes(),
    "endless": _Endless(),
    "cached": functools.lru_cache(lambda: 3),
    "built in": functools.partial(int, 3),
}


@pytest.mark.parametrize("make", [SequentialExecutor, ThreadedExecutor, AsyncExecutor])
@pytest.mark.parametrize("name", CALLABLES)
def test_whatever_can_be_called_is_a_function(make, name):
    store = InMemoryStateStore()
    for _ in range(2):
        workflow = Workflow("w")
        workflow.add_task(Task("up", lambda: 1))
        workflow.add_task(Task("odd", CALLABLES[name]), ["up"])
        make(state_store=store).execute(workflow)
        assert workflow.get_task("odd").result == 3
    assert workflow.get_task("odd").is_async() is (name == "AsyncMock")


def _deep(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


_CYCLE: list = []
_CYCLE.append(_CYCLE)


class _NoTextInt(int):
    __repr__ = __str__ = __format__ = _raising(SystemExit("asked for its text"))


PARAMETERS = {
    "huge": 10**5_000,
    "negative": -(10**5_000),
    "deep": _deep(5_000),
    "cycle": _CYCLE,
    "no text": _NoTextInt(4),
    "nan": float("nan"),
    "surrogate": "\ud800",
    "long": "x" * 1_000_000,
    "no class": NoClass(),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_any_value_can_be_a_parameter(name):
    value = PARAMETERS[name]
    store = InMemoryStateStore()
    calls = []
    for _ in range(2):
        workflow = Workflow("w", params={"odd": 1})
        workflow.add_task(Task("takes", lambda odd: calls.append(odd)))
        SequentialExecutor(store).execute(workflow, params={"odd": value})
    assert len(calls) == 1
    assert calls[0] is value


@pytest.mark.parametrize("seconds", [1e12, 1e300, 10**30])
def test_a_deadline_or_a_delay_may_lie_beyond_all_clocks(make_executor, seconds):
    workflow = Workflow("w")
    workflow.add_task(Task("patient", lambda: 7, timeout=seconds))
    make_executor().execute(workflow)
    assert workflow.get_task("patient").result == 7
    workflow = Workflow("w")
    workflow.add_task(
        Task("later", _raising(ValueError()), retries=1, retry_delay=seconds, retry_max_delay=seconds, timeout=seconds)
    )
    failed = threading.Event()
    run = make_executor(on_retry=lambda *_: failed.set()).start(workflow)
    assert failed.wait(10)
    run.stop()
    with pytest.raises(WorkflowCancelledError):
        run.wait(10)
