"""The screen in colour, as SVG: what the text of the pictures cannot tell."""

from __future__ import annotations

import pytest
from moments import MOMENTS, PICTURES, SIDES, Moment
from scenes import NOW, FakeWorkflows
from stage import SMALL, VERY_WIDE, WIDE, PickStage, Stage

from fwtui.app import DashboardApp
from fwtui.picking_app import PickingApp

TINY = (40, 8)


def size_text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def compare(snap_compare, moment: Moment, size: tuple[int, int], path: str) -> bool:
    """Play a moment on a dashboard and compare its picture with the one that is kept."""
    time, session = [moment.now], moment.session(path)
    app = DashboardApp(session, clock=lambda: time[0], **moment.options)

    async def play(pilot) -> None:
        on = Stage(app, pilot, session, time)
        await on.settle()
        await moment.act(on, path)

    return snap_compare(app, terminal_size=size, run_before=play)


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE], ids=size_text)
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture(snap_compare, path, name, size):
    assert compare(snap_compare, PICTURES[name], size, path)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=size_text)
@pytest.mark.parametrize("name", MOMENTS)
def test_a_moment(snap_compare, path, name, size):
    assert compare(snap_compare, MOMENTS[name], size, path)


@pytest.mark.parametrize("name", SIDES)
def test_two_sides(snap_compare, path, name):
    assert compare(snap_compare, SIDES[name], VERY_WIDE, path)


@pytest.mark.parametrize("name", ["A-idle-failed", "E-clear"])
def test_a_tiny_screen(snap_compare, path, name):
    assert compare(snap_compare, PICTURES[name], TINY, path)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=size_text)
def test_a_list_of_workflows(snap_compare, size):
    time = [NOW]
    app = PickingApp(None, FakeWorkflows(), clock=lambda: time[0])

    async def play(pilot) -> None:
        on = PickStage(app, pilot, None, time)
        await on.settle()
        await on.press("j", "j")
        assert on.picker.picks.selected.title == "etl"

    assert snap_compare(app, terminal_size=size, run_before=play)
