"""In which order the task table shows its rows: the workflow's own, or by what stands in one of its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fwtui.model.status import State
from fwtui.model.views import RunView, TaskView
from fwtui.model.words import why_text

__all__ = ["COLUMNS", "SLOW", "Order", "order_of", "sorted_tasks"]

COLUMNS = ("status", "task", "time", "try", "started", "why")
"""What rows can be sorted by, in the order of the columns."""

SLOW = frozenset({"why"})
"""Columns whose text has to be made for every task: for ten thousand that takes longer than a frame."""

_URGENCY = (
    State.FAILED,
    State.TIMED_OUT,
    State.INTERRUPTED,
    State.STOPPED,
    State.STALE,
    State.MAYBE,
    State.RETRYING,
    State.RUNNING,
    State.WAITING,
    State.CLEARED,
    State.SKIPPED,
    State.REUSED,
    State.DONE,
)
_RANK: Mapping[State, int] = MappingProxyType({state: rank for rank, state in enumerate(_URGENCY)})


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows.

    Attributes:
        column: one of ``COLUMNS``, "" for the workflow's order.
        down: the largest first.
    """

    column: str = ""
    down: bool = False

    @property
    def text(self) -> str:
        """The order as it is remembered: "time", "-time", "" for the workflow's."""
        return f"-{self.column}" if self.down else self.column

    def next(self, shown: Sequence[str]) -> Order:
        """Return the order by the next of the columns that are shown; behind the last comes the workflow's."""
        stops = ["", *shown]
        return Order(stops[(stops.index(self.column) + 1) % len(stops)] if self.column in stops else "")

    def reversed(self) -> Order:
        """Return the order by the same column, the other way round; the workflow's has no other way round."""
        return Order(self.column, not self.down) if self.column else self

    def by(self, column: str) -> Order:
        """Return the order by a column; by the same again it is reversed."""
        return self.reversed() if column == self.column else Order(column)


def order_of(text: str) -> Order:
    """Return the order that a remembered text means, the workflow's if it means none."""
    column = text.removeprefix("-")
    return Order(column, text.startswith("-")) if column in COLUMNS else Order()


def _started(task: TaskView) -> float | None:
    return task.started_at if task.attempt else None


def _value(view: RunView, column: str, now: float) -> Callable[[TaskView], object]:
    """Return what a column says of a task as something that can be compared, None or "" for nothing."""

    def seconds(task: TaskView) -> float | None:
        going_on = task.state is State.RUNNING and task.started_at is not None
        return now - (task.started_at or 0.0) if going_on else task.duration

    values: Mapping[str, Callable[[TaskView], object]] = {
        "status": lambda task: _RANK[task.state],
        "task": lambda task: task.title.lower(),
        "time": seconds,
        "try": lambda task: task.attempt or None,
        "started": _started,
        "why": lambda task: why_text(view, task) or None,
    }
    return values[column]


def sorted_tasks(view: RunView, order: Order, now: float) -> list[TaskView]:
    """Return all tasks of a view in an order.

    Tasks of which a column says the same keep the workflow's order, and those of which it says nothing come last,
    whichever way round.

    Args:
        view: the workflow.
        order: the order.
        now: seconds since the epoch, for what goes on.
    """
    tasks: Iterable[TaskView] = view.tasks.values()
    if not order.column:
        return list(tasks)
    value = _value(view, order.column, now)
    known, unknown = [], []
    for task in tasks:
        said = value(task)
        if said is None:
            unknown.append(task)
        else:
            known.append((said, task))
    known.sort(key=lambda pair: pair[0], reverse=order.down)  # type: ignore[arg-type, return-value]
    return [*(task for _, task in known), *unknown]
