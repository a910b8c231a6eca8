"""Values that tasks return, from the common to the hostile, for the tests that say what becomes of them.

``RETURNED`` holds what a store may keep, ``PASSED`` what cannot be kept and only passes in memory.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import enum
import fractions
import functools
import io
import ipaddress
import pathlib
import re
import struct
import sys
import threading
import types
import uuid
import weakref
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo


class Colour(enum.Enum):
    RED = 1
    BLUE = "x"


class Level(enum.IntEnum):
    LOW = 1


class Right(enum.Flag):
    READ = 1
    WRITE = 2
    RUN = 4


class Bit(enum.IntFlag):
    ONE = 1
    TWO = 2


class Word(enum.StrEnum):
    A = "a"


class Mixed(str, enum.Enum):  # noqa: UP042 - it is this form that differs
    A = "a"


class Ratio(float, enum.Enum):
    PI = 3.14


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: Any
    y: Any = None


@dataclasses.dataclass(slots=True)
class Slotted:
    x: Any
    y: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlotted:
    x: Any
    y: Any = None


@dataclasses.dataclass(eq=False)
class NoEquality:
    x: Any = 1


@dataclasses.dataclass
class Cached:
    x: int
    cache: Any = dataclasses.field(default=None, compare=False)


class Pair(NamedTuple):
    left: Any
    right: Any = 2


Named = collections.namedtuple("Named", "p q")


class SubDict(dict): ...


class SubList(list): ...


class SubTuple(tuple):
    __slots__ = ()


class SubStr(str):
    __slots__ = ()


class SubInt(int): ...


class SubFloat(float): ...


class SubBytes(bytes): ...


class SubBytearray(bytearray): ...


class SubSet(set): ...


class SubFrozenset(frozenset): ...


class SubDatetime(dt.datetime): ...


class Plain:
    def __init__(self, **held: Any) -> None:
        self.__dict__.update(held)


class Equal(Plain):
    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return 1


class BySlots:
    __slots__ = ("a", "b")

    def __init__(self, a: Any) -> None:
        self.a = a


T = TypeVar("T")


class Box(Generic[T]):
    def __init__(self, held: T) -> None:
        self.held = held


class Linked:
    def __init__(self, following: Any) -> None:
        self.following = following


class OtherType:
    def __reduce__(self) -> Any:
        return list, ([1],)


class LeavesOut(Plain):
    def __getstate__(self) -> Any:
        return {}


class PutsBack(Plain):
    def __getstate__(self) -> Any:
        return {"a": self.a}

    def __setstate__(self, state: Any) -> None:
        self.__init__(**state, lock=threading.Lock())  # type: ignore[misc]


class OtherTuple(tuple):
    __slots__ = ()

    def __reduce__(self) -> Any:
        return tuple, (list(self),)


class JustAName:
    def __reduce__(self) -> Any:
        return "missing"


class TwoArguments(Exception):
    def __init__(self, one: Any, two: Any) -> None:
        super().__init__(one)
        self.two = two


def _raising(error: BaseException) -> Any:
    def raises(*_arguments: Any) -> Any:
        raise error

    return raises


class NoHash:
    __hash__ = _raising(RuntimeError("hashed"))


class NoCompare(Plain):
    __eq__ = _raising(SystemExit("compared"))
    __hash__ = object.__hash__


class NoRepr(Plain):
    __repr__ = _raising(SystemExit("shown"))


class NoClass(Plain):
    __class__ = property(_raising(RuntimeError("asked for its class")))  # type: ignore[assignment]


class NoAttributes:
    __getattribute__ = _raising(RuntimeError("asked for an attribute"))


class NoReduce(Plain):
    __reduce_ex__ = _raising(SystemExit("asked to be pickled"))


class NoIteration(list):
    __iter__ = _raising(SystemExit("iterated"))
    __len__ = _raising(RuntimeError("counted"))


class NoItems(dict):
    items = keys = __iter__ = _raising(SystemExit("iterated"))


class NoLoading(Plain):
    __setstate__ = _raising(SystemExit("loaded"))


class _OddMeta(type):
    __module__ = property(_raising(RuntimeError("asked for its module")))  # type: ignore[assignment]
    __name__ = property(_raising(RuntimeError("asked for its name")))  # type: ignore[assignment]
    __eq__ = _raising(RuntimeError("compared"))
    __hash__ = _raising(RuntimeError("hashed"))


class OddType(metaclass=_OddMeta): ...


def seven() -> int:
    return 7


def nested(levels: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = wrap(value)
    return value


def _zoned(zone: dt.tzinfo, fold: int = 0) -> dt.datetime:
    return dt.datetime(2020, 11, 1, 1, 30, tzinfo=zone, fold=fold)


_NAN, _INF = float("nan"), float("inf")
_UTC, _ODD = dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30, seconds=7, microseconds=9), "odd")
_NEW_YORK = ZoneInfo("America/New_York")

RETURNED: dict[str, Any] = {
    "int": 1, "bool": True, "none": None, "float": 1.5, "nan": _NAN, "-0.0": -0.0, "inf": _INF, "-inf": -_INF,
    "another nan": struct.unpack(">d", bytes.fromhex("7ff8000000000123"))[0], "huge": 10**5_000, "-huge": -(10**700),
    "2**63": 2**63, "2**2000": 2**2_000, "tiny": 5e-324, "largest": sys.float_info.max,
    "str": "x", "empty str": "", "surrogate": "\ud800", "surrogates": "\ud83d\ude00", "nul": "a\0b", "emoji": "\U0001f600",
    "separators": "\u2028\x85\x7f\x1b", "long": "é" * 20_000, "long surrogates": "\ud800" * 20_000, "decomposed": "e\u0301",
    "line ends": "a\r\nb\rc", "long line ends": "a\r\n" * 9_000, "bytes": b"\0\xff", "long bytes": b"\xff" * 40_000,
    "tuple": (1, (2,)), "empty tuple": (), "frozenset": frozenset([1, "a", (2,)]), "complex": complex(1, -0.0),
    "complex nan": complex(_NAN, -0.0), "date": dt.date(1, 1, 1), "last date": dt.date.max, "naive": dt.datetime(2020, 1, 1),
    "utc": _zoned(_UTC), "odd zone": _zoned(_ODD), "New York": _zoned(_NEW_YORK), "fold": _zoned(_NEW_YORK, 1),
    "folded naive": dt.datetime(2020, 1, 1, fold=1), "private zone": _zoned(ZoneInfo.no_cache("Europe/Paris")),
    "first": dt.datetime.min, "last": dt.datetime.max, "time": dt.time(1, 2, 3, 4, tzinfo=_UTC, fold=1),
    "zoned time": dt.time(1, tzinfo=_NEW_YORK), "timedelta": dt.timedelta(-1, 5, 7), "a zone": _ODD, "zone info": _NEW_YORK,
    "decimal": Decimal("1.10"), "decimal nan": Decimal("NaN123"), "decimal -0": Decimal("-0E+5"),
    "decimal inf": Decimal("-Infinity"), "decimal big": Decimal("1E+999999"), "fraction": fractions.Fraction(1, 3),
    "uuid": uuid.UUID(int=7), "path": pathlib.Path("a/b"), "posix path": pathlib.PurePosixPath("/x"),
    "windows path": pathlib.PureWindowsPath("c:\\x"), "range": range(1, 10, 2), "pattern": re.compile("a+", re.I),
    "address": ipaddress.ip_address("::1"), "ellipsis": ..., "type": int, "class": Point, "function": seven, "builtin": len,
    "enum": Colour.RED, "int enum": Level.LOW, "flag": Right.READ | Right.RUN, "no flag": Right(0), "int flag": Bit.ONE | Bit.TWO,
    "odd int flag": Bit(9), "str enum": Word.A, "mixed enum": Mixed.A, "float enum": Ratio.PI, "frozen": Frozen(1, (2,)),
    "frozen slotted": FrozenSlotted(1, (2,)), "named tuple": Pair(1), "namedtuple": Named(1, 2), "frozen nan": Frozen(_NAN),
    "sub str": SubStr("x"), "sub int": SubInt(4), "sub float": SubFloat(4), "sub bytes": SubBytes(b"x"),
    "sub tuple": SubTuple((1,)), "sub frozenset": SubFrozenset([1]), "sub datetime": SubDatetime(2020, 1, 1),
    "equal": Equal(a=1), "generic alias": list[int], "union": int | None, "no repr": NoRepr(a=1),
    "signalling": Decimal("sNaN"), "list": [1, [2]], "dict": {"a": {"b": 1}}, "1 and '1'": {1: "a", "1": "b"},
    "true and '1'": {True: "a", "1": 1, "True": 2}, "1.0": {1.0: 1, "1.0": 2}, "none key": {None: 1, "null": 2, "None": 3},
    "a tag": {"$": "tuple", "v": [1]}, "a tag in a tag": {"$": {"$": 1}}, "a tag with 2": {"$": 1, 2: 3},
    "a class name": {"__type__": "x", "py/object": "os.system"}, "order": {"b": 1, "a": 2}, "set": {1, "a", None},
    "set of nan": {_NAN}, "sets": {frozenset([1]), frozenset()}, "bytearray": bytearray(b"x"),
    "deque": collections.deque([1, 2], 5), "ordered": collections.OrderedDict(b=1, a=2), "counter": collections.Counter("aab"),
    "default list": collections.defaultdict(list, a=[1]), "default function": collections.defaultdict(seven, a=[1]),
    "default none": collections.defaultdict(None, a=1), "chain": collections.ChainMap({"a": 1}, {"b": 2}),
    "user dict": collections.UserDict(a=1), "user list": collections.UserList([1]), "array": array.array("d", [1, _NAN]),
    "namespace": types.SimpleNamespace(a=1), "dataclass": Point(1, [2]), "dataclasses": Point(1, Point(2, [Point(3)])),
    "slotted": Slotted([1], {}), "no equality": NoEquality([1]), "cached": Cached(1, [5]), "in a key": {Frozen(1): Point(1)},
    "sub dict": SubDict(a=1), "sub list": SubList([1]), "sub set": SubSet([1]), "sub bytearray": SubBytearray(b"x"),
    "object": Plain(a=[1]), "by slots": BySlots([1]), "exception": ValueError("x", 1), "group": ExceptionGroup("g", [KeyError(1)]),
    "generic": Box(5), "linked": nested(20, Linked), "deep": nested(90, lambda v: [v]), "deeper": nested(150, lambda v: [v]),
    "deep frozensets": nested(90, lambda v: frozenset([v])), "partial": functools.partial(seven), "bytes io": io.BytesIO(b"x"),
    "string io": io.StringIO("x"), "big dict": {str(i): i for i in range(5_000)}, "big list": list(range(50_000)),
    "1.5 MB": "x" * 1_500_000, "1.5 MB of bytes": b"x" * 1_500_000, "1.5 MB in an object": [Plain(a=1), "x" * 1_500_000],
    "a thousand objects": [Plain(a=i) for i in range(1_000)], "everything": {("a", frozenset([1])): {(1, 2): {3}}},
}  # fmt: skip

_shared = [1, 2]
RETURNED["shared"] = {"a": _shared, "b": _shared}
_looped = Plain(a=1)
_looped.me = _looped
RETURNED["object that holds itself"] = _looped

_list: list[Any] = []
_list.append(_list)
_dict: dict[str, Any] = {}
_dict["me"] = _dict
_tuple: tuple[Any, ...] = ([],)
_tuple[0].append(_tuple)


class _Local:
    pass


_Local.__qualname__ = "seven.<locals>.Local"

PASSED: dict[str, Any] = {
    "lock": threading.Lock(), "generator": (i for i in [1]), "lambda": lambda: 1, "file": sys.stdin, "module": sys,
    "frame": sys._getframe(), "weak": weakref.ref(_looped), "keys": {}.keys(), "memoryview": memoryview(b"abc"),
    "bare object": object(), "local": _Local(), "local class": _Local, "proxy": types.MappingProxyType({"a": 1}),
    "list that holds itself": _list, "dict that holds itself": _dict, "tuple that holds itself": _tuple,
    "default lambda": collections.defaultdict(lambda: 1), "ten thousand lists": nested(10_000, lambda v: [v]),
    "ten thousand tuples": nested(10_000, lambda v: (v,)), "ten thousand dicts": nested(10_000, lambda v: {"a": v}),
    "ten thousand links": nested(10_000, Linked), "ten thousand pairs": nested(10_000, Pair),
    "ten thousand dataclasses": nested(10_000, Point), "another type": OtherType(), "leaves out": LeavesOut(a=1),
    "a type hidden by an equality": Point(1, OtherTuple((1,))), "iterator of a dict": iter({1: 2}),
    "iterator of a set": iter({1}), "calendar week": dt.date(2020, 1, 1).isocalendar(), "just a name": JustAName(),
    "two arguments": TwoArguments(1, 2), "no hash": NoHash(), "no compare": NoCompare(a=[1]),
    "no class": NoClass(a=1), "no attributes": NoAttributes(), "no reduce": NoReduce(a=1), "no iteration": NoIteration([1]),
    "no items": NoItems(a=1), "no loading": NoLoading(a=1), "odd type": OddType(), "odd class": OddType,
}  # fmt: skip
