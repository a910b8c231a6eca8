"""Where an arrow key leads in a graph."""

from __future__ import annotations

from typing import Literal

from fwtui.model.graph.layout import Layout
from fwtui.model.graph.shape import Shape

__all__ = ["Direction", "walk", "walk_far"]

Direction = Literal["left", "right", "up", "down"]


def walk(shape: Shape, layout: Layout, selected: str, direction: Direction, came_from: str | None = None) -> str:
    """Return the task that is next in a direction; the same one if there is none.

    Left is what the task needs and right what it feeds: where one came from if that is among them, else the nearest
    that is drawn, else one that is not. Up and down are its neighbours in its layer; a count there stands for the
    first of the tasks that it counts.
    """
    if direction in ("up", "down"):
        return _beside(layout, selected, -1 if direction == "up" else 1)
    near = (shape.needs if direction == "left" else shape.feeds).get(selected, ())
    if came_from in near:
        return came_from
    here = layout.nodes.get(selected)
    drawn = [layout.nodes[name] for name in near if name in layout.nodes]
    if here is not None and drawn:
        return min(drawn, key=lambda node: (abs(node.y - here.y), node.y)).name
    return near[0] if near else selected


def walk_far(shape: Shape, layout: Layout, selected: str, direction: Direction) -> str:
    """Return the last task in a direction, along the edges that single steps would take."""
    while (following := walk(shape, layout, selected, direction)) != selected:
        selected = following
    return selected


def _beside(layout: Layout, selected: str, step: int) -> str:
    here = layout.nodes.get(selected)
    if here is None:
        return selected
    layer = layout.layers[here.layer]
    at = layer.index(here) + step
    return layer[at].name if 0 <= at < len(layer) else selected
