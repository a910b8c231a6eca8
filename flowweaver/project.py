"""Where a project begins and ends: a task's code counts as far as the person who wrote it can edit it.

What is installed (``site-packages``, a virtual environment, the standard library, this package) is not of the project,
wherever it lies.
"""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["find_root", "in_project", "project_root"]

_MARKERS = ("pyproject.toml", ".git")

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_NOT_OURS = tuple(
    os.path.join(os.path.realpath(os.path.dirname(file)), "") for file in (os.__file__, os.path.abspath(__file__))
)


def find_root(file: Path, *, home: Path | None = None) -> Path:
    """Return the nearest folder above a file that holds ``pyproject.toml`` or ``.git``, else the file's own.

    The home folder and those above it are no projects, nor is the root of the file system, nor a folder in which
    everybody may put files.
    """
    return type(file)(_find_root(os.fspath(file), None if home is None else os.fspath(home)))


def _find_root(file: str, home: str | None) -> str:
    # Paths as text: importing pathlib takes as long as all that is asked here.
    home = os.path.realpath(os.path.expanduser("~") if home is None else home)
    folder = own = os.path.dirname(file)
    while folder and folder != os.path.dirname(folder):
        if os.path.join(home, "").startswith(os.path.join(folder, "")):
            break
        if any(os.path.exists(os.path.join(folder, marker)) for marker in _MARKERS) and not _open_to_all(folder):
            return folder
        folder = os.path.dirname(folder)
    return own


def _open_to_all(folder: str) -> bool:
    try:
        return bool(os.stat(folder).st_mode & stat.S_ISVTX)
    except OSError:
        return True


@lru_cache(maxsize=1024)
def project_root(file: str) -> str:
    """Return the root of a file's project, absolute and without symbolic links."""
    return _find_root(os.path.realpath(file), None)


@lru_cache(maxsize=8192)
def in_project(file: str, root: str) -> bool:
    """Tell whether a file is of the project that begins at ``root``, a path as ``project_root`` returns it."""
    path = os.path.realpath(file)
    if not path.startswith(os.path.join(root, "")) or path.startswith(_NOT_OURS):
        return False
    above = os.path.dirname(path)
    while len(above) > len(root):
        if os.path.basename(above) in _INSTALLED or os.path.exists(os.path.join(above, "pyvenv.cfg")):
            return False
        above = os.path.dirname(above)
    return True
