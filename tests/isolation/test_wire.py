"""Messages between the two processes: whatever is written is read again as it was, and nothing else is read at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver import errors
from flowweaver.events import Event, TaskOutput, TaskRetrying
from flowweaver.plan import ReasonKind, TaskPlan
from flowweaver.records import LogLine
from fwtui.session.isolation.lines import LINE, LineReader, lines_of
from fwtui.session.isolation.messages import EVENTS, WIRE, Ended, Failure, Load, Read, Start
from fwtui.session.isolation.wire import Garbled, Wire
from fwtui.session.loaded import Ask, Workers
from fwtui.session.port import LoadProblem, TaskInfo
from fwtui.session.project import Project
from fwtui.session.stamps import Stamp

TEXTS = st.text(st.characters(), max_size=30)  # lone surrogates, control characters and line ends included
FLOATS = st.floats(allow_nan=False)
LEAVES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    float: FLOATS,
    int: st.integers(),
    Path: st.text("abc/ é", min_size=1).map(lambda text: Path("/", text)),
    Mapping[str, Any]: st.dictionaries(TEXTS, st.none() | TEXTS | FLOATS | st.booleans() | st.integers(), max_size=3),
}


def made_of(kind: type) -> st.SearchStrategy[Any]:
    """Any value of a record whose fields are plain data."""
    return st.builds(kind, **{name: _field(hint) for name, hint in _hints(kind).items()})


def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields  # type: ignore[attr-defined]
    return {name: hints[name] for name in names}


def _field(hint: Any) -> st.SearchStrategy[Any]:
    if hint in LEAVES:
        return LEAVES[hint]
    arguments = getattr(hint, "__args__", ())
    if type(None) in arguments:
        return st.none() | _field(arguments[0])
    if arguments and arguments[-1] is ...:
        return st.lists(_field(arguments[0]), max_size=3).map(tuple)
    if len(arguments) == 1:  # a sequence: it comes back as a tuple
        return st.lists(_field(arguments[0]), max_size=3).map(tuple)
    if len(arguments) == 2:
        return st.dictionaries(_field(arguments[0]), _field(arguments[1]), max_size=3)
    return made_of(hint) if hasattr(hint, "_fields") or is_dataclass(hint) else st.from_type(hint)


RECORDS = st.sampled_from(
    [*EVENTS, Load, Start, Read, Failure, Ended, TaskInfo, TaskPlan, Stamp, Project, Ask, Workers]
)
EVERYTHING = Wire((*EVENTS, Load, Start, Read, Failure, Ended, TaskInfo, TaskPlan, Stamp, Project, Ask, Workers))


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_comes_back_as_it_was(kind: type[Event]) -> None:
    @given(made_of(kind))
    def check(event: Event) -> None:
        line = WIRE.write(event)
        assert line.isascii()
        assert "\n" not in line
        assert WIRE.read(line) == event

    check()


@given(RECORDS.flatmap(made_of))
def test_every_record_comes_back_as_it_was(record: Any) -> None:
    assert EVERYTHING.read(EVERYTHING.write(record)) == record


@given(made_of(LoadProblem))
def test_a_problem_comes_back_with_all_it_says(problem: LoadProblem) -> None:
    again = WIRE.read(WIRE.write(problem))
    assert {name: getattr(again, name) for name in _hints(LoadProblem)} == {
        name: getattr(problem, name) for name in _hints(LoadProblem)
    }


def test_a_number_that_is_none_comes_back_as_one() -> None:
    event = TaskRetrying(run_id=1, sequence=2, time=3.0, task="a", attempt=1, delay=math.nan, duration=1.0, error="")
    assert math.isnan(WIRE.read(WIRE.write(event)).delay)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXTS | st.sampled_from([kind.__name__ for kind in EVENTS]),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=20,
)


@given(JSON)
def test_what_is_no_message_is_refused_and_nothing_else_happens(found: Any) -> None:
    try:
        message = WIRE.read(json.dumps(found))
    except Garbled:
        return
    assert json.loads(WIRE.write(message)) == found, "what is read was a message to the letter"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "[" * 100_000,
        "1" * 10_000,
        '["Ended"]',
        '["Ended",null,null]',
        '["Event",1,1,1.0]',
        '["TaskStarted",1,2,3.0,"a",true]',
        '["TaskStarted",1,2,3.0,"a","1"]',
        '["TaskOutput",1,2,3.0,"a",1,[["a",1,2.0,"out"]]]',
        '["TaskOutput",1,2,3.0,"a",1,"lines"]',
        '["RunStarted",1,1,1.0,"w",[],{}]',
        '["SomePlans",[["a","NO_SUCH_ACTION",[],false]]]',
        '["__import__","os"]',
    ],
)
def test_garbage_is_refused(line: str) -> None:
    with pytest.raises(Garbled):
        WIRE.read(line)


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name[0].isupper()])
def test_each_of_the_engines_errors_comes_back_in_its_class(name: str) -> None:
    kind = getattr(errors, name)
    told = {"path": "/x", "holder": "process 7"} if issubclass(kind, errors.StateLockedError) else {}
    if issubclass(kind, errors.WorkflowExecutionError):
        told = {"failed_task": "a", "workflow_name": "w"}
    error = kind("what it says", **told)
    again = WIRE.read(WIRE.write(Failure.of(error))).error()
    assert (type(again), str(again)) == (kind, "what it says")
    assert {name: getattr(again, name) for name in told} == told


def test_an_error_of_another_class_is_one_of_ours_in_general() -> None:
    assert type(Failure("os.system", "rm").error()) is errors.FlowWeaverError
    assert type(Failure("describe_exception", "x").error()) is errors.FlowWeaverError


def test_the_reasons_of_a_plan_cross_by_name() -> None:
    assert all(kind.name in ReasonKind.__members__ for kind in ReasonKind)


# -- lines ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text("ab+.[]\"'é\n", max_size=20)), st.integers(1, 7))
def test_texts_come_back_however_the_pipe_cuts_them(texts: list[str], size: int) -> None:
    written = [json.dumps([text]) for text in texts]
    data = b"".join(map(lines_of, written))
    reader = LineReader()
    found = [text for at in range(0, len(data), size) for text in reader.feed(data[at : at + size])]
    assert (found, reader.refused) == (written, 0)


@pytest.mark.parametrize("size", [LINE - 3, LINE - 2, LINE - 1, LINE, LINE + 1, 3 * LINE])
def test_a_long_text_is_cut_into_lines_of_a_bounded_length(size: int) -> None:
    text = "[" + "+" * size + "]"
    data = lines_of(text)
    assert max(map(len, data.split(b"\n"))) < LINE
    reader = LineReader()
    assert reader.feed(data + lines_of("[1]")) == [text, "[1]"]


@given(st.binary(max_size=200))
def test_whatever_comes_before_it_a_whole_line_is_read(garbage: bytes) -> None:
    reader = LineReader()
    reader.feed(garbage + b"\n")
    assert reader.feed(lines_of('["Ended",null]'))[-1:] == ['["Ended",null]']


def test_a_line_without_an_end_is_not_kept() -> None:
    reader = LineReader()
    for _ in range(100):
        assert reader.feed(b"x" * LINE) == []
    assert len(reader._rest) < LINE
    assert reader.feed(b"x\n[1]\n") == ["[1]"]
    assert reader.refused > 0


def test_output_of_a_megabyte_crosses() -> None:
    lines = tuple(LogLine("t", 1, 1.0, "out", "é" * 65_000) for _ in range(16))
    event = TaskOutput(run_id=1, sequence=1, time=1.0, task="t", attempt=1, lines=lines)
    reader = LineReader()
    (text,) = reader.feed(lines_of(WIRE.write(event)))
    assert WIRE.read(text) == event
