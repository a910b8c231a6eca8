"""How near the order of starts comes to the best there is, on uneven tasks that wait: the floor is computed."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from shapes import Shape, layers, workflow

from flowweaver import SQLiteStateStore, ThreadedExecutor

WORKERS = 8
SHAPE = layers(400, width=20)


def lower_bound(shape: Shape, seconds: Sequence[float], workers: int) -> float:
    """Return what no order can beat: the longest chain, or all the work over all the workers."""
    ends: list[float] = []
    for needed, own in zip(shape, seconds, strict=True):
        ends.append(own + max((ends[other] for other in needed), default=0.0))
    return max(*ends, sum(seconds) / workers)


_random = random.Random(7)
SECONDS = [_random.uniform(0.001, 0.05) if _random.random() < 0.3 else 0.001 for _ in SHAPE]
BEST = lower_bound(SHAPE, SECONDS, WORKERS)


def run(store: SQLiteStateStore) -> None:
    def wait(number: int) -> int:
        time.sleep(SECONDS[number])
        return number

    ThreadedExecutor(WORKERS, store).execute(workflow(SHAPE, wait), resume=False)


def test_uneven_tasks(against: Callable[..., float], tmp_path: Path) -> None:
    numbers = itertools.count()
    against(
        f"makespan of 400 uneven tasks, {WORKERS} workers, first run / lower bound",
        BEST,
        run,
        given=lambda: (SQLiteStateStore(tmp_path / f"{next(numbers)}.db"),),
        rounds=3,
    )


def test_uneven_tasks_whose_durations_are_remembered(against: Callable[..., float], tmp_path: Path) -> None:
    store = SQLiteStateStore(tmp_path / "state.db")
    run(store)
    against(
        f"makespan of 400 uneven tasks, {WORKERS} workers, second run / lower bound",
        BEST,
        lambda: run(store),
        rounds=3,
    )
