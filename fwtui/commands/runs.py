"""``fwtui runs``: the runs of a workflow, each against what such runs usually take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flowweaver.records import RunRecord
from fwtui.commands.console import Out, opened
from fwtui.model.runs import RunRow, run_rows, usual_of_runs
from fwtui.model.status import LOOKS
from fwtui.model.text import count_of, duration, json_line
from fwtui.model.times import when_text
from fwtui.model.views import idle_view
from fwtui.session.port import Picture
from fwtui.session.project import Project
from fwtui.session.settings import Settings

__all__ = ["show_runs"]


def show_runs(project: Project, settings: Settings, *, limit: int, as_json: bool) -> int:
    """Show the last runs, the newest first.

    Args:
        project: the file and where its state is.
        settings: what the command line says.
        limit: how many; 0 for all.
        as_json: for machines.
    """
    out = Out()
    with opened(project, settings) as session:
        picture = session.open()
        runs = session.runs()  # all: what is usual for a run follows from those before it
    shown = runs[:limit] if limit else runs
    if as_json:
        out.text(json_line(_as_json(picture, runs, shown)))
        return 0
    rows = run_rows(replace(idle_view(picture), runs=tuple(runs)))[: len(shown)]
    view = idle_view(picture)
    more = "" if len(shown) == len(runs) else f", the last {len(shown):,} are here"
    out.line((view.workflow, "strong"), f"  {view.file}   {count_of(len(runs), 'run')}{more}")
    if not rows:
        out.line("Nothing has run yet.")
        return 0
    now = time.time()
    heading = [(text, "muted") for text in ("", "RUN", "STARTED", "OUTCOME", "TIME", "NOTE", "TASKS", "BY")]
    out.table([heading, *(_cells(row, now, ascii_only=out.ascii) for row in rows)], indent="  ")
    return 0


def _cells(row: RunRow, now: float, *, ascii_only: bool) -> list[tuple[str, str]]:
    look = LOOKS[row.state]
    seconds = now - row.started_at if row.going_on else row.seconds
    return [
        (look.ascii if ascii_only else look.icon, look.icon_role),
        (str(row.run_id), ""),
        (when_text(row.started_at, now, wide=True), "muted"),
        (row.state.value, look.word_role),
        (duration(seconds), ""),
        (row.note, ""),
        (row.said or ", ".join(f"{number:,} {state.value}" for state, number in row.counts), ""),
        (row.who, "muted"),
    ]


def _as_json(picture: Picture, runs: Sequence[RunRecord], shown: Sequence[RunRecord]) -> dict[str, Any]:
    usual = usual_of_runs(runs)
    return {
        "workflow": picture.workflow,
        "file": picture.file,
        "runs": [
            {
                "id": run.run_id,
                "outcome": run.outcome,
                "started_at": run.started_at,
                "finished_at": run.finished_at,
                "duration": None if run.finished_at is None else max(0.0, run.finished_at - run.started_at),
                "usual": usual.get(run.run_id),
                "failed_task": run.failed_task,
                "counts": dict(run.counts),
                "unfinished": run.unfinished,
                "by": run.holder,
                "params": dict(run.params),
            }
            for run in shown
        ],
    }
