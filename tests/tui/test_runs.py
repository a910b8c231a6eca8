"""The history: what each run says, what it is compared with, and an old run as the view that the table shows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import DURATIONS, EDGES, ERROR, NOW, RUN_31, Story, at, failed_picture, never_ran_picture

from flowweaver.plan import Plan
from flowweaver.records import AttemptRecord, RunRecord
from fwtui.model.folding import fold
from fwtui.model.header import HeaderFacts, verdict
from fwtui.model.runs import against, run_rows, shown_runs, usual_of_runs, usual_of_task, usual_text
from fwtui.model.runs_lines import columns_for, heading_line, run_line, title_text
from fwtui.model.runs_past import view_of_run
from fwtui.model.segments import plain, width_of
from fwtui.model.status import State
from fwtui.model.text import visible
from fwtui.model.times import when_text
from fwtui.model.views import RunView, idle_view
from fwtui.model.words import why_text
from fwtui.session.port import Picture, TaskInfo

HERE = "process 4711 on lab-3"
DAY = 86_400.0
RUNS = (
    RUN_31._replace(counts={"completed": 5, "failed": 1, "skipped": 3}),
    RunRecord(30, "etl", at("10:12:44"), at("10:12:44") + 8.5, "completed", holder=HERE, counts={"completed": 9}),
    RunRecord(
        29, "etl", at("09:58:00"), at("09:58:02"), "cancelled", counts={"completed": 5, "interrupted": 1, "pending": 3}
    ),
    RunRecord(28, "etl", at("09:50:00"), at("09:50:00") + 1.2, "completed", counts={"completed": 4, "reused": 5}),
    RunRecord(
        27,
        "etl",
        at("18:03:10") - DAY,
        None,
        "interrupted",
        holder="process 90 on lab-4",
        counts={"completed": 3, "interrupted": 1},
        known_until=at("18:03:14.5") - DAY,
    ),
    RunRecord(26, "etl", at("18:00:10") - DAY, at("18:00:17") - DAY, "completed", counts={"completed": 9}),
)

R_80 = """\
  RUN  STARTED     OUTCOME          TIME  TASKS          NOTE
›  31  10:42:03    ✗ failed         6.5s  ✓ 5  ✗ 1  ⊘ 3  at join_delays
   30  10:12:44    ✓ done           8.5s  ✓ 9            1.2x usual
   29  09:58:00    ■ stopped        2.0s  ✓ 5  ■ 1  ∙ 3  4 tasks not done
   28  09:50:00    ✓ done           1.2s  ✓ 4  ↺ 5
   27  2026-03-13  ■ interrupted    4.5s  ✓ 3  ■ 1
   26  2026-03-13  ✓ done           7.0s  ✓ 9"""

R_120 = """\
  RUN  STARTED           OUTCOME          TIME  TASKS          NOTE              BY
›  31  10:42:03          ✗ failed         6.5s  ✓ 5  ✗ 1  ⊘ 3  at join_delays    process 4711 on lab-3
   30  10:12:44          ✓ done           8.5s  ✓ 9            1.2x usual        process 4711 on lab-3
   29  09:58:00          ■ stopped        2.0s  ✓ 5  ■ 1  ∙ 3  4 tasks not done
   28  09:50:00          ✓ done           1.2s  ✓ 4  ↺ 5
   27  2026-03-13 18:03  ■ interrupted    4.5s  ✓ 3  ■ 1                         process 90 on lab-4
   26  2026-03-13 18:00  ✓ done           7.0s  ✓ 9"""


def view_with(runs, path=""):
    return idle_view(replace(failed_picture(path), runs=tuple(runs)))


def drawn(rows, width, *, cursor=31, ascii_only=False):
    columns = columns_for(rows, width, NOW)
    lines = [heading_line(columns)]
    lines += [run_line(row, columns, NOW, cursor=row.run_id == cursor, ascii_only=ascii_only) for row in rows]
    return [plain(line).rstrip() for line in lines]


@pytest.mark.parametrize(("width", "picture"), [(80, R_80), (120, R_120)], ids=["80", "120"])
def test_the_runs_to_the_cell(width, picture):
    assert "\n".join(drawn(run_rows(view_with(RUNS)), width)) == picture


def test_only_ascii_where_only_ascii_can_be_drawn():
    lines = drawn(run_rows(view_with(RUNS)), 80, ascii_only=True)
    assert all(line.isascii() for line in lines)
    assert lines[1] == ">  31  10:42:03    x failed         6.5s  + 5  x 1  - 3  at join_delays"


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**7),
            st.sampled_from(["completed", "failed", "cancelled", "interrupted", None, "unheard of"]),
            st.floats(0, 1e7),
            st.dictionaries(
                st.sampled_from(["completed", "reused", "failed", "skipped", "pending"]), st.integers(0, 10**6)
            ),
            st.text("ab\x1b\n日🙂e\u0301", max_size=60),
        ),
        max_size=5,
        unique_by=lambda run: run[0],
    ),
    st.integers(40, 200),
)
def test_every_row_fits(facts, width):
    runs = [
        RunRecord(number, "w", NOW - seconds, NOW, how, failed_task=text, holder=text, counts=counts)
        for number, how, seconds, counts, text in facts
    ]
    rows = run_rows(view_with(runs))
    columns = columns_for(rows, width, NOW)
    assert width_of(heading_line(columns)) <= width
    for row in rows:
        for only_ascii in (False, True):
            shown = run_line(row, columns, NOW, cursor=True, ascii_only=only_ascii)
            assert width_of(shown) <= width
            assert all(visible(segment.text) == segment.text for segment in shown)
            assert row.state.value in plain(shown), "without colour the outcome is told"


def test_a_run_that_goes_on_is_the_first_and_counts_what_has_happened():
    picture = replace(never_ran_picture(), runs=RUNS[1:], durations=DURATIONS)
    view = fold(idle_view(picture), Story().running())
    rows = run_rows(view)
    assert [row.run_id for row in rows] == [31, 30, 29, 28, 27, 26]
    live = rows[0]
    assert (live.going_on, live.seconds, live.who, live.note) == (True, None, "this dashboard", "")
    assert dict(live.counts) == {State.DONE: 2, State.RUNNING: 1, State.RETRYING: 1, State.WAITING: 5}
    line = plain(run_line(live, columns_for(rows, 80, NOW), at("10:42:03.6")))
    assert line.split()[:5] == ["31", "10:42:03", "▸", "running", "0.6s"]


def test_a_run_of_another_process_that_goes_on_is_told_with_its_process():
    run = RunRecord(32, "etl", at("10:42:20"), holder="process 90 on lab-4")
    view = idle_view(replace(failed_picture(""), runs=(run, *RUNS), holder="process 90 on lab-4, since 10:42"))
    assert (run_rows(view)[0].going_on, run_rows(view)[0].who) == (True, "process 90 on lab-4")


def test_several_failures_are_counted():
    run = RUNS[0]._replace(counts={"completed": 5, "failed": 3, "skipped": 1})
    assert run_rows(view_with([run]))[0].note == "at join_delays and 2 more"


def run_of(number, seconds, outcome="completed", ran=9):
    return RunRecord(number, "w", number * 1_000.0, number * 1_000.0 + seconds, outcome, counts={"completed": ran})


def test_a_run_is_compared_with_good_ones_before_it_that_did_as_much():
    runs = [
        run_of(6, 9.0),
        run_of(5, 1.0, ran=4),
        run_of(4, 50.0, "failed"),
        run_of(3, 6.0),
        run_of(2, 4.0),
        run_of(1, 5.0),
    ]
    usual = usual_of_runs(runs)
    assert usual[6] == 5.0
    assert 5 not in usual, "no other run ran 4 tasks"
    assert usual[2] == 5.0
    assert 1 not in usual


def test_what_is_usual_follows_the_last_five():
    runs = [run_of(number, 100.0 if number < 10 else 2.0) for number in range(20, 0, -1)]
    assert usual_of_runs(runs)[20] == 2.0
    assert usual_of_runs(runs)[10] == 100.0


@given(st.lists(st.tuples(st.sampled_from(["completed", "failed"]), st.floats(0, 100), st.integers(1, 3)), max_size=12))
def test_what_is_usual_is_within_what_was(made):
    runs = [run_of(len(made) - place, seconds, how, ran) for place, (how, seconds, ran) in enumerate(made)]
    usual = usual_of_runs(runs)
    for place, run in enumerate(runs):
        before = [
            other.finished_at - other.started_at
            for other in runs[place + 1 :]
            if other.outcome == "completed" and other.counts == run.counts
        ]
        assert (run.run_id in usual) == bool(before)
        if before:
            assert min(before[:5]) <= usual[run.run_id] <= max(before[:5])


@pytest.mark.parametrize(
    ("seconds", "usual", "text"),
    [
        (8.5, 7.0, "1.2x usual"),
        (3.5, 7.0, "0.5x usual"),
        (7.2, 7.0, "as usual"),
        (0.04, 0.01, "as usual"),
        (0.9, 0.0, ""),
        (0.9, None, ""),
        (90.0, 7.0, "13x usual"),
        (9_000.0, 0.9, "10,000x usual"),
        (0.1, 7.0, "under 0.1x usual"),
    ],
)
def test_how_a_duration_compares(seconds, usual, text):
    assert against(seconds, usual) == text


@pytest.mark.parametrize(
    ("seconds", "usual", "text"),
    [(2.1, 0.9, "0.9s; this time 2.3x usual"), (0.92, 0.9, "0.9s"), (None, 0.9, "0.9s"), (2.1, None, "")],
)
def test_what_details_say_of_a_tasks_time(seconds, usual, text):
    assert usual_text(seconds, usual) == text


def attempt(run, number, seconds, outcome="completed"):
    began = run * 1_000.0 + number * 100
    return AttemptRecord("task", number, began, began + seconds, outcome, run_id=run)


def test_a_tasks_usual_time_is_that_of_its_last_good_attempts():
    attempts = [attempt(1, 1, 40.0), *(attempt(run, 1, 2.0 + run / 10) for run in range(2, 7))]
    attempts += [attempt(7, 1, 99.0, "failed"), attempt(7, 2, 50.0)]
    assert usual_of_task(reversed(attempts), before=7) == pytest.approx(2.4)
    assert usual_of_task(attempts, before=1) is None
    assert usual_of_task(attempts) == pytest.approx(2.5)
    assert usual_of_task([attempt(1, 1, 9.0, "timed out"), attempt(1, 2, 0.0)._replace(finished_at=None)]) is None


def test_what_was_not_today_has_its_date():
    assert when_text(NOW, NOW) == "10:42:30"
    assert when_text(NOW - DAY, NOW) == "2026-03-13"
    assert when_text(NOW - DAY, NOW, wide=True) == "2026-03-13 10:42"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [31, 30, 29, 28, 27, 26]),
        ("done", [30, 29, 28, 26]),  # also "4 tasks not done"
        ("!done", [30, 28, 26]),
        ("!fail", [31]),
        ("join", [31]),
        ("Join", []),
        ("2026-03-13 done", [26]),
        ("lab-4", [27]),
        ("31", [31]),
        ("usual", [30]),
        ("nothing says this", []),
    ],
)
def test_the_filter_looks_at_every_word_of_a_row(text, found):
    assert [row.run_id for row in shown_runs(run_rows(view_with(RUNS)), text)] == found


def test_title():
    assert title_text(31, 31) == "31 runs"
    assert title_text(1, 1) == "1 run"
    assert title_text(0, 0) == ""
    assert title_text(31, 2, "!fail") == "filter: !fail, 2 of 31"


# -- an old run as a view ----------------------------------------------------------------------------------------------


def attempts_of_31(path=""):
    made = [attempt for own in failed_picture(path).attempts.values() for attempt in own]
    for name in ("extract_flights", "extract_airlines", "extract_airports", "validate_flights"):
        made.append(AttemptRecord(name, 1, at("10:42:03"), at("10:42:03") + DURATIONS[name], "completed", run_id=31))
    return sorted(made, key=lambda one: one.started_at)


def test_an_old_run_is_shown_as_it_was():
    now_all_done = idle_view(replace(failed_picture(""), runs=RUNS))
    view = view_of_run(now_all_done, RUNS[0], attempts_of_31())
    assert {name: task.state.value for name, task in view.tasks.items()} == {
        **dict.fromkeys(list(EDGES)[:5], "done"),
        "join_delays": "failed",
        **dict.fromkeys(list(EDGES)[6:], "skipped"),
    }
    join = view.tasks["join_delays"]
    assert (join.attempt, join.error, join.run_id, round(join.duration, 3)) == (3, ERROR, 31, 0.8)
    assert why_text(view, view.tasks["write_report"]) == "needs summarize_delays"
    assert view.tasks["write_report"].because == "join_delays"
    assert view.run.duration == 6.5
    assert not view.running
    assert (view.to_run, view.maybe, view.plan.tasks) == (0, 0, {}), "nothing can be run from it"
    assert sum(view.counts.values()) == view.total == 9


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (RUNS[0], "✗ failed at join_delays"),
        (RUNS[2], "■ stopped after 4 of 9"),
        (RUNS[4], "■ interrupted after 4 of 9"),
        (RUNS[3]._replace(counts={"completed": 4, "reused": 5}), "✓ all 9 done, 5 reused"),
        (RUNS[3]._replace(counts={"completed": 4}), "✓ 4 of 9 done"),
        (RUNS[3]._replace(outcome="failed", counts={"completed": 4, "pending": 5}), "✗ did not finish, 4 of 9 done"),
    ],
)
def test_the_verdict_on_an_old_run_is_that_of_its_own_time(run, said):
    made = [one for one in attempts_of_31() if one.outcome == "completed" and one.task_name != "extract_weather"]
    if run.failed_task is not None:
        made = attempts_of_31()
    view = view_of_run(view_with(RUNS), run, made)
    assert plain(verdict(view, HeaderFacts())) == said


def test_of_tasks_without_attempts_only_what_the_numbers_bear_out_is_said():
    some = [attempt for attempt in attempts_of_31() if attempt.task_name == "join_delays"]
    now = view_with(RUNS)
    reused = {"failed": 1, "reused": 5, "skipped": 3}
    view = view_of_run(now, RUNS[0]._replace(counts=reused), some)
    assert view.tasks["extract_flights"].state is State.REUSED
    assert view.tasks["write_report"].state is State.SKIPPED
    unlike = {"failed": 1, "reused": 4, "skipped": 2}  # the workflow had other tasks then
    view = view_of_run(now, RUNS[0]._replace(counts=unlike), some)
    for name in EDGES:
        if name != "join_delays":
            assert view.tasks[name].state is State.WAITING
            assert why_text(view, view.tasks[name]) == "did not run"


def test_a_task_that_is_gone_is_shown_at_the_end():
    old = AttemptRecord("old\x1b[2Jtask", 1, 1.0, 2.0, "completed", run_id=31)
    view = view_of_run(view_with(RUNS), RUNS[0], [old])
    assert list(view.tasks)[-1] == old.task_name
    assert view.tasks[old.task_name].title == "old\\x1b[2Jtask"


@pytest.mark.parametrize(
    ("outcome", "last", "state", "why"),
    [
        ("cancelled", "interrupted", State.STOPPED, "by you at 10:42"),
        ("interrupted", "interrupted", State.INTERRUPTED, "its process ended at 10:42"),
        ("cancelled", "failed", State.STOPPED, "by you at 10:42"),
        ("failed", "failed", State.FAILED, ERROR),
        ("failed", "timed out", State.TIMED_OUT, ERROR),
        ("completed", "completed", State.DONE, ""),
    ],
)
def test_how_the_last_attempt_of_a_task_ended(outcome, last, state, why):
    error = None if last in ("completed", "interrupted") else ERROR
    made = AttemptRecord("join_delays", 1, at("10:42:04"), at("10:42:05"), last, error, run_id=31)
    view = view_of_run(view_with(RUNS), RUN_31._replace(outcome=outcome, failed_task=None), [made])
    task = view.tasks["join_delays"]
    assert (task.state, why_text(view, task)) == (state, why)


def test_an_attempt_whose_end_nobody_saw():
    made = AttemptRecord("join_delays", 1, at("10:42:04"), None, "interrupted", run_id=27)
    view = view_of_run(view_with(RUNS), RUNS[4], [made])
    task = view.tasks["join_delays"]
    assert (task.state, task.duration, why_text(view, task)) == (State.INTERRUPTED, None, "its process ended")


NAMES = [f"t{number}" for number in range(8)]


@given(st.data())
def test_every_old_run_has_every_task_once_and_counts_that_add_up(data):
    deps = {
        name: tuple(data.draw(st.sets(st.sampled_from(NAMES[:place]), max_size=2))) if place else ()
        for place, name in enumerate(NAMES)
    }
    known = Picture("w", "w.py", tuple(TaskInfo(name, deps[name]) for name in NAMES), Plan({}))
    outcomes = data.draw(st.dictionaries(st.sampled_from([*NAMES, "gone"]), st.sampled_from(["completed", "failed"])))
    attempts = [AttemptRecord(name, 1, 10.0, 11.0, how, run_id=3) for name, how in outcomes.items()]
    words = ["completed", "reused", "failed", "skipped", "pending"]
    counts = data.draw(st.dictionaries(st.sampled_from(words), st.integers(0, 5)))
    run = RunRecord(3, "w", 9.0, 12.0, "failed", counts=counts)
    view = view_of_run(idle_view(known), run, attempts)
    assert list(view.tasks) == NAMES + [name for name in outcomes if name == "gone"]
    assert sum(view.counts.values()) == view.total
    for name, task in view.tasks.items():
        if name in outcomes:
            assert task.state is (State.DONE if outcomes[name] == "completed" else State.FAILED)
        elif task.state is State.SKIPPED:
            assert outcomes[task.because] == "failed"
            assert _leads_to(deps, task.because, name)
    assert view.counts.get(State.SKIPPED, 0) in (0, counts.get("skipped", 0))
    assert view.counts.get(State.REUSED, 0) in (0, counts.get("reused", 0))


def _leads_to(deps, ancestor, name):
    return any(dep == ancestor or _leads_to(deps, ancestor, dep) for dep in deps[name])


def test_rows_are_made_of_nothing_when_nothing_ran():
    assert run_rows(RunView("w", "w.py")) == []
    assert all(before.run_id > after.run_id for before, after in pairwise(run_rows(view_with(RUNS))))
