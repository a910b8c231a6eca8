"""The workflow file of a session: as it was loaded last, and what of it is newer on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fwtui.session.loader import Loaded, check_syntax, load
from fwtui.session.port import LoadProblem
from fwtui.session.project import Project
from fwtui.session.stamps import Stamp, newer, read_stamped

if TYPE_CHECKING:
    from fwtui.session.watcher import Watcher

__all__ = ["Source"]


class Source:
    """A workflow file and the modules of its project that it imports. Not for several threads at once.

    Args:
        project: the file and where it belongs.
        name: which of its workflows.
        params: parameters as typed.
        clock: seconds since the epoch.

    Attributes:
        loaded: the last version that loaded, None if none has.
        problem: why the version on disk does not load, None if it does.
    """

    def __init__(
        self, project: Project, name: str | None, params: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        self._project = project
        self._name = name
        self._params = params
        self._clock = clock
        self._seen: dict[Path, Stamp] = {}
        """Files of a version that did not load, as they were then."""
        self._compiled: dict[Path, Stamp] = {}
        """Files that were saved during a run, as they were when they were compiled: looked at, and not loaded."""
        self._watcher: Watcher | None = None
        self.loaded: Loaded | None = None
        self.problem: LoadProblem | None = None

    def load(self) -> Loaded:
        """Load what is on disk; if it does not load, what was loaded before stays.

        Raises:
            LoadProblem: it does not load.
        """
        before = self.loaded
        try:
            loaded = load(
                self._project,
                name=self._name,
                params=self._params,
                replaces=None if before is None else before.imports,
                clock=self._clock,
            )
        except LoadProblem as problem:
            self.problem = problem
            self._seen |= _stamps([self._project.file, *([Path(problem.path)] if problem.path else [])])
            raise
        self.loaded, self.problem, self._seen, self._compiled = loaded, None, {}, {}
        if self._watcher is not None:
            self._watcher.watch(loaded.imports.source_files())
        return loaded

    def latest(self) -> Loaded:
        """Return what is on disk, loaded: anew if it is newer than what is loaded.

        Raises:
            LoadProblem: it does not load.
        """
        if self.loaded is None or self.problem is not None or self.changed():
            return self.load()
        return self.loaded

    def changed(self) -> frozenset[Path]:
        """Return the files that are not on disk as they were read, whether they loaded then or not."""
        stamps = {} if self.loaded is None else dict(self.loaded.imports.stamps)
        return newer(stamps | self._seen)

    def compile(self, paths: Iterable[Path]) -> None:
        """Look whether files compile, without running them; ``problem`` tells. They still count as changed."""
        ordered = sorted(paths)
        self.problem = check_syntax(ordered)
        self._compiled |= _stamps(ordered)

    def not_compiled(self, paths: Iterable[Path]) -> frozenset[Path]:
        """Return those of the files that are not as they were when they were compiled last."""
        known = frozenset(paths)
        return newer({path: self._compiled[path] for path in known if path in self._compiled}) | (
            known - self._compiled.keys()
        )

    def watch(self, on_change: Callable[[], None]) -> None:
        """Call back, from another thread, whenever source files were saved."""
        from fwtui.session.watcher import Watcher

        self._watcher = Watcher(lambda _paths: on_change())
        files = {self._project.file} if self.loaded is None else self.loaded.imports.source_files()
        self._watcher.watch(files)

    def close(self, *, forget: bool) -> None:
        """End watching; ``forget`` also takes the project's modules out of the process."""
        if self._watcher is not None:
            self._watcher.close()
        if forget and self.loaded is not None:
            self.loaded.imports.remove()


def _stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """Return files as they are now, without those that cannot be read."""
    stamps = {}
    for path in paths:
        with suppress(OSError):
            stamps[path] = read_stamped(path)[1]
    return stamps
