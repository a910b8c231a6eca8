"""An old run as a view, so that it is shown by what shows the run of now: what its attempts say, and no more.

The store remembers the attempts of every run, but of a task that had none only how many there were: those that a
failure stopped, those whose results were reused, those that were left undone. Which ones they are follows from the
edges of now, and is said only if the numbers agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from flowweaver.records import AttemptRecord, RunRecord
from fwtui.model.pictures import TaskLike
from fwtui.model.status import DONE_STATES, FAILURES, State
from fwtui.model.text import visible
from fwtui.model.times import minute_text
from fwtui.model.views import Facts, RunFacts, RunView, TaskView, dependents_of, first_line

__all__ = ["view_of_run"]

_LAST: Mapping[str | None, State] = {
    "completed": State.DONE,
    "failed": State.FAILED,
    "timed out": State.TIMED_OUT,
    "cancelled": State.STOPPED,
    "interrupted": State.INTERRUPTED,
}
_CUT_SHORT = ("cancelled", "interrupted")


def view_of_run(view: RunView, run: RunRecord, attempts: Sequence[AttemptRecord]) -> RunView:
    """Return the view of an old run, in which nothing can be run and nothing is planned.

    Args:
        view: the workflow as it is now: its tasks, their order and their edges.
        run: the run; one that goes on is not old.
        attempts: all attempts of that run, in the order in which they began.
    """
    by_task: dict[str, list[AttemptRecord]] = {}
    for attempt in attempts:
        by_task.setdefault(attempt.task_name, []).append(attempt)
    gone = (name for name in by_task if name not in view.tasks)
    infos: dict[str, TaskLike] = {name: task.info for name, task in view.tasks.items()}
    infos |= {name: Facts(name) for name in gone}
    tasks = {name: _task(info, by_task.get(name), run) for name, info in infos.items()}
    tasks |= _without_attempts(tasks, run)
    return RunView(
        workflow=view.workflow,
        file=view.file,
        tasks=tasks,
        dependents=dependents_of(tasks),
        counts=Counter(task.state for task in tasks.values()),
        runs=view.runs,
        attempts={name: tuple(own) for name, own in by_task.items()},
        durations=view.durations,
        run=_facts(run),
        loaded_at=view.loaded_at,
        changed=frozenset(tasks),
    )


def _facts(run: RunRecord) -> RunFacts:
    seconds = None if run.finished_at is None else run.finished_at - run.started_at
    # A run without an end that is looked at as an old one is over, however it ended.
    outcome = run.outcome or "interrupted"
    holder = visible(run.holder or "")
    return RunFacts(run.run_id, run.started_at, run.finished_at, outcome, seconds, run.failed_task, holder)


def _task(info: TaskLike, attempts: Sequence[AttemptRecord] | None, run: RunRecord) -> TaskView:
    if not attempts:
        return TaskView(info.name, State.WAITING, info, visible(info.name), note="did not run", run_id=run.run_id)
    last = attempts[-1]
    state = _LAST.get(last.outcome, State.INTERRUPTED)
    if state is State.INTERRUPTED and run.outcome == "cancelled":
        state = State.STOPPED
    if state in FAILURES and run.outcome in _CUT_SHORT and run.failed_task is None and not run.counts.get("failed"):
        # It had failed and would have been tried again.
        state = State.STOPPED if run.outcome == "cancelled" else State.INTERRUPTED
    ended = last.finished_at
    return TaskView(
        info.name,
        state,
        info,
        visible(info.name),
        attempt=last.attempt,
        started_at=last.started_at,
        duration=None if ended is None else max(0.0, ended - last.started_at),
        finished_at=ended,
        error=first_line(last.error),
        note=_note(state, ended if ended is not None else run.finished_at),
        run_id=run.run_id,
    )


def _note(state: State, ended: float | None) -> str:
    when = "" if ended is None else f" at {minute_text(ended)}"
    if state is State.STOPPED:
        return f"by you{when}"
    return f"its process ended{when}" if state is State.INTERRUPTED else ""


def _without_attempts(tasks: Mapping[str, TaskView], run: RunRecord) -> dict[str, TaskView]:
    """Return what became of the tasks without attempts; nothing if it cannot be told."""
    causes: dict[str, str] = {}
    for name, task in tasks.items():
        # Dependencies come before what depends on them in the workflow's order.
        if task.attempt or task.state in DONE_STATES:
            continue
        cause = next((found for dep in task.info.deps for found in _cause(tasks, causes, dep)), None)
        if cause is not None:
            causes[name] = cause
    others = [name for name, task in tasks.items() if not task.attempt and name not in causes]
    counts = run.counts
    made: dict[str, TaskView] = {}
    if causes and len(causes) == counts.get("skipped", 0):
        made |= {
            name: tasks[name]._replace(state=State.SKIPPED, because=cause, note="") for name, cause in causes.items()
        }
    if others and len(others) == counts.get("reused", 0) and not counts.get("pending", 0):
        made |= {name: tasks[name]._replace(state=State.REUSED, note="") for name in others}
    return made


def _cause(tasks: Mapping[str, TaskView], causes: Mapping[str, str], dep: str) -> Iterable[str]:
    """Yield the failed task because of which a dependency gave no result, if there is one."""
    if dep in causes:
        yield causes[dep]
    elif dep in tasks and tasks[dep].state in FAILURES:
        yield dep
