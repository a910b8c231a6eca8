"""The room between two layers: which lines share a net there, and in which rows and in which order nets can be drawn.

A *net* is an upright line with all the level lines that end at it. Whoever follows a net from one of its entries comes
to all of its exits, so a net is drawn only where every entry has an edge to every exit. Where edges do not split into
such groups, a net that forks and a net that joins are linked by a level line of their own, for which there has to be a
row: the fork is left of the join.

Two level lines in one row must not touch: what comes from the left ends before what goes on to the right begins. That
says which net is left of which. Where it would say so in a circle, an entry moves to a new row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fwtui.model.graph.pins import Pins
from fwtui.model.graph.rows import Rows

__all__ = ["Channel", "Link", "Net", "Ruler", "channels_of"]

_NEW_ROW = 1.5
"""How many rows of detour a new row is worth."""
_IN_ROW_OF_OTHERS = 0.4
"""The same for a row in which lines come or go that have nothing to do with a link."""


class Ruler:
    """Rows that keep their identity while others are put between them."""

    def __init__(self, count: int) -> None:
        self._order = list(range(count))
        self._place = list(range(count))

    def __len__(self) -> int:
        return len(self._order)

    def place(self, row: int) -> int:
        """Return where a row is, counted from the top."""
        return self._place[row]

    def at(self, place: int) -> int:
        """Return the row at a place."""
        return self._order[place]

    def insert(self, place: int) -> int:
        """Return a new row at a place; what was there and below goes down."""
        row = len(self._place)
        self._order.insert(place, row)
        self._place.append(place)
        for number in range(place + 1, len(self._order)):
            self._place[self._order[number]] = number
        return row


@dataclass(slots=True)
class Net:
    """An upright line between two layers.

    Attributes:
        entries: pins of the layer before it whose lines end here.
        exits: pins of the layer after it to which lines lead from here.
        links: numbers of the links that begin or end here.
    """

    entries: tuple[int, ...]
    exits: tuple[int, ...]
    links: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """A level line from a net that forks to one that joins; ``row`` is -1 until there is one for it."""

    fork: int
    join: int
    row: int = -1


@dataclass(slots=True)
class Channel:
    """The nets between two layers.

    Attributes:
        left_of: as bits, the nets that have to be right of each net.
        entry: the net of each pin of the layer before it that has one.
        exit: the net of each pin of the layer after it.
    """

    nets: list[Net] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    left_of: list[int] = field(default_factory=list)
    entry: dict[int, int] = field(default_factory=dict)
    exit: dict[int, int] = field(default_factory=dict)

    def rows(self, number: int, row: Sequence[int]) -> list[int]:
        """Return the rows at which lines end at a net; links without a row are left out."""
        net = self.nets[number]
        made = [row[pin] for pin in (*net.entries, *net.exits)]
        return made + [self.links[link].row for link in net.links if self.links[link].row >= 0]

    def put_left(self, pairs: Sequence[tuple[int, int]]) -> bool:
        """Demand that the first net of each pair is left of the second; False, and nothing changed, if it cannot be."""
        before = list(self.left_of)
        for left, right in pairs:
            if left == right or self.left_of[right] >> left & 1:
                self.left_of = before
                return False
            if self.left_of[left] >> right & 1:
                continue
            more = self.left_of[right] | 1 << right
            for net, reach in enumerate(self.left_of):
                if net == left or reach >> left & 1:
                    self.left_of[net] = reach | more
        return True


def channels_of(pins: Pins, rows: Rows, ruler: Ruler) -> list[Channel]:
    """Return what is between the layers; ``rows`` and ``ruler`` get the rows that had to be added.

    Args:
        pins: all pins, in their order.
        rows: their rows, which are rows of the ruler.
        ruler: all rows.
    """
    made = []
    for left, right in pairwise(pins.layers):
        channel = _nets_between(pins, left)
        _uncircle(channel, left, right, rows, ruler)
        _Linking(channel, left, right, rows.row, ruler).link_all()
        made.append(channel)
    return made


def _nets_between(pins: Pins, left: list[int]) -> Channel:
    """Group the lines after a layer into nets."""
    groups = list(_alike({pin: tuple(sorted(pins.ahead[pin])) for pin in left if pins.ahead[pin]}).values())
    sources: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        for end in pins.ahead[group[0]]:
            sources.setdefault(end, []).append(number)
    ends = _alike({end: tuple(found) for end, found in sources.items()})
    fans = Counter(number for found in ends for number in found)
    channel = Channel()
    forks = {
        number: _put_net(channel, tuple(group), tuple(ends.get((number,), ())))
        for number, group in enumerate(groups)
        if fans[number] > 1
    }
    for found, exits in ends.items():
        whole = [number for number in found if number not in forks]
        if len(found) == 1 and not whole:
            continue
        join = _put_net(channel, tuple(pin for number in whole for pin in groups[number]), tuple(exits))
        for number in found:
            if number in forks:
                _put_link(channel, forks[number], join)
    channel.left_of = [0] * len(channel.nets)
    channel.put_left([(link.fork, link.join) for link in channel.links])
    return channel


def _alike(near: Mapping[int, tuple[int, ...]]) -> dict[tuple[int, ...], list[int]]:
    """Return which keys have the same neighbours: they need not be told apart."""
    made: dict[tuple[int, ...], list[int]] = {}
    for key, found in near.items():
        made.setdefault(found, []).append(key)
    return made


def _put_net(channel: Channel, entries: tuple[int, ...], exits: tuple[int, ...]) -> int:
    number = len(channel.nets)
    channel.nets.append(Net(entries, exits))
    channel.entry.update(dict.fromkeys(entries, number))
    channel.exit.update(dict.fromkeys(exits, number))
    return number


def _put_link(channel: Channel, fork: int, join: int) -> None:
    for net in (fork, join):
        channel.nets[net].links.append(len(channel.links))
    channel.links.append(Link(fork, join))


def _uncircle(channel: Channel, left: list[int], right: list[int], rows: Rows, ruler: Ruler) -> None:
    """Order the nets by what is in one row; a pin whose row asks for a circle gets a new one, and so do its mates."""
    comes = {rows.row[pin]: channel.entry[pin] for pin in left if pin in channel.entry}
    for pin in right:
        net = channel.exit.get(pin, -1)
        other = comes.get(rows.row[pin], net)
        if net < 0 or other == net or channel.put_left([(other, net)]):
            continue
        here = ruler.place(rows.row[pin])
        from_above = all(ruler.place(row) <= here for row in channel.rows(net, rows.row))
        row = ruler.insert(here if from_above else here + 1)
        moved = pin
        while moved >= 0:
            rows.row[moved] = row
            moved = rows.mate[moved]


class _Linking:
    """Finds a row for each link of a channel: near its nets, and a new one only where that saves a detour."""

    def __init__(self, channel: Channel, left: list[int], right: list[int], row: list[int], ruler: Ruler) -> None:
        self._channel = channel
        self._row = row
        self._ruler = ruler
        self._comes = {row[pin]: channel.entry[pin] for pin in left if pin in channel.entry}
        self._goes = {row[pin]: channel.exit[pin] for pin in right if pin in channel.exit}
        self._linked: dict[int, list[Link]] = {}

    def link_all(self) -> None:
        """Give every link its row."""
        for link in self._channel.links:
            fork, join = self._span(link.fork), self._span(link.join)
            found = self._old_row(link, fork, join)
            link.row = self._new_row(link, fork, join) if found is None else found
            self._linked.setdefault(link.row, []).append(link)

    def _span(self, net: int) -> tuple[int, int]:
        places = [self._ruler.place(row) for row in self._channel.rows(net, self._row)]
        return min(places), max(places)

    def _old_row(self, link: Link, fork: tuple[int, int], join: tuple[int, int]) -> int | None:
        """Return the row there is that makes the shortest detour, None if a new one is worth more."""
        first, last = _between(fork, join)
        shortest = max(0, max(fork[0], join[0]) - min(fork[1], join[1]))
        short = self._short(link, fork, join)
        choices = []
        for place in range(max(0, first - 2), min(last + 3, len(self._ruler))):
            row = self._ruler.at(place)
            cost = _beyond(place, fork) + _beyond(place, join) - shortest
            cost += _IN_ROW_OF_OTHERS * (self._comes.get(row, link.fork) != link.fork)
            cost += _IN_ROW_OF_OTHERS * (self._goes.get(row, link.join) != link.join)
            if cost <= _NEW_ROW:
                choices.append((cost, _beyond(place, short), row))
        return next((row for *_, row in sorted(choices) if self._take(link, row)), None)

    def _short(self, link: Link, fork: tuple[int, int], join: tuple[int, int]) -> tuple[int, int]:
        """Return which of the two nets is to stay short: the one with fewer links; the other is long for their sake."""
        nets = self._channel.nets
        return fork if len(nets[link.fork].links) < len(nets[link.join].links) else join

    def _take(self, link: Link, row: int) -> bool:
        """Demand what has to be so that a link can be in a row; False if it cannot be there."""
        comes, goes = self._comes.get(row, link.fork), self._goes.get(row, link.join)
        if comes == link.join or goes == link.fork:
            return False
        pairs = [(comes, link.fork)] if comes != link.fork else []
        pairs += [(link.join, goes)] if goes != link.join else []
        for other in self._linked.get(row, ()):
            if link.fork == other.fork or link.join == other.join:
                return False
            # Either before the other or behind it: whichever was demanded already, else behind.
            before = self._channel.left_of[link.fork] >> other.join & 1
            pairs.append((link.join, other.fork) if before else (other.join, link.fork))
        return self._channel.put_left(pairs)

    def _new_row(self, link: Link, fork: tuple[int, int], join: tuple[int, int]) -> int:
        """Put in a row where the detour is shortest."""
        first, last = _between(fork, join)
        short = self._short(link, fork, join)

        def detour(place: int) -> tuple[float, float]:
            middle = place - 0.5
            return _beyond(middle, fork) + _beyond(middle, join), _beyond(middle, short)

        return self._ruler.insert(min(range(first, last + 2), key=detour))


def _between(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Return the first and the last place that both spans share, or that are between them."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return min(low, high), max(low, high)


def _beyond(place: float, span: tuple[int, int]) -> float:
    """Return how far a place is outside of a span."""
    return span[0] - place if place < span[0] else place - span[1] if place > span[1] else 0
