"""Whether a source file on disk is still the one that was read: by time, size and, where these may lie, content."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flowweaver.hashing import blake2b

__all__ = ["Stamp", "newer", "read_stamped"]

_COARSE = 3_000_000_000
"""Nanoseconds: a file changed less than this before it was read may change again without a new time (FAT keeps 2 s)."""


class Stamp(NamedTuple):
    """A file as it was when it was read. ``sure`` tells whether equal time and size mean equal content."""

    size: int
    mtime_ns: int
    inode: int
    digest: bytes
    sure: bool


def read_stamped(path: Path | str) -> tuple[bytes, Stamp]:
    """Return the content of a file and its stamp.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        data = file.read()
    sure = time.time_ns() - status.st_mtime_ns > _COARSE
    return data, Stamp(len(data), status.st_mtime_ns, status.st_ino, blake2b(data).digest(), sure)


def newer(stamps: Mapping[Path, Stamp]) -> frozenset[Path]:
    """Return the files that are not on disk as they were read; one that is gone or unreadable is among them."""
    return frozenset(path for path, stamp in stamps.items() if _differs(path, stamp))


def _differs(path: Path, stamp: Stamp) -> bool:
    try:
        status = path.stat()
        same = (status.st_size, status.st_mtime_ns, status.st_ino) == (stamp.size, stamp.mtime_ns, stamp.inode)
        if same and stamp.sure:
            return False
        return status.st_size != stamp.size or read_stamped(path)[1].digest != stamp.digest
    except OSError:
        return True
