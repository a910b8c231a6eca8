"""The very wide dashboard: tasks, graph and details beside the pane, one focus, and the way there and back by resizing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from moments import of_tasks
from scenes import NOW, FakeSession, Story, at, failed_picture, never_ran_picture, with_an_old_run
from stage import SMALL, VERY_WIDE, WIDE, Stage, open_stage, play

from fwtui.widgets.graph import GraphView


async def resize(on: Stage, width: int, height: int) -> None:
    await on.pilot.resize_terminal(width, height)
    await on.settle()


def seen(on: Stage) -> set[str]:
    names = ("tasks", "graph", "details", "log", "timeline", "runs")
    return {name for name in names if on.board.query_one(f"#{name}").display}


def test_tab_goes_to_the_pane_then_to_graph_and_details_and_round(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            order = ["tasks"]
            for _ in range(4):
                await on.press("tab")
                order.append(on.board.here)
            assert order == ["tasks", "log", "graph", "details", "tasks"]
            for name in reversed(order[:-1]):
                await on.press("shift+tab")
                assert on.board.here == name

    play(scene())


@pytest.mark.parametrize(("key", "name"), [("g", "graph"), ("3", "graph"), ("d", "details"), ("2", "details")])
def test_graph_and_details_are_gone_to_and_left_by_their_keys(key, name, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            before = on.lines
            await on.press(key)
            assert on.board.here == name
            assert on.board.pane.active == "log"
            await on.press(key)
            assert on.board.here == "tasks"
            await on.press(key, "escape")
            assert on.board.here == "tasks"
            assert on.lines == before

    play(scene())


def test_the_tabs_keep_their_digits(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            assert "├─┤1 Log├─ 4 Timeline ─ 5 Runs ─" in on.lines[2]
            await on.press("4")
            assert "─ 1 Log ─┤4 Timeline├─ 5 Runs ─" in on.lines[2]
            assert on.board.here == "timeline"
            assert seen(on) == {"tasks", "graph", "details", "timeline"}
            await on.press("4")
            assert on.board.pane.active == "log"

    play(scene())


def test_the_title_of_the_focused_part_alone_is_bold_and_reverse(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            for key, focused in (("tab", "1 Log"), ("tab", "Graph"), ("tab", "Details"), ("tab", "")):
                await on.press(key)
                strips = [on.board.query_one(rule).render_line(0) for rule in ("#rule", "#graph-rule", "#details-rule")]
                marked = [
                    segment.text.strip("┤├ ")
                    for strip in strips
                    for segment in strip
                    if segment.style.reverse and segment.style.bold
                ]
                assert marked == ([focused] if focused else [])

    play(scene())


def test_a_part_without_the_focus_keeps_its_cursor_muted(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.press("d")
            row = next(y for y, line in enumerate(on.lines) if line.startswith("›"))
            table = on.board.table
            style = next(iter(table.render_line(row - 2))).style
            assert style.bgcolor == table.style_of("cursor-blurred").bgcolor
            assert style.bgcolor != table.style_of("cursor").bgcolor
            assert on.board.query_one(GraphView).selected == "join_delays"

    play(scene())


def test_one_selection_for_the_tasks_the_graph_the_details_and_the_log(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.press("g", "left")
            assert on.cursor == "validate_flights"
            assert on.line_with("─ Details ─").split(" │")[0].endswith("─ validate_flights ─┤")
            assert "validate_flights   attempt 1" in on.lines[2]
            assert "27,004 flights" in on.lines[3]
            await on.press("escape", "down")
            assert on.board.query_one(GraphView).selected == "join_delays"

    play(scene())


@pytest.mark.parametrize(
    ("keys", "part"), [("", "tasks"), ("tab", "log"), ("g", "graph"), ("d", "details"), ("i", "timeline")]
)
def test_z_gives_the_focused_part_the_whole_middle_and_takes_it_back(keys, part, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.press(*([keys] if keys else []))
            before = on.lines
            await on.press("z")
            assert seen(on) == {part}
            assert on.board.here == part
            assert on.board.focused.size.width == 200
            await on.press("tab")
            assert on.board.here == part, "there is no other part to go to"
            await on.press("z")
            assert on.lines == before
            await on.press("z", "escape")
            assert on.lines == before
            await on.press("z", "q")
            assert on.lines == before

    play(scene())


def test_from_one_zoomed_part_to_another_by_its_key(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.press("enter")
            assert seen(on) == {"log"}
            for key, name in (("g", "graph"), ("d", "details"), ("i", "timeline"), ("l", "log")):
                await on.press(key)
                assert seen(on) == {name}
                assert on.board.here == name
            await on.press("escape")
            assert seen(on) == {"tasks", "graph", "details", "log"}
            assert on.board.here == "tasks"

    play(scene())


def test_the_log_full_screen_leads_back_to_the_graph_it_was_opened_from(path):
    async def scene():
        for size in (SMALL, WIDE, VERY_WIDE):
            async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
                await on.press("g")
                before = on.lines
                await on.press("enter")
                assert seen(on) == {"log"}
                await on.press("escape")
                assert on.lines == before
                assert on.board.here == "graph"

    play(scene())


@pytest.mark.parametrize(
    ("target", "offset", "part"),
    [
        ("#tasks", (20, 3), "tasks"),
        ("#graph", (60, 1), "graph"),
        ("#details", (5, 5), "details"),
        ("#log", (5, 5), "log"),
    ],
)
def test_a_click_goes_to_a_part(target, offset, part, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.press("d" if part == "tasks" else "i" if part == "log" else "j")
            await on.press(*(["l"] if part == "log" else []))
            await on.pilot.click(target, offset=offset)
            await on.settle()
            assert on.board.here == part

    play(scene())


@pytest.mark.parametrize("name", ["graph", "details"])
def test_a_click_on_the_rule_of_a_part_goes_there(name, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.pilot.click(f"#{name}-rule", offset=(3, 0))
            await on.settle()
            assert on.board.here == name

    play(scene())


def test_a_graph_that_does_not_fit_is_a_tab_and_the_details_have_its_place():
    async def scene():
        async with open_stage(of_tasks(40, 20)(""), VERY_WIDE, NOW) as on:
            assert "├─┤1 Log├─ 3 Graph ─ 4 Timeline ─ 5 Runs ─" in on.lines[2]
            assert "─ Graph ─" not in "\n".join(on.lines)
            assert seen(on) == {"tasks", "details", "log"}
            await on.press("g")
            assert on.board.here == "graph"
            assert seen(on) == {"tasks", "details", "graph"}
            await on.press("g")
            assert on.board.here == "tasks"

    play(scene())


def test_a_graph_in_the_pane_has_its_bar_for_each_layer_and_leaves_the_task_to_the_details():
    async def scene():
        async with open_stage(of_tasks(400, 20)(""), VERY_WIDE, NOW) as on:
            await on.press("g")
            pane = [line.partition("│")[2] for line in on.lines]
            assert any(line.startswith(" layers") for line in pane)
            assert any(line.startswith(" 1 ›   ∙ load_warehouse") for line in pane)
            assert not any(line.startswith(" needs") for line in pane)
            await on.press("z")
            assert any(line.startswith(" needs") for line in on.lines)

    play(scene())


@pytest.mark.parametrize("size", [(160, 34), (180, 40), VERY_WIDE])
def test_a_cell_stays_blank_before_the_divider(size, path):
    async def scene():
        async with open_stage(FakeSession(never_ran_picture(path), running=True), size, at("10:42:02")) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            divider = on.board.query_one("#divider").region
            for row in on.lines[divider.y : divider.y + on.board.table.size.height]:
                assert row[divider.x - 1] == " "

    play(scene())


def test_where_the_rule_has_no_room_it_says_less(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), (160, 34), NOW) as on:
            assert on.lines[2].endswith("─ attempt 3/3 ─")
            assert "join_delays" not in on.lines[2]
            await resize(on, *VERY_WIDE)
            assert on.lines[2].endswith("─ join_delays   attempt 3/3 [ ]   end ─")

    play(scene())


def test_the_footer_names_the_keys_of_a_search_where_it_was_made(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.press("d", "slash", *"KeyError", "enter")
            assert on.board.here == "details"
            assert "n next  N previous" in on.footer
            await on.press("l")
            on.board.set_focus(on.board.pane.view)
            await on.settle()
            assert on.board.here == "log"
            assert "n next" not in on.footer, "the log is not searched"

    play(scene())


def test_details_that_are_too_long_scroll_and_say_where_one_is(path):
    async def scene():
        picture = failed_picture(path)
        long = "\n".join(f"line {number}" for number in range(60))
        attempts = {"join_delays": tuple(each._replace(traceback=long) for each in picture.attempts["join_delays"])}
        async with open_stage(FakeSession(replace(picture, attempts=attempts)), VERY_WIDE, NOW) as on:
            assert "join_delays   line 1 of 7" in on.line_with("─ Details ─")
            await on.press("d", "G")
            assert "join_delays   end" in on.line_with("─ Details ─")
            assert on.line_with(" line 59 ")

    play(scene())


@pytest.mark.parametrize("keys", [(), ("tab",), ("d",), ("g",), ("i",), ("h",)])
@pytest.mark.parametrize("there", [SMALL, WIDE, (160, 33), (159, 50), (300, 34)])
def test_resizing_there_and_back_changes_nothing(keys, there, path):
    async def scene():
        async with open_stage(with_an_old_run(path), VERY_WIDE, NOW) as on:
            await on.press("up", *keys)
            before, here = on.lines, on.board.here
            await resize(on, *there)
            assert on.board.here == here
            assert on.board.focused.display
            assert on.cursor == "validate_flights"
            await resize(on, *VERY_WIDE)
            assert on.board.here == here
            assert on.lines == before

    play(scene())


@pytest.mark.parametrize("there", [SMALL, (160, 33)])
def test_a_zoomed_part_stays_zoomed_when_the_sides_go(there, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            await on.press("g", "z")
            await resize(on, *there)
            assert seen(on) == {"graph"}
            assert on.board.here == "graph"
            await resize(on, *VERY_WIDE)
            assert seen(on) == {"graph"}
            await on.press("z")
            assert seen(on) == {"tasks", "graph", "details", "log"}
            assert on.board.here == "graph"

    play(scene())


def test_the_view_of_the_narrow_pane_is_there_again_after_the_sides(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press("d")
            assert on.board.pane.active == "details"
            await resize(on, *VERY_WIDE)
            assert on.board.pane.active == "log"
            assert on.board.here == "tasks"
            await resize(on, *WIDE)
            assert on.board.pane.active == "details"

    play(scene())


def test_where_the_reader_was_in_a_log_is_kept(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press("tab", "w")
            top = on.board.focused.scroll_offset
            await resize(on, *VERY_WIDE)
            assert on.board.here == "log"
            assert on.board.focused.wraps
            await resize(on, *WIDE)
            assert on.board.focused.scroll_offset == top

    play(scene())
