"""Small projects and ways to call the command line: in this process where possible, in another where it must be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_projects import Answer, Project, environment

from fwtui import cli


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FWTUI_STATE", raising=False)
    monkeypatch.setenv("FWTUI_ASCII", "")  # --ascii sets it for the process
    return Project(tmp_path)


@pytest.fixture
def fwtui(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Answer]]:
    """Call the command line in this process."""
    before = list(sys.path), list(sys.path_hooks)

    def call(*arguments: str) -> Answer:
        capfd.readouterr()
        code = cli.main(list(arguments))
        return Answer(code, *capfd.readouterr())

    yield call
    assert (sys.path, sys.path_hooks) == before, "a command leaves the process as it was"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line as a process of its own; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def go(*arguments: str, cwd: Path, **more: object) -> subprocess.Popen[str]:
        options: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        command = [sys.executable, "-m", "fwtui", *arguments]
        env = environment(**more.pop("env", {}))  # type: ignore[arg-type]
        started.append(subprocess.Popen(command, cwd=cwd, env=env, text=True, **{**options, **more}))  # type: ignore[call-overload]
        return started[-1]

    yield go
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
