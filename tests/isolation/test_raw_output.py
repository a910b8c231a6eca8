"""What reaches descriptors 1 and 2 of the run's process by itself is shown, kept with the run, and not lost with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowweaver.capture import OUTSIDE
from fwtui.session.rawoutput import RawOutput
from fwtui.session.session import Session

SOON = 20.0

Write = Callable[..., Path]
Open = Callable[..., Session]

PAST = """
def past():
    os.write(1, b"past every task\\n")
    subprocess.run(["echo", "from a child"])
    print("of the task")
workflow = flow(past)
"""


def run(session: Session) -> list[str]:
    """Run, and return what reached descriptors 1 and 2 of this process meanwhile."""
    lines: list[str] = []
    with RawOutput(lines.append):
        session.start()
        assert session.wait(SOON)
    return lines


def test_it_is_shown_and_kept_with_the_run(write: Write, open_session: Open, capfd: Any) -> None:
    session = open_session(write(PAST))
    assert sorted(run(session)) == ["from a child", "past every task"]
    assert sorted(line.text for line in session.log(OUTSIDE, run_id=1, attempt=0)) == [
        "from a child",
        "past every task",
    ]
    assert [line.text for line in session.log("past")] == ["of the task"]


def test_why_a_process_aborted_is_shown_although_it_is_gone(write: Write, open_session: Open, capfd: Any) -> None:
    session = open_session(
        write("""
        def aborts():
            os.write(1, b"said before\\n")
            time.sleep(0.8)  # what was written is kept four times a second
            ctypes.PyDLL(None).write(2, b"free(): invalid pointer\\n", 24)  # holds the interpreter, as C code does
            os.abort()
        workflow = flow(aborts)
        """)
    )
    assert run(session) == ["said before", "free(): invalid pointer"]
    assert [line.text for line in session.log(OUTSIDE, run_id=1, attempt=0)] == [
        "said before",
        "free(): invalid pointer",
    ]


def test_an_output_without_end_does_not_keep_a_run_from_ending(write: Write, open_session: Open, capfd: Any) -> None:
    session = open_session(
        write("""
        def endless():
            subprocess.Popen(["yes", "x" * 100])
            mark("begun")
            wait_for("never")
        workflow = flow(endless)
        """)
    )
    with RawOutput(lambda _: None):
        session.start()
        while not (session.project.root / "begun").exists():
            session.wait(0.01)
        session.cancel(0.1)
        assert session.wait(SOON)
    assert session.exit_code == 130
    assert os.path.exists(session.project.state)
