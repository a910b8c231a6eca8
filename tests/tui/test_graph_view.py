"""The graph on the screen: what it draws anew and what not, how it is walked, clicked and scrolled."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"

import pytest
from scenes import NOW, failed_picture
from stage import Page
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Static

import fwtui
from fwtui.model.graph import layout as layouts
from fwtui.model.graph.part import MOST_AT_ONCE
from fwtui.model.status import State
from fwtui.model.views import Facts, RunView, TaskView, dependents_of, idle_view
from fwtui.widgets import graph as graphs
from fwtui.widgets.drawing import ASCII
from fwtui.widgets.graph import GraphView

STYLES = (Path(fwtui.__file__).parent / "app.tcss").read_text(encoding="utf-8")
FAILED = idle_view(failed_picture("x"))


def view_of(graph, state=State.DONE) -> RunView:
    tasks = {name: TaskView(name, state, Facts(name, tuple(needs)), name) for name, needs in graph.items()}
    counts = Counter(task.state for task in tasks.values())
    return RunView("w", "w.py", tasks, dependents_of(tasks), counts, changed=frozenset(tasks))


def with_state(view: RunView, name: str, state: State, **facts) -> RunView:
    tasks = {**view.tasks, name: view.tasks[name]._replace(state=state, **facts)}
    return replace(view, tasks=tasks, changed=frozenset({name}))


CHAIN = view_of({f"step_{number}": [f"step_{number - 1}"] if number else [] for number in range(30)})


class Walked(GraphView):
    BINDINGS = [
        *(Binding(key, f"walk('{key}')") for key in ("left", "right", "up", "down")),
        Binding("enter", "open"),
        Binding("home", "walk_far('left')"),
        Binding("end", "walk_far('right')"),
        Binding("plus", "zoom(1)"),
        Binding("minus", "zoom(-1)"),
        Binding("pagedown", "scroll_pages(1.0)"),
    ]

    def refresh(self, *regions, **options):
        self.refreshed = [*getattr(self, "refreshed", []), *(regions or [None])]
        return super().refresh(*regions, **options)


class Stage(App):
    CSS = STYLES + "\nGraphView { width: 100%; height: 1fr; background: $background; scrollbar-size: 0 0; }"

    def get_default_screen(self):
        return Page(id="_default")

    def __init__(self, view: RunView, selected: str | None, *, only_ascii: bool = False, **options) -> None:
        super().__init__()
        self.set_class(only_ascii, ASCII)
        self.time = NOW
        self.graph = Walked(lambda: self.time, **options)
        self.begin = view, selected
        self.said: list = []

    def compose(self) -> ComposeResult:
        yield self.graph
        yield Static("beside", id="other")

    def on_mount(self) -> None:
        self.query_one("#other").can_focus = True
        self.graph.focus()
        self.graph.show(self.begin[0])
        self.graph.select(self.begin[1])

    def on_graph_view_selected(self, event: GraphView.Selected) -> None:
        self.said.append(event.name)

    def on_graph_view_opened(self, event: GraphView.Opened) -> None:
        self.said.append(("open", event.name))

    def on_graph_view_retitled(self) -> None:
        self.said.append(self.graph.title)

    @property
    def rows(self) -> list[str]:
        return [self.graph.render_line(y).text.rstrip() for y in range(self.graph.size.height)]


@asynccontextmanager
async def stage(view: RunView = FAILED, selected: str | None = "join_delays", size=(80, 21), **options):
    app = Stage(view, selected, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.said.clear()
        app.graph.refreshed = []
        yield app, pilot


def play(scene) -> None:
    asyncio.run(asyncio.wait_for(scene, 30))


# -- pictures -----------------------------------------------------------------------------------------------------------


def test_picture_f_at_80_columns():
    async def scene():
        async with stage() as (app, _):
            assert app.rows[:11] == [
                "",
                "  ‹ 2 ──→ ✓ validate_flights ─┬─→ ✗ join_delays ─┬─→ ⊘ summarize_delays ──→ 1 ›",
                "          ✓ extract_weather ──╯                  ╰─→ ⊘ load_warehouse ────→ 1 ›",
                "",
                "",
                " ‹ 2   ✓ extract_flights  ✓ extract_airports",
                " 1 ›   ⊘ write_report",
                "",
                " ✗ join_delays   failed   0.8s   KeyError: 'hour_utc'",
                " needs  ✓ validate_flights  ✓ extract_weather",
                " feeds  ⊘ summarize_delays  ⊘ load_warehouse",
            ]
            assert not any(app.rows[11:])
            assert app.graph.title == "5 of 9 tasks"

    play(scene())


@pytest.mark.parametrize("size", [(120, 25), (200, 40)])
def test_picture_f_at_120_columns_and_beside_the_details_at_200(size):
    async def scene():
        async with stage(size=size, details=size[0] < 160) as (app, _):
            assert app.rows[:6] == [
                "",
                " ✓ extract_flights ──┬─→ ✓ validate_flights ─┬─→ ✗ join_delays ─┬─→ ⊘ summarize_delays ─┬─→ ⊘ write_report",
                " ✓ extract_airports ─╯                       │                  ╰─→ ⊘ load_warehouse ───┤",
                " ✓ extract_weather ──────────────────────────╯                                          │",
                " ✓ extract_airlines ────────────────────────────────────────────────────────────────────╯",
                "",
            ]
            below = [] if size[0] >= 160 else [" ✗ join_delays   failed on attempt 3 of 3, 0.8s   KeyError: 'hour_utc'"]
            assert [row for row in app.rows[6:] if row][:1] == below
            assert app.graph.title == "9 tasks, 5 layers"
            assert app.graph.size_of_whole(200, (107, 4)) == (107, 4)
            assert app.graph.size_of_whole(200, (500, 100)) == (107, 4)

    play(scene())


def test_in_ascii_nothing_else_is_drawn():
    async def scene():
        async with stage(only_ascii=True) as (app, _):
            assert all(row.isascii() for row in app.rows)
            assert "-+-> x join_delays -+->" in app.rows[1]

    play(scene())


# -- changes ------------------------------------------------------------------------------------------------------------


def test_a_change_of_state_draws_one_row_and_lays_nothing_out(monkeypatch):
    async def scene():
        async with stage(size=(120, 25)) as (app, _):
            monkeypatch.setattr(layouts, "pins_of", None)
            app.graph.show(with_state(FAILED, "extract_airports", State.STALE))
            assert [tuple(region) for region in app.graph.refreshed] == [(0, 2, 120, 1)]
            assert app.rows[2].startswith(" ~ extract_airports ─╯")
            app.graph.refreshed = []
            app.graph.show(with_state(FAILED, "extract_weather", State.STALE))
            changed = {region.y for region in app.graph.refreshed}
            assert changed == {3, 9}, "its row, and the line that names it as a need of the selected task"

    play(scene())


def test_only_the_row_of_the_selected_task_changes_with_the_focus():
    async def scene():
        async with stage(size=(120, 25)) as (app, pilot):
            app.query_one("#other").focus()
            await pilot.pause()
            assert (0, 1, 120, 1) in [tuple(region) for region in app.graph.refreshed if region is not None]
            styles = {segment.text: segment.style for segment in app.graph.render_line(1)}
            blurred = styles["✗ join_delays"]
            app.graph.focus()
            await pilot.pause()
            styles = {segment.text: segment.style for segment in app.graph.render_line(1)}
            assert styles["✗ join_delays"].bgcolor != blurred.bgcolor

    play(scene())


def test_times_go_on_with_every_tick():
    async def scene():
        running = with_state(FAILED, "join_delays", State.RUNNING, started_at=NOW, duration=None)
        async with stage(running, size=(120, 25)) as (app, _):
            assert "running, attempt 3 of 3, 0.0s" in app.rows[7]
            app.time = NOW + 2
            app.graph.tick()
            assert "running, attempt 3 of 3, 2.0s" in app.rows[7]
            assert [region.y for region in app.graph.refreshed] == [7]

    play(scene())


def test_other_tasks_are_laid_out_anew_and_a_task_that_is_gone_is_not_selected():
    async def scene():
        async with stage(size=(120, 25)) as (app, pilot):
            app.graph.show(view_of({"a": [], "b": ["a"]}))
            await pilot.pause()
            assert app.rows[1] == " ✓ a ──→ ✓ b"
            assert app.graph.selected is None
            assert app.said == ["2 tasks, 2 layers"]

    play(scene())


def test_what_happens_while_it_is_hidden_is_there_when_it_is_shown():
    async def scene():
        async with stage(size=(120, 25)) as (app, pilot):
            app.graph.display = False
            await pilot.pause()
            app.graph.show(view_of({"a": [], "b": ["a"]}))
            app.graph.select("b")
            assert not any(app.rows)
            app.graph.display = True
            await pilot.pause()
            assert app.rows[1] == " ✓ a ──→ ✓ b"
            assert app.graph.title == "2 tasks, 2 layers"

    play(scene())


def test_a_filter_dims_what_does_not_match_and_says_how_many_do():
    async def scene():
        async with stage(size=(120, 25)) as (app, pilot):
            app.graph.mark_matches("del", {"join_delays", "summarize_delays"})
            await pilot.pause()
            assert app.said == ["filter: del, 2 of 9"]
            dim = next(seg.style for seg in app.graph.render_line(1) if "extract_flights" in seg.text)
            lit = next(seg.style for seg in app.graph.render_line(1) if "summarize_delays" in seg.text)
            assert lit.bold
            assert not dim.bold
            app.graph.mark_matches("", None)
            assert app.graph.title == "9 tasks, 5 layers"

    play(scene())


# -- walking ------------------------------------------------------------------------------------------------------------


def test_arrows_walk_the_edges_and_say_where_they_lead():
    async def scene():
        async with stage(size=(120, 25)) as (app, pilot):
            await pilot.press("left", "left", "right", "right", "right", "down", "right", "right")
            assert app.said == [
                "validate_flights",
                "extract_flights",
                "validate_flights",
                "join_delays",
                "summarize_delays",
                "load_warehouse",
                "write_report",
            ]
            await pilot.press("home", "down", "down", "right", "left", "enter")
            assert app.said[7:] == [
                "extract_flights",
                "extract_airports",
                "extract_weather",
                "join_delays",
                "extract_weather",
                ("open", "extract_weather"),
            ]

    play(scene())


def test_the_first_arrow_selects_the_first_task_where_none_is():
    async def scene():
        async with stage(selected=None, size=(120, 25)) as (app, pilot):
            await pilot.press("enter", "right")
            assert app.said == ["extract_flights"]

    play(scene())


def test_in_a_narrow_pane_walking_out_of_the_part_shows_another():
    async def scene():
        async with stage() as (app, pilot):
            await pilot.press("down")
            assert app.said == []
            await pilot.press("left")
            assert app.rows[1].startswith(" ✓ extract_flights ──┬─→ ✓ validate_flights")
            assert set(app.said) == {"validate_flights", "4 of 9 tasks"}
            await pilot.press("left", "down")
            assert app.said[2:] == ["extract_flights", "extract_airports"]

    play(scene())


def test_a_selection_from_outside_is_not_announced():
    async def scene():
        async with stage() as (app, pilot):
            app.graph.select("write_report")
            await pilot.pause()
            assert app.graph.selected == "write_report"
            assert app.said == []

    play(scene())


# -- places -------------------------------------------------------------------------------------------------------------


def test_the_selected_task_is_always_in_sight():
    async def scene():
        async with stage(CHAIN, "step_0", size=(120, 12)) as (app, pilot):
            await pilot.press("end")
            assert app.rows[1].endswith("──→ ✓ step_29")
            await pilot.press(*["left"] * 20)
            assert app.graph.selected == "step_9"
            assert "✓ step_9 " in app.rows[1]
            app.graph.select("step_0")
            await pilot.pause()
            assert app.rows[1].startswith(" ✓ step_0 ──→ ✓ step_1 ──→")
            assert app.graph.scroll_offset == (0, 0)

    play(scene())


def test_a_high_graph_scrolls_and_the_lines_below_it_stay():
    async def scene():
        view = view_of({"hub": []} | {f"leaf_{number}": ["hub"] for number in range(60)})
        async with stage(view, "hub", size=(120, 21)) as (app, pilot):
            assert "✓ hub" in app.rows[1]
            assert app.rows[-2].startswith(" needs  nothing")
            await pilot.press("pagedown")
            assert "leaf_13" in app.rows[1]
            assert app.rows[-2].startswith(" needs  nothing")
            app.graph.select("leaf_59")
            await pilot.pause()
            assert any("✓ leaf_59" in row for row in app.rows[:14])
            assert app.rows[-2].startswith(" needs  ✓ hub")

    play(scene())


def test_a_click_selects_and_a_double_click_opens():
    async def scene():
        async with stage(size=(120, 25)) as (app, pilot):
            await pilot.click(Walked, offset=(27, 1))
            assert app.said == ["validate_flights"]
            await pilot.click(Walked, offset=(23, 1))
            await pilot.click(Walked, offset=(5, 8))
            assert app.said == ["validate_flights"], "a line or a blank is no task"
            await pilot.click(Walked, offset=(5, 3), times=2)
            assert app.said[1:] == ["extract_weather", ("open", "extract_weather")]

    play(scene())


def test_what_is_clicked_in_a_part_stays_under_the_pointer_and_a_count_is_followed():
    async def scene():
        async with stage() as (app, pilot):
            before = app.rows[1]
            await pilot.click(Walked, offset=(12, 1), times=2)
            assert app.said == ["validate_flights", ("open", "validate_flights")]
            assert app.rows[1] == before
            await pilot.click(Walked, offset=(3, 1))
            assert app.graph.selected == "extract_flights"

    play(scene())


def test_a_resize_shows_what_fits_then():
    async def scene():
        async with stage() as (app, pilot):
            await pilot.resize_terminal(120, 30)
            await pilot.pause()
            assert app.graph.title == "9 tasks, 5 layers"
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
            assert app.graph.title == "5 of 9 tasks"

    play(scene())


@pytest.mark.parametrize("height", [1, 2, 3, 6, 9, 13])
def test_however_low_it_is_the_selected_task_is_shown(height):
    async def scene():
        async with stage(size=(80, height + 1)) as (app, _):
            shown = "\n".join(app.rows)
            assert "✗ join_delays" in shown or height < 2

    play(scene())


def test_a_graph_that_surely_takes_more_is_not_laid_out_to_find_out(monkeypatch):
    async def scene():
        async with stage(CHAIN, "step_0", size=(60, 20)) as (app, _):
            monkeypatch.setattr(graphs, "whole", None)
            assert app.graph.size_of_whole(200, (108, 30)) == (0, 0)
            monkeypatch.undo()
            assert app.graph.size_of_whole(200, (1_000, 30)).height == 1

    play(scene())


# -- large graphs -------------------------------------------------------------------------------------------------------


def test_a_large_graph_opens_near_the_selected_task_with_a_bar_for_each_layer():
    async def scene():
        graph = {f"t{number}": [f"t{number - 80}"] if number >= 80 else [] for number in range(MOST_AT_ONCE + 100)}
        async with stage(view_of(graph), "t170", size=(120, 25)) as (app, pilot):
            assert app.rows[1] == " ✓ t10 ──→ ✓ t90 ──→ ✓ t170 ──→ ✓ t250 ──→ ✓ t330"
            assert app.rows[4].startswith(" layers ━━━━━━━━━━━━━━  ━━")
            assert "›3: 80" in app.rows[5]
            assert app.graph.title == "5 of 400 tasks"
            assert app.graph.size_of_whole(200, (500, 500)) == (0, 0)
            await pilot.press("plus")
            assert app.rows[1] == "  ‹ 1 ──→ ✓ t90 ──→ ✓ t170 ──→ ✓ t250 ──→ 1 ›"
            await pilot.press("minus", "minus")
            assert app.graph.title == "5 of 400 tasks"

    play(scene())


def test_a_small_graph_can_be_narrowed_to_what_is_near():
    async def scene():
        async with stage(size=(120, 25)) as (app, pilot):
            await pilot.press("minus")
            assert app.graph.title == "9 tasks, 5 layers"
            await pilot.press(*["plus"] * 6)
            assert app.graph.title == "5 of 9 tasks"
            await pilot.press(*["minus"] * 5)
            assert app.graph.title == "9 tasks, 5 layers"

    play(scene())
