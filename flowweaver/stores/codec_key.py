"""The key that signs stored pickles: only this user has it, so that nobody else's file is ever unpickled."""

from __future__ import annotations

import logging
import os
import secrets
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["KeyUnavailable", "existing_key", "user_key"]

_LENGTH: Final = 32
_lock = threading.Lock()
_keys: dict[str, bytes] = {}
_told: set[str] = set()


class KeyUnavailable(Exception):
    """There is no key, and none can be made. The text says why, for a person."""


def user_key() -> bytes:
    """Return this user's key, made now if there is none yet.

    It is in the file that ``FLOWWEAVER_KEY_FILE`` names, else in the user's data folder.

    Raises:
        KeyUnavailable: it can be neither read nor made, or others can read it.
    """
    path = _path()
    with _lock:
        key = _keys.get(path)
        if key is None:
            try:
                key = _keys[path] = _read(path) or _make(path)
            except OSError as error:
                raise _unavailable(f"{path}: {error.strerror or error}") from None
            except ValueError as error:
                raise _unavailable(f"{path}: {error}") from None
        return key


def existing_key() -> bytes:
    """Return this user's key if there is one; makes none.

    Raises:
        KeyUnavailable: there is none, or it cannot be used.
    """
    path = _path()
    with _lock:
        key = _keys.get(path)
    if key is None:
        try:
            key = _read(path)
        except (OSError, ValueError) as error:
            raise KeyUnavailable(f"{path}: {error}") from None
    if key is None:
        raise KeyUnavailable(f"{path}: there is none")
    return key


def _path() -> str:
    named = os.environ.get("FLOWWEAVER_KEY_FILE")
    if named:
        return os.path.abspath(os.path.expanduser(named))
    from platformdirs import user_data_dir  # takes 20 ms to import

    return os.path.join(user_data_dir("flowweaver", appauthor=False), "key")


def _unavailable(why: str) -> KeyUnavailable:
    if why not in _told:
        _told.add(why)
        logging.getLogger("flowweaver").warning(
            "Results that are not plain data cannot be kept: no key to sign them with (%s)", why
        )
    return KeyUnavailable(why)


def _read(path: str) -> bytes | None:
    follow = 0 if "FLOWWEAVER_KEY_FILE" in os.environ else getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(
            path, os.O_RDONLY | follow | getattr(os, "O_NONBLOCK", 0)
        )  # a pipe would wait for a writer
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("not a file")
        # A file that the user names may be a container's secret, readable by design; the one we make is nobody else's.
        if os.name == "posix" and not os.environ.get("FLOWWEAVER_KEY_FILE"):
            if about.st_uid != os.geteuid():
                raise ValueError("belongs to another user")
            if about.st_mode & 0o077:
                raise ValueError("others can read it; chmod 600, or delete it to get a new one")
        key = file.read(4096)
    if len(key) < _LENGTH:
        raise ValueError(f"a key has at least {_LENGTH} bytes")
    return key


def _make(path: str) -> bytes:
    """Write a new key so that it is there whole or not at all; of two that do so at once the first wins."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    temporary = os.path.join(folder, f".key-{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            _put(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    key = _read(path)
    if key is None:
        raise ValueError("it is gone again")
    return key


def _put(temporary: str, path: str) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if Path(path).exists():
            return
        os.rename(temporary, path)
