"""What a JSON state file looks like: an object with a record for each task, under the task's name.

A record has ``status``, ``result``, ``error`` and ``timestamp``; what this version knows beyond that stands in further
members, each left out where it says nothing. A second workflow's task of the same name stands under ``name@workflow``.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from flowweaver.records import CodePrint, FilePrint, Provenance, StoredValue, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.base import is_time
from flowweaver.stores.book import Book, Entry
from flowweaver.stores.text import iso, seconds_from

__all__ = ["NotOurs", "file_keys", "file_text", "read", "record_text"]


class NotOurs(Exception):
    """The text is no state; says why, without the file's name."""


# -- writing ----------------------------------------------------------------------------------------------------------


def file_keys(book: Book) -> dict[tuple[str, str], str]:
    """Return under which key each entry stands in a file, in the book's order."""
    keys: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for owner, name in book.entries:
        key, number = name, 1
        while key in taken:
            key = f"{name}@{owner}" if number == 1 else f"{name}@{owner}#{number}"
            number += 1
        taken.add(key)
        keys[owner, name] = key
    return keys


def record_text(key: str, entry: Entry, *, pretty: bool) -> str:
    """Return an entry as a member of the file's object, without the comma."""
    member = {key: _body(key, entry)}
    for ascii_only in (False, True):
        text = json.dumps(member, ensure_ascii=ascii_only, indent=2 if pretty else None)
        try:
            text.encode()
        except UnicodeEncodeError:  # a lone surrogate, from a file that somebody else wrote
            continue
        break
    return text[1:-1].strip("\n")


def file_text(members: list[str], *, pretty: bool) -> str:
    """Return the text of a whole file."""
    if not members:
        return "{}\n"
    return "{\n" + ",\n".join(members) + "\n}\n" if pretty else "{" + ", ".join(members) + "}\n"


def _body(key: str, entry: Entry) -> dict[str, Any]:
    record, value, made = entry.record, entry.record.value, entry.record.provenance
    body: dict[str, Any] = {
        "status": record.status.value,
        "result": None if value is None else _result(value),
        "error": record.error,
        "timestamp": entry.timestamp,
    }
    known: dict[str, Any] = {name: getattr(record, name) for name in _FIELDS}
    known["workflow"] = record.workflow
    if key != record.task_name:
        known["task_name"] = record.task_name
    if value is not None:
        known |= {"digest": value.digest, "size": value.size, "summary": value.summary, "not_kept": value.not_kept}
        known["encoding"] = None if value.encoding == "json" else value.encoding
    if made is not None:
        code = made.code
        known["code"] = None if code is None else [code.algorithm, code.digest, dict(code.parts)]
        known["params"] = dict(made.params)
        known["inputs"] = list(made.inputs)
        known["files"] = [[file.path, file.size, file.mtime_ns, file.digest] for file in made.files]
    known["seconds"] = entry.seconds
    return body | {name: said for name, said in known.items() if said not in _SILENT}


_SILENT: Final[tuple[Any, ...]] = (None, False, "", [], {})


def _result(value: StoredValue) -> Any:
    data = value.data
    if value.encoding in ("json", "tagged") and isinstance(data, str):
        return json.loads(data)
    if value.encoding == "text" and isinstance(data, bytes):
        return data.decode()
    return b64encode(data).decode() if isinstance(data, bytes) else None


# -- reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> Book:
    """Return the book that a file's text is; nothing at all is a new one.

    Raises:
        NotOurs: it is something else.
    """
    book = Book()
    if not text:
        return book
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise NotOurs("is not JSON") from None
    if not isinstance(found, dict):
        raise NotOurs("is JSON, but not a state")
    for key, body in found.items():
        try:
            entry = _entry(key, body)
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError):
            raise NotOurs(f"is JSON, but not a state: {key!r:.60} is not the record of a task") from None
        book.entries[entry.record.workflow or "", entry.record.task_name] = entry
    return book


def _entry(key: str, body: Mapping[str, Any]) -> Entry:
    status = TaskStatus(body["status"].upper())
    timestamp = body.get("timestamp")
    name = _checked(body, "task_name", str)
    facts = {}
    for field, kind in _FIELDS.items():
        said = _checked(body, field, kind)
        if said is not None:
            if kind == _SECONDS and not is_time(said):
                raise ValueError(field)
            facts[field] = said
    record = TaskRecord(
        key if name is None else name,
        status,
        seconds_from(timestamp) or 0.0,
        workflow=_checked(body, "workflow", str) or None,
        error=None if body.get("error") is None else str(body["error"]),
        value=_value(body, status),
        provenance=_provenance(body),
        **facts,
    )
    text = timestamp if isinstance(timestamp, str) else "" if timestamp is None else iso(record.timestamp)
    return Entry(record, text, _checked(body, "seconds", str) or "")


_SECONDS: Final = (int, float)
_FIELDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "run_id": int,
    "attempt": int,
    "started_at": _SECONDS,
    "finished_at": _SECONDS,
    "duration": _SECONDS,
    "interrupted": bool,
    "timed_out": bool,
    "redo": bool,
    "redo_run": int,
    "skipped_because": str,
}


def _checked(body: Mapping[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    said = body.get(name)
    if said is not None and not isinstance(said, kind):
        raise TypeError(name)
    return said


def _value(body: Mapping[str, Any], status: TaskStatus) -> StoredValue | None:
    result, encoding = body.get("result"), _checked(body, "encoding", str)
    not_kept = _checked(body, "not_kept", str)
    said = encoding or not_kept or _checked(body, "digest", str)
    if said is None and result is None and status is not TaskStatus.COMPLETED:
        return None
    form = None if not_kept is not None else encoding or "json"
    return StoredValue(
        encoding=form,
        data=None if form is None else _data(form, result),
        digest=_checked(body, "digest", str) or None,
        size=_checked(body, "size", int) or 0,
        summary=_checked(body, "summary", str) or "",
        not_kept=not_kept,
    )


def _data(form: str, result: Any) -> Any:
    if form in ("json", "tagged"):
        return json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    if not isinstance(result, str):
        return None
    try:
        return result.encode() if form == "text" else b64decode(result, validate=True)
    except ValueError:
        return None  # whoever asks for the result is told that it cannot be read


def _provenance(body: Mapping[str, Any]) -> Provenance | None:
    code, params, inputs, files = (body.get(name) for name in ("code", "params", "inputs", "files"))
    if code is None and not params and not inputs and not files:
        return None
    return Provenance(
        code=None if code is None else CodePrint(str(code[0]), str(code[1]), dict(code[2])),
        params=dict(params or {}),
        inputs=tuple(inputs or ()),
        files=tuple(FilePrint(str(file[0]), int(file[1]), int(file[2]), str(file[3])) for file in files or ()),
    )
