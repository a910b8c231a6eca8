"""Every picture of the design and every other state of the screen: where it begins, and how one gets there.

What a person is told and what is selected is asserted on the way, so that a picture never has to tell it first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from scenes import (
    DURATIONS,
    FILE,
    NOW,
    RUN_31,
    FakeSession,
    Story,
    at,
    but,
    done_picture,
    failed_picture,
    followed_picture,
    never_ran_picture,
    saved_reload,
    stack_of,
    with_an_old_run,
)
from stage import Stage
from textual.widget import Widget

from flowweaver.plan import Action, Plan, TaskPlan
from fwtui.model.settings import Preferences
from fwtui.session.port import LoadProblem, Picture, Reload, TaskInfo

Act = Callable[[Stage, str], Awaitable[None]]


@dataclass(frozen=True)
class Moment:
    """A state of the screen.

    Attributes:
        session: what is there when it opens, for the path of the workflow file.
        act: what is done until it is as it should be.
        now: the time at which it opens.
        options: of the application.
    """

    session: Callable[[str], FakeSession]
    act: Act
    now: float = NOW
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


# -- where it begins ----------------------------------------------------------------------------------------------------


def failed(path: str) -> FakeSession:
    return FakeSession(failed_picture(path))


def done(path: str) -> FakeSession:
    return FakeSession(done_picture(path))


def never_ran(path: str) -> FakeSession:
    return FakeSession(never_ran_picture(path))


def followed(path: str) -> FakeSession:
    return FakeSession(followed_picture(path))


def before_run_31(path: str) -> FakeSession:
    """What was known when run 31 began: durations of earlier runs, and nothing of their state."""
    picture = never_ran_picture(path)
    return FakeSession(replace(picture, durations=DURATIONS, runs=(but(RUN_31, run_id=30),)), running=True)


def ended(outcome: str) -> Callable[[str], FakeSession]:
    """Half of the tasks were done when the run ended in some way."""

    def begin(path: str) -> FakeSession:
        picture = failed_picture(path)
        records = dict(list(picture.records.items())[:5])
        run = but(RUN_31, outcome=outcome, failed_task=None)
        return FakeSession(replace(picture, records=records, runs=(run,), attempts={}))

    return begin


def does_not_load(path: str) -> FakeSession:
    led_there = (f"{FILE}:101 in <module>", f"{FILE}:88 in nearest_hour")
    return FakeSession(LoadProblem(FILE, "KeyError: 'hour_utc'", 88, led_there, path=path))


def of_tasks(number: int, layers: int) -> Callable[[str], FakeSession]:
    """A workflow of so many tasks that never ran, each but the first layer's needing one of the layer before."""

    def begin(path: str) -> FakeSession:
        size = number // layers
        tasks = tuple(
            TaskInfo(
                f"load_warehouse_{place:04}", (f"load_warehouse_{place - size:04}",) if place >= size else (), FILE
            )
            for place in range(number)
        )
        return FakeSession(
            Picture("nightly", FILE, tasks, Plan({t.name: TaskPlan(t.name, Action.RUN, ()) for t in tasks}))
        )

    return begin


# -- how one gets there -------------------------------------------------------------------------------------------------


async def nothing(on: Stage, path: str) -> None:
    """Nothing is done."""


async def shows_the_line(on: Stage, path: str) -> None:
    """The source of a file that does not load is read."""
    await on.until(lambda: any("› 88" in line for line in on.lines))
    assert on.message.startswith("etl.py line 88, KeyError: 'hour_utc'.")


def pressing(*keys: str) -> Act:
    async def act(on: Stage, path: str) -> None:
        await on.press(*keys)

    return act


async def is_idle(on: Stage, path: str) -> None:
    assert on.cursor == "join_delays"
    assert on.board.message_text == ""


async def runs(on: Stage, path: str) -> None:
    await on.happens(*Story().running(), clock=at("10:42:03.6"))
    assert on.board.view.done == 2


async def is_saved(on: Stage, path: str) -> None:
    await on.saves(saved_reload(path))
    assert on.board.message_text == (
        "etl.py saved 10:43:15. join_delays is stale: nearest_hour() changed. r runs 4, reuses 5."
    )


async def types_a_filter(on: Stage, path: str) -> None:
    await on.press("slash", *"del")
    assert on.board.table.shown == ["join_delays", "summarize_delays"]


async def asks_to_clear(on: Stage, path: str) -> None:
    await on.press("k", "x")
    assert on.cursor == "validate_flights"


def goes_to(key: str, name: str) -> Act:
    """A key leads to a view, with the selection of the tasks."""

    async def act(on: Stage, path: str) -> None:
        await on.press(key)
        assert on.board.here == name
        assert selection_of(on.board.focused) in ("join_delays", None)

    return act


def selection_of(widget: Widget | None) -> object:
    found = getattr(widget, "selected", None) or getattr(widget, "cursor", None)
    return found if isinstance(found, str) else None


async def is_broken(on: Stage, path: str) -> None:
    problem = LoadProblem(FILE, "SyntaxError: '[' was never closed", line=88)
    await on.saves(Reload(FILE, NOW, problem=problem))
    await on.press("space", "slash", *"de", "enter")
    assert on.message.startswith("etl.py line 88")


async def is_read_in_the_pane(on: Stage, path: str) -> None:
    await is_saved(on, path)
    await on.press("tab")
    assert on.board.here == "log"


async def shows_a_stack(on: Stage, path: str) -> None:
    on.session.stacks["extract_flights"] = stack_of(path)
    await runs(on, path)
    await on.press("b")
    await on.until(lambda: "All 4 frames" in "\n".join(on.lines))


async def shows_the_plan(on: Stage, path: str) -> None:
    await on.saves(saved_reload(path))
    await on.press("p")
    assert "4 tasks to run, 5 reused" in on.lines[0]


async def shows_an_old_run(on: Stage, path: str) -> None:
    await on.press("h", "down", "enter")
    assert on.board.conductor.past is not None


async def is_written_outside(on: Stage, path: str) -> None:
    on.board.wrote_outside(["a line that no task wrote", "\tand one more"])
    await on.press("0")
    assert on.board.pane.active == "output"


def while_it_runs(*keys: str) -> Act:
    async def act(on: Stage, path: str) -> None:
        await runs(on, path)
        await on.press(*keys)

    return act


async def is_watched(on: Stage, path: str) -> None:
    """What another process does comes in as it does it."""
    story = Story()
    await on.happens(story.completes("validate_flights", "10:42:04.7"), story.starts("join_delays", "10:42:04.7"))
    on.board.table.move_to("join_delays", by_person=True)
    await on.settle()
    await on.happens(story.writes("join_delays", "10:42:05", "joining 26,483 departures"), clock=at("10:42:05"))
    assert on.message.startswith("Run 31 belongs to process 4711 on lab-3")


async def times_out(on: Stage, path: str) -> None:
    story = Story()
    await on.happens(*story.running(), clock=at("10:42:03.6"))
    over = story.fails("extract_flights", "10:42:33", timed_out=True, thread_left=True, error="timed out after 30s")
    await on.happens(over, clock=at("10:42:33"))
    assert "extract_flights timed out" in on.board.message_text


PICTURES: Mapping[str, Moment] = {
    "A-idle-failed": Moment(failed, is_idle),
    "B-running": Moment(before_run_31, runs, at("10:42:02")),
    "C-stale": Moment(failed, is_saved),
    "D-filter": Moment(failed, types_a_filter),
    "E-clear": Moment(failed, asks_to_clear),
    "F-graph": Moment(failed, goes_to("g", "graph")),
    "G-timeline": Moment(failed, goes_to("i", "timeline")),
}
"""Those of the design pages, by their letters."""

_RUNS_AT = at("10:42:02")

MOMENTS: Mapping[str, Moment] = {
    "never-ran": Moment(never_ran, nothing),
    "all-done": Moment(done, nothing),
    "stopped": Moment(ended("cancelled"), nothing),
    "interrupted": Moment(ended("interrupted"), nothing),
    "followed": Moment(followed, is_watched, at("10:42:04.5")),
    "does-not-load": Moment(does_not_load, shows_the_line),
    "broken-with-marks-and-filter": Moment(failed, is_broken),
    "timed-out": Moment(before_run_31, times_out, _RUNS_AT),
    "stopping": Moment(before_run_31, while_it_runs("s"), _RUNS_AT),
    "quitting": Moment(before_run_31, while_it_runs("q", "enter"), _RUNS_AT),
    "asks-to-quit": Moment(before_run_31, while_it_runs("q"), _RUNS_AT),
    "asks-to-stop": Moment(before_run_31, while_it_runs("S"), _RUNS_AT),
    "asks-to-run-all": Moment(done, pressing("R")),
    "asks-to-run-again": Moment(done, pressing("space", "space", "t")),
    "asks-to-clear-all": Moment(failed, pressing("x", "left", "left")),
    "asks-to-clear-a-pattern": Moment(failed, pressing("x", "left", *"ex*")),
    "nothing-to-clear": Moment(never_ran, pressing("x")),
    "log-focused": Moment(failed, is_read_in_the_pane),
    "log-whole-and-searched": Moment(failed, pressing("enter", "slash", *"hour", "enter")),
    "older-attempt": Moment(failed, pressing("left_square_bracket")),
    "details": Moment(failed, pressing("d", "tab")),
    "output": Moment(failed, is_written_outside),
    "runs": Moment(with_an_old_run, goes_to("h", "runs")),
    "runs-filtered": Moment(with_an_old_run, pressing("h", "slash", *"failed", "enter")),
    "old-run": Moment(with_an_old_run, shows_an_old_run),
    "filter-kept": Moment(failed, pressing("slash", *"!skipped", "enter", "asterisk")),
    "sorted": Moment(failed, pressing("o", "o", "O")),
    "graph-dimmed-by-a-filter": Moment(failed, pressing("g", "slash", *"del", "enter")),
    "timeline-zoomed": Moment(failed, pressing("i", "plus")),
    "plan": Moment(failed, shows_the_plan),
    "stack": Moment(before_run_31, shows_a_stack, _RUNS_AT),
    "help": Moment(failed, pressing("question_mark")),
    "tasks-2000": Moment(of_tasks(2_000, 4), pressing("G")),
    "graph-of-400": Moment(of_tasks(400, 20), pressing(*["pagedown"] * 6, "g")),
    "ascii": Moment(failed, pressing("g"), options={"ascii_only": True}),
    "light": Moment(before_run_31, runs, _RUNS_AT, {"preferences": Preferences(theme="fwtui-light")}),
}
"""All others."""

SIDES: Mapping[str, Moment] = {
    "details-focused": Moment(failed, pressing("d")),
    "details-whole": Moment(failed, pressing("d", "z")),
    "graph-whole": Moment(failed, pressing("g", "z")),
    "graph-that-does-not-fit": Moment(of_tasks(40, 20), pressing("g")),
    "log-focused": Moment(failed, is_read_in_the_pane),
    "runs": Moment(with_an_old_run, goes_to("h", "runs")),
    "ascii": Moment(failed, pressing("i"), options={"ascii_only": True}),
}
"""What is special where there are two sides."""
