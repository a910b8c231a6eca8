"""The critical chain of a run: the tasks that decided how long it took, found by walking back from its end.

It is a chain of dependencies, because these are what a person can change. A task that could have started earlier than
it did, had a worker been free, is told as time that the chain waited and not as a link to whichever task happened to
hold the worker: which one that was, is not recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


def critical_chain(spans: Mapping[str, Span], deps_of: Callable[[str], Iterable[str]], started_at: float) -> Chain:
    """Return the chain that ended last.

    From the last task that ended, it goes each time to the dependency that ended last before that task started. Of
    tasks that ended at the same time (or that all still run) the one that started first is taken.

    Args:
        spans: the tasks that ran, by name; those that run end now.
        deps_of: the dependencies of a task; those that did not run in this run are where a chain begins.
        started_at: when the run began, seconds since the epoch.
    """
    if not spans:
        return Chain()
    name = max(spans, key=lambda each: _lateness(spans[each]))
    names = [name]
    waited = 0.0
    while True:
        start = spans[name].start
        before = [dep for dep in deps_of(name) if dep in spans and spans[dep].end <= start + _SLACK]
        if not before:
            return Chain(tuple(reversed(names)), waited + max(0.0, start - started_at))
        name = max(before, key=lambda each: _lateness(spans[each]))
        waited += max(0.0, start - spans[name].end)
        names.append(name)


def _lateness(span: Span) -> tuple[float, float]:
    return span.end, -span.start
