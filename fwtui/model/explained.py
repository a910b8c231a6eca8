"""Why a task would run or not, in plain words: what is decided, what changed since its record, and its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowweaver.plan import Action, ReasonKind, TaskPlan
from flowweaver.records import AttemptRecord, Provenance, RunRecord, TaskRecord
from fwtui.model.details import result_text
from fwtui.model.text import count_of, joined, visible
from fwtui.model.views import RunView, TaskView

__all__ = ["Aspect", "Explanation", "aspects_of", "decision_text", "explain"]

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that a result is made by, and whether it is as it was then. All text in it is safe to show.

    Attributes:
        name: "code", "parameters", "files" or "upstream".
        changed: None where it cannot be known.
    """

    name: str
    changed: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to be said of one task. All text in it is safe to show.

    Attributes:
        where: "workflows/etl.py:88", "" if its function has no file.
        decision: what a run would do with it, as a sentence.
        since: what the aspects are compared with ("run 31"), "" if there is nothing to compare with.
        attempts: the last ones, newest first.
        result: what is stored of its result.
    """

    task: TaskView
    where: str
    decision: str
    since: str
    aspects: tuple[Aspect, ...]
    needs: tuple[TaskView, ...]
    feeds: tuple[TaskView, ...]
    attempts: tuple[AttemptRecord, ...]
    result: str


def explain(
    view: RunView, name: str, attempts: Sequence[AttemptRecord], params: Mapping[str, Any] = _NOTHING
) -> Explanation:
    """Explain a task of a workflow that does not run at the moment.

    Args:
        view: the workflow, with the plan of now.
        name: the task.
        attempts: those of it that are remembered, in the order in which they began.
        params: the parameters of now.
    """
    task = view.tasks[name]
    record = view.records.get(name)
    plan = view.plan.tasks[name]
    info = task.info
    where = "" if info.source is None else f"{info.source}:{info.line}" if info.line else info.source
    run = None if record is None else next((run for run in view.runs if run.run_id == record.run_id), None)
    return Explanation(
        task=task,
        where=visible(where),
        decision=decision_text(plan, record),
        since=_since(record),
        aspects=aspects_of(plan, record, info.deps, run, params),
        needs=tuple(view.tasks[dep] for dep in info.deps if dep in view.tasks),
        feeds=tuple(view.tasks[other] for other in view.dependents.get(name, ())),
        attempts=tuple(reversed(attempts)),
        result=result_text(record),
    )


def decision_text(plan: TaskPlan, record: TaskRecord | None) -> str:
    """Return what a run would do with a task, as a sentence without its full stop."""
    why = "; ".join(visible(reason.text) for reason in plan.reasons)
    made = "" if record is None or record.run_id is None else f" of run {record.run_id}"
    match plan.action:
        case Action.RUN:
            return f"a run would run it: {why}"
        case Action.MAYBE:
            return f"a run would run it {why}"
        case Action.REUSE:
            kept = all(reason.kind is ReasonKind.UP_TO_DATE and reason.text == "up to date" for reason in plan.reasons)
            return f"a run would reuse its result{made}: " + ("nothing that made it has changed" if kept else why)
        case Action.LEAVE:
            return "a run would leave it as it is: it is outside the selection"


def _since(record: TaskRecord | None) -> str:
    if record is None or record.cleared or record.provenance is None:
        return ""
    return "its record" if record.run_id is None else f"run {record.run_id}"


def aspects_of(
    plan: TaskPlan,
    record: TaskRecord | None,
    deps: Sequence[str],
    run: RunRecord | None = None,
    params: Mapping[str, Any] = _NOTHING,
) -> tuple[Aspect, ...]:
    """Return what of that which made a task's record is another than it was; nothing if there is no record.

    Args:
        plan: the decision of now.
        record: what is recorded.
        deps: what it depends on.
        run: the run that made the record.
        params: the parameters of now.
    """
    if record is None or record.cleared or record.provenance is None:
        return ()
    then = record.provenance
    return (
        _code(plan, then),
        _parameters(plan, then, run, params),
        _files(plan, then),
        _upstream(plan, deps),
    )


def _texts(plan: TaskPlan, *kinds: ReasonKind) -> str:
    return "; ".join(visible(reason.text) for reason in plan.reasons if reason.kind in kinds)


def _code(plan: TaskPlan, then: Provenance) -> Aspect:
    changed = _texts(plan, ReasonKind.CODE)
    if changed:
        return Aspect("code", True, changed)
    if then.code is None:
        return Aspect("code", None, "not known; counts as unchanged")
    return Aspect("code", False, f"unchanged: {joined(then.code.parts)}" if then.code.parts else "unchanged")


def _parameters(plan: TaskPlan, then: Provenance, run: RunRecord | None, params: Mapping[str, Any]) -> Aspect:
    changed = _texts(plan, ReasonKind.PARAM)
    if not changed:
        return Aspect("parameters", False, f"unchanged: {joined(then.params)}" if then.params else "it takes none")
    before = {} if run is None else run.params
    moved = [
        f"{visible(name)} was {visible(before[name])}, is {visible(_short(params[name]))}"
        for name in params
        if name in before and name in then.params and before[name] != _short(params[name])
    ]
    return Aspect("parameters", True, "; ".join([changed, *moved]))


def _short(value: object) -> str:
    """Return a parameter as the record of a run has it."""
    return str(value)[:200] if isinstance(value, str | int | float | bool | None) else type(value).__name__


def _files(plan: TaskPlan, then: Provenance) -> Aspect:
    changed = _texts(plan, ReasonKind.INPUT_FILE, ReasonKind.OUTPUT_FILE)
    if changed:
        return Aspect("files", True, changed)
    there = sum(file.size >= 0 for file in then.files)
    return Aspect("files", False, f"unchanged: {count_of(there, 'declared file')}" if then.files else "none declared")


def _upstream(plan: TaskPlan, deps: Sequence[str]) -> Aspect:
    if not deps:
        return Aspect("upstream", False, "it depends on nothing")
    said = _texts(plan, ReasonKind.UPSTREAM)
    if plan.action is Action.MAYBE:
        return Aspect("upstream", None, said)
    if said:
        # "runs after" something is no change that is known already.
        return Aspect("upstream", True if plan.stale else None, said)
    if plan.action is Action.REUSE:
        return Aspect("upstream", False, "the same results")
    return Aspect("upstream", None, "not looked at: it runs in any case")
