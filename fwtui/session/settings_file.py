"""The files in which a person's preferences and keys are, in the place the system has for such files.

They are a convenience: one that is broken or cannot be written is said once, and never keeps anybody from working.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import platformdirs

from fwtui.model.settings import Preferences, as_text, from_text

__all__ = ["config_folder", "read_keys", "read_preferences", "write_preferences"]

_SETTINGS = "settings.json"
_KEYS = "keys.toml"


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
        return Preferences(), _ignored(path, error)


def write_preferences(folder: Path, preferences: Preferences) -> None:
    """Remember preferences, all at once, for nobody else to read; where that cannot be done, do nothing."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{_SETTINGS}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(as_text(preferences))
            os.replace(name, folder / _SETTINGS)
        except OSError:
            with suppress(OSError):
                os.unlink(name)


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
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).split("\n", 1)[0]
    return f"{path.name} is ignored: {said or type(error).__name__}. It is in {path.parent}."
