"""What docs/commands.md says of JSON is what comes out: every field, of its type, and no other."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_projects import BREAKS, DIAMOND, ROOT, Answer, Project
from test_headless import STORY

from flowweaver.events import Event, TaskWriting
from flowweaver.records import LogLine
from fwtui.headless import RawLine, event_as_json

Fwtui = Callable[..., Answer]
Start = Callable[..., subprocess.Popen[str]]
Fields = dict[str, str]

MANUAL = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
KINDS: dict[str, Callable[[object], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "any": lambda value: True,
}


def fields(text: str) -> Fields:
    """The fields that a cell of the manual names, each with its type."""
    return dict(re.findall(r"`(\w+)` ((?:text|integer|number|boolean|object|list|any)(?: or null)?)", text))


def section(title: str) -> str:
    return MANUAL.partition(f"### `{title}`\n")[2].partition("\n### ")[0]


def table(title: str) -> dict[str, Fields]:
    """The rows of a section's table: for the object itself and for what is in it, their fields."""
    rows = re.findall(r"^\| `?(\w+)`? \| (`.*?) \|", section(title), re.M)
    return {name: fields(cell) for name, cell in rows}


def differences(value: dict[str, object], wanted: Fields) -> Iterator[str]:
    yield from (f"{name} is not documented" for name in value.keys() - wanted.keys())
    yield from (f"{name} is missing" for name in wanted.keys() - value.keys())
    for name in value.keys() & wanted.keys():
        kind = wanted[name].removesuffix(" or null")
        fits = value[name] is None if wanted[name] != kind and value[name] is None else KINDS[kind](value[name])
        if not fits:
            yield f"{name} is {value[name]!r}, not {wanted[name]}"


def check(value: object, tables: dict[str, Fields], name: str = "object") -> None:
    """Check an object, and all in it that the manual has a row for."""
    if isinstance(value, list):
        for one in value:
            check(one, tables, name)
    elif isinstance(value, dict) and name in tables:
        assert list(differences(value, tables[name])) == [], name
        for inner, part in value.items():
            if inner != "object":
                check(part, tables, inner)


# -- events -----------------------------------------------------------------------------------------------------------

COMMON = {"event": "text", "run_id": "integer", "sequence": "integer", "time": "number"}
OUTSIDE = {"event": "text", "time": "number", "source": "text", "text": "text"}
RUN = table("run --output json")
LINE = fields(section("run --output json").partition("Each of `lines` has")[2].partition("\n\n")[0])


def check_event(facts: dict[str, object]) -> None:
    name = facts["event"]
    wanted = OUTSIDE if name in ("process_output", "notice") else {**COMMON, **RUN[str(name)]}
    assert list(differences(facts, wanted)) == [], name
    for line in facts.get("lines", []):
        assert list(differences(line, LINE)) == [], "lines"


def test_every_kind_of_event_is_documented_and_no_other() -> None:
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() for kind in Event.__subclasses__()}
    assert names == RUN.keys()
    assert fields(section("run --output json")).items() >= COMMON.items()


def test_each_event_has_the_documented_fields() -> None:
    line = LogLine("slow", 1, 2.0, "out", "50%")
    writing = TaskWriting(run_id=1, sequence=1, time=2.0, task="slow", attempt=1, lines=(line,))
    for item in [*STORY, writing, RawLine(1.0, "x", "fwtui")]:
        check_event(json.loads(event_as_json(item)))


def test_a_real_run_writes_documented_lines_and_nothing_else(project: Project, start: Start) -> None:
    project.write(BREAKS + "os.system('echo raw')\nprint('printed')\n")
    for options in (["-j1", "--keep-going"], ["--isolate"]):
        process = start("run", "flow.py", "--output", "json", *options, cwd=project.folder)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (1, "")
        facts = [json.loads(line) for line in out.splitlines()]
        for one in facts:
            check_event(one)
        inside = [one for one in facts if "sequence" in one]
        assert inside[0]["event"] == "run_started"
        assert inside[-1]["event"] == "run_finished"
        assert [one["sequence"] for one in inside] == sorted(one["sequence"] for one in inside)
        assert {"task_failed", "task_skipped"} <= {one["event"] for one in facts}


def test_a_run_that_is_refused_writes_nothing_to_stdout(project: Project, fwtui: Fwtui) -> None:
    project.write("x = [\n")
    code, out, err = fwtui("run", "flow.py", "--output", "json")
    assert (code, out) == (3, "")
    assert "SyntaxError" in err


# -- the commands that look -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ran", [False, True])
@pytest.mark.parametrize(
    ("title", "arguments"),
    [
        ("plan --json", ["plan", "flow.py", "--json"]),
        ("explain --json", ["explain", "flow.py", "clean", "--json"]),
        ("status --json", ["status", "flow.py", "--json"]),
        ("runs --json", ["runs", "flow.py", "--json"]),
        ("graph --format json", ["graph", "flow.py", "--format", "json"]),
    ],
)
def test_what_a_command_answers_is_documented(
    project: Project, fwtui: Fwtui, title: str, arguments: list[str], ran: bool
) -> None:
    project.write(BREAKS)
    if ran:
        fwtui("run", "flow.py", "-j1")
    code, out, _err = fwtui(*arguments)
    assert code == 0
    assert out.isascii()
    assert table(title)
    check(json.loads(out), table(title))


def test_a_result_is_documented(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    check(json.loads(fwtui("show", "flow.py", "load", "--json").out), table("show --json"))


def test_the_check_itself_finds_what_differs() -> None:
    wanted = {"a": "text", "b": "integer or null", "c": "number"}
    assert list(differences({"a": "x", "b": None, "c": 1}, wanted)) == []
    found = list(differences({"a": None, "b": True, "d": 1}, wanted))
    assert sorted(found) == [
        "a is None, not text",
        "b is True, not integer or null",
        "c is missing",
        "d is not documented",
    ]


def test_the_manual_names_every_command_and_run_option() -> None:
    from fwtui import cli

    for name, command in cli.cli.commands.items():
        assert name == "open" or f"| `{name} FILE" in MANUAL, name
        if name == "run":
            for param in command.params:
                option = param.opts[0]
                if option.startswith("-") and option not in ("--ascii", "--no-watch"):
                    assert f"`{option}" in MANUAL, option
    assert Path(ROOT / "README.md").read_text(encoding="utf-8").count("docs/commands.md")
