"""A workflow's graph as text for other tools: Mermaid, Graphviz and JSON.

Task names are data: whatever a name holds, it is shown and cannot become syntax. Nodes have ids of their own.
"""

from __future__ import annotations

import os
from pathlib import Path

from flowweaver.errors import DefinitionError, shown, visible
from flowweaver.workflow import Workflow

__all__ = ["export_dot", "export_json", "export_mermaid", "save_mermaid"]

_ORIENTATIONS = ("TD", "TB", "BT", "LR", "RL")
_PLAIN = frozenset(" _-.,:/+=()'")


def export_mermaid(workflow: Workflow, orientation: str = "TD") -> str:
    """Return the graph as a Mermaid flowchart.

    Args:
        workflow: what to draw.
        orientation: "TD" or "TB" (downwards), "BT", "LR" or "RL".

    Raises:
        DefinitionError: another orientation.
    """
    if orientation not in _ORIENTATIONS:
        raise DefinitionError(f"orientation is one of {', '.join(_ORIENTATIONS)}, not {shown(orientation)}")
    ids = _ids(workflow)
    lines = [f"flowchart {orientation}"]
    lines += [f'    {ids[name]}["{_mermaid_text(name)}"]' for name in ids]
    lines += [f"    {ids[dep]} --> {ids[name]}" for name, deps in workflow.dependencies.items() for dep in deps]
    return "\n".join(lines) + "\n"


def save_mermaid(workflow: Workflow, path: str | os.PathLike[str], orientation: str = "TD") -> None:
    """Write the Mermaid flowchart to a file, as UTF-8.

    Raises:
        DefinitionError: as ``export_mermaid``.
        OSError: the file cannot be written.
    """
    Path(path).write_text(export_mermaid(workflow, orientation), encoding="utf-8")


def export_dot(workflow: Workflow) -> str:
    """Return the graph in the language of Graphviz, from left to right."""
    ids = _ids(workflow)
    lines = [f'digraph "{_dot_text(workflow.name)}" {{', "    rankdir=LR;", "    node [shape=box];"]
    lines += [f'    {ids[name]} [label="{_dot_text(name)}"];' for name in ids]
    lines += [f"    {ids[dep]} -> {ids[name]};" for name, deps in workflow.dependencies.items() for dep in deps]
    return "\n".join([*lines, "}"]) + "\n"


def export_json(workflow: Workflow) -> str:
    """Return the workflow as a JSON object: name, description, names of parameters, and tasks in order.

    Only ASCII is written, so that no name can send anything to a terminal.
    """
    import json

    tasks = [
        {
            "name": task.name,
            "depends_on": list(workflow.dependencies[task.name]),
            "retries": task.retries,
            "timeout": task.timeout,
            "inputs": list(task.inputs),
            "outputs": list(task.outputs),
        }
        for task in workflow.tasks
    ]
    whole = {
        "workflow": workflow.name,
        "description": workflow.description,
        "params": list(workflow.params),
        "tasks": tasks,
    }
    return json.dumps(whole, indent=2) + "\n"


def _ids(workflow: Workflow) -> dict[str, str]:
    return {name: f"n{i}" for i, name in enumerate(workflow.dependencies)}


def _mermaid_text(text: str) -> str:
    # Mermaid has no escape character but knows entities: all that might mean something to it is written as one.
    return "".join(char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in visible(text))


def _dot_text(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')
