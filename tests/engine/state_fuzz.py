"""State files with something changed at random, for the tests that say what must then be true."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any, Final

_ODD_TEXTS: Final = (
    "", "x", "null", "NaN", "[", "[" * 5_000, "[" * 900 + "]" * 900, "9" * 10_000, "json", "tagged", "text", "bytes",
    "pickle", "COMPLETED", "completed", "RUNNING", "RETRYING", "SKIPPED", "FAILED", "PENDING", "w", "t1", "2024-01-01",
    "99999-01-01", "0001-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "1e300", "inf", "nan", "\0", "\x1b[31m",
    '{"$": "dict", "v": 1}', '{"$": "eval", "v": "1"}', '{"a": 1}', "[1, 2, 3]", '["1", "2", {}]', '["1", "2", 5]',
    "a b c", "-", "- -", "'; DROP TABLE tasks; --", "1 2 x", "0.1 0.2", "x" * 100_000,
)  # fmt: skip
_ODD: Final = (None, 0, -1, 1, 2**62, -(2**63), 1e308, 1e18, 1e300, -1e300, float("inf"), *_ODD_TEXTS)
_ODD_BYTES: Final = (b"", b"\xff" * 40, b"\x80\x05\x95", b"\0")
_ODD_JSON: Final = (
    [], {}, [1], {"a": 1}, True, [[["x"]]], {"$": "tuple", "v": [1]}, 10**400, [None] * 4, {"$": "Decimal", "v": "x"},
    ["1/3.11", "x", {"a": "b"}], [["f", 1, 2, "x"]], [["f", "q", None, "x"]], [float("nan")], [5],
)  # fmt: skip
_FIELDS: Final = (
    "encoding", "digest", "size", "run_id", "attempt", "started_at", "duration", "finished_at", "code", "params",
    "inputs", "files", "seconds", "workflow", "task_name", "not_kept", "summary", "interrupted", "redo",
    "skipped_because", "redo_run", "timed_out", "status", "result", "error", "timestamp",
)  # fmt: skip
_STATEMENTS: Final = (
    "DROP TABLE runs", "DROP TABLE blobs", "DROP TABLE log_lines", "DROP INDEX idx_timestamp", "CREATE TABLE other (x)",
    "ALTER TABLE tasks DROP COLUMN seconds", "ALTER TABLE runs DROP COLUMN params", "ALTER TABLE tasks ADD COLUMN mine",
    "ALTER TABLE attempts RENAME COLUMN outcome TO o", "ALTER TABLE log_lines RENAME COLUMN text TO t",
    "ALTER TABLE cleared DROP COLUMN blob", "CREATE VIEW mine AS SELECT * FROM tasks", "PRAGMA user_version = 99",
    "PRAGMA application_id = 1", "PRAGMA user_version = 0", "PRAGMA journal_mode = WAL", "DELETE FROM runs",
    "CREATE TRIGGER mine AFTER UPDATE ON tasks BEGIN DELETE FROM tasks; END",
    "CREATE TABLE task_states (task_name, status, result, error, timestamp)",
)  # fmt: skip
_TABLES: Final = ("tasks",) * 6 + ("runs", "attempts", "log_lines", "blobs", "cleared")
_LOGS: Final = (b"", b"\x37\x7f\x06\x82" + b"\1" * 100, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\2" * 600)


def odd_values(bomb: bytes) -> tuple[Any, ...]:
    """Return what is put in the place of values: of every type, of every form that means something to us.

    Args:
        bomb: a pickle that must never be opened.
    """
    return (*_ODD, *_ODD_BYTES, bomb, bomb.decode("latin-1"), bomb.hex())


def change_bytes(path: Path, chance: Random) -> None:
    """Change bytes here and there, or cut the file off."""
    data = bytearray(path.read_bytes())
    if chance.random() < 0.2:
        path.write_bytes(bytes(data[: chance.randrange(1, len(data))]))
        return
    for _ in range(chance.choice((1, 1, 3, 20, 200))):
        at = chance.randrange(len(data) if chance.random() < 0.7 else min(200, len(data)))
        count = chance.choice((1, 16, 64))
        other = chance.randrange(len(data))
        piece = chance.randbytes(count) if chance.random() < 0.7 else bytes(data[other : other + count])
        data[at : at + count] = piece[: len(data[at : at + count])]
    path.write_bytes(bytes(data))


def change_json(path: Path, chance: Random, odd: tuple[Any, ...]) -> None:
    """Change members of some records, or what stands in the place of a record."""
    whole = json.loads(path.read_text())
    for _ in range(chance.choice((1, 1, 2, 4))):
        key = chance.choice([*whole, "new", "$", "t1@w", ""])
        body = whole.setdefault(key, {"status": "COMPLETED", "result": 1, "timestamp": "t"})
        value = chance.choice((*odd, *_ODD_JSON))
        value = value.decode("latin-1") if isinstance(value, bytes) else value
        if not isinstance(body, dict) or chance.random() < 0.1:
            whole[key] = value
        elif chance.random() < 0.15:
            body.pop(chance.choice(list(body) or ["status"]), None)
        else:
            body[chance.choice(_FIELDS)] = value
    path.write_text(json.dumps(whole if chance.random() > 0.03 else [whole]))


def change_rows(path: Path, chance: Random, odd: tuple[Any, ...]) -> None:
    """Change values, rows, or what tables there are, as somebody with a SQL prompt can."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for _ in range(chance.choice((1, 1, 2, 5, 10))):
            with suppress(sqlite3.Error, OverflowError):
                if chance.random() < 0.1:
                    connection.execute(chance.choice(_STATEMENTS))
                else:
                    _change_values(connection, chance, odd)


def _change_values(connection: sqlite3.Connection, chance: Random, odd: tuple[Any, ...]) -> None:
    table = chance.choice(_TABLES)
    columns = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    if not columns:
        return
    value, column = chance.choice(odd), chance.choice(columns)
    what = "CAST(? AS TEXT)" if isinstance(value, bytes) and chance.random() < 0.3 else "?"
    some = f"rowid IN (SELECT rowid FROM {table} ORDER BY rowid LIMIT {chance.choice((1, 3, 99))})"
    where = some if table in ("tasks", "runs", "blobs", "cleared") else "1"
    how = chance.random()
    if how < 0.1:
        connection.execute(f"DELETE FROM {table} WHERE {where}")
    elif how < 0.2:
        names = ", ".join(columns)
        chosen = ", ".join("NULL" if chance.random() < 0.5 else name for name in columns)
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} LIMIT 1")
    else:
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = {what} WHERE {where}", (value,))


def put_beside(path: Path, chance: Random) -> None:
    """Put a log, an index or a journal beside a SQLite file, such as none of ours left there."""
    suffix = chance.choice(("-wal", "-journal", "-shm"))
    data = chance.choice(_LOGS) if chance.random() < 0.5 else chance.randbytes(chance.randrange(1, 5_000))
    Path(f"{path}{suffix}").write_bytes(data)


def change_results(path: Path, chance: Random, bomb: bytes) -> None:
    """Change, cut, remove, exchange or replace the files of large results beside a SQLite file, or what names them."""
    folder = Path(f"{path}.results")
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_size)  # their names are random
    file, how = chance.choice(files), chance.random()
    if how < 0.2:
        file.unlink()
    elif how < 0.4:
        change_bytes(file, chance)
    elif how < 0.5:
        os.truncate(file, file.stat().st_size + 1)
    elif how < 0.6:
        data, other = file.read_bytes(), chance.choice(files)
        file.write_bytes(other.read_bytes())
        other.write_bytes(data)
    elif how < 0.7:
        file.write_bytes(bomb.ljust(file.stat().st_size, b"."))
    elif how < 0.8:
        target = chance.choice((Path("/dev/zero"), path, chance.choice(files), Path("nowhere")))
        file.unlink()
        file.symlink_to(target)
    elif how < 0.9:
        elsewhere = folder.with_name("elsewhere")
        folder.rename(elsewhere)
        if chance.random() < 0.7:
            folder.symlink_to(elsewhere)
    else:
        numbers = [int(name.name, 16) for name in files]
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            number = chance.choice((*numbers, 0, -1, 2**63 - 1, 1.5, "0" * 16, "../../state.db"))
            ids = "SELECT id FROM blobs WHERE typeof(data) = 'integer' ORDER BY id LIMIT 1 OFFSET ?"
            connection.execute(f"UPDATE blobs SET data = ? WHERE id = ({ids})", (number, chance.randrange(len(files))))


def change(path: Path, chance: Random, bomb: bytes) -> None:
    """Change a state file in one of these ways; its kind is known by its name."""
    odd, how = odd_values(bomb), chance.random()
    if path.suffix == ".db" and chance.random() < 0.3:
        change_results(path, chance, bomb)
        return
    if how < 0.35:
        change_bytes(path, chance)
    elif path.suffix == ".json":
        change_json(path, chance, odd)
    elif how < 0.45:
        put_beside(path, chance)
    else:
        change_rows(path, chance, odd)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, and of those in it, but the locks, which say who held them."""
    return {
        str(name.relative_to(folder)): name.read_bytes()
        for name in sorted(folder.rglob("*"))
        if name.suffix != ".lock" and not name.is_symlink() and name.is_file()
    }
