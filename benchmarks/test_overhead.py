"""What the engine adds to tasks that do nothing: a thousand of them, as a fan, a chain and layers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import floors
import pytest
from shapes import SHAPES, Shape, workflow

from flowweaver import SequentialExecutor, SQLiteStateStore, ThreadedExecutor, Workflow

COUNT = 1_000
WORKERS = 4


@pytest.fixture(params=list(SHAPES))
def shape(request: pytest.FixtureRequest) -> tuple[str, Shape]:
    return request.param, SHAPES[request.param](COUNT)


def nothing(number: int) -> int:
    return number


def ran(flow: Workflow) -> None:
    assert flow.get_workflow_stats()["completed"] == len(flow)


def test_building(against: Callable[..., float], shape: tuple[str, Shape]) -> None:
    name, tasks = shape
    against(
        f"build {name}",
        lambda: [dict(enumerate(tasks)) for _ in range(10)],
        workflow,
        given=lambda: (tasks, nothing),
        per=COUNT,
    )


@pytest.mark.parametrize("executor", ["threads", "sequential"])
def test_in_memory(against: Callable[..., float], shape: tuple[str, Shape], executor: str) -> None:
    name, tasks = shape
    make = {"threads": lambda: ThreadedExecutor(WORKERS), "sequential": SequentialExecutor}[executor]
    flows: list[Workflow] = []

    def given() -> tuple[Workflow]:
        flows.append(workflow(tasks, nothing))
        return (flows[-1],)

    against(
        f"in memory {name}, {executor} / pool",
        lambda: floors.pool(tasks, nothing, workers=WORKERS),
        lambda flow: make().execute(flow),
        given=given,
        per=COUNT,
    )
    ran(flows[-1])


@pytest.mark.parametrize("executor", ["threads", "sequential"])
def test_durable(against: Callable[..., float], shape: tuple[str, Shape], executor: str, tmp_path: Path) -> None:
    name, tasks = shape
    numbers = itertools.count()
    flows: list[Workflow] = []

    def given() -> tuple[Workflow, SQLiteStateStore]:
        flows.append(workflow(tasks, nothing))
        return flows[-1], SQLiteStateStore(tmp_path / f"{next(numbers)}.db")

    def work(flow: Workflow, store: SQLiteStateStore) -> None:
        run = ThreadedExecutor(WORKERS, store) if executor == "threads" else SequentialExecutor(store)
        run.execute(flow)

    against(
        f"durable {name}, {executor} / committed pool",
        lambda: floors.committed(tasks, nothing, tmp_path / f"floor{next(numbers)}.db", workers=WORKERS),
        work,
        given=given,
        per=COUNT,
    )
    ran(flows[-1])
