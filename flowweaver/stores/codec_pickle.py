"""Results that only pickle can keep: signed by their user, tried out once, and opened by nobody else.

After writing, the pickle is loaded again and compared, because pickling may succeed and lose something. For a hundred
thousand small objects all of it takes five to eight times as long as pickling alone (1 to 2 s), and the memory of a
second copy for a moment. It is left out for tables and arrays of the well-known libraries, which are what is large.
"""

from __future__ import annotations

import copyreg
import hmac
import pickle
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from types import FunctionType
from typing import Any, Final

from flowweaver.errors import describe_exception
from flowweaver.stores.base import ResultUnavailable
from flowweaver.stores.codec import SIGNATURE
from flowweaver.stores.codec_compare import Different, compare, has_equality
from flowweaver.stores.codec_key import KeyUnavailable
from flowweaver.stores.codec_main import find_in_file, name_of_main
from flowweaver.stores.codec_paths import describe, members_of

__all__ = ["NotResumable", "read", "write"]

_FLAT: Final = frozenset({str, bytes, bytearray, int, float, bool, complex, type(None)})
_TRUSTED: Final = frozenset({"numpy", "pandas", "polars", "pyarrow", "zoneinfo"})
"""Libraries whose own objects come back as what they are."""

_TRUSTED_KINDS: Final = frozenset({
    complex, range, slice, bytearray, date, datetime, time, timedelta, timezone, Decimal, OrderedDict, deque, Counter,
})  # fmt: skip
"""Types of Python's own that do, too, and that tables hold. Others may not: an iterator of a dict becomes a list's."""

_NEW: Final[Any] = vars(copyreg)["__newobj__"]
_BARE: Final = (_NEW, vars(copyreg)["_reconstructor"])
"""How plain objects are rebuilt: from their class, and from a base class."""

_SAFE_LIMIT: Final = 20_000
"""Highest recursion limit at which Python 3.11 stops pickling before the stack is full and the process is dead."""

_DEEPEST: Final = 2_000


class NotResumable(Exception):
    """The value cannot come back from a store; the text names the part and its type."""


class _Bare(Exception):
    """An object that is nothing but itself: no state, no equality of its own."""


class _Nowhere(BytesIO):
    """A file for a pickle that nobody wants."""

    def write(self, data: Any) -> int:
        return len(data)


class _Pickler(pickle.Pickler):
    """Notes what it meets: the last object for the reason, the types for what may go untried."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, 5)
        self.last: Any = None
        self.kinds: set[type] = set()

    def reducer_override(self, obj: Any) -> Any:
        self.last = obj
        kind = type(obj)
        if kind is FunctionType or issubclass(kind, type):
            return _in_file(obj) if obj.__module__ == "__main__" else NotImplemented
        reduce = copyreg.dispatch_table.get(kind)
        form = reduce(obj) if reduce is not None else obj.__reduce_ex__(5)
        if type(form) is str:
            return form  # by its name, under which pickle has to find this very object
        self.kinds.add(kind)
        if type(form) is tuple and form[0] in _BARE and not has_equality(kind) and _has_nothing(form):
            raise _Bare
        return form


def _has_nothing(form: tuple[Any, ...]) -> bool:
    arguments = form[1][1:] if form[0] is _NEW else form[1][2:]
    return all(part is None for part in (*arguments, *form[2:]))


def _in_file(named: Any) -> Any:
    name = name_of_main()
    if name is None:
        return NotImplemented
    if find_in_file(name, named.__qualname__) is not named:
        raise pickle.PicklingError("another object has its name")
    return find_in_file, (name, named.__qualname__)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name == name_of_main() and "__main__" in sys.modules:
            return find_in_file(module_name, global_name)
        return super().find_class(module_name, global_name)


def _load(payload: bytes | memoryview) -> Any:
    return _Unpickler(BytesIO(payload)).load()


def write(value: Any, key: Callable[[], bytes]) -> tuple[bytes, bytes]:
    """Return the pickle of a value, and the same with its signature in front.

    Raises:
        NotResumable: it cannot be pickled, would not come back the same, or there is no key to sign it with.
    """
    if sys.version_info < (3, 12) and sys.getrecursionlimit() > _SAFE_LIMIT and _is_deep(value):
        raise NotResumable("result: nested too deeply")
    file = BytesIO()
    pickler = _Pickler(file)
    try:
        pickler.dump(value)
    except RecursionError:
        raise NotResumable("result: nested too deeply") from None
    except MemoryError:
        raise NotResumable("result: not enough memory to store it") from None
    except BaseException:  # a class may raise anything from its __reduce__
        raise NotResumable(describe(value, pickler.last)) from None
    payload = file.getvalue()
    untried = {kind for kind in pickler.kinds - _TRUSTED_KINDS if kind.__module__.partition(".")[0] not in _TRUSTED}
    if untried:
        _try_out(value, payload, untried)
    try:
        signature = hmac.digest(key(), payload, "sha256")
    except KeyUnavailable as why:
        raise NotResumable(f"no key to sign it with: {why}") from None
    return payload, signature + payload


def _is_deep(value: Any) -> bool:
    """Tell whether pickling would go deep; looks at what pickle looks at, nearly in its order."""
    kept = [value]  # what lives only while it is looked at would lend its id to another
    seen = {id(value)}
    path = [members_of(value)]
    while path and len(path) < _DEEPEST:
        for _, member in path[-1]:
            if id(member) not in seen and type(member) not in _FLAT:
                seen.add(id(member))
                kept.append(member)
                path.append(members_of(member))
                break
        else:
            path.pop()
    return bool(path)


def _try_out(value: Any, payload: bytes, kinds: set[type]) -> None:
    """Load a pickle and compare what comes of it.

    Args:
        kinds: types that were met. The ``==`` of one object may be content with another type inside, so that what
            came back must be made of the same.
    """
    try:
        copy = _load(payload)
    except BaseException as error:
        what = describe_exception(error)
        raise NotResumable(f"{describe(value, value)} cannot be loaded again ({what:.200})") from None
    try:
        compare(value, copy)
    except Different as different:
        raise NotResumable(f"{describe(value, different.part)} comes back different") from None
    again = _Pickler(_Nowhere())
    again.dump(copy)
    for kind in kinds - again.kinds:
        raise NotResumable(f"{describe(value, kind)} comes back as another type")


def read(signed: bytes, key: Callable[[], bytes]) -> Any:
    """Return the value of a signed pickle.

    Raises:
        ResultUnavailable: this user did not sign it; it was not looked at.
        BaseException: whatever its classes raise.
    """
    payload = memoryview(signed)[SIGNATURE:]
    try:
        signature = hmac.digest(key(), payload, "sha256")
    except KeyUnavailable:
        signature = b""
    if not hmac.compare_digest(signature, signed[:SIGNATURE]):
        raise ResultUnavailable("its stored result was not written by you")
    return _load(payload)
