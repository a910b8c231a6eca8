"""A run in lines: each fact once, in words, aligned, safe to show; and as JSON for machines."""

from __future__ import annotations

import io
import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskRestored,
    TaskRetrying,
    TaskSkipped,
    TaskStarted,
)
from flowweaver.records import LogLine
from fwtui.headless import JsonDisplay, PlainDisplay, RawLine, Sayer, event_as_json
from fwtui.streams import SteadyStream, ascii_only


def at(clock: str) -> float:
    return time.mktime(time.strptime(f"2013-01-31 {clock}", "%Y-%m-%d %H:%M:%S"))


def number(n: int, clock: str) -> dict[str, object]:
    return {"run_id": 31, "sequence": n, "time": at(clock)}


STORY: list[Event | RawLine] = [
    RunStarted(
        **number(1, "10:42:02"),
        workflow="etl",
        planned={
            "extract_flights": "run",
            "extract_weather": "run",
            "airports": "reuse",
            "join": "maybe",
            "x": "leave",
        },
        reasons={},
    ),
    TaskRestored(**number(2, "10:42:02"), task="airports", from_run=30),
    TaskStarted(**number(3, "10:42:03"), task="extract_flights", attempt=1),
    RawLine(at("10:42:03"), "from a child process"),
    TaskOutput(
        **number(4, "10:42:03"),
        task="extract_flights",
        attempt=1,
        lines=(
            LogLine("extract_flights", 1, at("10:42:03"), "out", "10,000 rows"),
            LogLine("extract_flights", 1, at("10:42:04"), "out", "10%\r100%"),
        ),
    ),
    TaskCompleted(**number(5, "10:42:04"), task="extract_flights", attempt=1, duration=0.94),
    TaskRetrying(
        **number(6, "10:42:04"),
        task="extract_weather",
        attempt=1,
        delay=2.0,
        duration=0.1,
        error="OSError: locked\nmore",
    ),
    TaskStarted(**number(7, "10:42:06"), task="extract_weather", attempt=2),
    TaskFailed(**number(8, "10:42:07"), task="extract_weather", attempt=2, duration=1.0, error="KeyError: 'hour_utc'"),
    TaskFailed(
        **number(9, "10:42:07"), task="slow", attempt=1, duration=30.0, error="T: t", timed_out=True, thread_left=True
    ),
    TaskFailed(**number(10, "10:42:07"), task="cut", attempt=1, duration=0.5, error="", interrupted=True),
    TaskSkipped(**number(11, "10:42:07"), task="join", because="extract_weather"),
    TaskCompleted(**number(12, "10:42:08"), task="open_db", attempt=1, duration=0.2, not_kept="result: Connection"),
    RunFinished(**number(13, "10:42:08"), workflow="etl", outcome="failed", duration=6.0, counts={"failed": 1}),
]

SAID = """\
10:42:02  etl              run 31: 2 to run, 1 maybe, 1 reused, 1 left out
10:42:02  airports         reused       from run 30
10:42:03  extract_flights  running
10:42:03  output           | from a child process
10:42:03  extract_flights  | 10,000 rows
10:42:04  extract_flights  | 100%
10:42:04  extract_flights  done         0.9s
10:42:04  extract_weather  retrying     in 2s  OSError: locked
10:42:06  extract_weather  running      attempt 2 of 3
10:42:07  extract_weather  failed       1.0s  KeyError: 'hour_utc'
10:42:07  slow             timed out    after 30s; its thread is still running
10:42:07  cut              stopped      after 0.5s
10:42:07  join             skipped      needs extract_weather
10:42:08  open_db          done         0.2s  its result cannot be kept: result: Connection

the verdict
"""


def test_a_run_reads_as_a_story_of_one_line_a_fact() -> None:
    stream = io.StringIO()
    display = PlainDisplay(Sayer("etl", {"extract_flights": 1, "extract_weather": 3}), SteadyStream(stream))
    display.show(STORY, at("10:42:08"))
    display.close("the verdict")
    assert stream.getvalue() == SAID


@given(st.text(st.characters(exclude_categories=[]), max_size=60), st.text(st.characters(exclude_categories=[])))
def test_no_name_error_or_output_can_steer_the_terminal(name: str, text: str) -> None:
    now = 1.0
    base = {"run_id": 1, "sequence": 1, "time": now}
    items: list[Event | RawLine] = [
        TaskOutput(**base, task=name, attempt=1, lines=(LogLine(name, 1, now, "out", text),)),
        TaskFailed(**base, task=name, attempt=1, duration=1.0, error=text),
        TaskRetrying(**base, task=name, attempt=1, duration=1.0, delay=1.0, error=text),
        TaskSkipped(**base, task=name, because=text),
        TaskCompleted(**base, task=name, attempt=1, duration=1.0, not_kept=text),
        RawLine(now, text),
    ]
    sayer = Sayer(name, {name: 1})
    for item in items:
        for said in sayer.say(item):
            line = sayer.line(said)
            assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs", "Zl", "Zp"}
            line.encode()
        assert event_as_json(item).isascii()
        assert event_as_json(item).isprintable()


def test_json_is_one_object_a_line_with_every_fact_of_the_event() -> None:
    stream = io.StringIO()
    JsonDisplay(SteadyStream(stream)).show(STORY, 0.0)
    objects = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["event"] for one in objects] == [
        "run_started",
        "task_restored",
        "task_started",
        "process_output",
        "task_output",
        "task_completed",
        "task_retrying",
        "task_started",
        "task_failed",
        "task_failed",
        "task_failed",
        "task_skipped",
        "task_completed",
        "run_finished",
    ]
    assert objects[0]["planned"]["join"] == "maybe"
    assert objects[4]["lines"][0]["text"] == "10,000 rows"
    assert objects[8]["error"] == "KeyError: 'hour_utc'"
    assert objects[-1]["counts"] == {"failed": 1}


class _Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_who_has_gone_stops_nothing() -> None:
    stream = SteadyStream(_Gone())
    PlainDisplay(Sayer("w", {}), stream).show(STORY, 0.0)
    JsonDisplay(stream).show(STORY, 0.0)
    assert stream.broken


@pytest.mark.parametrize(
    ("encoding", "environ", "expected"),
    [
        ("utf-8", {}, False),
        ("UTF8", {"FWTUI_ASCII": "0"}, False),
        ("iso-8859-1", {}, True),
        ("utf-8", {"FWTUI_ASCII": "1"}, True),
        ("utf-8", {"TERM": "linux"}, True),
    ],
)
def test_only_ascii_is_drawn_where_more_cannot_be(encoding: str, environ: dict[str, str], expected: bool) -> None:
    stream = SteadyStream(io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert ascii_only(stream, environ) is expected


# -- colours ------------------------------------------------------------------------------------------------------------

COLOURED = TaskOutput(
    **number(1, "10:42:03"),
    task="t",
    attempt=1,
    lines=(
        LogLine("t", 1, at("10:42:03"), "out", "\x1b[31mred"),
        LogLine("t", 1, at("10:42:03"), "err", "plain"),
        LogLine("t", 1, at("10:42:03"), "out", "red still\x1b[0m, and \x1b[2Jno more"),
    ),
)


def test_lines_without_colours_leave_out_those_of_tasks_and_show_other_escapes() -> None:
    stream = io.StringIO()
    sayer = Sayer("w", {"t": 1})
    PlainDisplay(sayer, SteadyStream(stream)).show([COLOURED], 0.0)
    texts = [line.partition("| ")[2] for line in stream.getvalue().splitlines()]
    assert texts == ["red", "plain", r"red still, and \x1b[2Jno more"]


def test_the_colours_of_a_stream_go_on_over_its_lines() -> None:
    said = Sayer("w", {"t": 1}).say(COLOURED)
    assert [one.parts for one in said] == [
        (("red", "sgr color(1)"),),
        (),
        (("red still", "sgr color(1)"), (r", and \x1b[2Jno more", "")),
    ]
