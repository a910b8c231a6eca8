"""How long it takes to find out that nothing, or half, is left to do; with the building of the workflow."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import floors
import pytest
from shapes import layers, workflow

from flowweaver import SQLiteStateStore, ThreadedExecutor, WorkflowExecutionError

COUNT = 1_000
SHAPE = layers(COUNT)


def number_of(number: int) -> int:
    return number


@pytest.mark.parametrize("done", [COUNT, COUNT // 2])
def test_resume(against: Callable[..., float], tmp_path: Path, done: int) -> None:
    stop = {"at": done}

    def body(number: int) -> int:
        if number >= stop["at"]:
            raise RuntimeError("as far as this")
        return number

    state = tmp_path / "state.db"
    try:
        ThreadedExecutor(1, SQLiteStateStore(state)).execute(workflow(SHAPE, body))
    except WorkflowExecutionError:
        assert done < COUNT
    stop["at"] = COUNT
    copies = itertools.count()
    ended: list[int] = []

    def given() -> tuple[Path]:
        return (Path(shutil.copy(state, tmp_path / f"copy{next(copies)}.db")),)

    def resume(path: Path) -> None:
        flow = workflow(SHAPE, body)
        ended.append(len(ThreadedExecutor(4, SQLiteStateStore(path)).execute(flow).completed))

    against(
        f"resume {COUNT:,} of which {done:,} are done / committed pool of the rest",
        lambda: floors.committed(SHAPE[: max(1, COUNT - done)], number_of, tmp_path / f"floor{next(copies)}.db"),
        resume,
        given=given,
    )
    assert ended[-1] == COUNT - done
