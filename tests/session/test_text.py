"""Text from users is shown, never sent: no control character survives, and nothing printable is changed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwtui.model.text import count_of, duration, visible, visible_lines

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=200)


@given(ANY_TEXT)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    for character in shown:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@given(ANY_TEXT)
def test_text_that_is_shown_twice_is_the_same(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=50))
def test_what_can_be_printed_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\x9b2J", "a\\x9b2J"),
        ("del\x7f", "del\\x7f"),
        ("a\nb\rc", "a\\nb\\rc"),
        ("ab\tc", "ab      c"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("lone \ud800", "lone \\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("schön 航班 👩‍🚀", "schön 航班 👩‍🚀"),
    ],
)
def test_control_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_end_at_line_feeds_and_show_what_a_terminal_would_keep() -> None:
    assert visible_lines("10%\r50%\r100%\r\nnext\x0bline") == ["100%", "next\\x0bline"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0.0s"),
        (0.94, "0.9s"),
        (9.96, "10s"),
        (59.6, "1m00s"),
        (75, "1m15s"),
        (3599.9, "1h00m"),
        (7380, "2h03m"),
        (86400, "1d00h"),
        (-1, "0.0s"),
    ],
)
def test_durations_read_as_a_person_says_them(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_counts_have_their_noun_in_number() -> None:
    assert [count_of(n, "task") for n in (0, 1, 2000)] == ["0 tasks", "1 task", "2,000 tasks"]
