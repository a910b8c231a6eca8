"""Which part of a run's time is seen, and where in it a moment is: zooming and scrolling without a screen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from fwtui.model.timeline import Timeline

__all__ = ["Axis", "Window", "axis_of", "horizon_of", "scrolled", "tick_text", "ticks_of", "zoomed"]

_FINEST = 2_000.0
"""Cells a second at which zooming ends: half a millisecond a cell."""
_LEAST_BETWEEN = 7
"""Cells from one mark of the axis to the next, at least."""
_SHORTEST = 0.001
_DAY = 86_400
_HORIZONS = tuple(unit * part for unit in (1, 60, 3_600, 86_400) for part in (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45))
_STEPS = (
    *(unit * part for unit in (0.001, 0.01, 0.1) for part in (1, 2, 5)),
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200),
    *(_DAY * (1 << power) for power in range(16)),
)


@dataclass(frozen=True, slots=True)
class Window:
    """What a person chose to see.

    Attributes:
        zoom: how often the time was doubled; 0 shows all of it.
        left: seconds from the run's start to the left edge; infinite for: the end, wherever it is.
    """

    zoom: int = 0
    left: float = 0.0


@dataclass(frozen=True, slots=True)
class Axis:
    """Seconds from the run's start as cells.

    Attributes:
        horizon: seconds that all cells would show without zoom.
        cells: how many cells are seen.
        per_second: cells that a second takes.
        left: seconds at the left edge.
    """

    horizon: float
    cells: int
    per_second: float
    left: float

    @property
    def _origin(self) -> int:
        return _rounded(self.left * self.per_second)

    @property
    def last(self) -> int:
        """The last cell there is, seen or not."""
        return _rounded(self.horizon * self.per_second) - self._origin - 1

    def cell(self, seconds: float) -> int:
        """Return the cell at which a moment is; negative, or beyond ``cells``, where it is not seen."""
        return _rounded(seconds * self.per_second) - self._origin


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)


def horizon_of(timeline: Timeline) -> float:
    """Return how many seconds the axis shows without zoom.

    A run that has ended fills it. While one goes on it grows by steps: in between, what is drawn keeps its place.
    """
    if not timeline.going_on:
        return max(timeline.reach, _SHORTEST)
    return next((horizon for horizon in _HORIZONS if horizon >= timeline.reach), timeline.reach)


def axis_of(window: Window, horizon: float, cells: int) -> Axis:
    """Return the axis for a window of ``cells`` cells."""
    per_second = cells * (1 << window.zoom) / horizon
    return Axis(horizon, cells, per_second, min(max(window.left, 0.0), _most_left(window.zoom, horizon)))


def _most_left(zoom: int, horizon: float) -> float:
    return horizon - horizon / (1 << zoom)


def zoomed(window: Window, steps: int, horizon: float, cells: int, about: float) -> Window:
    """Return the window with the time doubled (or halved, for negative ``steps``) so many times.

    A moment keeps its place if it is seen, else it comes to the middle.

    Args:
        window: what is seen now.
        steps: how often.
        horizon: seconds that all cells show without zoom.
        cells: how many cells are seen.
        about: that moment, in seconds from the run's start.
    """
    now = axis_of(window, horizon, cells)
    zoom = max(0, window.zoom + steps)
    while zoom > window.zoom and cells * (1 << zoom) / horizon > _FINEST:
        zoom -= 1
    if zoom in (0, window.zoom):
        return replace(window, zoom=zoom) if zoom else Window()
    place = (about - now.left) * now.per_second
    if not 0 <= place <= cells:
        place = cells / 2
    left = about - place * horizon / (cells * (1 << zoom))
    return Window(zoom, min(max(left, 0.0), _most_left(zoom, horizon)))


def scrolled(window: Window, by: int, horizon: float, cells: int) -> Window:
    """Return the window moved by cells, never beyond the run; at its end it stays there while the run goes on."""
    if not window.zoom:
        return window
    axis = axis_of(window, horizon, cells)
    left = axis.left + by / axis.per_second
    if left >= _most_left(window.zoom, horizon):
        return replace(window, left=math.inf)
    return replace(window, left=max(0.0, left))


def tick_text(seconds: float) -> str:
    """Return the name of a mark of the axis: "0s", "0.5s", "90s" as "1m30s", "2h", "1d12h"."""
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    made = ""
    rest = seconds
    for unit, letter in ((_DAY, "d"), (3_600, "h"), (60, "m")):
        count, rest = divmod(rest, unit)
        if count:
            made += f"{count:.0f}{letter}"
    return made + (tick_text(rest) if rest >= 0.0005 else "")


def ticks_of(axis: Axis) -> list[tuple[int, str]]:
    """Return the marks that are seen, from left to right: cell and text. No two of them touch, and all fit."""
    step = _step_of(axis)
    number = math.ceil(axis.left / step - 0.5 / (axis.per_second * step))
    found = []
    while (at := axis.cell(number * step)) < axis.cells and number * step <= axis.horizon:
        text = tick_text(number * step)
        if 0 <= at <= axis.cells - len(text):
            found.append((at, text))
        number += 1
    return found


def _step_of(axis: Axis) -> float:
    # The widest mark there may be, and not the widest that is seen: the axis is not to change while one scrolls.
    fitting = (
        step for step in _STEPS if step * axis.per_second >= max(_LEAST_BETWEEN, _widest(axis.horizon, step) + 2)
    )
    return next(fitting, max(float(_DAY), axis.horizon))


def _widest(horizon: float, step: float) -> int:
    """Return how many cells the text of a mark may take, for marks at multiples of ``step`` up to ``horizon``."""
    decimals = next((digits for digits, unit in ((0, 1), (1, 0.1), (2, 0.01)) if step >= unit), 3)
    seconds = _digits(horizon, 60) + (decimals + 1 if decimals else 0) + 1
    made = seconds if step % 60 else 0
    for unit, bigger in ((60, 3_600), (3_600, _DAY), (_DAY, math.inf)):
        if horizon >= unit and step % bigger:
            made += _digits(horizon / unit, bigger / unit) + 1
    return made


def _digits(value: float, limit: float) -> int:
    return len(str(int(min(value, limit - 1))))
