"""How a person likes the dashboard: it opens as it was left, changes by keys and palette, and is told at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from textual import constants
from textual.app import App, SystemCommand

from fwtui.model import messages
from fwtui.model.messages import Message
from fwtui.model.settings import Preferences, opening_view
from fwtui.model.sorting import order_of
from fwtui.screens.dashboard import Dashboard
from fwtui.terminal_modes import report_mouse
from fwtui.theme import DEFAULT_THEME
from fwtui.widgets.drawing import ASCII, Drawn
from fwtui.widgets.lines_pane import LinesPane

__all__ = ["Liking"]


class Liking:
    """What is liked, on one application.

    Args:
        app: the application.
        preferences: how it was left.
        ascii_only: only ASCII is drawn, for whatever reason.
        may_turn: the surroundings allow that something turns.
    """

    def __init__(self, app: App[int], preferences: Preferences, *, ascii_only: bool, may_turn: bool) -> None:
        self._app = app
        self._dashboard: Dashboard | None = None
        self._opened = False
        self._liked = preferences
        self._may_turn = may_turn
        self._view_at_first = ""
        app.set_class(ascii_only, ASCII)
        app.theme = preferences.theme if preferences.theme in app.available_themes else DEFAULT_THEME
        self._move()

    def take(self, dashboard: Dashboard) -> None:
        """From now on this is the screen of the application."""
        self._dashboard, self._opened = dashboard, False
        self._move()

    def let_go(self) -> None:
        """The screen is left: the next one opens as this one was."""
        self._liked, self._dashboard = self.now(), None

    def _move(self) -> None:
        moves = self._liked.motion and self._may_turn
        if self._dashboard is not None:
            self._dashboard.motion = moves
        self._app.animation_level = constants.TEXTUAL_ANIMATIONS if moves else "none"

    def open(self, board: Dashboard) -> None:
        """The file was looked at: show what was left open, where it makes sense."""
        self._opened = True
        view = board.view
        never_ran = view is None or (view.run is None and not view.records)
        self._view_at_first = opening_view(self._liked.view, never_ran=never_ran, width=board.size.width)
        if self._view_at_first != "log":
            board.show_pane(self._view_at_first)
        board.table.set_order(order_of(self._liked.sort))
        if self._liked.wrap:
            _log_of(board).toggle_wrap()

    def now(self) -> Preferences:
        """Return how it is liked now."""
        theme = "" if self._app.theme == DEFAULT_THEME else self._app.theme
        board = self._dashboard
        if board is None or not self._opened:
            return replace(self._liked, theme=theme)
        view = board.pane.wanted
        # What could not be shown, or is there only now, is no change of mind.
        view = self._liked.view if view in (self._view_at_first, "output") else view
        return replace(self._liked, theme=theme, view=view, wrap=_log_of(board).wraps, sort=board.table.order.text)

    def switch_mouse(self) -> Message:
        """Give the mouse to the terminal, or take it back; return what is to be said."""
        self._liked = replace(self._liked, mouse=not self._liked.mouse)
        report_mouse(self._app, on=self._liked.mouse)
        return messages.mouse(on=self._liked.mouse)

    def commands(self) -> Iterator[SystemCommand]:
        """Return what the palette offers of it."""
        yield SystemCommand("theme", "other colours", self._app.search_themes)
        if self._may_turn:
            on = self._liked.motion
            title = "motion off: nothing turns" if on else "motion on: what runs turns"
            yield SystemCommand(title, "remembered", self._switch_motion)
        ascii_only = self._app.has_class(ASCII)
        title = "all characters" if ascii_only else "ASCII: no other characters"
        yield SystemCommand(title, "remembered", self._switch_ascii)

    def _switch_motion(self) -> None:
        self._liked = replace(self._liked, motion=not self._liked.motion)
        self._move()
        if self._dashboard is not None:
            self._dashboard.refresh_lines()

    def _switch_ascii(self) -> None:
        only = not self._app.has_class(ASCII)
        self._liked = replace(self._liked, ascii=only)
        self._app.set_class(only, ASCII)
        for screen in self._app.screen_stack:
            for part in screen.query(Drawn):
                part.draw_anew()
        if self._dashboard is not None:
            self._dashboard.refresh_lines()


def _log_of(board: Dashboard) -> LinesPane:
    return board.query_one("#log", LinesPane)
