"""What depends on what, and in which layer each task is: all that a drawing needs to know of a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Shape", "layers_of", "shape_of"]


def layers_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the layer of each of ``count`` nodes: the length of the longest chain of edges that leads to it.

    Raises:
        ValueError: the edges form a cycle.
    """
    ahead: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for start, end in edges:
        ahead[start].append(end)
        missing[end] += 1
    layers = [0] * count
    free = [node for node in range(count) if not missing[node]]
    for node in free:
        for end in ahead[node]:
            layers[end] = max(layers[end], layers[node] + 1)
            missing[end] -= 1
            if not missing[end]:
                free.append(end)
    if len(free) < count:
        raise ValueError("a graph with a cycle has no layers")
    return layers


@dataclass(frozen=True, slots=True)
class Shape:
    """The tasks of a workflow and their edges.

    Attributes:
        needs: what each task depends on directly, by name, in the workflow's order; those next to it in the drawing
            come first.
        feeds: what depends directly on each task, likewise.
        layer: in which layer each task is.
        depth: how many layers there are.
    """

    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    feeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layer: Mapping[str, int] = field(default_factory=dict)
    depth: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The tasks, in the workflow's order."""
        return tuple(self.needs)


def shape_of(dependencies: Mapping[str, Sequence[str]]) -> Shape:
    """Return the shape of a workflow.

    Args:
        dependencies: the names each task depends on, by task, in the workflow's order; names that are no task are
            left out.

    Raises:
        ValueError: the dependencies form a cycle.
    """
    index = {name: number for number, name in enumerate(dependencies)}
    needs = {name: [need for need in dict.fromkeys(found) if need in index] for name, found in dependencies.items()}
    feeds: dict[str, list[str]] = {name: [] for name in index}
    for name, found in needs.items():
        for need in found:
            feeds[need].append(name)
    numbers = layers_of(len(index), [(index[need], index[name]) for name, found in needs.items() for need in found])
    layer = dict(zip(index, numbers, strict=True))
    return Shape(
        {name: tuple(sorted(found, key=lambda other: -layer[other])) for name, found in needs.items()},
        {name: tuple(sorted(found, key=layer.__getitem__)) for name, found in feeds.items()},
        layer,
        max(numbers, default=-1) + 1,
    )
