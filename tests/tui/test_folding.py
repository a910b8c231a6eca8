"""A view follows from the events of a run, however they are cut into portions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from scenes import EDGES, ERROR, Story, at, failed_picture, never_ran_picture

from flowweaver.events import TaskFailed
from fwtui.model.folding import fold
from fwtui.model.header import HeaderFacts, verdict
from fwtui.model.logbook import Logbook
from fwtui.model.segments import plain
from fwtui.model.status import FAILURES, State
from fwtui.model.views import idle_view
from fwtui.model.words import started_text, time_text, try_text, why_text

NAMES = list(EDGES)


def start():
    return idle_view(never_ran_picture())


def run_of(story: Story, choices: list[tuple[str, str]]):
    """Events that a run could send: for each task in order, how its attempts end."""
    yield story.begins()
    for name, (first, last) in zip(NAMES, choices, strict=False):
        yield story.starts(name)
        yield story.writes(name, "10:42:03", "a line")
        if first == "retry":
            yield story.retries(name, "10:42:03.1", 1.0, ERROR)
            yield story.starts(name, "10:42:04", 2)
        attempt = 2 if first == "retry" else 1
        if last == "done":
            yield story.completes(name, "10:42:05", attempt)
        elif last == "skip":
            yield story.skips(name, NAMES[0])
        elif last == "reuse":
            yield story.restores(name)
        else:
            yield story.fails(name, "10:42:05", attempt, timed_out=last == "late", interrupted=last == "stop")
    yield story.ends("failed", "10:42:09", 6.0)


CHOICES = st.lists(
    st.tuples(st.sampled_from(["", "retry"]), st.sampled_from(["done", "fail", "late", "stop", "skip", "reuse"])),
    min_size=len(NAMES),
    max_size=len(NAMES),
)


@given(CHOICES)
def test_when_a_run_is_over_what_is_not_done_is_to_be_run(choices):
    """... from its last event on, and not only when the store has been looked at again."""
    before = replace(start(), to_run=9, maybe=2)
    assert fold(before, list(run_of(Story(), choices))[:-1]).to_run == 9
    view = fold(before, list(run_of(Story(), choices)))
    assert (view.to_run, view.maybe, view.reused) == (view.total - view.done, 0, view.done)
    assert ("to run" in plain(verdict(view, HeaderFacts()))) is False or view.to_run > 0


@given(CHOICES, st.lists(st.integers(0, 60), max_size=6))
def test_portions_do_not_matter(choices, cuts):
    events = list(run_of(Story(), choices))
    whole = fold(start(), events)
    view, at_event = start(), 0
    for cut in [*sorted(cuts), len(events)]:
        view = fold(view, events[at_event:cut])
        at_event = max(at_event, cut)
    assert replace(view, changed=frozenset()) == replace(whole, changed=frozenset())


@given(CHOICES, st.integers(0, 60))
def test_counts_add_up_and_every_row_says_something(choices, cut):
    view = fold(start(), list(run_of(Story(), choices))[:cut])
    assert dict(view.counts) == Counter(task.state for task in view.tasks.values())
    assert view.total == len(NAMES)
    for task in view.tasks.values():
        assert task.state.value
        assert isinstance(why_text(view, task), str)
        assert len(time_text(task, at("10:42:06"))) <= 7
        assert len(try_text(task)) <= 3
        assert len(started_text(task)) in (0, 8)


@given(CHOICES, st.integers(0, 60))
def test_rows_that_are_not_named_as_changed_are_as_they_were(choices, cut):
    events = list(run_of(Story(), choices))
    before = fold(start(), events[:cut])
    after = fold(before, events[cut : cut + 3])
    now = at("10:42:03")
    for name in set(after.tasks) - after.changed:
        old, new = before.tasks[name], after.tasks[name]
        assert (old.state, time_text(old, now)) == (new.state, time_text(new, now))
        assert why_text(before, old) == why_text(after, new)


def test_nothing_happens_without_events():
    view = start()
    assert fold(view, []) is view


def test_a_run_that_goes_on_says_what_each_task_waits_for():
    view = fold(start(), Story().running())
    words = {name: why_text(view, task) for name, task in view.tasks.items()}
    assert words["validate_flights"] == "for extract_flights"
    assert words["join_delays"] == "for extract_weather, validate_flights"
    assert words["extract_weather"] == "OSError: weather file is locked"
    assert words["extract_airlines"] == "first run"
    assert time_text(view.tasks["extract_weather"], at("10:42:03.6")) == "in 2s"


def test_a_task_that_was_left_out_of_the_run_says_so_and_waits_for_nobody():
    story = Story()
    view = fold(start(), [story.begins(planned={name: "run" if name in NAMES[:1] else "leave" for name in NAMES})])
    assert why_text(view, view.tasks["extract_flights"]) == "for a free worker"
    assert why_text(view, view.tasks["extract_weather"]) == "first run"


def test_a_maybe_names_what_decides_it():
    story = Story()
    plan = dict.fromkeys(NAMES, "reuse") | {"join_delays": "run", "summarize_delays": "maybe"}
    view = fold(start(), [story.begins(planned=plan), *(story.restores(name) for name in NAMES[:5])])
    task = view.tasks["summarize_delays"]
    assert task.state is State.MAYBE
    assert why_text(view, task) == "if join_delays gives another result"


def test_a_timeout_says_after_what_and_that_its_thread_is_left():
    story = Story()
    view = start()
    tasks = dict(view.tasks)
    name = "extract_flights"
    tasks[name] = tasks[name]._replace(info=replace(tasks[name].info, timeout=30.0))
    view = fold(
        replace(view, tasks=tasks),
        [story.begins(), story.starts(name), story.fails(name, "10:42:33", timed_out=True, thread_left=True)],
    )
    assert view.tasks[name].state is State.TIMED_OUT
    assert why_text(view, view.tasks[name]) == "after 30s; its thread is still running"
    assert view.threads_left == (name,)


def test_a_task_that_no_picture_has_shown_appears_with_its_name():
    story = Story()
    view = fold(start(), [story.begins(planned={"new\x1bone": "run"}), story.starts("new\x1bone")])
    assert [task.title for task in view.tasks.values()] == ["new\\x1bone"]


def test_the_attempts_of_the_run_are_kept_with_their_errors(tmp_path):
    story = Story()
    name = "join_delays"
    view = fold(
        idle_view(failed_picture(str(tmp_path))),
        [
            story.begins(),
            story.starts(name),
            story.retries(name, "10:42:05", 1.0, "OSError: one"),
            story.starts(name, "10:42:06", 2),
            story.fails(name, "10:42:07", 2, "Traceback", error="OSError: two"),
        ],
    )
    assert [(each.attempt, each.outcome, each.error) for each in view.attempts[name]] == [
        (1, "failed", "OSError: one"),
        (2, "failed", "OSError: two"),
    ]


def test_errors_are_safe_and_one_line():
    story = Story()
    failed = story.fails("extract_flights", "10:42:04", error="ValueError: \x1b[2Jboom\nsecond line")
    assert isinstance(failed, TaskFailed)
    view = fold(start(), [story.begins(), story.starts("extract_flights"), failed])
    assert view.tasks["extract_flights"].error == "ValueError: \\x1b[2Jboom"
    assert view.count(*FAILURES) == 1


def test_a_logbook_keeps_what_the_store_may_not_have_yet():
    story = Story()
    book = Logbook()
    book.take([story.begins(), story.starts("a"), story.writes("a", "10:42:03", "one"), story.starts("b")])
    assert [each.text for each in book.lines("a", 1)] == ["one"]
    assert book.lines("b", 1) == []
    book.take([story.completes("a")])
    assert book.lines("a", 1) is None
    book.take([story.begins()])
    assert book.lines("b", 1) is None
