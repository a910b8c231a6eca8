"""The dialogs as data: a title, what is said, and buttons; the first button is Enter, the second is esc."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from flowweaver.plan import Action
from flowweaver.status import TaskStatus
from fwtui.model.details import short_result, size_text
from fwtui.model.footer import Hint
from fwtui.model.key_names import USUAL, KeyNames, named_key
from fwtui.model.segments import Line, Segment, clip, cut_middle, line
from fwtui.model.status import DONE_STATES, LOOKS, State
from fwtui.model.text import count_of
from fwtui.model.times import about_text, minute_text
from fwtui.model.views import RunView, TaskView

__all__ = [
    "SCOPES",
    "Button",
    "DialogSpec",
    "clear_dialog",
    "quit_dialog",
    "run_again_dialog",
    "run_all_dialog",
    "scope_names",
    "stop_dialog",
]

SCOPES = ("this", "downstream", "upstream", "failed", "all", "pattern")
_OF_CHOSEN = ("this", "downstream", "upstream")
_LISTED = 4
_ENTRY = 58


@dataclass(frozen=True, slots=True)
class Button:
    """One way out of a dialog.

    Attributes:
        key_id: id of the key that is shown.
        shown: that key.
        keys: all keys that do it, as Textual calls them.
        answer: what the dialog then returns; "" changes nothing.
    """

    key_id: str
    shown: str
    keys: tuple[str, ...]
    label: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class DialogSpec:
    """A dialog's content; a line of its body may be longer than the dialog is wide."""

    title: str
    body: tuple[Line, ...]
    buttons: tuple[Button, ...]

    @property
    def hints(self) -> list[Hint]:
        """The keys in the footer while it is open."""
        return [Hint(((button.shown, button.key_id),), _lower(button.label)) for button in self.buttons]


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]


def _spec(title: str, text: str | Sequence[str], first: Button, *others: Button) -> DialogSpec:
    texts = [text] if isinstance(text, str) else text
    return DialogSpec(title, tuple(line(each) for each in texts), (first, *others))


def _button(names: KeyNames, ids: str, label: str, answer: str = "") -> Button:
    """Return a button with the keys of some ids, of which the first is shown."""
    first, *_ = found = ids.split()
    keys = tuple(key for key_id in found for key in names.keys(key_id))
    return Button(first, names.shown(first), keys, label, answer)


def _enter(names: KeyNames, label: str, answer: str) -> Button:
    return _button(names, "dialog.first", label, answer)


def _esc(names: KeyNames, label: str) -> Button:
    return _button(names, "dialog.last", label)


def run_all_dialog(view: RunView, names: KeyNames = USUAL) -> DialogSpec:
    """Run everything again?"""
    left = set(view.plan.names(Action.LEAVE))
    known = [view.durations[name] for name in view.tasks if name in view.durations and name not in left]
    about = f", {about_text(sum(known))}" if known else ""
    runs = "runs" if view.selected == 1 else "run"
    text = f"{count_of(view.selected, 'task')} {runs}{about}. Results are replaced one by one, as each task finishes."
    first = _enter(names, f"Run all {view.selected:,}", "yes")
    return _spec("Run everything again?", text, first, _esc(names, "Keep results"))


def run_again_dialog(view: RunView, chosen: Sequence[TaskView], hidden: int = 0, names: KeyNames = USUAL) -> DialogSpec:
    """Run again what is done?"""
    done = [task for task in chosen if task.state in DONE_STATES]
    planned = [view.plan.tasks.get(task.name) for task in done]
    current = all(plan is not None and plan.action is Action.REUSE for plan in planned)
    how = "done and up to date" if current else "done"
    if len(chosen) == 1:
        text = [f"{done[0].title} is {how}. Its result is replaced when it finishes."]
        first, last = _enter(names, "Run 1 task", "yes"), _esc(names, "Keep it")
    else:
        verb = "is" if len(done) == 1 else "are"
        text = [f"{len(done):,} of {count_of(len(chosen), 'task')} {verb} {how}."]
        text.append("Results are replaced one by one, as each task finishes.")
        first, last = _enter(names, f"Run {len(chosen):,} tasks", "yes"), _esc(names, "Keep them")
    return _spec("Run again what is done?", [*text, *_marked(len(chosen), hidden)], first, last)


def _marked(number: int, hidden: int) -> list[str]:
    return [f"{number:,} marked, {hidden:,} hidden by the filter."] if hidden else []


def _few(titles: Sequence[str]) -> str:
    if len(titles) <= _LISTED:
        return ", ".join(titles)
    return f"{', '.join(titles[:_LISTED])} and {len(titles) - _LISTED:,} more"


def stop_dialog(view: RunView, names: KeyNames = USUAL, *, isolated: bool = False) -> DialogSpec:
    """Stop at once? Without a process of their own (``isolated``), the threads of tasks cannot be ended."""
    tasks = [view.tasks[name] for name in view.tasks if name in view.in_flight]
    verb, their = ("is", "Its") if len(tasks) == 1 else ("are", "Their")
    who = f": {_few([task.title for task in tasks])}" if tasks else ""
    kept = f"; {count_of(view.done, 'done task')} {'is' if view.done == 1 else 'are'} kept" if view.done else ""
    text = [f"{count_of(len(tasks), 'task')} {verb} running{who}. {their} work is lost{kept}."]
    if tasks and not isolated:
        thread, it = ("Its thread", "it") if len(tasks) == 1 else ("Their threads", "them")
        text.append(f"{thread} may go on until fwtui ends, also beside the next run. With --isolate a stop ends {it}.")
    return _spec(
        "Stop at once?",
        text,
        _enter(names, "Stop now", "yes"),
        _esc(names, "Let them finish" if len(tasks) != 1 else "Let it finish"),
    )


def quit_dialog(view: RunView, now: float, names: KeyNames = USUAL, *, word: str = "quit") -> DialogSpec:
    """Quit while running? ``word`` is what the person does then."""
    tasks = [view.tasks[name] for name in view.tasks if name in view.in_flight]
    verb = "is" if len(tasks) == 1 else "are"
    needs = [
        max(0.0, view.durations[task.name] - (now - task.started_at))
        for task in tasks
        if task.name in view.durations and task.started_at is not None
    ]
    about = f", the longest needs {about_text(max(needs))} more" if needs else ""
    if len(tasks) == 1 and needs:
        about = f", it needs {about_text(needs[0])} more"
    finish = (
        f"Finish, then {word}"
        if not tasks
        else f"Finish {'this' if len(tasks) == 1 else 'these'} {len(tasks):,}, then {word}"
    )
    return _spec(
        f"{word.capitalize()} while running?",
        f"{count_of(len(tasks), 'task')} {verb} running{about}.",
        # The key that asked is the next step of the ladder.
        _button(names, "dialog.first dialog.yes leave.quit", finish, "finish"),
        _button(names, "run.stop_now", f"Stop now and {word}", "now"),
        _button(names, "dialog.last dialog.no", "Stay"),
    )


def _forgettable(view: RunView, name: str) -> bool:
    record = view.records.get(name)
    if record is None or record.cleared:
        return False
    ended = record.status in (TaskStatus.COMPLETED, TaskStatus.FAILED)
    return ended or record.interrupted or record.digest is not None


def scope_names(view: RunView, chosen: Sequence[str], scope: str, pattern: str = "") -> list[str]:
    """Return the tasks of a scope that have something to forget, in the workflow's order."""
    wanted: set[str]
    match scope:
        case "this":
            wanted = set(chosen)
        case "downstream":
            wanted = _reach(view, chosen, down=True)
        case "upstream":
            wanted = _reach(view, chosen, down=False)
        case "failed":
            wanted = {name for name, task in view.tasks.items() if task.state in (State.FAILED, State.TIMED_OUT)}
        case "all":
            wanted = set(view.tasks)
        case _:
            wanted = {name for name in view.tasks if pattern and fnmatchcase(name, pattern)}
    return [name for name in view.tasks if name in wanted and _forgettable(view, name)]


def _reach(view: RunView, start: Sequence[str], *, down: bool) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        name = todo.pop()
        near = view.dependents.get(name, ()) if down else view.tasks[name].info.deps
        fresh = [each for each in near if each in view.tasks and each not in found]
        found.update(fresh)
        todo += fresh
    return found


def _forgotten_line(view: RunView, name: str) -> Line:
    task, record = view.tasks[name], view.records[name]
    look = LOOKS[task.state]
    parts = [task.state.value]
    if task.finished_at is not None:
        parts = [f"{task.state.value} {minute_text(task.finished_at)}"]
    if record.digest is not None and task.summary:
        parts += [short_result(task.summary), *([size_text(task.size)] if task.size else [])]
    elif task.error:
        parts.append(task.error)
    said = ", ".join(parts)
    title = cut_middle(task.title, 24)
    return clip(line(Segment(look.icon, look.icon_role), f" {title}   ", Segment(said, "muted")), _ENTRY)


def clear_dialog(
    view: RunView,
    chosen: Sequence[str],
    scope: str,
    pattern: str = "",
    *,
    hidden: int = 0,
    names: KeyNames = USUAL,
) -> DialogSpec:
    """Clear: which results are forgotten, by scope.

    Args:
        view: the workflow.
        chosen: the selected task, or the marked ones.
        scope: one of ``SCOPES``.
        pattern: a glob, for the scope of that name.
        hidden: how many of these a filter hides.
        names: the keys as the person has them.
    """
    cleared = scope_names(view, chosen, scope, pattern)
    body: list[Line] = [_scopes(scope, several=len(chosen) > 1), ()]
    if scope == "pattern":
        body += [line(Segment("Pattern  ", "muted"), pattern, "▏"), ()]
    body += [_forgotten_line(view, name) for name in cleared[:_LISTED]]
    if len(cleared) > _LISTED:
        body.append(line(Segment(f"  and {len(cleared) - _LISTED:,} more", "muted")))
    body += [line(text) for text in _marked(len(chosen), hidden if scope in _OF_CHOSEN else 0)]
    if not cleared:
        body.append(line("None of these has a result."))
        return DialogSpec("Clear", tuple(body), (_button(names, "dialog.last dialog.first", "Close"),))
    one = len(cleared) == 1
    dependents = _reach(view, cleared, down=True) - set(cleared)
    body += [
        (),
        line(
            "Its result is forgotten and it runs again next time."
            if one
            else "Their results are forgotten and they run again next time."
        ),
    ]
    if dependents:
        verb, they, run = ("depends", "it", "runs") if len(dependents) == 1 else ("depend", "they", "run")
        on, its, differs = ("it", "its result", "differs") if one else ("them", "their results", "differ")
        what = count_of(len(dependents), "task")
        body.append(line(f"{what} {verb} on {on}; {they} {run} again if {its} {differs}."))
    until = " undoes this until it has run." if one else " undoes this until they have run."
    body.append(names.said(line(named_key("change.undo"), until)))
    first = _enter(names, f"Clear {count_of(len(cleared), 'task')}", "clear")
    return DialogSpec("Clear", tuple(body), (first, _esc(names, "Keep all")))


def _scopes(scope: str, *, several: bool) -> Line:
    parts: list[str | Segment] = [Segment("Scope   ", "muted")]
    for number, word in enumerate(SCOPES):
        shown = "marked" if word == "this" and several else word
        # Brackets take the place of the blanks on both sides, so that nothing moves with the scope.
        parts.append(Segment(f"[{shown}]", "strong") if word == scope else f" {shown} ")
        parts.append(" " if number == 0 and not several else "")
    return line(*parts)
