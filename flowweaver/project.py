"""Where a project begins and ends: a task's code counts as far as the person who wrote it can edit it.

What is installed (``site-packages``, a virtual environment, the standard library, this package) is not of the project,
wherever it lies.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from flowweaver.stores.codec_main import find_root

__all__ = ["in_project", "project_root"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_NOT_OURS = tuple(
    os.path.join(os.path.realpath(os.path.dirname(file)), "") for file in (os.__file__, os.path.abspath(__file__))
)


@lru_cache(maxsize=1024)
def project_root(file: str) -> str:
    """Return the root of a file's project, absolute and without symbolic links."""
    return str(find_root(Path(os.path.realpath(file))))


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
