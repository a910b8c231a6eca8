"""Files that are written all at once, and that nobody but their user can read at any moment."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["write_private"]


def write_private(path: Path, text: str) -> None:
    """Write a file anew; whoever reads it meanwhile sees what was in it before, or all of the new text.

    Raises:
        OSError: it cannot be written, and is as it was.
    """
    from tempfile import mkstemp  # takes 2 ms to import, and most commands write no such file

    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise
