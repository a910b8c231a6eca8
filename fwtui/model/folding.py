"""A view carried through the events of a run: ``fold(view, events) -> view``, without a clock and without a screen.

Events come by the thousand; each fold copies the tasks once and gives back one view, so that a screen that drains
twenty times a second draws the last state of each task and nothing else. A start whose end is in the same fold is only
counted: nobody would see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flowweaver.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskRestored,
    TaskRetrying,
    TaskSkipped,
    TaskStarted,
)
from flowweaver.plan import Action
from flowweaver.records import AttemptRecord
from fwtui.model.standing import reason_word, word_after_run
from fwtui.model.status import DONE_STATES, OPEN_STATES, State
from fwtui.model.text import visible
from fwtui.model.times import minute_text
from fwtui.model.views import Facts, RunFacts, RunView, TaskView, dependents_of, first_line

__all__ = ["fold"]

_FROM_DEPENDENCIES = frozenset({State.WAITING, State.SKIPPED, State.MAYBE})
"""States whose row says something about the tasks before it."""


def fold(view: RunView, events: Sequence[Event]) -> RunView:
    """Return the view after these events; ``changed`` names the tasks whose row may look different."""
    if not events:
        return view
    draft = _Draft(view)
    for event in events:
        draft.take(event)
    return draft.done()


class _Draft:
    """One fold: copies that are changed in place, and never seen from outside before it is done."""

    def __init__(self, view: RunView) -> None:
        self.view = view
        self.tasks: dict[str, TaskView] = dict(view.tasks)
        self.attempts: dict[str, tuple[AttemptRecord, ...]] = dict(view.attempts)
        self.counts = Counter(view.counts)
        self.changed: set[str] = set()
        self.run = view.run
        self.dependents: Mapping[str, tuple[str, ...]] = view.dependents
        self.threads_left = view.threads_left
        self.in_flight = set(view.in_flight)
        self.most_at_once = view.most_at_once
        self.begun: dict[str, TaskStarted] = {}
        """Starts that nothing has followed yet, by task."""

    def take(self, event: Event) -> None:
        match event:
            case TaskStarted():
                self._started(event)
            case TaskCompleted():
                self._completed(event)
            case TaskRetrying():
                self._retrying(event)
            case TaskFailed():
                self._failed(event)
            case TaskRestored() | TaskSkipped() | RunStarted() | RunFinished():
                self._show_begun()
                self._without_attempt(event)

    def _without_attempt(self, event: TaskRestored | TaskSkipped | RunStarted | RunFinished) -> None:
        match event:
            case TaskRestored(task=name, from_run=run):
                self._put(name, state=State.REUSED, from_run=run, note="")
            case TaskSkipped(task=name, because=because):
                self._put(name, state=State.SKIPPED, because=because, note="")
            case RunStarted():
                self._run_started(event)
            case RunFinished() if self.run is not None:
                self.run = replace(
                    self.run,
                    finished_at=event.time,
                    outcome=event.outcome,
                    duration=event.duration,
                    failed_task=event.failed_task,
                    error=visible(event.error or ""),
                )
                if event.outcome != "cancelled":
                    self._not_by_you(event)
                self._plan_over()

    def done(self) -> RunView:
        """Return the view that the events led to."""
        self._show_begun()
        changed = frozenset(self.changed)
        if len(changed) < len(self.tasks):
            changed |= {
                name
                for one in self.changed
                for name in self.dependents.get(one, ())
                if name in self.tasks and self.tasks[name].state in _FROM_DEPENDENCIES
            }
        return replace(
            self.view,
            tasks=self.tasks,
            attempts=self.attempts,
            dependents=self.dependents,
            counts=+self.counts,
            run=self.run,
            in_flight=frozenset(self.in_flight),
            most_at_once=self.most_at_once,
            threads_left=self.threads_left,
            changed=changed,
        )

    def _known(self, name: str) -> TaskView:
        return self.tasks.get(name) or TaskView(name, State.WAITING, Facts(name), visible(name))

    def _put(self, name: str, **changes: Any) -> None:
        begun = self.begun.pop(name, None)
        self._set(self._known(name)._replace(**(changes if begun is None else _as_begun(begun) | changes)))

    def _set(self, made: TaskView) -> None:
        name, state = made.name, made.state
        before = self.tasks.get(name)
        if before is not None:
            self.counts[before.state] -= 1
        self.tasks[name] = made
        self.counts[state] += 1
        self.changed.add(name)
        if state in OPEN_STATES:
            self._opened(name)
        else:
            self.in_flight.discard(name)

    def _run_started(self, event: RunStarted) -> None:
        self.run = RunFacts(event.run_id, event.time, here=True)
        self.most_at_once = 0
        self.in_flight.clear()
        kept = self.tasks
        self.tasks = {}
        notes = {text: reason_word(text) for text in set(event.reasons.values())}
        for name, decision in event.planned.items():
            task = kept.get(name) or TaskView(name, State.WAITING, Facts(name), visible(name))
            if decision in ("run", "maybe"):
                state = State.WAITING if decision == "run" else State.MAYBE
                note = notes.get(event.reasons.get(name, ""), "")
                task = TaskView(name, state, task.info, task.title, note=note)
            elif decision == "leave":
                task = task._replace(left=True)
            self.tasks[name] = task
        self.counts = Counter(task.state for task in self.tasks.values())
        if self.tasks.keys() != kept.keys():
            self.dependents = dependents_of(self.tasks)
        self.changed.update(self.tasks, kept)

    def _started(self, event: TaskStarted) -> None:
        self.begun[event.task] = event
        self._opened(event.task)

    def _opened(self, name: str) -> None:
        self.in_flight.add(name)
        self.most_at_once = max(self.most_at_once, len(self.in_flight))

    def _show_begun(self) -> None:
        """Put the tasks that have begun and go on."""
        for name, event in list(self.begun.items()):
            self._put(name)
            begun = AttemptRecord(name, event.attempt, event.time, run_id=event.run_id)
            self.attempts[name] = (*self._attempts(name, event.run_id, event.attempt), begun)

    def _attempts(self, name: str, run_id: int, before: int) -> list[AttemptRecord]:
        found = self.attempts.get(name, ())
        return [attempt for attempt in found if attempt.run_id == run_id and attempt.attempt < before]

    def _end_attempt(
        self, event: TaskCompleted | TaskRetrying | TaskFailed, outcome: str, error: str | None, traceback: str | None
    ) -> None:
        begun = event.time - event.duration
        ended = AttemptRecord(
            event.task, event.attempt, begun, event.time, outcome, error, traceback, run_id=event.run_id
        )
        self.attempts[event.task] = (*self._attempts(event.task, event.run_id, event.attempt), ended)

    def _completed(self, event: TaskCompleted) -> None:
        name = event.task
        before, begun = self._known(name), self.begun.pop(name, None)
        # Not by ``_put``: this happens to every task, and takes a third so.
        self._set(
            TaskView(
                name,
                State.DONE,
                before.info,
                before.title,
                attempt=event.attempt,
                started_at=before.started_at if begun is None else begun.time,
                duration=event.duration,
                finished_at=event.time,
                note=word_after_run(before.note),
                from_run=before.from_run,
                because=before.because,
                summary=visible(event.summary),
                size=event.size,
                not_kept=visible(event.not_kept or ""),
                run_id=event.run_id,
                left=before.left,
            )
        )
        self._end_attempt(event, "completed", None, None)

    def _retrying(self, event: TaskRetrying) -> None:
        self._put(
            event.task,
            state=State.RETRYING,
            attempt=event.attempt,
            duration=event.duration,
            retry_at=event.time + event.delay,
            error=first_line(event.error),
        )
        self._end_attempt(event, "timed out" if event.timed_out else "failed", event.error, event.traceback)

    def _failed(self, event: TaskFailed) -> None:
        state, note, outcome = State.FAILED, "", "failed"
        if event.interrupted:
            state, note, outcome = State.STOPPED, f"by you at {minute_text(event.time)}", "cancelled"
        elif event.timed_out:
            state, outcome = State.TIMED_OUT, "timed out"
        if event.thread_left:
            self.threads_left = (*self.threads_left, event.task)
        self._put(
            event.task,
            state=state,
            attempt=event.attempt,
            duration=event.duration,
            finished_at=event.time,
            error=first_line(event.error),
            note=note,
        )
        self._end_attempt(event, outcome, event.error, event.traceback)

    def _plan_over(self) -> None:
        """What the run was to do is done: until somebody plans anew, what did not get done is what is to be run."""
        left_out = set(self.view.plan.names(Action.LEAVE))
        planned = [task for name, task in self.tasks.items() if name not in left_out]
        done = sum(task.state in DONE_STATES for task in planned)
        self.view = replace(self.view, to_run=len(planned) - done, maybe=0, reused=done)

    def _not_by_you(self, event: RunFinished) -> None:
        """What was cut short in a run that nobody stopped was so by the end of its process."""
        note = f"its process ended at {minute_text(event.time)}"
        for name, task in list(self.tasks.items()):
            if task.state is State.STOPPED and task.run_id == event.run_id:
                self._put(name, state=State.INTERRUPTED, note=note)


def _as_begun(event: TaskStarted) -> dict[str, Any]:
    """Return what a start changes of its task."""
    return {
        "state": State.RUNNING,
        "attempt": event.attempt,
        "started_at": event.time,
        "run_id": event.run_id,
        "duration": None,
        "retry_at": None,
        "finished_at": None,
    }
