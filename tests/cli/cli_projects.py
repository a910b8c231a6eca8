"""Small projects for the tests of the commands."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

HEAD = """\
import os, sys, time
from pathlib import Path
from flowweaver import Workflow, task
HERE = Path(__file__).parent
def mark(name):
    with open(HERE / "ran.txt", "a") as file:
        file.write(name + "\\n")
"""

DIAMOND = """
@task
def load():
    mark("load")
    print("10,000 rows")
    return [3, 1, 2]

@task
def clean(load):
    mark("clean")
    return sorted(load)

@task
def count(load):
    mark("count")
    return len(load)

@task
def report(clean, count):
    mark("report")
    return f"{count}: {clean}"

workflow = Workflow("diamond")
workflow.add_task(load)
workflow.add_task(clean, depends_on=[load])
workflow.add_task(count, depends_on=[load])
workflow.add_task(report, depends_on=[clean, count])
"""

BREAKS = DIAMOND.replace(
    'mark("clean")',
    'mark("clean")\n    print("cleaning")\n    if not (HERE / "fixed").exists(): raise KeyError("hour")',
)


class Answer(NamedTuple):
    code: int
    out: str
    err: str


class Project:
    """A folder with one workflow file in it, which is where the commands are called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "flow.py"
        self.state = folder / ".fwtui" / "flow.db"
        (folder / "pyproject.toml").touch()

    def write(self, text: str, name: str = "flow.py", *, head: str = HEAD) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + textwrap.dedent(text), encoding="utf-8")
        return path

    def ran(self) -> list[str]:
        """The tasks that ran since the last call, sorted."""
        marks = self.folder / "ran.txt"
        found = sorted(marks.read_text().split()) if marks.exists() else []
        marks.unlink(missing_ok=True)
        return found

    def tree(self) -> dict[str, bytes]:
        """Every file below the folder with its content."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FWTUI", "PYTHON", "NO_COLOR"))}
    return {**kept, "PYTHONPATH": str(ROOT), **more}
