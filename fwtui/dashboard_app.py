"""The dashboard as an application: its time, its signals, and what is done outside its one screen."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widget import Widget

from fwtui.background import from_threads
from fwtui.editing import open_editor
from fwtui.leaving import mistake
from fwtui.liking import Liking
from fwtui.model import messages
from fwtui.model.key_names import KeyNames
from fwtui.model.keys import keys_of
from fwtui.model.settings import Preferences
from fwtui.ordered_keys import OrderedKeys
from fwtui.pauses import keep_what_is_loaded
from fwtui.screens.dashboard import Dashboard
from fwtui.screens.looking import LookingKeys
from fwtui.screens.picker import Picker
from fwtui.session.own_signals import keep_from_children
from fwtui.session.port import LoadProblem, SessionPort
from fwtui.terminal import Terminal
from fwtui.terminal_modes import have_it_alone, stop_process
from fwtui.theme import LIGHT, readable
from fwtui.widgets.bindings import binding_of

__all__ = ["DashboardApp"]

_DRAINS_A_SECOND = 20
_SHARE, _SELDOM = 1 / 20, 0.1
"""Of the time that drains may take: a screen that has much to take in does so less often, but at least every 0.1 s."""
_TURNS_A_SECOND = 8
_STATE_CODE = 4
_INTERRUPTED, _TERMINATED = 130, 143
_DRAIN_SECONDS = 2.0
"""What running tasks get to finish when the process is asked to end."""
_USUAL = Preferences()
_NO_KEYS: Mapping[str, str] = MappingProxyType({})


class DashboardApp(OrderedKeys):
    """One session on one screen.

    Args:
        session: the workflow; None if it is chosen later.
        watch: saves of the file are noticed.
        run_at_start: a run starts as soon as the file is loaded.
        clock: seconds since the epoch.
        terminal: where the screen is; None in tests, which also move the time by themselves.
        ascii_only: draw nothing but ASCII.
        preferences: how the person likes it.
        keymap: other keys for bindings, by their ids.
        notices: what is to be said once it is open.
        turns: how often a second the one thing turns that may, 0 for never.

    Attributes:
        error: what is to be said on stderr afterwards, "" if nothing.
        terminated: a signal ended it.
        preferences: how the person likes it, when it ended.
        streams: what stood for stdout and stderr when it ended.
        session: the workflow that is open; None if none is.
        dashboard: its screen.
    """

    CSS_PATH = "app.tcss"
    TITLE = "fwtui"
    # ctrl+q is Textual's own quit, with priority and without a question; ctrl+c would show a toast.
    BINDINGS: ClassVar[list[BindingType]] = [
        binding_of("leave.interrupt", priority=True),
        binding_of("look.palette"),
        binding_of("look.redraw"),
        binding_of("leave.shell"),
    ]

    def __init__(
        self,
        session: SessionPort | None,
        *,
        watch: bool = True,
        run_at_start: bool = False,
        clock: Callable[[], float] = time.time,
        terminal: Terminal | None = None,
        ascii_only: bool = False,
        preferences: Preferences = _USUAL,
        keymap: Mapping[str, str] = _NO_KEYS,
        notices: Sequence[str] = (),
        turns: int = _TURNS_A_SECOND,
    ) -> None:
        super().__init__()
        self.register_theme(LIGHT)
        self.preferences = preferences
        self._notices = notices
        self._turns = turns
        self.names = KeyNames(keymap)
        self.set_keymap(dict(keymap))
        self.session: SessionPort | None = None
        self.dashboard: Dashboard | None = None
        self.liking = Liking(self, preferences, ascii_only=ascii_only, may_turn=turns > 0)
        self._clock = clock
        self._watch = watch
        if session is not None:
            self.take(session, run_at_start=run_at_start)
        self._terminal = terminal
        self._kept = False
        self._next_drain = 0.0
        self.error = ""
        self.terminated = False
        self.streams = (sys.stdout, sys.stderr)

    def take(self, session: SessionPort, *, run_at_start: bool = False) -> Dashboard:
        """Return the screen of a session, which is the one that is open from now on."""
        self.session = session
        self.dashboard = Dashboard(session, self._clock, watch=self._watch, run_at_start=run_at_start, names=self.names)
        self.liking.take(self.dashboard)
        return self.dashboard

    @property
    def front(self) -> Dashboard | Picker:
        """The screen that everything but a page or a question belongs to."""
        assert self.dashboard is not None
        return self.dashboard

    @property
    def unloaded(self) -> LoadProblem | None:
        """Why the file that is open never loaded, None if it did, or may yet."""
        board, session = self.dashboard, self.session
        return session.problem if board is not None and session is not None and board.view is None else None

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's colours, those of words so that they can be read."""
        variables = super().get_css_variables()
        return variables if self.current_theme.ansi else readable(variables)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return what the palette finds by word: what the keys do, and the themes."""
        yield from self.liking.commands()
        if screen is self.dashboard:
            yield from self._keys(screen, "dashboard")
            yield from self._keys(self, "everywhere")
            part, within = self.dashboard.part_of_help, self.dashboard.focused
            if within is not None:
                yield from self._keys(within, part)

    def _keys(self, owner: Widget | App[Any], where: str) -> Iterator[SystemCommand]:
        """Return what keys do; of those of one part only what does more than moving in it."""
        for row in keys_of(where):
            moves = row.group == "find" and row.where not in ("dashboard", "everywhere")
            if row.id != "look.palette" and not moves:
                shown = f"{self.names.all_shown(row.id)}   {row.id}"
                yield SystemCommand(row.text, shown, partial(owner.run_action, row.action))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keep the palette away from a question and from what is being typed."""
        if action == "command_palette":
            return self.front.dialog is None and not self.front.typing
        return super().check_action(action, parameters)

    async def on_mount(self) -> None:
        """Open the screen and start its time."""
        if self._terminal is not None:
            have_it_alone(self, self._terminal)
        await self.push_screen(self.front)
        await self.next_key()
        if self._terminal is None:
            return
        # What is printed outside any task goes where the rest of such output goes, and not into Textual.
        sys.stdout, sys.stderr = self._terminal.streams
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.action_interrupt)
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.asked_to_end)
        keep_from_children((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        if self._terminal.signalled:  # before there was anybody to take it
            self.exit(_INTERRUPTED if self._terminal.signalled == signal.SIGINT else _TERMINATED)
        self.set_interval(1 / _DRAINS_A_SECOND, self._drain)
        self.set_interval(1.0, self._tick)
        if self._turns:
            self.set_interval(1 / self._turns, self._turn)

    # Where starting is slow its time may come before a screen has its parts: what has happened by then waits.

    def _tick(self) -> None:
        if self.front.is_mounted:
            self.front.tick()

    def _turn(self) -> None:
        if self.front.is_mounted:
            self.front.turn()

    def _drain(self) -> None:
        if not self.front.is_mounted:
            return
        began = time.perf_counter()
        if began < self._next_drain:
            return
        self.front.drain()
        took = time.perf_counter() - began
        self._next_drain = began + min(took / _SHARE, _SELDOM)
        if self._terminal is not None and self._terminal.lines:
            self.front.wrote_outside(self._terminal.take())

    def on_dashboard_opened(self) -> None:
        """The file was looked at: watch it; or leave, where the state cannot be used."""
        board, session = self.dashboard, self.session
        if board is None or session is None:
            return
        fatal = board.conductor.fatal
        if fatal is not None:
            self.give_up(" ".join(str(fatal).split()))
        elif not self.asks_which(session.problem):
            self._begin(board, session)

    def give_up(self, why: str) -> None:
        """The state cannot be used: leave."""
        self.error = f"fwtui: {why}"
        self.exit(_STATE_CODE)

    def asks_which(self, problem: LoadProblem | None) -> bool:
        """Tell whether the person is asked which workflow is meant, because of this problem."""
        del problem
        return False

    def _begin(self, board: Dashboard, session: SessionPort) -> None:
        if self._watch:
            session.watch(from_threads(board.saved))
        self.liking.open(board)
        for notice in reversed(self._notices):
            board.say_first(messages.refused(notice))
        self._notices = ()
        if self._terminal is not None and not self._kept:
            # Later there may be something of an earlier workflow that nobody needs any more.
            self._kept = True
            keep_what_is_loaded()

    def keeps(self, key: str) -> bool:
        """Keep keys while a file loads, but not a q that nothing waits before once there is a screen to quit."""
        front = self.front
        return not front.is_mounted or (front.busy and key not in self.names.keys("leave.quit"))

    def leads_out(self, key: str) -> bool:
        """The ladder is climbed at once, whatever waits."""
        return key in self.names.keys("leave.interrupt")

    def before_key(self) -> None:
        """What was said has been read."""
        self.front.key_pressed()

    async def on_board_free(self) -> None:
        """The file is loaded: do what was asked for meanwhile, in order."""
        await self.next_key()

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.refresh(repaint=True, layout=True)
        self.screen.refresh(repaint=True, layout=True)

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, or take it back."""
        self.front.say(self.liking.switch_mouse())

    def action_shell(self) -> None:
        """Stop, so that the shell has the terminal; but not a run."""
        if self.dashboard is not None and self.dashboard.conductor.running:
            self.dashboard.say(messages.would_freeze())
        elif self._terminal is not None:
            stop_process(self)

    def action_interrupt(self) -> None:
        """Copy, or leave by the ladder, from whatever screen."""
        self.front.action_interrupt()

    def on_looking_keys_edit_wanted(self, event: LookingKeys.EditWanted) -> None:
        """Open a file in the person's editor."""
        problem = "" if self._terminal is None else open_editor(self, self._terminal, event.path, event.line)
        if problem:
            self.front.say(messages.refused(problem))

    def on_board_left(self, event: Dashboard.Left) -> None:
        """The person has left the dashboard."""
        self.board_left(whole=event.whole)

    def board_left(self, *, whole: bool) -> None:
        """Leave; there is nothing to go back to."""
        del whole
        self.exit()

    def exit(self, result: int | None = None, *args: Any, **options: Any) -> None:
        """Remember what tasks that still run write to, and how the person likes it, and end."""
        self.streams = (sys.stdout, sys.stderr)
        self.preferences = self.liking.now()
        super().exit(result, *args, **options)

    def _fatal_error(self) -> None:
        # Textual's own shows the local variables, and so the person's results and secrets.
        self.panic(mistake())

    def asked_to_end(self) -> None:
        """SIGTERM or SIGHUP: what runs may finish for a moment, in sight; asked twice, or without a run, leave."""
        board = self.dashboard
        again, self.terminated = self.terminated, True
        if again or board is None or not board.conductor.running:
            self.exit()
        else:
            board.finish_at_once(_DRAIN_SECONDS)
            self.set_timer(_DRAIN_SECONDS, self.exit)
