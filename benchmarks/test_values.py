"""A hundred results of a megabyte, kept, and taken in by one task."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from shapes import Shape

from flowweaver import SQLiteStateStore, Task, ThreadedExecutor, Workflow

COUNT, SIZE = 100, 1_000_000


def large(number: int) -> str:
    return chr(97 + number % 26) * SIZE


def flow_of(shape: Shape) -> Workflow:
    flow = Workflow("values")
    names = [
        flow.add_task(Task(f"t{number}", lambda number=number: large(number))).name for number in range(len(shape))
    ]

    def total(**upstream: str) -> int:
        return sum(map(len, upstream.values()))

    flow.add_task(Task("total", total), depends_on=names)
    return flow


def test_large_results(against: Callable[..., float], tmp_path: Path) -> None:
    numbers = itertools.count()
    flows: list[Workflow] = []

    def written() -> None:
        for number in range(COUNT):
            path = tmp_path / f"value{number}"
            path.write_text(large(number))
            path.unlink()

    def given() -> tuple[Workflow, SQLiteStateStore]:
        flows.append(flow_of([()] * COUNT))
        return flows[-1], SQLiteStateStore(tmp_path / f"{next(numbers)}.db")

    against(
        "100 results of 1 MB into one task / the same written to files",
        written,
        lambda flow, store: ThreadedExecutor(4, store).execute(flow),
        given=given,
        rounds=3,
    )
    assert flows[-1].get_task_result("total") == COUNT * SIZE
