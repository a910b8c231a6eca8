"""Sessions on small workflow files, with the engine in this process or in another."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fwtui.session.project import Project
from fwtui.session.session import Session
from fwtui.session.settings import Settings

HEAD = """\
import ctypes, os, signal, subprocess, sys, threading, time
from pathlib import Path
from flowweaver import Workflow, current_task, task
HERE = Path(__file__).parent
def mark(name, text=""):
    part = HERE / (name + ".part")
    part.write_text(text)
    part.rename(HERE / name)
def wait_for(name):
    while not (HERE / name).exists(): time.sleep(0.005)
def flow(*functions, **edges):
    workflow = Workflow("w")
    for function in functions:
        workflow.add_task(function, depends_on=edges.get(getattr(function, "__name__", ""), []))
    return workflow
"""

SOON = 20.0

Write = Callable[..., Path]
Open = Callable[..., Session]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a workflow file into the project."""
    (tmp_path / "pyproject.toml").touch()

    def make(text: str, name: str = "flow.py") -> Path:
        path = tmp_path / name
        path.write_text(HEAD + textwrap.dedent(text), encoding="utf-8")
        return path

    return make


@pytest.fixture
def open_session() -> Iterator[Open]:
    """Open a session; it is closed after the test."""
    made: list[Session] = []

    def go(file: Path, *, isolate: bool = True, one_run: bool = False, **options: object) -> Session:
        settings = Settings(isolate=isolate, **options)  # type: ignore[arg-type]
        made.append(Session(Project.of(file, environ={}), settings, one_run=one_run))
        return made[-1]

    yield go
    for session in made:
        session.close()


@pytest.fixture
def comes(tmp_path: Path) -> Callable[[str], str]:
    """Wait for a file that a task makes, and return what is in it."""

    def wait(name: str) -> str:
        deadline = time.monotonic() + SOON
        while not (tmp_path / name).exists():
            assert time.monotonic() < deadline, f"{name} never came"
            time.sleep(0.005)
        return (tmp_path / name).read_text()

    return wait
