"""The footer: the keys that make sense now, the likeliest first, each with the number of tasks it would act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fwtui.model.header import WIDE
from fwtui.model.layout import WHOLE
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
        part: "tasks", "log", "details", "output", "graph", "timeline", "runs": where the focus is.
        full: the pane has the whole screen.
        typing: "filter", "search" or "runs" while that is typed, else "".
        chosen: the tasks that a key would act on: the marked ones, else the selected one.
        broken: the file on disk does not load.
        searching: a search in the log holds.
        past: an old run is shown, read-only.
        whole: the pane has taken the place of the tasks.
    """

    part: str = "tasks"
    full: bool = False
    typing: str = ""
    chosen: tuple[TaskView, ...] = ()
    broken: bool = False
    searching: bool = False
    past: bool = False
    whole: bool = False


_HELP = Hint("?", "help", "help")
_QUIT = Hint("q", "quit", "quit_or_back")
_AGAIN_STATES = frozenset({State.DONE, State.REUSED})


def hints_for(view: RunView, facts: FooterFacts) -> list[Hint]:
    """Return the footer's keys for this moment, help and quit last; typing leaves no other key."""
    if facts.typing in ("filter", "runs"):
        return [Hint("enter", "keep filter"), Hint("esc", "drop filter"), Hint("↑↓", "move")]
    if facts.typing == "search":
        return [Hint("enter", "next match"), Hint("esc", "end search")]
    if facts.part in WHOLE:
        return [
            *_in_view(view, facts),
            _HELP,
            replace(_QUIT, label="back") if facts.full or facts.part == "runs" else _QUIT,
        ]
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


def _in_view(view: RunView, facts: FooterFacts) -> list[Hint]:
    back = Hint("esc", "back" if facts.full else "leave run" if facts.past else "tasks", "back")
    if facts.part == "runs":
        return [Hint("↑↓", "run"), Hint("enter", "open"), back, Hint("/", "filter", "find")]
    open_log = Hint("enter", "log", "full_log")
    if facts.part == "graph":
        return [Hint("←→↑↓", "walk"), open_log, back, *_acting(view, facts)]
    hints = [Hint("↑↓", "task"), Hint("←→", "scroll"), Hint("+ -", "zoom"), replace(open_log, wide=True), back]
    return [*hints, *(replace(each, wide=each.key == "t") for each in _acting(view, facts))]


def _acting(view: RunView, facts: FooterFacts) -> list[Hint]:
    """Return what may be run from a view that is not the tasks'."""
    if facts.past or view.holder is not None:
        return []
    if view.running:
        return [Hint("s", "stop at once" if view.stopping else "stop", "stop")]
    if facts.broken or not (view.to_run or view.maybe):
        return []
    word = "run all" if not view.records else "run" if view.edited() else "resume"
    return [Hint("r", f"{word} {_number(view)}", "resume"), _retry(facts)]


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
    runs = Hint("h", "runs", "show('runs')")
    plan = Hint("p", "plan", "plan", wide=not view.edited())
    graph = Hint("g", "graph", "show('graph')", wide=True)
    times = Hint("i", "timeline", "show('timeline')", wide=True)
    if view.running:
        stop = Hint("s", "stop at once", "stop") if view.stopping else Hint("s", "stop", "stop")
        return [stop, failure, replace(log, wide=False), replace(graph, wide=False), times, details, find]
    if view.holder is not None or facts.past:
        leave = [Hint("esc", "leave run", "back")] if facts.past else []
        return [*leave, replace(graph, wide=False), replace(times, wide=False), replace(log, wide=False), find]
    if facts.broken:
        return [edit, replace(log, wide=False), replace(details, wide=False), find]
    if not view.to_run and not view.maybe:
        retry = replace(_retry(facts), label="run again")
        return [Hint("R", "run all", "run_everything"), retry, replace(graph, wide=False), runs, clear, find]
    if not view.records:
        return [Hint("r", f"run all {_number(view)}", "resume"), replace(details, wide=False), edit, find]
    resume = Hint("r", f"{'run' if view.edited() else 'resume'} {_number(view)}", "resume")
    failed = [failure] if view.count(*FAILURES) else []
    first, last = ([plan, edit], []) if view.edited() else ([edit, *failed], [plan])
    return [resume, _retry(facts), *first, log, graph, times, *last, clear, find]


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
