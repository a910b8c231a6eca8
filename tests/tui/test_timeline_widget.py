"""The timeline on a screen: what is drawn anew and when, the cursor, the zoom, the mouse."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"

import pytest
from scenes import BEGAN, Story, at, failed_picture
from stage import Page
from textual.app import App

import fwtui
from flowweaver.plan import Plan
from flowweaver.records import AttemptRecord, RunRecord
from fwtui.model.folding import fold
from fwtui.model.views import idle_view
from fwtui.session.port import Picture, TaskInfo
from fwtui.widgets.timeline import Timeline


def span(name, number, start, end, outcome="completed"):
    return AttemptRecord(name, number, BEGAN + start, BEGAN + end, outcome, run_id=31)


ATTEMPTS = {
    "extract_flights": (span("extract_flights", 1, 0, 0.9),),
    "validate_flights": (span("validate_flights", 1, 0.9, 1.6),),
    "join_delays": (span("join_delays", 1, 1.6, 2.4, "failed"), span("join_delays", 2, 3.4, 6.5, "failed")),
}


def failed_view():
    return idle_view(replace(failed_picture(""), attempts=ATTEMPTS))


def running_view():
    return fold(idle_view(replace(failed_picture(""), runs=(), attempts={}, records={})), Story().running())


class Alone(App):
    """An app that has nothing but the timeline."""

    CSS_PATH = str(Path(fwtui.__file__).parent / "app.tcss")
    CSS = "Timeline { height: 1fr; width: 100%; scrollbar-size: 0 0; }"

    def get_default_screen(self):
        return Page(id="_default")

    def __init__(self):
        super().__init__()
        self.time = at("10:42:30")
        self.said = []
        self.drawn = []

    def compose(self):
        self.timeline = Timeline(lambda: self.time)
        whole, line = self.timeline.refresh, self.timeline.render_line

        def refresh(*regions, **how):
            self.drawn += [region.y for region in regions] or ["all"]
            return whole(*regions, **how)

        self.timeline.refresh = refresh
        self.line = line
        yield self.timeline

    @property
    def lines(self):
        return [self.line(y).text.rstrip() for y in range(self.timeline.size.height)]

    def line_with(self, text):
        return next(line for line in self.lines if text in line)

    def on_timeline_selected(self, event):
        self.said.append(("selected", event.name))

    def on_timeline_opened(self, event):
        self.said.append(("opened", event.name))


@asynccontextmanager
async def shown(view, size=(80, 20), cursor="join_delays"):
    app = Alone()
    async with app.run_test(size=size) as pilot:
        app.timeline.show(view)
        app.timeline.move_to(cursor)
        await pilot.pause()
        app.said.clear()
        app.drawn.clear()
        yield app, pilot


def play(scene):
    asyncio.run(asyncio.wait_for(scene(), 30))


def test_it_shows_the_run():
    async def scene():
        async with shown(failed_view()) as (app, _):
            assert app.lines[0].split() == ["0s", "1s", "2s", "3s", "4s", "5s", "6s"]
            assert app.line_with("›") == (
                " ›◆ join_delays                    ▓▓▓▓▓▓░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓   4.9s"
            )
            assert app.lines[10:13] == [
                "",
                " █ worked  ▓ failed  ░ waited to retry",
                " ◆ critical chain: these 3 decided the 6.5s",
            ]
            assert app.timeline.title() == "run 31, 6.5s"

    play(scene)


def test_nothing_has_run_yet():
    async def scene():
        async with shown(idle_view(replace(failed_picture(""), runs=(), attempts={}, records={}))) as (app, pilot):
            assert [line for line in app.lines if line] == [" Nothing has run yet."]
            app.timeline.action_zoom(1)
            app.timeline.action_sideways(8)
            await pilot.pause()
            assert app.timeline.title() == ""

    play(scene)


def test_the_cursor_moves_by_person_and_by_program():
    async def scene():
        async with shown(failed_view()) as (app, pilot):
            app.timeline.move_to("extract_flights")
            await pilot.pause()
            assert app.said == [], "who moved it knows"
            app.timeline.action_move(1)
            app.timeline.action_ends(1)
            app.timeline.action_move(5)
            app.timeline.action_page(-1)
            app.timeline.action_open()
            await pilot.pause()
            assert app.said == [
                ("selected", "extract_weather"),
                ("selected", "write_report"),
                ("selected", "write_report"),
                ("selected", "extract_flights"),
                ("opened", "extract_flights"),
            ]
            assert app.drawn == [6, 1, 1, 2, 2, 9, 9, 1], "only the row that it left and the one that it came to"

    play(scene)


def test_what_a_filter_hides_elsewhere_is_dimmed_and_passed_over():
    async def scene():
        async with shown(failed_view(), cursor="join_delays") as (app, pilot):
            app.timeline.dim(["join_delays", "summarize_delays"])
            muted = app.timeline.style_of("muted")
            assert {segment.style for segment in app.line(1)} == {muted}
            assert {segment.style for segment in app.line(7)} != {muted}
            app.timeline.action_move(-1)
            app.timeline.action_move(3)
            await pilot.click(Timeline, offset=(10, 1))
            await pilot.pause()
            assert app.said == [("selected", "join_delays"), ("selected", "summarize_delays")]
            app.timeline.dim(None)
            app.timeline.action_ends(-1)
            assert app.timeline.cursor == "extract_flights"

    play(scene)


def test_a_click_selects_and_a_double_click_opens():
    async def scene():
        async with shown(failed_view()) as (app, pilot):
            await pilot.click(Timeline, offset=(30, 5))
            await pilot.click(Timeline, offset=(30, 0))
            await pilot.click(Timeline, offset=(30, 12))
            await pilot.pause()
            assert app.said == [("selected", "validate_flights")], "neither the axis nor the legend is a task"
            await pilot.click(Timeline, offset=(30, 2), times=2)
            await pilot.pause()
            assert app.said[-1] == ("opened", "extract_weather")

    play(scene)


def test_zooming_goes_to_the_selected_task_and_scrolling_leads_through_the_run():
    async def scene():
        async with shown(failed_view(), cursor="extract_flights") as (app, pilot):
            for _ in range(3):
                app.timeline.action_zoom(1)
            assert app.timeline.title() == "run 31, 6.5s, zoom 8x"
            assert "█" in app.line_with("extract_flights"), "what is selected stays in sight"
            for _ in range(50):
                app.timeline.action_sideways(8)
            assert app.lines[0].split()[-1] == "6.4s"
            assert app.line_with("extract_flights").split()[2:] == ["‹", "0.9s"]
            assert app.line_with("join_delays").endswith("▓▓▓▓   4.9s")
            for _ in range(50):
                app.timeline.action_sideways(-8)
            assert app.lines[0].split()[0] == "0s"
            assert app.line_with("join_delays").split()[2:] == ["›", "4.9s"]
            for _ in range(4):
                app.timeline.action_zoom(-1)
            assert app.timeline.title() == "run 31, 6.5s"
            app.drawn.clear()
            app.timeline.action_sideways(8)
            app.timeline.action_zoom(-1)
            await pilot.pause()
            assert app.drawn == [], "there is nothing to scroll to"

    play(scene)


def test_another_run_is_shown_from_its_beginning():
    async def scene():
        async with shown(failed_view()) as (app, _):
            app.timeline.action_zoom(3)
            view = failed_view()
            app.timeline.show(replace(view, run=replace(view.run, run_id=32)))
            assert app.timeline.title() == "run 32, 6.5s"

    play(scene)


def test_a_tick_draws_what_grows_and_the_legend_and_no_other_row():
    async def scene():
        async with shown(running_view()) as (app, pilot):
            app.time = at("10:42:03.3")
            app.timeline.tick()
            app.drawn.clear()
            app.time = at("10:42:03.6")
            app.timeline.tick()
            assert sorted(set(app.drawn)) == [1, 2, 10], "what runs, what waits to be retried, and the legend"
            assert app.line_with("extract_flights").endswith(" 0.6s")
            app.drawn.clear()
            app.time = at("10:42:04.2")
            app.timeline.tick()
            assert app.drawn == ["all"], "the axis had to grow"
            app.drawn.clear()
            app.timeline.show(failed_view())
            await pilot.pause()
            app.drawn.clear()
            app.timeline.tick()
            assert app.drawn == [], "nothing goes on"

    play(scene)


def test_events_of_a_run_draw_the_rows_of_their_tasks():
    async def scene():
        view = running_view()
        async with shown(view) as (app, _):
            app.time = at("10:42:03.6")
            app.timeline.tick()
            app.drawn.clear()
            story = Story()
            view = fold(view, [story.completes("extract_flights", "10:42:03.9")])
            app.timeline.show(view)
            assert set(app.drawn) == {1, 5}, "it, and validate_flights that waited for it"
            app.drawn.clear()
            app.timeline.show(view)
            assert app.drawn == []
            view = fold(view, [story.ends("failed", "10:42:04", 1.0)])
            app.timeline.show(view)
            assert "all" in app.drawn
            assert app.timeline.title() == "run 31, 1.0s"

    play(scene)


def many(count):
    names = [f"task_{number:05}" for number in range(count)]
    attempts = {
        name: (AttemptRecord(name, 1, BEGAN + number / 100, BEGAN + number / 100 + 0.5, "completed", run_id=1),)
        for number, name in enumerate(names)
    }
    tasks = tuple(TaskInfo(name, names[max(0, number - 1) : number]) for number, name in enumerate(names))
    run = RunRecord(1, "many", BEGAN, BEGAN + count / 100, "completed")
    return idle_view(Picture("many", "many.py", tasks, Plan({}), runs=(run,), attempts=attempts))


def test_more_tasks_than_rows_scroll_between_the_axis_and_the_legend():
    async def scene():
        async with shown(many(2_000), cursor="task_00000") as (app, pilot):
            assert app.lines[1].split()[1] == "task_00000"
            assert app.lines[16].split()[0] == "task_00015"
            assert app.lines[19].startswith(" ◆ critical chain")
            app.timeline.action_ends(1)
            await pilot.pause()
            assert app.lines[0].split()[0] == "0s"
            assert app.lines[16].split()[:2] == ["›◆", "task_01999"]
            await pilot.click(Timeline, offset=(30, 1))
            await pilot.pause()
            assert app.said[-1] == ("selected", "task_01984")

    play(scene)


@pytest.mark.parametrize("size", [(40, 8), (60, 5), (200, 50), (20, 2)])
def test_any_size_is_drawn(size):
    async def scene():
        async with shown(failed_view(), size=size) as (app, _):
            assert all(len(line) <= size[0] for line in app.lines)
            app.timeline.action_move(1)
            app.timeline.action_zoom(2)
            assert all(len(line) <= size[0] for line in app.lines)

    play(scene)
