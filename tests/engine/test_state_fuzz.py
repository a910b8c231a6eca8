"""A state file changed at random by somebody else: used, or refused in one line as it is, and never executed."""

from __future__ import annotations

import os
import pickle
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flowweaver import (
    BaseStateStore,
    JSONStateStore,
    SequentialExecutor,
    SQLiteStateStore,
    StateError,
    Task,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
)
from flowweaver.stores import lock
from flowweaver.stores.base import ResultUnavailable
from tests.engine import state_fuzz


class Point:
    """Only a pickle keeps it."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and other.x == self.x

    __hash__ = None  # type: ignore[assignment]


VALUES = [
    1, "text", "F" * 140_000, [["J" * 100, number] for number in range(1_400)], (1, {2}), [Point(4), "P" * 140_000],
    {"a": [1, 2.5, None]}, b"raw", "L" * 20_000, Point(3), None, [list(range(300))] * 40,
]  # fmt: skip


class Bomb:
    """A pickle of it makes a file when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def workflow(calls: list[int], *, failing: int | None = None) -> Workflow:
    made = Workflow("w")
    for number, value in enumerate(VALUES):

        def work(number: int = number, value: Any = value, **_upstream: Any) -> Any:
            calls.append(number)
            print("task", number)
            if number == failing:
                raise ValueError("not yet")
            return value

        before = [f"t{other}" for other in (number - 2, number - 1) if other >= 0]
        made.add_task(Task(f"t{number}", work, version="1"), before)
    return made


def open_store(path: Path) -> BaseStateStore:
    return JSONStateStore(path) if path.suffix == ".json" else SQLiteStateStore(path, gc_days=1_000_000)


def make_good(path: Path) -> None:
    store = open_store(path)
    with pytest.raises(WorkflowExecutionError):
        ThreadedExecutor(2, store).execute(workflow([], failing=6), echo=False)
    store.save_task_state("by hand", TaskStatus.COMPLETED, [1])
    if isinstance(store, SQLiteStateStore):
        store.for_workflow("w").forget(["t3"])
        store.close()


class Attack:
    """What is done with one changed file; counts what came of it."""

    def __init__(self, path: Path, bomb: Path) -> None:
        self.path = path
        self.bomb = bomb
        self.counts: Counter[str] = Counter()

    def allowed(self, what: str, action: Callable[[], Any]) -> Any:
        """Return what comes of it; a StateError of one line that names the file is the only error that may."""
        try:
            return action()
        except ResultUnavailable as reason:
            return reason
        except StateError as refused:
            text = str(refused)
            assert "\n" not in text, what
            assert len(text) < 600, what
            assert str(self.path) in text or "stored result" in text, what
            self.counts[f"{what}: refused"] += 1
            return refused

    def read(self, store: BaseStateStore) -> None:
        names = self.allowed("list", store.list_all_tasks)
        for name in names if isinstance(names, list) else ():
            self.allowed("load", lambda name=name: store.load_task_state(name))
            self.allowed("load", lambda name=name: store.for_workflow("w").load_task_state(name))
        if isinstance(store, SQLiteStateStore):
            view = store.for_workflow("w")
            for look in (view.records, view.runs, view.attempts, view.durations, view.holder, view.restorable):
                self.allowed("look", look)
            self.allowed("look", store.workflows)
            for number in range(len(VALUES)):
                self.allowed("look", lambda number=number: view.log(f"t{number}"))
                self.allowed("look", lambda number=number: view.load_result(f"t{number}"))

    def run(self, chance: Random) -> None:
        before = state_fuzz.contents(self.path.parent)
        store = self.allowed("open", lambda: open_store(self.path))
        if isinstance(store, StateError):
            assert state_fuzz.contents(self.path.parent) == before
            return
        self.read(store)
        executor = SequentialExecutor(store) if chance.random() < 0.5 else ThreadedExecutor(2, store)
        calls: list[int] = []
        ended = self.allowed("run", lambda: executor.execute(workflow(calls), echo=False))
        if isinstance(ended, StateError):
            # Damage that no check of the whole found may be met later; then the run ends there.
            assert calls or self.same_but_logs(before)
            return
        self.counts["used"] += 1
        again: list[int] = []
        SequentialExecutor(open_store(self.path)).execute(workflow(again), echo=False)
        assert again == []
        self.allowed("clear", store.clear_all_states)

    def same_but_logs(self, before: dict[str, bytes]) -> bool:
        now = state_fuzz.contents(self.path.parent)
        return all(now.get(name) == data for name, data in before.items() if data and not name.endswith("-shm"))


def attack(folder: Path, kind: str, seeds: range) -> Counter[str]:
    good, bomb = folder / "good", folder / "exploded"
    good.mkdir()
    make_good(good / f"state.{kind}")
    counts: Counter[str] = Counter()
    for seed in seeds:
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(good, work, ignore=shutil.ignore_patterns("*.lock"))
        chance, path = Random(seed), work / f"state.{kind}"
        state_fuzz.change(path, chance, pickle.dumps(Bomb(bomb)))
        attacked = Attack(path, bomb)
        try:
            attacked.run(chance)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
        assert not bomb.exists(), f"seed {seed}"
        counts += attacked.counts
    return counts


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "keys" / "key"))
    monkeypatch.setattr(lock, "PATIENCE", 0.02)


@pytest.mark.parametrize("kind", ["db", "json"])
def test_a_changed_file_is_used_or_refused_in_one_line_as_it_is(kind: str, tmp_path: Path) -> None:
    counts = attack(tmp_path, kind, range(50))
    assert counts["used"] >= 5
    assert counts["open: refused"] >= 5


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", ["db", "json"])
def test_many_changed_files(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = int(os.environ.get("FLOWWEAVER_FUZZ", "3000"))
    counts = attack(tmp_path, kind, range(1_000, 1_000 + count))
    with capsys.disabled():
        print(f"\n{kind}: {count} changed state files: {dict(counts)}")
