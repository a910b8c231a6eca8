"""The order of the pins in each layer: few lines cross, and the tasks keep their order where nothing else decides."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from fwtui.model.graph.pins import Pins

__all__ = ["crossings", "sort_pins"]

_SWEEPS = 16
_PATIENCE = 4
_SMALL = 300
"""Pins up to which no effort is spared."""


def crossings(pins: Pins) -> int:
    """Return how often lines cross between the layers if they all are straight."""
    places = pins.places()
    return sum(_crossings_after(pins, layer, places) for layer in pins.layers[:-1])


def _crossings_after(pins: Pins, layer: list[int], places: list[int]) -> int:
    seen: list[int] = []
    found = 0
    for pin in layer:
        ends = [places[end] for end in pins.ahead[pin]]
        for end in ends:
            found += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return found


def sort_pins(pins: Pins) -> None:
    """Put the pins of each layer into an order in which few lines cross.

    Each pin goes to the middle of its neighbours in the next layer, from the last layer to the first, and back again
    with those in the layer before, until that makes nothing better. What is equal keeps its order, and pins without a
    neighbour keep their place.
    """
    small = len(pins.layer) <= _SMALL
    best = crossings(pins)
    kept = [list(layer) for layer in pins.layers]
    places = pins.places()
    waited = 0
    for sweep in range(_SWEEPS):
        if not best or waited == (_PATIENCE if small else 1):
            break
        _sweep(pins, places, backwards=not sweep % 2)
        if small:
            _exchange(pins, places)
        found = crossings(pins)
        waited += 1
        if found < best:
            best, waited = found, 0
            kept = [list(layer) for layer in pins.layers]
    pins.layers[:] = kept
    if best and not small:
        _exchange(pins, pins.places())


def _sweep(pins: Pins, places: list[int], *, backwards: bool) -> None:
    near = pins.ahead if backwards else pins.back
    for layer in reversed(pins.layers) if backwards else pins.layers:
        drawn = [pin for pin in layer if near[pin]]
        middle = {pin: sum(places[other] for other in near[pin]) / len(near[pin]) for pin in drawn}
        drawn.sort(key=middle.__getitem__)
        rest = iter(drawn)
        layer[:] = [next(rest) if near[pin] else pin for pin in layer]
        for place, pin in enumerate(layer):
            places[pin] = place


def _exchange(pins: Pins, places: list[int]) -> None:
    """Exchange pins that stand next to each other wherever fewer lines cross then."""
    for layer in pins.layers:
        ends = {pin: [sorted(places[end] for end in side[pin]) for side in (pins.ahead, pins.back)] for pin in layer}
        for first in range(1, len(layer)):
            # A pin goes up as far as that helps; what it passes is in order already.
            at = first
            while at and _gain(ends[layer[at - 1]], ends[layer[at]]) > 0:
                layer[at - 1], layer[at] = layer[at], layer[at - 1]
                at -= 1
        for place, pin in enumerate(layer):
            places[pin] = place


def _gain(upper: list[list[int]], lower: list[list[int]]) -> int:
    """Return how many crossings fewer there are if the lower pin stands above the upper one."""
    gain = 0
    for above, below in zip(upper, lower, strict=True):
        for end in below:
            gain += len(above) - bisect_right(above, end) - bisect_left(above, end)
    return gain
