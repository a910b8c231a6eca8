"""Says that something was saved. What was saved, and whether it matters, others find out by reading it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["Watcher"]

_DEBOUNCE = 100
_STEP = 20
_TICK = 500
"""Milliseconds without a change after which the thread looks whether it is to end."""


class Watcher:
    """Watches the folders of source files in a daemon thread.

    Folders and not files: an editor that saves by renaming puts another file in the place of the one that was watched.

    Args:
        on_change: called in the watcher's thread with the Python files that were saved, made or removed; once with
            none, when watching has begun: what was saved before that is for the caller to find.

    Attributes:
        problem: why nothing is watched any more, "" while all is well.
    """

    def __init__(self, on_change: Callable[[frozenset[Path]], None]) -> None:
        self._on_change = on_change
        self._folders: frozenset[Path] = frozenset()
        self._stop: threading.Event | None = None
        self._lock = threading.Lock()
        self.problem = ""

    def watch(self, files: Iterable[Path]) -> None:
        """Watch the folders of these files, and no others, from now on."""
        folders = frozenset(file.parent for file in files)
        with self._lock:
            if folders == self._folders:
                return
            self._end()
            self._folders = folders
            if folders:
                self._stop = stop = threading.Event()
                arguments = (sorted(folders), stop)
                threading.Thread(target=self._run, args=arguments, name="fwtui-watcher", daemon=True).start()

    def close(self) -> None:
        """End watching; calling it again does nothing."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
        self._stop = None
        self._folders = frozenset()

    def _run(self, folders: list[Path], stop: threading.Event) -> None:
        try:
            from watchfiles import watch

            changes = watch(
                *(folder for folder in folders if folder.is_dir()),
                watch_filter=lambda _change, path: _is_source(path),
                debounce=_DEBOUNCE,
                step=_STEP,
                stop_event=stop,
                recursive=False,
                raise_interrupt=False,
                yield_on_timeout=True,
                rust_timeout=_TICK,
            )
            for number, found in enumerate(changes):
                if stop.is_set():
                    return
                if found or not number:
                    self._on_change(frozenset(Path(path) for _change, path in found))
        except Exception as error:  # no more watches to be had, a folder that is gone: a person is told, and goes on
            self.problem = f"{type(error).__name__}: {error}"


def _is_source(path: str) -> bool:
    name = Path(path).name
    return name.endswith(".py") and not name.startswith(".")
