"""A graph laid out in cells, once: where its nodes stand, how its lines run, and which cells belong to which edge.

Nothing here depends on what the tasks are doing: that is painted over it (``paint``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from fwtui.model.graph.channel import Channel, Ruler, channels_of
from fwtui.model.graph.drawing import Grid, to_ascii
from fwtui.model.graph.order import sort_pins
from fwtui.model.graph.pins import Pins, pins_of
from fwtui.model.graph.rows import rows_of
from fwtui.model.graph.shape import Shape
from fwtui.model.graph.tracks import columns_of
from fwtui.model.segments import cells, cut_middle
from fwtui.model.text import visible

__all__ = ["Layout", "Node", "Piece", "Sketch", "draw", "lay_out", "short_label"]

_ICON = 2
_EDGE = 4
"""Cells of a line beside its upright parts: a blank, a piece of line; a piece of line and its head are at the end."""


class Piece(NamedTuple):
    """A straight part of a line, from one cell to another; one of the coordinates is the same in both."""

    x: int
    y: int
    to_x: int
    to_y: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """A node that is to be drawn.

    Attributes:
        name: the task; for a count, the first of the tasks it stands for.
        label: what is written, safe to show.
        layer: in which layer it is.
        counts: it stands for tasks that are not drawn, and is none itself.
    """

    name: str
    label: str
    layer: int
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A node that was drawn.

    Attributes:
        name: the task; for a count, the first of the tasks it stands for.
        label: what is written.
        layer: its layer, counted from the left.
        x, y: its first cell.
        width: how many cells it takes, with its icon if it has one.
        counts: it stands for tasks that are not drawn, and has no icon.
    """

    name: str
    label: str
    layer: int
    x: int
    y: int
    width: int
    counts: bool = False

    @property
    def end(self) -> int:
        """The cell behind it."""
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Layout:
    """A graph in cells.

    Attributes:
        width: cells of a row.
        rows: the lines as text, with blanks where nodes are.
        nodes: the tasks by name.
        on_row: what stands in each row, from left to right, counts too.
        layers: what stands in each layer, from top to bottom, counts too.
        edges: the parts of each line, by the names of the two nodes that it joins; a count's name is that of the
            task that it stands for.
    """

    width: int = 0
    rows: tuple[str, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    on_row: tuple[tuple[Node, ...], ...] = ()
    layers: tuple[tuple[Node, ...], ...] = ()
    edges: Mapping[tuple[str, str], tuple[Piece, ...]] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def at(self, x: int, y: int) -> Node | None:
        """Return what stands at a cell."""
        if not 0 <= y < self.height:
            return None
        return next((node for node in self.on_row[y] if node.x <= x < node.end), None)


def lay_out(shape: Shape, *, longest: int, icons: bool = True, ascii_only: bool = False) -> Layout:
    """Return the whole graph of a workflow, laid out.

    Args:
        shape: the tasks and their edges.
        longest: cells that a name may take; a longer one is cut in its middle.
        icons: leave two cells before each name.
        ascii_only: draw with nothing but ASCII.
    """
    index = {name: number for number, name in enumerate(shape.names)}
    sketches = [
        Sketch(name, short_label(name, longest, ascii_only=ascii_only), shape.layer[name]) for name in shape.names
    ]
    edges = [(index[need], index[name]) for name, needs in shape.needs.items() for need in needs]
    return draw(sketches, edges, icons=icons, ascii_only=ascii_only)


def short_label(name: str, longest: int, *, ascii_only: bool = False) -> str:
    """Return a task's name as it is written: safe to show, and cut in its middle where it is too long."""
    if not ascii_only:
        return cut_middle(visible(name), longest)
    # In ASCII first, for a sign that takes no cell becomes one that does.
    return to_ascii(cut_middle(to_ascii(visible(name)), longest))


def draw(
    sketches: Sequence[Sketch], edges: Iterable[tuple[int, int]], *, icons: bool = True, ascii_only: bool = False
) -> Layout:
    """Return nodes and lines, laid out.

    Args:
        sketches: the nodes, in the order they keep where nothing else decides.
        edges: pairs of places in ``sketches``; each leads to a later layer.
        icons: leave two cells before each label, but not before counts.
        ascii_only: draw with nothing but ASCII.
    """
    edges = sorted(set(edges))
    pins = pins_of([sketch.layer for sketch in sketches], edges)
    sort_pins(pins)
    rows = rows_of(pins)
    ruler = Ruler(max(rows.row, default=-1) + 1)
    channels = channels_of(pins, rows, ruler)
    # A plus has no sides: lines of plus signs are told apart by a free row between them.
    gap = 1 if ascii_only else 0
    drawing = _Drawing(sketches, pins, channels, [ruler.place(row) for row in rows.row], ruler, icons=icons, gap=gap)
    made = drawing.layout(edges)
    return replace(made, rows=tuple(map(to_ascii, made.rows))) if ascii_only else made


class _Drawing:
    """Pins, nets and rows turned into cells."""

    def __init__(
        self,
        sketches: Sequence[Sketch],
        pins: Pins,
        channels: Sequence[Channel],
        row: list[int],
        ruler: Ruler,
        *,
        icons: bool,
        gap: int,
    ) -> None:
        self._sketches = sketches
        self._pins = pins
        self._channels = channels
        self._row = row
        self._height = len(ruler)
        self._icon = _ICON if icons else 0
        for channel in channels:
            for link in channel.links:
                link.row = ruler.place(link.row)
        self._columns = [columns_of(channel, row, gap=gap) for channel in channels]
        self._nodes: list[Node] = []
        self._starts: list[int] = []
        """By layer, the first cell of its nodes."""
        self._ends: list[int] = []
        """By layer, the cell behind its widest node."""

    def layout(self, edges: Sequence[tuple[int, int]]) -> Layout:
        """Return everything in its place."""
        self._place_layers()
        self._place_nodes()
        width = max(self._ends, default=0)
        grid = Grid(width, self._height)
        for number, channel in enumerate(self._channels):
            self._draw_levels(grid, number, channel)
        for number, channel in enumerate(self._channels):
            for net, column in enumerate(self._columns[number]):
                if column >= 0:
                    grid.upright(self._x(number, net), channel.rows(net, self._row))
        on_row: list[list[Node]] = [[] for _ in range(self._height)]
        for node in self._nodes:
            on_row[node.y].append(node)
        return Layout(
            width,
            tuple(grid.texts()),
            {node.name: node for node in self._nodes if not node.counts},
            tuple(tuple(sorted(row, key=lambda node: node.x)) for row in on_row),
            tuple(
                tuple(self._nodes[pin] for pin in layer if not self._pins.passes(pin)) for layer in self._pins.layers
            ),
            {self._names(edge): self._pieces(edge) for edge in edges},
        )

    def _names(self, edge: tuple[int, int]) -> tuple[str, str]:
        return self._sketches[edge[0]].name, self._sketches[edge[1]].name

    def _place_layers(self) -> None:
        x = 0
        for number, layer in enumerate(self._pins.layers):
            self._starts.append(x)
            wide = max((self._width(pin) for pin in layer if not self._pins.passes(pin)), default=1)
            self._ends.append(x + wide)
            columns = max(self._columns[number], default=-1) + 1 if number < len(self._columns) else 0
            x += wide + (_EDGE + 2 * columns if columns else _EDGE + 1)

    def _width(self, pin: int) -> int:
        sketch = self._sketches[pin]
        return cells(sketch.label) + (0 if sketch.counts else self._icon)

    def _place_nodes(self) -> None:
        for pin, sketch in enumerate(self._sketches):
            x, y, width = self._starts[sketch.layer], self._row[pin], self._width(pin)
            self._nodes.append(Node(sketch.name, sketch.label, sketch.layer, x, y, width, sketch.counts))

    def _x(self, channel: int, net: int) -> int:
        return self._ends[channel] + 2 + 2 * self._columns[channel][net]

    def _leaves(self, channel: int, pin: int) -> int:
        """Return the first cell of the line that leaves a pin."""
        return self._starts[channel] if self._pins.passes(pin) else self._nodes[pin].end + 1

    def _arrives(self, channel: int, pin: int) -> int:
        """Return the last cell, before its head, of the line that comes to a pin."""
        return self._starts[channel + 1] - (1 if self._pins.passes(pin) else 3)

    def _draw_levels(self, grid: Grid, number: int, channel: Channel) -> None:
        for link in channel.links:
            grid.level(link.row, self._x(number, link.fork), self._x(number, link.join), from_net=True, to_net=True)
        for net, found in enumerate(channel.nets):
            if self._columns[number][net] < 0:
                start, end = found.entries[0], found.exits[0]
                grid.level(self._row[start], self._leaves(number, start), self._arrives(number, end))
            else:
                x = self._x(number, net)
                for pin in found.entries:
                    grid.level(self._row[pin], self._leaves(number, pin), x, to_net=True)
                for pin in found.exits:
                    grid.level(self._row[pin], x, self._arrives(number, pin), from_net=True)
            for pin in found.exits:
                if not self._pins.passes(pin):
                    grid.head(self._starts[number + 1] - 2, self._row[pin])

    def _pieces(self, edge: tuple[int, int]) -> tuple[Piece, ...]:
        """Return the parts of the line of an edge."""
        start, end = edge
        way = [start]
        while end not in self._pins.ahead[way[-1]]:
            way.append(next(pin for pin in self._pins.ahead[way[-1]] if self._pins.passes(pin)))
        way.append(end)
        made: list[Piece] = []
        first = self._pins.layer[start]
        for number, (pin, following) in enumerate(pairwise(way), first):
            made += self._step(number, pin, following)
        head = self._nodes[end]
        return (*made, Piece(head.x - 2, head.y, head.x - 2, head.y))

    def _step(self, number: int, start: int, end: int) -> list[Piece]:
        channel = self._channels[number]
        begin, y, to_y = self._leaves(number, start), self._row[start], self._row[end]
        stop = self._arrives(number, end)
        nets = list(dict.fromkeys((channel.entry[start], channel.exit[end])))
        if self._columns[number][nets[0]] < 0:
            return [Piece(begin, y, stop, y)]
        made = []
        for net in nets:
            x = self._x(number, net)
            made.append(Piece(begin, y, x, y))
            begin = x
            if net == nets[-1]:
                row = to_y
            else:
                row = next(link.row for link in channel.links if (link.fork, link.join) == (net, nets[-1]))
            made.append(Piece(x, y, x, row))
            y = row
        return [*made, Piece(begin, y, stop, y)]
