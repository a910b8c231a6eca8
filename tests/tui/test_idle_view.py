"""What is stored becomes what is shown: one state and one reason for every kind of record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scenes import (
    CHANGED,
    EDGES,
    ERROR,
    HOLDER,
    RUN_31,
    SKIPPED,
    at,
    but,
    done_picture,
    failed_picture,
    followed_picture,
    never_ran_picture,
    plan_of,
    record,
    stale_picture,
)

from flowweaver.plan import Action, Reason, ReasonKind
from flowweaver.records import TaskRecord
from flowweaver.status import TaskStatus
from fwtui.model.key_names import USUAL
from fwtui.model.status import COUNT_ORDER, LOOKS, State
from fwtui.model.views import idle_view
from fwtui.model.words import why_text

NAME = "validate_flights"


def shown(made: TaskRecord | None, plan=None, **more) -> tuple[State, str]:
    """State and reason of one task whose record is this one."""
    picture = done_picture("x")
    records = {**picture.records}
    records.pop(NAME)
    if made is not None:
        records[NAME] = made
    plan = plan_of(**({NAME: plan} if plan else {}))
    view = idle_view(replace(picture, records=records, plan=plan, **more))
    return view.tasks[NAME].state, why_text(view, view.tasks[NAME])


RUN = (Action.RUN, [Reason(ReasonKind.INTERRUPTED, "interrupted")])
OLD = (Action.RUN, [Reason(ReasonKind.AGE, "older than 1d")])
MAYBE = (Action.MAYBE, [Reason(ReasonKind.UPSTREAM, "if extract_flights gives another result")])
CLEARED_AT = at("10:42:30")


@pytest.mark.parametrize(
    ("made", "plan", "expected"),
    [
        (None, (Action.RUN, [Reason(ReasonKind.NEVER_RAN, "first run")]), (State.WAITING, "first run")),
        (record(NAME), None, (State.DONE, "reuse")),
        (record(NAME), OLD, (State.DONE, "older than 1d")),
        (record(NAME), MAYBE, (State.DONE, "if extract_flights gives another result")),
        (record(NAME), CHANGED, (State.STALE, "nearest_hour() changed; failed before")),
        (record(NAME, TaskStatus.FAILED, error=ERROR), RUN, (State.FAILED, ERROR)),
        (
            record(NAME, TaskStatus.FAILED, error="TaskTimeoutError", timed_out=True),
            RUN,
            (State.TIMED_OUT, "TaskTimeoutError"),
        ),
        (record(NAME, TaskStatus.RUNNING), RUN, (State.INTERRUPTED, "its process ended at 10:42")),
        (record(NAME, TaskStatus.PENDING, interrupted=True), RUN, (State.INTERRUPTED, "its process ended at 10:42")),
        (record(NAME, TaskStatus.PENDING, cleared=True), RUN, (State.CLEARED, "")),
    ],
)
def test_each_kind_of_record_has_its_state_and_reason(made, plan, expected):
    assert shown(made, plan) == expected


def test_what_a_person_stopped_is_not_called_interrupted():
    stopped = but(RUN_31, outcome="cancelled")
    pending = record(NAME, TaskStatus.PENDING, interrupted=True)
    assert shown(pending, RUN, runs=(stopped,)) == (State.STOPPED, "by you at 10:42")


def test_a_clear_that_can_be_undone_says_so_where_there_are_keys():
    records = {**done_picture("x").records, NAME: record(NAME, TaskStatus.PENDING, cleared=True)}
    view = idle_view(replace(done_picture("x"), records=records, plan=plan_of(**{NAME: RUN}), undoable=(NAME,)))
    assert why_text(view, view.tasks[NAME], USUAL) == "U undoes"
    assert why_text(view, view.tasks[NAME]) == "", "no command has that key"
    assert why_text(replace(view, undoable=frozenset()), view.tasks[NAME], USUAL) == ""


def test_a_result_that_cannot_be_kept_has_a_badge():
    lost = record(NAME, digest=None, encoding=None, not_kept='result["conn"]: sqlite3.Connection')
    assert shown(lost, OLD) == (State.DONE, "older than 1d · not kept")


def test_a_run_of_another_process_is_shown_as_running():
    view = idle_view(followed_picture("x"))
    assert view.tasks["validate_flights"].state is State.RUNNING
    assert (view.followed, view.running) == (True, False), "it is not this session's"
    assert view.in_flight == {"validate_flights"}
    assert why_text(view, view.tasks["join_delays"]) == "for validate_flights"


def test_who_only_holds_the_state_is_not_said_to_run():
    """A clear, or a run that has not begun, while the last run has ended, or died with another process."""
    for run in (RUN_31, but(RUN_31, outcome=None, finished_at=None, holder="process 90 on lab-3")):
        view = idle_view(replace(followed_picture("x"), runs=(run,)))
        assert (view.followed, view.holder) == (False, HOLDER)
        assert view.tasks["validate_flights"].state is State.INTERRUPTED


def test_a_skipped_task_needs_what_is_missing_until_that_is_edited():
    view = idle_view(failed_picture("x"))
    assert why_text(view, view.tasks["write_report"]) == "needs summarize_delays"
    view = idle_view(stale_picture("x"))
    assert why_text(view, view.tasks["write_report"]) == "runs after summarize_delays"


def test_words_of_a_run_are_kept_only_if_it_completed():
    before = idle_view(failed_picture("x"))
    tasks = {name: task._replace(state=State.REUSED, from_run=31, note="") for name, task in before.tasks.items()}
    run = replace(before.run, run_id=32, outcome="completed", here=True)
    after = idle_view(done_picture("x"), after=replace(before, tasks=tasks, run=run))
    assert after.count(State.REUSED) == 9
    failed = idle_view(done_picture("x"), after=replace(before, tasks=tasks, run=replace(run, outcome="failed")))
    assert failed.count(State.REUSED) == 0


def test_names_are_made_safe_once_and_stay_what_the_engine_calls_them():
    picture = never_ran_picture()
    tasks = (replace(picture.tasks[0], name="a\x1bb"), *picture.tasks[1:])
    view = idle_view(replace(picture, tasks=tasks, plan=plan_of()))
    assert next(iter(view.tasks)) == "a\x1bb"
    assert next(iter(view.tasks.values())).title == "a\\x1bb"


def test_every_state_has_a_look_of_its_own_and_is_counted_once():
    assert set(LOOKS) == set(State)
    counted = [state for states in COUNT_ORDER for state in states]
    assert sorted(counted, key=lambda s: s.value) == sorted(State, key=lambda s: s.value)
    for state, look in LOOKS.items():
        assert len(look.icon) == 1, state
        assert look.ascii.isascii()
        assert len(look.ascii) == 1, state


def test_no_icon_is_one_that_fonts_draw_in_colour_or_two_cells_wide():
    from wcwidth import wcwidth

    emoji = set("✔✖▶⚠⏸⏱⌛⚡🔒⏳")
    for look in LOOKS.values():
        assert wcwidth(look.icon) == 1
        assert look.icon not in emoji


def test_who_depends_on_a_task_is_known_both_ways():
    view = idle_view(never_ran_picture())
    for name, deps in EDGES.items():
        for dep in deps:
            assert name in view.dependents[dep]
    assert sum(map(len, view.dependents.values())) == sum(map(len, EDGES.values()))


def test_a_skip_reason_is_not_lost_where_nothing_blocks():
    view = idle_view(replace(done_picture("x"), plan=plan_of(join_delays=SKIPPED)))
    assert view.tasks["join_delays"].note == "skipped before"
