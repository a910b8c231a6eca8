"""``fwtui plan`` and ``fwtui status``: what would run and why, and how each task stands. Nothing is written."""

from __future__ import annotations

import time
from typing import Any

from flowweaver.plan import Action, Plan
from fwtui.commands.console import Out, opened
from fwtui.model.status import LOOKS
from fwtui.model.text import count_of, json_line, visible
from fwtui.model.times import day_text, when_text
from fwtui.model.views import RunView, TaskView, idle_view
from fwtui.model.words import time_text, try_text, why_text
from fwtui.session.port import Picture
from fwtui.session.project import Project, shown
from fwtui.session.session import Session
from fwtui.session.settings import Settings

__all__ = ["show_plan", "show_status"]

_COUNTS = ((Action.RUN, "to run"), (Action.MAYBE, "maybe"), (Action.REUSE, "reused"), (Action.LEAVE, "left out"))
_ROLES = {Action.RUN: "strong", Action.MAYBE: "warning", Action.REUSE: "muted", Action.LEAVE: "muted"}


def show_plan(project: Project, settings: Settings, *, as_json: bool) -> int:
    """Show what a run would do now."""
    out = Out()
    with opened(project, settings) as session:
        plan, holder = session.plan(), session.holder()
        name = session.loaded.workflow.name
    if as_json:
        out.text(json_line(_plan_as_json(name, project, plan, holder)))
        return 0
    out.line((visible(name), "strong"), f"  {visible(shown(project.file))}   {_counted(plan)}")
    rows = [
        [(task.action.value, _ROLES[task.action]), (visible(task.name), ""), (_why(task.action, visible(task.why)), "")]
        for task in plan.tasks.values()
    ]
    out.table(rows, indent="  ")
    if holder is not None:
        out.line(("! ", "warning"), f"in use by {visible(holder)}: nothing can be run before that ends")
    for warning in plan.warnings:
        out.line(("! ", "warning"), visible(warning))
    return 0


def _counted(plan: Plan) -> str:
    counts = [(len(plan.names(action)), word) for action, word in _COUNTS]
    return ", ".join(f"{number:,} {word}" for number, word in counts if number) or "no tasks"


def _why(action: Action, why: str) -> str:
    return "" if action is Action.REUSE else why


def _plan_as_json(name: str, project: Project, plan: Plan, holder: str | None) -> dict[str, Any]:
    return {
        "workflow": name,
        "file": shown(project.file),
        "counts": {action.value: len(plan.names(action)) for action in Action},
        "tasks": [
            {
                "name": task.name,
                "action": task.action.value,
                "reasons": [{"kind": reason.kind.name.lower(), "text": reason.text} for reason in task.reasons],
                "stale": task.stale,
            }
            for task in plan.tasks.values()
        ],
        "holder": holder,
        "warnings": list(plan.warnings),
    }


def show_status(project: Project, settings: Settings, *, as_json: bool) -> int:
    """Show how each task stands, and the last run."""
    out = Out()
    with opened(project, settings) as session:
        picture = session.open()
        view = idle_view(picture)
        if as_json:
            out.text(json_line(_status_as_json(session, picture, view)))
            return 0
    now = time.time()
    out.line((view.workflow, "strong"), f"  {view.file}   {_last_run(view, now)}")
    heading = [(text, "muted") for text in ("", "STATUS", "TASK", "TIME", "TRY", "STARTED", "WHY")]
    out.table([heading, *(_row(view, task, now, ascii_only=out.ascii) for task in view.tasks.values())], indent="  ")
    return 0


def _row(view: RunView, task: TaskView, now: float, *, ascii_only: bool) -> list[tuple[str, str]]:
    look = LOOKS[task.state]
    return [
        (look.ascii if ascii_only else look.icon, look.icon_role),
        (task.state.value, look.word_role),
        (task.title, look.name_role),
        (time_text(task, now), ""),
        (try_text(task), ""),
        (_started(task, now), "muted"),
        (why_text(view, task), look.text_role),
    ]


def _started(task: TaskView, now: float) -> str:
    return "" if task.started_at is None or not task.attempt else when_text(task.started_at, now, wide=True)


def _last_run(view: RunView, now: float) -> str:
    if view.run is None:
        return "never ran"
    how = {None: "going on", "completed": "done", "cancelled": "stopped"}.get(view.run.outcome, view.run.outcome)
    holder = f" ({view.holder})" if view.holder else ""
    day = day_text(view.run.started_at)
    when = "" if day == day_text(now) else f", {when_text(view.run.started_at, now, wide=True)}"
    return f"run {view.run.run_id} {how}{holder}{when}, {view.done:,} of {count_of(view.total, 'task')} done"


def _status_as_json(session: Session, picture: Picture, view: RunView) -> dict[str, Any]:
    run = None
    if view.run is not None:
        run = {
            "id": view.run.run_id,
            "outcome": view.run.outcome,
            "started_at": view.run.started_at,
            "finished_at": view.run.finished_at,
            "failed_task": view.run.failed_task,
        }
    return {
        "workflow": picture.workflow,
        "file": picture.file,
        "state": str(session.project.state),
        "holder": picture.holder,
        "run": run,
        "tasks": [_task_as_json(picture, view, task) for task in view.tasks.values()],
    }


def _task_as_json(picture: Picture, view: RunView, task: TaskView) -> dict[str, Any]:
    record = picture.records.get(task.name)
    return {
        "name": task.name,
        "status": task.state.value,
        "recorded": None if record is None else record.status.value,
        "why": why_text(view, task),
        "attempt": task.attempt,
        "duration": task.duration,
        "started_at": task.started_at,
        "error": None if record is None else record.error,
        "depends_on": list(task.info.deps),
    }
