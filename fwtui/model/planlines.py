"""The plan as lines: what a run would do with each task, and why."""

from __future__ import annotations

from flowweaver.plan import Action
from fwtui.model.segments import Line, Segment, cells, cut_middle, line, pad_end
from fwtui.model.text import count_of, visible
from fwtui.model.views import RunView

__all__ = ["plan_lines", "plan_title"]

_ROLES = {Action.RUN: "strong", Action.MAYBE: "warning"}
_WORDS = {Action.RUN: "run", Action.MAYBE: "maybe", Action.REUSE: "reuse"}
_LONGEST = 32


def plan_lines(view: RunView) -> list[Line]:
    """Return one line a task, in the workflow's order, with all reasons of its decision; then what is to be known."""
    titles = {name: view.tasks[name].title for name in view.plan.tasks if name in view.tasks}
    width = min(max(map(cells, titles.values()), default=0), _LONGEST)
    made: list[Line] = []
    for name, title in titles.items():
        task = view.plan.tasks[name]
        role = _ROLES.get(task.action, "muted")
        word = Segment(pad_end(_WORDS.get(task.action, task.action.value), 8), role)
        why = "; ".join(visible(reason.text) for reason in task.reasons)
        shown = Segment(pad_end(cut_middle(title, width), width), role)
        made.append(line("  ", word, shown, Segment(f"  {why}", "muted" if role == "muted" else "")))
    warnings = [line("  ", Segment("!  ", "warning"), visible(text)) for text in view.plan.warnings]
    return [*made, *([(), *warnings] if warnings else [])]


def plan_title(view: RunView) -> str:
    """Return what the plan comes to: "4 tasks to run, 5 reused"."""
    said = [f"{count_of(view.to_run, 'task')} to run"]
    said += [f"{view.maybe:,} maybe"] if view.maybe else []
    return ", ".join([*said, f"{view.reused:,} reused"])
