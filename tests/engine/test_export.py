"""Exports are well formed whatever a task is called, and say the same graph."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowweaver.errors import DefinitionError
from flowweaver.export import export_dot, export_json, export_mermaid, save_mermaid
from flowweaver.task import Task
from flowweaver.workflow import Workflow


def made(names: list[str], name: str = "w") -> Workflow:
    """Each task depends on the first and on the one before it."""
    workflow = Workflow(name)
    for i, task in enumerate(names):
        workflow.add_task(Task(task, lambda: None), depends_on=[names[0], names[i - 1]] if i else None)
    return workflow


def edges(workflow: Workflow) -> list[tuple[str, str]]:
    return [(dep, name) for name, deps in workflow.dependencies.items() for dep in deps]


def test_mermaid_of_a_small_workflow() -> None:
    assert export_mermaid(made(["extract", "load it"]), "LR") == (
        'flowchart LR\n    n0["extract"]\n    n1["load it"]\n    n0 --> n1\n'
    )


def test_dot_of_a_small_workflow() -> None:
    assert export_dot(made(["a", "b"], 'the "w"')) == (
        'digraph "the \\"w\\"" {\n    rankdir=LR;\n    node [shape=box];\n    n0 [label="a"];\n    n1 [label="b"];\n'
        "    n0 -> n1;\n}\n"
    )


def test_json_says_what_a_task_is() -> None:
    workflow = Workflow("w", "about", params={"month": 1})
    workflow.add_task(Task("a", lambda: None, retries=2, timeout=3, inputs="x.csv", outputs=["y", "z"]))
    assert json.loads(export_json(workflow)) == {
        "workflow": "w",
        "description": "about",
        "params": ["month"],
        "tasks": [
            {"name": "a", "depends_on": [], "retries": 2, "timeout": 3.0, "inputs": ["x.csv"], "outputs": ["y", "z"]}
        ],
    }


def test_an_empty_workflow_exports() -> None:
    assert export_mermaid(Workflow("w")) == "flowchart TD\n"
    assert json.loads(export_json(Workflow("w")))["tasks"] == []


def test_an_unknown_orientation_is_refused_in_one_line() -> None:
    with pytest.raises(DefinitionError, match="orientation is one of TD, TB, BT, LR, RL, not 'up'"):
        export_mermaid(made(["a"]), "up")


def test_save_writes_what_export_gives(tmp_path: Path) -> None:
    workflow = made(["tâche", "b"])
    save_mermaid(workflow, tmp_path / "graph.mmd", orientation="BT")
    assert (tmp_path / "graph.mmd").read_text(encoding="utf-8") == export_mermaid(workflow, "BT")
    save_mermaid(workflow, str(tmp_path / "other.mmd"))
    assert (tmp_path / "other.mmd").read_text(encoding="utf-8") == export_mermaid(workflow)


_names = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip),
    min_size=1,
    max_size=6,
    unique=True,
)
_hostile = [
    '"] --> n9["',
    "%%{init: {}}%%",
    "end",
    "a\nb; n0 --> n0",
    "`x`",
    "<b>&amp;#quot;</b>",
    "\x1b[31m\x9b\u202e",
    '\\N"',
]


@given(_names)
@example(_hostile)
def test_no_name_breaks_mermaid(names: list[str]) -> None:
    workflow = made(names)
    first, *lines = export_mermaid(workflow).splitlines()
    assert first == "flowchart TD"
    nodes = [re.fullmatch(r'    (n\d+)\["([^"\[\]{}<>%;`|\\]|#\d+;)*"\]', line) for line in lines[: len(names)]]
    assert [node.group(1) for node in nodes if node] == [f"n{i}" for i in range(len(names))]
    arrows = [re.fullmatch(r"    n(\d+) --> n(\d+)", line) for line in lines[len(names) :]]
    assert [(names[int(arrow[1])], names[int(arrow[2])]) for arrow in arrows if arrow] == edges(workflow)
    assert len(arrows) == len(edges(workflow))


@given(_names)
@example(_hostile)
def test_no_name_breaks_dot(names: list[str]) -> None:
    workflow = made(names, names[0])
    lines = export_dot(workflow).split("\n")
    labels = [re.fullmatch(r'    (n\d+) \[label="(?:[^"\\]|\\\\|\\")*"\];', line) for line in lines[3 : 3 + len(names)]]
    assert all(labels)
    assert lines[3 + len(names) :] == [
        *(f"    n{names.index(dep)} -> n{names.index(name)};" for dep, name in edges(workflow)),
        "}",
        "",
    ]


@given(_names)
@example(_hostile)
def test_json_gives_every_name_back_and_writes_only_ascii(names: list[str]) -> None:
    workflow = made(names)
    text = export_json(workflow)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    tasks = json.loads(text)["tasks"]
    assert [task["name"] for task in tasks] == names
    assert [(dep, task["name"]) for task in tasks for dep in task["depends_on"]] == edges(workflow)


@given(_names)
@example(_hostile)
def test_nothing_that_is_written_can_drive_a_terminal(names: list[str]) -> None:
    for text in (export_mermaid(made(names)), export_dot(made(names, names[0]))):
        assert text.replace("\n", "").isprintable()
