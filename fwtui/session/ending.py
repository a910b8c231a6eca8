"""How a run ended, gathered for the verdict: counts, the failed tasks with their last lines, and the next commands."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence

from flowweaver.events import TaskFailed
from fwtui.model.verdict import Ending, FailedTask, FrameLine
from fwtui.session.frames import stored_frames
from fwtui.session.recorder import Recorder

__all__ = ["ending_of"]


def ending_of(
    recorder: Recorder,
    *,
    attempts: Mapping[str, int],
    belongs: Callable[[str], bool],
    target: str,
    options: Sequence[str] = (),
    state: Sequence[str] = (),
    threads_left: Collection[str] = (),
) -> Ending | None:
    """Return how a run ended, None if it has not.

    Args:
        recorder: what was remembered of it.
        attempts: how many attempts each task may have.
        belongs: tells the user's own files.
        target: the file, and the workflow's name if need be, as it is named in a command.
        options: the run options to repeat in the command that resumes.
        state: those of them that say where the state is, for every other command.
        threads_left: tasks that a thread is still in.
    """
    finished = recorder.finished
    if finished is None:
        return None
    counts = recorder.counts
    unfinished = finished.outcome != "completed"
    log = ("fwtui", "logs", *state, target, finished.failed_task) if finished.failed_task else ()
    return Ending(
        workflow=finished.workflow,
        run_id=finished.run_id,
        outcome=finished.outcome,
        duration=finished.duration,
        ran=counts.get("completed", 0),
        reused=counts.get("reused", 0),
        failed=counts.get("failed", 0),
        skipped=counts.get("skipped", 0),
        stopped=counts.get("interrupted", 0),
        pending=counts.get("pending", 0),
        left=recorder.left,
        first_failed=finished.failed_task,
        failures=tuple(
            _failed_task(failure, recorder, attempts.get(task, 1), belongs, thread_left=task in threads_left)
            for task, failure in recorder.failures.items()
        ),
        error=finished.error or "",
        resume=_command(("fwtui", "run", *options, target)) if unfinished else "",
        log=_command(log),
    )


def _command(words: Sequence[str]) -> str:
    return shlex.join(words)


def _failed_task(
    event: TaskFailed, recorder: Recorder, attempts: int, belongs: Callable[[str], bool], *, thread_left: bool
) -> FailedTask:
    frames = stored_frames(event.traceback, belongs)
    return FailedTask(
        name=event.task,
        error=event.error,
        attempt=event.attempt,
        attempts=attempts,
        tail=recorder.tail(event.task),
        frames=tuple(FrameLine(frame.file, frame.line, frame.function, frame.source) for frame in frames),
        note="its thread is still running" if thread_left else "",
    )
