"""Rows in another order than the workflow's: stable, the same rows, and the cursor stays on its task."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import EDGES, NOW, FakeSession, Story, at, done_picture, failed_picture, never_ran_picture
from stage import SMALL, WIDE, open_stage, play

from fwtui.model.folding import fold
from fwtui.model.rows import column_at, columns_for, heading_line, shown_columns
from fwtui.model.segments import plain, width_of
from fwtui.model.settings import Preferences
from fwtui.model.sorting import COLUMNS, Order, order_of, sorted_tasks
from fwtui.model.status import State
from fwtui.model.views import Facts, RunView, TaskView, idle_view
from fwtui.model.words import time_text, why_text

FAILED = idle_view(failed_picture("x"))
ORDERS = st.builds(Order, st.sampled_from(COLUMNS), st.booleans()) | st.just(Order())
TASKS = st.lists(
    st.builds(
        TaskView,
        name=st.text("ab", min_size=1, max_size=3),
        title=st.sampled_from(["a", "B", "b", "c"]),
        state=st.sampled_from(State),
        info=st.just(Facts("x")),
        attempt=st.integers(0, 2),
        started_at=st.none() | st.sampled_from([1.0, 2.0]),
        duration=st.none() | st.sampled_from([0.5, 1.5]),
        note=st.sampled_from(["", "x", "y"]),
    ),
    unique_by=lambda task: task.name,
)


def view_of(tasks) -> RunView:
    return RunView("etl", "etl.py", {task.name: task for task in tasks})


def names(order: Order, view: RunView = FAILED, now: float = NOW) -> list[str]:
    return [task.name for task in sorted_tasks(view, order, now)]


@given(TASKS, ORDERS)
def test_no_task_is_lost_and_none_is_there_twice(tasks, order):
    assert sorted(names(order, view_of(tasks))) == sorted(task.name for task in tasks)


@given(TASKS, ORDERS)
def test_tasks_of_which_the_column_says_the_same_keep_the_workflows_order(tasks, order):
    first = sorted_tasks(view_of(tasks), order, 3.0)
    shuffled = [*first[1::2], *first[::2]]
    again = sorted_tasks(view_of(shuffled), order, 3.0)
    place = {task.name: number for number, task in enumerate(shuffled)}
    said = {task.name: _said(task, order) for task in tasks}
    for one, other in pairwise(again):
        assert said[one.name] != said[other.name] or place[one.name] < place[other.name]
    if order.column:
        assert [said[task.name] for task in first] == [said[task.name] for task in again]


def _said(task: TaskView, order: Order) -> object:
    match order.column:
        case "status":
            return task.state
        case "task":
            return task.title.lower()
        case "time":
            going_on = task.state is State.RUNNING and task.started_at is not None
            return 3.0 - task.started_at if going_on else task.duration
        case "try":
            return task.attempt
        case "started":
            return task.started_at if task.attempt else None
        case "why":
            return why_text(RunView("", ""), task)
    return task.name


@given(TASKS, st.sampled_from(COLUMNS))
def test_what_says_nothing_comes_last_whichever_way_round(tasks, column):
    for order in (Order(column), Order(column, down=True)):
        known = [_said(task, order) not in (None, "", 0) for task in sorted_tasks(view_of(tasks), order, 3.0)]
        assert known == sorted(known, reverse=True)


def test_orders_of_the_story():
    assert names(Order()) == list(EDGES)
    assert names(Order("task"))[:2] == ["extract_airlines", "extract_airports"]
    assert names(Order("task", down=True))[0] == "write_report"
    assert names(Order("status"))[0] == "join_delays", "what needs somebody comes first"
    assert names(Order("time", down=True))[0] == "extract_flights"
    assert names(Order("time"))[-3:] == list(EDGES)[-3:], "they took no time at all"
    assert names(Order("try", down=True))[0] == "join_delays"
    assert names(Order("started", down=True))[0] == "join_delays"


def test_what_runs_is_sorted_by_how_long_it_has_run():
    view = fold(idle_view(never_ran_picture()), Story().running())
    now = at("10:42:09")
    assert names(Order("time", down=True), view, now)[0] == "extract_flights"
    assert time_text(view.tasks["extract_flights"], now) == "6.0s"


@given(ORDERS)
def test_an_order_is_remembered_as_a_text(order):
    assert order_of(order.text) == order


@given(st.text())
def test_a_text_that_means_no_order_means_the_workflows(text):
    order = order_of(text)
    assert order.column in ("", *COLUMNS)
    assert order == Order() or order.text == text


def test_the_workflows_order_is_one_of_the_stops():
    order, seen = Order(), []
    for _ in range(5):
        order = order.next(["status", "task", "time", "why"])
        seen.append(order.column)
    assert seen == ["status", "task", "time", "why", ""]
    assert Order("try").next(["status"]) == Order(), "from a column that is not shown"


@given(st.integers(60, 220), ORDERS)
def test_the_heading_says_the_order_and_a_cell_of_it_its_column(width, order):
    columns = columns_for(17, width)
    heading = plain(heading_line(columns, order=order))
    assert width_of(heading_line(columns, order=order)) <= width
    bare = plain(heading_line(columns))
    for column in shown_columns(columns):
        title = column.upper()
        assert column_at(columns, bare.index(title)) == column
        assert column_at(columns, bare.index(title) + len(title) - 1) == column
        arrow = "↓" if order.down else "↑"
        assert (f"{title}{arrow}" in heading) == (column == order.column)
        if column != "time":
            assert heading.index(title) == bare.index(title), "nothing moves"


def test_o_sorts_and_the_cursor_stays_on_its_task(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            assert on.cursor == "join_delays"
            await on.press("o", "o")
            assert "TASK↑" in on.lines[2]
            assert on.cursor == "join_delays"
            assert on.board.table.shown == sorted(EDGES)
            assert on.lines[3 + sorted(EDGES).index("join_delays")].startswith("›")
            await on.press("O")
            assert "TASK↓" in on.lines[2]
            assert on.board.table.shown == sorted(EDGES, reverse=True)
            await on.press("o", "o", "o", "o", "o")
            assert on.board.table.shown == list(EDGES)
            await on.press("O")
            assert on.message == "The tasks are in the workflow's order. o sorts them by a column."

    play(scene())


def test_a_click_on_a_title_sorts_and_again_the_other_way_round(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            for arrow in "↑↓":
                await on.pilot.click("#tasks", offset=(on.lines[2].index("TASK") + 1, 0))
                await on.settle()
                assert f"TASK{arrow}" in on.lines[2]
            assert on.cursor == "join_delays"

    play(scene())


def test_the_order_is_remembered(path):
    async def scene():
        liked = Preferences(sort="-task")
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW, preferences=liked) as on:
            assert on.board.table.shown == sorted(EDGES, reverse=True)
            assert on.cursor == "join_delays", "as without it"
            await on.press("O")
            on.app.exit()
            assert on.app.preferences == Preferences(sort="task")

    play(scene())


def test_a_filter_and_an_order_hold_together(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            await on.press("o", "o", "O", "slash", *"extract", "enter")
            extracts = sorted((name for name in EDGES if "extract" in name), reverse=True)
            assert on.board.table.shown == extracts
            assert on.cursor == extracts[0], "the first match is the first row"
            await on.press("o")
            assert set(on.board.table.shown) == set(extracts)

    play(scene())


def test_f_goes_down_the_rows_as_they_are(path):
    async def scene():
        from scenes import TaskStatus, record

        picture = failed_picture(path)
        more = {
            name: record(name, TaskStatus.FAILED, error="E: x", finished_at=at("10:42:01"))
            for name in ("extract_flights", "extract_airlines")
        }
        session = FakeSession(replace(picture, records={**picture.records, **more}))
        async with open_stage(session, SMALL, NOW) as on:
            await on.press("o", "o", "home")
            seen = []
            for _ in range(3):
                await on.press("f")
                seen.append(on.cursor)
            assert seen == ["extract_flights", "join_delays", "extract_airlines"]

    play(scene())


def test_while_a_run_goes_on_rows_change_places_only_at_a_tick(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, SMALL, NOW) as on:
            story = Story()
            await on.press("o")
            await on.happens(*story.running())
            before = list(on.board.table.shown)
            await on.happens(story.fails("extract_flights", "10:42:09"))
            assert on.board.table.shown == before
            on.board.tick()
            await on.settle()
            assert on.board.table.shown[0] == "extract_flights"

    play(scene())


def test_a_change_while_nothing_runs_is_in_its_place_at_once(path):
    async def scene():
        from fwtui.session.port import Reload

        async with open_stage(FakeSession(done_picture(path)), SMALL, NOW) as on:
            await on.press("o")
            await on.saves(Reload("workflows/etl.py", NOW, failed_picture(path)))
            assert on.board.table.shown[0] == "join_delays"

    play(scene())


@pytest.mark.parametrize("column", COLUMNS)
def test_thousands_of_tasks_are_sorted(column, path, monkeypatch):
    monkeypatch.setattr("fwtui.widgets.task_table._MANY", 5)

    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            on.board.table.set_order(Order(column))
            expected = [task.name for task in sorted_tasks(on.board.view, Order(column), NOW)]
            await on.until(lambda: on.board.table.shown == expected)

    play(scene())
