"""What the mouse does: clicks select, focus, sort, filter, open and press; the wheel only scrolls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import NOW, FakeSession, Story, failed_picture, never_ran_picture, with_an_old_run
from stage import SMALL, WIDE, Stage, open_stage, play
from textual import events

from fwtui.model.filters import filter_for, parse_filter
from fwtui.model.folding import fold
from fwtui.model.header import HeaderFacts, progress_line, states_at
from fwtui.model.segments import plain
from fwtui.model.status import LOOKS, State
from fwtui.model.views import idle_view
from fwtui.session.port import Picture

FAILED = idle_view(failed_picture("x"))
RUNNING = fold(idle_view(never_ran_picture()), Story().running())
VERY_WIDE = (200, 50)


async def click(on: Stage, text: str, *, into: int = 0, times: int = 1) -> None:
    """Click on a text of the screen, ``into`` cells behind its beginning."""
    y = next(number for number, line in enumerate(on.lines) if text in line)
    await on.pilot.click(offset=(on.lines[y].index(text) + into, y), times=times)
    await on.settle()


async def wheel(on: Stage, text: str, *, down: bool = True) -> None:
    """Turn the wheel over a text of the screen."""
    y = next(number for number, line in enumerate(on.lines) if text in line)
    kind = events.MouseScrollDown if down else events.MouseScrollUp
    x = on.lines[y].index(text)
    on.app.post_message(kind(None, x, y, 0, 1 if down else -1, 0, False, False, False, x, y))
    await on.settle()


def many(path: str) -> Picture:
    """A hundred tasks beside each other."""
    picture = never_ran_picture(path)
    infos = tuple(replace(picture.tasks[0], name=f"task_{number:03}", deps=()) for number in range(100))
    return replace(picture, tasks=infos, plan=type(picture.plan)({}))


# -- the header ---------------------------------------------------------------------------------------------------------


@given(st.sampled_from([FAILED, RUNNING]), st.integers(20, 220), st.booleans())
def test_a_cell_of_a_count_means_its_states_and_no_other_does(view, width, only_ascii):
    facts = HeaderFacts(ascii=only_ascii)
    text = plain(progress_line(view, facts, width, NOW))
    seen = {}
    for x in range(width):
        states = states_at(view, facts, width, x)
        if states:
            seen[states] = seen.get(states, "") + text[x]
    for states, shown in seen.items():
        look = LOOKS[states[0]]
        assert shown == f"{look.ascii if only_ascii else look.icon} {view.count(*states)}"
    if seen:
        assert sum(view.count(*states) for states in seen) == view.total
    else:
        assert width < 60


@given(st.sets(st.sampled_from(State), min_size=1))
def test_the_filter_for_states_finds_them(states):
    found = parse_filter(filter_for(states)).states
    assert len(found) == 1
    assert states <= found[0]
    assert found[0] - states <= {State.TIMED_OUT}, "!failed is any failure"


@pytest.mark.parametrize(
    ("text", "finds"), [("!", None), ("!,", None), ("!stop,inter", {State.STOPPED, State.INTERRUPTED})]
)
def test_states_are_typed_with_commas_between(text, finds):
    assert parse_filter(text).states == (() if finds is None else (frozenset(finds),))


def test_a_click_on_a_count_filters_by_it_and_again_shows_all(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            await click(on, "⊘ 3")
            assert "filter: !skipped, 3 of 9" in on.lines[2]
            assert on.cursor == "summarize_delays"
            await click(on, "✗ 1", into=2)
            assert "filter: !failed, 1 of 9" in on.lines[2]
            await click(on, "✗ 1")
            assert len(on.board.table.shown) == 9
            await click(on, "5/9 done")
            assert on.board.table.filter_text == ""

    play(scene())


# -- parts --------------------------------------------------------------------------------------------------------------


def test_a_click_selects_and_focuses(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW) as on:
            for text, part in (("joining 26,483", "log"), ("gives    nothing", "details"), ("1    10:42:04", "tasks")):
                await click(on, text)
                assert on.board.here == part, text
            assert on.cursor == "validate_flights"
            await click(on, "⊘ load_warehouse ─")
            assert (on.board.here, on.cursor) == ("graph", "load_warehouse")
            await click(on, "4 Timeline")
            assert on.board.pane.active == "timeline"
            await click(on, "validate_flights  ", into=110)
            await click(on, "1    10:42:03")
            assert (on.board.here, on.cursor) == ("tasks", "extract_flights")

    play(scene())


def test_a_double_click_is_enter(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await click(on, "✓ done       extract_weather", times=2)
            assert (on.board.full, on.cursor) == ("pane", "extract_weather")
            await on.press("escape", "g")
            await click(on, "✓ validate_flights ─", times=2)
            assert (on.board.full, on.cursor, on.board.pane.active) == ("pane", "validate_flights", "log")
            await on.press("escape", "escape", "i")
            await click(on, "write_report", times=1)
            assert on.board.pane.active == "timeline"

    async def a_run():
        async with open_stage(with_an_old_run(path), WIDE, NOW) as on:
            await on.press("h")
            await click(on, " 30 ", into=2, times=2)
            await on.until(lambda: on.board.conductor.past is not None)

    play(scene())
    play(a_run())


def test_the_wheel_scrolls_what_is_under_the_pointer_and_moves_no_cursor(path):
    async def scene():
        async with open_stage(FakeSession(many(path)), SMALL, NOW) as on:
            await wheel(on, "task_005")
            assert on.cursor == "task_000"
            top = on.board.table.scroll_offset.y
            assert top == 2, "lines, at once, as in less"
            await on.press("1")
            on.board.tick()
            on.board.refresh_view()
            await on.settle()
            assert on.board.table.scroll_offset.y == top, "nothing scrolls back by itself"
            await wheel(on, "task_005", down=False)
            assert on.board.table.scroll_offset.y == 0
            await on.press("o", "o")
            await wheel(on, "task_005")
            on.board.tick()
            await on.settle()
            assert (on.board.table.scroll_offset.y, on.cursor) == (2, "task_000")

    async def of_the_log():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            before = on.board.pane.view.scroll_offset.y
            await wheel(on, "✗ KeyError", down=False)
            assert on.board.pane.view.scroll_offset.y == max(0, before - 2)
            assert on.board.here == "tasks", "the focus stays where it is"

    play(scene())
    play(of_the_log())


# -- keys that are shown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_every_key_of_the_footer_does_what_the_key_does(path, size):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await click(on, "filter  ?")
            assert on.board.typing == "filter"
            for letter in "del":
                on.strike(letter)
            await on.settle()
            await click(on, "↑↓ move", into=1)
            assert on.cursor == "summarize_delays"
            await click(on, "keep filter")
            assert "filter: del, 2 of 9" in on.lines[2]
            await click(on, "x clear", into=3)
            assert on.board.dialog is not None
            await click(on, "←→ scope", into=1)
            assert on.board.dialog.scope == "downstream"
            await click(on, "esc keep all" if "esc keep all" in on.footer else "esc close")
            assert on.board.dialog is None
            await on.press("tab")
            await click(on, "esc tasks")
            assert on.board.here == "tasks"
            await click(on, "? help")
            assert on.lines[0].startswith("─┤? Help├")
            await click(on, "q back")
            assert on.app.screen is on.board

    play(scene())


def test_attempts_are_turned_by_the_bracket_that_is_clicked(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press("tab")
            await click(on, "[ ] attempt")
            assert "attempt 2/3" in on.line_with("1 Log")
            await click(on, "[ ] attempt", into=2)
            assert "attempt 3/3" in on.line_with("1 Log")

    play(scene())


def test_a_button_is_pressed_by_its_words_in_the_footer_too(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, SMALL, NOW) as on:
            await on.press("R")
            await click(on, "enter run all 9", into=8)
            assert len(session.called("start")) == 1

    play(scene())


def test_a_click_elsewhere_keeps_what_is_being_typed(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            await on.press("slash", *"del")
            await click(on, "⊘ skipped    summarize_delays")
            assert on.board.typing == ""
            assert "filter: del, 2 of 9" in on.lines[2]
            assert (on.board.here, on.cursor) == ("tasks", "summarize_delays")
            await on.press("j", "k")
            assert on.cursor == "join_delays"

    play(scene())


async def select(on: Stage, text: str) -> None:
    """Draw over a text with the button held."""
    y = next(number for number, line in enumerate(on.lines) if text in line)
    x = on.lines[y].index(text)
    await on.pilot.mouse_down(offset=(x, y))
    await on.pilot.hover(offset=(x + len(text), y))
    await on.pilot.mouse_up(offset=(x + len(text), y))
    await on.settle()
    assert on.app.screen.get_selected_text()


def test_escape_ends_a_selection_and_nothing_else(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press("tab", "z")
            await select(on, "KeyError")
            await on.press("escape")
            assert not on.board.get_selected_text()
            assert on.board.full == "pane"
            await on.press("escape")
            assert on.board.full == ""
            await on.press("question_mark")
            await select(on, "a page up")
            await on.press("escape")
            assert not on.app.screen.get_selected_text()
            assert on.app.screen is not on.board
            await on.press("escape")
            assert on.app.screen is on.board

    play(scene())
