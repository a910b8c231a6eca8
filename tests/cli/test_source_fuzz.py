"""A workflow file edited at random: it loads, or one to three plain lines say why not; never a traceback of ours."""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

import pytest
from cli_projects import DIAMOND, HEAD

from fwtui import cli

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each file is loaded in a process of its own")

MORE: Final = """
from dataclasses import dataclass
@dataclass
class Point:
    x: int = 3
def helper(x, *, y=2):
    try:
        return [i ** y for i in range(x)]
    except ValueError as error:
        raise RuntimeError("bad") from error
@task(retries=2, timeout=1.5)
async def slow(report, month: int = 3):
    return helper(3) + [Point(), f"{month!r:>{3}}"]
workflow.add_task(slow, depends_on=["report"])
"""
BUILDER: Final = """
from flowweaver import Workflow, task
RATE = 3
def build_workflow(month: int = 1, name: str = "x"):
    workflow = Workflow("built", params={"rate": RATE})
    @task
    def first(rate): return rate
    workflow.add_task(first)
    return workflow
"""
RUNS_ITSELF: Final = (
    f"{HEAD}{DIAMOND}\nfrom flowweaver import SequentialExecutor\nSequentialExecutor().execute(workflow)\n"
)
FILES: Final = (HEAD + DIAMOND, HEAD + DIAMOND + MORE, BUILDER, RUNS_ITSELF)

PIECES: Final = (
    *"()[]{}:\"'\\\n\t #@,.=*%;$?`\0\ufeff\u202eé\x0c\r", '"""', "    ", "def ", "class ", "return ", "yield ", "await ",
    "async ", "lambda", "None", "import nosuch", "from . import y", "from flowweaver import nope", "f\"{", "1/0", "0o9",
    "(" * 300, "[" * 5_000, "-" * 30_000 + "1", "assert 0", "global x", "nonlocal q", "del workflow", "workflow = None",
    "workflow.add_task(load)", 'Workflow("")', 'Workflow("diamond")', "raise SystemExit", "exit()", "sys.exit(3)",
    'raise SystemExit("x\\ny\\x1b[31m")', 'raise Exception("a\\nb")', "raise BaseException", "raise GeneratorExit",
    "raise MemoryError", "raise StopIteration", "import asyncio; raise asyncio.CancelledError", "def f(): f()\nf()",
    'raise ExceptionGroup("g", [ValueError()])', 'raise OSError(28, "full")', 'raise ImportError("x", name="flowweaver.y")',
    "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", "__name__ = 5", "globals().clear()",
    "class E(Exception):\n    __traceback__ = property(lambda s: 1/0)\nraise E", "load.__name__ = 5", "__file__ = None",
    "class E(Exception):\n    __class__ = property(lambda s: 1/0)\nraise E", "import sys; sys.stdout = None",
    "class M:\n    __class__ = property(lambda s: 1/0)\nm = M()", "import sys; sys.modules.pop(__name__, None)",
    "class W(Workflow):\n    name = property(lambda s: 1/0)\nw2 = object.__new__(W)", "import os; os.close(1)",
    'raise SyntaxError("x", (None, None, None, None))', 'e = SyntaxError("q"); e.filename = 5; raise e',
    "build_workflow = 7", "def build_workflow(): return [1]", "def build_workflow(x): pass", "workflow._tasks = None",
    "# -*- coding: nosuch -*-", "# coding: utf-16", "from __future__ import nope", 'exec("1/0")', "workflow.params = 3",
    'from flowweaver import StateError; raise StateError("mine")', "import sys; sys.setrecursionlimit(120)",
    'import warnings; warnings.warn("x\\x1b[1m")', "import threading; threading.Thread(target=lambda: 1/0).start()",
)  # fmt: skip
COMMANDS: Final = ("plan", "status", "graph", "run")
ENDS_ITSELF: Final = 130
"""A file that raises KeyboardInterrupt is as good as a person who pressed Ctrl-C while it was loaded."""


def edited(chance: Random) -> bytes:
    text = chance.choice(FILES)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        text = _edit(text, chance) or "x"
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if chance.random() < 0.05:
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _edit(text: str, chance: Random) -> str:
    lines, how, at = text.split("\n"), chance.randrange(9), chance.randrange(len(text))
    line = chance.randrange(len(lines))
    if how == 0:
        return text[:at] + chance.choice(PIECES) + text[at:]
    if how == 1:
        return "\n".join([*lines[:line], chance.choice(("", "    ", "\t")) + chance.choice(PIECES), *lines[line:]])
    if how == 2:
        return "\n".join(lines[:line] + lines[line + chance.randrange(1, 3) :])
    if how == 3:
        return "\n".join([*lines[:line], chance.choice(lines), *lines[line:]])
    if how == 4:
        lines[line] = lines[line].lstrip() if chance.random() < 0.5 else f"  {lines[line]}"
        return "\n".join(lines)
    if how == 5:
        return text[:at] + text[at + chance.randrange(1, 6) :]
    if how == 6:
        return text[:at]
    if how == 7:
        return f"{text}\n{chance.choice(PIECES)}\n"
    words = re.findall(r"\w+", text) or ["x"]
    return text.replace(chance.choice(words), chance.choice(words), 1)


def command_line(folder: Path, command: str) -> tuple[int, str]:
    """Run a command on the file in a child of this process; return its exit code and what it wrote to stderr."""
    child = os.fork()
    if not child:
        code = 97
        try:
            os.chdir(folder)
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
            sys.stdout, sys.stderr = (open(number, "w", closefd=False, errors="replace") for number in (1, 2))  # noqa: SIM115
            signal.alarm(60)
            code = cli.main([command, "flow.py"])
        except BaseException:
            traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and not stream.closed:
                    stream.flush()
            os._exit(code & 0xFF)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, (folder / "err").read_text(errors="replace")


def attack(folder: Path, seeds: range) -> Counter[int]:
    codes: Counter[int] = Counter()
    for seed in seeds:
        chance, work = Random(seed), folder / str(seed)
        work.mkdir()
        (work / "flow.py").write_bytes(edited(chance))
        command = chance.choice(COMMANDS)
        code, said = command_line(work, command)
        where = f"seed {seed}, {command}: exit {code}, {said[-500:]}"
        # What a run of a file that loads comes to is the affair of its tasks.
        assert code in (0, 3, ENDS_ITSELF) or (command == "run" and code == 1), where
        if code == 3:
            assert said.startswith("fwtui: "), where
            assert len(said.splitlines()) <= 3, where
            assert all(line.isprintable() for line in said.splitlines()), where
        assert "Traceback" not in said or "fwtui" not in said, where
        codes[code] += 1
    return codes


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FWTUI_STATE", raising=False)


def test_an_edited_file_loads_or_says_why_not_in_one_to_three_lines(tmp_path: Path) -> None:
    codes = attack(tmp_path, range(60))
    assert codes[3] >= 20
    assert codes[0] >= 3


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_many_edited_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = int(os.environ.get("FLOWWEAVER_FUZZ", "3000"))
    codes = attack(tmp_path, range(1_000, 1_000 + count))
    with capsys.disabled():
        print(f"\n{count} edited workflow files, by exit code: {dict(codes)}")
