"""A run on a terminal without the dashboard: facts scroll by, and below them stands what goes on now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from flowweaver.events import Event
from fwtui.headless import RawLine, Sayer
from fwtui.model.ansi import is_coloured, style_in
from fwtui.model.folding import fold
from fwtui.model.header import HeaderFacts, progress_line
from fwtui.model.segments import clip, pad_end
from fwtui.model.segments import line as compose
from fwtui.model.status import LOOKS, OPEN_STATES
from fwtui.model.views import RunView, TaskView
from fwtui.model.words import time_text, why_text
from fwtui.streams import SteadyStream, ascii_only

__all__ = ["LiveDisplay"]

_IN_FLIGHT = 6
_FRAME = 0.1

_STYLES: Mapping[str, str] = {
    "muted": "dim",
    "disabled": "dim",
    "strong": "bold",
    "running": "bold cyan",
    "done": "green",
    "warning": "yellow",
    "warning-strong": "bold yellow",
    "error": "red",
    "error-strong": "bold red",
}


class _Terminal(Console):
    """A console that leaves the cursor alone: whatever ends the process, there is nothing to put right."""

    def show_cursor(self, show: bool = True) -> bool:  # as Rich has it
        del show
        return False


class LiveDisplay:
    """Lines as they come, above a progress line and the tasks in flight.

    Args:
        sayer: puts events into words.
        stream: the terminal.
        view: the workflow before the run.
    """

    def __init__(self, sayer: Sayer, stream: SteadyStream, view: RunView) -> None:
        self._sayer = sayer
        self._view = view
        self._ascii = ascii_only(stream)
        self._drawn = 0.0
        self._console = _Terminal(
            file=cast(TextIO, stream),
            force_terminal=True,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=True,
            legacy_windows=False,
        )
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()

    def show(self, items: Sequence[Event | RawLine], now: float) -> None:
        """Write the lines of these events and, some ten times a second, draw what goes on."""
        said = [one for item in items for one in self._sayer.say(item)]
        self._view = fold(self._view, [item for item in items if isinstance(item, Event)])
        if said:
            icons = "ascii" if self._ascii else "unicode"
            lines = [self._styled(self._sayer.parts(one, icons=icons)) for one in said]
            self._console.print(Text("\n").join(lines))
        if said or now - self._drawn >= _FRAME:
            self._drawn = now
            self._live.update(self._now(now), refresh=True)

    def close(self, verdict: str) -> None:
        """Take away what stood below and say how it ended."""
        self._live.stop()
        if verdict:
            self._console.print(Text("\n") + self._judged(verdict))

    def _now(self, now: float) -> Group:
        width = self._console.width
        facts = HeaderFacts(ascii=self._ascii)
        rows = [progress_line(self._view, facts, width, now)]
        open_now = self._view.count(*OPEN_STATES)
        in_flight = [task for task in self._view.tasks.values() if open_now and task.state in OPEN_STATES]
        rows += [clip(self._row(task, now), width - 1) for task in in_flight[:_IN_FLIGHT]]
        if len(in_flight) > _IN_FLIGHT:
            rows.append(compose(f"  and {len(in_flight) - _IN_FLIGHT:,} more"))
        return Group(*(self._styled(row) for row in rows))

    def _row(self, task: TaskView, now: float) -> Any:
        look = LOOKS[task.state]
        icon = look.ascii if self._ascii else look.icon
        text = f"{pad_end(time_text(task, now), 7)}  {why_text(self._view, task)}"
        return compose(f"{icon} {task.state.value:<9}  {task.title}  {text}")

    def _styled(self, parts: Sequence[tuple[str, str]]) -> Text:
        text = Text()
        for piece, role in parts:
            text.append(piece, style=style_in(role) if is_coloured(role) else _STYLES.get(role, ""))
        return text

    def _judged(self, verdict: str) -> Text:
        first, newline, rest = verdict.partition("\n")
        style = {"✓": "green", "+": "green", "✗": "bold red", "x": "bold red"}.get(first[:1], "bold yellow")
        return Text(first[:1], style=style) + Text(first[1:], style="bold") + Text(newline + rest)
