"""What is written once a command has said all: by threads that go on and at the end of the process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from cli_projects import Project

Start = Callable[..., subprocess.Popen[str]]

HOSTILE = r"""
import atexit, os, sys, threading, time

EVIL = "\x1b]0;title\x07\x1b[2J\x9b2J"

def write(where):
    print(where, "print", EVIL)
    sys.stderr.write(where + " err " + EVIL + "\n")
    os.write(1, where.encode() + b" fd1 " + EVIL.encode() + b"\n")
    os.write(2, where.encode() + b" fd2 " + EVIL.encode() + b"\n")

atexit.register(write, "atexit")

def fails_at_the_end():
    raise ValueError("raised " + EVIL)

atexit.register(fails_at_the_end)

def goes_on():
    threading.main_thread().join()
    write("thread")

def one():
    threading.Thread(target=goes_on, daemon=False).start()

workflow = Workflow("w")
workflow.add_task(one)
"""


@pytest.mark.parametrize(
    ("arguments", "writers"),
    [
        (["run"], ("thread", "atexit")),
        (["run", "--output", "json"], ("thread", "atexit")),
        (["run", "--isolate"], ()),
        (["status"], ("atexit",)),
        (["graph", "--format", "json"], ("atexit",)),
    ],
    ids=" ".join,
)
def test_what_is_written_after_the_last_word_is_visible_and_not_raw(
    project: Project, start: Start, arguments: list[str], writers: tuple[str, ...]
) -> None:
    project.write(HOSTILE)
    process = start(*arguments, "flow.py", cwd=project.folder)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    for raw in ("\x1b", "\x07", "\x9b"):
        assert raw not in out
        assert raw not in err
    for where in writers:
        for way in ("print", "err", "fd1", "fd2"):
            assert rf"{where} {way} \x1b]0;title\x07\x1b[2J\x9b2J" in err
    if writers:
        assert r"ValueError: raised \x1b]0;title" in err


def test_an_answer_for_a_program_has_nothing_of_that_in_it(project: Project, start: Start) -> None:
    project.write(HOSTILE)
    out, _err = start("run", "--output", "json", "flow.py", cwd=project.folder).communicate(timeout=30)
    assert [json.loads(line)["event"] for line in out.splitlines()][-1] == "run_finished"


WRITES_ALL_THE_TIME = (
    HOSTILE
    + r"""
def writes():
    while threading.main_thread().is_alive():
        write("always")

threading.Thread(target=writes, daemon=True).start()
"""
)


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["plan"], ["runs"], ["logs"], ["graph"], ["explain", "one"], ["clear", "one", "--yes"]],
    ids=" ".join,
)
def test_a_thread_that_the_file_began_writes_nothing_raw_while_a_command_looks(
    project: Project, start: Start, arguments: list[str]
) -> None:
    project.write(WRITES_ALL_THE_TIME)
    command, *rest = arguments
    process = start(command, "flow.py", *rest, cwd=project.folder)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    for raw in ("\x1b", "\x07", "\x9b"):
        assert raw not in out
        assert raw not in err
    assert "always" not in out
    assert "always" in err
