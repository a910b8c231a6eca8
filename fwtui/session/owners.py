"""Whether another distribution has installed a package named ``flowweaver`` over or beside ours.

One of that name is on the package index. Two owners of one import name overwrite each other's files, and which of them
a program then gets is chance.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

__all__ = ["other_owners", "warning"]

_OURS = "fwtui"
_INFO = ".dist-info"


def other_owners(folders: Sequence[str] | None = None) -> list[str]:
    """Return name and version ("flowweaver 0.2.1") of every other distribution that installs files of ``flowweaver``.

    Args:
        folders: where distributions are looked for; by default wherever modules are.
    """
    # importlib.metadata would know it too, and takes longer to be imported than this takes.
    found = set()
    for folder in sys.path if folders is None else folders:
        try:
            names = [name for name in os.listdir(folder or ".") if name.endswith(_INFO)]
        except OSError:
            continue
        for name in names:
            title, _, version = name.removesuffix(_INFO).partition("-")
            if title.lower() != _OURS and _owns(os.path.join(folder, name)):
                found.add(f"{title} {version}")
    return sorted(found)


def _owns(info: str) -> bool:
    # Path objects would take as long as all else that is done here, and this is done for every distribution.
    recorded = b"\n" + _content(os.path.join(info, "RECORD"))
    return (
        b"\nflowweaver/__init__.py," in recorded
        or b"flowweaver" in _content(os.path.join(info, "top_level.txt")).split()
    )


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def warning(owners: Iterable[str]) -> str:
    """Return what a person is told of them, empty if there are none."""
    names = list(owners)
    if not names:
        return ""
    uninstall = " ".join(name.split()[0] for name in names)
    return (
        f"{', '.join(names)} is installed beside fwtui and brings another package flowweaver. Put it right with:\n"
        f"pip uninstall {uninstall} && pip install --force-reinstall --no-deps fwtui"
    )
