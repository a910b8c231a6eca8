"""JSON with words for what JSON lacks: tuples, sets, bytes, dates, decimals, keys that are not text, and the like.

A JSON object with the member ``$`` is a tag, ``{"$": "tuple", "v": [1, 2]}``; every other object is a dict with those
keys. A dict that has a key ``$`` itself is written as the tag ``dict``, so none is ever mistaken for a tag. A tag names
a form of data, never a class or a function: reading one runs no code but what stands here.
"""

from __future__ import annotations

import json
import math
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

from flowweaver.stores import codec_paths
from flowweaver.stores.codec import compact

__all__ = ["Foreign", "Unkeepable", "read", "write"]

_INT_BITS: Final = 2_000
"""Longest int that is written in digits; the shortest limit on digits that a process can set is a little more."""

_MAX_DEPTH: Final = 100
"""How deep a value may be nested; a level takes several calls to write, and up to three levels of JSON to keep."""

_TOO_DEEP: Final = "nested too deeply"

_SHARED_ALLOWED: Final = 100_000
"""Members that may be written again because their container is there several times; a pickle keeps such sharing."""


class Foreign(Exception):
    """A part has a type that this form has no word for."""

    def __init__(self, part: Any) -> None:
        super().__init__()
        self.part = part

    def where(self, value: Any) -> str:
        """Return path and type of the part within the whole value."""
        return codec_paths.describe(value, self.part)


class Unkeepable(Exception):
    """The value contains itself or is nested too deeply, so no form is right for it."""

    def __init__(self, part: Any, why: str) -> None:
        super().__init__()
        self.part = part
        self.why = why

    def text(self, value: Any) -> str:
        """Return the reason with the path of the part."""
        return f"{codec_paths.path_to(value, self.part) or 'result'}: {self.why}"


def write(value: Any) -> tuple[str, bool]:
    """Return the text of a value, and whether it has any tag; without one it is plain JSON.

    Raises:
        Foreign: a part has another type, or so many parts are shared that writing them out is no good.
        Unkeepable: it contains itself, or is nested too deeply.
    """
    writer = _Writer()
    try:
        return compact(writer.shape(value, 0)), writer.tagged
    except RecursionError:
        raise Unkeepable(value, _TOO_DEEP) from None


class _Writer:
    """Turns one value into what JSON can say."""

    def __init__(self) -> None:
        self.tagged = False
        self._path: set[int] = set()
        self._seen: set[int] = set()
        self._members = 0
        self._again = 0

    def shape(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return value if value.isascii() else self._text(value)
        if kind is bool or value is None:
            return value
        if kind is int:
            return value if value.bit_length() <= _INT_BITS else self._tag("int", hex(value))
        if kind is float:
            return value if math.isfinite(value) else self._tag("float", struct.pack(">d", value).hex())
        if kind in _CONTAINERS:
            return self._container(value, kind, depth)
        atom = _ATOMS.get(kind)
        parts = None if atom is None else atom(value)
        if parts is None:
            raise Foreign(value)
        return self._tag(kind.__name__, parts)

    def _tag(self, name: str, parts: Any) -> dict[str, Any]:
        self.tagged = True
        return {"$": name, "v": parts}

    def _text(self, value: str) -> Any:
        try:
            value.encode()
        except UnicodeEncodeError:
            return self._tag("str", value.encode("utf-8", "surrogatepass").hex())
        return value

    def _container(self, value: Any, kind: type, depth: int) -> Any:
        me = id(value)
        if me in self._path:
            raise Unkeepable(value, "contains itself")
        if depth >= _MAX_DEPTH:
            raise Unkeepable(value, _TOO_DEEP)
        if me in self._seen:
            self._again += len(value) + 1
            if self._again > _SHARED_ALLOWED + self._members:
                raise Foreign(value)
        else:
            self._seen.add(me)
            self._members += len(value)
        self._path.add(me)
        inner = depth + 1
        shape: Any
        if kind is dict:
            shape = self._dict(value, inner)
        else:
            shape = [self.shape(member, inner) for member in value]
            if kind in (set, frozenset):
                # Equal sets are equal text, in whatever order they were filled.
                shape.sort(key=compact)
            if kind is not list:
                shape = self._tag(kind.__name__, shape)
        self._path.discard(me)
        return shape

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        shapes = {key: self.shape(key, depth) for key in value}
        if all(type(key) is str and shape is key for key, shape in shapes.items()) and "$" not in value:
            return {key: self.shape(member, depth) for key, member in value.items()}
        return self._tag("dict", [[shapes[key], self.shape(member, depth)] for key, member in value.items()])


# -- types without parts ----------------------------------------------------------------------------------------------


def _zone(zone: tzinfo | None) -> Any:
    """Return what names a zone: None, its key, or offset and name; False for one that cannot be named."""
    if zone is None:
        return None
    if type(zone) is ZoneInfo:
        # Times in a zone that was made apart from the others compare in another way.
        return zone.key if zone.key and ZoneInfo(zone.key) is zone else False
    if type(zone) is timezone:
        offset, *name = zone.__getinitargs__()  # type: ignore[attr-defined]  # how it pickles itself
        return [*_timedelta(offset), *name]
    return False


def _timed(value: datetime | time) -> Any:
    zone = _zone(value.tzinfo)
    return None if zone is False else [value.replace(tzinfo=None).isoformat(), value.fold, zone]


def _timedelta(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _uuid(value: UUID) -> str | None:
    return value.hex if value.is_safe is SafeUUID.unknown else None


def _base64(value: bytes | bytearray) -> str:
    return b64encode(value).decode()


_CONTAINERS: Final = frozenset({list, dict, tuple, set, frozenset})
_ATOMS: Final[dict[type, Callable[[Any], Any]]] = {
    bytes: _base64,
    bytearray: _base64,
    date: date.isoformat,
    datetime: _timed,
    time: _timed,
    timedelta: _timedelta,
    Decimal: str,
    UUID: _uuid,
    complex: lambda value: [struct.pack(">d", part).hex() for part in (value.real, value.imag)],
}


# -- reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> Any:
    """Return the value of a text that :func:`write` made.

    Raises:
        Exception: it is not such a text; which exception depends on what is wrong with it.
    """
    return json.loads(text, object_hook=_untag)


def _untag(found: dict[str, Any]) -> Any:
    if "$" not in found:
        return found
    name, parts = found["$"], found["v"]
    if len(found) != 2 or name not in _READERS:
        raise ValueError(f"no tag means {name!r:.40}")
    return _READERS[name](parts)


def _read_zone(parts: Any) -> tzinfo | None:
    if parts is None:
        return None
    if isinstance(parts, str):
        return ZoneInfo(parts)
    days, seconds, microseconds, *name = parts
    return timezone(timedelta(days, seconds, microseconds), *name)


def _read_timed(kind: type[datetime] | type[time], parts: Any) -> datetime | time:
    text, fold, zone = parts
    return kind.fromisoformat(text).replace(tzinfo=_read_zone(zone), fold=fold)


def _read_float(text: str) -> float:
    value: float = struct.unpack(">d", bytes.fromhex(text))[0]
    return value


def _read_dict(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    return dict(pairs)


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "str": lambda text: bytes.fromhex(text).decode("utf-8", "surrogatepass"),
    "int": lambda text: int(text, 16),
    "float": _read_float,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": _read_dict,
    "bytes": lambda text: b64decode(text, validate=True),
    "bytearray": lambda text: bytearray(b64decode(text, validate=True)),
    "date": date.fromisoformat,
    "datetime": lambda parts: _read_timed(datetime, parts),
    "time": lambda parts: _read_timed(time, parts),
    "timedelta": lambda parts: timedelta(*parts),
    "Decimal": Decimal,
    "UUID": lambda text: UUID(hex=text),
    "complex": lambda parts: complex(*map(_read_float, parts)),
}
