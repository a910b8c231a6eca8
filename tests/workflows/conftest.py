"""Workflow files as modules: the checkout's own for direct calls, copies in a scratch folder for whole runs."""

import ast
import itertools
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"

Load = Callable[[Path], ModuleType]

AS_SHIPPED = '''\
def hour_of(row: Reading) -> str:
    """Return the hour of a reading, ``06:00`` to ``11:00``."""
    # MISTAKE: the rows call it "time_hour". Write that here instead of "hour_utc", and save.
    hour: str = row["hour_utc"]
    return hour
'''

_numbers = itertools.count()


def _loading() -> Iterator[Load]:
    names = []

    def load_file(path: Path) -> ModuleType:
        name = f"scratch_{path.stem}_{next(_numbers)}"
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module
        names.append(name)
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        return module

    yield load_file
    for name in names:
        del sys.modules[name]


load = pytest.fixture(_loading, name="load")
"""A function that loads a workflow file anew from its text, so that an edit within a second counts."""

load_once = pytest.fixture(_loading, name="load_once", scope="module")
"""The same for what all tests of a file share."""


@pytest.fixture
def etl(load: Load) -> ModuleType:
    """The ETL as it is shipped; for functions that only read."""
    return load(WORKFLOWS / "etl.py")


def copy_of_workflows(parent: Path) -> Path:
    """Copy the workflow folder, without what runs left there, and return the copy."""
    ignored = shutil.ignore_patterns("out", "__pycache__", ".fwtui")
    return shutil.copytree(WORKFLOWS, parent / "workflows", ignore=ignored)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the workflow folder."""
    return copy_of_workflows(tmp_path)


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workflow folder for all tests of a file."""
    return copy_of_workflows(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def flaky(folder: Path) -> Path:
    """A copy of flaky.py with the mistake it is shipped with: README asks people to mend it in their checkout."""
    path = folder / "flaky.py"
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    function = next(node for node in ast.parse(text).body if getattr(node, "name", "") == "hour_of")
    lines[function.lineno - 1 : function.end_lineno] = [AS_SHIPPED]
    path.write_text("".join(lines), encoding="utf-8")
    return path
