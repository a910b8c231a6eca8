"""The timeline, to the cell: picture G at its three widths, and what else a run may have been."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scenes import EDGES, RUN_31, at, failed_picture

from flowweaver.records import AttemptRecord
from fwtui.model.segments import plain
from fwtui.model.timeline import timeline_of
from fwtui.model.timeline_lines import RowFacts, axis_line, frame_for, legend_lines, row_line, title_text
from fwtui.model.timeline_window import Window, axis_of, horizon_of
from fwtui.model.views import idle_view

BEGAN = at("10:42:03.1")
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


RUN_31_ATTEMPTS = {
    "extract_flights": attempts("extract_flights", (0, 0.9)),
    "extract_weather": attempts("extract_weather", (0, 0.1), (0.4, 0.8)),
    "extract_airlines": attempts("extract_airlines", (0, 0.12)),
    "extract_airports": attempts("extract_airports", (0, 0.12)),
    "validate_flights": attempts("validate_flights", (0.9, 1.6)),
    "join_delays": attempts("join_delays", (1.6, 2.4), (3.4, 4.2), (5.7, 6.5, "failed")),
}


def run_31(path="", **changes):
    """The view of the story, with every attempt of its run."""
    run = RUN_31._replace(started_at=BEGAN, finished_at=ENDED, **changes)
    return idle_view(replace(failed_picture(path), runs=(run,), attempts=RUN_31_ATTEMPTS))


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
