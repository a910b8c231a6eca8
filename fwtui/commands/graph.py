"""``fwtui graph``: the tasks and what depends on what, for people and for other programs."""

from __future__ import annotations

from flowweaver.workflow import Workflow
from fwtui.commands.console import Out, opened
from fwtui.model.text import visible
from fwtui.session.project import Project, shown
from fwtui.session.settings import Settings

__all__ = ["show_graph"]


def show_graph(project: Project, settings: Settings, *, kind: str) -> int:
    """Show the graph as "text", "mermaid", "dot" or "json"."""
    out = Out()
    with opened(project, settings) as session:
        workflow = session.loaded.workflow
    if kind == "text":
        _listing(out, workflow, shown(project.file))
        return 0
    from flowweaver import export

    made = {"mermaid": export.export_mermaid, "dot": export.export_dot, "json": export.export_json}[kind](workflow)
    out.text("\n".join(visible(line) for line in made.split("\n")))
    return 0


def _listing(out: Out, workflow: Workflow, file: str) -> None:
    """Write the tasks by layer, each with what it depends on."""
    out.line((visible(workflow.name), "strong"), f"  {visible(file)}")
    width = max((len(visible(name)) for name in workflow.dependencies), default=0)
    for number, layer in enumerate(workflow.layers(), 1):
        for position, name in enumerate(layer):
            needs = ", ".join(visible(needed) for needed in workflow.dependencies[name])
            label = f"{number:>3}" if not position else "   "
            arrow = ("  <- " if out.ascii else "  ← ") + needs if needs else ""
            out.line((f"{label}  ", "muted"), f"{visible(name):<{width}}", (arrow, "muted"))
