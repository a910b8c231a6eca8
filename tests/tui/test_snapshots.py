"""The screen in colour, as SVG: what the text of the pictures cannot tell."""

from __future__ import annotations

import pytest
from scenes import (
    NOW,
    FakeSession,
    FakeWorkflows,
    Story,
    at,
    failed_picture,
    followed_picture,
    never_ran_picture,
    saved_reload,
    stack_of,
    with_an_old_run,
)
from stage import SMALL, WIDE, PickStage, Stage

from fwtui.app import DashboardApp
from fwtui.picking_app import PickingApp
from fwtui.session.port import LoadProblem, Reload


def compare(snap_compare, session: FakeSession, size, now: float, act) -> bool:
    """Play a scene on a dashboard and compare its picture with the one that is kept."""
    time = [now]
    app = DashboardApp(session, clock=lambda: time[0])

    async def play(pilot) -> None:
        on = Stage(app, pilot, session, time)
        await on.settle()
        await act(on)

    return snap_compare(app, terminal_size=size, run_before=play)


async def nothing(on: Stage) -> None:
    assert on.cursor == "join_delays"


def test_idle_after_a_failed_run(snap_compare, path):
    assert compare(snap_compare, FakeSession(failed_picture(path)), SMALL, NOW, nothing)


def test_running(snap_compare, path):
    async def act(on):
        await on.happens(*Story().running(), clock=at("10:42:03.6"))
        assert on.board.view.done == 2

    session = FakeSession(never_ran_picture(path), running=True)
    assert compare(snap_compare, session, SMALL, at("10:42:02"), act)


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_a_run_of_another_process_that_is_watched(snap_compare, path, size):
    async def act(on):
        story = Story()
        await on.happens(story.completes("validate_flights", "10:42:04.7"), story.starts("join_delays", "10:42:04.7"))
        on.board.table.move_to("join_delays", by_person=True)
        await on.settle()
        await on.happens(story.writes("join_delays", "10:42:05", "joining 26,483 departures"), clock=at("10:42:05"))
        assert on.message.startswith("Run 31 belongs to process 4711 on lab-3")

    assert compare(snap_compare, FakeSession(followed_picture(path)), size, at("10:42:04.5"), act)


def test_stale_with_the_focus_in_the_pane(snap_compare, path):
    async def act(on):
        await on.saves(saved_reload(path))
        await on.press("tab")
        assert "is stale" in on.board.message_text

    assert compare(snap_compare, FakeSession(failed_picture(path)), WIDE, NOW, act)


def test_clear(snap_compare, path):
    async def act(on):
        await on.press("k", "x")

    assert compare(snap_compare, FakeSession(failed_picture(path)), SMALL, NOW, act)


def test_a_broken_file_with_marks_and_a_filter(snap_compare, path):
    async def act(on):
        problem = LoadProblem("workflows/etl.py", "SyntaxError: '[' was never closed", line=88)
        await on.saves(Reload("workflows/etl.py", NOW, problem=problem))
        await on.press("space", "slash", *"de", "enter")
        assert on.message.startswith("etl.py line 88")

    assert compare(snap_compare, FakeSession(failed_picture(path)), SMALL, NOW, act)


def test_a_search_in_the_log(snap_compare, path):
    async def act(on):
        await on.press("enter", "slash", *"hour", "enter")

    assert compare(snap_compare, FakeSession(failed_picture(path)), SMALL, NOW, act)


@pytest.mark.parametrize("size", [SMALL, WIDE])
@pytest.mark.parametrize("name", ["graph", "timeline", "runs"])
def test_a_view_of_the_whole_run(snap_compare, path, name, size):
    async def act(on):
        await on.press({"graph": "g", "timeline": "i", "runs": "h"}[name])
        assert (on.board.pane.active, on.board.in_pane) == (name, True)

    assert compare(snap_compare, FakeSession(failed_picture(path)), size, NOW, act)


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_an_old_run(snap_compare, path, size):
    async def act(on):
        await on.press("h", "down", "enter")
        assert on.board.conductor.past is not None

    assert compare(snap_compare, with_an_old_run(path), size, NOW, act)


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_the_plan(snap_compare, path, size):
    async def act(on):
        await on.saves(saved_reload(path))
        await on.press("p")
        assert "4 tasks to run, 5 reused" in on.lines[0]

    assert compare(snap_compare, FakeSession(failed_picture(path)), size, NOW, act)


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_the_stack_of_a_running_task(snap_compare, path, size):
    async def act(on):
        on.session.stacks["extract_flights"] = stack_of(path)
        await on.happens(*Story().running(), clock=at("10:42:03.6"))
        await on.press("b")
        await on.until(lambda: "All 4 frames" in "\n".join(on.lines))

    session = FakeSession(never_ran_picture(path), running=True)
    assert compare(snap_compare, session, size, at("10:42:02"), act)


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_a_list_of_workflows(snap_compare, size):
    time = [NOW]
    app = PickingApp(None, FakeWorkflows(), clock=lambda: time[0])

    async def play(pilot) -> None:
        on = PickStage(app, pilot, None, time)
        await on.settle()
        await on.press("j", "j")
        assert on.picker.picks.selected.title == "etl"

    assert snap_compare(app, terminal_size=size, run_before=play)
