"""The pictures of the design, to the cell. ``golden/`` holds them as text; its README lists where they differ."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from scenes import (
    DURATIONS,
    EDGES,
    NOW,
    RUN_31,
    FakeSession,
    Story,
    at,
    but,
    failed_picture,
    never_ran_picture,
    saved_reload,
)
from stage import SMALL, VERY_WIDE, WIDE, open_stage, play

GOLDEN = Path(__file__).parent / "golden"


def compare(name: str, size: tuple[int, int], lines: list[str]) -> None:
    file = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    text = "\n".join(lines) + "\n"
    if os.environ.get("FWTUI_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def before_run_31(path: str):
    """What was known when run 31 began: durations of earlier runs, and nothing of their state."""
    picture = never_ran_picture(path)
    return replace(picture, durations=DURATIONS, runs=(but(RUN_31, run_id=30),))


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
def test_a_idle_after_a_failed_run(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            assert on.cursor == "join_delays"
            assert on.board.message_text == ""
            compare("A-idle-failed", size, on.lines)

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
def test_b_running(size, path):
    async def scene():
        async with open_stage(FakeSession(before_run_31(path), running=True), size, at("10:42:02")) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            assert on.board.view.done == 2
            compare("B-running", size, on.lines)

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
def test_c_stale_after_an_edit(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.saves(saved_reload(path))
            assert on.board.message_text == (
                "etl.py saved 10:43:15. join_delays is stale: nearest_hour() changed. r runs 4, reuses 5."
            )
            compare("C-stale", size, on.lines)

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
def test_d_filter_being_typed(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.press("slash", "d", "e", "l")
            assert on.board.table.shown == ["join_delays", "summarize_delays"]
            compare("D-filter", size, on.lines)

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
def test_e_clear(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.press("k", "x")
            assert on.cursor == "validate_flights"
            compare("E-clear", size, on.lines)

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
def test_f_graph(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.press("g")
            assert on.board.here == "graph"
            assert on.board.focused.selected == "join_delays"
            compare("F-graph", size, on.lines)

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
def test_g_timeline(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW) as on:
            await on.press("i")
            assert on.board.focused is on.board.pane.view
            assert on.board.pane.view.cursor == "join_delays"
            compare("G-timeline", size, on.lines)

    play(scene())


def test_every_picture_names_every_task(path):
    """The golden files are of this story, and not of another one."""
    for file in GOLDEN.glob("[ABC]-*.txt"):
        text = file.read_text(encoding="utf-8")
        assert all(name in text for name in EDGES), file.name
