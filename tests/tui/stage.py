"""A dashboard on a scene: opened at a fixed size and time, and moved along by hand."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from rich.console import Console
from scenes import FakeSession, FakeWorkflows
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import Screen

from fwtui.app import DashboardApp
from fwtui.picking_app import PickingApp
from fwtui.screens.dashboard import Dashboard
from fwtui.screens.picker import Picker
from fwtui.widgets.drawing import COLOURS

SMALL, WIDE, VERY_WIDE = (80, 24), (120, 40), (200, 50)


class Page(Screen):
    """A screen for a widget that is tried alone."""

    COMPONENT_CLASSES = {*COLOURS}


class Stage:
    """An open dashboard, and what a test does with it."""

    def __init__(self, app: DashboardApp, pilot: Pilot[int], session: FakeSession, time: list[float]) -> None:
        self.app = app
        self.pilot = pilot
        self.session = session
        self.time = time

    @property
    def board(self) -> Dashboard:
        return self.app.dashboard

    @property
    def lines(self) -> list[str]:
        """The screen as text, without trailing blanks."""
        width, height = self.app.size
        console = Console(width=width, height=height, file=io.StringIO(), record=True, legacy_windows=False)
        screens = self.app._background_screens
        console.print(self.app.screen._compositor.render_update(full=True, screen_stack=screens))
        return [line.rstrip() for line in console.export_text().split("\n")[:height]]

    @property
    def message(self) -> str:
        """The message line."""
        return self.lines[-2].strip()

    @property
    def footer(self) -> str:
        return self.lines[-1].strip()

    @property
    def cursor(self) -> str | None:
        return self.board.table.cursor

    def line_with(self, text: str) -> str:
        found = [line for line in self.lines if text in line]
        assert found, f"{text!r} is nowhere in\n" + "\n".join(self.lines)
        return found[0]

    async def settle(self) -> None:
        """Let everything happen that has been asked for."""
        await self.until(lambda: not self.board.busy and not self.board.pane.loading)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so; fail if it never is."""
        quiet = 0
        for _ in range(5_000):
            # Without a delay this waits for messages to be handled, and not for time to pass.
            await self.pilot.pause(0)
            quiet = quiet + 1 if holds() else 0
            if quiet >= 3:
                return
            if not quiet:
                await asyncio.sleep(0.002)  # a worker thread is at it
        raise AssertionError("it never came to this:\n" + "\n".join(self.lines))

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.strike(key)
            await self.settle()

    def strike(self, key: str) -> None:
        """Press a key, and do not wait for what it does."""
        name = _character_to_key(key) if len(key) == 1 else key
        self.app.post_message(events.Key(name, key if len(key) == 1 else None))

    async def happens(self, *events, clock: float | None = None) -> None:
        """Events of a run come in and are drawn."""
        if clock is not None:
            self.time[0] = clock
        self.session.events.extend(events)
        self.board.drain()
        await self.settle()

    async def saves(self, reload) -> None:
        """The file is saved."""
        self.session.reloads.append(reload)
        self.board.saved()
        await self.until(lambda: not self.session.reloads)
        await self.settle()


def play(scene):
    """Run a coroutine to its end, within bounds; return what it returns."""
    return asyncio.run(asyncio.wait_for(scene, 30))


@asynccontextmanager
async def open_stage(
    session: FakeSession, size: tuple[int, int] = SMALL, now: float = 0.0, **options
) -> AsyncIterator[Stage]:
    """Open a dashboard; it is settled unless the session holds its gate closed."""
    time = [now]
    app = DashboardApp(session, clock=lambda: time[0], **options)
    async with app.run_test(size=size) as pilot:
        on = Stage(app, pilot, session, time)
        if getattr(session, "gate", None) is None:
            await on.settle()
        yield on


class PickStage(Stage):
    """A list of workflows, and the dashboard that is opened from it."""

    app: PickingApp

    @property
    def picker(self) -> Picker:
        assert isinstance(self.app.front, Picker), "a dashboard is open"
        return self.app.front

    @property
    def in_list(self) -> bool:
        return isinstance(self.app.front, Picker) and self.app.screen is self.app.front

    async def settle(self) -> None:
        def settled() -> bool:
            front = self.app.front
            if isinstance(front, Picker):
                return not front.reading and not front.busy
            return front.is_mounted and not front.busy and not front.pane.loading

        await self.until(settled)


@asynccontextmanager
async def open_picker(
    workflows: FakeWorkflows,
    size: tuple[int, int] = SMALL,
    now: float = 0.0,
    session: FakeSession | None = None,
    **options,
) -> AsyncIterator[PickStage]:
    """Open a list of workflows, or a session that may turn out to be one."""
    time = [now]
    app = PickingApp(session, workflows, clock=lambda: time[0], **options)
    async with app.run_test(size=size) as pilot:
        on = PickStage(app, pilot, session, time)
        await on.settle()
        yield on
