"""What a task wrote: its colours become roles, and nothing else of it is ever more than text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver.records import LogLine
from fwtui.model.ansi import coloured, is_coloured, style_in, without_colours
from fwtui.model.logtext import log_lines
from fwtui.model.segments import cells, graphemes, plain, width_of

TEXTS = [
    "a",
    "word ",
    "\t",
    "é",
    "e\u0301",
    "\u0301",
    "日本",
    "🙂",
    "👩\u200d🚀",
    "\u200d",
    "❤\ufe0f",
    "\ufe0f",
    "\u200b",
]
COLOURS = [
    "\x1b[31m",
    "\x1b[0m",
    "\x1b[1;38;5;208m",
    "\x1b[48;2;1;2;3m",
    "\x1b[K",
    "\x1b[2K",
    "\x1b[m",
    "\x1b[38:2::9:8:7m",
]
SEQUENCES = ["\x1b", "\x1b[2J", "\x1b]0;title\x07", "\x1b]52;c;aGk=\x07", "\x1bP", "\x9b31m", f"\x1b[{'1' * 5_000}m"]
CONTROLS = ["\x9c", "\x07", "\x08", "\x7f", "\u202e", "\u2066", "\u2028", "\x85", "\r", "\ud800", "\x00", "\x0b"]
PIECES = st.sampled_from([*TEXTS, *COLOURS, *SEQUENCES, *CONTROLS])
WRITTEN = st.lists(st.one_of(PIECES, st.characters()), max_size=25).map("".join)


def parts(text: str, style: str = "") -> list[tuple[str, str]]:
    return [(text, style_in(role) if is_coloured(role) else role) for text, role in coloured(text, style)[0]]


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("31", "color(1)"),
        ("97;40", "color(15) on color(0)"),
        ("1;3;4;7;9", "bold italic underline reverse strike"),
        ("2", "dim"),
        ("38;5;208", "color(208)"),
        ("48;2;10;20;30", "on #0a141e"),
        ("38:2::10:20:30", "#0a141e"),
        ("38:2:10:20:30", "#0a141e"),
        ("38:5:208", "color(208)"),
        ("4:3", "underline"),
        ("58:2::1:2:3", ""),
        ("5;8", ""),  # nothing blinks, nothing is hidden
        ("", ""),
        ("0", ""),
        ("31;0;32", "color(2)"),
        ("38;5", ""),
        ("38;2;1", ""),
        ("999;31", "color(1)"),
    ],
)
def test_colours_and_attributes(codes, style):
    assert parts(f"\x1b[{codes}mx") == [("x", style)]


def test_a_colour_goes_on_until_it_is_taken_back_also_in_the_next_line():
    line, style = coloured("a \x1b[1;31mb \x1b[22mc")
    assert [(text, style_in(role) if role else "") for text, role in line] == [
        ("a ", ""),
        ("b ", "bold color(1)"),
        ("c", "color(1)"),
    ]
    assert parts("d\x1b[39me", style) == [("d", "color(1)"), ("e", "")]


def test_streams_of_a_task_have_colours_of_their_own():
    lines = [
        LogLine("t", 1, 0.0, "out", "\x1b[32mgreen"),
        LogLine("t", 1, 0.0, "err", "plain"),
        LogLine("t", 1, 0.0, "out", "green still\x1b[0m"),
        LogLine("t", 1, 0.0, "out", "plain"),
    ]
    styles: dict[str, str] = {}
    assert [style_in(line[1].role) if line[1].role else "" for line in log_lines(lines, styles)] == [
        "color(2)",
        "",
        "color(2)",
        "",
    ]
    assert styles == {"out": "", "err": ""}


def test_what_is_no_colour_stays_visible():
    assert parts("\x1b[2Jx\x1b]0;title\x07") == [("\\x1b[2Jx\\x1b]0;title\\x07", "")]
    assert parts("\x9b31mx") == [("\\x9b31mx", "")]
    assert parts("\x1b[31 q") == [("\\x1b[31 q", "")]


def test_what_grep_and_gcc_write_beside_every_colour_is_not_seen():
    assert parts("\x1b[01;31m\x1b[Kerror\x1b[m\x1b[K here") == [("error", "bold color(1)"), (" here", "")]


def test_a_progress_bar_is_its_last_state():
    assert plain(coloured("10%\r 50%\r\x1b[K100%\r")[0]) == "100%"


def test_tabs_reach_to_the_next_stop_whatever_is_before_them():
    assert plain(coloured("a\tb")[0]) == "a       b"
    assert plain(coloured("\x1b[31ma\x1b[0m\tb")[0]) == "a       b"
    assert plain(coloured("日本\tb")[0]) == "日本    b"
    assert plain(coloured("\x07\tb")[0]) == "\\x07    b"


@given(WRITTEN, st.sampled_from(["", "bold color(1)"]))
def test_nothing_raw_gets_through(text, style):
    line, after = coloured(text, style)
    for character in plain(line):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            "RLO",
            "LRO",
            "RLE",
            "LRE",
            "PDF",
            "RLI",
            "LRI",
            "FSI",
            "PDI",
        )
    assert all(not role or is_coloured(role) for _, role in line)
    assert parts("x", after) == [("x", after)]
    assert "\x1b" not in without_colours(text)


@given(WRITTEN)
def test_its_width_is_the_same_however_it_is_measured(text):
    line, _ = coloured(text)
    whole = plain(line)
    assert width_of(line) == cells(whole) == sum(width for _, _, width in graphemes(whole))
    assert all(len(segment.text) < 600 for segment in line), "long texts come in pieces whose widths are remembered"


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=1_500))
def test_what_needs_no_escaping_is_left_as_it_was_written(text):
    assert plain(coloured(text)[0]) == without_colours(text) == text


@given(WRITTEN.filter(lambda text: "\u200d" not in text))
def test_colours_change_nothing_of_the_text(text):
    assert plain(coloured(text)[0]) == without_colours(text)
