"""A name is data: never markup, SQL, a pattern, a format, a path or an escape, in any store and any export."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from flowweaver import (
    BaseExecutor,
    BaseStateStore,
    InMemoryStateStore,
    JSONStateStore,
    SQLiteStateStore,
    Task,
    TaskStatus,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
    export_dot,
    export_json,
    export_mermaid,
)

NAMES: Final = (
    "'; DROP TABLE tasks; --", '"', "a'b", "%s %d %n", "{0}{x.__class__}", "../../etc/passwd", "/abs", "a/b", "[red]bold[/red]",
    "[link=file:///x]y[/]", "\x1b[31mred", "\x1b]0;title\x07", "a\nb", "a\r\nb", "a\tb", "\0", "a\0b", "\u202egnp", "\u200b",
    "\ufeff", "\U0001f600" * 50, "e\u0301", "\u00e9", "x" * 100_000, "x" * 300, "@", "a@w", "a@w#2", "$", "*", "?", "[a-z]",
    "[!a]", " a", "a ", "a", "--help", "-x", "~", "$HOME", "`id`", "&", "<b>", "-->", "end", "subgraph", '"]; x', "1", "True",
    "None", "null", "NaN", "__class__", "self", "class", "task_name", "\\", "\\u0041", "\u017f", "\u0130", "\x7f", "a\x85b",
    "a\u2028b", "#", "%", "a.b", ".", "..", "=", "\uff41", "a" + "\u0300" * 1_000, "status", "result",
)  # fmt: skip


def build(name: str, *, failing: str | None = None) -> Workflow:
    workflow = Workflow(name)
    for number, task_name in enumerate(NAMES):

        def work(task_name: str = task_name, **_upstream: str) -> str:
            if task_name == failing:
                raise ValueError(task_name)
            return task_name

        workflow.add_task(Task(task_name, work, version="1"), [NAMES[number - 1]] if number % 2 else [])
    return workflow


def make_store(kind: str, folder: Path) -> BaseStateStore:
    if kind == "memory":
        return InMemoryStateStore()
    return SQLiteStateStore(folder / "state") if kind == "sqlite" else JSONStateStore(folder / "state")


@pytest.mark.parametrize("flow", ["w", *NAMES[:6], "\0", "x" * 100_000], ids=lambda name: ascii(name)[:20])
@pytest.mark.parametrize("kind", ["memory", "sqlite", "json"])
def test_tasks_and_workflows_of_any_name_run_fail_resume_and_are_forgotten(
    kind: str, flow: str, tmp_path: Path
) -> None:
    store = make_store(kind, tmp_path)
    broken = ".."
    with pytest.raises(WorkflowExecutionError) as caught:
        ThreadedExecutor(state_store=store).execute(build(flow, failing=broken), keep_going=True)
    assert caught.value.failed_task == broken
    resumed = build(flow)
    summary = ThreadedExecutor(state_store=store).execute(resumed)
    behind = NAMES.index(broken) + 1
    assert {*summary.completed} == {broken, *([NAMES[behind]] if behind % 2 else [])}
    scoped = store.for_workflow(flow)
    assert sorted(scoped.list_all_tasks()) == sorted(NAMES)
    for name in NAMES:
        state = scoped.load_task_state(name)
        assert state is not None
        assert (state["status"], state["result"]) == (TaskStatus.COMPLETED, name)
        assert resumed.get_task_result(name) == name
    scoped.delete_task_state("*")
    assert sorted(scoped.list_all_tasks()) == sorted(set(NAMES) - {"*"})
    assert {name for name in os.listdir(tmp_path) if not name.endswith(".lock")} <= {"state"}


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_name_that_looks_like_a_pattern_selects_its_own_task_first(
    name: str, make_executor: type[BaseExecutor]
) -> None:
    summary = make_executor().execute(build("w"), only=name)
    assert name in summary.completed
    others = {one for one in summary.completed if one != name}
    assert others <= {NAMES[NAMES.index(name) - 1]}


def test_no_name_leaves_an_export_but_as_text() -> None:
    workflow = build("a\x1b[31m\nb")
    for text in (export_mermaid(workflow), export_dot(workflow), export_json(workflow)):
        assert all(line.isprintable() for line in text.split("\n"))
