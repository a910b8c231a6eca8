"""A graph as plain text, for pipes, files and people without a dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fwtui.model.graph.layout import Layout, lay_out
from fwtui.model.graph.shape import shape_of

__all__ = ["graph_text"]

_LONGEST = 40


def graph_text(dependencies: Mapping[str, Sequence[str]], *, ascii_only: bool = False) -> str:
    """Return a workflow's graph, drawn: every task once, every edge as a line, no colours and no states.

    Args:
        dependencies: the names each task depends on, by task, in the workflow's order.
        ascii_only: draw with nothing but ASCII.

    Raises:
        ValueError: the dependencies form a cycle.
    """
    layout = lay_out(shape_of(dependencies), longest=_LONGEST, icons=False, ascii_only=ascii_only)
    return "\n".join(_row_text(layout, y) for y in range(layout.height))


def _row_text(layout: Layout, y: int) -> str:
    parts = []
    x = 0
    for node in layout.on_row[y]:
        parts += [layout.rows[y][x : node.x], node.label]
        x = node.end
    return "".join([*parts, layout.rows[y][x:]]).rstrip()
