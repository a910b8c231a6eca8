"""The files in which a person's preferences and keys are, in the place the system has for such files.

They are a convenience: one that is broken or cannot be written is said once, and never keeps anybody from working.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from flowweaver.errors import StateError
from flowweaver.stores.lock import FileLock
from fwtui.model.settings import Preferences, changes, from_text, merged
from fwtui.session.private_file import write_private

__all__ = ["config_folder", "read_keys", "read_preferences", "write_preferences"]

_SETTINGS = "settings.json"
_KEYS = "keys.toml"
_LOCK = ".settings.lock"
_PATIENCE = 2.0
"""Seconds for which another dashboard may be writing."""


def config_folder() -> Path:
    """Return where the files are, whether or not there are any."""
    return Path(platformdirs.user_config_dir("fwtui", appauthor=False))


def read_preferences(folder: Path) -> tuple[Preferences, str]:
    """Return what is remembered, and what is to be said of a file that cannot be used ("" for nothing)."""
    path = folder / _SETTINGS
    try:
        return from_text(path.read_text(encoding="utf-8")), ""
    except FileNotFoundError:
        return Preferences(), ""
    except (OSError, ValueError, RecursionError) as error:
        return (
            Preferences(),
            f"{_ignored(path, error)} It stays as it is; nothing is remembered until it is mended.",
        )


def write_preferences(folder: Path, before: Preferences, now: Preferences) -> str:
    """Remember what is liked otherwise than before; what others have written meanwhile, and what they know, stays.

    Returns:
        Why nothing can be remembered, "" if it was: a file that cannot be read is never written over.
    """
    changed = changes(before, now)
    if not changed:
        return ""
    path = folder / _SETTINGS
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(str(folder / _LOCK))
        lock.acquire(patience=_PATIENCE, what=str(path))
        try:
            _replace(path.resolve(), changed)
        finally:
            lock.release()
    except (OSError, ValueError, RecursionError, StateError) as error:
        return f"{_shown(path)} is left as it is, and {', '.join(changed)} not remembered: {_reason(error)}."
    return ""


def _replace(path: Path, changed: Mapping[str, Any]) -> None:
    """Write the file anew, all at once and for nobody else to read."""
    write_private(path, merged(path.read_text(encoding="utf-8") if path.exists() else "", changed))


def read_keys(folder: Path) -> tuple[Mapping[str, object], str]:
    """Return the keys that a person has given to bindings, as written, and what is to be said of a broken file."""
    path = folder / _KEYS
    try:
        with path.open("rb") as file:
            return tomllib.load(file), ""
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError) as error:
        return {}, _ignored(path, error)


def _ignored(path: Path, error: Exception) -> str:
    return f"{_shown(path)} is ignored: {_reason(error)}."


def _shown(path: Path) -> str:
    """Return a path as a person would write it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).split("\n", 1)[0]
    return said or type(error).__name__
