"""``fwtui clear``: forget the state and the results of tasks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from flowweaver.records import TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.workflow import Workflow, match_names
from fwtui.commands.asked import tasks_named
from fwtui.commands.console import Out, opened
from fwtui.commands.problems import naming_the_run
from fwtui.model.text import count_of, joined, visible
from fwtui.session.project import Project
from fwtui.session.settings import Settings

__all__ = ["clear_tasks", "names_to_clear"]


def names_to_clear(
    workflow: Workflow, records: Mapping[str, TaskRecord], *, pattern: str | None, scope: str
) -> list[str]:
    """Return the tasks that a clear is about, in the workflow's order.

    Args:
        workflow: the workflow.
        records: what is recorded of its tasks.
        pattern: a task's name or a glob, None for all.
        scope: "this", "downstream", "upstream", "failed" or "all".

    Raises:
        UnknownTaskError: the pattern matches no task.
        click.UsageError: nothing says which tasks are meant.
    """
    if pattern is None and scope not in ("failed", "all"):
        raise click.UsageError("Name the tasks to clear (a name or a glob), or use --failed or --all.")
    if pattern is None or scope == "all":
        chosen = set(workflow.dependencies)
    else:
        chosen = match_names(pattern, workflow.dependencies, what="clear")
    if scope == "downstream":
        chosen |= workflow.descendants(chosen)
    elif scope == "upstream":
        chosen |= workflow.ancestors(chosen)
    elif scope == "failed":
        chosen = {name for name in chosen if name in records and records[name].status is TaskStatus.FAILED}
    return [name for name in workflow.dependencies if name in chosen]


def clear_tasks(
    project: Project, settings: Settings, *, pattern: str | None, scope: str, dry_run: bool, yes: bool
) -> int:
    """Clear tasks, after a question unless ``yes``.

    Raises:
        FlowWeaverError: the state cannot be used, or a run goes on.
        click.UsageError: nothing says which tasks are meant, or there is nobody to ask.
    """
    out = Out()
    with opened(project, settings) as session:
        workflow = session.loaded.workflow
        picture = session.open()
        tasks_named(picture, pattern)  # a name that there is not is told as by every other command
        records = picture.records
        wanted = names_to_clear(workflow, records, pattern=pattern, scope=scope)
        names = [name for name in wanted if name in records and not records[name].cleared]
        if not names:
            out.line("None of these has a result or an error." if wanted else "No task failed.")
            return 0
        if dry_run:
            out.line(f"Would clear {_told(names)}.")
            return 0
        _announce_dependents(out, workflow, names)
        if not yes and not _confirmed(out, names):
            out.line("Nothing was cleared.")
            return 0
        with naming_the_run(session):
            out.line(f"Cleared {_told(session.clear(names))}.")
    return 0


def _told(names: Sequence[str]) -> str:
    return visible(names[0]) if len(names) == 1 else f"{count_of(len(names), 'task')}: {joined(names, 10)}"


def _announce_dependents(out: Out, workflow: Workflow, names: Sequence[str]) -> None:
    dependents = workflow.descendants(names)
    if dependents:
        run = "depends on it; it runs" if len(dependents) == 1 else "depend on it; they run"
        out.line(f"{count_of(len(dependents), 'task')} {run} again if a result differs.")


def _confirmed(out: Out, names: Sequence[str]) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on; --yes clears without a question.")
    return out.asks(f"Clear {_told(names)}?")
