"""Where in a value the part is that cannot be kept: ``result["conn"]: sqlite3.Connection``."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType
from typing import Any, Final

from flowweaver.stores.codec import type_name

__all__ = ["describe", "members_of", "path_to"]

_LOOKED_AT: Final = 100_000
"""Parts after which the search is given up: the reason matters less than the run that waits for it."""

_LABEL: Final = 40
_LONGEST: Final = 120


def describe(value: Any, part: Any) -> str:
    """Return path and type of a part; one that is a class stands for the first object of that class."""
    where = path_to(value, part)
    if where is None and isinstance(part, type):
        where = _search(value, lambda found: type(found) is part)
        return f"{where or 'result'}: {type_name(part)}"
    if isinstance(part, FunctionType | BuiltinFunctionType):
        return f"{where or 'result'}: function {part.__module__}.{part.__qualname__}"
    what = f"class {type_name(part)}" if isinstance(part, type) else type_name(type(part))
    return f"{where or 'result'}: {what}"


def path_to(value: Any, part: Any) -> str | None:
    """Return the way to a part as an expression that begins with ``result``, None if it is not found."""
    return _search(value, lambda found: found is part)


def _search(value: Any, wanted: Callable[[Any], bool]) -> str | None:
    waiting: deque[tuple[str, Any]] = deque([("result", value)])
    kept = [value]  # an object that lives only while it is looked at would lend its id to another
    seen = {id(value)}
    for _ in range(_LOOKED_AT):
        if not waiting:
            return None
        path, here = waiting.popleft()
        if wanted(here):
            return path if len(path) <= _LONGEST else f"{path[:_LONGEST]} …"
        for label, member in members_of(here):
            if id(member) not in seen:
                seen.add(id(member))
                kept.append(member)
                waiting.append((path + label, member))
    return None


def members_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a container or an object, each with its step of a path. Runs no code of the value's own."""
    kind = type(value)
    if issubclass(kind, dict):
        for key, member in list(dict.items(value)):
            yield f"[{_key(key)}]", member
            yield f".keys()[{_key(key)}]", key
    elif issubclass(kind, list):
        yield from ((f"[{index}]", member) for index, member in enumerate(list(list.__iter__(value))))
    elif issubclass(kind, tuple):
        yield from ((f"[{index}]", member) for index, member in enumerate(tuple.__iter__(value)))
    elif issubclass(kind, set):
        yield from (("{…}", member) for member in list(set.__iter__(value)))
    elif issubclass(kind, frozenset):
        yield from (("{…}", member) for member in frozenset.__iter__(value))
    if not issubclass(kind, type):
        for name, member in _slots_of(value).items():
            yield f".{name}", member


def _slots_of(value: Any) -> dict[str, Any]:
    """Return the attributes that an object holds itself, in its ``__dict__`` or its slots."""
    held: dict[str, Any] = {}
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        attributes = None
    if type(attributes) is dict:
        held.update(attributes)
    for kind in type(value).__mro__:
        for name, member in list(kind.__dict__.items()):
            if type(member) is MemberDescriptorType and kind.__module__ != "builtins":
                try:
                    held[name] = member.__get__(value)
                except AttributeError:
                    continue
    return held


def _key(key: Any) -> str:
    if type(key) is str:
        text = json.dumps(key[:_LABEL], ensure_ascii=not key.isprintable())
        return text if len(key) <= _LABEL else f"{text[:-1]}…{text[-1]}"
    if key is None or type(key) is bool or (type(key) is int and key.bit_length() < 100):
        return repr(key)
    return f"<{type_name(type(key))}>"
