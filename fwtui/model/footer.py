"""The footer: the keys that make sense now, the likeliest first, each with the number of tasks it would act on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fwtui.model.breakpoints import WIDE
from fwtui.model.key_names import USUAL, KeyNames, joined
from fwtui.model.layout import WHOLE
from fwtui.model.segments import Line, Segment, cells, line
from fwtui.model.status import FAILURES, State
from fwtui.model.views import RunView, TaskView

__all__ = ["FooterFacts", "Hint", "compose", "fitting", "hint", "hints_for", "key_at"]


@dataclass(frozen=True, slots=True)
class Hint:
    """Keys in the footer that belong together, mostly one.

    Attributes:
        keys: each as it is shown, and its id.
        label: what they do.
        wide: shown only where there is room for the long footer.
    """

    keys: tuple[tuple[str, str], ...]
    label: str
    wide: bool = False

    @property
    def key(self) -> str:
        """The keys as they are shown."""
        return joined(shown for shown, _ in self.keys)


def hint(names: KeyNames, ids: str, label: str, *, wide: bool = False) -> Hint:
    """Return a hint for the keys of some ids, with blanks between them."""
    return Hint(tuple((names.shown(key_id), key_id) for key_id in ids.split()), label, wide)


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
        inside: it was opened from a list, to which leaving it leads back.
        names: the keys as the person has them.
    """

    part: str = "tasks"
    full: bool = False
    typing: str = ""
    chosen: tuple[TaskView, ...] = ()
    broken: bool = False
    searching: bool = False
    past: bool = False
    whole: bool = False
    inside: bool = False
    names: KeyNames = USUAL

    def hint(self, ids: str, label: str, *, wide: bool = False) -> Hint:
        """Return a hint with the person's keys."""
        return hint(self.names, ids, label, wide=wide)


_AGAIN_STATES = frozenset({State.DONE, State.REUSED})


def hints_for(view: RunView | None, facts: FooterFacts) -> list[Hint]:
    """Return the footer's keys for this moment, help and quit last; typing leaves no other key.

    Args:
        view: the workflow, None before it was loaded once.
        facts: what else decides.
    """
    if facts.typing in ("filter", "runs"):
        moves = facts.hint("typing.up typing.down", "move")
        return [facts.hint("typing.keep", "keep filter"), facts.hint("typing.drop", "drop filter"), moves]
    if facts.typing == "search":
        return [facts.hint("typing.keep", "next match"), facts.hint("typing.drop", "end search")]
    leave = away = "back" if facts.inside else "quit"
    if view is None:
        moves = facts.hint("pane.up pane.down", "scroll")
        hints = [facts.hint("look.edit", "edit"), moves, facts.hint("look.copy", "copy")] if facts.broken else []
    elif facts.part in WHOLE:
        hints = _in_view(view, facts)
        leave = "back" if facts.full or facts.part == "runs" else away
    else:
        hints = _in_tasks(view, facts) if facts.part == "tasks" else _in_pane(view, facts)
        leave = "back" if facts.full else away
    return [*hints, facts.hint("look.help", "help"), facts.hint("leave.quit", leave)]


def _in_pane(view: RunView, facts: FooterFacts) -> list[Hint]:
    hints = [facts.hint("find.back", "back" if facts.full else "tasks"), facts.hint("find.filter", "search")]
    if facts.searching:
        hints += [facts.hint("find.next", "next"), facts.hint("find.previous", "previous")]
    if facts.part == "log":
        hints.append(facts.hint("pane.bottom", "follow" if view.going_on else "end"))
        hints.append(facts.hint("look.wrap", "wrap"))
        if facts.chosen and facts.chosen[0].attempt > 1:
            hints.append(facts.hint("look.older look.newer", "attempt"))
    hints.append(facts.hint("look.copy", "copy"))
    if not view.running:
        hints.append(facts.hint("look.edit", "edit"))
    return hints


def _in_view(view: RunView, facts: FooterFacts) -> list[Hint]:
    back = facts.hint("find.back", "back" if facts.full else "leave run" if facts.past else "tasks")
    if facts.part == "runs":
        find = facts.hint("find.filter", "filter")
        return [facts.hint("runs.up runs.down", "run"), facts.hint("runs.open", "open"), back, find]
    if facts.part == "graph":
        walk = facts.hint("graph.left graph.right graph.up graph.down", "walk")
        acting = [*_acting(view, facts), *_changing(view, facts)]
        return [walk, facts.hint("graph.open", "log"), back, *acting, facts.hint("find.filter", "filter", wide=True)]
    hints = [
        facts.hint("timeline.up timeline.down", "task"),
        facts.hint("timeline.left timeline.right", "scroll"),
        facts.hint("timeline.closer timeline.farther", "zoom"),
        facts.hint("timeline.open", "log", wide=True),
        back,
    ]
    return [*hints, *(replace(each, wide=each.keys[0][1] == "run.again") for each in _acting(view, facts))]


def _changing(view: RunView, facts: FooterFacts) -> list[Hint]:
    """Return how the selected task may be changed, where there is room to say it."""
    if view.running or facts.past or view.holder is not None:
        return []
    return [facts.hint("look.edit", "edit", wide=True), facts.hint("change.clear", "clear", wide=True)]


def _acting(view: RunView, facts: FooterFacts) -> list[Hint]:
    """Return what may be run from a view that is not the tasks'."""
    if facts.past or view.holder is not None:
        return []
    if view.running:
        return [_stop(view, facts)]
    if facts.broken or not (view.to_run or view.maybe):
        return []
    word = "run all" if not view.records else "run" if view.edited() else "resume"
    return [facts.hint("run.resume", f"{word} {_number(view)}"), _retry(facts)]


def _stop(view: RunView, facts: FooterFacts) -> Hint:
    return facts.hint("run.stop", "stop at once" if view.stopping else "stop")


def _retry(facts: FooterFacts) -> Hint:
    again = any(task.state in _AGAIN_STATES for task in facts.chosen)
    number = f" {len(facts.chosen)}" if len(facts.chosen) > 1 else ""
    return facts.hint("run.again", ("run again" if again else "retry") + number)


def _number(view: RunView) -> str:
    return f"{view.to_run:,}" + (f", {view.maybe:,} maybe" if view.maybe else "")


def _in_tasks(view: RunView, facts: FooterFacts) -> list[Hint]:
    log = facts.hint("look.full", "log", wide=True)
    edit, find = facts.hint("look.edit", "edit"), facts.hint("find.filter", "filter")
    failure, clear = facts.hint("find.failure", "failure"), facts.hint("change.clear", "clear")
    details = facts.hint("look.details", "details", wide=True)
    runs = facts.hint("look.runs", "runs")
    plan = facts.hint("run.plan", "plan", wide=not view.edited())
    graph = facts.hint("look.graph", "graph", wide=True)
    times = facts.hint("look.timeline", "timeline", wide=True)
    if view.running:
        stop = _stop(view, facts)
        going_on = any(task.state is State.RUNNING for task in facts.chosen)
        stack = [facts.hint("look.stack", "stack", wide=True)] if going_on else []
        return [stop, failure, replace(log, wide=False), replace(graph, wide=False), times, details, *stack, find]
    if view.holder is not None or facts.past:
        leave = [facts.hint("find.back", "leave run")] if facts.past else []
        return [*leave, replace(graph, wide=False), replace(times, wide=False), replace(log, wide=False), find]
    if facts.broken:
        return [edit, replace(log, wide=False), replace(details, wide=False), find]
    if not view.to_run and not view.maybe:
        retry = replace(_retry(facts), label="run again")
        everything = facts.hint("run.everything", "run all")
        return [everything, retry, replace(graph, wide=False), runs, clear, find]
    if not view.records:
        everything = facts.hint("run.resume", f"run all {_number(view)}")
        return [everything, replace(details, wide=False), edit, find]
    resume = facts.hint("run.resume", f"{'run' if view.edited() else 'resume'} {_number(view)}")
    failed = [failure] if view.count(*FAILURES) else []
    first, last = ([plan, edit], []) if view.edited() else ([edit, *failed], [plan])
    return [resume, _retry(facts), *first, log, graph, times, *last, clear, find]


def fitting(hints: Sequence[Hint], width: int, stay: int = 2) -> list[Hint]:
    """Return the hints that fit in ``width`` cells: they go from the right, but the last, so many, stay."""
    shown = [each for each in hints if width >= WIDE or not each.wide]
    while len(shown) > stay and _width(shown) > width:
        del shown[-stay - 1]
    while len(shown) > 1 and _width(shown) > width:
        del shown[0]
    return shown


def _width(hints: Sequence[Hint]) -> int:
    return sum(cells(each.key) + 1 + cells(each.label) + 2 for each in hints) - 1


def compose(hints: Sequence[Hint], width: int, stay: int = 2) -> Line:
    """Return the footer as a line."""
    parts: list[str | Segment] = [" "]
    for number, each in enumerate(fitting(hints, width, stay)):
        parts += ["  " if number else "", Segment(each.key, "key"), Segment(f" {each.label}", "muted")]
    return line(*parts)


def key_at(hints: Sequence[Hint], width: int, x: int, stay: int = 2) -> str:
    """Return the id of the key at a cell of the footer, "" between them; a label that has one key is a part of it."""
    at = 1
    for each in fitting(hints, width, stay):
        end = at + cells(each.key) + 1 + cells(each.label)
        if at <= x < end:
            if len(each.keys) == 1:
                return each.keys[0][1]
            return next((key_id for shown, key_id, start in _places(each) if 0 <= x - at - start < cells(shown)), "")
        at = end + 2
    return ""


def _places(of: Hint) -> Iterator[tuple[str, str, int]]:
    """Return each of a hint's keys, its id, and the cell at which it begins."""
    gap = (cells(of.key) - sum(cells(shown) for shown, _ in of.keys)) // max(1, len(of.keys) - 1)
    at = 0
    for shown, key_id in of.keys:
        yield shown, key_id, at
        at += cells(shown) + gap
