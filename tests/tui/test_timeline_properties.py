"""What holds for any run, any width, any zoom: bars keep their order and their place, and the chain is one."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from flowweaver.plan import Plan
from flowweaver.records import AttemptRecord, RunRecord
from fwtui.model.segments import plain, width_of
from fwtui.model.timeline import Kind, pieces_in, pieces_of, seconds_of, timeline_of
from fwtui.model.timeline_chain import Chain, Span, critical_chain
from fwtui.model.timeline_lines import RowFacts, axis_line, frame_for, legend_lines, row_line
from fwtui.model.timeline_window import Window, axis_of, horizon_of, scrolled, tick_text, ticks_of, zoomed
from fwtui.model.views import idle_view
from fwtui.session.port import Picture, TaskInfo

BEGAN = 1_773_484_923.0
SECONDS = st.floats(0, 40) | st.floats(0, 0.01) | st.just(0.0)
ENDS = st.sampled_from(["completed", "failed", "timed out", "cancelled", "interrupted"])


@st.composite
def attempt_lists(draw, name="task"):
    """Attempts one after the other as a run makes them; the last one may have no end that anybody saw."""
    at = BEGAN + draw(SECONDS)
    made = []
    number = draw(st.integers(1, 3))
    for place in range(count := draw(st.integers(0, 5))):
        worked, waited = draw(SECONDS), draw(SECONDS)
        last = place == count - 1
        outcome = draw(ENDS | st.none()) if last else draw(st.sampled_from(["failed", "timed out"]))
        made.append(AttemptRecord(name, number, at, None if outcome is None else at + worked, outcome, run_id=1))
        at += worked + waited
        number += draw(st.sampled_from([1, 1, 1, 2]))
    return tuple(made)


@st.composite
def runs(draw):
    """A view of a run of some tasks, on random edges; the run may go on."""
    names = [f"task_{number}" + "x" * draw(st.integers(0, 30)) for number in range(draw(st.integers(1, 5)))]
    deps = {
        name: tuple(draw(st.sets(st.sampled_from(names[:place])))) if place else () for place, name in enumerate(names)
    }
    attempts = {name: draw(attempt_lists(name)) for name in names}
    known = [attempt.finished_at or attempt.started_at for each in attempts.values() for attempt in each]
    end = max([BEGAN, *known])
    outcome = draw(st.sampled_from(["completed", "failed", "cancelled", "interrupted", None]))
    finished = None if outcome in (None, "interrupted") else end
    run = RunRecord(1, "w", BEGAN, finished, outcome)
    holder = "process 1" if outcome is None else None
    tasks = tuple(TaskInfo(name, deps[name]) for name in names)
    picture = Picture("w", "w.py", tasks, Plan({}), runs=(run,), attempts=attempts, holder=holder)
    return idle_view(picture), end + draw(SECONDS)


WIDTHS = st.integers(40, 220)


@given(attempt_lists(), st.booleans(), st.booleans())
def test_pieces_follow_one_another_and_every_attempt_is_one_of_them(attempts, going_on, retrying):
    now = BEGAN + 400
    pieces = pieces_of(attempts, now, going_on=going_on, retrying=retrying)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert all(piece.start <= piece.end for piece in pieces)
    worked = [piece for piece in pieces if piece.kind is not Kind.WAITED]
    assert [piece.start for piece in worked] == [attempt.started_at for attempt in attempts]
    total = seconds_of(pieces)
    if total is not None:
        assert math.isclose(total, sum(piece.end - piece.start for piece in pieces) + _gaps(pieces), abs_tol=1e-6)


def _gaps(pieces):
    return sum(after.start - before.end for before, after in pairwise(pieces))


@given(st.lists(st.tuples(SECONDS, SECONDS), max_size=6))
def test_attempts_whose_clock_was_set_back_still_do_not_overlap(spans):
    attempts = [
        AttemptRecord("task", number, BEGAN + start, BEGAN + end, "failed", run_id=1)
        for number, (start, end) in enumerate(spans, 1)
    ]
    pieces = pieces_of(attempts, BEGAN, going_on=False)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert all(piece.start <= piece.end for piece in pieces)


@given(runs(), WIDTHS, st.integers(1, 50), st.integers(0, 12), st.floats(0, 1))
def test_every_line_fits_and_bars_are_in_their_order(made, width, height, zoom, part):
    view, now = made
    timeline = timeline_of(view, now)
    frame = frame_for(width, height, len(view.tasks), max(map(len, view.tasks)), timeline.reach)
    horizon = horizon_of(timeline)
    axis = axis_of(Window(zoom, part * horizon), horizon, frame.bars)
    assert frame.before_bars + frame.bars < width
    assert frame.head + frame.rows + frame.foot <= max(height, 1)
    assert width_of(axis_line(frame, axis)) <= width
    for shown in legend_lines(timeline, frame):
        assert width_of(shown) <= width
    for task in view.tasks.values():
        for only_ascii in (False, True):
            line = row_line(view, task, timeline, frame, axis, RowFacts(now, ascii=only_ascii))
            assert width_of(line) < width
        pieces = pieces_of(view.attempts[task.name], now, going_on=view.run.outcome is None, retrying=False)
        _assert_in_order(_kinds(line, frame), [piece.kind for piece in pieces])
        if pieces and not zoom:
            assert _kinds(line, frame), "a task that ran has a bar"


_KINDS = {"#": Kind.WORKED, "=": Kind.FAILED, ":": Kind.STOPPED, ".": Kind.WAITED}


def _kinds(line, frame):
    """The kinds of a row of ASCII bars from left to right."""
    bars = plain(line)[frame.before_bars : frame.before_bars + frame.bars]
    return [_KINDS[glyph] for glyph, _ in groupby(bars) if glyph in _KINDS]


def _assert_in_order(seen, happened):
    rest = iter(Kind.WORKED if kind is Kind.RUNNING else kind for kind in happened)
    assert all(kind in rest for kind in seen), (seen, happened)


@given(runs(), WIDTHS, st.integers(1, 5), st.integers(0, 300))
def test_scrolling_moves_the_same_bars(made, width, zoom, by):
    """A window is a piece of the whole: what is at a cell does not depend on how one got there."""
    view, now = made
    timeline = timeline_of(view, now)
    frame = frame_for(width, 40, len(view.tasks), 10, timeline.reach)
    horizon = horizon_of(timeline)
    start = axis_of(Window(zoom), horizon, frame.bars)
    there = axis_of(scrolled(Window(zoom), by, horizon, frame.bars), horizon, frame.bars)
    moved = start.cell(0.0) - there.cell(0.0)
    assert moved == min(by, start.cell(horizon) - frame.bars)
    for seconds in (0.0, timeline.reach / 3, timeline.reach):
        assert start.cell(seconds) - there.cell(seconds) == moved


@given(st.floats(0.001, 3e6), WIDTHS, st.integers(0, 10), st.floats(0, 1), st.integers(-3, 3), st.floats(0, 1))
def test_zooming_keeps_a_moment_where_it_is(horizon, cells, zoom, part, steps, point):
    about = point * horizon
    before = Window(zoom, part * horizon)
    after = zoomed(before, steps, horizon, cells, about)
    old, new = axis_of(before, horizon, cells), axis_of(after, horizon, cells)
    assert 0 <= after.zoom <= max(zoom, zoom + steps)
    assert 0 <= new.left <= horizon
    assert new.left + cells / new.per_second <= horizon * (1 + 1e-9)
    if 0 <= old.cell(about) < cells:
        assert -1 <= new.cell(about) <= cells, "what was seen is still seen"
        free = 0 < new.left < horizon * (1 - 0.5**after.zoom) * (1 - 1e-9)
        if free and after.zoom != zoom:
            assert abs(new.cell(about) - old.cell(about)) <= 1


@given(st.floats(0.001, 3e6), st.integers(1, 160), st.integers(0, 10), st.floats(0, 1))
def test_marks_of_the_axis_fit_and_do_not_touch(horizon, cells, zoom, part):
    axis = axis_of(Window(zoom, part * horizon), horizon, cells)
    ticks = ticks_of(axis)
    assert all(at >= 0 and at + len(text) <= cells for at, text in ticks)
    assert all(before + len(text) < after for (before, text), (after, _) in pairwise(ticks))
    if not zoom and cells >= 3:
        assert ticks[0] == (0, "0s")
    if cells >= 80 and axis.per_second <= 2_000:  # nobody can zoom in further
        assert len(ticks) >= 2, "one mark alone tells nothing of how long anything is"


@given(st.integers(0, 10**9))
def test_the_name_of_a_mark_is_its_time(milliseconds):
    text = tick_text(milliseconds / 1000)
    units = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    total, digits = 0.0, ""
    for letter in text:
        if letter in units:
            total, digits = total + float(digits) * units[letter], ""
        else:
            digits += letter
    assert not digits
    assert math.isclose(total, milliseconds / 1000, abs_tol=0.0006)


@st.composite
def schedules(draw):
    """Random edges, and spans as a scheduler makes them: nothing starts before what it needs has ended."""
    count = draw(st.integers(1, 12))
    deps, spans, ends = {}, {}, {}
    for number in range(count):
        name = f"t{number}"
        deps[name] = (
            tuple(draw(st.sets(st.sampled_from([f"t{each}" for each in range(number)]), max_size=3))) if number else ()
        )
        ran = draw(st.integers(0, 5))  # some were reused
        start = max([ends[dep] for dep in deps[name]], default=BEGAN) + draw(st.sampled_from([0.0, 0.0, 0.5, 3.0]))
        end = start + draw(st.sampled_from([0.0, 0.1, 1.0, 2.0, 7.0]))
        ends[name] = end if ran else BEGAN
        if ran:
            spans[name] = Span(start, end)
    return spans, deps


@given(schedules())
def test_the_critical_chain_explains_the_whole_length(made):
    spans, deps = made
    if not spans:
        assert critical_chain("t0", spans.get, deps.__getitem__, BEGAN) == Chain()
        return
    at_end = max(spans, key=lambda name: spans[name].end)
    last = spans[at_end].end
    chain = critical_chain(at_end, spans.get, deps.__getitem__, BEGAN)
    assert chain.names[-1] == at_end
    assert all(before in deps[after] for before, after in pairwise(chain.names)), "each needed the one before it"
    worked = sum(spans[name].end - spans[name].start for name in chain.names)
    assert math.isclose(worked + chain.waited, last - BEGAN, abs_tol=1e-5)
    for before, after in pairwise(chain.names):
        assert all(spans[dep].end <= spans[before].end for dep in deps[after] if dep in spans), "it ended last"
    assert not any(dep in spans for dep in deps[chain.names[0]]), "it begins where nothing of this run is needed"


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(SECONDS, SECONDS), min_size=1))
def test_whatever_the_clocks_say_a_chain_is_a_chain(times):
    spans = {name: Span(BEGAN + start, BEGAN + start + more) for name, (start, more) in times.items()}
    deps = {name: [other for other in "abcdef" if other > name] for name in "abcdef"}
    names = critical_chain(min(spans), spans.get, deps.__getitem__, BEGAN).names
    assert list(names) == sorted(names, reverse=True)
    assert names[-1] == min(spans)
    assert len(set(names)) == len(names) > 0


def _end(view, name, now):
    pieces = pieces_in(view, view.tasks[name], now)
    return pieces[-1].end if pieces and pieces[-1].ended else -math.inf


@given(runs())
def test_the_chain_of_a_run_is_made_of_its_tasks(made):
    view, now = made
    timeline = timeline_of(view, now)
    assert set(timeline.chain.names) <= {name for name, attempts in view.attempts.items() if attempts}
    if timeline.chain.names:
        ends = {name: _end(view, name, now) for name in view.tasks}
        assert ends[timeline.chain.names[-1]] == max(ends.values()), "nothing ended after it"
    if timeline.seconds is not None and timeline.chain.names:
        assert timeline.chain.waited <= timeline.reach + 1e-6
    elsewhere = replace(view, run=replace(view.run, run_id=2))
    assert timeline_of(elsewhere, now).chain.names == ()
