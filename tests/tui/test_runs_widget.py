"""The runs on a screen: the cursor, the filter, what is opened, what is drawn anew."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from scenes import NOW
from stage import Page
from textual.app import App

import fwtui
from fwtui.model.runs import RunRow
from fwtui.model.status import State
from fwtui.widgets.runs import Runs


def row(number, state=State.DONE, note=""):
    seconds = None if state is State.RUNNING else 6.5
    return RunRow(number, state, NOW - 60.0 * (40 - number), seconds, ((State.DONE, 9),), note)


ROWS = [row(31, State.FAILED, "at join_delays"), *(row(number) for number in range(30, 0, -1))]


class Alone(App):
    """An app that has nothing but the runs."""

    CSS_PATH = str(Path(fwtui.__file__).parent / "app.tcss")
    CSS = "Runs { height: 1fr; width: 100%; scrollbar-size: 0 0; }"

    def get_default_screen(self):
        return Page(id="_default")

    def __init__(self):
        super().__init__()
        self.time = NOW
        self.said = []
        self.drawn = []

    def compose(self):
        self.runs = Runs(lambda: self.time)
        whole = self.runs.refresh

        def refresh(*regions, **how):
            self.drawn += [region.y for region in regions] or ["all"]
            return whole(*regions, **how)

        self.runs.refresh = refresh
        yield self.runs

    @property
    def lines(self):
        return [self.runs.render_line(y).text.rstrip() for y in range(self.runs.size.height)]

    def on_runs_selected(self, event):
        self.said.append(("selected", event.run_id))

    def on_runs_opened(self, event):
        self.said.append(("opened", event.run_id))


@asynccontextmanager
async def shown(rows, size=(80, 12)):
    app = Alone()
    async with app.run_test(size=size) as pilot:
        app.runs.show(rows)
        await pilot.pause()
        app.drawn.clear()
        yield app, pilot


def play(scene):
    asyncio.run(asyncio.wait_for(scene(), 30))


def test_the_cursor_begins_at_the_newest_run():
    async def scene():
        async with shown(ROWS) as (app, _):
            assert app.lines[0].split() == ["RUN", "STARTED", "OUTCOME", "TIME", "TASKS", "NOTE"]
            assert app.lines[1].split()[:2] == ["›", "31"]
            assert (app.runs.title, app.runs.selected.run_id, app.said) == ("31 runs", 31, [])

    play(scene)


def test_moving_and_opening():
    async def scene():
        async with shown(ROWS) as (app, pilot):
            app.runs.action_move(2)
            app.runs.action_open()
            app.runs.action_ends(1)
            await pilot.pause()
            assert app.said == [("selected", 29), ("opened", 29), ("selected", 1)]
            assert app.lines[-1].split()[:2] == ["›", "1"], "it is scrolled into sight"
            assert app.lines[0].split()[0] == "RUN", "under a heading that stays"
            await pilot.click(Runs, offset=(10, 1), times=2)
            await pilot.pause()
            assert app.said[-1] == ("opened", 11)

    play(scene)


def test_a_filter_hides_runs_and_gives_the_cursor_to_the_first_match():
    async def scene():
        async with shown(ROWS) as (app, pilot):
            app.runs.action_move(3)
            app.runs.set_filter("!fail")
            assert [line for line in app.lines if line][1:] == [line for line in app.lines if " 31 " in line]
            assert (app.runs.cursor, app.runs.title) == (31, "filter: !fail, 1 of 31")
            app.runs.set_filter("nothing says this")
            assert (app.runs.cursor, app.runs.selected) == (None, None)
            app.runs.action_open()
            app.runs.action_move(1)
            await pilot.pause()
            assert app.said == [("selected", 28)]
            app.runs.set_filter("")
            assert app.runs.cursor == 31

    play(scene)


def test_a_new_run_comes_on_top_and_the_cursor_stays_with_its_run():
    async def scene():
        async with shown(ROWS) as (app, _):
            app.runs.action_move(1)
            app.runs.show([row(32, State.RUNNING), *ROWS])
            assert app.runs.cursor == 30
            assert app.lines[1].split()[:4] == ["32", "10:34:30", "▸", "running"]

    play(scene)


def test_only_what_says_something_else_is_drawn_anew():
    async def scene():
        rows = [row(32, State.RUNNING), *ROWS]
        async with shown(rows) as (app, _):
            app.runs.tick()
            assert app.drawn == [1], "its time goes on"
            app.drawn.clear()
            app.runs.show(list(rows))
            assert app.drawn == []
            app.runs.show([replace(rows[0], counts=((State.DONE, 8),)), *ROWS])
            assert app.drawn == [1]
            app.runs.show([row(32, State.DONE, "12.5x usual, and longer than before"), *ROWS])
            assert app.drawn[-1] == "all", "a column had to grow"

    play(scene)


def test_nothing_has_run_yet():
    async def scene():
        async with shown([]) as (app, pilot):
            app.runs.action_move(1)
            app.runs.action_open()
            await pilot.pause()
            assert [line for line in app.lines if line] == [" Nothing has run yet."]
            assert (app.runs.title, app.said) == ("", [])

    play(scene)
