"""The workflow file of a session: as it was loaded last, and what of it is newer on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fwtui.pauses import started
from fwtui.session.loaded import LoadedFile
from fwtui.session.loader import check_syntax
from fwtui.session.port import LoadProblem
from fwtui.session.stamps import Stamp, newer, read_stamped

if TYPE_CHECKING:
    from fwtui.session.watcher import Watcher

__all__ = ["Source"]


class Source:
    """A workflow file and the modules of its project that it imports. Not for several threads at once.

    Args:
        file: the workflow file.
        load: loads what is on disk; takes what was loaded before, which it replaces unless it raises LoadProblem.

    Attributes:
        loaded: the last version that loaded, None if none has.
        problem: why the version on disk does not load, None if it does.
    """

    def __init__(self, file: Path, load: Callable[[LoadedFile | None], LoadedFile]) -> None:
        self._file = file
        self._load = load
        self._seen: dict[Path, Stamp] = {}
        """Files of a version that did not load, as they were then."""
        self._compiled: dict[Path, Stamp] = {}
        """Files that were saved during a run, as they were when they were compiled: looked at, and not loaded."""
        self._watcher: Watcher | None = None
        self.loaded: LoadedFile | None = None
        self.problem: LoadProblem | None = None

    def load(self) -> LoadedFile:
        """Load what is on disk; if it does not load, what was loaded before stays.

        Raises:
            LoadProblem: it does not load.
        """
        started()
        try:
            loaded = self._load(self.loaded)
        except LoadProblem as problem:
            self.problem = problem
            self._seen |= _stamps([self._file, *([Path(problem.path)] if problem.path else [])])
            raise
        self.loaded, self.problem, self._seen, self._compiled = loaded, None, {}, {}
        if self._watcher is not None:
            self._watcher.watch(self._files())
        return loaded

    def latest(self) -> LoadedFile:
        """Return what is on disk, loaded: anew if it is newer than what is loaded.

        Raises:
            LoadProblem: it does not load.
        """
        if self.loaded is None or self.problem is not None or self.changed():
            return self.load()
        return self.loaded

    def changed(self) -> frozenset[Path]:
        """Return the files that are not on disk as they were read, whether they loaded then or not."""
        stamps = {} if self.loaded is None else dict(self.loaded.stamps)
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
        self._watcher.watch(self._files())

    def _files(self) -> frozenset[Path]:
        return frozenset((self._file, *(() if self.loaded is None else self.loaded.stamps)))

    def close(self, *, forget: bool) -> None:
        """End watching; ``forget`` also lets go of what is loaded."""
        if self._watcher is not None:
            self._watcher.close()
        if forget and self.loaded is not None:
            self.loaded.forget()


def _stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """Return files as they are now, without those that cannot be read."""
    stamps = {}
    for path in paths:
        with suppress(OSError):
            stamps[path] = read_stamped(path)[1]
    return stamps
