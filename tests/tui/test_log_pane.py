"""A pane of lines: cells, colours, places, what is selected with the mouse, what a search finds, and very long logs."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path
from unicodedata import combining, normalize

os.environ["TEXTUAL_ANIMATIONS"] = "none"

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment as RichSegment
from stage import Page, play
from test_theme_contrast import LEAST, TERMINALS_OWN, contrast
from textual.app import App
from textual.selection import Selection

import fwtui
from flowweaver.records import LogLine
from fwtui.model.ansi import coloured
from fwtui.model.document import Document
from fwtui.model.logtext import log_lines
from fwtui.model.segments import cells, graphemes, line, plain
from fwtui.theme import LIGHT, readable
from fwtui.widgets.drawing import ASCII
from fwtui.widgets.lines_pane import LinesPane

WIDE, HIGH = 40, 10


class Alone(App):
    """An app that has nothing but the lines."""

    CSS_PATH = str(Path(fwtui.__file__).parent / "app.tcss")
    CSS = "LinesPane { height: 1fr; width: 100%; scrollbar-size: 0 0; }"

    def get_default_screen(self):
        return Page(id="_default")

    def get_css_variables(self):
        return readable(super().get_css_variables())

    def __init__(self):
        super().__init__()
        self.searched = []

    def compose(self):
        self.pane = LinesPane()
        yield self.pane

    @property
    def lines(self):
        return [self.pane.render_line(y).text.rstrip() for y in range(self.pane.size.height)]

    @property
    def marked(self):
        """The parts of the rows in sight that a search has found, and the one it is at in brackets."""
        styles = {self.pane.style_of("match"): "{}", self.pane.style_of("match-here"): "[{}]"}
        return [
            styles[style].format(segment.text)
            for y in range(self.pane.size.height)
            for segment in self.pane.render_line(y)
            if (style := without_meta(segment)) in styles
        ]

    def on_lines_pane_searched(self, event):
        self.searched.append((event.needle, event.lines))


def without_meta(segment: RichSegment):
    style = segment.style.copy()
    style._meta = None
    return style.clear_meta_and_links()


@asynccontextmanager
async def alone(size=(WIDE, HIGH)):
    app = Alone()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def made(*texts: str):
    """Lines as a log shows what was written."""
    shown, style = [], ""
    for text in texts:
        composed, style = coloured(text, style)
        shown.append(composed)
    return shown


async def until(pilot, holds):
    for _ in range(2_000):
        await pilot.pause(0)
        if holds():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came to this")


# -- cells --------------------------------------------------------------------------------------------------------------

# Terminals do not agree on emoji that are joined, nor on what a variation selector does to a character's width.
TEXT = st.text(st.sampled_from("ab cdé日本🙂e\u0301ñ_-\t\x1b\x07\u202e\x00"), max_size=120)
WRITTEN = st.lists(st.one_of(TEXT, st.sampled_from(["\x1b[31m", "\x1b[0m", "\x1b[7m", ""])), max_size=6).map("".join)


def without_marks(row: str) -> str:
    """A row as cells: pyte composes marks with what they belong to, and loses those of wide characters."""
    return "".join(each for each in normalize("NFD", row) if not combining(each)).rstrip()


def on_a_terminal(app: Alone) -> list[str]:
    """What a terminal shows of the pane, row by row."""
    screen = pyte.Screen(WIDE, HIGH)
    stream = pyte.Stream(screen)
    for y in range(HIGH):
        stream.feed(f"\x1b[{y + 1};1H")
        for segment in app.pane.render_line(y):
            assert segment.text.isprintable() or "\u200d" in segment.text
            stream.feed(segment.text)
    return screen.display


def test_every_row_takes_its_cells_and_no_more_whatever_was_written():
    async def scene():
        async with alone() as (app, _):

            @settings(deadline=None, max_examples=30)
            @given(st.lists(WRITTEN, min_size=1, max_size=8), st.booleans(), st.integers(0, 100), st.booleans())
            def check(texts, wraps, left, only_ascii):
                app.set_class(only_ascii, ASCII)
                app.pane.wraps = wraps
                app.pane.show([line(" ", *each) for each in made(*texts)])
                app.pane.scroll_to(x=left, animate=False, force=True, immediate=True)
                for y in range(HIGH):
                    strip = app.pane.render_line(y)
                    assert strip.cell_length == sum(cells(segment.text) for segment in strip) == WIDE
                    assert not only_ascii or strip.text.isascii()
                rows = [app.pane.render_line(y).text for y in range(HIGH)]
                assert [without_marks(row) for row in on_a_terminal(app)] == [without_marks(row) for row in rows]

            check()

    play(scene())


def test_a_log_in_colour_is_drawn_in_colour():
    async def scene():
        async with alone() as (app, _):
            app.pane.show(made("\x1b[1;38;2;255;128;0mwarm\x1b[0m \x1b[44mground\x1b[0m \x1b[7mreverse"))
            warm, _, ground, _, reverse, *_ = app.pane.render_line(0)
            assert (warm.text, warm.style.bold, warm.style.color.triplet.hex) == ("warm", True, "#ff8000")
            assert ground.style.bgcolor == app.pane.style_of("sgr on color(4)").bgcolor
            assert ground.style.bgcolor != app.pane.style_of("").bgcolor
            assert reverse.style.reverse

    play(scene())


COLOURS = ["black", "color(0)", "color(7)", "color(8)", "color(15)", "color(16)", "color(226)", "#101010", "#fefefe"]


@pytest.mark.parametrize("theme", sorted({LIGHT.name, *App().available_themes} - TERMINALS_OWN))
def test_what_a_task_colours_can_be_read_in_every_theme(theme):
    async def scene():
        async with alone() as (app, pilot):
            app.register_theme(LIGHT)
            app.theme = theme
            await pilot.pause()
            for style in [*COLOURS, *(f"{one} on {two}" for one in COLOURS for two in COLOURS)]:
                drawn = app.pane.style_of(f"sgr {style}")
                ratio = contrast(drawn.color.triplet, drawn.bgcolor.triplet)
                assert ratio >= LEAST, (style, ratio)

    play(scene())


def test_a_colour_that_can_be_read_is_left_as_it_is():
    async def scene():
        async with alone() as (app, _):
            assert app.pane.style_of("sgr #ff8000 on #101010").color.triplet.hex == "#ff8000"
            assert app.pane.style_of("sgr bold").color == app.pane.style_of("").color

    play(scene())


def test_without_colours_only_what_is_bold_or_reversed_is_left_of_a_tasks_style(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def scene():
        async with alone() as (app, _):
            base = app.pane.style_of("")
            drawn = app.pane.style_of("sgr bold reverse color(1) on color(0)")
            assert (drawn.color, drawn.bgcolor) == (base.color, base.bgcolor)
            assert drawn.bold
            assert drawn.reverse

    play(scene())


# -- folding and following ----------------------------------------------------------------------------------------------


def test_what_is_at_the_top_stays_there_when_lines_are_folded():
    async def scene():
        async with alone() as (app, pilot):
            app.pane.show(made(*(f"{number} " + "word " * 20 for number in range(50))))
            app.pane.action_scroll_lines(20)
            assert app.lines[0].startswith("20 ")
            assert app.pane.toggle_wrap()
            assert app.lines[0].startswith("20 ")
            assert app.lines[1].startswith("word"), "it goes on in the next row"
            assert app.pane.place == "line 21 of 50"
            await pilot.resize_terminal(60, HIGH)
            assert app.lines[0].startswith("20 ")
            assert not app.pane.toggle_wrap()
            assert app.lines[:2] == [app.lines[0], app.lines[1]]
            assert app.lines[1].startswith("21 ")

    play(scene())


def test_loose_lines_are_replaced_by_what_comes_next():
    async def scene():
        async with alone() as (app, _):
            app.pane.show(made("one"), follow=True)
            app.pane.append(made("two"), made("10%"))
            assert app.lines[:3] == ["one", "two", "10%"]
            app.pane.append([], made("50%"))
            assert app.lines[:4] == ["one", "two", "50%", ""]
            app.pane.append(made("100%"))
            app.pane.append(made("three"))
            assert app.pane.text == "one\ntwo\n100%\nthree"

    play(scene())


@pytest.mark.parametrize("wraps", [False, True])
def test_a_long_document_is_folded_and_searched_beside_what_goes_on(wraps):
    async def scene():
        async with alone() as (app, pilot):
            lines = made(*(f"{number:>6} " + "word " * 20 for number in range(4_000)), "needle at the end")
            app.pane.wraps = wraps
            app.pane.show(Document(lines), follow=True)
            app.pane.append(made("appended needle"))
            await until(pilot, lambda: app.pane.document.width == app.pane.fold_width)
            assert app.pane.document.height == (12_002 if wraps else 4_002)
            assert app.lines[HIGH - 1] == "appended needle"
            app.pane.search("needle")
            app.pane.append(made("one more needle"))
            await until(pilot, lambda: app.searched)
            assert app.searched == [("needle", 3)]
            assert app.pane.found == "needle at the end"
            app.pane.toggle_wrap()
            await until(pilot, lambda: app.pane.document.width == app.pane.fold_width)
            app.pane.go_to_match(1)
            assert app.pane.found == "appended needle"

    play(scene())


# -- searching ----------------------------------------------------------------------------------------------------------


def test_a_search_goes_from_place_to_place_and_begins_anew_at_the_end():
    async def scene():
        async with alone() as (app, _):
            app.pane.show(made("an ant", *["nothing"] * 30, "Ant and ant"))
            app.pane.search("ant")
            assert app.marked == ["[ant]"]
            app.pane.go_to_match(1)
            assert app.marked == ["[Ant]", "ant"]
            assert app.pane.place == "end"
            app.pane.go_to_match(1)
            assert app.marked == ["Ant", "[ant]"]
            app.pane.go_to_match(1)
            assert app.marked == ["[ant]"]
            app.pane.go_to_match(-1)
            assert app.marked == ["Ant", "[ant]"]
            app.pane.search("Ant")
            assert app.marked == ["[Ant]"]
            app.pane.search("")
            assert app.marked == []

    play(scene())


def test_a_match_is_marked_also_where_a_line_is_folded_within_it():
    async def scene():
        async with alone() as (app, _):
            app.pane.wraps = True
            app.pane.show(made("x" * (WIDE - 3) + "needle" + "y" * 10))
            app.pane.search("needle")
            assert app.marked == ["[nee]", "[dle]"]

    play(scene())


def test_a_match_far_to_the_right_is_scrolled_into_sight():
    async def scene():
        async with alone() as (app, _):
            app.pane.show(made("日本" * 300 + "needle", "needle"))
            app.pane.search("needle")
            assert app.marked == ["[needle]"]
            app.pane.go_to_match(1)
            assert app.pane.scroll_offset.x == 0
            assert app.marked == ["[needle]"]

    play(scene())


def test_what_is_appended_is_searched_too():
    async def scene():
        async with alone() as (app, _):
            app.pane.show(made("needle"), follow=True)
            app.pane.search("needle")
            app.pane.append(made("hay", "needle"))
            app.pane.go_to_match(1)
            assert app.marked == ["needle", "[needle]"]
            app.pane.show(made("another log"))
            app.pane.go_to_match(1)
            assert app.pane.found is None

    play(scene())


# -- selecting ----------------------------------------------------------------------------------------------------------


async def drag(pilot, app, start, end):
    await pilot.mouse_down(app.pane, offset=start)
    await pilot.hover(app.pane, offset=end)
    await pilot.mouse_up(app.pane, offset=end)
    await pilot.pause()


@pytest.mark.parametrize("wraps", [False, True])
@pytest.mark.parametrize("only_ascii", [False, True])
def test_what_is_dragged_over_is_what_was_written(wraps, only_ascii):
    first, second = "joining 日本 with e\u0301te\u0301 and more, so that it is folded", "the second line"

    async def scene():
        async with alone() as (app, pilot):
            app.set_class(only_ascii, ASCII)
            app.pane.wraps = wraps
            app.pane.show(made(first, second))
            await pilot.pause()
            last = app.pane.document.height - 1
            await drag(pilot, app, (0, 0), (WIDE - 1, last))
            assert app.screen.get_selected_text() == f"{first}\n{second}"
            await drag(pilot, app, (8, 0), (10, 0))
            assert app.screen.get_selected_text() == "日本"
            await drag(pilot, app, (18, 0), (20, 0))
            assert app.screen.get_selected_text() == "e\u0301te\u0301"
            await drag(pilot, app, (4, last), (9, last))
            assert app.screen.get_selected_text() == "second"
            await drag(pilot, app, (4, last), (10, HIGH - 1))
            assert app.screen.get_selected_text() == "second line"

    play(scene())


def test_a_selection_is_drawn_and_goes_when_other_lines_are_shown():
    async def scene():
        async with alone() as (app, pilot):
            app.pane.show(made("select this word"))
            await drag(pilot, app, (7, 0), (10, 0))
            ground = app.screen.get_component_rich_style("screen--selection").bgcolor
            drawn = [segment.text for segment in app.pane.render_line(0) if segment.style.bgcolor == ground]
            assert drawn == ["this"]
            app.pane.append(made("more"))
            assert app.screen.get_selected_text() == "this"
            app.pane.show(made("other lines"))
            assert not app.screen.get_selected_text()

    play(scene())


def test_any_two_places_give_back_what_is_written_between_them():
    async def scene():
        async with alone() as (app, _):

            @settings(deadline=None, max_examples=30)
            @given(
                st.lists(TEXT.map(lambda text: plain(coloured(text)[0])), min_size=1, max_size=4),
                st.booleans(),
                st.data(),
            )
            def check(texts, wraps, data):
                app.pane.wraps = wraps
                app.pane.show([line(" " + text) for text in texts])
                row = data.draw(st.integers(0, min(HIGH, app.pane.document.height) - 1))
                shown = plain(app.pane.document.shown(row))
                seen = [each for each in graphemes(shown) if each[2] and cells(shown[: each[1]]) <= WIDE]
                if not seen:
                    return
                first, last = sorted(data.draw(st.tuples(st.sampled_from(seen), st.sampled_from(seen))))
                offsets = []
                for each in (first, last):
                    widget, offset = app.screen.get_widget_and_offset_at(cells(shown[: each[0]]), row)
                    assert widget is app.pane
                    offsets.append(offset)
                selection = Selection.from_offsets(offsets[0], offsets[1] + (1, 0))
                assert app.pane.get_selection(selection)[0] == shown[first[0] : last[1]]

            check()

    play(scene())


# -- very long ones -----------------------------------------------------------------------------------------------------


def test_a_line_of_a_megabyte_is_drawn_folded_and_searched():
    text = "日本é " * 16_384  # what one piece of it has; sixteen of them are a megabyte
    lines = log_lines([LogLine("t", 1, 0.0, "out", text) for _ in range(16)])

    async def scene():
        async with alone() as (app, pilot):
            app.pane.show(Document(lines))
            app.pane.action_scroll_columns(60_000)
            assert all(app.pane.render_line(y).cell_length == WIDE for y in range(HIGH))
            app.pane.toggle_wrap()
            await until(pilot, lambda: app.pane.document.width == WIDE)
            app.pane.action_scroll_ends(1)
            assert app.pane.place == "end"
            assert all(app.pane.render_line(y).cell_length == WIDE for y in range(HIGH))
            assert "".join(app.lines).replace(" ", "") in text.replace(" ", "")

    play(scene())
