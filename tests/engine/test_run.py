"""What a run promises, under every executor."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowweaver import (
    AsyncExecutor,
    DefinitionError,
    MissingArgumentError,
    RunFinished,
    RunStarted,
    SequentialExecutor,
    SQLiteStateStore,
    Task,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
    TaskStatus,
    TaskTimeoutError,
    ThreadedExecutor,
    Workflow,
    WorkflowBusyError,
    WorkflowCancelledError,
    WorkflowExecutionError,
    WorkflowStatus,
    current_task,
    task,
)
from flowweaver.executors import asynchronous


def statuses(workflow: Workflow) -> dict[str, str]:
    return {task.name: task.status.value for task in workflow.tasks}


def diamond() -> Workflow:
    workflow = Workflow("diamond", params={"factor": 10})

    @task
    def top():
        return 1

    @task
    def left(top, factor):
        return top * factor

    @task
    async def right(top):
        await asyncio.sleep(0)
        return top + 1

    @task
    def bottom(**upstream):
        return upstream

    workflow.add_task(top)
    workflow.add_task(left, depends_on=[top])
    workflow.add_task(right, depends_on=["top"])
    workflow.add_task(bottom, depends_on=["left", "right"])
    return workflow


def test_results_and_parameters_arrive_by_name(make_executor):
    workflow = diamond()
    summary = make_executor().execute(workflow, params={"factor": 3})
    assert workflow.get_task_result("bottom") == {"left": 3, "right": 2}
    assert summary.outcome == "completed"
    assert set(summary.completed) == {"top", "left", "right", "bottom"}
    assert workflow.status is WorkflowStatus.COMPLETED
    assert all(t.attempts == 1 and t.duration is not None and t.error is None for t in workflow.tasks)


def test_a_failure_skips_what_depends_on_it_and_names_it(make_executor):
    workflow = Workflow("w")
    workflow.add_task(Task("bad", lambda: 1 / 0))
    workflow.add_task(Task("child", lambda: 1), ["bad"])
    workflow.add_task(Task("grandchild", lambda: 1), ["child"])
    with pytest.raises(WorkflowExecutionError, match="bad") as caught:
        make_executor().execute(workflow)
    assert caught.value.failed_task == "bad"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert isinstance(caught.value, RuntimeError)
    assert statuses(workflow) == {"bad": "FAILED", "child": "SKIPPED", "grandchild": "SKIPPED"}
    assert isinstance(workflow.get_task("bad").error, ZeroDivisionError)
    assert workflow.status is WorkflowStatus.FAILED


def test_after_a_failure_nothing_new_starts_unless_asked_to_keep_going(make_executor):
    def build():
        workflow = Workflow("w")
        workflow.add_task(Task("bad", lambda: 1 / 0))
        workflow.add_task(Task("first", lambda: 1))
        workflow.add_task(Task("second", lambda: 2), ["first"])
        workflow.add_task(Task("third", lambda: 3), ["second"])
        return workflow

    workflow = build()
    with pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow, keep_going=True)
    assert statuses(workflow) == {"bad": "FAILED", "first": "COMPLETED", "second": "COMPLETED", "third": "COMPLETED"}
    workflow = build()
    with pytest.raises(WorkflowExecutionError):
        SequentialExecutor().execute(workflow, force="bad")
    assert workflow.get_task("third").status is TaskStatus.PENDING


class Unspeakable(BaseException):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        RecursionError(),
        MemoryError(),
        Unspeakable(),
        StopIteration(),
        Exception("x" * 10_000_000),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_whatever_a_task_raises_is_its_own_failure_and_its_text_is_bounded(make_executor, error, kind):
    if kind == "coroutine" and isinstance(error, StopIteration):
        pytest.skip("Python itself turns a StopIteration in a coroutine into a RuntimeError")

    def function():
        raise error

    async def coroutine():
        raise error

    workflow = Workflow("w")
    workflow.add_task(Task("bad", function if kind == "function" else coroutine))
    workflow.add_task(Task("after", lambda: 1), ["bad"])
    with pytest.raises(WorkflowExecutionError) as caught:
        make_executor().execute(workflow)
    assert statuses(workflow) == {"bad": "FAILED", "after": "SKIPPED"}
    assert 0 < len(str(caught.value)) < 10_000
    assert workflow.get_task("bad").error is error


def test_retries_are_attempts_after_the_first_and_success_clears_the_error(make_executor):
    calls = []
    seen = []

    def flaky():
        calls.append(current_task().attempt)
        if len(calls) < 3:
            raise OSError("locked")
        return "fine"

    workflow = Workflow("w")
    workflow.add_task(Task("flaky", flaky, retries=3))
    make_executor(on_retry=lambda name, attempt: seen.append((name, attempt))).execute(workflow)
    assert calls == [1, 2, 3]
    assert seen == [("flaky", 1), ("flaky", 2)]
    target = workflow.get_task("flaky")
    assert (target.attempts, target.error, target.result) == (3, None, "fine")


def test_retries_end_after_n_plus_one_attempts_timeouts_included(make_executor):
    calls = []
    released = threading.Event()

    def stuck():
        calls.append(1)
        released.wait(30)

    workflow = Workflow("w")
    workflow.add_task(Task("stuck", stuck, retries=2, timeout=0.05))
    with pytest.raises(WorkflowExecutionError) as caught:
        make_executor().execute(workflow)
    released.set()
    assert len(calls) == 3
    assert isinstance(caught.value.__cause__, TaskTimeoutError)


def test_retry_on_decides_what_is_worth_another_attempt(make_executor):
    calls = []

    def bad():
        calls.append(1)
        raise ValueError("data")

    workflow = Workflow("w")
    workflow.add_task(Task("bad", bad, retries=5, retry_on=(OSError,)))
    with pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow)
    assert len(calls) == 1


def test_a_waiting_retry_holds_no_worker():
    order = []
    tried = threading.Event()

    def flaky():
        if not tried.is_set():
            tried.set()
            raise OSError
        order.append("flaky")

    workflow = Workflow("w")
    workflow.add_task(Task("flaky", flaky, retries=1, retry_delay=0.05))
    workflow.add_task(Task("other", lambda: order.append("other")))
    ThreadedExecutor(max_workers=1).execute(workflow)
    assert order == ["other", "flaky"]


def test_the_run_goes_on_after_a_timeout_and_late_results_are_discarded(make_executor):
    released = threading.Event()

    def slow():
        released.wait(30)
        return "late"

    workflow = Workflow("w")
    workflow.add_task(Task("slow", slow, timeout=0.1))
    workflow.add_task(Task("other", lambda: 1))
    begun = time.perf_counter()
    with pytest.raises(WorkflowExecutionError) as caught:
        make_executor().execute(workflow, keep_going=True)
    assert time.perf_counter() - begun < 5
    assert statuses(workflow) == {"slow": "FAILED", "other": "COMPLETED"}
    assert "timed out after 0.1s" in str(caught.value)
    released.set()
    assert workflow.get_task("slow").result is None


def test_a_busy_loop_does_not_survive_its_deadline(make_executor):
    ended = threading.Event()

    def spin():
        while not ended.is_set():
            pass

    workflow = Workflow("w")
    workflow.add_task(Task("spin", spin, timeout=0.1))
    with pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow)
    ended.set()


def test_a_task_given_up_can_see_it(make_executor):
    noticed = threading.Event()

    def cooperative():
        handle = current_task()
        while not handle.cancelled:
            time.sleep(0.001)
        noticed.set()

    workflow = Workflow("w")
    workflow.add_task(Task("cooperative", cooperative, timeout=0.05))
    with pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow)
    assert noticed.wait(10)


def test_a_coroutine_is_cancelled_at_its_deadline(make_executor):
    cancelled = threading.Event()

    async def waits():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    workflow = Workflow("w")
    workflow.add_task(Task("waits", waits, timeout=0.05))
    with pytest.raises(WorkflowExecutionError, match="timed out"):
        make_executor().execute(workflow)
    assert cancelled.wait(10)


@pytest.mark.parametrize("kind", ["threaded", "async"])
def test_a_coroutine_that_blocks_its_loop_is_given_up_with_it(kind):
    from tests.engine.conftest import MAKERS

    released = threading.Event()

    async def blocks():
        released.wait(30)

    async def fine():
        return 1

    workflow = Workflow("w")
    workflow.add_task(Task("blocks", blocks, timeout=0.1))
    workflow.add_task(Task("opens", lambda: None, retries=0))
    workflow.add_task(Task("fine", fine), ["opens"])
    with pytest.raises(WorkflowExecutionError, match="blocks"):
        MAKERS[kind]().execute(workflow, keep_going=True)
    assert workflow.get_task("blocks").status is TaskStatus.FAILED
    released.set()


def test_a_required_argument_that_nothing_provides_is_refused_before_anything_runs(make_executor):
    ran = []

    def needs(user_id):
        return user_id

    workflow = Workflow("w")
    workflow.add_task(Task("first", lambda: ran.append(1)))
    workflow.add_task(Task("needs", needs), ["first"])
    with pytest.raises(MissingArgumentError, match="'needs'.*'user_id'"):
        make_executor().execute(workflow)
    assert not ran


def test_one_workflow_object_runs_once_at_a_time():
    release = threading.Event()
    workflow = Workflow("w")
    workflow.add_task(Task("waits", lambda: release.wait(30)))
    run = ThreadedExecutor().start(workflow)
    with pytest.raises(WorkflowBusyError):
        ThreadedExecutor().execute(workflow)
    with pytest.raises(DefinitionError, match="running"):
        workflow.add_task(Task("late", lambda: 1))
    release.set()
    assert run.wait(30).outcome == "completed"
    assert ThreadedExecutor().execute(workflow).outcome == "completed"


def test_stop_lets_running_tasks_finish_and_starts_no_other():
    begun, release = threading.Event(), threading.Event()

    def first():
        begun.set()
        return release.wait(30)

    workflow = Workflow("w")
    workflow.add_task(Task("first", first))
    workflow.add_task(Task("second", lambda: 1), ["first"])
    run = ThreadedExecutor().start(workflow)
    begun.wait(30)
    run.stop()
    release.set()
    with pytest.raises(WorkflowCancelledError):
        run.wait(30)
    assert statuses(workflow) == {"first": "COMPLETED", "second": "PENDING"}
    assert workflow.status is WorkflowStatus.FAILED


def test_stop_does_not_wait_for_a_retry_that_is_an_hour_away():
    tried = threading.Event()

    def bad():
        tried.set()
        raise OSError

    workflow = Workflow("w")
    workflow.add_task(Task("bad", bad, retries=1, retry_delay=3600, retry_max_delay=3600))
    retrying = threading.Event()
    run = ThreadedExecutor().start(workflow, listeners=[lambda e: isinstance(e, TaskRetrying) and retrying.set()])
    assert retrying.wait(30)
    run.stop()
    with pytest.raises(WorkflowCancelledError):
        run.wait(30)
    assert statuses(workflow) == {"bad": "PENDING"}


def test_cancel_leaves_behind_what_does_not_end():
    begun, release = threading.Event(), threading.Event()

    def stuck():
        begun.set()
        release.wait(60)

    workflow = Workflow("w")
    workflow.add_task(Task("stuck", stuck))
    run = ThreadedExecutor().start(workflow)
    begun.wait(30)
    run.cancel(grace=0.05)
    with pytest.raises(WorkflowCancelledError):
        run.wait(30)
    assert run.summary.left_behind == 1
    assert statuses(workflow) == {"stuck": "PENDING"}
    release.set()


def test_cancel_ends_a_coroutine_and_a_task_that_looks():
    begun = threading.Barrier(3)

    async def waits():
        await asyncio.to_thread(begun.wait)
        await asyncio.sleep(3600)

    def looks():
        begun.wait(30)
        while not current_task().cancelled:
            time.sleep(0.001)

    workflow = Workflow("w")
    workflow.add_task(Task("waits", waits))
    workflow.add_task(Task("looks", looks))
    workflow.add_task(Task("after", lambda: None), depends_on=["looks"])
    events = []
    run = ThreadedExecutor().start(workflow, listeners=[events.append])
    begun.wait(30)
    run.cancel(grace=30)
    with pytest.raises(WorkflowCancelledError):
        run.wait(20)
    assert run.summary.left_behind == 0
    counts = {"completed": 1, "reused": 0, "failed": 0, "skipped": 0, "pending": 1, "interrupted": 1}
    assert events[-1].counts == counts, "one that had begun is not among those that had not"


@pytest.mark.parametrize(("where", "ending"), [("thread", "cancel"), ("thread", "deadline"), ("loop", "cancel")])
def test_a_coroutine_that_is_asked_to_end_on_its_way_to_the_loop_does(where, ending, monkeypatch):
    ended, failed, started = threading.Event(), threading.Event(), threading.Event()
    runs, seen = [], []

    async def waits():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    def ask():
        assert started.wait(30)
        if ending == "cancel":
            runs[0].cancel(grace=30)
        else:
            assert failed.wait(30)

    def scheduled(coroutine, loop, *, schedule=asyncio.run_coroutine_threadsafe):
        future, begun = schedule(coroutine, loop), threading.Event()
        loop.call_soon_threadsafe(loop.call_soon, begun.set)
        assert begun.wait(30)
        ask()
        return future

    def is_async(func, *, known=asynchronous.is_async_callable):
        if func is waits and threading.current_thread().name == "flowweaver-coroutines":
            ask()
        return known(func)

    if where == "thread":
        monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", scheduled)
    else:
        monkeypatch.setattr(asynchronous, "is_async_callable", is_async)
    workflow = Workflow("w")
    workflow.add_task(Task("meanwhile", lambda: seen.append(ended.wait(10))))
    workflow.add_task(Task("waits", waits, timeout=0.05 if ending == "deadline" else None))
    executor = ThreadedExecutor() if where == "thread" else AsyncExecutor()
    listeners = [lambda event: failed.set() if isinstance(event, TaskFailed) else None]
    runs.append(executor.start(workflow, listeners=listeners))
    started.set()
    with pytest.raises(WorkflowCancelledError if ending == "cancel" else WorkflowExecutionError):
        runs[0].wait(20)
    assert seen == [True], "it ended while the run went on"


def test_events_are_complete_ordered_and_numbered(make_executor):
    events = []
    make_executor().execute(diamond(), listeners=[events.append])
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    started = [e.task for e in events if isinstance(e, TaskStarted)]
    ended = [e.task for e in events if isinstance(e, TaskCompleted)]
    assert sorted(started) == sorted(ended) == ["bottom", "left", "right", "top"]
    assert started[0] == "top"
    assert started[-1] == "bottom"
    assert events[-1].counts == {"completed": 4, "reused": 0, "failed": 0, "skipped": 0, "pending": 0}


def test_what_a_task_prints_and_logs_is_its_own(make_executor, capsys):
    log = logging.getLogger("tests.engine.run")
    lines = []

    def speaks(word):
        def speak():
            print(word, "1")
            print(word, "no end", end="")
            log.warning("%s logged", word)

        return speak

    workflow = Workflow("w")
    for word in ("red", "green", "blue"):
        workflow.add_task(Task(word, speaks(word)))

    def listen(event):
        if isinstance(event, TaskOutput):
            lines.extend((line.task_name, line.stream, line.text) for line in event.lines)

    make_executor().execute(workflow, listeners=[listen])
    for word in ("red", "green", "blue"):
        own = [(stream, text) for name, stream, text in lines if name == word]
        assert ("out", f"{word} 1") in own
        assert ("out", f"{word} no end") in own
        assert ("log", f"WARNING tests.engine.run: {word} logged") in own
    assert "red 1" in capsys.readouterr().out


def test_without_echo_what_tasks_print_goes_only_to_their_log(capsys):
    workflow = Workflow("w")
    workflow.add_task(Task("speaks", lambda: print("quiet")))
    lines = []
    ThreadedExecutor().execute(workflow, listeners=[lines.append], echo=False)
    assert capsys.readouterr().out == ""
    assert any(isinstance(e, TaskOutput) and e.lines[0].text == "quiet" for e in lines)


def test_output_longer_than_five_megabytes_keeps_its_two_ends_and_says_so():
    def writes():
        for number in range(100_000):
            print(f"{number:06d} {'x' * 90}")

    workflow = Workflow("w")
    workflow.add_task(Task("writes", writes))
    lines = []
    listen = lambda e: isinstance(e, TaskOutput) and lines.extend(line.text for line in e.lines)  # noqa: E731
    ThreadedExecutor().execute(workflow, listeners=[listen], echo=False)
    assert lines[0].startswith("000000")
    assert lines[-1].startswith("099999")
    assert any("are not kept" in line for line in lines)
    assert 3_000_000 < sum(len(line) + 1 for line in lines) < 5_000_000


def test_hooks_callbacks_and_listeners_may_raise_anything(make_executor):
    def bad(*_arguments):
        raise SystemExit("from a hook")

    workflow = Workflow("w")
    workflow.add_task(Task("fine", lambda: 1, callbacks=[bad]))
    executor = make_executor(
        on_workflow_start=bad, on_workflow_success=bad, on_status_change=bad, on_workflow_failure=bad
    )
    summary = executor.execute(workflow, listeners=[bad])
    assert summary.outcome == "completed"


def test_callbacks_get_the_task_and_the_error_by_what_they_can_take(make_executor):
    seen = []

    def both(task, error=None):
        seen.append(("both", task.name, type(error).__name__))

    def success(task):
        seen.append(("success", task.name, task.status.value))

    def failure(task, error):
        seen.append(("failure", task.name, type(error).__name__))

    workflow = Workflow("w")
    workflow.add_task(Task("fine", lambda: 1, callbacks=[both, success, failure]))
    workflow.add_task(Task("bad", lambda: 1 / 0, retries=1, callbacks=[both, success, failure]), ["fine"])
    workflow.add_task(Task("skipped", lambda: 1, callbacks=[both, success, failure]), ["bad"])
    with pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow)
    assert seen == [
        ("both", "fine", "NoneType"),
        ("success", "fine", "COMPLETED"),
        ("both", "bad", "ZeroDivisionError"),
        ("failure", "bad", "ZeroDivisionError"),
    ]


def test_hooks_are_called_as_arguments_and_as_methods(make_executor):
    seen = []
    workflow = Workflow("w")
    workflow.add_task(Task("bad", lambda: 1 / 0))
    executor = make_executor(
        on_workflow_start=lambda name: seen.append(("start", name)),
        on_workflow_success=lambda name: seen.append(("success", name)),
        on_workflow_failure=lambda name, error: seen.append(("failure", name, type(error).__name__)),
    )
    with pytest.raises(WorkflowExecutionError):
        executor.execute(workflow)
    assert seen == [("start", "w"), ("failure", "w", "WorkflowExecutionError")]


def test_a_subclass_sees_each_status_in_order():
    seen = []

    class Watched(Task):
        def __setattr__(self, name, value):
            if name == "status":
                seen.append(value.value)
            super().__setattr__(name, value)

    tries = iter([OSError(), None])

    def flaky():
        error = next(tries)
        if error:
            raise error

    workflow = Workflow("w")
    workflow.add_task(Watched("flaky", flaky, retries=1))
    ThreadedExecutor().execute(workflow)
    assert seen[-4:] == ["RUNNING", "RETRYING", "RUNNING", "COMPLETED"]


@pytest.mark.parametrize("shape", ["chain", "fan"])
def test_ten_thousand_tasks_build_and_run(shape):
    workflow = Workflow("w")
    for number in range(10_000):
        workflow.add_task(Task(f"t{number}", lambda: 1), [f"t{number - 1}"] if shape == "chain" and number else [])
    assert len(ThreadedExecutor().execute(workflow).completed) == 10_000


def test_the_worker_that_finishes_a_task_runs_its_successor():
    threads = []
    workflow = Workflow("w")
    workflow.add_task(Task("t0", lambda: threads.append(threading.get_ident())))
    for number in range(1, 50):
        workflow.add_task(Task(f"t{number}", lambda: threads.append(threading.get_ident())), [f"t{number - 1}"])
    ThreadedExecutor(max_workers=4).execute(workflow)
    assert len(set(threads)) == 1


def test_no_more_tasks_at_a_time_than_workers():
    running, most, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(3)

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(30)
        with lock:
            running -= 1

    workflow = Workflow("w")
    for number in range(12):
        workflow.add_task(Task(f"t{number}", work))
    ThreadedExecutor(max_workers=3).execute(workflow)
    assert most == 3


def test_a_failing_task_reports_the_users_frames_only(make_executor):
    def deep():
        return {}["hour_utc"]

    events = []
    workflow = Workflow("w")
    workflow.add_task(Task("bad", deep))
    with pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow, listeners=[events.append])
    (failed,) = [e for e in events if isinstance(e, TaskFailed)]
    assert failed.error == "KeyError: 'hour_utc'"
    assert "in deep" in failed.traceback
    assert "attempt.py" not in failed.traceback
    assert "return {}" not in failed.traceback


def test_sync_executors_work_inside_a_running_event_loop():
    async def main():
        return ThreadedExecutor().execute(diamond()).outcome, SequentialExecutor().execute(diamond()).outcome

    assert asyncio.run(main()) == ("completed", "completed")


def test_sequential_tasks_run_on_the_calling_thread():
    threads = []
    workflow = Workflow("w")
    workflow.add_task(Task("here", lambda: threads.append(threading.get_ident())))
    SequentialExecutor().execute(workflow)
    assert threads == [threading.get_ident()]


def test_only_runs_the_selection_and_what_it_needs(make_executor):
    ran = []
    workflow = Workflow("w")
    for name, needs in (("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])):
        workflow.add_task(Task(name, lambda name=name: ran.append(name)), needs)
    make_executor().execute(workflow, only="b")
    assert sorted(ran) == ["a", "b"]
    assert workflow.get_task("c").status is TaskStatus.PENDING


def test_a_selection_that_matches_nothing_is_refused(make_executor):
    with pytest.raises(DefinitionError, match="nope"):
        make_executor().execute(diamond(), only="nope*")
    with pytest.raises(DefinitionError, match="month"):
        make_executor().execute(diamond(), params={"month": 2})


def test_logging_tells_of_runs_and_tasks_with_fields(make_executor, caplog):
    with caplog.at_level(logging.INFO, logger="flowweaver"):
        make_executor().execute(diamond())
    record = next(r for r in caplog.records if r.getMessage().startswith("diamond: top completed"))
    assert (record.workflow, record.task, record.attempt) == ("diamond", "top", 1)
    assert record.duration >= 0
    assert record.run_id == 1


@pytest.mark.parametrize("listeners", [[], [lambda event: None]])
def test_a_log_of_warnings_gets_retries_and_products_that_were_not_made(
    make_executor, caplog, tmp_path, monkeypatch, listeners
):
    monkeypatch.chdir(tmp_path)
    failures = iter([ValueError("once")])
    workflow = Workflow("w")
    workflow.add_task(Task("retried", lambda: [0 for error in failures if raised(error)], retries=1))
    workflow.add_task(Task("read", lambda: None, outputs=["never.csv"]))
    with caplog.at_level(logging.WARNING, logger="flowweaver"):
        make_executor().execute(workflow, listeners=listeners)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "never.csv" in said
    assert "retried failed on attempt 1" in said


def raised(error):
    raise error


def test_the_engine_writes_nothing_to_the_screen_by_itself(make_executor, capfd, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    workflow = Workflow("w")
    workflow.add_task(Task("bad", lambda: 1 / 0, retries=1))
    with pytest.raises(WorkflowExecutionError):
        make_executor().execute(workflow, listeners=[lambda event: None])
    assert capfd.readouterr() == ("", "")


def test_a_warning_that_python_would_show_by_itself_is_shown_while_a_run_captures(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    workflow = Workflow("w")
    workflow.add_task(Task("warns", lambda: logging.getLogger("users.own").warning("careful")))
    ThreadedExecutor().execute(workflow, listeners=[lambda event: None])
    assert capsys.readouterr().err == "careful\n"


class SlowToStore:
    """Storing it takes a minute of the clock that is given."""

    now = 1_000.0

    def __reduce__(self) -> tuple[type, tuple[()]]:
        SlowToStore.now += 60
        return SlowToStore, ()


def test_a_task_ended_when_its_function_came_back_however_long_its_result_took_to_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SlowToStore.now = 1_000.0
    fake = SimpleNamespace(perf_counter=lambda: SlowToStore.now, time=lambda: SlowToStore.now + 1_000_000)
    monkeypatch.setattr("flowweaver.run.time", fake)

    def slow() -> SlowToStore:
        SlowToStore.now += 2
        return SlowToStore()

    flow = Workflow("slow")
    task = flow.add_task(Task("slow", slow))
    store = SQLiteStateStore(tmp_path / "state.db")
    events: list[Any] = []
    SequentialExecutor(store).execute(flow, listeners=[events.append])
    assert SlowToStore.now >= 1_062
    assert task.finished_at is not None and task.finished_at.timestamp() == 1_001_002
    record = store.for_workflow("slow").records()["slow"]
    assert (record.started_at, record.finished_at, record.duration) == (1_001_000, 1_001_002, 2)
    (attempt,) = store.for_workflow("slow").attempts()
    assert (attempt.started_at, attempt.finished_at) == (1_001_000, 1_001_002)
    (completed,) = [event for event in events if type(event).__name__ == "TaskCompleted"]
    assert completed.time == 1_001_002
