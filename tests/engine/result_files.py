"""What has to be true of the files of large results beside a state, for every test that leaves a state behind."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path


def folder_of(state: Path) -> Path:
    return Path(f"{state}.results")


def named(state: Path) -> set[str]:
    """Return the names of the files that stand in rows."""
    with closing(sqlite3.connect(state)) as connection:
        rows = connection.execute("SELECT data FROM blobs WHERE typeof(data) = 'integer'").fetchall()
    return {f"{number:016x}" for (number,) in rows}


def check(state: Path, *, swept: bool = True) -> int:
    """Check that each row has its file, and each file its row; return how many there are.

    Args:
        swept: no process died since the last run began; if not, there may be files without a row.
    """
    folder = folder_of(state)
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    rows = named(state)
    assert rows <= there, "no row without its file"
    assert there == rows or not swept, "no file without its row"
    assert there or not swept or not folder.exists(), "an empty folder is gone"
    if folder.exists():
        assert stat.S_IMODE(folder.lstat().st_mode) == 0o700
        assert {stat.S_IMODE(path.lstat().st_mode) for path in folder.iterdir()} <= {0o600}
    return len(rows)
