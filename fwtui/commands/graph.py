"""``fwtui graph``: the tasks and what depends on what, for people and for other programs."""

from __future__ import annotations

import shutil
import sys

from flowweaver.workflow import Workflow
from fwtui.commands.console import Out, opened
from fwtui.model.graph.text import graph_text
from fwtui.model.segments import cells
from fwtui.model.text import count_of, visible
from fwtui.session.project import Project, shown
from fwtui.session.settings import Settings

__all__ = ["show_graph"]

_DRAWN = 500
"""Tasks up to which a drawing says more than a list."""


def show_graph(project: Project, settings: Settings, *, kind: str) -> int:
    """Show the graph as "text", "mermaid", "dot" or "json"."""
    out = Out()
    with opened(project, settings) as session:
        workflow = session.loaded.workflow
    if kind == "text":
        _draw(out, workflow, shown(project.file))
        return 0
    from flowweaver import export

    made = {"mermaid": export.export_mermaid, "dot": export.export_dot, "json": export.export_json}[kind](workflow)
    # JSON has escapes of its own, for all but one character.
    out.text(made.replace("\x7f", "\\u007f") if kind == "json" else "\n".join(map(visible, made.split("\n"))))
    return 0


def _draw(out: Out, workflow: Workflow, file: str) -> None:
    """Draw the graph; list it where a drawing would be too large, or be broken by the terminal's right end."""
    total = len(workflow.dependencies)
    out.line((visible(workflow.name), "strong"), f"  {visible(file)}   {count_of(total, 'task')}")
    lines = graph_text(workflow.dependencies, ascii_only=out.ascii).split("\n") if 0 < total <= _DRAWN else []
    width = max(map(cells, lines), default=0)
    if lines and (not out.isatty or width <= shutil.get_terminal_size().columns):
        for line in lines:
            out.line(line)
        return
    _list(out, workflow)
    if lines:
        sys.stderr.write(f"The drawing is {width} columns wide: fwtui graph ... | less -S shows it.\n")


def _list(out: Out, workflow: Workflow) -> None:
    """Write the tasks by layer, each with what it depends on."""
    width = max((len(visible(name)) for name in workflow.dependencies), default=0)
    for number, layer in enumerate(workflow.layers(), 1):
        for position, name in enumerate(layer):
            needs = ", ".join(visible(needed) for needed in workflow.dependencies[name])
            label = f"{number:>3}" if not position else "   "
            arrow = ("  <- " if out.ascii else "  ← ") + needs if needs else ""
            out.line((f"{label}  ", "muted"), f"{visible(name):<{width}}", (arrow, "muted"))
