"""What the plan is told of a workflow's tasks."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.facts import facts_of, hash_param, look_again
from flowweaver.plan import Action, make_plan
from flowweaver.records import Provenance, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.task import Task
from flowweaver.workflow import Workflow


def extract(month: int = 1) -> int:
    return month


def process(extract: int, year: int = 2013) -> int:
    return extract + year


def test_facts_come_in_order_with_dependencies_and_settings() -> None:
    workflow = Workflow("w")
    workflow.add_task(Task("extract", extract, max_age="1d"))
    workflow.add_task(Task("process", process), depends_on="extract")
    first, second = facts_of(workflow)
    assert (first.name, first.deps, first.max_age) == ("extract", (), 86_400.0)
    assert (second.name, second.deps, second.warnings) == ("process", ("extract",), ())
    assert first.provenance.code is not None
    assert list(first.provenance.code.parts) == ["extract()"]


def test_a_task_counts_the_parameters_it_takes_with_the_runs_values() -> None:
    workflow = Workflow("w", params={"month": 1, "year": 2013, "unused": 0})
    workflow.add_task(extract)
    workflow.add_task(process, depends_on="extract")
    first, second = facts_of(workflow)
    assert (list(first.provenance.params), list(second.provenance.params)) == (["month"], ["year"])
    other, same = facts_of(workflow, params={"month": 2, "unused": 5})
    assert other.provenance.params != first.provenance.params
    assert same.provenance.params == second.provenance.params


def test_an_argument_with_the_name_of_a_task_that_is_no_dependency_is_warned_of() -> None:
    def fetch() -> int:
        return 1

    def process(fetch: int = 0, process: int = 0) -> int:
        return fetch + process

    workflow = Workflow("w")
    workflow.add_task(fetch)
    workflow.add_task(process)
    warning = "'process' takes 'fetch', a task it does not depend on: add depends_on=[\"fetch\"]"
    facts = facts_of(workflow)
    assert facts[1].warnings == (warning,)
    assert make_plan(facts, {}, now=0.0).warnings == (warning,)


def _multiple(factor: Any, *, name: str = "x") -> Callable[[], Any]:
    def multiple(times: Any = factor) -> Any:
        return factor, times, name

    return multiple


def _calls(function: Callable[..., Any], month: int = 1) -> Callable[..., Any]:
    def calls(month: int = month) -> Any:
        return function, month

    return calls


_captured = st.sampled_from([0, 1, True, 1.0, "1", None, (1, 2), [1], extract, process, print, partial(extract, 1)])
_functions = st.one_of(
    st.builds(_multiple, _captured, name=st.sampled_from(["x", "y"])),
    st.builds(_calls, st.sampled_from([extract, process, print, _multiple(1), _multiple(2)]), st.integers(1, 2)),
    st.sampled_from([extract, process, partial(extract, 2), print]),
)


@settings(deadline=None)
@given(st.lists(_functions, min_size=1, max_size=8), st.integers(1, 2))
def test_what_made_a_result_does_not_depend_on_the_tasks_beside_it(
    functions: list[Callable[..., Any]], month: int
) -> None:
    def facts(named: dict[str, Callable[..., Any]]) -> list[Provenance]:
        workflow = Workflow("w", params={"month": month})
        for name, function in named.items():
            workflow.add_task(Task(name, function))
        return [known.provenance for known in facts_of(workflow)]

    together = facts({f"t{number}": function for number, function in enumerate(functions)})
    assert together == [facts({f"t{number}": function})[0] for number, function in enumerate(functions)]


def test_tasks_that_share_a_function_and_capture_the_same_are_looked_at_once() -> None:
    workflow = Workflow("w")
    for number, factor in enumerate((7, 7, 8)):
        workflow.add_task(Task(f"t{number}", _multiple(factor)))
    first, second, third = [known.provenance for known in facts_of(workflow)]
    assert first is second
    assert first.code != third.code


def test_a_version_replaces_the_code() -> None:
    def prints(func: Callable[..., object], version: str | None) -> object:
        workflow = Workflow("w")
        workflow.add_task(Task("a", func, version=version))
        return facts_of(workflow)[0].provenance.code

    assert prints(extract, "1") == prints(process, "1") != prints(process, "2")
    assert prints(extract, None) != prints(process, None)


def test_a_store_that_remembers_nothing_has_nothing_to_compare(tmp_path: Path) -> None:
    workflow = Workflow("w", params={"month": 1})
    workflow.add_task(Task("extract", extract, inputs="x.csv", outputs="y.csv", version="1"))
    (known,) = facts_of(workflow, base=tmp_path, code=False)
    assert known.provenance == Provenance()
    assert known.missing_outputs == ("y.csv",)


def test_declared_files_are_looked_at_relative_to_the_workflows_folder(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1")
    workflow = Workflow("w")
    task = workflow.add_task(Task("extract", extract, inputs="x.csv", outputs=["out/y.csv"]))
    (known,) = facts_of(workflow, base=tmp_path, unloadable={"extract": "why"})
    assert [(file.path, file.size) for file in known.provenance.files] == [("x.csv", 1)]
    assert (known.missing_outputs, known.unloadable) == (("out/y.csv",), "why")
    (tmp_path / "x.csv").write_text("22")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "y.csv").touch()
    again = look_again(known, task, base=tmp_path)
    assert [(file.path, file.size) for file in again.provenance.files] == [("x.csv", 2)]
    assert again.missing_outputs == ()
    assert again.provenance.code == known.provenance.code


def test_without_a_base_files_are_sought_beside_the_functions_file() -> None:
    workflow = Workflow("w")
    workflow.add_task(Task("extract", extract, inputs=Path(__file__).name))
    workflow.add_task(Task("builtin", len, inputs="surely not there"))
    first, second = facts_of(workflow)
    assert first.provenance.files[0].size == Path(__file__).stat().st_size
    assert second.provenance.files[0].size == -1


def test_a_file_that_is_recorded_and_unchanged_is_not_hashed_again(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1")
    workflow = Workflow("w")
    workflow.add_task(Task("extract", extract, inputs="x.csv"))
    (known,) = facts_of(workflow, base=tmp_path)
    recorded = Provenance(
        files=tuple(
            file.__class__(file.path, file.size, file.mtime_ns, "as recorded") for file in known.provenance.files
        )
    )
    record = TaskRecord("extract", TaskStatus.COMPLETED, 0.0, provenance=recorded)
    (again,) = facts_of(workflow, base=tmp_path, records={"extract": record})
    assert again.provenance.files[0].digest == "as recorded"


def test_facts_and_plan_of_an_unchanged_workflow_say_that_nothing_is_to_do(tmp_path: Path) -> None:
    workflow = Workflow("w", params={"month": 1})
    workflow.add_task(extract)
    workflow.add_task(process, depends_on="extract")
    records = {
        known.name: TaskRecord(
            known.name,
            TaskStatus.COMPLETED,
            0.0,
            provenance=Provenance(known.provenance.code, known.provenance.params, tuple("x" for _ in known.deps)),
            digest="x",
            encoding="json",
        )
        for known in facts_of(workflow)
    }
    assert make_plan(facts_of(workflow), records, now=1.0).counts[Action.REUSE] == 2
    changed = make_plan(facts_of(workflow, params={"month": 2}), records, now=1.0)
    assert [task.why for task in changed.tasks.values()] == [
        "parameter month changed",
        "if extract gives another result",
    ]


class _Point:
    def __init__(self, x: int) -> None:
        self.x = x


class _Broken:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    "values",
    [
        [1, 1.0, True, "1", b"1", Decimal(1), [1], (1,), {1}, frozenset({1}), {1: 1}, {"1": 1}, None],
        [0, -1, 10**5000],
        [0.0, -0.0, math.nan, math.inf],
        [datetime.date(2013, 1, 1), datetime.datetime(2013, 1, 1), "2013-01-01"],
        [{"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}],
        [Path("a"), Path("b"), "a"],
    ],
)
def test_values_that_differ_in_value_or_type_have_different_hashes(values: list[object]) -> None:
    hashes = [hash_param(value) for value in values]
    assert len(set(hashes)) == len(values)
    assert hashes == [hash_param(value) for value in values]


def test_an_object_that_only_its_address_tells_apart_counts_by_its_type() -> None:
    assert hash_param(_Point(1)) == hash_param(_Point(2)) != hash_param(_Broken())
    assert hash_param([_Point(1)]) == hash_param([_Point(2)])
    assert hash_param(partial(_Point(1).__init__)) == hash_param(partial(_Point(2).__init__))


def test_files_of_a_callable_object_are_sought_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Job:
        def __call__(self) -> None: ...

    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.csv").write_text("123")

    workflow = Workflow("w")
    workflow.add_task(Task("a", Job(), inputs="here.csv"))
    (known,) = facts_of(workflow)
    assert known.provenance.files[0].size == 3


@given(st.lists(st.text()))
def test_the_order_of_a_set_does_not_count(items: list[str]) -> None:
    backwards: set[str] = set()
    for item in reversed(items):  # one by one: a set built in another order may be walked in another order
        backwards.add(item)
    assert hash_param(set(items)) == hash_param(backwards)
