"""Plain data as JSON and back: what crosses the border between two processes, checked as it comes in.

A message is a record, a data class or a named tuple, and goes as a list: its class's name and its fields in order.
What comes back is built from the types that the fields declare, so that anything else is refused as a whole; nothing
is ever executed. The values of tasks are no plain data, and have no way across.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

__all__ = ["Garbled", "Wire"]


class Garbled(ValueError):
    """What was read is no message."""


class _Shape(NamedTuple):
    """How a type crosses.

    Attributes:
        pack: makes it something that JSON has; None where it is that already.
        unpack: builds it again; raises Garbled.
    """

    pack: Callable[[Any], Any] | None
    unpack: Callable[[Any], Any]


class Wire:
    """Writes and reads messages of some classes.

    Args:
        classes: records whose fields are plain data; no two of one name.
    """

    def __init__(self, classes: Iterable[type]) -> None:
        self._records = {kind.__name__: _record(kind) for kind in classes}
        self._encode = json.JSONEncoder(separators=(",", ":")).encode

    def write(self, message: object) -> str:
        """Return a message as one line of JSON in ASCII."""
        name = type(message).__name__
        pack = self._records[name].pack
        return self._encode([name, *(message if pack is None else pack(message))])  # type: ignore[misc]

    def read(self, text: str) -> Any:
        """Return the message that a line is.

        Raises:
            Garbled: it is none.
        """
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Garbled(f"no JSON: {text[:80]!r}") from error
        if not isinstance(found, list) or not found or not isinstance(found[0], str) or found[0] not in self._records:
            raise Garbled(f"no message: {text[:80]!r}")
        return self._records[found[0]].unpack(found[1:])


def _checked(*kinds: type) -> Callable[[Any], Any]:
    def unpack(plain: Any) -> Any:
        if type(plain) not in kinds:
            raise Garbled(f"{kinds[0].__name__} expected, not {type(plain).__name__}")
        return plain

    return unpack


_SCALARS: Mapping[Any, _Shape] = {
    str: _Shape(None, _checked(str)),
    int: _Shape(None, _checked(int)),
    float: _Shape(None, _checked(float, int)),
    bool: _Shape(None, _checked(bool)),
    type(None): _Shape(None, _checked(type(None))),
    Any: _Shape(None, _checked(str, int, float, bool, type(None))),
    bytes: _Shape(bytes.hex, lambda plain: _converted(bytes.fromhex, plain)),
    Path: _Shape(str, lambda plain: _converted(Path, plain)),
}


def _converted(convert: Callable[[str], Any], plain: Any) -> Any:
    if not isinstance(plain, str):
        raise Garbled(f"text expected, not {type(plain).__name__}")
    try:
        return convert(plain)
    except ValueError as error:
        raise Garbled(str(error)) from error


@cache
def _shape(kind: Any) -> _Shape:
    if kind in _SCALARS:
        return _SCALARS[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _optional(_shape(inner))
    if origin in (tuple, Sequence):
        return _sequence(_shape(arguments[0]))
    if origin is Mapping:
        return _mapping(_shape(arguments[0]), _shape(arguments[1]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _Shape(attrgetter("name"), lambda plain: _member(kind, plain))
    return _record(kind)


def _optional(inner: _Shape) -> _Shape:
    pack, unpack = inner
    return _Shape(
        None if pack is None else lambda value: None if value is None else pack(value),
        lambda plain: None if plain is None else unpack(plain),
    )


def _sequence(inner: _Shape) -> _Shape:
    pack, unpack = inner

    def build(plain: Any) -> tuple[Any, ...]:
        if not isinstance(plain, list):
            raise Garbled(f"a list expected, not {type(plain).__name__}")
        return tuple([unpack(one) for one in plain])

    # JSON writes a tuple, a named one too, as the list that it is.
    return _Shape(None if pack is None else lambda values: [pack(value) for value in values], build)


def _mapping(key: _Shape, value: _Shape) -> _Shape:
    def pack(values: Mapping[Any, Any]) -> dict[Any, Any]:
        pack_key, pack_value = key.pack or _same, value.pack or _same
        return {pack_key(name): pack_value(one) for name, one in values.items()}

    def build(plain: Any) -> dict[Any, Any]:
        if not isinstance(plain, dict):
            raise Garbled(f"an object expected, not {type(plain).__name__}")
        return {key.unpack(name): value.unpack(one) for name, one in plain.items()}

    return _Shape(pack, build)


def _same(value: Any) -> Any:
    return value


def _member(kind: type[Enum], plain: Any) -> Enum:
    if not isinstance(plain, str) or plain not in kind.__members__:
        raise Garbled(f"no {kind.__name__}: {plain!r:.80}")
    return kind[plain]


@cache
def _record(kind: type) -> _Shape:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind._fields)  # type: ignore[attr-defined]
    shapes = [_shape(hints[name]) for name in names]
    unpacks = [shape.unpack for shape in shapes]

    def build(plain: Any) -> Any:
        if not isinstance(plain, list) or len(plain) != len(names):
            raise Garbled(f"no {kind.__name__}: {plain!r:.80}")
        return kind(**{name: unpack(one) for name, unpack, one in zip(names, unpacks, plain, strict=True)})

    return _Shape(_packing(kind, names, [shape.pack for shape in shapes]), build)


def _packing(
    kind: type, names: Sequence[str], packs: Sequence[Callable[[Any], Any] | None]
) -> Callable[[Any], Any] | None:
    if not any(packs):
        if not is_dataclass(kind):
            return None
        if len(names) > 1:
            return attrgetter(*names)
    steps = [(attrgetter(name), pack or _same) for name, pack in zip(names, packs, strict=True)]
    return lambda value: [pack(get(value)) for get, pack in steps]
