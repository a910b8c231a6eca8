"""What stands round a drawn graph: its title, what lies beyond it, the selected task, and a bar for each layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fwtui.model.graph.part import MOST_AT_ONCE, Part
from fwtui.model.graph.shape import Shape
from fwtui.model.segments import Line, Segment, cells, clip, cut_middle, line, pad_end
from fwtui.model.status import DONE_STATES, FAILURES, LOOKS, OPEN_STATES, State
from fwtui.model.text import count_of
from fwtui.model.views import RunView, TaskView
from fwtui.model.words import time_text, why_text

__all__ = ["WALK_HINT", "Surroundings", "beyond_lines", "foot_lines", "graph_title", "layer_lines", "task_lines"]

WALK_HINT = "arrows walk the edges"

_LABEL = 8
_LONGEST = 32
_BAR_MOST = 14
_ATTEMPTED = {State.DONE, State.STOPPED, State.INTERRUPTED, *FAILURES}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the lines round a graph are made for.

    Attributes:
        width: cells of a line.
        wide: there is room for the long forms.
        now: seconds since the epoch.
        ascii: only ASCII can be drawn.
    """

    width: int
    wide: bool
    now: float
    ascii: bool = False


def graph_title(shape: Shape, part: Part, filter_text: str = "", matches: Collection[str] | None = None) -> str:
    """Return what stands at the right end of the rule above a graph."""
    total, shown = len(shape.needs), len(part.layout.nodes)
    if matches is not None and filter_text:
        return f"filter: {filter_text}, {len(matches):,} of {total:,}"
    if shown < total:
        return f"{shown:,} of {count_of(total, 'task')}"
    return f"{count_of(total, 'task')}, {count_of(shape.depth, 'layer')}"


def foot_lines(
    view: RunView,
    shape: Shape,
    part: Part,
    selected: str | None,
    around: Surroundings,
    room: int,
    *,
    details: bool = True,
) -> list[Line]:
    """Return what stands below a graph, in at most ``room`` lines; where there are too few, blank lines go first.

    Args:
        view: the workflow.
        shape: its graph.
        part: what of that is shown.
        selected: the selected task, None if there is none.
        around: what the lines are made for.
        room: how many there may be.
        details: say what the selected task is doing, needs and feeds.
    """
    task = view.tasks.get(selected or "") if details else None
    blocks = [
        layer_lines(view, shape, selected, around) if len(shape.needs) > MOST_AT_ONCE else [],
        [] if around.wide else beyond_lines(view, part, around),
        [] if task is None else task_lines(view, shape, task, around),
    ]
    made: list[Line] = [()]
    for block in blocks:
        made += [(), *block] if block else []
    if len(made) > room:
        made = [(), *(each for each in made if each)]
    return made[: max(0, room)]


def beyond_lines(view: RunView, part: Part, around: Surroundings) -> list[Line]:
    """Return which tasks the counts at both sides of a part stand for."""
    made = []
    before, after = ("<", ">") if around.ascii else ("‹", "›")
    labels = [f" {before} {len(part.before):,}", f" {len(part.after):,} {after}"]
    column = max(map(cells, labels)) + 3
    for label, names in zip(labels, (part.before, part.after), strict=True):
        if names:
            made.append(_listing(view, pad_end(label, column), names, around))
    return made


def task_lines(view: RunView, shape: Shape, task: TaskView, around: Surroundings) -> list[Line]:
    """Return what is said of the selected task: how it is, what it needs, and what it feeds."""
    look = LOOKS[task.state]
    parts = _state_parts(task, around)
    why = why_text(view, task)
    head = line(
        " ",
        Segment(f"{look.ascii if around.ascii else look.icon} ", look.icon_role),
        Segment(task.title, look.name_role or "strong"),
        Segment("".join(f"   {part}" for part in parts), look.word_role),
        Segment(f"   {why}" if why else "", look.text_role),
    )
    made = [clip(head, around.width), *([()] if around.wide else [])]
    for label, near in (("needs", shape.needs), ("feeds", shape.feeds)):
        made.append(_listing(view, pad_end(f" {label}", _LABEL), near.get(task.name, ()), around))
    return made


def _state_parts(task: TaskView, around: Surroundings) -> list[str]:
    word, time = task.state.value, time_text(task, around.now)
    if not around.wide:
        return [word, time] if time else [word]
    if task.attempt and (task.state in _ATTEMPTED or task.state in OPEN_STATES):
        of = f" of {task.attempts_allowed}" if task.info.retries else ""
        word += f"{', ' if task.state in OPEN_STATES else ' on '}attempt {task.attempt}{of}"
    return [f"{word}, {time}" if time else word]


def _listing(view: RunView, label: str, names: Sequence[str], around: Surroundings) -> Line:
    """Return names with their icons, as many as fit, and how many more there are."""
    parts = [Segment(label, "muted")]
    left = around.width - cells(label)
    for number, name in enumerate(names):
        task = view.tasks.get(name)
        if task is None:
            continue
        look = LOOKS[task.state]
        title = cut_middle(task.title, _LONGEST)
        rest = len(names) - number
        more = f"and {rest:,} more"
        # The last one may take the place that is kept for telling how many follow.
        if cells(title) + 2 + (cells(more) + 4 if rest > 1 else 0) > left:
            parts.append(Segment(more, "muted"))
            break
        parts += [Segment(look.ascii if around.ascii else look.icon, look.icon_role), Segment(f" {title}  ")]
        left -= cells(title) + 4
    if not names:
        parts.append(Segment("nothing", "muted"))
    parts[-1] = Segment(parts[-1].text.rstrip(), parts[-1].role)
    return clip(line(*parts), around.width)


def layer_lines(view: RunView, shape: Shape, selected: str | None, around: Surroundings) -> list[Line]:
    """Return a bar for each layer, and below it the layer's number and how many tasks it has.

    Where there is no room for all layers, those near that of the selected task are shown.
    """
    counts = _counts(shape, view.tasks.items())
    labels = [f"{number:,}: {found.total():,}" for number, found in enumerate(counts, 1)]
    here = shape.layer.get(selected or "", 0)
    room = around.width - _LABEL
    size = max(*map(len, labels), min(room // max(1, shape.depth) - 2, _BAR_MOST))
    shown = min(shape.depth, max(1, room // (size + 2)))
    first = min(max(0, here - shown // 2), shape.depth - shown)
    bars: list[Segment] = [Segment(pad_end(" layers", _LABEL), "muted")]
    below: list[Segment] = [Segment(pad_end(f" of {shape.depth:,}" if shown < shape.depth else "", _LABEL), "muted")]
    for layer in range(first, first + shown):
        bars += [*_bar(counts[layer], size, ascii_only=around.ascii), Segment("  ")]
        cursor = (">" if around.ascii else "›") if layer == here else " "
        below.append(Segment(pad_end(cursor + labels[layer], size + 2), "strong" if layer == here else "muted"))
    return [clip(line(*bars[:-1]), around.width), clip(line(*below), around.width)]


def _counts(shape: Shape, tasks: Iterable[tuple[str, TaskView]]) -> list[Counter[State]]:
    made: list[Counter[State]] = [Counter() for _ in range(shape.depth)]
    for name, task in tasks:
        if name in shape.layer:
            made[shape.layer[name]][task.state] += 1
    return made


_BAR_PARTS = ((DONE_STATES, "━", "#", "done"), (FAILURES, "╳", "x", "error"), ({State.STALE}, "~", "~", "warning"))


def _bar(counts: Mapping[State, int], size: int, *, ascii_only: bool) -> list[Segment]:
    total = max(1, sum(counts.values()))
    numbers = [sum(counts.get(state, 0) for state in states) for states, *_ in _BAR_PARTS]
    shares = [max(round(size * number / total), 1) if number else 0 for number in numbers]
    # What went wrong is seen however little it is: what is done makes room for it, and for what is not done.
    shares[0] = min(shares[0], size - sum(shares[1:]) - (sum(numbers) < total))
    made = [
        Segment((ascii_glyph if ascii_only else glyph) * share, role)
        for share, (_, glyph, ascii_glyph, role) in zip(shares, _BAR_PARTS, strict=True)
    ]
    return [*made, Segment(("." if ascii_only else "╌") * (size - sum(shares)), "disabled")]
