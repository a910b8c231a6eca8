"""The two lines at the top: the verdict, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flowweaver.plan import ReasonKind
from fwtui.model.breakpoints import VERY_WIDE, WIDE
from fwtui.model.segments import Line, Segment, cut_middle, line, spread, width_of
from fwtui.model.status import COUNT_ORDER, FAILURES, LOOKS, OPEN_STATES, State
from fwtui.model.text import count_of, duration
from fwtui.model.times import about_text, clock_text
from fwtui.model.views import RunView

__all__ = ["HeaderFacts", "progress_line", "states_at", "verdict", "verdict_line"]


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header says that is not in a view.

    Attributes:
        spinner: the glyph of a run that goes on, of this moment.
        watching: saves of the file are noticed.
        edited: the file was saved during the run that goes on.
        broken: the file on disk does not load.
        auto: a save starts a run.
        past: an old run is shown, and nothing of it can be changed.
        ascii: only ASCII can be drawn.
        seconds: how long the run that goes on still needs, or a resume would; None if that is not known.
    """

    spinner: str = "⠋"
    watching: bool = True
    edited: bool = False
    broken: bool = False
    auto: bool = False
    past: bool = False
    ascii: bool = False
    seconds: float | None = None


def verdict(view: RunView, facts: HeaderFacts, *, wide: bool = True) -> Line:
    """Return the first line's judgement: one icon and one phrase."""
    if facts.broken and not view.going_on and not facts.past:
        return line(Segment("does not load", "error"))
    icons = {state: (look.ascii if facts.ascii else look.icon) for state, look in LOOKS.items()}
    if view.going_on:
        return _running(view, facts)
    if view.run is None and not view.records:
        return line(Segment("never ran", "muted"))
    if view.edited():
        return line(Segment(f"~ {_edited(view, wide=wide)}", "warning"))
    return _ended(view, icons)


def _ended(view: RunView, icons: Mapping[State, str]) -> Line:
    first = view.first_failure()
    if first is not None:
        several = view.count(*FAILURES)
        said = f"failed at {first.title}" if several == 1 else f"{several} failed, first {first.title}"
        return line(Segment(f"{icons[State.FAILED]} {said}", "error"))
    run = view.run
    if run is not None and run.outcome in ("cancelled", "interrupted") and view.done < view.total:
        word = "stopped" if run.outcome == "cancelled" else "interrupted"
        return line(Segment(f"{icons[State.STOPPED]} {word} after {view.done:,} of {view.total:,}", "warning"))
    pending = view.to_run + view.maybe
    if view.done == view.total and not pending:
        reused = view.count(State.REUSED)
        return line(
            Segment(icons[State.DONE], "done"),
            Segment(f" all {view.total:,} done" + (f", {reused:,} reused" if reused else "")),
        )
    return line(Segment(_amount(view))) if pending else _part_done(view, icons)


def _part_done(view: RunView, icons: Mapping[State, str]) -> Line:
    """Return the judgement where nothing is to be run although not every task is done."""
    run = view.run
    if view.selected < view.total:
        left = view.total - view.selected
        return line(Segment(icons[State.DONE], "done"), Segment(f" {view.selected:,} selected done, {left:,} left out"))
    # An old run that did not do every task there is.
    said = f"{view.done:,} of {view.total:,} done"
    if run is not None and run.outcome != "completed":
        return line(Segment(f"{icons[State.FAILED]} did not finish, {said}", "error"))
    return line(Segment(icons[State.DONE], "done"), Segment(f" {said}"))


def _running(view: RunView, facts: HeaderFacts) -> Line:
    if view.quitting or view.stopping:
        open_tasks = count_of(view.count(*OPEN_STATES), "task")
        verb = "finishes" if view.count(*OPEN_STATES) == 1 else "finish"
        word = "quitting" if view.quitting else "stopping"
        return line(Segment(f"{facts.spinner} {word}, {open_tasks} {verb}", "warning"))
    return line(Segment(f"{facts.spinner} running", "running"))


def _amount(view: RunView) -> str:
    surely, maybe = view.to_run, view.maybe
    return f"{count_of(surely, 'task')} to run" + (f", {maybe:,} maybe" if maybe else "")


def _edited(view: RunView, *, wide: bool) -> str:
    kinds = {
        reason.kind
        for task in view.edited()
        if task.name in view.plan.tasks
        for reason in view.plan.tasks[task.name].reasons
    }
    word = "edited" if ReasonKind.CODE in kinds else "changed"
    since = f" since run {view.run.run_id}" if wide and view.run is not None else ""
    return f"{word}{since}, {_amount(view)}"


def verdict_line(view: RunView, facts: HeaderFacts, width: int) -> Line:
    """Return the header's first line; the verdict is never what goes."""
    wide = width >= WIDE
    judgement = verdict(view, facts, wide=wide)
    name = Segment(view.workflow, "strong")
    long_name = line(Segment(f"{view.file} › ", "muted"), name, "   ")
    left = (*(long_name if wide else line(name, "  ")), *judgement)
    right = line(Segment(_right(view, facts), "muted"))
    room = width - 4
    if width_of(left) + width_of(right) > room:
        right = line(Segment(_watch_word(view, facts), "muted"))
    if wide and width_of(left) + width_of(right) > room:
        left = (*line(name, "   "), *judgement)
    if width_of(left) > width - 2:
        short = cut_middle(view.workflow, max(8, width - 4 - width_of(judgement)))
        left = (*line(Segment(short, "strong"), "  "), *judgement)
    return spread(left, right, width)


def _watch_word(view: RunView, facts: HeaderFacts) -> str:
    if view.holder is not None or facts.past:
        return "read-only"
    if facts.edited and view.running:
        return "edited, for the next run"
    if facts.auto:
        return "auto"
    return "watching" if facts.watching else "not watching"


def _right(view: RunView, facts: HeaderFacts) -> str:
    word = _watch_word(view, facts)
    return word if view.run is None else f"run {view.run.run_id} · {word}"


_BAR_PARTS: tuple[tuple[tuple[State, ...], str, str, str], ...] = (
    ((State.DONE, State.REUSED), "━", "#", "done"),
    ((State.FAILED, State.TIMED_OUT), "╳", "x", "error"),
    ((State.STALE,), "~", "~", "warning"),
)


def _bar(view: RunView, size: int, *, ascii_only: bool) -> list[Segment]:
    made = []
    left = size
    for states, glyph, ascii_glyph, role in _BAR_PARTS:
        number = view.count(*states)
        share = round(size * number / view.total) if view.total else 0
        share = min(left, max(share, 1 if number else 0))
        left -= share
        made.append(Segment((ascii_glyph if ascii_only else glyph) * share, role))
    made.append(Segment(("." if ascii_only else "╌") * left, "disabled"))
    return made


def _counts(view: RunView, facts: HeaderFacts) -> list[tuple[Line, tuple[State, ...]]]:
    """Return the counts, each with the states that it counts."""
    made = []
    for states in COUNT_ORDER:
        number = view.count(*states)
        if number:
            look = LOOKS[states[0]]
            icon = Segment(look.ascii if facts.ascii else look.icon, look.icon_role)
            made.append((line(icon, f" {number:,}"), tuple(state for state in states if view.count(state))))
    return made


_BETWEEN = "  "


def _progress(view: RunView, facts: HeaderFacts, width: int) -> tuple[Line, int]:
    """Return what fits of bar, fraction and counts, and the cell of the header at which the counts begin, 0 if gone."""
    fraction = Segment(f"{view.done:,}/{view.total:,} done")
    size = 20 if width < WIDE else 30 if width < VERY_WIDE else 40
    bar = line(*_bar(view, size, ascii_only=facts.ascii), "  ", fraction)
    left_behind = "" if not view.threads_left else f"   {count_of(len(view.threads_left), 'thread')} left behind"
    counts: list[str | Segment] = []
    for count, _ in _counts(view, facts):
        counts += [_BETWEEN if counts else "", *count]
    full = line(*bar, "   ", *counts, Segment(left_behind, "warning"))
    if width_of(full) <= width - 2:
        return full, 1 + width_of(bar) + 3
    return (bar if width_of(bar) <= width - 2 else line(fraction)), 0


def progress_line(view: RunView, facts: HeaderFacts, width: int, now: float) -> Line:
    """Return the header's second line: bar, fraction, counts, and times at its right end.

    What does not fit goes in this order: the times, the counts, the bar. The fraction never goes.
    """
    left, counts = _progress(view, facts, width)
    right = line(Segment(_times(view, facts, now, wide=width >= WIDE), "muted"))
    return spread(left, right if counts else (), width)


def states_at(view: RunView, facts: HeaderFacts, width: int, x: int) -> tuple[State, ...]:
    """Return the states whose count is at a cell of the second line, () between them."""
    _, at = _progress(view, facts, width)
    for count, states in _counts(view, facts) if at else ():
        if at <= x < at + width_of(count):
            return states
        at += width_of(count) + len(_BETWEEN)
    return ()


def _times(view: RunView, facts: HeaderFacts, now: float, *, wide: bool) -> str:
    run = view.run
    if view.going_on and run is not None:
        passed = duration(now - run.started_at)
        return passed if facts.seconds is None else f"{passed} · {about_text(facts.seconds)} left"
    if view.edited():
        return "" if facts.seconds is None else f"{about_text(facts.seconds)} to run"
    if run is None or run.duration is None or run.finished_at is None:
        return ""
    hours = f"{clock_text(run.started_at)} to {clock_text(run.finished_at)} · " if wide else ""
    return f"{hours}{duration(run.duration)}"
