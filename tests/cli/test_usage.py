"""Help that is whole, and a stdout that cannot take an answer."""

from __future__ import annotations

import errno
import io
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from cli_projects import DIAMOND, Answer, Project

from fwtui import cli
from fwtui.streams import SteadyStream, Unwritable

Fwtui = Callable[..., Answer]
Start = Callable[..., subprocess.Popen[str]]

FULL = Path("/dev/full")


# -- help -------------------------------------------------------------------------------------------------------------


def test_help_says_what_can_be_typed_with_a_file_and_every_command(fwtui: Fwtui) -> None:
    code, out, _err = fwtui("--help")
    assert code == 0
    for option in ("--run", "--no-tui", "--param", "--fresh", "--continue-or-new", "--version"):
        assert f"  {option}" in out or f", {option}" in out, option
    for name in cli.cli.commands:
        assert bool(re.search(rf"^  {name} ", out, re.M)) == (name != "open"), name
    assert "130 interrupted" in out
    assert "..." not in out.partition("Commands:")[2].partition("Options")[0], "no command's line is cut"


@pytest.mark.parametrize("name", sorted(cli.cli.commands))
def test_every_option_of_every_command_is_explained(fwtui: Fwtui, name: str) -> None:
    command = cli.cli.commands[name]
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, f"{name} {param.opts[-1]}"
            assert param.help.endswith("."), f"{name} {param.opts[-1]}"
    arguments = ["flow.py", "--help"] if name == "open" else [name, "--help"]
    code, out, err = fwtui(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith("Usage: fwtui [OPTIONS] FILE" if name == "open" else f"Usage: fwtui {name} [OPTIONS] FILE")


# -- completion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "place", "offered"),
    [
        ("fwtui ru", 1, {"file,ru", "plain,run", "plain,runs"}),
        ("fwtui flo", 1, {"file,flo"}),
        ("fwtui plan flo", 2, {"file,flo"}),
        ("fwtui logs flow.py c", 3, {"plain,clean", "plain,count"}),
        ("fwtui run flow.py --force re", 4, {"plain,report"}),
        ("fwtui flow.py --only lo", 3, {"plain,load"}),
        ("fwtui show flow.py --ru", 3, {"plain,--run"}),
        ("fwtui logs gone.py c", 3, set()),
    ],
)
def test_a_shell_completes_commands_files_options_and_tasks(
    project: Project, fwtui: Fwtui, start: Start, typed: str, place: int, offered: set[str]
) -> None:
    project.write(DIAMOND + "print('imported')\n")
    fwtui("run", "flow.py")
    env = {"COMP_WORDS": typed, "COMP_CWORD": str(place), "_FWTUI_COMPLETE": "bash_complete"}
    process = start(cwd=project.folder, env=env)
    out, err = process.communicate(timeout=20)
    assert (set(out.split("\n")) - {""}, err) == (offered, ""), "and nothing is imported for it"


# -- a stdout that takes nothing --------------------------------------------------------------------------------------


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "flow.py"],
        ["run", "flow.py", "--output", "json"],
        ["plan", "flow.py"],
        ["status", "flow.py", "--json"],
        ["graph", "flow.py", "--format", "dot"],
        ["logs", "flow.py"],
        ["--help"],
        ["--version"],
        ["run", "--help"],
    ],
)
def test_a_full_disk_behind_stdout_is_said_and_is_no_success(
    project: Project, start: Start, arguments: list[str]
) -> None:
    project.write(DIAMOND)
    with FULL.open("w") as full:
        process = start(*arguments, cwd=project.folder, stdout=full)
        _out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, "fwtui: stdout cannot be written: No space left on device\n")
    if arguments[0] == "run" and "--help" not in arguments:
        assert project.ran() == ["clean", "count", "load", "report"], "the run itself goes on"


class _Failing(io.StringIO):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ECONNRESET, errno.EIO, errno.EBADF])
def test_a_reader_who_has_gone_is_no_fault(number: int) -> None:
    stream = SteadyStream(_Failing(number))
    stream.write("x")
    assert stream.broken
    stream.check()


def test_what_cannot_be_written_is_a_fault_and_keeps_the_exit_code_of_the_run() -> None:
    stream = SteadyStream(_Failing(errno.ENOSPC))
    stream.check()
    stream.write("x")
    with pytest.raises(Unwritable, match="No space left") as caught:
        stream.check(143)
    assert caught.value.code == 143


def test_a_place_that_cannot_be_looked_at_is_told_in_a_line(
    project: Project, fwtui: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(DIAMOND)
    monkeypatch.chdir(project.folder)
    assert fwtui("run", "~nobody-here/flow.py") == (2, "", "fwtui: ~nobody-here/flow.py: no such file\n")
    code, _out, err = fwtui("plan", "x" * 300 + ".py")
    assert code == 2
    assert err.startswith(f"fwtui: {'x' * 199}…: File name too long\n")
    code, _out, err = fwtui("status", "flow.py", "--state", "x" * 300)
    assert code == 4
    assert err.endswith(" cannot be opened: File name too long\n")
    assert err.count("\n") == 1
