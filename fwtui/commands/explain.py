"""``fwtui explain``: why one task would run or not, and everything that the answer follows from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from flowweaver.errors import UnknownTaskError
from flowweaver.records import AttemptRecord
from fwtui.commands.asked import one_task
from fwtui.commands.console import Out, opened
from fwtui.model.explained import Explanation, explain
from fwtui.model.status import LOOKS
from fwtui.model.text import cut, duration, json_line, visible
from fwtui.model.times import when_text
from fwtui.model.views import RunView, TaskView, first_line, idle_view
from fwtui.session.port import Picture
from fwtui.session.project import Project
from fwtui.session.settings import Settings

__all__ = ["explain_task"]

_ATTEMPTS = 5
_ERROR = 200
_LABEL = 10


def explain_task(project: Project, settings: Settings, *, task: str, as_json: bool) -> int:
    """Explain a task.

    Raises:
        UnknownTaskError: there is none of this name.
    """
    out = Out()
    with opened(project, settings) as session:
        picture = session.open()
        name = one_task(picture, task)
        if name not in picture.plan.tasks:
            raise UnknownTaskError(
                f"{visible(picture.file)} has no task {visible(name)!r} any more; only its state has"
            )
        attempts = session.attempts(name)
    view = idle_view(picture)
    found = explain(view, name, attempts, picture.params)
    if as_json:
        out.text(json_line(_as_json(picture, view, found)))
    else:
        _write(out, view, found, time.time())
    return 0


def _write(out: Out, view: RunView, found: Explanation, now: float) -> None:
    task = found.task
    look = LOOKS[task.state]
    icon = look.ascii if out.ascii else look.icon
    out.line((task.title, "strong"), f"  {view.workflow}  {found.where}")
    out.line((f"{icon} {task.state.value}", look.word_role or look.icon_role), f": {found.decision}.")
    for number, aspect in enumerate(found.aspects):
        if not number:
            out.line()
            out.line((f"compared with {found.since}", "muted"))
        role = "warning" if aspect.changed else "" if aspect.changed is None else "muted"
        out.line(("  " + aspect.name.ljust(_LABEL), "muted"), (f"  {aspect.text}", role))
    out.line()
    _neighbours(out, "needs", found.needs)
    _neighbours(out, "feeds", found.feeds)
    out.line(("result".ljust(_LABEL), "muted"), f"  {found.result}")
    _attempts(out, found.attempts, now)


def _neighbours(out: Out, label: str, tasks: Sequence[TaskView]) -> None:
    if not tasks:
        out.line((label.ljust(_LABEL), "muted"), "  nothing")
    for number, task in enumerate(tasks):
        look = LOOKS[task.state]
        icon = look.ascii if out.ascii else look.icon
        out.line(
            ((label if not number else "").ljust(_LABEL), "muted"),
            "  ",
            (icon, look.icon_role),
            f" {task.title}  ",
            (task.state.value, look.word_role or "muted"),
        )


def _attempts(out: Out, attempts: Sequence[AttemptRecord], now: float) -> None:
    rows = [
        [
            ("attempts" if not number else "", "muted"),
            (f"run {one.run_id}, attempt {one.attempt}", ""),
            (when_text(one.started_at, now, wide=True), "muted"),
            (one.outcome or "running", "error" if one.outcome in ("failed", "timed out") else ""),
            (duration((now if one.finished_at is None else one.finished_at) - one.started_at), ""),
            (cut(first_line(one.error), _ERROR), "error"),
        ]
        for number, one in enumerate(attempts[:_ATTEMPTS])
    ]
    if not rows:
        out.line(("attempts".ljust(_LABEL), "muted"), "  none")
        return
    rows[0][0] = ("attempts".ljust(_LABEL), "muted")
    out.table(rows)
    if len(attempts) > _ATTEMPTS:
        out.line(" " * _LABEL, f"  and {len(attempts) - _ATTEMPTS:,} earlier")


def _as_json(picture: Picture, view: RunView, found: Explanation) -> dict[str, Any]:
    name = found.task.name
    plan, record = view.plan.tasks[name], picture.records.get(name)
    return {
        "workflow": picture.workflow,
        "file": picture.file,
        "name": name,
        "source": found.task.info.source,
        "line": found.task.info.line,
        "status": found.task.state.value,
        "action": plan.action.value,
        "stale": plan.stale,
        "reasons": [{"kind": reason.kind.name.lower(), "text": reason.text} for reason in plan.reasons],
        "since_run": None if record is None or not found.aspects else record.run_id,
        "aspects": [{"name": one.name, "changed": one.changed, "text": one.text} for one in found.aspects],
        "needs": [task.name for task in found.needs],
        "feeds": [task.name for task in found.feeds],
        "result": {
            "summary": "" if record is None else record.summary,
            "size": 0 if record is None else record.size,
            "kept": record is not None and record.digest is not None and record.not_kept is None,
            "not_kept": None if record is None else record.not_kept,
            "run": None if record is None else record.run_id,
        },
        "attempts": [
            {
                "run": one.run_id,
                "attempt": one.attempt,
                "started_at": one.started_at,
                "finished_at": one.finished_at,
                "outcome": one.outcome,
                "error": one.error,
            }
            for one in found.attempts
        ],
    }
