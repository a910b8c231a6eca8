"""The files that tasks declare: what they read, as prints that can be compared, and which products are there.

The only place that looks at them; the plan gets facts. A file is read only when its size or its time of change differ
from what is known of it, so that looking at gigabytes that did not change costs a few system calls.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from flowweaver.hashing import blake2b
from flowweaver.records import FilePrint

__all__ = ["Inputs", "Stamps", "missing_outputs", "observe_inputs", "stamps_of"]

_CHUNK = 1 << 20

Stamps = tuple[tuple[tuple[str, int, int], ...], tuple[str, ...]]
"""Declared files as they are at one moment; two that are equal mean that none has changed."""


class Inputs(NamedTuple):
    """Declared inputs as they are now.

    Attributes:
        files: the print of every file, each once, in the order of the patterns. A path that is not there has size -1;
            a file that cannot be read has an empty hash. Neither is an error here: the task itself will tell.
        missing: the patterns that name no file: a path that is not there, an empty folder, a glob without a match.
    """

    files: tuple[FilePrint, ...] = ()
    missing: tuple[str, ...] = ()


def observe_inputs(patterns: Sequence[str], base: str, known: Iterable[FilePrint] = ()) -> Inputs:
    """Return what the patterns name now; the paths are as the patterns give them.

    Args:
        patterns: paths, folders (all files in them) or globs (``**`` for any depth), relative to ``base``.
        base: the folder of the workflow file.
        known: earlier prints: a file whose size and time are those known is taken to have the content known.
    """
    if not patterns:
        return Inputs()
    earlier = {file.path: file for file in known}
    prints: dict[str, FilePrint] = {}
    missing = []
    for pattern in patterns:
        there = False
        for path in _files(pattern, base):
            if path not in prints:
                prints[path] = _print(path, os.path.join(base, path), earlier.get(path))
            there = there or prints[path].size >= 0
        if not there:
            missing.append(pattern)
    return Inputs(tuple(prints.values()), tuple(missing))


def missing_outputs(patterns: Sequence[str], base: str) -> tuple[str, ...]:
    """Return the declared products that are not there: a path that does not exist, a glob that matches nothing."""
    return tuple(
        pattern
        for pattern in patterns
        if not os.path.exists(os.path.join(base, _expanded(pattern)))
        and not (glob.has_magic(pattern) and any(True for _ in _globbed(_expanded(pattern), base)))
    )


def stamps_of(inputs: Sequence[str], outputs: Sequence[str], base: str) -> Stamps:
    """Return what tells, without reading any file, that declared files are not as they were.

    Returns:
        Path, size and time of change in nanoseconds of each input file, as ``observe_inputs`` gives them, and the
        products that are not there.
    """
    found: dict[str, tuple[str, int, int]] = {}
    for pattern in inputs:
        for path in _files(pattern, base):
            if path not in found:
                size, mtime_ns, _kind = _looked_at(os.path.join(base, path))
                found[path] = path, size, mtime_ns
    return tuple(found.values()), missing_outputs(outputs, base)


def _expanded(pattern: str) -> str:
    return os.path.expanduser(pattern)


def _globbed(pattern: str, base: str) -> Iterator[str]:
    return glob.iglob(pattern, root_dir=base, recursive=True)


def _files(pattern: str, base: str) -> Iterable[str]:
    pattern = _expanded(pattern)
    whole = os.path.join(base, pattern)
    if os.path.isdir(whole):
        return sorted(_inside(pattern, base))
    if not glob.has_magic(pattern) or os.path.exists(whole):  # a name may hold a bracket
        return (pattern,)
    found: set[str] = set()
    for path in _globbed(pattern, base):
        found.update(_inside(path, base) if os.path.isdir(os.path.join(base, path)) else (path,))
    return sorted(found)


def _inside(folder: str, base: str) -> Iterator[str]:
    for path in glob.iglob("**", root_dir=os.path.join(base, folder), recursive=True, include_hidden=True):
        if not os.path.isdir(os.path.join(base, folder, path)):
            yield os.path.join(folder, path)


def _print(path: str, whole: str, earlier: FilePrint | None) -> FilePrint:
    size, mtime_ns, kind = _looked_at(whole)
    if earlier is not None and size >= 0 and (earlier.size, earlier.mtime_ns) == (size, mtime_ns):
        return earlier
    if not stat.S_ISREG(kind):  # missing; or a pipe or a device: reading it would take what the task is to read
        return FilePrint(path, size, mtime_ns, "")
    return FilePrint(path, size, mtime_ns, _hash(whole, size, mtime_ns))


def _looked_at(whole: str) -> tuple[int, int, int]:
    """Return size, time of change and kind of a file; the size is -1 where there is none."""
    try:
        found = os.stat(whole)
    except (OSError, ValueError):
        return -1, 0, 0
    return found.st_size, found.st_mtime_ns, found.st_mode


@lru_cache(maxsize=4096)
def _hash(path: str, size: int, mtime_ns: int) -> str:
    """Hash a file's content; size and time are part of what is remembered, so that a changed file is read again."""
    del size, mtime_ns
    digest = blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()
