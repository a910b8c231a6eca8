"""One run while it goes on: scheduler, store and workers kept in step under one lock.

A worker calls :meth:`Driver.finish` with the attempt it made and gets its next one back. In between, under the lock,
the outcome goes into the scheduler, the finished row and the RUNNING row of what the worker takes next go to the store
in one commit, and only then other workers are told of what became ready. There is no coordinator to hand over to; the
one thread that looks after the run (:mod:`flowweaver.run`) wakes for deadlines, retries, signals and the end.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from heapq import heappop, heappush
from queue import SimpleQueue
from typing import Any

from flowweaver.attempt import Attempt
from flowweaver.capture import Sink, line_witnesses
from flowweaver.crew import Crew
from flowweaver.errors import StateError, TaskTimeoutError
from flowweaver.hand import Hand
from flowweaver.ledger import Ledger
from flowweaver.notify import Notifier
from flowweaver.pace import LOOK_AGAIN
from flowweaver.plan import Action, no_input, no_output, settle
from flowweaver.prepare import Prepared
from flowweaver.records import LogLine, Provenance
from flowweaver.results import Results
from flowweaver.scheduler import Scheduler, State, ranks_by_remaining_path
from flowweaver.status import TaskStatus
from flowweaver.stores.base import RunJournal
from flowweaver.task import Task
from flowweaver.tracebacks import Frame, traceback_text
from flowweaver.workers import Clock, Leave, Workers
from flowweaver.workflow import Workflow

__all__ = ["Driver"]

_OUTPUT_DELAY = 0.25
"""Seconds after which lines that no commit has taken along are written by themselves."""

_LONGEST_WAIT = 3_600.0
"""Seconds: a deadline may lie further ahead than the system can wait for in one go."""

_OUTPUT_LINES = 1_000
"""Lines that are written at a time then."""


class Driver:
    """One run while it goes on. All public methods may be called from any thread."""

    def __init__(
        self,
        workflow: Workflow,
        prepared: Prepared,
        *,
        run_id: int,
        journal: RunJournal | None,
        workers: Workers,
        notifier: Notifier,
        clock: Clock,
        keep_going: bool,
        captures: bool,
        load_later: Callable[[str], Any],
    ) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.inbox: SimpleQueue[None] = SimpleQueue()
        """Wakes the thread that looks after the run."""
        self.stop_asked = False
        """Set without the lock, by a signal handler; taken up at the next decision."""
        self.stopped = self._all_left = False  # nothing starts any more; nobody is waited for any more
        self.state_error: StateError | None = None
        self.crashed: BaseException | None = None
        self.first_failure: tuple[str, BaseException] | None = None

        self._facts = list(prepared.facts)
        self._warned = frozenset(prepared.plan.warnings)
        self._records = prepared.records
        self._workers = workers
        self._notifier = notifier
        self._make_sink = self._sink_of if captures else None
        self._stirred = self._arm_output if notifier.wants("TaskWriting") else None
        self._ledger = Ledger(run_id, journal, notifier, wall=clock.wall, monotonic=clock.monotonic)
        self.tasks: list[Task] = workflow.tasks
        number = {task.name: index for index, task in enumerate(self.tasks)}.__getitem__
        dependencies = self._dependencies = [tuple(map(number, names)) for names in workflow.dependencies.values()]
        planned = prepared.plan.names
        self._maybe = set(map(number, planned(Action.MAYBE)))
        self.reused = set(map(number, planned(Action.REUSE)))
        self._interrupted = 0
        self.left = set(map(number, planned(Action.LEAVE)))
        fixed = self.reused | self.left
        ranks = None
        if len(fixed) < len(self.tasks):
            seconds = [prepared.durations.get(task.name) for task in self.tasks]
            ranks = ranks_by_remaining_path(dependencies, seconds)
        self.scheduler = Scheduler(dependencies, done=fixed, ranks=ranks, keep_going=keep_going)
        self._results = Results(workflow, prepared, dependencies, fixed=fixed, load_later=load_later)
        self._attempts = [0] * len(self.tasks)
        self._inflight: set[Attempt] = set()
        self._behind: set[Attempt] = set()
        """Attempts that were given up while their threads went on, and go on."""
        self._crew = Crew(workers, self._inflight, hands=all(map(_is_plain, self.tasks)))
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_number = 0
        self._wake_at = float("inf")
        self._output_armed = self._output_due = False  # there is output that waits; a timer is set that writes it
        self._random = random.Random()

    # -- what workers call ------------------------------------------------------------------------------------------

    def take(self) -> Attempt | None:
        """Return the first attempt for a worker that was spawned; None sends it home."""
        with self.lock:
            self._crew.coming -= 1
            attempt = self._advance(want=not self._in_the_way())
            if attempt is None:
                self._worker_goes()
        self._notifier.deliver()
        if attempt is not None:
            self._look_before(attempt)
        return attempt

    def finish(self, attempt: Attempt, *, go_on: bool = True) -> Attempt | None:
        """Take in what became of an attempt and return the worker's next one; None sends it home.

        Args:
            go_on: False: this worker takes nothing more.
        """
        task = attempt.task
        if attempt.error is not None:
            attempt.trace = traceback_text(attempt.error)
        else:
            attempt.stored = self._ledger.encode(attempt)
            if task.inputs or task.outputs:
                attempt.lacking = self._lacking(task, attempt.index)
        if attempt.sink is not None:
            attempt.sink.close()
        hand = attempt.hand
        if hand is not None and (following := hand.lay_down(attempt)) is not None:
            return following
        calls_back = bool(task.callbacks)
        with self.lock:
            if attempt.given_up:
                self._behind.discard(attempt)
                return None
            if hand is not None:
                self._take_apart(hand)
            final = hand is None and self._take_in(attempt)
            following = self._advance(want=go_on and not calls_back and not self._in_the_way())
            if following is None and not calls_back:
                self._worker_goes()
        if calls_back:
            self._notifier.deliver()
            if final:
                self._notifier.callbacks(task, attempt.error)
            with self.lock:
                following = self._advance(want=go_on)
                if following is None:
                    self._worker_goes()
        self._notifier.deliver()
        if following is not None:
            self._look_before(following)
        return following

    def crash(self, error: BaseException) -> None:
        """End the run because of a defect of the engine itself; a worker that meets one calls this and goes."""
        with self.lock:
            self.crashed = self.crashed or error
            self.scheduler.stop()
            for attempt in self._inflight:
                attempt.closed = attempt.given_up = True
                if attempt.hand is not None:
                    attempt.hand.waiting.clear()
            self._inflight.clear()
            self._crew.back.clear()
            self.inbox.put(None)

    def _worker_goes(self) -> None:
        self._crew.busy -= 1
        if not self._crew.busy and self.scheduler.finished:
            self.inbox.put(None)

    # -- what the thread that looks after the run calls -------------------------------------------------------------

    def restore_reused(self) -> None:
        """Show reused tasks as done, and those outside the selection as recorded; before anything runs."""
        with self.lock:
            for index in sorted(self.reused):
                self._restore(index)
            for index in sorted(self.left):
                record = self._records.get(self.tasks[index].name)
                if record is not None:
                    self._ledger.left(self.tasks[index], record, self._results.recorded(index))
            self._note(self._ledger.commit())
        self._notifier.deliver()

    def settle_skips(self) -> None:
        """Write down which tasks that an earlier run skipped only wait by now; the caller holds the lock.

        A task is skipped exactly as long as an ancestor has failed. This run may have ended after the ancestor was done
        and before the task had its turn.
        """
        if not any(record.status is TaskStatus.SKIPPED for record in self._records.values()):
            return
        broken: set[int] = set()
        for index, needed in enumerate(self._dependencies):
            task, state = self.tasks[index], self.scheduler.states[index]
            record = self._records.get(task.name)
            stands = index in self.left or state in (State.WAITING, State.READY)
            known = record.status if record is not None and stands else None
            if state in (State.FAILED, State.SKIPPED) or known is TaskStatus.FAILED or not broken.isdisjoint(needed):
                broken.add(index)
            elif known is TaskStatus.SKIPPED and record is not None and index not in self.left:
                self._ledger.waits(task, record)

    def look_after(self) -> tuple[bool, float | None]:
        """Do what is due. Return whether the run is over, and the seconds until something is due again."""
        with self.lock:
            if self._output_armed and not self._output_due:
                self._output_due = True
                self.later(_OUTPUT_DELAY, self._flush_some)
            now = self.clock.monotonic()
            while self._timers and self._timers[0][0] <= now:
                heappop(self._timers)[2]()
            self._advance(want=False)
            over = self.crashed is not None or (self.scheduler.finished and (self._all_left or not self._crew.busy))
            due = self.scheduler.next_due()
            self._wake_at = min(
                self._timers[0][0] if self._timers else float("inf"), float("inf") if due is None else due
            )
            wait = None if self._wake_at == float("inf") else min(max(0.0, self._wake_at - now), _LONGEST_WAIT)
        self._notifier.deliver()
        return over, wait

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Call an action under the lock after some seconds; the caller holds the lock."""
        self._timer_number += 1
        at = self.clock.monotonic() + delay
        heappush(self._timers, (at, self._timer_number, action))
        self._wake(at)

    def _wake(self, at: float) -> None:
        if at < self._wake_at:
            self._wake_at = at
            self.inbox.put(None)

    def stop(self) -> None:
        """Start nothing more; what runs may finish."""
        with self.lock:
            self.stop_asked = True
            self._advance(want=False)
            self.inbox.put(None)
        self._notifier.deliver()

    def cancel(self, grace: float) -> None:
        """Start nothing more, ask what runs to end, and give up on it after ``grace`` seconds."""
        with self.lock:
            self.stop_asked = True
            self._let_back_go()
            for attempt in list(self._inflight):
                attempt.cancelled = True
                if grace > 0:
                    self._workers.give_up(self, attempt)
            if grace > 0:
                self.later(grace, self._leave_all)
                self._advance(want=False)
            else:
                self._leave_all()
            self.inbox.put(None)
        self._notifier.deliver()

    def _leave_all(self) -> None:
        self._let_back_go()
        attempts = sorted(self._inflight, key=lambda a: a.index)
        for attempt in attempts:
            left = self._workers.give_up(self, attempt)
            self._close(attempt, left=left)
            self._interrupt(attempt, left=left)
        self._note(self._ledger.flush(0))  # first: who leaves waits for this, and an output may be long
        for attempt in attempts:
            if attempt.sink is not None:
                attempt.sink.close()
        self._all_left = True  # also whoever is in a callback
        self._advance(want=False)
        self.inbox.put(None)

    def flush(self) -> None:
        """Write all output lines that no commit has taken along; the caller holds the lock."""
        self._note(self._ledger.flush())

    def _flush_some(self) -> None:
        """Write waiting output in portions, so that a task that prints without end does not hold up everybody else."""
        self._output_armed = False  # first: what is written from here on is for the next time
        self._note(self._ledger.flush(_OUTPUT_LINES))
        if self._ledger.output:
            self.later(0.0, self._flush_some)
            return
        self._output_due = False
        for attempt in self._inflight:
            unkept = None if attempt.sink is None else attempt.sink.unkept()
            if unkept is not None:
                self._ledger.writing(attempt, unkept)

    # -- decisions, under the lock ----------------------------------------------------------------------------------

    def _advance(self, *, want: bool) -> Attempt | None:
        """Commit what has happened together with the start of what comes next; then tell other workers.

        Args:
            want: the caller can make an attempt.
        """
        if self.stop_asked and not self.stopped:
            self.stopped = True
            for index in self.scheduler.stop():
                self._ledger.let_go(self.tasks[index], self._attempts[index])
            self._let_back_go()
        now = self.clock.monotonic()
        crew = self._crew
        attempt = crew.back.popleft() if want and crew.back else None
        picked = self._pick_some(now) if want and attempt is None else []
        problem = self._ledger.commit()
        if problem is not None:
            self._note(problem)
            for one in picked:
                self.scheduler.release(one.index)
        elif picked:
            attempt = picked[0]
            self._begin(picked)
        ready = self.scheduler.ready(now)
        if crew.lacks(ready):
            if crew.busy and crew.crowded:
                self._watch_pace()
            else:
                crew.spawn(self, ready)
        return attempt

    def _in_the_way(self) -> bool:
        if not self._crew.in_the_way(self.clock.monotonic()):
            return False
        self._watch_pace()  # the other may just have begun a long task
        return True

    def _watch_pace(self) -> None:
        if self._crew.watch():
            self.later(LOOK_AGAIN, self._look_at_pace)

    def _look_at_pace(self) -> None:
        """Let more workers come if the quick one has met a long task, or is gone."""
        ready = self.scheduler.ready(self.clock.monotonic())
        if self._crew.stuck():
            self._take_hands_apart()
            self._crew.spawn(self, ready)
        elif self._crew.lacks(ready) or self._crew.hands_out():
            self._watch_pace()

    def _take_hands_apart(self) -> None:
        for attempt in list(self._inflight):
            if attempt.hand is not None:
                self._take_apart(attempt.hand)

    def _take_apart(self, hand: Hand) -> None:
        """Take in what has ended of a hand, and give what is not begun to whoever comes first."""
        while (waiting := hand.next()) is not None:
            waiting.hand = None
            self._crew.back.append(waiting)
        while hand.ended:
            attempt = hand.ended.popleft()
            if not attempt.closed:
                self._take_in(attempt)

    def _let_back_go(self) -> None:
        """Begin nothing more of what was handed out."""
        self._take_hands_apart()
        while self._crew.back:
            attempt = self._crew.back.popleft()
            attempt.closed = True
            self._inflight.discard(attempt)
            self._interrupt(attempt)

    def _note(self, problem: StateError | None) -> None:
        """After a failed commit no further task starts."""
        if problem is not None:
            self.state_error = self.state_error or problem
            self.scheduler.stop()

    def _pick_some(self, now: float) -> list[Attempt]:
        """Start what a worker is to make next: one attempt, or a hand of short ones."""
        picked: list[Attempt] = []
        for _ in range(self._crew.room()):
            attempt = self._pick(now)
            if attempt is None:
                break
            picked.append(attempt)
        if len(picked) > 1:
            hand = Hand(picked[1:])
            for attempt in picked:
                attempt.hand = hand
            self._watch_pace()
        if picked:
            self._ledger.starts(picked)
        return picked

    def _pick(self, now: float) -> Attempt | None:
        while (index := self.scheduler.take(now)) is not None:
            if index in self._maybe and not self._attempts[index] and not self._must_run(index):
                self.reused.add(index)
                self._restore(index)
                self.scheduler.complete(index)
                self._ended(index)
                continue
            self._attempts[index] += 1
            task = self.tasks[index]
            args, kwargs = self._results.arguments(index)
            attempt = Attempt(task, index, self._attempts[index], args, kwargs)
            attempt.made_by = self._made_by(index)
            attempt.make_sink = self._make_sink
            return attempt
        return None

    def _must_run(self, index: int) -> bool:
        self._look_again(index)
        return settle(self._facts[index], self._records[self.tasks[index].name], self._results.inputs(index))

    def _look_before(self, attempt: Attempt) -> None:
        """Look at what an attempt begins with; it may read much, so not under the lock."""
        if self._look_again(attempt.index):
            attempt.made_by = self._made_by(attempt.index)

    def _look_again(self, index: int) -> bool:
        """Look at a task's declared files once more: an upstream may have written them since the plan was made.

        Return whether there was anything to look at.
        """
        task = self.tasks[index]
        if not (task.inputs or task.outputs) or not self._facts or not self._results.has_inputs(index):
            return False
        from flowweaver.facts import look_again  # see prepare

        self._facts[index] = look_again(self._facts[index], task, record=self._records.get(task.name))
        return True

    def _lacking(self, task: Task, index: int) -> tuple[str, ...]:
        """Return what is to be said of the files that a task declares, now that it is done; it looks at them."""
        from flowweaver.facts import products_not_made  # see prepare

        missing = self._facts[index].missing_inputs if self._facts else ()
        said = [no_input(task.name, path) for path in missing]
        said += [no_output(task.name, path) for path in products_not_made(task)]
        return tuple(text for text in said if text not in self._warned)

    def _begin(self, picked: Sequence[Attempt]) -> None:
        for attempt in picked:
            self._inflight.add(attempt)
            if attempt.task.timeout is not None:
                self.later(attempt.task.timeout, partial(self._deadline, attempt))
        self._ledger.started(picked)

    def _sink_of(self, attempt: Attempt) -> Sink:
        return Sink(attempt.task.name, attempt.number, self.take_line, self.clock.wall, self._stirred)

    def take_line(self, line: LogLine) -> None:
        """Take a line of output, to be written with the next commit or soon; needs no lock."""
        for witness in line_witnesses:
            witness(line)
        self._ledger.output.append(line)
        self._arm_output()

    def _arm_output(self) -> None:
        if not self._output_armed:
            self._output_armed = True
            self.inbox.put(None)

    # -- outcomes, under the lock -----------------------------------------------------------------------------------

    def _take_in(self, attempt: Attempt) -> bool:
        """Take in how an attempt ended by itself; return whether its task has its end by that."""
        attempt.closed = True
        self._inflight.discard(attempt)
        duration = attempt.ended - attempt.started
        self._crew.ended(duration, 0 if attempt.stored is None else attempt.stored.size)
        timeout = attempt.task.timeout
        late = timeout is not None and duration > timeout
        if late:
            attempt.error, attempt.trace = _timeout_error(attempt), None
        if attempt.error is None:
            self._complete(attempt, duration)
            return True
        left = type(attempt.error) is Leave and self.stop_asked
        if left or (attempt.cancelled and not late):
            self._interrupt(attempt)
            return False
        return self._fail(attempt, attempt.error, attempt.trace, timed_out=late)

    def _complete(self, attempt: Attempt, duration: float) -> None:
        index = attempt.index
        self._results.put(index, attempt.result, attempt.stored)
        self._ledger.completed(attempt, duration)
        attempt.result = attempt.stored = None
        self.scheduler.complete(index)
        for task, stand_in in self._results.ended(index):
            self._ledger.unload(task, stand_in)

    def _fail(
        self,
        attempt: Attempt,
        error: BaseException,
        trace: str | None,
        *,
        timed_out: bool = False,
        left: bool = False,
    ) -> bool:
        index, task = attempt.index, attempt.task
        delay = None
        if not self.stopped and self.state_error is None and task.retry.wants_retry(attempt.number, error):
            delay = task.retry.delay_before(attempt.number + 1, self._random.random())
        self._ledger.failed(
            attempt,
            error,
            attempt.ended - attempt.started,
            trace=trace,
            delay=delay,
            timed_out=timed_out,
            thread_left=left,
        )
        if delay is not None:
            at = self.clock.monotonic() + delay
            self.scheduler.retry(index, at)
            self._wake(at)
            return False
        self.first_failure = self.first_failure or (task.name, error)
        self._results.failed(index)
        self._ended(index)
        for skipped in self.scheduler.fail(index):
            self._ledger.skipped(self.tasks[skipped], task.name)
            self._ended(skipped)
        return True

    def _interrupt(self, attempt: Attempt, *, left: bool = False) -> None:
        now = self.clock.monotonic()
        self.scheduler.release(attempt.index)
        self._interrupted += 1
        self._ledger.interrupted(attempt, (attempt.ended or now) - (attempt.started or now), thread_left=left)

    def _deadline(self, attempt: Attempt) -> None:
        timeout = attempt.task.timeout
        if attempt.closed or attempt.ended or timeout is None:
            return
        now = self.clock.monotonic()
        since = attempt.started or now
        if now < since + timeout:  # the call began a little after the attempt was handed out
            self.later(since + timeout - now, lambda: self._deadline(attempt))
            return
        self.give_up(attempt, _timeout_error(attempt), timed_out=True)

    def give_up(self, attempt: Attempt, error: BaseException, *, timed_out: bool = False) -> None:
        """End an attempt with an error although its function has not come back; the caller holds the lock."""
        if attempt.closed:
            return
        attempt.cancelled = True  # first: a coroutine that is only on its way to its loop looks at this there
        left = self._workers.give_up(self, attempt)
        attempt.error = error
        attempt.ended = attempt.ended or self.clock.monotonic()
        if attempt.sink is not None:
            attempt.sink.close()
        final = self._fail(attempt, error, None, timed_out=timed_out, left=left)
        if final and attempt.task.callbacks:
            self._crew.busy += 1
            threading.Thread(target=self._call_back, args=(attempt.task, error), daemon=True).start()
        self._close(attempt, left=left)
        self._advance(want=False)

    def _call_back(self, task: Task, error: BaseException) -> None:
        self._notifier.deliver()
        self._notifier.callbacks(task, error)
        with self.lock:
            self._worker_goes()

    def _close(self, attempt: Attempt, *, left: bool) -> None:
        """What the attempt brings from now on is discarded; another worker takes its place.

        Args:
            left: its thread may go on.
        """
        attempt.closed = attempt.given_up = True
        if attempt.hand is not None:
            self._take_apart(attempt.hand)
        if left:
            self._behind.add(attempt)
        self._inflight.discard(attempt)
        self._worker_goes()

    def _restore(self, index: int) -> None:
        task = self.tasks[index]
        self._ledger.restored(task, self._records.get(task.name), self._results.restored(index))

    def _ended(self, index: int) -> None:
        for task, stand_in in self._results.ended(index):
            self._ledger.unload(task, stand_in)

    def _made_by(self, index: int) -> Provenance | None:
        if not self._facts:
            return None
        known = self._facts[index].provenance
        if not self._results.has_inputs(index):
            return known
        return Provenance(known.code, known.params, self._results.inputs(index), known.files)

    # -- how it stands ----------------------------------------------------------------------------------------------

    @property
    def left_in(self) -> tuple[str, ...]:
        """The tasks that were given up while a thread is still in them, one for each thread; takes no lock."""
        return tuple(attempt.task.name for attempt in tuple(self._behind))

    def stack(self, name: str) -> list[Frame]:
        """Return where a task is now, outermost first; none if it is not being run. Takes no lock."""
        for attempt in (*self._inflight, *self._behind):
            if attempt.task.name == name:
                return self._workers.stack(attempt)
        return []

    def names_by_word(self) -> dict[str, tuple[str, ...]]:
        """Return task names by how they stand: "completed" in this run, "reused", "failed", "skipped", "pending".

        Tasks outside the selection are in none.
        """
        found: dict[str, list[str]] = {"completed": [], "reused": [], "failed": [], "skipped": [], "pending": []}
        words = {State.DONE: "completed", State.FAILED: "failed", State.SKIPPED: "skipped"}
        for index, state in enumerate(self.scheduler.states):
            if index not in self.left:
                word = "reused" if index in self.reused else words.get(state, "pending")
                found[word].append(self.tasks[index].name)
        return {word: tuple(names) for word, names in found.items()}

    def counts(self) -> dict[str, int]:
        """Return how many tasks there are of each word of :meth:`names_by_word`.

        Of those that are pending the ones that had begun are "interrupted" instead, if there are any.
        """
        counts = {word: len(names) for word, names in self.names_by_word().items()}
        if self._interrupted:
            counts["interrupted"] = self._interrupted
            counts["pending"] -= self._interrupted
        return counts


def _is_plain(task: Task) -> bool:
    """Tell whether nothing but its function has to be called or looked at before and after a task."""
    return not (task.callbacks or task.inputs or task.outputs)


def _timeout_error(attempt: Attempt) -> TaskTimeoutError:
    name, timeout = attempt.task.name, attempt.task.timeout
    return TaskTimeoutError(f"{name} timed out after {timeout:g}s", task_name=name, timeout=timeout)
