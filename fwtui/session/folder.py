"""The workflows of a folder, or of one file, and how each stands: from texts and states, without importing any."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flowweaver.errors import StateError
from fwtui.model.picker import Candidate
from fwtui.model.text import joined
from fwtui.session.loader import check_syntax
from fwtui.session.outline import Outline, outline_of
from fwtui.session.port import SessionPort
from fwtui.session.project import Project, shown

__all__ = ["Workflows"]

_LARGEST = 2_000_000
"""Bytes of a file that somebody may have written by hand."""
_RUNS = 50
"""Runs that are read of each: what is usual follows from the last ones."""

Opener = Callable[[Path, str | None], SessionPort]


_Stamp = tuple[tuple[int, int] | None, ...]


def _stamp_of(project: Project) -> _Stamp:
    """Return what changes when the file or its state does."""
    state = str(project.state)
    return tuple(_time_and_size(path) for path in (str(project.file), state, f"{state}-wal"))


def _time_and_size(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _outline(path: Path) -> Outline:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return Outline()
        return outline_of(path.read_bytes())
    except OSError:
        # What cannot be read is listed, with the reason.
        return Outline(makes=True, parsed=False)


class Workflows:
    """The workflows among which a person picks.

    Args:
        place: a folder, or a file.
        opener: opens one of them: a file, and the workflow's name where the file has several.
        state: the state file that a person named, for all of them.
        names: the workflows of the file, if they are known better than from its text.
    """

    def __init__(self, place: Path, opener: Opener, *, state: str | None = None, names: Sequence[str] = ()) -> None:
        self.place = Path(os.path.abspath(place))
        self._opener = opener
        self._state = state
        self._names = tuple(names)
        self._read: dict[Path, tuple[_Stamp, list[Candidate]]] = {}

    @property
    def title(self) -> str:
        """The place as a person reads it."""
        text = shown(self.place)
        if self.place.is_file():
            return text
        return f"{(self.place.name if text == '.' else text).rstrip(os.sep)}{os.sep}"

    def of_file(self, path: Path, names: Sequence[str]) -> Workflows:
        """Return the workflows of one of the files, which has these."""
        return Workflows(path, self._opener, state=self._state, names=names)

    def several(self) -> bool:
        """Tell whether the text of the file says that it has more than one workflow."""
        return len(self._names or _outline(self.place).names) > 1

    def none_text(self) -> str:
        """Return what is to be said where there is none: which folders below have some."""
        below = sorted(
            folder
            for folder in self.place.glob("[!.]*/")
            if folder.is_dir() and any(_outline(path).makes for path in folder.glob("*.py"))
        )
        hint = f"; there are some in {joined(map(shown, below))}" if below else ""
        return f"{self.title} has no workflow files{hint}"

    def open(self, candidate: Candidate) -> SessionPort:
        """Return a session of one of them; nothing is loaded yet."""
        return self._opener(Path(candidate.path), candidate.name)

    def read(self) -> Iterator[Candidate]:
        """Yield each as it is now, one after the other.

        It takes a few milliseconds for each that is another one than when it was read last, and hardly any for others.
        """
        for path in [self.place] if self.place.is_file() else sorted(self.place.glob("*.py")):
            project = Project.of(path, state=self._state)
            stamp = _stamp_of(project)
            known = self._read.get(path)
            # Who runs one may die, which no file tells.
            if known is None or known[0] != stamp or any(candidate.holder for candidate in known[1]):
                known = self._read[path] = (stamp, list(self._of_file(path, project, _outline(path))))
            yield from known[1]

    def _of_file(self, path: Path, project: Project, outline: Outline) -> Iterator[Candidate]:
        if not outline.makes and path != self.place:
            return
        bare = Candidate(str(path), None, path.name)
        problem = check_syntax([path]) if not outline.parsed else None
        if problem is not None:
            where = f"line {problem.line}, " if problem.line else ""
            bare = replace(bare, problem=f"{where}{problem.text}")
        names = self._names or outline.names
        if len(names) > 1:
            for name in names:
                yield _with_state(replace(bare, name=name, workflow=name), project)
        else:
            yield _with_state(replace(bare, workflow=names[0] if names else ""), project)


def _with_state(candidate: Candidate, project: Project) -> Candidate:
    """Return a candidate with what its state says; of a workflow whose name is not known, that which ran last."""
    if not project.has_state:
        return candidate
    from flowweaver.stores.sqlite import SQLiteStateStore

    try:
        store = SQLiteStateStore(project.state, read_only=True)
        names = [candidate.workflow] if candidate.workflow else store.workflows()
        found = [
            replace(
                candidate,
                workflow=name,
                runs=tuple(store.for_workflow(name).runs(_RUNS)),
                holder=store.for_workflow(name).holder(),
            )
            for name in names
        ]
    except StateError as error:
        return replace(candidate, fault=str(error))
    ran = [each for each in found if each.runs]
    return max(ran, key=lambda each: each.runs[0].started_at, default=candidate)
