"""Files for the session's tests: each test writes its own small project."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fwtui.session.loaded import Loaded
from fwtui.session.loader import load
from fwtui.session.project import Project

Write = Callable[..., Path]
Load = Callable[..., Loaded]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below a project's root and return its path."""
    (tmp_path / "pyproject.toml").touch()

    def make(text: str, name: str = "flow.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return make


@pytest.fixture
def load_file() -> Iterator[Load]:
    """Load a file; what it brought into the process is taken out again after the test."""
    modules, paths, hooks = dict(sys.modules), list(sys.path), list(sys.path_hooks)
    made: list[Loaded] = []

    def go(file: Path, **options: object) -> Loaded:
        made.append(load(Project.of(file, environ={}), **options))  # type: ignore[arg-type]
        return made[-1]

    yield go
    for loaded in made:
        loaded.imports.remove()
    for name in set(sys.modules) - set(modules):
        if str(getattr(sys.modules[name], "__file__", "")).startswith("/tmp"):
            del sys.modules[name]
    sys.path[:], sys.path_hooks[:] = paths, hooks
