"""The timeline as lines: the axis, one row of bars a task, and what the patterns mean.

Bars differ by pattern and not only by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from fwtui.model.breakpoints import VERY_WIDE, WIDE
from fwtui.model.segments import Line, Segment, clip, cut_end, cut_middle, line, pad_end, pad_start, width_of
from fwtui.model.status import DONE_STATES, LOOKS, State
from fwtui.model.text import duration
from fwtui.model.timeline import Kind, Piece, Timeline, pieces_in, seconds_of
from fwtui.model.timeline_window import Axis, ticks_of
from fwtui.model.times import about_text
from fwtui.model.views import RunView, TaskView

__all__ = ["Frame", "RowFacts", "axis_line", "frame_for", "legend_lines", "row_line", "title_text"]

_MARKS = 4
_GAP = 3
_ROOMY = 90
"""Cells from which the legend is one line, and a blank line stands above the axis."""
_LONGEST_NAME = 24
_LONGEST_NAME_WIDE = 32
_FEWEST_ROWS = 4
_WORTH_TELLING = 0.05
"""Part of a run that the chain must have waited before it is told."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    glyph: str
    ascii: str
    role: str


_PATTERNS = {
    Kind.WORKED: _Pattern("█", "#", "done"),
    Kind.RUNNING: _Pattern("█", "#", "running"),
    Kind.FAILED: _Pattern("▓", "=", "error"),
    Kind.STOPPED: _Pattern("▒", ":", "warning"),
    Kind.WAITED: _Pattern("░", ".", "muted"),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """How the cells of the timeline are shared out.

    Attributes:
        name: cells of the names.
        bars: cells of the bars.
        total: cells of the totals at the right.
        blank: blank lines above the axis.
        rows: lines for tasks.
        foot: lines for the legend, the blank one above it included.
    """

    width: int
    name: int
    bars: int
    total: int
    blank: int
    rows: int
    foot: int

    @property
    def head(self) -> int:
        """Lines above the first task."""
        return self.blank + 1

    @property
    def before_bars(self) -> int:
        """Where the bars begin."""
        return _MARKS + self.name + _GAP


def frame_for(width: int, height: int, tasks: int, longest: int, seconds: float) -> Frame:
    """Return the frame for a timeline of ``width`` x ``height`` cells.

    Args:
        width: cells of a line.
        height: lines.
        tasks: how many tasks there are.
        longest: cells of the longest name.
        seconds: how long the run took: what no task's time is longer than.
    """
    limit = _LONGEST_NAME_WIDE if width >= VERY_WIDE else _LONGEST_NAME
    name = max(4, min(longest, limit, width // 3))
    total = 4 if seconds < 59.5 else 5 if seconds < 599.5 else 6
    bars = max(1, width - _MARKS - name - 2 * _GAP - total - 1)
    roomy = width >= _ROOMY
    blank, foot = (1, 2) if roomy else (0, 3)
    if height - 1 - blank - foot < min(tasks, _FEWEST_ROWS):
        blank = foot = 0
    rows = max(0, min(tasks, height - 1 - blank - foot))
    return Frame(width, name, bars, total, blank, rows, foot)


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What a row says that is not in the view: the moment, where the person is, and what the whole run made of it.

    Attributes:
        now: seconds since the epoch.
        critical: the task is one of the critical chain.
    """

    now: float
    cursor: bool = False
    critical: bool = False
    ascii: bool = False


def axis_line(frame: Frame, axis: Axis) -> Line:
    """Return the line with the marks of the axis."""
    text = ""
    for at, mark in ticks_of(axis):
        text += " " * (at - len(text)) + mark
    return line(" " * frame.before_bars, Segment(text, "muted"))


def row_line(view: RunView, task: TaskView, timeline: Timeline, frame: Frame, axis: Axis, facts: RowFacts) -> Line:
    """Return a task's row."""
    pieces = pieces_in(view, task, facts.now)
    cursor, diamond = (">", "*") if facts.ascii else ("›", "◆")
    look = LOOKS[task.state]
    bars = _bars(pieces, timeline.started_at, axis, ascii_only=facts.ascii) if pieces else _instead(task, timeline)
    # A total can outgrow its cells only where clocks were set back: it is cut then, as everything is.
    total = cut_end(duration(seconds_of(pieces)), frame.total)
    return line(
        f" {cursor if facts.cursor else ' '}",
        Segment(diamond if facts.critical else " ", "accent"),
        " ",
        Segment(pad_end(cut_middle(task.title, frame.name), frame.name), look.name_role),
        " " * _GAP,
        *clip(bars, frame.bars),
        " " * (frame.bars - min(frame.bars, width_of(bars)) + _GAP),
        Segment(pad_start(total, frame.total)),
    )


def _instead(task: TaskView, timeline: Timeline) -> Line:
    """Return what stands in place of bars for a task that did not run: whose result was reused, if any was."""
    run = task.from_run or task.run_id
    older = run is not None and run != timeline.run_id
    if task.left or not (task.state is State.REUSED or (task.state in DONE_STATES and older)):
        return ()
    return line(Segment(f"from run {run}" if older else "reused", "muted"))


def _bars(pieces: Sequence[Piece], started_at: float, axis: Axis, *, ascii_only: bool) -> Line:
    cells = _painted(pieces, started_at, axis)
    first, last = pieces[0].start - started_at, pieces[-1].end - started_at
    if not any(cells):
        before, behind = ("<", ">") if ascii_only else ("‹", "›")
        left = before if axis.cell(first) < 0 else ""
        right = behind if axis.cell(last) >= axis.cells else ""
        return line(Segment(left + " " * (axis.cells - len(left) - len(right)) + right, "muted"))
    made = []
    for kind, group in groupby(cells):
        size = len(list(group))
        pattern = _PATTERNS[kind] if kind is not None else _Pattern(" ", " ", "")
        made.append(Segment((pattern.ascii if ascii_only else pattern.glyph) * size, pattern.role))
    return tuple(made)


def _painted(pieces: Sequence[Piece], started_at: float, axis: Axis) -> list[Kind | None]:
    """Return what is in each cell that is seen; of two attempts in one cell the later counts."""
    cells: list[Kind | None] = [None] * axis.cells
    # Attempts go over waiting: one that took no time is worth more than a cell of waiting beside it.
    for piece in sorted(pieces, key=lambda each: each.kind is not Kind.WAITED):
        first = min(axis.cell(piece.start - started_at), axis.last)
        least = 0 if piece.kind is Kind.WAITED else 1
        behind = max(first + least, axis.cell(piece.end - started_at))
        for cell in range(max(first, 0), min(behind, axis.cells)):
            cells[cell] = piece.kind
    return cells


def legend_lines(timeline: Timeline, frame: Frame, *, ascii_only: bool = False) -> list[Line]:
    """Return the lines under the rows, the blank one first; none where there is no room."""
    if not frame.foot:
        return []
    shown = [Kind.WORKED, Kind.FAILED, *([Kind.STOPPED] if timeline.stopped else []), Kind.WAITED]
    parts: list[str | Segment] = []
    for kind in shown:
        pattern = _PATTERNS[kind]
        glyph = pattern.ascii if ascii_only else pattern.glyph
        parts += ["  " if parts else "", Segment(glyph, pattern.role), Segment(f" {kind.value}", "muted")]
    patterns, chain = line(*parts), _chain_line(timeline, "*" if ascii_only else "◆")
    if frame.foot > 2:
        return [(), clip(line(" ", *patterns), frame.width), clip(line(" ", *chain), frame.width)]
    return [(), clip(line("   ", *patterns, "  ", *chain), frame.width)]


def _chain_line(timeline: Timeline, diamond: str) -> Line:
    names, waited = timeline.chain.names, timeline.chain.waited
    if timeline.seconds is None:
        return line(Segment(f"nobody saw the end of run {timeline.run_id}", "muted"))
    if not names:
        return line(Segment(f"no task of run {timeline.run_id} has run", "muted"))
    these = f"these {len(names):,}" if len(names) > 1 else "1 task"
    said = f"these {len(names):,} so far" if len(names) > 1 else "1 task so far"
    if not timeline.going_on:
        said = f"{these} decided the {duration(timeline.seconds)}"
    if waited > max(0.05, _WORTH_TELLING * timeline.seconds):
        said += f", {duration(waited)} of it waiting to start"
    return line(Segment(diamond, "accent"), Segment(f" critical chain: {said}", "muted"))


def title_text(timeline: Timeline | None, zoom: int = 0, left: float | None = None, *, width: int = WIDE) -> str:
    """Return what the rule above says at its right end: "run 31, 6.5s".

    Args:
        timeline: None where nothing has run yet.
        zoom: how often the time was doubled.
        left: how long the run still needs, if that is known.
        width: cells of the rule.
    """
    if timeline is None:
        return ""
    parts = [f"run {timeline.run_id}"]
    # Of a run that nobody saw end, the time until the last moment that anything is known of.
    parts.append(duration(timeline.reach if timeline.seconds is None else timeline.seconds))
    if timeline.going_on and left is not None and width >= WIDE:
        parts.append(f"{about_text(left)} left")
    if zoom:
        parts.append(f"zoom {2**zoom:,}x")
    return ", ".join(parts)
