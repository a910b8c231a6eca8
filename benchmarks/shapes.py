"""The shapes of work that everything is measured on, as each task's dependencies by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flowweaver import Task, Workflow

__all__ = ["SHAPES", "Shape", "chain", "fan", "layers", "workflow"]

Shape = Sequence[Sequence[int]]


def fan(count: int) -> Shape:
    """Tasks that depend on nothing."""
    return [()] * count


def chain(count: int) -> Shape:
    """Tasks that each depend on the one before."""
    return [(number - 1,) if number else () for number in range(count)]


def layers(count: int, width: int = 50) -> Shape:
    """Layers in which each task depends on three of the layer before."""
    found: list[Sequence[int]] = []
    for number in range(count):
        row, column = divmod(number, width)
        before = (row - 1) * width
        found.append(tuple(sorted({before + (column + step) % width for step in (0, 1, 7)})) if row else ())
    return found


SHAPES = {"fan": fan, "chain": chain, "layers": layers}


def workflow(shape: Shape, body: Callable[[int], Any]) -> Workflow:
    """Return a workflow in which each task calls ``body`` with its number."""
    flow = Workflow("benchmark")
    for number, needed in enumerate(shape):

        def run(number: int = number, **_upstream: object) -> Any:
            return body(number)

        flow.add_task(Task(f"t{number}", run), depends_on=[f"t{other}" for other in needed])
    return flow
