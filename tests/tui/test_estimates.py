"""What is said of the time that is left is known, or it is not said."""

from __future__ import annotations

from dataclasses import replace

from scenes import Story, at, never_ran_picture

from fwtui.model.estimates import seconds_left
from fwtui.model.folding import fold
from fwtui.model.views import idle_view


def running(**durations: float):
    story = Story()
    view = fold(idle_view(never_ran_picture()), [story.begins(), story.starts("extract_flights", "10:42:03")])
    return replace(view, durations=durations)


def test_nothing_is_said_where_nothing_is_remembered() -> None:
    assert seconds_left(running(), at("10:42:04")) is None


def test_a_task_that_was_never_done_counts_as_the_others_until_it_takes_longer() -> None:
    view = running(extract_weather=2.0)
    assert seconds_left(view, at("10:42:04")) is not None
    assert seconds_left(view, at("10:42:06")) is None


def test_a_task_that_was_done_before_may_take_longer_and_the_rest_is_known() -> None:
    left = seconds_left(running(extract_flights=2.0), at("10:42:30"))
    assert left is not None and left > 0
