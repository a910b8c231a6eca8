"""The columns of the upright lines between two layers: their order, and which of them can share one."""

from __future__ import annotations

from dataclasses import dataclass

from fwtui.model.graph.channel import Channel

__all__ = ["columns_of"]

_PASSES = 12


@dataclass(slots=True)
class _Track:
    """A net as it is drawn: the first and the last of its rows, and the rows of what comes and what goes."""

    net: int
    first: int
    last: int
    comes: list[int]
    goes: list[int]

    def meets(self, other: _Track, gap: int) -> bool:
        """Tell whether both would touch if they were in one column, or come nearer than so many rows."""
        return self.first <= other.last + gap and other.first <= self.last + gap


def columns_of(channel: Channel, rows: list[int], *, gap: int) -> list[int]:
    """Return the column of each net, counted from the left; -1 for a net that is one straight line.

    Args:
        channel: the nets, and which has to be left of which; all links have their rows.
        rows: the row of each pin, counted from the top; those of the links are counted likewise.
        gap: how many rows have to be between nets that share a column.
    """
    tracks = _sorted([track for track in _tracks(channel, rows) if track.last > track.first], channel.left_of)
    columns = [-1] * len(channel.nets)
    for at, track in enumerate(tracks):
        taken = [columns[other.net] for other in tracks[:at] if track.meets(other, gap)]
        columns[track.net] = max(taken, default=-1) + 1
    return columns


def _tracks(channel: Channel, rows: list[int]) -> list[_Track]:
    made = []
    for number, net in enumerate(channel.nets):
        links = [channel.links[link] for link in net.links]
        comes = [rows[pin] for pin in net.entries] + [link.row for link in links if link.join == number]
        goes = [rows[pin] for pin in net.exits] + [link.row for link in links if link.fork == number]
        made.append(_Track(number, min(comes + goes), max(comes + goes), comes, goes))
    return made


def _sorted(tracks: list[_Track], left_of: list[int]) -> list[_Track]:
    """Return tracks from left to right; neighbours are exchanged as long as fewer lines cross then."""
    made = sorted(tracks, key=lambda track: -left_of[track.net].bit_count())
    for _ in range(_PASSES):
        changed = False
        for at in range(1, len(made)):
            left, right = made[at - 1], made[at]
            free = left.meets(right, 0) and not left_of[left.net] >> right.net & 1
            if free and _crossed(right, left) < _crossed(left, right):
                made[at - 1], made[at] = right, left
                changed = True
        if not changed:
            break
    return made


def _crossed(left: _Track, right: _Track) -> int:
    """Return how many level lines of two tracks cross the other one if they stand in this order."""
    over = sum(left.first < row < left.last for row in right.comes)
    return over + sum(right.first < row < right.last for row in left.goes)
