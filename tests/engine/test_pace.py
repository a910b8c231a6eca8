"""How many workers a run has: as many as help."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver import Task, ThreadedExecutor, Workflow
from flowweaver.attempt import Attempt
from flowweaver.crew import Crew
from flowweaver.executors.threaded import ThreadWorkers
from flowweaver.pace import Pace


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=50))
def test_after_enough_short_tasks_the_pace_is_short_whatever_was_before(before: list[float]) -> None:
    pace = Pace()
    for seconds in before:
        pace.took(seconds)
    for _ in range(30):
        pace.took(1e-6)
    assert pace.short


@given(st.lists(st.floats(min_value=0, max_value=1e-6), max_size=200))
def test_one_long_task_is_enough_to_call_for_more_workers(before: list[float]) -> None:
    pace = Pace()
    for seconds in before:
        pace.took(seconds)
    pace.took(1.0)
    assert not pace.short


def test_at_the_beginning_workers_are_called_and_half_a_dozen_tasks_of_nothing_call_them_off() -> None:
    pace = Pace()
    assert not pace.short
    for _ in range(6):
        pace.took(1e-6)
    assert pace.short


def test_a_quick_worker_does_not_wait_for_those_who_are_coming_and_a_slow_one_leaves_them_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew = Crew(ThreadWorkers(4), inflight=[], hands=True)
    crew.busy, crew.coming = 4, 3
    assert crew.room() == 1
    crew.coming = 4
    assert crew.room() == 0
    monkeypatch.setattr(Pace, "short", True)
    assert crew.room() == 4


def test_quick_tasks_with_large_results_are_not_one_worker_s_alone() -> None:
    small, large = (Crew(ThreadWorkers(4), inflight=[], hands=True) for _ in range(2))
    for _ in range(20):
        small.ended(1e-6, 100)
        large.ended(1e-6, 1_000_000)
    assert small.crowded
    assert not large.crowded


def test_a_worker_is_not_in_the_way_where_nobody_has_an_attempt_that_was_handed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pace, "short", True)
    attempt = Attempt(Task("a", lambda: None), 0, 1, [], {})
    crew = Crew(ThreadWorkers(4), inflight=[attempt], hands=True)
    crew.busy = 2
    assert crew.in_the_way(now=1.0)
    crew.back.append(attempt)
    assert not crew.in_the_way(now=1.0)


def threads_of(bodies: list[Any], workers: int) -> list[int]:
    seen: list[int] = []
    flow = Workflow("pace")
    for number, body in enumerate(bodies):

        def run(body: Any = body) -> None:
            seen.append(threading.get_ident())
            body()

        flow.add_task(Task(f"t{number}", run))
    ThreadedExecutor(max_workers=workers).execute(flow)
    return seen


def test_tasks_that_wait_for_each_other_run_at_the_same_time_after_a_thousand_that_are_over_at_once() -> None:
    together = threading.Barrier(4)
    seen = threads_of([lambda: None] * 1000 + [lambda: together.wait(30)] * 4, workers=4)
    assert len(set(seen[-4:])) == 4


def test_a_long_task_among_short_ones_holds_up_none_of_them() -> None:
    rest = threading.Semaphore(0)
    count = 500

    def long() -> None:
        for _ in range(count):
            assert rest.acquire(timeout=30)

    shorts = [rest.release] * count
    threads_of([lambda: None] * 300 + [long] + shorts, workers=2)


def test_a_worker_that_leaves_to_a_quicker_one_is_called_back_when_that_one_has_begun_a_long_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pace, "short", True)
    monkeypatch.setattr("flowweaver.driver.LOOK_AGAIN", 0.5)
    begun, released = threading.Event(), threading.Event()
    flow = Workflow("pace")
    flow.add_task(Task("long", lambda: (begun.set(), released.wait(10))[1]))
    flow.add_task(Task("quick", lambda: begun.wait(10)))
    flow.add_task(Task("release", released.set))
    ThreadedExecutor(max_workers=2).execute(flow)
    assert flow.get_task_result("long") is True
