"""The footer: the keys that make sense now, the likeliest first, each with the number of tasks it would act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fwtui.model.header import WIDE
from fwtui.model.segments import Line, Segment, cells, line
from fwtui.model.status import FAILURES, State
from fwtui.model.views import RunView, TaskView

__all__ = ["FooterFacts", "Hint", "compose", "fitting", "hint_at", "hints_for"]


@dataclass(frozen=True, slots=True)
class Hint:
    """One key in the footer.

    Attributes:
        key: as it is shown.
        label: what it does.
        action: what a click on it does, "" for nothing.
        wide: shown only where there is room for the long footer.
    """

    key: str
    label: str
    action: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class FooterFacts:
    """What decides the footer beside the view.

    Attributes:
        part: "tasks", "log", "details", "output": where the focus is.
        full: the pane has the whole screen.
        typing: "filter" or "search" while one is typed, else "".
        chosen: the tasks that a key would act on: the marked ones, else the selected one.
        broken: the file on disk does not load.
        searching: a search in the log holds.
    """

    part: str = "tasks"
    full: bool = False
    typing: str = ""
    chosen: tuple[TaskView, ...] = ()
    broken: bool = False
    searching: bool = False


_HELP = Hint("?", "help", "help")
_QUIT = Hint("q", "quit", "quit_or_back")
_AGAIN_STATES = frozenset({State.DONE, State.REUSED})


def hints_for(view: RunView, facts: FooterFacts) -> list[Hint]:
    """Return the footer's keys for this moment, help and quit last; typing leaves no other key."""
    if facts.typing == "filter":
        return [Hint("enter", "keep filter"), Hint("esc", "drop filter"), Hint("↑↓", "move")]
    if facts.typing == "search":
        return [Hint("enter", "next match"), Hint("esc", "end search")]
    if facts.full or facts.part != "tasks":
        return [*_in_pane(view, facts), _HELP, replace(_QUIT, label="back") if facts.full else _QUIT]
    return [*_in_tasks(view, facts), _HELP, _QUIT]


def _in_pane(view: RunView, facts: FooterFacts) -> list[Hint]:
    hints = [Hint("esc", "back" if facts.full else "tasks", "back"), Hint("/", "search", "find")]
    if facts.searching:
        hints += [Hint("n", "next", "match(1)"), Hint("N", "previous", "match(-1)")]
    if facts.part == "log":
        hints.append(Hint("G", "follow" if view.running else "end"))
        hints.append(Hint("w", "wrap", "wrap"))
        if facts.chosen and facts.chosen[0].attempt > 1:
            hints.append(Hint("[ ]", "attempt"))
    hints.append(Hint("y", "copy", "copy"))
    if not view.running:
        hints.append(Hint("e", "edit", "edit"))
    return hints


def _retry(facts: FooterFacts) -> Hint:
    again = any(task.state in _AGAIN_STATES for task in facts.chosen)
    number = f" {len(facts.chosen)}" if len(facts.chosen) > 1 else ""
    return Hint("t", ("run again" if again else "retry") + number, "run_again")


def _number(view: RunView) -> str:
    return f"{view.to_run:,}" + (f", {view.maybe:,} maybe" if view.maybe else "")


def _in_tasks(view: RunView, facts: FooterFacts) -> list[Hint]:
    log = Hint("enter", "log", "full_log", wide=True)
    edit, find = Hint("e", "edit", "edit"), Hint("/", "filter", "find")
    failure, clear = Hint("f", "failure", "failure(1)"), Hint("x", "clear", "clear")
    details = Hint("d", "details", "show('details')", wide=True)
    if view.running:
        stop = Hint("s", "stop at once", "stop") if view.stopping else Hint("s", "stop", "stop")
        return [stop, failure, replace(log, wide=False), details, find]
    if view.holder is not None:
        return [replace(log, wide=False), replace(details, wide=False), find]
    if facts.broken:
        return [edit, replace(log, wide=False), replace(details, wide=False), find]
    if not view.to_run and not view.maybe:
        retry = replace(_retry(facts), label="run again")
        return [Hint("R", "run all", "run_everything"), retry, replace(details, wide=False), clear, find]
    if not view.records:
        return [Hint("r", f"run all {_number(view)}", "resume"), replace(details, wide=False), edit, find]
    resume = Hint("r", f"{'run' if view.edited() else 'resume'} {_number(view)}", "resume")
    failed = [failure] if view.count(*FAILURES) and not view.edited() else []
    return [resume, _retry(facts), edit, *failed, log, details, clear, find]


def fitting(hints: Sequence[Hint], width: int) -> list[Hint]:
    """Return the hints that fit in ``width`` cells: they go from the right, but the last two stay."""
    shown = [hint for hint in hints if width >= WIDE or not hint.wide]
    while len(shown) > 2 and _width(shown) > width:
        del shown[-3]
    while len(shown) > 1 and _width(shown) > width:
        del shown[0]
    return shown


def _width(hints: Sequence[Hint]) -> int:
    return sum(cells(hint.key) + 1 + cells(hint.label) + 2 for hint in hints) - 1


def compose(hints: Sequence[Hint], width: int) -> Line:
    """Return the footer as a line."""
    parts: list[str | Segment] = [" "]
    for number, hint in enumerate(fitting(hints, width)):
        parts += ["  " if number else "", Segment(hint.key, "key"), Segment(f" {hint.label}", "muted")]
    return line(*parts)


def hint_at(hints: Sequence[Hint], width: int, x: int) -> Hint | None:
    """Return the hint at a cell of the footer, None between them."""
    at = 1
    for hint in fitting(hints, width):
        end = at + cells(hint.key) + 1 + cells(hint.label)
        if at <= x < end:
            return hint
        at = end + 2
    return None
