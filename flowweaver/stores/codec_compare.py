"""Whether what came back from a pickle is what went in, part by part.

Pickling may succeed and still lose something: a ``__reduce__`` that returns another type, a ``__getstate__`` that
leaves out what ``__eq__`` looks at, an exception whose ``__init__`` does other things with its arguments.
"""

from __future__ import annotations

import copyreg
import struct
from collections.abc import Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from flowweaver.stores.codec_paths import members_of

__all__ = ["Different", "compare", "has_equality"]

_ATOMS: Final = frozenset({str, bytes, bytearray, int, bool, set, frozenset})


class Different(Exception):
    """A part came back as something else."""

    def __init__(self, part: Any) -> None:
        super().__init__()
        self.part = part


def compare(value: Any, copy: Any) -> None:
    """Compare a value with what was loaded from its pickle.

    An object is the same if its own ``==`` says so; otherwise if what it holds, or what it hands to pickle, is. One
    whose class has no ``==`` of its own has no other meaning than what it hands to pickle, and has all its attributes.

    Raises:
        Different: a part is not the same.
    """
    waiting = [(value, copy)]
    met: set[tuple[int, int]] = set()
    kept: list[Any] = []  # what is made here must live as long as its id is remembered
    while waiting:
        one, other = waiting.pop()
        if one is other:
            continue
        kind = type(one)
        if type(other) is not kind:
            raise Different(one)
        if kind in _ATOMS:
            if one != other:
                raise Different(one)
            continue
        if kind is float:
            if struct.pack("d", one) != struct.pack("d", other):
                raise Different(one)
            continue
        pair = id(one), id(other)
        if pair in met:
            continue
        met.add(pair)
        kept.append((one, other))
        waiting.extend(_inside(one, other, kind))


def _inside(one: Any, other: Any, kind: type) -> Iterator[tuple[Any, Any]]:
    if kind is list or kind is tuple:
        if len(one) != len(other):
            raise Different(one)
        return zip(one, other, strict=True)
    if kind is dict:
        if len(one) != len(other):
            raise Different(one)
        return _pairs(one.items(), other.items())
    if has_equality(kind):
        try:
            same = one == other
        except Exception:  # an == that raises says nothing
            same = None
        if same is True:
            return iter(())
        if same is False:
            held = _members(one, other)
            if held:
                return iter(held)
    elif _is_its_dict(kind):
        return iter([(one.__dict__, other.__dict__)])
    else:
        _members(one, other)
    try:
        return iter([(_reduced(one, kind), _reduced(other, kind))])
    except Exception:  # it could be pickled once, but what is it that came back?
        raise Different(one) from None


def _members(one: Any, other: Any) -> list[tuple[Any, Any]]:
    """Return the parts of both in pairs; an attribute that was left out, and not put there again, is a difference."""
    held, also = list(members_of(one)), list(members_of(other))
    if [name for name, _ in held] != [name for name, _ in also]:
        raise Different(one)
    return [(part, twin) for (_, part), (_, twin) in zip(held, also, strict=True)]


def has_equality(kind: type) -> bool:
    """Tell whether a class says itself what equal means."""
    own: Any = kind.__eq__
    return own is not object.__eq__


_plain_kinds: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


def _is_its_dict(kind: type) -> bool:
    """Tell whether pickle takes an object of a class for its ``__dict__`` and nothing else, as it does most."""
    known = _plain_kinds.get(kind)
    if known is None:
        known = _plain_kinds[kind] = _has_no_hooks(kind)
    return known


def _has_no_hooks(kind: type) -> bool:
    hooks = ("__reduce_ex__", "__reduce__", "__getstate__", "__getnewargs_ex__", "__getnewargs__", "__slots__")
    return (
        kind.__dictoffset__ != 0
        and kind not in copyreg.dispatch_table
        and kind.__base__ is object
        and not any(hook in base.__dict__ for base in kind.__mro__[:-1] for hook in hooks)
    )


def _pairs(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    for (key, member), (twin_key, twin) in zip(one, other, strict=True):
        yield key, twin_key
        yield member, twin


def _reduced(value: Any, kind: type) -> Any:
    reduce = copyreg.dispatch_table.get(kind)
    # Protocol 4 gives bytes where 5 gives buffers, which cannot be compared.
    form = reduce(value) if reduce is not None else value.__reduce_ex__(4)
    if isinstance(form, str):
        return form
    parts = [part if place < 3 or part is None else list(part) for place, part in enumerate(form[:5])]
    if len(parts) > 2 and type(parts[2]) is dict and not parts[2]:
        parts[2] = None  # exceptions hand over an empty dict once somebody has looked for one
    while parts and parts[-1] is None:
        parts.pop()
    return tuple(parts)
