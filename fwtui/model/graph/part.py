"""What of a graph is shown: all of it, or what is near one task, with counts of what lies beyond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fwtui.model.graph.layout import Layout, Sketch, draw, lay_out, short_label
from fwtui.model.graph.shape import Shape, layers_of
from fwtui.model.segments import cells

__all__ = ["MOST_AT_ONCE", "Part", "Room", "least_size", "levels_for", "part_for", "whole"]

MOST_AT_ONCE = 300
"""Tasks up to which a graph is shown as a whole; more would be wallpaper."""
_LEVELS = (1, 2, 3, 5, 8)
_FIRST_LEVELS = 2
_MOST_A_SIDE = 60
_SHORTEST = 10
_ICON = 2
_LEAST_GAP = 5


@dataclass(frozen=True, slots=True)
class Part:
    """A graph, or a part of it, as it is drawn.

    Attributes:
        layout: what is drawn, and where.
        anchor: the task round which the part was chosen, None for the whole graph.
        before: tasks that are not drawn and on which a drawn one depends directly.
        after: tasks that are not drawn and depend directly on a drawn one.
    """

    layout: Layout = field(default_factory=Layout)
    anchor: str | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def margin(self) -> int:
        """How many cells are left of the drawing."""
        # Counts have no icon: alone in front they stand a cell further in.
        first = self.layout.layers[0] if self.layout.layers else ()
        return 2 if first and all(node.counts for node in first) else 1

    @property
    def width(self) -> int:
        """How many cells it takes, with its margin."""
        return self.margin + self.layout.width


@dataclass(frozen=True, slots=True)
class Room:
    """What decides how much of a graph is shown.

    Attributes:
        width: cells there are, for a part that has to fit if no levels are given; None if it may be scrolled.
        longest: cells that a name may take.
        levels: how many levels each way are to be shown; None for as many as make sense.
        ascii_only: draw with nothing but ASCII.
    """

    width: int | None = None
    longest: int = 24
    levels: int | None = None
    ascii_only: bool = False


def part_for(
    shape: Shape, selected: str | None, room: Room, before: Part | None = None, *, aside: bool = False
) -> Part:
    """Return what is to be shown when a task is selected.

    Args:
        shape: the whole graph.
        selected: the task, None if there is none.
        room: how much may be shown.
        before: what was shown with the same shape and in the same room: it is kept as long as the task is in it and
            all its neighbours too, so that nothing moves without need.
        aside: the cursor only went up or down: then its neighbours need not be shown.
    """
    if before is not None and _keeps(shape, before, selected, aside=aside):
        return before
    if selected is None or selected not in shape.needs:
        return Part() if len(shape.needs) > MOST_AT_ONCE else whole(shape, room)
    if room.levels is not None:
        return _around(shape, selected, (room.levels, room.levels), room)
    if room.width is not None:
        return _fitting(shape, selected, room, room.width)
    if len(shape.needs) > MOST_AT_ONCE:
        return _around(shape, selected, (_FIRST_LEVELS, _FIRST_LEVELS), room)
    return whole(shape, room)


def levels_for(shape: Shape, room: Room) -> tuple[int | None, ...]:
    """Return what ``levels`` of a room may be, from few levels to many; None is what is shown at first."""
    if room.width is not None:
        return (None, *_LEVELS[1:])
    if len(shape.needs) > MOST_AT_ONCE:
        return tuple(None if levels == _FIRST_LEVELS else levels for levels in _LEVELS)
    return (*_LEVELS, None)


def whole(shape: Shape, room: Room) -> Part:
    """Return the whole graph."""
    return Part(lay_out(shape, longest=room.longest, ascii_only=room.ascii_only))


def least_size(shape: Shape, room: Room) -> tuple[int, int]:
    """Return columns and rows that the whole graph takes at least: far less work than to lay it out."""
    widest, number = [0] * shape.depth, [0] * shape.depth
    for name, layer in shape.layer.items():
        label = short_label(name, room.longest, ascii_only=room.ascii_only)
        widest[layer] = max(widest[layer], cells(label) + _ICON)
        number[layer] += 1
    return sum(widest) + _LEAST_GAP * max(0, shape.depth - 1), max(number, default=0)


def _keeps(shape: Shape, part: Part, selected: str | None, *, aside: bool) -> bool:
    if part.anchor is None:
        return selected is None or selected in part.layout.nodes
    if selected is None or selected not in part.layout.nodes:
        return False
    near = (*shape.needs[selected], *shape.feeds[selected])
    return aside or selected == part.anchor or all(name in part.layout.nodes for name in near)


def _fitting(shape: Shape, selected: str, room: Room, width: int) -> Part:
    """Return as much of what is near a task as fits into a width."""
    if len(shape.needs) <= MOST_AT_ONCE // 4:
        made = whole(shape, room)
        if made.width <= width:
            return made
    levels = [1, 1]
    best = _around(shape, selected, (1, 1), room)
    longest = room.longest
    while best.width > width and longest > _SHORTEST:
        longest -= 2
        best = _around(shape, selected, (1, 1), Room(longest=longest, ascii_only=room.ascii_only))
    room = Room(longest=longest, ascii_only=room.ascii_only)
    growing = [True, True]
    while any(growing) and best.width <= width:
        side = 0 if growing[0] and (levels[0] <= levels[1] or not growing[1]) else 1
        levels[side] += 1
        more = _around(shape, selected, (levels[0], levels[1]), room)
        if more.width > width or len(more.layout.nodes) == len(best.layout.nodes):
            levels[side] -= 1
            growing[side] = False
        else:
            best = more
    return best


def _around(shape: Shape, anchor: str, levels: tuple[int, int], room: Room) -> Part:
    """Return what is so many levels before and after a task."""
    names = [*_reach(shape.needs, anchor, levels[0]), anchor, *_reach(shape.feeds, anchor, levels[1])]
    names += _between(shape, names)
    index = {name: number for number, name in enumerate(names)}
    edges = [(index[need], index[name]) for name in names for need in shape.needs[name] if need in index]
    layers = layers_of(len(names), edges)
    before = {name: [need for need in shape.needs[name] if need not in index] for name in names}
    after = {name: [feed for feed in shape.feeds[name] if feed not in index] for name in names}
    first = any(before[name] and not layers[index[name]] for name in names)
    ascii_only = room.ascii_only
    sketches = [
        Sketch(name, short_label(name, room.longest, ascii_only=ascii_only), layer + first)
        for name, layer in zip(names, layers, strict=True)
    ]
    for name in names:
        layer = sketches[index[name]].layer
        if before[name]:
            edges.append((len(sketches), index[name]))
            label = f"{'<' if ascii_only else '‹'} {len(before[name]):,}"
            sketches.append(Sketch(before[name][0], label, layer - 1, counts=True))
        if after[name]:
            edges.append((index[name], len(sketches)))
            label = f"{len(after[name]):,} {'>' if ascii_only else '›'}"
            sketches.append(Sketch(after[name][0], label, layer + 1, counts=True))
    return Part(draw(sketches, edges, ascii_only=ascii_only), anchor, _flat(before), _flat(after))


def _between(shape: Shape, names: Sequence[str]) -> list[str]:
    """Return what depends directly on one of these tasks and is needed directly by another."""
    shown = set(names)
    found = (other for name in names for other in shape.feeds[name] if other not in shown)
    return [other for other in dict.fromkeys(found) if not shown.isdisjoint(shape.feeds[other])][:_MOST_A_SIDE]


def _flat(found: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in found.values() for name in names))


def _reach(near: Mapping[str, tuple[str, ...]], start: str, levels: int) -> list[str]:
    """Return what is at most so many steps away, the nearest first; not more than can be taken in."""
    found = [start]
    seen = {start}
    first = 0
    for _ in range(levels):
        first, frontier = len(found), found[first:]
        for other in (other for name in frontier for other in near[name]):
            if other not in seen and len(found) <= _MOST_A_SIDE:
                seen.add(other)
                found.append(other)
    return found[1:]
