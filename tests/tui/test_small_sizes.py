"""Small terminals: what goes first, what never goes, and that every question can still be answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scenes import EDGES, NOW, FakeSession, Story, at, failed_picture, never_ran_picture
from stage import Stage, open_stage, play

from fwtui.model import dialogs
from fwtui.model.dialog_box import WIDEST, DialogBox, box_for
from fwtui.model.folding import fold
from fwtui.model.rows import columns_for, heading_line, shown_columns
from fwtui.model.segments import plain, width_of
from fwtui.model.tabs import Tab, tab_at, tabs_line
from fwtui.model.views import idle_view

FAILED = idle_view(failed_picture("x"))
RUNNING = fold(idle_view(never_ran_picture()), Story().running())
SPECS = [
    dialogs.run_all_dialog(FAILED),
    dialogs.run_again_dialog(FAILED, [FAILED.tasks[name] for name in list(EDGES)[:4]], hidden=2),
    dialogs.stop_dialog(RUNNING),
    dialogs.quit_dialog(replace(RUNNING, durations={"extract_flights": 6.6}), at("10:42:03.6")),
    *(dialogs.clear_dialog(FAILED, list(EDGES)[:n], scope, "x*") for scope in dialogs.SCOPES for n in (1, 3)),
]
TABS = [Tab("1", "Log", "log"), Tab("2", "Details", "details"), Tab("3", "Graph", "graph"), Tab("5", "Runs", "runs")]


# -- dialogs as lines ---------------------------------------------------------------------------------------------------


@given(st.sampled_from(SPECS), st.integers(1, 120), st.integers(1, 40), st.integers(-3, 60))
@example(SPECS[0], 20, 5, 1)
def test_a_dialog_is_a_rectangle_that_fits(spec, width, height, first):
    box = box_for(spec, width, height, first)
    assert 1 <= len(box.lines) <= height
    assert {width_of(row) for row in box.lines} == {box.width}
    assert box.width <= width
    assert 0 <= box.first <= box.last


@given(st.sampled_from(SPECS), st.integers(20, 120), st.integers(3, 40), st.integers(0, 60))
def test_every_button_is_seen_at_any_size(spec, width, height, first):
    text = "\n".join(plain(row) for row in box_for(spec, width, height, first).lines)
    assert all(f"{button.shown} " in text for button in spec.buttons)
    assert width < 40 or all(button.label in text for button in spec.buttons)


def inside(box: DialogBox) -> set[str]:
    return {plain(row).strip("│ ") for row in box.lines[1:-1]} - {""}


@given(st.sampled_from(SPECS), st.integers(20, 120), st.integers(6, 40))
def test_scrolling_leads_to_every_line(spec, width, height):
    last = box_for(spec, width, height).last
    seen = set().union(*(inside(box_for(spec, width, height, first)) for first in range(last + 1)))
    assert inside(box_for(spec, width, 100)) <= seen


@given(st.sampled_from(SPECS), st.integers(6, 40))
def test_arrows_in_the_frame_tell_where_there_is_more(spec, height):
    for first in range(box_for(spec, 60, height).last + 1):
        box = box_for(spec, 60, height, first)
        assert ("↑" in plain(box.lines[0])) is (box.first > 0)
        assert ("↓" in plain(box.lines[-1])) is (box.first < box.last)


def test_with_all_room_nothing_is_left_out_and_blank_lines_stand_round_it():
    for spec in SPECS:
        box = box_for(spec, 80, 24)
        assert (box.width, box.last) == (WIDEST + 2, 0)
        assert plain(box.lines[1]).strip("│ ") == ""
        assert plain(box.lines[0]).startswith(f"╭─ {spec.title} ─")


# -- tabs and columns ---------------------------------------------------------------------------------------------------


@given(st.integers(12, 60), st.sampled_from(TABS), st.text("ab ", max_size=30))
def test_the_active_tab_is_seen_whole_at_any_width(width, active, right):
    rule = tabs_line(TABS, active.name, right.strip(), width)
    assert width_of(rule) == width
    assert f"┤{active.digit} {active.title}├" in plain(rule)


def test_where_there_is_no_room_for_titles_the_other_tabs_are_their_keys():
    text = plain(tabs_line(TABS, "runs", "", 30))
    assert text.startswith("─ 1 ─ 2 ─ 3 ─┤5 Runs├─")
    assert tab_at(TABS, "runs", 30, text.index("2")) == "details"
    assert tab_at(TABS, "runs", 30, text.index("Runs")) == "runs"


@given(st.integers(40, 200), st.integers(1, 60))
def test_a_column_of_reasons_says_something_or_is_not_there(width, longest):
    columns = columns_for(longest, width)
    assert columns.why == 0 or columns.why >= 6
    assert ("why" in shown_columns(columns)) is (columns.why > 0)
    heading = plain(heading_line(columns))
    assert ("WHY" in heading) is (columns.why > 0)
    assert heading.split()[:3] == ["STATUS", "TASK", "TIME"]


# -- the screen ---------------------------------------------------------------------------------------------------------


def parts(on: Stage) -> set[str]:
    names = ("header", "tasks", "rule", "log", "message", "footer")
    return {name for name in names if on.board.query_one(f"#{name}").display}


EVERYTHING = {"header", "tasks", "rule", "log", "message", "footer"}
NO_PANE = EVERYTHING - {"rule", "log"}


@pytest.mark.parametrize(
    ("size", "there", "lines"),
    [
        ((79, 23), EVERYTHING, 2),
        ((80, 16), EVERYTHING, 2),
        ((80, 15), NO_PANE, 2),
        ((40, 12), NO_PANE, 2),
        ((40, 11), NO_PANE, 1),
        ((40, 9), NO_PANE - {"footer"}, 1),
        ((40, 8), NO_PANE - {"footer"}, 1),
        ((39, 24), {"header"}, 1),
        ((80, 7), {"header"}, 1),
    ],
)
def test_the_pane_goes_first_then_line_2_then_the_footer_then_all_but_the_verdict(size, there, lines, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            assert parts(on) == there
            assert on.board.query_one("#header").size.height == lines
            assert "failed at join_delays" in on.lines[0]
            assert not any(each for each in on.lines[1:]) or there != {"header"}

    play(scene())


@pytest.mark.parametrize("size", [(30, 5), (24, 3), (20, 1)])
def test_the_verdict_is_what_stays(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            assert "✗ failed at" in on.lines[0]

    play(scene())


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        *((size, keys) for size in ((79, 23), (60, 15), (40, 8)) for keys in (("k", "t"), ("space", "space", "x"))),
        *(((30, 5), keys) for keys in (("x",), ("R",))),
    ],
)
def test_every_question_can_be_read_and_answered(size, keys, path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, size, NOW) as on:
            await on.press(*keys)
            dialog = on.board.dialog
            assert dialog is not None
            assert all(on.line_with(button.label) for button in dialog.spec.buttons)
            words = set(" ".join(on.lines).split())
            for _ in range(30):
                await on.press("down")
                words |= set(" ".join(on.lines).split())
            for said in dialog.spec.body:
                assert set(plain(said).split()) <= words
            await on.press("escape")
            assert on.board.dialog is None
            assert session.called("clear") == session.called("start") == []

    play(scene())


@pytest.mark.parametrize("size", [(40, 8), (30, 5)])
def test_the_scopes_of_clear_are_walked_through_on_a_small_screen(size, path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, size, NOW) as on:
            await on.press("x", "left", "left")
            assert on.board.dialog.scope == "all"
            await on.press("enter")
            assert session.called("clear") == [("clear", list(EDGES)[:6])]

    play(scene())


@pytest.mark.parametrize("size", [(40, 8), (30, 5)])
@pytest.mark.parametrize("key", ["question_mark", "p"])
def test_pages_scroll_to_their_end_and_are_left(size, key, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.press(key)
            assert on.footer.endswith("back")
            before = on.lines
            await on.press("G")
            assert on.lines != before
            await on.press("escape")
            assert on.app.screen is on.board

    play(scene())


@pytest.mark.parametrize(("key", "title"), [("g", "Graph"), ("i", "Timeline"), ("h", "Runs"), ("enter", "Log")])
def test_every_view_has_the_middle_of_40x8_and_says_which_it_is(key, title, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), (40, 8), NOW) as on:
            await on.press(key)
            assert f" {title}├" in on.lines[1]
            assert any(on.lines[2:7])
            await on.press("escape")
            assert on.board.here == "tasks"

    play(scene())


def test_a_screen_too_small_for_anything_and_back_again(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), (80, 24), NOW) as on:
            await on.press("up", "tab")
            before = on.lines
            for size in ((80, 15), (30, 5), (1, 1)):
                await on.pilot.resize_terminal(*size)
                await on.settle()
                await on.press("j")
            await on.pilot.resize_terminal(80, 24)
            await on.settle()
            assert on.cursor is not None
            assert on.board.focused is not None
            assert on.board.focused.display
            await on.press("home")
            assert [each for each in on.lines if "STATUS" in each] == [each for each in before if "STATUS" in each]

    play(scene())


def test_a_dialog_that_is_open_fits_again_after_a_resize(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), (80, 24), NOW) as on:
            await on.press("x")
            before = on.lines
            await on.pilot.resize_terminal(40, 8)
            await on.settle()
            assert on.line_with("Clear 1 task")
            await on.press("down", "down")
            await on.pilot.resize_terminal(80, 24)
            await on.settle()
            assert on.lines == before

    play(scene())
