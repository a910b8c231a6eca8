"""The pane of lines: what it draws anew when it shows others, and that nothing old is left on the screen."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"

import pytest
from stage import Page
from stage import Stage as OnScreen
from textual.app import App, ComposeResult

import fwtui
from fwtui.model.segments import Segment, line
from fwtui.widgets.lines_pane import LinesPane

STYLES = (Path(fwtui.__file__).parent / "app.tcss").read_text(encoding="utf-8")
HEIGHT = 10


class Watched(LinesPane):
    refreshed: list

    def refresh(self, *regions, **options):
        self.refreshed = [*getattr(self, "refreshed", []), *(regions or [None])]
        return super().refresh(*regions, **options)


class Stage(App):
    CSS = STYLES + "\nWatched { width: 100%; height: 1fr; background: $background; scrollbar-size: 0 0; }"

    def get_default_screen(self):
        return Page(id="_default")

    def compose(self) -> ComposeResult:
        self.pane = Watched(id="log")
        yield self.pane

    def on_mount(self) -> None:
        self.told: list = []

    def on_lines_pane_scrolled(self, event: LinesPane.Scrolled) -> None:
        self.told.append(event)

    lines = OnScreen.lines

    @property
    def app(self):
        return self


def play(scene):
    async def played():
        app = Stage()
        async with app.run_test(size=(40, HEIGHT)) as pilot:
            await pilot.pause()
            await scene(app, pilot)

    asyncio.run(asyncio.wait_for(played(), 30))


def of(*texts):
    return [line(Segment(text)) for text in texts]


def test_only_rows_that_differ_are_drawn_anew():
    async def scene(app, pilot):
        app.pane.show(of("one", "two", "three"))
        await pilot.pause()
        app.pane.refreshed = []
        app.pane.show(of("one", "2", "three", "four"), keep_place=True)
        assert [region.y for region in app.pane.refreshed if region is not None] == [1, 3]
        assert None not in app.pane.refreshed
        await pilot.pause()
        assert app.lines[:5] == ["one", "2", "three", "four", ""]

    play(scene)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_was_shown_before_the_screen_shows_the_lines_of_now(seed):
    chance = random.Random(seed)

    async def scene(app, pilot):
        for _ in range(25):
            texts = [f"{chance.choice('abc')} {'x' * chance.randrange(60)}" for _ in range(chance.randrange(25))]
            app.pane.show(of(*texts), follow=chance.random() < 0.5, keep_place=chance.random() < 0.5)
            if chance.random() < 0.2:
                app.pane.toggle_wrap()
            if chance.random() < 0.3:
                app.pane.action_scroll_lines(chance.choice([-3, 2]))
            if chance.random() < 0.2:
                app.pane.search(chance.choice(["", "a"]))
            await pilot.pause()
            rows = [app.pane.render_line(y).text.rstrip() for y in range(HEIGHT)]
            assert app.lines == rows
            assert not texts or any(rows)

    play(scene)


def test_where_one_is_in_the_lines_is_told_once():
    async def scene(app, pilot):
        app.pane.show(of(*map(str, range(30))))
        await pilot.pause()
        app.told = []
        for text in "abc":
            app.pane.show(of(text, *map(str, range(29))), keep_place=True)
        await pilot.pause()
        assert app.told == []
        app.pane.action_scroll_lines(1)
        await pilot.pause()
        assert len(app.told) == 1
        assert app.pane.place == "line 2 of 30"

    play(scene)
