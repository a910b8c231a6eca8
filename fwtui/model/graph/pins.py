"""The graph cut into layers: every place where a task stands in a layer or a line passes through it.

A line that passes several layers has a pin in each, so that every step of it goes from one layer to the next. All lines
that leave one task share their pins as far as they go together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Pins", "pins_of"]


@dataclass(slots=True)
class Pins:
    """Pins are numbers; the first ones are the nodes themselves.

    Attributes:
        nodes: how many of the pins are nodes; the others are lines on their way.
        layer: in which layer each pin is.
        ahead: the pins of the next layer to which lines lead from each pin.
        back: the pins of the layer before from which they come.
        layers: the pins of each layer, from top to bottom.
    """

    nodes: int
    layer: list[int] = field(default_factory=list)
    ahead: list[list[int]] = field(default_factory=list)
    back: list[list[int]] = field(default_factory=list)
    layers: list[list[int]] = field(default_factory=list)

    def passes(self, pin: int) -> bool:
        """Tell whether a pin is a line on its way, and no node."""
        return pin >= self.nodes

    def places(self) -> list[int]:
        """Return the place of each pin in its layer, counted from the top."""
        made = [0] * len(self.layer)
        for layer in self.layers:
            for place, pin in enumerate(layer):
                made[pin] = place
        return made

    def _add(self, layer: int) -> int:
        self.layer.append(layer)
        self.ahead.append([])
        self.back.append([])
        self.layers[layer].append(len(self.layer) - 1)
        return len(self.layer) - 1

    def _join(self, start: int, end: int) -> None:
        self.ahead[start].append(end)
        self.back[end].append(start)


def pins_of(layers: Sequence[int], edges: Sequence[tuple[int, int]]) -> Pins:
    """Return the pins of a graph: in each layer its nodes in their order, then the lines that pass.

    Args:
        layers: the layer of each node; each edge leads to a later one.
        edges: pairs of nodes, each once.
    """
    pins = Pins(len(layers), layers=[[] for _ in range(max(layers, default=-1) + 1)])
    ends: list[list[int]] = [[] for _ in layers]
    for start, end in edges:
        ends[start].append(end)
    for layer in layers:
        pins._add(layer)
    for node, found in enumerate(ends):
        at = node
        for layer in range(layers[node] + 1, max((layers[end] for end in found), default=0) + 1):
            for end in found:
                if layers[end] == layer:
                    pins._join(at, end)
            if any(layers[end] > layer for end in found):
                before, at = at, pins._add(layer)
                pins._join(before, at)
    return pins
