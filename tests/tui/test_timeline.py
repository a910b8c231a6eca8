"""The timeline, to the cell: picture G at its three widths, and what else a run may have been."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scenes import BEGAN, RUN_31, Story, at, failed_attempts, failed_picture

from flowweaver.records import AttemptRecord
from fwtui.model.folding import fold
from fwtui.model.segments import plain
from fwtui.model.timeline import Kind, pieces_of, timeline_of
from fwtui.model.timeline_lines import (
    _PATTERNS,
    RowFacts,
    axis_line,
    frame_for,
    legend_lines,
    row_line,
    title_text,
)
from fwtui.model.timeline_window import Window, axis_of, horizon_of, zoomed
from fwtui.model.views import idle_view

ENDED = BEGAN + 6.5

G_80 = """\
                       0s      1s     2s      3s     4s      5s     6s
  ◆ extract_flights    ███████                                             0.9s
    extract_weather    ▓░░███                                              0.8s
    extract_airlines   █                                                   0.1s
    extract_airports   █                                                   0.1s
  ◆ validate_flights          █████                                        0.7s
 ›◆ join_delays                    ▓▓▓▓▓▓░░░░░░░░▓▓▓▓▓▓░░░░░░░░░░░▓▓▓▓▓▓   4.9s
    summarize_delays
    load_warehouse
    write_report

 █ worked  ▓ failed  ░ waited to retry
 ◆ critical chain: these 3 decided the 6.5s"""

G_91 = """\

                       0s       1s       2s        3s       4s       5s       6s
  ◆ extract_flights    ████████                                                       0.9s
    extract_weather    ▓░░░███                                                        0.8s
    extract_airlines   █                                                              0.1s
    extract_airports   █                                                              0.1s
  ◆ validate_flights           ███████                                                0.7s
 ›◆ join_delays                       ▓▓▓▓▓▓▓░░░░░░░░░▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░▓▓▓▓▓▓▓   4.9s
    summarize_delays
    load_warehouse
    write_report

   █ worked  ▓ failed  ░ waited to retry  ◆ critical chain: these 3 decided the 6.5s"""

G_120 = """\

                       0s            1s           2s            3s            4s           5s            6s
  ◆ extract_flights    ████████████                                                                                0.9s
    extract_weather    ▓░░░░██████                                                                                 0.8s
    extract_airlines   ██                                                                                          0.1s
    extract_airports   ██                                                                                          0.1s
  ◆ validate_flights               ██████████                                                                      0.7s
 ›◆ join_delays                              ▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓   4.9s
    summarize_delays
    load_warehouse
    write_report

   █ worked  ▓ failed  ░ waited to retry  ◆ critical chain: these 3 decided the 6.5s"""


def attempts(name, *spans, run_id=31):
    """Attempts that began and ended so many seconds after the run did; the last one is good."""
    made = []
    for number, (start, end, *outcome) in enumerate(spans, 1):
        how = outcome[0] if outcome else "completed" if number == len(spans) else "failed"
        ended = None if end is None else BEGAN + end
        made.append(AttemptRecord(name, number, BEGAN + start, ended, how, run_id=run_id))
    return tuple(made)


RUN_31_ATTEMPTS = failed_attempts("")


def run_31(path="", **changes):
    """The view of the story, with every attempt of its run."""
    return idle_view(replace(failed_picture(path), runs=(RUN_31._replace(**changes),)))


def drawn(view, width, *, now=ENDED, cursor="join_delays", window=Window(), ascii_only=False):
    """The timeline as lines of text, without trailing blanks."""
    timeline = timeline_of(view, now)
    longest = max(len(task.title) for task in view.tasks.values())
    frame = frame_for(width, 40, len(view.tasks), longest, timeline.reach)
    axis = axis_of(window, horizon_of(timeline), frame.bars)
    lines = [()] * frame.blank + [axis_line(frame, axis)]
    for name, task in view.tasks.items():
        facts = RowFacts(now, name == cursor, name in timeline.chain.names, ascii_only)
        lines.append(row_line(view, task, timeline, frame, axis, facts))
    lines += legend_lines(timeline, frame, ascii_only=ascii_only)
    return [plain(line).rstrip() for line in lines]


@pytest.mark.parametrize(("width", "picture"), [(80, G_80), (91, G_91), (120, G_120)], ids=["80", "91", "120"])
def test_g_to_the_cell(width, picture):
    assert "\n".join(drawn(run_31(), width)) == picture


def test_only_ascii_where_only_ascii_can_be_drawn():
    lines = drawn(run_31(), 80, ascii_only=True)
    assert all(line.isascii() for line in lines)
    assert lines[2] == "    extract_weather    =..###                                              0.8s"
    assert lines[6].startswith(" >* join_delays                    ======........======")
    assert lines[-2:] == [" # worked  = failed  . waited to retry", " * critical chain: these 3 decided the 6.5s"]


def test_without_colour_every_kind_of_time_is_told():
    assert len({pattern.glyph for pattern in _PATTERNS.values()}) == len(Kind) - 1  # what works now is work, too
    assert len({pattern.ascii for pattern in _PATTERNS.values()}) == len(Kind) - 1


def row(view, name, width=80, **how):
    return next(line for line in drawn(view, width, **how) if name in line)


def test_attempts_of_other_runs_are_not_of_this_one():
    attempts_ = {**RUN_31_ATTEMPTS, "extract_flights": attempts("extract_flights", (-90, -80), run_id=30)}
    view = replace(run_31(), attempts=attempts_)
    view = replace(view, tasks={**view.tasks, "extract_flights": view.tasks["extract_flights"]._replace(run_id=30)})
    assert row(view, "extract_flights").split() == ["extract_flights", "from", "run", "30"]
    # What it gave was there from the start: validate_flights only needed extract_airports of this run.
    assert drawn(view, 80)[-1] == " ◆ critical chain: these 3 decided the 6.5s, 0.8s of it waiting to start"


def test_a_task_that_was_left_out_has_no_bar_and_no_words():
    view = run_31()
    tasks = {**view.tasks, "extract_flights": view.tasks["extract_flights"]._replace(run_id=30, left=True)}
    view = replace(view, tasks=tasks, attempts={**RUN_31_ATTEMPTS, "extract_flights": ()})
    assert row(view, "extract_flights").split() == ["extract_flights"]


def running(now, *events):
    picture = replace(failed_picture(""), runs=(), attempts={}, records={})
    return fold(idle_view(picture), events), now


def test_while_a_run_goes_on_what_runs_ends_now():
    view, now = running(at("10:42:03.6"), *Story().running())
    lines = drawn(view, 80, now=now, cursor="extract_flights")
    assert lines[0].split() == ["0s", "0.2s", "0.4s", "0.6s", "0.8s"]  # its axis grows by steps
    assert row(view, "extract_flights", now=now).split() == ["◆", "extract_flights", "█" * 29, "0.6s"]
    assert row(view, "extract_weather", now=now).split() == ["extract_weather", "▓" * 5 + "░" * 24, "0.6s"]
    assert row(view, "validate_flights", now=now).split() == ["validate_flights"]
    assert lines[-1] == " ◆ critical chain: 1 task so far"


def test_the_axis_of_a_run_that_goes_on_keeps_its_place_until_it_has_to_grow():
    view, _ = running(0.0, *Story().running())
    horizons = [horizon_of(timeline_of(view, at("10:42:03") + seconds)) for seconds in (0.2, 0.9, 1.0, 1.1, 3.5, 4.9)]
    assert horizons == [1, 1, 1, 1.5, 5, 5]


def test_an_interrupted_attempt_has_a_start_and_no_end():
    ended = {**RUN_31_ATTEMPTS, "join_delays": attempts("join_delays", (1.6, None, "interrupted"))}
    run = RUN_31._replace(started_at=BEGAN, finished_at=None, outcome="interrupted")
    view = idle_view(replace(failed_picture(""), runs=(run,), attempts=ended))
    assert row(view, "join_delays").split() == ["›", "join_delays", "▒"]
    lines = drawn(view, 80)
    assert lines[-2:] == [" █ worked  ▓ failed  ▒ stopped  ░ waited to retry", " nobody saw the end of run 31"]
    # How long it is follows from the last moment that anything is known of.
    assert title_text(timeline_of(view, ENDED)) == "run 31, 1.6s"


def test_time_that_the_chain_waited_is_told():
    view = replace(run_31(), attempts={"join_delays": attempts("join_delays", (2.0, 6.5, "failed"))})
    assert drawn(view, 80)[-1] == " ◆ critical chain: 1 task decided the 6.5s, 2.0s of it waiting to start"


def test_a_run_in_which_nothing_ran_says_so():
    assert drawn(replace(run_31(), attempts={}), 80)[-1] == " no task of run 31 has run"


def test_nothing_is_made_up_between_attempts_of_which_one_is_not_known():
    first, _, third = RUN_31_ATTEMPTS["join_delays"]
    kinds = [piece.kind for piece in pieces_of([first, third], ENDED, going_on=False)]
    assert kinds == [Kind.FAILED, Kind.FAILED]


def test_a_moment_is_seen_even_where_it_takes_less_than_a_cell():
    quick = {"join_delays": attempts("join_delays", (0, 0.001), (0.002, 0.003), (3, 3.001), (6.499, 6.5, "failed"))}
    assert row(replace(run_31(), attempts=quick), "join_delays").split()[2] == "▓" + "░" * 22 + "▓" + "░" * 24 + "▓"


def test_zoomed_in_what_lies_beyond_is_pointed_at():
    window = zoomed(Window(), 2, 6.5, 49, 3.0)
    assert row(run_31(), "extract_weather", window=window).split() == ["extract_weather", "‹", "0.8s"]
    assert row(run_31(), "join_delays", window=window).split()[2:4] == ["▓" * 4 + "░" * 31 + "▓" * 14, "4.9s"]
    assert row(run_31(), "load_warehouse", window=window).split() == ["load_warehouse"]


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, "run 31, 6.5s"),
        ({"zoom": 2}, "run 31, 6.5s, zoom 4x"),
        ({"left": 3.0}, "run 31, 6.5s"),
    ],
)
def test_title(facts, text):
    assert title_text(timeline_of(run_31(), ENDED), **facts) == text


def test_title_of_a_run_that_goes_on():
    view, now = running(at("10:42:03.6"), *Story().running())
    timeline = timeline_of(view, now)
    assert title_text(timeline, left=3.6) == "run 31, 0.6s, about 4s left"
    assert title_text(timeline, left=3.6, width=80) == "run 31, 0.6s"
    assert title_text(None) == ""


def test_where_there_is_little_room_the_legend_goes_first():
    assert frame_for(80, 24, 9, 16, 6.5).foot == 3
    assert (frame_for(80, 6, 9, 16, 6.5).foot, frame_for(80, 6, 9, 16, 6.5).rows) == (0, 5)
    assert frame_for(120, 24, 2_000, 16, 6.5).rows == 20
    assert frame_for(80, 1, 9, 16, 6.5).rows == 0
