"""Workflow files as modules: the checkout's own for direct calls, copies in a scratch folder for whole runs."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"

Load = Callable[[Path], ModuleType]


@pytest.fixture
def load() -> Iterator[Load]:
    """Return a function that loads a workflow file anew from its text, so that an edit within a second counts."""
    names = []

    def load_file(path: Path) -> ModuleType:
        name = f"scratch_{path.stem}_{len(names)}"
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module
        names.append(name)
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        return module

    yield load_file
    for name in names:
        del sys.modules[name]


@pytest.fixture
def etl(load: Load) -> ModuleType:
    """The ETL as it is shipped; for functions that only read."""
    return load(WORKFLOWS / "etl.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the workflow folder, without what runs left there."""
    copy = tmp_path / "workflows"
    shutil.copytree(WORKFLOWS, copy, ignore=shutil.ignore_patterns("out", "__pycache__", ".fwtui"))
    return copy
