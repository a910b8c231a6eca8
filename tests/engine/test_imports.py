"""What a process loads: a run pays for no module that it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SLOW = {"asyncio", "dataclasses", "decimal", "hashlib", "hmac", "inspect", "pickle", "platformdirs", "uuid"}
"""None of them is needed by a run of plain functions, wherever its state is kept."""

RUN = """
import flowweaver

@flowweaver.task(retries=2)
def rows():
    return [1, 2]

workflow = flowweaver.Workflow("w")
workflow.add_task(rows)
workflow.add_task(flowweaver.Task("count", lambda rows, *, more=1: {"count": len(rows) + more}), depends_on=["rows"])
executor = flowweaver.EXECUTOR
executor.execute(workflow)
assert workflow.get_task("count").result == {"count": 3}
"""


def loaded_by(code: str) -> set[str]:
    """Return the modules that are loaded when a bare Python process has run some code."""
    code = f"import sys\nsys.path[:] = {sys.path!r}\n{code}\nprint(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def ran(executor: str) -> str:
    return RUN.replace("EXECUTOR", executor)


@pytest.mark.parametrize("executor", ["SequentialExecutor()", "ThreadedExecutor(max_workers=2)"])
def test_a_run_in_memory_loads_nothing_slow(executor: str) -> None:
    assert not loaded_by(ran(executor)) & {*SLOW, "ast", "dis", "json", "sqlite3"}


def test_a_run_with_a_store_loads_nothing_slow_but_what_its_store_is_made_of(tmp_path: Path) -> None:
    store = f"flowweaver.SQLiteStateStore({str(tmp_path / 's.db')!r})"
    loaded = loaded_by(ran(f"ThreadedExecutor(state_store={store})"))
    assert "sqlite3" in loaded
    assert not loaded & SLOW
