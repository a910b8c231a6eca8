"""Parameters as a person types them, ``-p month=2``, turned into the type that the workflow gave them."""

from __future__ import annotations

import enum
import inspect
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import PurePath
from typing import Any, NamedTuple

__all__ = ["ParameterError", "annotated_types", "convert", "read_pairs"]


class _Reader(NamedTuple):
    """How a text becomes a value, and what a person is told when it does not."""

    read: Callable[[str], Any]
    takes: str


def _read_bool(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}[
        text.lower()
    ]


def _read_none(text: str) -> None:
    return {"": None, "none": None, "null": None}[text.lower()]


_PLAIN: Mapping[Any, _Reader] = {
    str: _Reader(str, "text"),
    int: _Reader(int, "a whole number"),
    float: _Reader(float, "a number"),
    bool: _Reader(_read_bool, "true or false"),
    types.NoneType: _Reader(_read_none, "none"),
    complex: _Reader(complex, "a complex number"),
    Decimal: _Reader(Decimal, "a decimal number"),
    bytes: _Reader(str.encode, "text"),
    datetime: _Reader(datetime.fromisoformat, "a date and time such as 2013-01-31T08:00"),
    date: _Reader(date.fromisoformat, "a date such as 2013-01-31"),
    time: _Reader(time.fromisoformat, "a time such as 08:00"),
}


class ParameterError(Exception):
    """A parameter that cannot be taken as it was typed. The text is what a person reads."""


def read_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Return names and texts of ``name=value`` arguments; the last of one name counts.

    Raises:
        ParameterError: one has no ``=``, or its name is not an identifier.
    """
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip().isidentifier():
            raise ParameterError(f"-p takes name=value, not {pair!r:.80}")
        found[name.strip()] = text
    return found


def convert(name: str, text: str, wanted: Any) -> Any:
    """Return the value of a parameter.

    Args:
        name: for the message.
        text: what was typed.
        wanted: a type or an annotation; what cannot be read as one (``Any``, a class of one's own) leaves text.

    Raises:
        ParameterError: the text is no such value.
    """
    reader = _reader_of(wanted)
    try:
        return reader.read(text)
    except (ValueError, InvalidOperation, KeyError) as error:
        raise ParameterError(f"-p {name}={text}: {name} takes {reader.takes}") from error


def _reader_of(wanted: Any) -> _Reader:
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is typing.Annotated:
        return _reader_of(inner[0])
    if origin in (typing.Union, types.UnionType):
        return _union(inner)
    if origin is typing.Literal:
        return _choice({str(choice): choice for choice in inner})
    return _reader_of_type(origin if isinstance(origin, type) else wanted, inner)


def _reader_of_type(wanted: Any, inner: tuple[Any, ...]) -> _Reader:
    known = _PLAIN.get(wanted) if isinstance(wanted, type) else _PLAIN[str]
    if known is None and issubclass(wanted, enum.Enum):
        known = _choice({str(one.value): one for one in wanted} | dict(wanted.__members__))
    elif known is None and issubclass(wanted, PurePath):
        known = _Reader(wanted, "a path")
    elif known is None and issubclass(wanted, list | tuple | set | frozenset):
        known = _Reader(lambda text: wanted(_items(text, inner)), "a list such as 1,2,3 or JSON")
    elif known is None and issubclass(wanted, dict):
        known = _Reader(lambda text: _json(text, dict), "a JSON object")
    return known or _PLAIN[str]


def _choice(choices: Mapping[str, Any]) -> _Reader:
    return _Reader(choices.__getitem__, f"one of {', '.join(choices)}")


def _union(members: tuple[Any, ...]) -> _Reader:
    # Text fits everything, so it is asked last.
    readers = [_reader_of(one) for one in sorted(members, key=lambda one: (one is str, one is not types.NoneType))]

    def read(text: str) -> Any:
        for reader in readers:
            try:
                return reader.read(text)
            except (ValueError, InvalidOperation, KeyError):
                continue
        raise ValueError(text)

    return _Reader(read, " or ".join(reader.takes for reader in readers))


def _items(text: str, inner: tuple[Any, ...]) -> list[Any]:
    """Read ``[1, 2]`` as JSON, and ``1,2`` as items of the type in the brackets."""
    if text.lstrip().startswith("["):
        return list(_json(text, list))
    reader = _reader_of(next((one for one in inner if one is not Ellipsis), str))
    return [reader.read(part.strip()) for part in text.split(",")] if text.strip() else []


def _json(text: str, kind: type) -> Any:
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(text)  # noqa: TRY004  # the person's text is wrong, not a caller's type
    return value


def annotated_types(function: Callable[..., Any]) -> dict[str, Any]:
    """Return for each named parameter of a function what it takes: its annotation, else the type of its default."""
    wanted = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        wanted[name] = type_of_default(parameter.default)
        if parameter.annotation is not parameter.empty:
            one = types.SimpleNamespace(__annotations__={name: parameter.annotation})
            # An annotation may name what is imported for type checkers only; the others count all the same.
            with suppress(Exception):
                known = getattr(function, "__globals__", {})
                wanted[name] = typing.get_type_hints(one, globalns=known, include_extras=True)[name]
    return wanted


def type_of_default(default: Any) -> Any:
    """Return the type that a parameter's default gives it; text for none at all."""
    return str if default is inspect.Parameter.empty or default is None else type(default)
