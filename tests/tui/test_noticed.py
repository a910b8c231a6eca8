"""What is said of a difference that nobody here has made."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import (
    EDGES,
    RUN_31,
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
from flowweaver.status import TaskStatus
from fwtui.model.noticed import noticed
from fwtui.model.segments import width_of
from fwtui.model.views import RunView, idle_view

CLEARED = (Action.RUN, [Reason(ReasonKind.CLEARED, "cleared")])


def gone(path: str):
    return (Action.RUN, [Reason(ReasonKind.OUTPUT_FILE, f"{path} is not there")], True)


@st.composite
def views(draw: st.DrawFn) -> RunView:
    make = draw(st.sampled_from([never_ran_picture, failed_picture, stale_picture, done_picture, followed_picture]))
    picture = make("x")
    names = draw(st.sets(st.sampled_from(list(EDGES)), max_size=3))
    kind = draw(st.sampled_from(["as it is", "cleared", "stale", "interrupted", "fewer"]))
    if kind == "cleared":
        records = {name: but(record(name, TaskStatus.PENDING), cleared=True) for name in names}
        picture = replace(
            picture, records={**picture.records, **records}, plan=plan_of(**dict.fromkeys(names, CLEARED))
        )
    elif kind == "stale" and names <= picture.records.keys():
        picture = replace(picture, plan=plan_of(**{name: gone(draw(st.sampled_from("ab"))) for name in names}))
    elif kind == "interrupted":
        picture = replace(picture, runs=(but(RUN_31, outcome=None, finished_at=None),), holder=None)
    elif kind == "fewer":
        picture = replace(picture, tasks=tuple(info for info in picture.tasks if info.name not in names))
    return idle_view(picture)


@settings(max_examples=300, deadline=None)
@given(views(), views())
def test_any_two_views_differ_by_something_that_can_be_said_in_one_line_or_by_nothing(before: RunView, now: RunView):
    said = noticed(before, now)
    if said is not None:
        assert said.text.endswith(".")
        assert width_of(said.fitted(80)) <= 80
        assert now.holder is None, "while another process holds it a banner says so"
    assert noticed(now, now) is None or now.followed


def test_a_run_that_came_and_went_between_two_looks_is_told():
    before = idle_view(failed_picture("x"))
    said = noticed(before, idle_view(done_picture("x")))
    assert said is not None
    assert said.text == "Run 32 ended. You can run now."


def test_several_tasks_are_counted():
    done = idle_view(done_picture("x"))
    stale = idle_view(replace(done_picture("x"), plan=plan_of(join_delays=gone("a"), write_report=gone("a"))))
    said = noticed(done, stale)
    assert said is not None
    assert said.text == "2 tasks are stale: a is not there. r runs 2, reuses 7."
    back = noticed(stale, done)
    assert back is not None
    assert back.text == "2 tasks are up to date again."
