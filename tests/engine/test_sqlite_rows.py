"""Rows of the state file as records: many are read at once, and what many of them say is read once."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.records import TaskRecord
from flowweaver.stores.schema import TASK_COLUMNS
from flowweaver.stores.sqlite_rows import RECORD_COLUMNS, records_of

GOOD: dict[str, Any] = {
    "workflow": "w",
    "task_name": "a",
    "status": "COMPLETED",
    "error": None,
    "timestamp": "2026-11-21T22:14:06.454871+00:00",
    "run_id": 1,
    "attempt": 1,
    "started_at": 1.5e9,
    "finished_at": 1.5e9,
    "duration": 0.5,
    "code": '["1/3.11","d",{"f()":"d"}]',
    "params": '{"month":"1"}',
    "inputs": "x - y",
    "files": '[["a.csv",1,2,"d"]]',
    "encoding": "json",
    "digest": "d",
    "size": 1,
    "summary": "int 5",
    "not_kept": None,
    "cleared": 0,
    "interrupted": 0,
    "timed_out": 0,
    "redo": 0,
    "skipped_because": None,
    "seconds": "0.5",
    "used_at": 1.5e9,
    "blob": None,
}
OTHERS: dict[str, list[Any]] = {
    "workflow": ["", "v"],
    "status": ["RUNNING", "RETRYING", "FAILED", "SKIPPED", "completed", ""],
    "timestamp": ["yesterday", "123.5", 5, 7.5, "inf"],
    "code": ["null", "[]", "[", '{"a":1}', '["1/3.11","e",{}]', '["1/3.11","d",{"f()":"d"}] x', '["1/3.11","d",5]'],
    "params": ["", "{}", "5", '[["a","b"]]', '{"month":"2"}'],
    "inputs": ["", "-", "x"],
    "files": ["[]", "5", '[["a.csv",1,2]]', '[["a.csv",1e400,2,"d"]]', '[["b.csv","1",2.5,null]]'],
    "encoding": ["pickle"],
}
FOREIGN = [None, "", "x", 0, 2**60, 2.5, 1e300, float("inf"), b"x"]
"""What SQLite takes in any column."""


@st.composite
def rows(draw: st.DrawFn) -> tuple[Any, ...]:
    changed = draw(st.lists(st.sampled_from(list(GOOD)), max_size=3))
    cells = {name: draw(st.sampled_from([*OTHERS.get(name, []), *FOREIGN])) for name in changed}
    return tuple((GOOD | cells).values())


def read(*found: tuple[Any, ...], alive: bool = False) -> list[TaskRecord | None]:
    return list(records_of(found, alive=alive))


def test_the_columns_of_these_tests_are_those_that_are_read() -> None:
    assert ", ".join(GOOD) == RECORD_COLUMNS
    assert [column for column in TASK_COLUMNS if column not in GOOD] == ["result"]


@settings(max_examples=300, deadline=None)
@given(st.lists(rows(), max_size=12), st.booleans())
def test_what_a_row_says_does_not_depend_on_the_rows_beside_it(found: list[tuple[Any, ...]], alive: bool) -> None:
    assert read(*found, alive=alive) == [one for row in found for one in read(row, alive=alive)]


def test_a_row_with_a_foreign_value_makes_no_record_and_harms_no_other() -> None:
    good = tuple(GOOD.values())
    (record,) = read(good)
    assert record is not None
    for at, name in enumerate(GOOD):
        for value in (b"x", float("inf")):
            assert read(good, (*good[:at], value, *good[at + 1 :]), good) == [record, None, record], name


def test_rows_that_say_the_same_of_their_making_share_what_is_read_of_it() -> None:
    first, second = read(tuple(GOOD.values()), tuple((GOOD | {"task_name": "b"}).values()))
    assert first is not None
    assert second is not None
    assert first.provenance is not None
    assert second.provenance is not None
    assert first.provenance.code is second.provenance.code
