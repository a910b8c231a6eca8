"""``fwtui FOLDER``: the workflows in a folder, so that one of them can be named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fwtui.commands.console import Out
from fwtui.model.text import visible
from fwtui.session.project import shown

__all__ = ["list_folder", "workflow_files"]

_MARKS = (b"flowweaver",)
_READ = 200_000


def workflow_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that may have a workflow: those that name the library. None of them is run."""
    for path in sorted(folder.glob("*.py")):
        try:
            with path.open("rb") as file:
                text = file.read(_READ)
        except OSError:
            continue
        if any(mark in text for mark in _MARKS) and b"Workflow" in text:
            yield path


def list_folder(folder: Path) -> int:
    """List the workflow files of a folder."""
    out = Out()
    found = list(workflow_files(folder))
    if not found:
        out.line(f"{visible(shown(folder))} has no workflow files.")
        return 2
    out.line(f"{visible(shown(folder))} has these; name one:")
    for path in found:
        out.line(f"  fwtui {visible(shown(path))}")
    return 0
