"""Descriptors 1 and 2 while the screen is ours: whatever writes to them is caught, and nothing can block on it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from fwtui.session.rawoutput import RawOutput

Capture = pytest.CaptureFixture[str]


def test_direct_writes_and_child_processes_are_caught_as_lines(capfd: Capture) -> None:
    lines: list[str] = []
    with RawOutput(lines.append):
        os.write(1, b"direct\n")
        os.write(2, b"\xff\x1b[2J\n")
        subprocess.run([sys.executable, "-c", "import os; os.write(1, b'child\\nunfinished')"], check=True)
    assert lines == ["direct", "\\xff\x1b[2J", "child", "unfinished"]
    assert capfd.readouterr() == ("", "")


def test_the_owner_writes_past_it_and_everybody_again_afterwards(capfd: Capture) -> None:
    with RawOutput(lambda _line: None) as raw:
        raw.out.write("ours\n")
        raw.err.write("ours too\n")
    os.write(1, b"after\n")
    assert capfd.readouterr() == ("ours\nafter\n", "ours too\n")


def test_an_unfinished_line_is_not_held_back_for_long(capfd: Capture) -> None:
    came = threading.Event()
    with RawOutput(lambda _line: came.set()):
        os.write(1, b"Password: ")
        assert came.wait(5)


def test_more_than_a_pipe_holds_does_not_block_the_writer(capfd: Capture) -> None:
    lines: list[str] = []
    with RawOutput(lines.append):
        for _ in range(200):
            os.write(1, b"x" * 9_999 + b"\n")
    assert len(lines) == 200


def test_a_child_that_lives_on_with_the_pipe_holds_nothing_up(capfd: Capture) -> None:
    started = time.monotonic()
    with RawOutput(lambda _line: None):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert time.monotonic() - started < 10
    finally:
        child.kill()
        child.wait()


def test_whoever_takes_the_lines_may_raise(capfd: Capture) -> None:
    lines: list[str] = []

    def take(line: str) -> None:
        lines.append(line)
        raise ValueError(line)

    with RawOutput(take):
        os.write(1, b"one\ntwo\n")
    assert lines == ["one", "two"]


def test_what_writes_on_can_be_silenced_while_the_owner_still_writes(capfd: Capture) -> None:
    with RawOutput(lambda _line: None) as raw:
        raw.close(silence=True)
        os.write(1, b"a thread that was left behind\n")
        raw.out.write("the verdict\n")
        raw.out.flush()
    try:
        assert capfd.readouterr() == ("the verdict\n", "")
    finally:
        os.dup2(raw.out.fileno(), 1)
        os.dup2(raw.err.fileno(), 2)


def test_closing_twice_is_fine(capfd: Capture) -> None:
    raw = RawOutput(lambda _line: None)
    with raw:
        raw.close()
        os.write(1, b"out\n")
    assert capfd.readouterr().out == "out\n"


def test_all_that_was_written_is_given_on_when_it_is_asked_for(capfd: Capture) -> None:
    lines: list[str] = []
    with RawOutput(lines.append) as raw:
        for number in range(50):
            subprocess.run(["printf", "a\nwithout an end"], check=True)
            raw.give_all()
            assert lines == ["a", "without an end"], number
            lines.clear()
    raw.give_all()
    assert lines == []


def test_whoever_writes_without_a_pause_keeps_nobody_from_ending(capfd: Capture) -> None:
    with RawOutput(lambda _line: None) as raw:
        child = subprocess.Popen(["yes"])
        try:
            raw.give_all()
            raw.close()
            assert raw._thread is None
        finally:
            child.kill()
            child.wait()
