"""Every value that a task can return comes back equal in value and type, wherever it stands, or its task runs again."""

from __future__ import annotations

import array
import collections
import dataclasses
import io
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowweaver import (
    AsyncExecutor,
    BaseStateStore,
    InMemoryStateStore,
    JSONStateStore,
    SequentialExecutor,
    SQLiteStateStore,
    Task,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
)
from tests.engine import odd_values
from tests.engine.odd_values import PASSED, RETURNED


def same(one: Any, other: Any, met: set[tuple[int, int]] | None = None) -> bool:
    """Tell whether two values are the same in value and type, in all that they hold, NaN and the sign of zero included."""
    met = set() if met is None else met
    if one is other or (id(one), id(other)) in met:
        return True
    met.add((id(one), id(other)))
    kind = type(one)
    if type(other) is not kind:
        return False
    inside = partial(same, met=met)
    if kind is float:
        return math.isnan(one) == math.isnan(other) and (
            math.isnan(one) or (one, math.copysign(1, one)) == (other, math.copysign(1, other))
        )
    if kind is complex:
        return inside(one.real, other.real) and inside(one.imag, other.imag)
    if kind is Decimal:
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, datetime | time):
        naive = one.replace(tzinfo=None) == other.replace(tzinfo=None) and one.fold == other.fold
        return naive and type(one.tzinfo) is type(other.tzinfo) and str(one.tzinfo) == str(other.tzinfo)
    if kind is array.array:
        return one.typecode == other.typecode and one.tobytes() == other.tobytes()
    if isinstance(one, io.BytesIO | io.StringIO):
        return one.getvalue() == other.getvalue()
    if isinstance(one, collections.ChainMap):
        return inside(one.maps, other.maps)
    if isinstance(one, BaseException):
        groups = isinstance(one, BaseExceptionGroup)
        return inside(one.args, other.args) and (not groups or inside(one.exceptions, other.exceptions))
    if kind is partial:
        return inside(one.func, other.func) and inside(one.args, other.args)
    if kind.__module__.partition(".")[0] in ("numpy", "pandas"):
        return _same_table(one, other, inside)
    return _same_members(one, other, kind, inside)


def _same_members(one: Any, other: Any, kind: type, inside: Callable[[Any, Any], bool]) -> bool:
    held = getattr(one, "__dict__", None), getattr(other, "__dict__", None)
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=False)
        default = getattr(one, "default_factory", None) is getattr(other, "default_factory", None)
        return default and len(one) == len(other) and inside(*held) and all(inside(*pair) for pair in pairs)
    if isinstance(one, list | tuple | collections.deque):
        length = len(one) == len(other) and getattr(one, "maxlen", None) == getattr(other, "maxlen", None)
        return length and inside(*held) and all(map(inside, one, other))
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and sorted(map(_told, one)) == sorted(map(_told, other))
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        names = [each.name for each in dataclasses.fields(one)]
        return all(inside(getattr(one, name), getattr(other, name)) for name in names)
    if kind is odd_values.BySlots:
        return inside(one.a, other.a)
    if isinstance(one, odd_values.Plain | odd_values.Box | odd_values.Linked):
        return inside(*held)
    return one == other


def _told(value: Any) -> str:
    if isinstance(value, odd_values.Plain):
        return f"{type(value).__name__}{value.__dict__}"
    if isinstance(value, tuple):
        return f"{type(value).__name__}{[_told(part) for part in value]}"
    return f"{type(value).__name__}{value:x}" if type(value) is int else f"{type(value).__name__}{value!r}"


def _same_table(one: Any, other: Any, inside: Callable[[Any, Any], bool]) -> bool:
    if hasattr(one, "equals"):
        return bool(one.equals(other))
    if hasattr(one, "tobytes"):
        plain = one.dtype.kind != "O"
        same_bytes = one.tobytes() == other.tobytes() if plain else inside(one.ravel().tolist(), other.ravel().tolist())
        return one.dtype == other.dtype and one.shape == other.shape and same_bytes
    return one is other or bool(one == other)


def hashable(value: Any) -> bool:
    try:
        hash(value)
    except Exception:
        return False
    return True


def places(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a value at every place where it can stand."""
    yield name, value
    yield f"{name} in a list", [value]
    yield f"{name} in a dict", {"k": value}
    yield f"{name} in a tuple", (value, 1)
    yield f"{name} in an object", odd_values.Plain(x=value)
    yield f"{name} deep inside", {"a": [{"b": (value,)}]}
    yield f"{name} twice", [value, value]
    yield f"{name} in a dataclass", odd_values.Point(1, value)
    if hashable(value):
        yield f"{name} as a key", {value: 1}
        yield f"{name} in a key", {(value, 1): 1, "x": 2}
        yield f"{name} in a set", {value}
        yield f"{name} in a frozenset", frozenset([value])


def tables() -> dict[str, Any]:
    """Return arrays and tables of the libraries that are installed, which need not be."""
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    found = {
        "array": numpy.arange(6).reshape(2, 3), "array of nan": numpy.array([float("nan"), -0.0]),
        "array of objects": numpy.array([odd_values.Equal(a=1), None], dtype=object), "texts": numpy.array(["a", "b"]),
        "records": numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "scalar": numpy.float64(1.5),
        "numpy int": numpy.int64(5), "numpy date": numpy.datetime64("2020-01-01"), "no dimension": numpy.array(5),
        "big": numpy.zeros(200_000), "frame": pandas.DataFrame({"a": [1, 2], "b": ["x", None]}),
        "dated": pandas.DataFrame({"a": [1.5, None]}, index=pandas.date_range("2020", periods=2, tz="Europe/Paris")),
        "two levels": pandas.DataFrame({("a", "b"): [1]}), "categories": pandas.Series(["a", "b"], dtype="category"),
        "series": pandas.Series([1, None], name="s"), "timestamp": pandas.Timestamp("2020", tz="UTC"),
        "pandas delta": pandas.Timedelta(days=1), "NA": pandas.NA, "NaT": pandas.NaT, "empty frame": pandas.DataFrame(),
    }  # fmt: skip
    return found | {"frames": {1: found["frame"], "1": found["array"]}}


def make_store(kind: str, folder: Path) -> BaseStateStore:
    if kind == "memory":
        return InMemoryStateStore()
    return SQLiteStateStore(folder / "state.db") if kind == "sqlite" else JSONStateStore(folder / "state.json")


def run(store: BaseStateStore, values: dict[str, Any], make: Any) -> tuple[Workflow, list[str]]:
    calls: list[str] = []
    workflow = Workflow("w")
    for name, value in values.items():

        def work(name: str = name, held: tuple[Any] = (value,)) -> Any:
            calls.append(name)
            return held[0]

        workflow.add_task(Task(name, work, version="1"))
    make(state_store=store).execute(workflow)
    return workflow, calls


def check(kind: str, folder: Path, values: dict[str, Any], make: Any, counts: Counter[str]) -> set[str]:
    """Run a task for each value, then resume; return the names of those that ran again."""
    store = make_store(kind, folder)
    first, _ = run(store, values, make)
    assert {task.status for task in first.tasks} == {TaskStatus.COMPLETED}
    resumed, again = run(store, values, make)
    for name, value in values.items():
        task = resumed.get_task(name)
        assert task is not None
        assert task.restored is (name not in again)
        assert task.restored or task.result is value
        assert same(value, task.result), (kind, name)
        if name in again:
            assert "not_kept" in (store.for_workflow("w").load_task_state(name) or {}), (kind, name)
    counts["values"] += len(values)
    counts["kept"] += len(values) - len(again)
    if isinstance(store, SQLiteStateStore):
        store.close()
    return set(again)


@pytest.fixture(autouse=True)
def _key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "keys" / "key"))


@pytest.mark.parametrize("kind", ["memory", "sqlite", "json"])
def test_values_come_back_the_same_and_the_others_pass_and_run_again(kind: str, tmp_path: Path) -> None:
    again = check(kind, tmp_path, RETURNED | PASSED, ThreadedExecutor, Counter())
    assert again == set(PASSED)


def test_a_result_that_is_too_big_for_the_store_fails_nothing_and_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowweaver.stores.sqlite_results.LARGE", 50_000)
    monkeypatch.setattr("flowweaver.stores.sqlite_results._MOST_IN_ROW", 100_000)  # it takes a gigabyte, in truth
    (tmp_path / "state.db.results").write_text("no file of its own can be made")
    values: dict[str, Any] = {
        "bytes": b"x" * 100_001,
        "text": "x" * 100_001,
        "object": [odd_values.Plain(a="x" * 100_001)],
    }
    assert check("sqlite", tmp_path, values | {"fits": b"x" * 100_000}, ThreadedExecutor, Counter()) == set(values)


def test_an_object_may_put_back_what_it_leaves_out(tmp_path: Path) -> None:
    store = make_store("sqlite", tmp_path)
    values = {"puts back": odd_values.PutsBack(a=[1], lock=5), "iterator": iter([1, 2])}
    run(store, values, SequentialExecutor)
    resumed, again = run(store, values, SequentialExecutor)
    assert again == []
    back = resumed.get_task_result("puts back")
    assert (type(back), back.a, sorted(vars(back))) == (odd_values.PutsBack, [1], ["a", "lock"])
    assert list(resumed.get_task_result("iterator")) == [1, 2]


def test_arrays_and_tables_come_back_the_same(tmp_path: Path) -> None:
    assert check("sqlite", tmp_path, tables(), SequentialExecutor, Counter()) == set()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("make", [SequentialExecutor, ThreadedExecutor, AsyncExecutor])
@pytest.mark.parametrize("kind", ["memory", "sqlite", "json"])
def test_values_at_every_place(kind: str, make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    whole = dict(place for name, value in (RETURNED | PASSED).items() for place in places(name, value))
    names = list(whole)
    for start in range(0, len(names), 100):  # a JSON file is written as a whole after each task
        folder = tmp_path / str(start)
        folder.mkdir()
        check(kind, folder, {name: whole[name] for name in names[start : start + 100]}, make, counts)
    with capsys.disabled():
        print(f"\n{kind}, {make.__name__}: {dict(counts)}")


DEEP = """
import sys, threading
from flowweaver import InMemoryStateStore, Task, ThreadedExecutor, Workflow
sys.setrecursionlimit(1_000_000)

class Linked:
    def __init__(self, following):
        self.following = following

def deep():
    value = None
    for _ in range(100_000):
        value = Linked(value)
    return value

store = InMemoryStateStore()
workflow = Workflow("w")
workflow.add_task(Task("deep", deep))
ThreadedExecutor(state_store=store).execute(workflow)
print(store.load_task_state("deep")["not_kept"])
"""


def test_a_chain_of_objects_is_no_crash_where_python_itself_would_overflow_its_stack() -> None:
    ended = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, timeout=100, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "nested too deeply" in ended.stdout
