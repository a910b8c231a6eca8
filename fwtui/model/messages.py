"""Every sentence of the message line, so that its wording can be read, and tested, in one place.

The task or the file comes first; then what is; then what the next key does.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.key_names import named_key as key
from fwtui.model.segments import Line, Segment, clip, line, plain, width_of
from fwtui.model.standing import change_of, changes_of
from fwtui.model.status import OPEN_STATES, State
from fwtui.model.text import count_of, joined, visible
from fwtui.model.times import clock_text, minute_text, setting_text
from fwtui.model.views import RunFacts, RunView, TaskView

__all__ = ["Message", "broken", "note"]

_DISK_FULL = ("the disk is full", os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
"""What stores say of a disk that is full."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence, and a shorter form of it for where the long one does not fit. Keys are in it by their ids.

    Attributes:
        banner: it holds until what it says is over.
        role: of the whole line, "" for ordinary text.
        in_run: it is only true while the run goes on.
    """

    long: Line
    short: Line = ()
    banner: bool = False
    role: str = ""
    in_run: bool = False

    @property
    def text(self) -> str:
        """The long form as plain text, with the keys of the table."""
        return plain(USUAL.said(self.long))

    def fitted(self, width: int, names: KeyNames = USUAL) -> Line:
        """Return the form that fits in ``width`` cells, with its leading blank; the short one is cut where need be."""
        long, short = names.said(self.long), names.said(self.short)
        chosen = long if width_of(long) + 2 <= width or not short else short
        return (Segment(" "), *clip(chosen, max(0, width - 2)))


def note(*parts: str | Segment) -> Message:
    """Return a message that stays until the next key."""
    return Message(line(*parts))


def _r_runs(view: RunView) -> tuple[str | Segment, ...]:
    run, maybe, reuse = view.to_run, view.maybe, view.reused
    if not run and not maybe:
        return ()
    said = f" runs {run:,}" + (f", maybe {maybe:,} more" if maybe else "") + (f", reuses {reuse:,}" if reuse else "")
    return (" ", key("run.resume"), f"{said}.")


def _r_runs_short(view: RunView) -> tuple[str | Segment, ...]:
    run, reuse = view.to_run, view.reused
    if not run:
        return ()
    return (" ", key("run.resume"), f" runs {count_of(run, 'task')}" + (f", reuses {reuse:,}." if reuse else "."))


def saved(view: RunView, file: str, moment: float, affected: Sequence[str]) -> Message:
    """A save that loads and leaves the graph as it was."""
    name = visible(os.path.basename(file))
    start = f"{name} saved {clock_text(moment)}."
    stale = [view.tasks[task] for task in affected if task in view.tasks and task in view.plan.tasks]
    stale = [task for task in stale if change_of(view.plan.tasks[task.name])]
    if not stale:
        return note(f"{start} No task is affected.")
    why = change_of(view.plan.tasks[stale[0].name])
    who = f"{stale[0].title} is stale" if len(stale) == 1 else f"{len(stale):,} tasks are stale"
    return Message(line(f"{start} {who}: {why}.", *_r_runs(view)), line(f"{name} saved: {why}.", *_r_runs_short(view)))


def graph_edited(view: RunView, file: str, moment: float, added: int, removed: int) -> Message:
    """A save that brought tasks or took some away."""
    name = visible(os.path.basename(file))
    parts = [f"{count_of(added, 'task')} new"] if added else []
    if removed:
        parts.append(f"{removed:,} gone" if added else f"{count_of(removed, 'task')} gone")
    said = ", ".join(parts)
    return Message(
        line(f"{name} saved {clock_text(moment)}. {said}.", *_r_runs(view)),
        line(f"{name} saved: {said}.", *_r_runs_short(view)),
    )


def saved_in_run(file: str, moment: float) -> Message:
    """A save while a run goes on."""
    name = visible(os.path.basename(file))
    return Message(
        line(
            f"{name} saved {clock_text(moment)}. This run goes on with the code it started with; "
            "the next run takes the new."
        ),
        line(f"{name} saved. This run goes on with the old code."),
        in_run=True,
    )


def broken(file: str, problem_line: int | None, text: str, loaded_at: float | None) -> Message:
    """A file that does not load; holds until it does."""
    name = visible(os.path.basename(file))
    first = visible(text.split("\n", 1)[0]).rstrip(".")
    where = f"{name} line {problem_line}, {first}." if problem_line else f"{name}: {first}."
    shown = "" if loaded_at is None else f" Shown: the version that loaded at {minute_text(loaded_at)}."
    return Message(
        line(f"{where}{shown} ", key("look.edit"), " opens it."),
        line(f"{where} ", key("look.edit"), " opens it."),
        banner=True,
        role="banner",
    )


def not_started(file: str, problem_line: int | None) -> Message:
    """A run that was asked for while the file does not load."""
    where = f" (line {problem_line})" if problem_line else ""
    name = visible(os.path.basename(file))
    return note(f"Nothing started: {name} does not load{where}. ", key("look.edit"), " opens it.")


def nothing_to_do(view: RunView) -> Message:
    """A resume of what is complete."""
    number = view.selected
    if number < view.total:
        who, them = ("The selected task is", "it") if number == 1 else (f"The {number:,} selected tasks are", "them")
        return note(f"{who} done and up to date. ", key("run.everything"), f" runs {them} again.")
    if number == 1:
        return note("Its 1 task is done and up to date. ", key("run.everything"), " runs it again.")
    return note(f"All {number:,} tasks are done and up to date. ", key("run.everything"), " runs everything again.")


def never_ran(total: int) -> Message:
    """The first opening of a workflow."""
    what = "its 1 task" if total == 1 else f"all {total:,} tasks"
    return note("Nothing has run yet. ", key("run.resume"), f" runs {what}. ", key("look.help"), " shows every key.")


def warned(warnings: Sequence[str]) -> Message:
    """What a person should know of the tasks although it stops nothing: a declared file that is not there, say."""
    first = f"{visible(warnings[0]).rstrip('.')}."
    if len(warnings) == 1:
        return Message(line(first), role="warning")
    more = f" {len(warnings) - 1:,} more in the plan: "
    return Message(line(first, more, key("run.plan"), "."), line(first), role="warning")


def failed_elsewhere(task: TaskView) -> Message:
    """A failure while the cursor is somewhere else on purpose."""
    return Message(
        line(f"{task.title} failed: {task.error.rstrip('.')}. ", key("find.failure"), " goes there."),
        line(f"{task.title} failed. ", key("find.failure"), " goes there."),
    )


def thread_left(task: TaskView) -> Message:
    """A task that was given up at its deadline, in a thread that cannot be ended."""
    limit = "" if task.info.timeout is None else f" after {setting_text(task.info.timeout)}"
    return Message(
        line(f"{task.title} timed out{limit}; its thread is still running and its result will be discarded."),
        line(f"{task.title} timed out{limit}; its thread is still running."),
    )


def beside(names: Sequence[str]) -> Message:
    """A run begins while threads are still in tasks that were given up."""
    one = len(names) == 1
    said = f"{joined(names, 3)} {'was' if one else 'were'} given up, but {'its thread' if one else 'their threads'}"
    return Message(
        line(f"{said} may still be running, beside this run. --isolate would have ended {'it' if one else 'them'}."),
        line(f"{said} may still be running beside this run."),
        role="warning",
    )


def held(view: RunView) -> Message:
    """Another process runs the workflow, or holds its state; holds until that ends."""
    who = f"Run {view.run.run_id}" if view.followed and view.run is not None else "This workflow"
    whose = (view.holder or "another process").replace(", since", " since")
    return Message(
        line(f"{who} belongs to {whose}. You are watching it, read-only."),
        line(f"{who} belongs to {whose}."),
        banner=True,
    )


def released(view: RunView, holder: str | None) -> Message:
    """Another process has let go of the workflow: its run ended, or it died."""
    if view.run is not None and view.run.outcome == "interrupted":
        lost = view.count(State.INTERRUPTED)
        were = f", {lost:,} {'was' if lost == 1 else 'were'} interrupted" if lost else ""
        process = visible(holder or view.run.holder or "its process").split(" on ")[0].split(",")[0].capitalize()
        return note(f"{process} died. {_done(view)}{were}. ", key("run.resume"), " resumes.")
    return note(f"Run {view.run.run_id} ended. You can run now." if view.run is not None else "You can run now.")


def _done(view: RunView) -> str:
    return f"{view.done:,} of {view.total:,} {'is' if view.done == 1 else 'are'} done"


def _named(view: RunView, names: Sequence[str]) -> tuple[str, str]:
    """Return tasks as the subject of a sentence, and its verb."""
    if len(names) == 1:
        return view.tasks[names[0]].title, "is"
    return count_of(len(names), "task"), "are"


def cleared_elsewhere(view: RunView, names: Sequence[str]) -> Message:
    """Another process has cleared tasks."""
    who, verb = _named(view, names)
    it = "it until it runs" if len(names) == 1 else "this until they run"
    said = f"{who} {'was' if verb == 'is' else 'were'} cleared by another process. "
    return Message(line(said, key("change.undo"), f" undoes {it}."), line(said.strip()))


def restored_elsewhere(view: RunView, names: Sequence[str]) -> Message:
    """Another process has undone a clear."""
    who, verb = _named(view, names)
    return note(f"{who} {verb} back: another process has undone its clear.")


def went_stale(view: RunView, names: Sequence[str]) -> Message:
    """A declared file changed, or something else that no save of the source explains."""
    who, verb = _named(view, names)
    why = changes_of(view.plan.tasks[names[0]])
    said = f"{who} {verb} stale" + (f": {why}." if why else ".")
    return Message(line(said, *_r_runs(view)), line(said, *_r_runs_short(view)))


def as_before(view: RunView, names: Sequence[str]) -> Message:
    """What had changed is as it was."""
    who, verb = _named(view, names)
    return note(f"{who} {verb} up to date again.")


def interrupted(view: RunView) -> Message:
    """A run whose process died, on opening."""
    run = view.run
    if run is None:
        return note("")
    when = max((record.timestamp for record in view.records.values()), default=run.started_at)
    gone = f" ({run.holder.split(',')[0].split(' on ')[0]} is gone)" if run.holder else ""
    said = f"Run {run.run_id} was interrupted at {minute_text(when)}"
    then = (f". {_done(view)}. ", key("run.resume"), " resumes.")
    return Message(line(f"{said}{gone}", *then), line(said, *then))


def not_kept(task: TaskView) -> Message:
    """A result that cannot be kept."""
    return Message(
        line(f"{task.title} is done, but its result cannot be kept ({task.not_kept}). It runs again next time."),
        line(f"{task.title} is done, but its result cannot be kept."),
    )


def cleared(titles: Sequence[str]) -> Message:
    """A clear that was done."""
    if not titles:
        return note("None of these has a result.")
    if len(titles) == 1:
        return note(f"Cleared {titles[0]}. ", key("change.undo"), " undoes it until it runs.")
    return note(f"Cleared {count_of(len(titles), 'task')}. ", key("change.undo"), " undoes this until they run.")


def undone(back: Sequence[str], ran: Sequence[str] = ()) -> Message:
    """A clear that was undone, or that could not be.

    Args:
        back: titles of the tasks that are back.
        ran: of those that were cleared, too, and have run since.
    """
    if not back and not ran:
        return note("Nothing to undo.")
    has, it = ("has", "it") if len(ran) == 1 else ("have", "they")
    too_late = f"{_one_or_many(ran)} {has} run since; {it} cannot be undone." if ran else ""
    is_back = f"{_one_or_many(back)} {'is' if len(back) == 1 else 'are'} back." if back else ""
    return note(f"{is_back} {too_late}".strip())


def _one_or_many(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else count_of(len(titles), "task")


def runs_again(task: TaskView, why: str, others: int) -> Message:
    """A result that was to be reused turned out to be none when the run began."""
    more = f" So {'does' if others == 1 else 'do'} {count_of(others, 'other task')}." if others else ""
    return Message(line(f"{task.title} runs again: {visible(why).rstrip('.')}.{more}"), in_run=True)


def stopping(view: RunView) -> Message:
    """Stop was asked for once."""
    number = view.count(*OPEN_STATES)
    verb = "finishes" if number == 1 else "finish"
    said = line(f"Stopping: {count_of(number, 'task')} {verb} first. ", key("run.stop"), " again stops at once.")
    return Message(said, in_run=True)


def quitting() -> Message:
    """The second rung of the ladder."""
    return Message(
        line(key("leave.quit"), " again leaves at once; their work is lost, the rest is saved."), banner=True
    )


def asked_to_end(seconds: float) -> Message:
    """The process got a signal to end while a run goes on."""
    said = f"This process was asked to end: what runs has {setting_text(seconds)} to finish."
    return Message(line(said), role="warning")


def nothing_runs() -> Message:
    """Stop without a run."""
    return note("Nothing runs.")


def run_goes_on() -> Message:
    """A key that has no meaning while a run goes on."""
    return Message(line("A run is going on. ", key("run.stop"), " stops it first."), in_run=True)


def would_freeze() -> Message:
    """``ctrl+z`` while a run goes on."""
    return Message(line("A run is going on, and would freeze too. ", key("run.stop"), " stops it first."), in_run=True)


def mouse(*, on: bool) -> Message:
    """The mouse was given away or taken back."""
    if on:
        return note("The mouse selects and scrolls here. ", key("look.mouse"), " gives it to the terminal.")
    return note("The mouse is the terminal's, to select text with. ", key("look.mouse"), " takes it back.")


def past_run(run: RunFacts) -> Message:
    """An old run is shown."""
    who = f" of {run.holder}" if run.holder else ""
    return Message(
        line(f"This is run {run.run_id}{who}, read-only. ", key("find.back"), " leaves it."),
        line(f"This is run {run.run_id}, read-only. ", key("find.back"), " leaves it."),
        banner=True,
    )


def auto(*, on: bool, watching: bool) -> Message:
    """Running on save was switched."""
    if not watching:
        return note("Saves are not watched, so that none can start a run.")
    if on:
        return note("Automatic: every save runs what is not done. ", key("run.auto"), " ends that.")
    return note("Not automatic any more: a save starts nothing.")


def no_stack(task: TaskView, *, elsewhere: bool) -> Message:
    """``b`` on a task that cannot be found anywhere."""
    if task.state is not State.RUNNING:
        return note(f"{task.title} is not running. ", key("look.stack"), " shows where a running task is.")
    if elsewhere:
        return note(f"{task.title} runs in another process, and only that one knows where it is.")
    return note(f"{task.title} is in no Python code at this moment. ", key("look.stack"), " looks again.")


def no_failure() -> Message:
    """``f`` where nothing failed."""
    return note("No task has failed.")


def in_order() -> Message:
    """The rows are not sorted by a column, so that there is no other way round."""
    return note("The tasks are in the workflow's order. ", key("look.sort"), " sorts them by a column.")


def copied(lines: int, path: str, *, sure: bool) -> Message:
    """What was copied, to the terminal and to a file; ``sure`` tells that the terminal takes it."""
    said = f"Copied {count_of(lines, 'line')}."
    if sure:
        return note(said)
    saved = f"The terminal may not allow copying: also saved to {visible(path)}."
    return Message(line(f"{said} {saved}"), line(saved))


def saved_copy(lines: int, path: str) -> Message:
    """What is too long for the terminal, and was only saved."""
    verb = "is" if lines == 1 else "are"
    return note(f"{count_of(lines, 'line')} {verb} too long for the clipboard: saved to {visible(path)}.")


def unsaved_copy(lines: int, problem: str) -> Message:
    """What was given to the terminal, and could not be saved."""
    return note(f"Copied {count_of(lines, 'line')}; no file could be written: {visible(problem)}.")


def no_copy(problem: str) -> Message:
    """Neither the terminal nor a file takes it."""
    said = f"Not copied: too long for the clipboard, and no file could be written: {visible(problem)}."
    return Message(line(said), role="error")


def nothing_to_copy() -> Message:
    """``y`` or ``Y`` where there is no text."""
    return note("There is nothing to copy.")


def refused(text: str) -> Message:
    """What the engine or the store refused, in its own words."""
    return Message(line(visible(" ".join(text.split()))), role="error")


def of_tasks(shown: int, total: int) -> str:
    """Return what a filter shows, beside where it is typed: "2 of 9 tasks", "no task"."""
    return f"{shown:,} of {count_of(total, 'task')}" if shown else "no task"


def of_matches(lines: int) -> str:
    """Return what a search finds, beside where it is typed: "12 lines", "no match"."""
    return count_of(lines, "line") if lines else "no match"


def run_error(error: str, view: RunView) -> Message:
    """Why a run ended that no task's failure ended."""
    if any(sign in error for sign in _DISK_FULL):
        saved = f"{view.done:,} of {view.total:,} {'is' if view.done == 1 else 'are'} saved"
        said = line(
            f"Disk full: no further task starts. {saved}. Free some space, then ", key("run.resume"), " resumes."
        )
        return Message(said, banner=True, role="error")
    return Message(line(visible(" ".join(error.split()))), banner=True, role="error")


def question_over() -> Message:
    """What a question was about has changed while it was open."""
    return note("Nothing was changed: what was asked about is not so any more.")


def ended_while_asked() -> Message:
    """The run ended while somebody was asked whether to leave it."""
    return note("The run has ended, and nothing runs any more. ", key("leave.quit"), " quits.")


def outside_output() -> Message:
    """Something was written that no task owns, for the first time in this session."""
    return note("A process wrote to the terminal; it is kept apart. ", key("look.output"), " shows it.")
