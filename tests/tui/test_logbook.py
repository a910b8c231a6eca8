"""What is remembered of the output of a run that goes on: all of an attempt, or nothing that could pass for all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scenes import Story

from fwtui.model import logbook
from fwtui.model.logbook import Logbook


def texts(book: Logbook, attempt: int = 1) -> list[str] | None:
    lines = book.lines("t", attempt)
    return None if lines is None else [line.text for line in lines]


def test_lines_of_an_attempt_that_began_before_our_eyes_are_all_here():
    book, story = Logbook(), Story()
    assert texts(book) is None
    book.take([story.starts("t"), story.writes("t", "10:42:03", "one", first=1)])
    book.take([story.writes("t", "10:42:03", "two", "three", first=2)])
    assert texts(book) == ["one", "two", "three"]
    book.take([story.completes("t")])
    assert texts(book) is None, "the store has them"


@pytest.mark.parametrize("begun", [True, False])
def test_where_lines_are_missing_only_the_store_knows(begun):
    book, story = Logbook(), Story()
    book.take([story.starts("t")] if begun else [])
    book.take([story.writes("t", "10:42:03", "the fifty-first", first=51)])
    assert texts(book) is None
    book.take([story.writes("t", "10:42:03", "the next", first=52)])
    assert texts(book) is None
    book.take([story.starts("t", attempt=2), story.writes("t", "10:42:04", "anew", attempt=2, first=1)])
    assert texts(book, 2) == ["anew"]


def test_of_very_many_lines_only_the_store_knows_the_first(monkeypatch):
    monkeypatch.setattr(logbook, "_MOST", 3)
    book, story = Logbook(), Story()
    book.take([story.starts("t"), story.writes("t", "10:42:03", "1", "2", "3", first=1)])
    assert texts(book) == ["1", "2", "3"]
    book.take([story.writes("t", "10:42:03", "4", first=4)])
    assert texts(book) is None


def test_an_unfinished_line_goes_when_its_stream_has_written_a_whole_one_or_its_attempt_has_ended():
    book, story = Logbook(), Story()
    book.take([story.starts("t"), story.is_writing("t", "10:42:03", "50%")])
    other = story.writes("t", "10:42:03", "beside it", first=1)
    book.take([replace(other, lines=tuple(line._replace(stream="err") for line in other.lines))])
    assert [line.text for line in book.unkept("t", 1).lines] == ["50%"]
    book.take([story.writes("t", "10:42:03", "100%", first=2)])
    assert book.unkept("t", 1).lines == ()
    book.take([story.is_writing("t", "10:42:03", "60%"), story.fails("t", "10:42:04")])
    assert book.unkept("t", 1) is None
    book.take([story.is_writing("t", "10:42:03", "70%"), story.begins()])
    assert book.unkept("t", 1) is None
