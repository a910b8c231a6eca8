"""How a task stands: one function, so that header, table, ``fwtui status`` and ``fwtui plan`` cannot disagree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import RUN_31, but, record

from flowweaver.plan import Action, Reason, ReasonKind, TaskFacts, TaskPlan, make_plan
from flowweaver.records import CodePrint, Provenance, TaskRecord
from flowweaver.status import TaskStatus
from fwtui.model.standing import reason_word, standing, standing_in_run, word_after_run
from fwtui.model.status import DONE_STATES, State

NAME = "validate_flights"
RUN_32 = but(RUN_31, run_id=32, outcome="cancelled", failed_task=None)
GOES_ON = but(RUN_32, outcome=None, finished_at=None)
RUNS = TaskPlan(NAME, Action.RUN, (Reason(ReasonKind.NEVER_RAN, "first run"),))
REUSES = TaskPlan(NAME, Action.REUSE, (Reason(ReasonKind.UP_TO_DATE, "up to date"),))
MAYBE = TaskPlan(NAME, Action.MAYBE, (Reason(ReasonKind.UPSTREAM, "if x gives another result"),))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (record(NAME, redo=True, redo_run=32), (State.WAITING, "asked for again by run 32")),
        (record(NAME, TaskStatus.FAILED, redo=True, redo_run=32), (State.WAITING, "asked for again by run 32")),
        (record(NAME, TaskStatus.FAILED, run_id=32, redo=True, redo_run=32), (State.FAILED, "")),
        (record(NAME, TaskStatus.FAILED, run_id=33, redo=True, redo_run=32), (State.FAILED, "")),
        (record(NAME, redo=True), (State.WAITING, "asked for again")),
        (
            record(NAME, TaskStatus.PENDING, run_id=32, interrupted=True, redo=True, redo_run=32),
            (State.STOPPED, "by you at 10:42"),
        ),
    ],
)
def test_what_a_stopped_run_was_to_do_again_is_not_done(made, expected):
    assert standing(made, RUNS, RUN_32)[:2] == expected


_codes = st.sampled_from([None, CodePrint("1", "a", {"f": "1"}), CodePrint("1", "b", {"f": "2"})])
_KEPT = {ReasonKind.AGE, ReasonKind.NOT_KEPT, ReasonKind.NOT_LOADABLE, ReasonKind.FORGOTTEN, ReasonKind.UPSTREAM}


@st.composite
def situations(draw: st.DrawFn) -> tuple[TaskFacts, TaskRecord]:
    facts = TaskFacts(
        NAME,
        provenance=Provenance(code=draw(_codes)),
        max_age=draw(st.sampled_from([None, 0.0])),
        missing_outputs=draw(st.sampled_from([(), ("out",)])),
        unloadable=draw(st.sampled_from([None, "not loadable"])),
    )
    status = draw(st.sampled_from(list(TaskStatus)))
    kept = draw(st.booleans())
    made = record(
        NAME,
        status,
        run_id=draw(st.sampled_from([31, 32])),
        provenance=Provenance(code=draw(_codes)),
        digest="d" if kept else None,
        encoding="json" if kept else None,
        not_kept=None if kept else draw(st.sampled_from([None, "persist=False"])),
        interrupted=draw(st.booleans()) and status is TaskStatus.PENDING,
        cleared=draw(st.booleans()) and status is TaskStatus.PENDING,
        redo=(redo := draw(st.booleans())),
        redo_run=32 if redo else None,
        used_at=draw(st.sampled_from([None, 0.0, 1e9])),
    )
    # A task that was done again counts as done, so no run asks for it any more.
    done_since = made.run_id == 32 and status is TaskStatus.COMPLETED
    return facts, made._replace(redo=False, redo_run=None) if done_since else made


@settings(max_examples=400, deadline=None)
@given(situations())
def test_what_is_shown_as_done_runs_again_only_because_its_result_does_not_last(situation):
    facts, made = situation
    plan = make_plan([facts], {NAME: made}, now=1e9, keeps=1e6).tasks[NAME]
    shown = standing(made, plan, RUN_32)
    if shown.state in DONE_STATES:
        assert plan.action is Action.REUSE or {reason.kind for reason in plan.reasons} <= _KEPT
    if plan.action is Action.REUSE:
        assert shown.state in (State.DONE, State.STALE, State.SKIPPED)


@pytest.mark.parametrize(
    ("made", "plan", "expected"),
    [
        (None, RUNS, (State.WAITING, "first run", None)),
        (record(NAME), REUSES, (State.REUSED, "", 31)),
        (record(NAME), MAYBE, (State.MAYBE, "if x gives another result", None)),
        (record(NAME), RUNS, (State.WAITING, "first run", None)),
        (record(NAME, run_id=32), REUSES, (State.DONE, "", None)),
        (record(NAME, TaskStatus.RUNNING, run_id=32), RUNS, (State.RUNNING, "", None)),
        (record(NAME, TaskStatus.RETRYING, run_id=32), RUNS, (State.RETRYING, "", None)),
        (record(NAME, TaskStatus.FAILED, run_id=32), RUNS, (State.FAILED, "", None)),
        (record(NAME, TaskStatus.FAILED, run_id=32, timed_out=True), RUNS, (State.TIMED_OUT, "", None)),
        (record(NAME, TaskStatus.FAILED), RUNS, (State.WAITING, "first run", None)),
        (record(NAME, TaskStatus.PENDING, run_id=32, interrupted=True), RUNS, (State.STOPPED, "at 10:42", None)),
    ],
)
def test_in_a_run_of_another_process_a_task_stands_as_that_run_left_it(made, plan, expected):
    assert standing_in_run(made, plan, GOES_ON) == expected


def test_a_task_is_skipped_in_the_run_in_which_its_ancestor_failed():
    made = record(NAME, TaskStatus.SKIPPED, skipped_because="x")
    before, now = (record("extract_flights", TaskStatus.FAILED, run_id=number) for number in (31, 32))
    assert standing_in_run(made, RUNS, GOES_ON, now).state is State.SKIPPED
    assert standing_in_run(made, RUNS, GOES_ON, before).state is State.WAITING
    assert standing_in_run(made, RUNS, GOES_ON).state is State.WAITING


@pytest.mark.parametrize(
    ("why", "after"),
    [
        ("first run", "first run"),
        ("asked for", "forced"),
        ("failed before", ""),
        ("interrupted", ""),
        ("nearest_hour() changed; failed before", "nearest_hour() changed"),
        ("asked for again by run 32; nearest_hour() changed", "forced; nearest_hour() changed"),
        ("runs after join_delays", ""),
    ],
)
def test_what_was_wrong_before_is_no_reason_any_more_once_a_task_has_run(why, after):
    assert word_after_run(reason_word(why)) == after
