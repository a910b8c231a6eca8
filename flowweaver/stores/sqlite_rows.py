"""Rows of ``tasks`` as the records that they are, and their results as values."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final, TypeVar

from flowweaver.records import CodePrint, FilePrint, Provenance, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.base import ResultUnavailable, is_time
from flowweaver.stores.codec import UNREADABLE, decode, decode_file, length_of_file, read_json
from flowweaver.stores.schema import TASK_COLUMNS
from flowweaver.stores.sqlite_db import Database
from flowweaver.stores.sqlite_file import Work
from flowweaver.stores.sqlite_results import FileGone, ResultFiles
from flowweaver.stores.text import seconds_from

__all__ = [
    "ATTEMPT_KINDS",
    "GOING_ON_KINDS",
    "LINE_KINDS",
    "LIVE",
    "RECORD_AND_SMALL_RESULT",
    "RECORD_COLUMNS",
    "RESULT_COLUMNS",
    "RUN_KINDS",
    "adopt",
    "fetch_files",
    "fetch_results",
    "is_sane",
    "load",
    "load_result",
    "mark",
    "open_result",
    "portions",
    "records_of",
    "small_result",
]

T = TypeVar("T")

LIVE: Final = ("RUNNING", "RETRYING")
_COMPLETED: Final = TaskStatus.COMPLETED


# -- provenance ------------------------------------------------------------------------------------------------------


Provenances = Callable[[Any, Any, Any, Any], Provenance | None]


def _provenances() -> Provenances:
    """Return what reads the four columns that tell what made a result, each text once: many rows share them."""
    code_of, params_of, files_of = cache(_code_print), cache(_params), cache(_files)

    def read(code: Any, params: Any, inputs: Any, files: Any) -> Provenance | None:
        if code is None and params is None and inputs is None and files is None:
            return None
        try:
            return Provenance(
                None if code is None else code_of(code),
                params_of(params) if params else _NO_PARAMS,
                _inputs(inputs) if inputs else (),
                files_of(files) if files else (),
            )
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
            return None  # not ours: what made the result is not known, which counts as unchanged

    return read


_NO_PARAMS: Final[Mapping[str, str]] = {}


def _code_print(text: str) -> CodePrint | None:
    parts = read_json(text)
    return None if parts is None else CodePrint(str(parts[0]), str(parts[1]), dict(parts[2]))


def _inputs(text: str) -> tuple[str | None, ...]:
    digests = text.split(" ")
    return tuple([None if digest == "-" else digest for digest in digests] if "-" in digests else digests)


def _params(text: str) -> Mapping[str, str]:
    return dict(read_json(text))


def _files(text: str) -> tuple[FilePrint, ...]:
    return tuple([_file_print(*file) for file in read_json(text)])


def _file_print(path: Any, size: Any, mtime_ns: Any, digest: Any) -> FilePrint:
    return FilePrint(str(path), int(size), int(mtime_ns), str(digest))


# -- records ----------------------------------------------------------------------------------------------------------

RECORD_COLUMNS: Final = ", ".join(column for column in TASK_COLUMNS if column != "result")
"""What :func:`record_of` reads, for a SELECT; not the result, which may be long."""


_TEXT: Final = frozenset({str})
_TEXT_OR_NOT: Final = frozenset({str, type(None)})
_INT: Final = frozenset({int})
_INT_OR_NOT: Final = frozenset({int, type(None)})
_REAL: Final = frozenset({float})
_REAL_OR_NOT: Final = frozenset({float, type(None)})
_ANY: Final = frozenset({str, int, float, type(None)})
_RECORD_KINDS: Final = (
    _TEXT, _TEXT, _TEXT, _TEXT_OR_NOT, _ANY, _INT_OR_NOT, _INT, _REAL_OR_NOT, _REAL_OR_NOT, _REAL_OR_NOT,
    _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _INT, _TEXT, _TEXT_OR_NOT,
    _INT, _INT, _INT, _INT, _TEXT_OR_NOT, _TEXT, _ANY, _INT_OR_NOT,
)  # fmt: skip
RUN_KINDS: Final = (
    _INT, _TEXT, _REAL, _REAL_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _INT
)  # fmt: skip
ATTEMPT_KINDS: Final = (
    _TEXT, _INT, _REAL, _REAL_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _INT
)  # fmt: skip
GOING_ON_KINDS: Final = (_TEXT, _INT, _REAL, _REAL_OR_NOT, _INT)
LINE_KINDS: Final = (_TEXT, _INT, _REAL, _TEXT, _TEXT)


def is_sane(row: Sequence[Any], kinds: Sequence[frozenset[Any]]) -> bool:
    """Tell whether a row has values of the types that we write: SQLite takes anything in any column.

    A number with a fraction is a time or a duration, so it has to be one.
    """
    if not all(map(frozenset.__contains__, kinds, map(type, row))):
        return False
    return all(is_time(value) for value in row if type(value) is float)


def _are_sane(rows: Sequence[Sequence[Any]], kinds: Sequence[frozenset[Any]]) -> bool:
    """Tell whether all rows are sane; a column at a time, which takes a third of the time that each row takes."""
    times: list[float] = []
    for kind, column in zip(kinds, zip(*rows, strict=True), strict=False):
        if not kind.issuperset(map(type, column)):
            return False
        if float in kind:
            times += [value for value in column if type(value) is float]
    return not times or (is_time(min(times)) and is_time(max(times)))


def records_of(rows: Sequence[Sequence[Any]], *, alive: bool) -> Iterator[TaskRecord | None]:
    """Yield the record of each row of ``RECORD_COLUMNS``; None if it makes no sense, as if the task had never run.

    Args:
        rows: there may be more columns behind.
        alive: whoever runs the workflow lives, so that what is RUNNING does run.
    """
    provenance_of = _provenances()
    sane = _are_sane(rows, _RECORD_KINDS)
    for row in rows:
        status = _STATUS.get(row[2]) if sane or is_sane(row, _RECORD_KINDS) else None
        yield None if status is None else _record_of(row, status, provenance_of, alive=alive)


_STATUS: Final[Mapping[Any, TaskStatus]] = {status.value: status for status in TaskStatus}


def _record_of(row: Sequence[Any], status: TaskStatus, provenance_of: Provenances, *, alive: bool) -> TaskRecord:
    (workflow, name, status_text, error, timestamp, run_id, attempt, started_at, finished_at, duration, code, params,
     inputs, files, encoding, digest, size, summary, not_kept, cleared, interrupted, timed_out, redo, skipped_because,
     _seconds, used_at, _blob, *_) = row  # fmt: skip
    if status_text in LIVE and not alive:
        status, interrupted = TaskStatus.PENDING, True
    if encoding is None and not_kept is None:
        if status is _COMPLETED and run_id is None:
            encoding = "json"  # written by a user's own SQL, which knows no forms
        else:
            digest = None  # of what nobody can read: there is no result
    written = seconds_from(timestamp)
    # As garbage collection counts: rows that a user's own SQL wrote, from their timestamp.
    used_at = used_at if type(used_at) is float else written
    return TaskRecord(
        name, status, written or 0.0, run_id, attempt, started_at, finished_at, duration,
        provenance_of(code, params, inputs, files), None, workflow or None, error, None, digest, encoding, size,
        summary, not_kept, cleared != 0, interrupted != 0, redo != 0, redo or None, skipped_because,
        timed_out != 0, used_at,
    )  # fmt: skip


# -- many at a time ---------------------------------------------------------------------------------------------------


def portions(names: Iterable[str], most: int = 400) -> Iterator[list[str]]:
    """Yield names in portions that one statement takes: SQLite takes a thousand values."""
    known = list(names)
    for at in range(0, len(known), most):
        yield known[at : at + most]


def mark(cursor: sqlite3.Cursor, workflow: str, names: Iterable[str], column: str, value: float) -> None:
    """Set a column of a workflow's rows of these tasks."""
    for some in portions(names):
        places = ", ".join("?" * len(some))
        statement = f"UPDATE tasks SET {column} = ? WHERE workflow = ? AND task_name IN ({places})"  # noqa: S608
        cursor.execute(statement, (value, workflow, *some))


# -- results ----------------------------------------------------------------------------------------------------------


RESULT_COLUMNS: Final = """status, run_id, encoding, digest, size, not_kept, cleared,
    CASE WHEN blob IS NULL THEN result ELSE (SELECT data FROM blobs WHERE blobs.id = tasks.blob) END"""
"""What :func:`open_result` takes. A result that has a file of its own is its number."""

_RESULT: Final = f"""SELECT {RESULT_COLUMNS} FROM tasks WHERE task_name = ? AND workflow IN ('', ?)
    ORDER BY workflow DESC LIMIT 1"""  # noqa: S608

_RESULTS: Final = f"""SELECT task_name, {RESULT_COLUMNS} FROM tasks WHERE task_name IN (%s) AND workflow IN ('', ?)
    ORDER BY workflow"""  # noqa: S608

Found = tuple[Any, ...] | None

_SMALL: Final = 200
"""Bytes of a result that are read along with its record: seeking it again would take longer."""

RECORD_AND_SMALL_RESULT: Final = f"{RECORD_COLUMNS}, CASE WHEN blob IS NULL AND size <= {_SMALL} THEN result END"
"""What :func:`records_of` reads, for a SELECT, and what :func:`small_result` looks for in the same row."""

_found_in: Final = itemgetter(
    *map(TASK_COLUMNS.index, ("status", "run_id", "encoding", "digest", "size", "not_kept", "cleared", "result"))
)
_SIZE, _BLOB = map(TASK_COLUMNS.index, ("size", "blob"))


def small_result(row: Sequence[Any]) -> Found:
    """Return of a row of ``RECORD_AND_SMALL_RESULT`` that makes sense what :func:`open_result` takes.

    None if its result was not read along with it.
    """
    return _found_in(row) if row[_SIZE] <= _SMALL and row[_BLOB] is None else None


def fetch_results(cursor: sqlite3.Cursor, workflow: str, task_names: Sequence[str]) -> dict[str, Found]:
    """Read the stored forms of several results, by task name; a few hundred at most."""
    statement = _RESULTS % ", ".join("?" * len(task_names))
    return {row[0]: row[1:] for row in cursor.execute(statement, (*task_names, workflow))}


_FILES: Final = """SELECT task_name, encoding, size, data FROM tasks JOIN blobs ON blobs.id = tasks.blob
    WHERE task_name IN (%s) AND workflow = ? AND typeof(data) = 'integer'"""


def fetch_files(cursor: sqlite3.Cursor, workflow: str, task_names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Read number and length of the files that some of these tasks' results have; a few hundred tasks at most."""
    statement = _FILES % ", ".join("?" * len(task_names))
    return {
        name: (number, length_of_file(encoding, size))
        for name, encoding, size, number in cursor.execute(statement, (*task_names, workflow))
        if type(size) is int
    }


def open_result(found: Found, files: ResultFiles) -> Any:
    """Return the value of the columns ``RESULT_COLUMNS`` of a row, None if there is no row.

    Raises:
        FileGone: its file is not there; somebody may have replaced it since it was found.
        ResultUnavailable: it cannot be had.
        StateError: its file cannot be read now.
    """
    if found is None:
        raise ResultUnavailable("its result is not in the store")
    status, run_id, encoding, digest, size, not_kept, cleared, data = found
    if cleared:
        raise ResultUnavailable("it was cleared")
    if not_kept is not None:
        raise ResultUnavailable(f"its result was not kept ({not_kept})")
    if encoding is None:
        if run_id is not None or status != "COMPLETED":
            raise ResultUnavailable("its result is not in the store")
        data = "null" if data is None else data  # a user's own SQL
    elif type(data) is int:
        if not (type(encoding) is type(digest) is str and type(size) is int):
            raise ResultUnavailable(UNREADABLE)
        return decode_file(encoding, files.read(data, length_of_file(encoding, size)), digest=digest)
    return decode(encoding, data, digest=digest)


def load(database: Database, fetch: Work[T], opened: Callable[[T], Any]) -> tuple[T, Any, ResultUnavailable | None]:
    """Return what ``fetch`` reads, with the value that ``opened`` makes of it or the reason why that cannot be had.

    A result may be replaced, and its file removed, between the two; then it is read again.

    Raises:
        StateError: the state cannot be read.
    """
    found = database.read(fetch)
    while True:
        try:
            return found, opened(found), None
        except FileGone as gone:
            before, found = found, database.read(fetch)
            if found == before:
                return found, None, gone
        except ResultUnavailable as reason:
            return found, None, reason


def load_result(database: Database, workflow: str, task_name: str) -> Any:
    """Return the value of a result, the workflow's own or else that of a record without a workflow.

    Raises:
        ResultUnavailable: it cannot be had.
        StateError: the state cannot be read.
    """

    def fetch(cursor: sqlite3.Cursor) -> Found:
        found: Found = cursor.execute(_RESULT, (task_name, workflow)).fetchone()
        return found

    _, value, reason = load(database, fetch, lambda found: open_result(found, database.results))
    if reason is not None:
        raise reason
    return value


# -- whose record -----------------------------------------------------------------------------------------------------


def adopt(cursor: sqlite3.Cursor, workflow: str, names: Iterable[str]) -> None:
    """Give the workflow those records without a workflow whose tasks it has, unless it has one of its own."""
    cursor.executemany(
        """UPDATE tasks SET workflow = :flow WHERE workflow = '' AND task_name = :name
        AND NOT EXISTS (SELECT 1 FROM tasks AS own WHERE own.workflow = :flow AND own.task_name = :name)""",
        ({"flow": workflow, "name": name} for name in names),
    )
