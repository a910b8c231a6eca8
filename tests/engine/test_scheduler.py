"""The scheduler on random graphs, outcomes and orders of completion."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.scheduler import Scheduler, State, ranks_by_remaining_path


@st.composite
def graphs(draw: st.DrawFn, most: int = 14) -> list[list[int]]:
    count = draw(st.integers(0, most))
    return [sorted(draw(st.sets(st.integers(0, index - 1), max_size=4))) if index else [] for index in range(count)]


def ancestors(graph: list[list[int]], index: int) -> set[int]:
    found: set[int] = set()
    stack = list(graph[index])
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(graph[node])
    return found


@settings(max_examples=300, deadline=None)
@given(graph=graphs(), data=st.data(), keep_going=st.booleans(), workers=st.integers(1, 4))
def test_every_order_of_outcomes_keeps_the_invariants_and_ends(graph, data, keep_going, workers):
    """Whatever finishes when and how: parents come first, each task has one end, and SKIPPED is exactly below FAILED."""
    done = set()
    for index in range(len(graph)):  # what counts as done is closed under nothing: any subset is allowed
        if data.draw(st.booleans()) and all(d in done for d in graph[index]):
            done.add(index)
    ranks = data.draw(st.permutations(range(len(graph))))
    scheduler = Scheduler(graph, done=done, ranks=ranks, keep_going=keep_going)
    running: list[int] = []
    started: list[int] = []
    failed: list[int] = []
    stopped = False
    now = 0.0
    while not scheduler.finished:
        scheduler.check(graph)
        while len(running) < workers and (index := scheduler.take(now)) is not None:
            assert all(scheduler.states[d] is State.DONE for d in graph[index])
            running.append(index)
            started.append(index)
            scheduler.check(graph)
        if not running:
            due = scheduler.next_due()
            if due is None:
                assert scheduler.finished
                break
            now = due
            continue
        index = running.pop(data.draw(st.integers(0, len(running) - 1)))
        outcome = data.draw(st.sampled_from(["done", "done", "failed", "retry", "stop", "released"]))
        if outcome == "retry" and started.count(index) < 3 and not stopped:
            scheduler.retry(index, now + data.draw(st.floats(0, 2)))
        elif outcome == "failed":
            scheduler.fail(index)
            failed.append(index)
        elif outcome == "released":
            scheduler.release(index)
            scheduler.stop()
            stopped = True
        else:
            if outcome == "stop":
                scheduler.stop()
                stopped = True
            scheduler.complete(index)
    scheduler.check(graph)
    for index in range(len(graph)):
        below_failure = not ancestors(graph, index).isdisjoint(failed)
        assert (scheduler.states[index] is State.SKIPPED) == (below_failure and index not in done)
    if not stopped and (keep_going or not failed):
        assert all(state in (State.DONE, State.FAILED, State.SKIPPED) for state in scheduler.states)
        assert scheduler.open == 0


@settings(max_examples=200, deadline=None)
@given(graph=graphs(), data=st.data())
def test_among_ready_tasks_the_longest_remaining_path_goes_first(graph, data):
    seconds = data.draw(st.lists(st.none() | st.floats(0, 10), min_size=len(graph), max_size=len(graph)))
    known = sorted(s for s in seconds if s is not None)
    usual = known[len(known) // 2] if known else 1.0

    def path(index: int) -> float:
        own = usual if seconds[index] is None else seconds[index]
        return own + max((path(c) for c, deps in enumerate(graph) if index in deps), default=0.0)

    ranks = ranks_by_remaining_path(graph, seconds)
    assert sorted(ranks) == list(range(len(graph)))
    scheduler = Scheduler(graph, ranks=ranks)
    while (index := scheduler.take(0.0)) is not None:
        ready = [i for i, state in enumerate(scheduler.states) if state is State.READY]
        for other in ready:
            assert (-path(index), index) <= (-path(other), other) or path(index) == pytest.approx(path(other))
        scheduler.complete(index)


def test_without_durations_ties_keep_the_order_in_which_tasks_were_added():
    scheduler = Scheduler([[], [], []], ranks=ranks_by_remaining_path([[], [], []], [None] * 3))
    assert [scheduler.take(0.0) for _ in range(3)] == [0, 1, 2]


def test_after_a_failure_a_task_that_has_begun_keeps_its_retries_and_nothing_new_starts():
    scheduler = Scheduler([[], [], []])
    assert (scheduler.take(0.0), scheduler.take(0.0)) == (0, 1)
    scheduler.retry(0, at=5.0)
    assert scheduler.fail(1) == []
    assert scheduler.take(4.9) is None
    assert not scheduler.finished
    assert scheduler.take(5.0) == 0
    scheduler.complete(0)
    assert scheduler.finished
    assert scheduler.states[2] is State.READY  # it stays pending


def test_stop_releases_what_waits_for_a_retry():
    scheduler = Scheduler([[], [0]])
    assert scheduler.take(0.0) == 0
    scheduler.retry(0, at=60.0)
    assert scheduler.stop() == [0]
    assert scheduler.finished


@pytest.mark.parametrize("count", [10_000])
def test_a_chain_and_a_fan_of_ten_thousand_need_no_recursion(count):
    chain = Scheduler([[i - 1] if i else [] for i in range(count)])
    chain.take(0.0)
    assert len(chain.fail(0)) == count - 1
    fan = Scheduler([[]] + [[0]] * (count - 1))
    fan.take(0.0)
    assert fan.complete(0) == count - 1
