"""From the start of the process to the first task, beside a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

FILE = """
import os

from flowweaver import Task, ThreadedExecutor, Workflow

workflow = Workflow("one")
workflow.add_task(Task("first", lambda: os._exit(7)))
"""


def python(*arguments: str, cwd: Path, code: int = 7) -> None:
    """Run Python; it ends with the code of the first task, or that task was never reached."""
    done = subprocess.run(
        [sys.executable, *arguments], check=False, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode == code, done.stderr.decode()


def test_the_library(against: Callable[..., float], tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(FILE + "ThreadedExecutor().execute(workflow)\n")
    against(
        "first task of a script / python -c pass",
        lambda: python("-c", "pass", cwd=tmp_path, code=0),
        lambda: python("one.py", cwd=tmp_path),
    )


def test_the_command(against: Callable[..., float], tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(FILE)
    against(
        "first task of fwtui run / python -c pass",
        lambda: python("-c", "pass", cwd=tmp_path, code=0),
        lambda: python("-m", "fwtui", "run", "one.py", cwd=tmp_path),
    )
