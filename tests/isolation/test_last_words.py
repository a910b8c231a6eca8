"""What tasks wrote last outlives their process until it is told of from the store, and no longer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from tempfile import TemporaryFile

import pytest

from flowweaver.events import TaskOutput
from flowweaver.records import LogLine
from fwtui.session.isolation import last_words as module
from fwtui.session.isolation.last_words import LastWords, last_words


@pytest.fixture
def file() -> Iterator[int]:
    with TemporaryFile() as opened:
        yield opened.fileno()


def line(task: str, text: str) -> LogLine:
    return LogLine(task, 1, 5.0, "out", text)


def output(task: str, *texts: str) -> TaskOutput:
    lines = tuple(line(task, text) for text in texts)
    return TaskOutput(run_id=1, sequence=1, time=5.0, task=task, attempt=1, lines=lines)


def test_lines_are_there_at_once_with_their_numbers_and_go_when_they_are_told(file: int) -> None:
    words = LastWords(file)
    for task, text in [("a", "1"), ("b", "\ud800\n\0"), ("a", "2")]:
        words.keep(line(task, text))
    assert last_words(file) == ((1, line("a", "1")), (1, line("b", "\ud800\n\0")), (2, line("a", "2")))
    words.told(output("a", "1", "2"))
    words.told(output("b", "\ud800\n\0"))
    assert last_words(file) == ()
    words.keep(line("a", "3"))
    assert last_words(file) == ((3, line("a", "3")),)


def test_what_waits_stays_when_the_rest_is_taken_out(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FULL", 1_000)
    words = LastWords(file)
    words.keep(line("quiet", "waits"))
    for number in range(1_000):
        words.keep(line("chatty", str(number)))
        words.told(output("chatty", str(number)))
        assert os.fstat(file).st_size < 1_200
    words.keep(line("chatty", "last"))
    assert (1, line("quiet", "waits")) in last_words(file)
    assert last_words(file)[-1] == (1_001, line("chatty", "last"))


def test_a_line_in_which_the_process_died_and_a_file_that_is_gone_do_no_harm(file: int) -> None:
    words = LastWords(file)
    words.keep(line("a", "whole"))
    os.pwrite(file, b'[2, "a", 1, 5.0, "ou', os.fstat(file).st_size)
    assert last_words(file) == ((1, line("a", "whole")),)
    gone = LastWords(-1)
    gone.keep(line("a", "1"))
    gone.told(output("a", "1"))
