"""What a process loads: a run pays for no module that it does not need, and none is loaded while tasks wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SLOW = {"asyncio", "dataclasses", "decimal", "hashlib", "hmac", "inspect", "pickle", "platformdirs", "uuid"}
"""None of them is needed by a run of plain functions, wherever its state is kept."""

STORES = ["InMemoryStateStore()", "JSONStateStore('state.json')", "SQLiteStateStore('state.db')"]

RUN = """
import flowweaver

@flowweaver.task(retries=2)
def rows():
    return [1, 2]

workflow = flowweaver.Workflow("w")
workflow.add_task(rows)
workflow.add_task(flowweaver.Task("count", lambda rows, *, more=1: {"count": len(rows) + more}), depends_on=["rows"])
executor = flowweaver.EXECUTOR
before = set(sys.modules)
executor.execute(workflow)
assert workflow.get_task("count").result == {"count": 3}
"""


def ran(executor: str) -> str:
    return RUN.replace("EXECUTOR", executor)


def loaded_by(code: str, folder: Path, *, since: str = "set()") -> set[str]:
    """Return the modules that are loaded when a bare Python process has run some code, but for those before."""
    code = f"import sys\nsys.path[:] = {sys.path!r}\n{code}\nprint(*{{*sys.modules}} - {since})"
    options = [sys.executable, "-I", "-S", "-c", code]
    return set(subprocess.run(options, capture_output=True, text=True, check=True, cwd=folder).stdout.split())


@pytest.mark.parametrize("executor", ["SequentialExecutor()", "ThreadedExecutor(max_workers=2)"])
def test_a_run_in_memory_loads_nothing_slow(executor: str, tmp_path: Path) -> None:
    assert not loaded_by(ran(executor), tmp_path) & {*SLOW, "ast", "dis", "json", "sqlite3"}


def test_naming_every_executor_loads_no_event_loop(tmp_path: Path) -> None:
    named = "import flowweaver\nflowweaver.SequentialExecutor, flowweaver.ThreadedExecutor, flowweaver.AsyncExecutor"
    assert not loaded_by(named, tmp_path) & SLOW


@pytest.mark.parametrize("store", STORES)
def test_a_run_with_a_store_loads_nothing_slow_but_what_its_store_is_made_of(store: str, tmp_path: Path) -> None:
    loaded = loaded_by(ran(f"ThreadedExecutor(state_store=flowweaver.{store})"), tmp_path)
    assert ("sqlite3" in loaded) is ("SQLite" in store)
    assert not loaded & SLOW


@pytest.mark.parametrize("store", ["None", *(f"flowweaver.{store}" for store in STORES)])
def test_the_first_run_of_a_process_finds_everything_loaded(store: str, tmp_path: Path) -> None:
    executor = f"ThreadedExecutor(max_workers=2, state_store={store})"
    assert loaded_by(ran(executor), tmp_path, since="before") == set()
