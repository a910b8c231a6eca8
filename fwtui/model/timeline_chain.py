"""The critical chain of a run: the tasks that decided how long it took, found by walking back from its end.

It is a chain of dependencies, because these are what a person can change. A task that could have started earlier than
it did, had a worker been free, is told as time that the chain waited and not as a link to whichever task happened to
hold the worker: which one that was, is not recorded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Chain", "Span", "critical_chain"]

_SLACK = 0.05
"""Seconds by which a task may seem to start before what it needs has ended: clocks are read a moment after the fact."""


class Span(NamedTuple):
    """From a task's first start to its last end, seconds since the epoch; its waiting to be retried is part of it."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Chain:
    """Tasks of which each needed the one before it, in the order in which they ran.

    Attributes:
        waited: seconds in which the chain could have gone on and did not: before its first task, and between them.
    """

    names: tuple[str, ...] = ()
    waited: float = 0.0


def critical_chain(
    last: str, span_of: Callable[[str], Span | None], deps_of: Callable[[str], Iterable[str]], started_at: float
) -> Chain:
    """Return the chain that ends with a task.

    From that task it goes each time to the dependency that ended last before the task started; of those that ended at
    the same time, to the one that started first.

    Args:
        last: the task; it ran.
        span_of: when a task ran; None if it did not in this run: there a chain begins.
        deps_of: the dependencies of a task.
        started_at: when the run began, seconds since the epoch.
    """
    names = [last]
    waited = 0.0
    span = span_of(last)
    if span is None:
        return Chain()
    while (found := _before(span, names[-1], span_of, deps_of)) is not None:
        name, earlier = found
        waited += max(0.0, span.start - earlier.end)
        names.append(name)
        span = earlier
    return Chain(tuple(reversed(names)), waited + max(0.0, span.start - started_at))


def _before(
    span: Span, name: str, span_of: Callable[[str], Span | None], deps_of: Callable[[str], Iterable[str]]
) -> tuple[str, Span] | None:
    """Return the dependency that ended last before a task started, None if none of them ran."""
    found: tuple[str, Span] | None = None
    latest = (-math.inf, 0.0)
    border = span.start + _SLACK
    for dep in deps_of(name):
        other = span_of(dep)
        if other is None:
            continue
        start, end = other
        if end <= border and (end, -start) > latest:
            found, latest = (dep, other), (end, -start)
    return found
