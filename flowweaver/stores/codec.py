"""How a result becomes something that a store can keep, so that it comes back equal in value and type or not at all.

JSON text where a value is JSON exactly, a tagged JSON of our own for the common types that JSON lacks, raw text and
bytes where a whole result is just that, and a signed pickle for everything else. Only the last names code, and it is
opened only if this user signed it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json import encoder as json_encoder
from typing import Any, Final

from flowweaver.errors import describe_exception
from flowweaver.hashing import blake2b
from flowweaver.records import StoredValue
from flowweaver.stores.base import ResultUnavailable

__all__ = [
    "SIGNATURE",
    "UNREADABLE",
    "compact",
    "decode",
    "decode_file",
    "encode",
    "length_of_file",
    "read_json",
    "summary_of",
    "type_name",
]

MAX_DEPTH: Final = 200
"""How deep a value may be nested and still be JSON here: reading it back must work from anywhere in a program."""

RAW_FROM: Final = 16_384
"""Length from which a result that is one str is kept as it is: escaping a megabyte takes longer than writing it."""

UNREADABLE: Final = "its stored result cannot be read"
CHANGED: Final = "its stored result was changed by something else"

SIGNATURE: Final = 32
"""Bytes of a signature, which stands in front of a pickle and is no part of its digest or size."""

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_WIDE: Final = 24
"""Members from which one pass in C over all their types is faster than looking at each."""

_HASHES: Final = {
    name: blake2b(digest_size=16, person=name.encode()) for name in ("json", "tagged", "text", "bytes", "pickle")
}
"""The form is part of the hash: a dict that looks like one of our tags is not equal to what the tag means."""


def _refuse(value: object) -> Any:
    raise TypeError(type(value))


def _compact_writer() -> Callable[[Any], str]:
    """Return the writer of compact JSON; the C encoder made once takes half the time that ``JSONEncoder`` takes."""
    plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode
    make = getattr(json_encoder, "c_make_encoder", None)
    if make is None:
        return plain
    try:
        chunks = make(None, _refuse, json_encoder.encode_basestring, None, ":", ",", False, False, False)
        "".join(chunks({}, 0))
    except Exception:  # its signature is CPython's own business
        return plain
    return lambda value: "".join(chunks(value, 0))


compact: Final = _compact_writer()


# -- encoding ---------------------------------------------------------------------------------------------------------


def encode(
    value: Any,
    *,
    serializer: str | None = None,
    persist: bool = True,
    key: Callable[[], bytes] | None = None,
) -> StoredValue:
    """Return the form in which a result is kept, or why it cannot be. Never raises.

    Args:
        value: the result.
        serializer: "json" for no pickle, "pickle" for nothing else, None for what suits the value.
        persist: False keeps nothing.
        key: signs a pickle, by default the user's own key.
    """
    try:
        summary = summary_of(value)
    except BaseException:  # a class of a class of the user's may raise anything when it is asked
        summary = "object"
    if not persist:
        return StoredValue(summary=summary, not_kept="persist=False")
    try:
        stored = None if serializer == "pickle" else _as_data(value, summary)
        if stored is None:
            stored = _pickled(value, key, summary) if serializer != "json" else _not_json(value, summary)
        return stored
    except BaseException as error:  # a user's class may raise anything while it is taken apart
        return StoredValue(summary=summary, not_kept=f"result: it cannot be stored ({describe_exception(error):.200})")


def _as_data(value: Any, summary: str) -> StoredValue | None:
    """Return a value in a form that names no code; None if only a pickle can keep it."""
    kind = type(value)
    if kind is bytes:
        return _stored("bytes", value, value, summary)
    try:
        if kind is str and len(value) >= RAW_FROM:
            raw = value.encode()
            return _stored("text", raw, raw, summary)
        if _is_json(value):
            text = compact(value)
            return _stored("json", text, text.encode(), summary)
    except (ValueError, RecursionError):
        pass  # NaN, a number of thousands of digits, a lone surrogate: the tagged form has words for them
    from flowweaver.stores import codec_tagged

    try:
        text, tagged = codec_tagged.write(value)
    except codec_tagged.Foreign:
        return None
    except codec_tagged.Unkeepable as reason:
        return StoredValue(summary=summary, not_kept=reason.text(value))
    return _stored("tagged" if tagged else "json", text, text.encode(), summary)


def _pickled(value: Any, key: Callable[[], bytes] | None, summary: str) -> StoredValue:
    from flowweaver.stores import codec_pickle
    from flowweaver.stores.codec_key import user_key

    try:
        payload, signed = codec_pickle.write(value, key or user_key)
    except codec_pickle.NotResumable as reason:
        return StoredValue(summary=summary, not_kept=str(reason))
    return _stored("pickle", signed, payload, summary)


def _not_json(value: Any, summary: str) -> StoredValue:
    from flowweaver.stores import codec_tagged

    try:
        codec_tagged.write(value)
    except codec_tagged.Foreign as foreign:
        return StoredValue(summary=summary, not_kept=f"{foreign.where(value)} is not JSON")
    raise AssertionError("it was foreign a moment ago")


def _stored(encoding: str, data: str | bytes, raw: bytes, summary: str) -> StoredValue:
    return StoredValue(encoding, data, _digest(encoding, raw), len(raw), summary)


def _digest(encoding: str, raw: bytes | memoryview) -> str:
    made = _HASHES[encoding].copy()  # half the time that making one takes
    made.update(raw)
    return made.hexdigest()


def _is_json(value: Any) -> bool:  # noqa: PLR0911, PLR0912 - the few microseconds of every result are spent here
    """Tell whether JSON says exactly this value: types, keys, no part twice. Numbers and text are for the writer."""
    scalars = _SCALARS
    if type(value) in scalars:
        return True
    level = [value]
    seen: set[int] = set()
    visited = 0
    for _ in range(MAX_DEPTH):
        following: list[Any] = []
        for part in level:
            kind = type(part)
            members: Any = part
            if kind is dict:
                if len(part) > _WIDE:
                    if set(map(type, part)) != {str}:
                        return False
                else:
                    for name in part:
                        if type(name) is not str:
                            return False
                members = part.values()
            elif kind is not list:
                return False
            seen.add(id(part))
            if len(part) > _WIDE and scalars.issuperset(map(type, members)):
                continue
            for member in members:
                if type(member) not in scalars:
                    following.append(member)
        visited += len(level)
        # A part that is there twice may be there without end: a cycle, or a tree that doubles at each level.
        if visited != len(seen):
            return False
        if not following:
            return True
        level = following
    return False


# -- decoding ---------------------------------------------------------------------------------------------------------


def decode(
    encoding: str | None, data: Any, *, digest: str | None = None, key: Callable[[], bytes] | None = None
) -> Any:
    """Return the value that was encoded.

    Args:
        encoding: the form; None is that of files that know no forms: JSON.
        data: what was kept, from a file that anybody may have written to.
        digest: what its digest was then, None if not known.
        key: has signed a pickle, by default the user's own key.

    Raises:
        ResultUnavailable: it cannot be had. Nothing of a pickle that this user did not sign was looked at.
    """
    try:
        if encoding == "pickle" and isinstance(data, bytes):
            from flowweaver.stores import codec_pickle
            from flowweaver.stores.codec_key import existing_key

            return codec_pickle.read(data, key or existing_key)
        form = "json" if encoding is None else encoding
        reader, kind = _READERS[form]
        if not isinstance(data, kind):
            raise ResultUnavailable(UNREADABLE)
        raw = data.encode() if isinstance(data, str) else data
        if digest is not None and _digest(form, raw) != digest:
            raise ResultUnavailable(CHANGED)
        return reader(data)
    except ResultUnavailable:
        raise
    except KeyError:
        raise ResultUnavailable(f"{UNREADABLE} (it is {encoding!r:.40})") from None
    except BaseException as error:  # a signed pickle runs its classes' code, which may raise anything
        raise ResultUnavailable(f"{UNREADABLE} ({describe_exception(error):.200})") from error


def length_of_file(encoding: str, size: int) -> int:
    """Return how many bytes a file has in which a result of so many bytes is kept by itself."""
    return size + SIGNATURE if encoding == "pickle" else size


def decode_file(encoding: str, raw: bytes, *, digest: str) -> Any:
    """Return the value of a result that is kept by itself, as the bytes of its encoded form.

    Args:
        encoding: the form.
        raw: what is in the file, which anybody may have written to.
        digest: what its digest has to be; nothing else is looked at before that.

    Raises:
        ResultUnavailable: it cannot be had.
    """
    signed = encoding == "pickle"
    if encoding not in _HASHES or _digest(encoding, memoryview(raw)[SIGNATURE:] if signed else raw) != digest:
        raise ResultUnavailable(CHANGED)
    if signed or _READERS[encoding][1] is bytes:
        return decode(encoding, raw)
    try:
        return decode(encoding, raw.decode())
    except UnicodeDecodeError:
        raise ResultUnavailable(UNREADABLE) from None


def _read_tagged(text: str) -> Any:
    from flowweaver.stores import codec_tagged

    return codec_tagged.read(text)


_DECODER: Final = json.JSONDecoder()


def read_json(text: str) -> Any:
    """Return what ``json.loads`` returns, which looks for an encoding and for white space around the value first."""
    try:
        value, end = _DECODER.raw_decode(text)
    except ValueError:
        return _DECODER.decode(text)
    return value if end == len(text) else _DECODER.decode(text)


_READERS: Final[dict[str, tuple[Callable[[Any], Any], type[str] | type[bytes]]]] = {
    "json": (read_json, str),
    "tagged": (_read_tagged, str),
    "text": (bytes.decode, bytes),
    "bytes": (bytes, bytes),
}


# -- words for a person -----------------------------------------------------------------------------------------------

_TYPE_NAME: Final = type.__dict__["__name__"].__get__
_TYPE_QUALNAME: Final = type.__dict__["__qualname__"].__get__
_TYPE_MODULE: Final = type.__dict__["__module__"].__get__
_COUNTED: Final[dict[type, str]] = {
    **dict.fromkeys((list, dict, tuple, set, frozenset), "item"),
    str: "character",
    bytes: "byte",
    bytearray: "byte",
}
_TABLES: Final = frozenset({"numpy", "pandas", "polars"})


def type_name(kind: type) -> str:
    """Return module and name of a type, without asking its metaclass."""
    module, name = str(_TYPE_MODULE(kind)), str(_TYPE_QUALNAME(kind))
    return name if module == "builtins" else f"{module}.{name}"


def summary_of(value: Any) -> str:  # noqa: PLR0911 - one a kind of value
    """Return what a person sees instead of a value ("list, 26,483 items"). Runs no code of the value's own."""
    kind = type(value)
    if kind is int:
        return f"int {value!r}" if value.bit_length() <= 64 else f"int, {value.bit_length():,} bits"
    if kind is str and len(value) <= 40:
        return f"str {json.dumps(value, ensure_ascii=not value.isprintable())}"
    if kind in _COUNTED:
        size, unit = len(value), _COUNTED[kind]
        return f"{kind.__name__}, 1 {unit}" if size == 1 else f"{kind.__name__}, {size:,} {unit}s"
    if value is None:
        return "None"
    if kind is float or kind is bool:
        return f"{kind.__name__} {value!r}"
    name = str(_TYPE_NAME(kind))
    if str(_TYPE_MODULE(kind)).partition(".")[0] in _TABLES:
        try:
            shape = value.shape
            if type(shape) is tuple and shape and all(type(length) is int for length in shape):
                return f"{name}, {' × '.join(f'{length:,}' for length in shape)}"
        except Exception:  # a frame that cannot say its shape is still one
            return name
    return name
