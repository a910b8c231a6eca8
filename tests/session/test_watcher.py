"""A save is noticed, however an editor makes it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fwtui.session.watcher import Watcher

SOON = 15.0


class Seen:
    """What a watcher said, to be waited for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.calls: list[frozenset[Path]] = []

    def __call__(self, paths: frozenset[Path]) -> None:
        with self._changed:
            self.calls.append(paths)
            self._changed.notify_all()

    def wait_for(self, path: Path) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: any(path in call for call in self.calls), SOON)

    def wait_for_begin(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: frozenset() in self.calls, SOON)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def watcher(seen: Seen) -> Iterator[Watcher]:
    made = Watcher(seen)
    yield made
    made.close()


def test_writing_in_place_and_replacing_by_rename_are_both_saves(tmp_path: Path, watcher: Watcher, seen: Seen) -> None:
    file = tmp_path / "flow.py"
    file.touch()
    watcher.watch([file])
    assert seen.wait_for_begin()
    file.write_text("1")
    assert seen.wait_for(file)
    for text in ("2", "3"):  # a watch on the file itself would see the first of these and no more
        seen.calls.clear()
        other = tmp_path / ".flow.py.swp"
        other.write_text(text)
        os.replace(other, file)
        assert seen.wait_for(file)


def test_a_module_that_appears_beside_it_is_noticed_and_other_files_are_not(
    tmp_path: Path, watcher: Watcher, seen: Seen
) -> None:
    watcher.watch([tmp_path / "flow.py"])
    assert seen.wait_for_begin()
    (tmp_path / "data.csv").write_text("1")
    (tmp_path / ".#flow.py").write_text("1")
    (tmp_path / "helpers.py").write_text("1")
    assert seen.wait_for(tmp_path / "helpers.py")
    assert set().union(*seen.calls) == {tmp_path / "helpers.py"}


def test_other_folders_can_be_watched_from_then_on(tmp_path: Path, watcher: Watcher, seen: Seen) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    watcher.watch([tmp_path / "a" / "flow.py"])
    assert seen.wait_for_begin()
    seen.calls.clear()
    watcher.watch([tmp_path / "a" / "flow.py", tmp_path / "b" / "helpers.py"])
    assert seen.wait_for_begin()
    (tmp_path / "b" / "helpers.py").write_text("1")
    assert seen.wait_for(tmp_path / "b" / "helpers.py")


def test_a_folder_that_is_not_there_is_no_crash(tmp_path: Path, watcher: Watcher) -> None:
    watcher.watch([tmp_path / "gone" / "flow.py"])
    watcher.close()
    watcher.close()
