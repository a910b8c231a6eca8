"""What is newer on disk: no edit is missed, and a file that is the same is never said to be another."""

from __future__ import annotations

import os
from pathlib import Path

from fwtui.session.stamps import newer, read_stamped


def test_a_file_that_was_only_touched_is_not_newer(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    _data, stamp = read_stamped(file)
    os.utime(file, (1, 1))
    assert newer({file: stamp}) == frozenset()


def test_an_edit_of_the_same_size_within_one_tick_of_the_clock_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    data, stamp = read_stamped(file)
    status = file.stat()
    file.write_text("x = 2\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert data == b"x = 1\n"
    assert newer({file: stamp}) == {file}


def test_a_replaced_file_with_an_old_time_is_seen(tmp_path: Path) -> None:
    file, other = tmp_path / "a.py", tmp_path / "b.py"
    file.write_text("x = 1\n")
    other.write_text("x = 2\n")
    for path in (file, other):
        os.utime(path, (1_000_000, 1_000_000))
    _data, stamp = read_stamped(file)
    os.replace(other, file)
    assert newer({file: stamp}) == {file}


def test_a_file_that_is_gone_is_newer(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.touch()
    _data, stamp = read_stamped(file)
    file.unlink()
    assert newer({file: stamp}) == {file}
