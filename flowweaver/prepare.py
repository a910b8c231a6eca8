"""Before the first start of a run: what is known, what is decided, and the stored results that will be needed.

The plan itself is pure; this is the edge around it, which reads the journal and asks again when a stored result turns
out not to be loadable.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from flowweaver.errors import DefinitionError, shown
from flowweaver.plan import Action, Plan, Reason, ReasonKind, Selection, TaskFacts, TaskPlan, make_plan
from flowweaver.records import TaskRecord
from flowweaver.stores.base import RunJournal
from flowweaver.workflow import Workflow, match_names

__all__ = ["EAGER", "Options", "Prepared", "plan_of", "prepare"]

EAGER = 1_000_000
"""Bytes up to which a restored result is loaded at once; a larger one is read when somebody asks for it."""

_NONE: Mapping[str, Any] = MappingProxyType({})


class Options(NamedTuple):
    """What a run was asked to do; the arguments of ``execute``."""

    resume: bool = True
    only: str | Sequence[str] | None = None
    force: str | Sequence[str] | None = None
    keep_going: bool = False
    params: Mapping[str, Any] | None = None
    rerun_on: Sequence[str] = ("code", "params", "inputs")

    def selection(self, workflow: Workflow) -> Selection:
        """Return the selection with names and globs resolved.

        Raises:
            UnknownTaskError: a name or glob matches no task.
            DefinitionError: ``rerun_on`` has a word that means nothing.
        """
        known = ("code", "params", "inputs")
        several = isinstance(self.rerun_on, Iterable) and not isinstance(self.rerun_on, str)
        counted: tuple[Any, ...] = tuple(self.rerun_on) if several else (self.rerun_on,)
        for word in counted:
            if word not in known:
                raise DefinitionError(f"rerun_on takes {', '.join(known)}, not {shown(word)}")
        names = workflow.dependencies
        return Selection(
            only=None if self.only is None else frozenset(match_names(self.only, names, what="only")),
            force=frozenset(match_names(self.force, names, what="force")) if self.force else frozenset(),
            fresh=not self.resume,
            rerun_on=counted,
        )

    def parameters(self, workflow: Workflow) -> dict[str, Any]:
        """Return the value of every parameter of the workflow.

        Raises:
            DefinitionError: a value is given for one that the workflow does not have.
        """
        if self.params is not None and not isinstance(self.params, Mapping):
            raise DefinitionError(f"params is a dict of names and values, not {shown(self.params)}")
        given = dict(self.params or {})
        for name in given:
            if name not in workflow.params:
                known = ", ".join(workflow.params) or "none"
                raise DefinitionError(f"Workflow {workflow.name!r} has no parameter {name!r}; it has: {known}")
        return {**workflow.params, **given}


class Prepared(NamedTuple):
    """A run that may start.

    Attributes:
        params: value of every parameter.
        results: loaded results by task name, of tasks that do not run.
        late: tasks whose result is stored, but not loaded.
        durations: remembered seconds by task name; none where no task runs.
    """

    plan: Plan
    facts: Sequence[TaskFacts]
    params: Mapping[str, Any]
    records: Mapping[str, TaskRecord] = _NONE
    results: Mapping[str, Any] = _NONE
    late: frozenset[str] = frozenset()
    durations: Mapping[str, float] = _NONE


def plan_of(
    workflow: Workflow,
    records: Mapping[str, TaskRecord],
    options: Options,
    *,
    now: float,
    has_history: bool = True,
    keeps: float | None = None,
    running_in: str | None = None,
) -> tuple[Plan, Sequence[TaskFacts]]:
    """Return what a run with these options would do now, given what is recorded.

    Args:
        now: seconds since the epoch.
        has_history: the records know what made them; without that there is nothing to compare.
        keeps: seconds after which the store forgets what nobody used, before a run begins; None if it has already.
        running_in: who runs the workflow now, None if nobody is known to.

    Raises:
        DefinitionError: the options name what is not there.
    """
    from flowweaver.facts import facts_of  # 4 ms that a run in memory does without; an executor with a store has it

    params = options.parameters(workflow)
    facts = facts_of(workflow, params=params, records=records, code=has_history)
    selection = options.selection(workflow)
    return make_plan(facts, records, selection=selection, now=now, keeps=keeps, running_in=running_in), facts


def prepare(workflow: Workflow, journal: RunJournal | None, options: Options) -> Prepared:
    """Decide for every task and load what will be needed.

    Raises:
        DefinitionError: the options name what is not there.
        StateError: the state cannot be used.
    """
    params = options.parameters(workflow)
    if journal is None and options.only is None:
        options.selection(workflow)  # refuses what is wrong with it
        return _everything(workflow, params)
    records = journal.load_records(list(workflow.dependencies)) if journal is not None else {}
    has_history = journal is not None and journal.has_history
    plan, facts = plan_of(workflow, records, options, now=time.time(), has_history=has_history)
    if journal is None:
        return Prepared(plan, facts, params)
    selection = options.selection(workflow)
    results: dict[str, Any] = {}
    unloadable: dict[str, str] = {}
    while True:
        late, missing = _load(plan, records, results, journal, workflow)
        if not missing:
            break
        unloadable |= missing
        facts = [
            known._replace(unloadable=unloadable[known.name]) if known.name in unloadable else known for known in facts
        ]
        plan = make_plan(facts, records, selection=selection, now=time.time())
    idle = not (plan.names(Action.RUN) or plan.names(Action.MAYBE))
    return Prepared(plan, facts, params, records, results, late, {} if idle else journal.durations())


_FIRST = (Reason(ReasonKind.NEVER_RAN, "first run"),)


def _everything(workflow: Workflow, params: Mapping[str, Any]) -> Prepared:
    """Without a store nothing is remembered, so there is nothing to compare: every task runs."""
    plan = Plan({name: TaskPlan(name, Action.RUN, _FIRST) for name in workflow.dependencies})
    return Prepared(plan, (), params)


def _load(
    plan: Plan, records: Mapping[str, TaskRecord], results: dict[str, Any], journal: RunJournal, workflow: Workflow
) -> tuple[frozenset[str], dict[str, str]]:
    """Load the results of tasks that do not run into ``results``: the small ones, and all that a planned task needs.

    Returns:
        The tasks whose result is read when somebody asks for it; and those whose result cannot be had, or is known
        to be lost although nobody needs it, and why.
    """
    dependencies = workflow.dependencies
    run, maybe, leave = Action.RUN, Action.MAYBE, Action.LEAVE
    needed = {dependency for action in (run, maybe) for name in plan.names(action) for dependency in dependencies[name]}
    wanted = []
    late = set()
    for name, task in plan.tasks.items():
        if task.action is run or name in results:
            continue
        record = records.get(name)
        if record is None or record.encoding is None or (task.action is leave and name not in needed):
            continue
        if name not in needed and record.size > EAGER:
            late.add(name)
            continue
        wanted.append(name)
    missing = journal.lost_results(late) if late else {}
    for name, value, reason in journal.load_results(wanted):
        if reason is None:
            results[name] = value
        else:
            missing[name] = str(reason)
    return frozenset(late.difference(missing)), missing
