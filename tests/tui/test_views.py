"""The graph, the timeline and the runs in the dashboard: one selection for all, and an old run that cannot be changed."""

from __future__ import annotations

import pytest
from scenes import EDGES, NOW, FakeSession, failed_picture, saved_reload, stale_picture, with_an_old_run
from stage import SMALL, WIDE, open_stage, play

from fwtui.model.status import State
from fwtui.session.port import RunRequest


@pytest.mark.parametrize(("key", "name"), [("g", "graph"), ("3", "graph"), ("i", "timeline"), ("4", "timeline")])
@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_a_view_has_the_focus_and_the_cursor_of_the_tasks_and_escape_leads_back(size, key, name, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.press(key)
            assert on.board.pane.active == name
            assert on.board.focused is on.board.pane.view
            assert on.board.table.display is (size is WIDE)
            await on.press("left" if name == "graph" else "up")
            assert on.cursor != "join_delays"
            assert on.board.pane.task.name == on.cursor
            await on.press("escape")
            assert on.board.focused is on.board.table
            assert on.board.table.display

    play(scene())


@pytest.mark.parametrize("key", ["g", "i", "h"])
@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_the_same_key_again_leads_back_to_the_log(size, key, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.press(key, key)
            assert on.board.pane.active == "log"
            assert on.board.focused is on.board.table

    play(scene())


def test_arrows_walk_along_edges_and_enter_shows_the_log(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            await on.press("g", "right")
            assert on.cursor in ("summarize_delays", "load_warehouse")
            await on.press("left")
            assert on.cursor == "join_delays"
            await on.press("enter")
            assert (on.board.pane.active, on.board.full) == ("log", "pane")

    play(scene())


def test_a_zoomed_timeline_says_so_and_scrolls(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            await on.press("i")
            before = on.lines
            await on.press("plus")
            zoomed = on.lines
            assert zoomed != before
            await on.press("left")
            assert on.lines != zoomed
            await on.press("minus")
            assert on.lines[3:] == before[3:]

    play(scene())


def test_a_filter_typed_in_the_timeline_is_that_of_the_tasks(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press("i", "slash", *"del", "enter")
            assert on.board.table.shown == ["join_delays", "summarize_delays"]
            assert on.board.focused is on.board.pane.view
            await on.press("down", "down")
            assert on.cursor == "summarize_delays"

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_an_old_run_is_shown_read_only_and_left_with_escape(size, path):
    async def scene():
        session = with_an_old_run(path)
        async with open_stage(session, size, NOW) as on:
            await on.press("h", "down", "enter")
            assert on.board.view.run.run_id == 30
            assert on.board.view.tasks["extract_flights"].state is State.DONE
            assert on.board.table.display
            assert "run 30 · read-only" in on.lines[0]
            assert on.message == "This is run 30 of process 4711 on lab-3, read-only. esc leaves it."
            await on.press("r", "x", "t", "R", "U")
            assert session.called("start") == session.called("clear") == session.called("undo") == []
            assert on.board.dialog is None
            await on.press("escape")
            assert on.board.view.run.run_id == 31
            assert "watching" in on.lines[0]

    play(scene())


def test_the_newest_run_is_what_is_shown_anyway(path):
    async def scene():
        async with open_stage(with_an_old_run(path), WIDE, NOW) as on:
            await on.press("h", "enter")
            assert on.board.conductor.past is None

    play(scene())


def test_a_filter_of_the_runs_is_their_own(path):
    async def scene():
        async with open_stage(with_an_old_run(path), WIDE, NOW) as on:
            await on.press("h", "slash", *"failed", "enter")
            assert on.board.pane.runs.keys == [31]
            assert len(on.board.table.shown) == 9
            await on.press("escape")
            assert on.board.pane.runs.keys == [31, 30]
            await on.press("q")
            assert on.board.focused is on.board.table

    play(scene())


def test_the_plan_tells_every_decision_and_enter_runs_it(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, SMALL, NOW) as on:
            await on.press("p")
            assert "4 tasks to run, 5 reused" in on.lines[0]
            assert on.line_with("join_delays").split() == ["run", "join_delays", "failed", "before"]
            assert all(on.line_with(name) for name in EDGES)
            await on.press("escape")
            assert session.called("start") == []
            assert on.board.focused is on.board.table
            await on.press("p", "enter")
            assert session.called("start") == [("start", RunRequest())]

    play(scene())


def test_the_plan_has_its_own_help_and_in_a_narrow_terminal_the_key_that_runs_it(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, (30, 24), NOW) as on:
            await on.press("p")
            assert on.footer == "enter run 4  q back"
            await on.press("question_mark")
            assert on.line_with("On the plan")
            assert on.line_with("run exactly")
            await on.press("q", "enter")
            assert session.called("start") == [("start", RunRequest())]

    play(scene())


def test_a_plan_that_is_another_one_by_now_is_shown_and_not_run(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, SMALL, NOW) as on:
            await on.press("p")
            session.picture = stale_picture(path)
            await on.press("enter")
            assert session.called("start") == []
            assert on.line_with("Nothing has started: the plan is another one now.")
            assert "nearest_hour() changed" in on.line_with("join_delays")
            await on.press("enter")
            assert session.called("start") == [("start", RunRequest())]

    play(scene())


def test_automatic_runs_on_a_save_that_leaves_something_to_run(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE, NOW) as on:
            await on.press("a")
            assert on.lines[0].endswith("run 31 · auto")
            await on.saves(saved_reload(path))
            await on.until(lambda: session.called("start"))
            assert session.called("start") == [("start", RunRequest())]

    play(scene())


def test_a_save_starts_nothing_where_that_is_not_wanted(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE, NOW) as on:
            await on.press("a", "a")
            await on.saves(saved_reload(path))
            assert session.called("start") == []
            assert on.lines[0].endswith("run 31 · watching")

    play(scene())
