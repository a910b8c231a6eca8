"""The row of each pin: lines that go on are straight, and each stands as high as the order allows.

Pins that are to be in one row form a *thread* through layers that follow each other. Threads never cross, so there is
always one that nothing stands above, and the rows follow from top to bottom.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from fwtui.model.graph.pins import Pins

__all__ = ["Rows", "rows_of"]


@dataclass(slots=True)
class Rows:
    """Rows by pin, and the pins that share one.

    Attributes:
        row: of each pin, counted from the top.
        mate: the pin of the next layer that is in the same row because a line leads there, -1 for none.
    """

    row: list[int]
    mate: list[int]


def rows_of(pins: Pins) -> Rows:
    """Return a row for each pin; those of a layer are in its order."""
    mate = [-1] * len(pins.layer)
    places = pins.places()
    for layer in pins.layers[1:]:
        _mate_layer(pins, layer, places, mate)
    threads = _threads(pins, mate)
    row = _packed(pins, threads)
    most = _most_rows(pins)
    if max(row, default=0) >= most:
        _part(pins, mate, row, most)
        threads = _threads(pins, mate)
        row = _packed(pins, threads)
    _settle(pins, threads, row)
    used = {found: number for number, found in enumerate(sorted(set(row)))}
    return Rows([used[found] for found in row], mate)


def _mate_layer(pins: Pins, layer: list[int], places: list[int], mate: list[int]) -> None:
    """Choose which pins of a layer stand in the row of one in the layer before; long lines come first."""
    ceiling = -1
    for pin in layer:
        back = pins.back[pin]
        if pins.passes(pin) and pins.passes(back[0]) and places[back[0]] > ceiling:
            ceiling = places[back[0]]
            mate[back[0]] = pin
    taken = {pin: before for before in _all_back(pins, layer) if (pin := mate[before]) >= 0}
    floors = _floors(layer, taken, places)
    ceiling = -1
    for pin, floor in zip(layer, floors, strict=True):
        if pin not in taken:
            # What leads nowhere else comes first: the others have somewhere to be straight to.
            for before in sorted(pins.back[pin], key=lambda other: (len(pins.ahead[other]), places[other])):
                if mate[before] < 0 and ceiling < places[before] < floor:
                    mate[before] = pin
                    taken[pin] = before
                    break
        if pin in taken:
            ceiling = places[taken[pin]]


def _all_back(pins: Pins, layer: list[int]) -> list[int]:
    return [before for pin in layer for before in pins.back[pin]]


def _floors(layer: list[int], taken: dict[int, int], places: list[int]) -> list[int]:
    """Return for each pin the place in the layer before that the next long line below it takes."""
    made = []
    floor = len(places)
    for pin in reversed(layer):
        made.append(floor)
        if pin in taken:
            floor = places[taken[pin]]
    return made[::-1]


@dataclass(slots=True)
class _Threads:
    of: list[int]
    members: list[list[int]]
    above: list[set[int]]
    below: list[set[int]]


def _threads(pins: Pins, mate: list[int]) -> _Threads:
    of = [-1] * len(mate)
    members: list[list[int]] = []
    for layer in pins.layers:
        for pin in layer:
            if of[pin] < 0:
                of[pin] = len(members)
                members.append([])
            members[of[pin]].append(pin)
            if mate[pin] >= 0:
                of[mate[pin]] = of[pin]
    above: list[set[int]] = [set() for _ in members]
    below: list[set[int]] = [set() for _ in members]
    for layer in pins.layers:
        for upper, lower in pairwise(layer):
            above[of[lower]].add(of[upper])
            below[of[upper]].add(of[lower])
    return _Threads(of, members, above, below)


def _from_top(threads: _Threads) -> list[int]:
    """Return the threads in an order in which each comes after all that stand above it."""
    missing = [len(found) for found in threads.above]
    ready = deque(number for number, count in enumerate(missing) if not count)
    made = []
    while ready:
        made.append(ready.popleft())
        for lower in sorted(threads.below[made[-1]]):
            missing[lower] -= 1
            if not missing[lower]:
                ready.append(lower)
    return made


def _packed(pins: Pins, threads: _Threads) -> list[int]:
    height = [0] * len(threads.members)
    for thread in _from_top(threads):
        height[thread] = max((height[upper] + 1 for upper in threads.above[thread]), default=0)
    return [height[threads.of[pin]] for pin in range(len(pins.layer))]


def _most_rows(pins: Pins) -> int:
    """Return how many rows straight lines are worth."""
    return 8 + max(map(len, pins.layers), default=0) * 3 // 2


def _part(pins: Pins, mate: list[int], row: list[int], most: int) -> None:
    """Part the mates that cannot be in one row if there are only so many rows."""
    packed = max(row) + 1
    made = [0] * len(row)
    came = {after: before for before, after in enumerate(mate) if after >= 0}
    for layer in pins.layers:
        above = -1
        for place, pin in enumerate(layer):
            before = came.get(pin, -1)
            wanted = made[before] if before >= 0 else row[pin] * most // packed
            lowest = most - len(layer) + place
            made[pin] = above = min(max(wanted, above + 1), lowest)
            if before >= 0 and made[pin] != made[before]:
                mate[before] = -1


def _settle(pins: Pins, threads: _Threads, row: list[int]) -> None:
    """Let each thread sink to the middle of its neighbours, as far as there is room below it."""
    height = max(row, default=0)
    for _ in range(2):
        for thread in reversed(_from_top(threads)):
            members = threads.members[thread]
            near = sorted(
                row[other]
                for pin in members
                for other in (*pins.back[pin], *pins.ahead[pin])
                if threads.of[other] != thread
            )
            room = min((row[threads.members[lower][0]] - 1 for lower in threads.below[thread]), default=height)
            if near and (wanted := min(near[(len(near) - 1) // 2], room)) > row[members[0]]:
                for pin in members:
                    row[pin] = wanted
