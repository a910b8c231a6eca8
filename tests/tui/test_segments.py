"""Lines of roles are measured and cut in terminal cells, whatever characters they are made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fwtui.model.line_parts import find_all, fold_line, marked, window
from fwtui.model.segments import (
    Segment,
    break_points,
    cells,
    clip,
    crop,
    crop_line,
    cut_end,
    cut_middle,
    line,
    pad_end,
    pad_start,
    plain,
    spread,
    width_of,
    wrap,
)

TEXT = st.text(st.sampled_from("ab cdé日本🙂e\u0301ñ_-"), max_size=40)
WIDTH = st.integers(0, 50)
LINE = st.lists(st.tuples(TEXT, st.sampled_from(["", "error", "muted"])), max_size=5).map(
    lambda parts: line(*(Segment(text, role) for text, role in parts))
)


@given(TEXT, WIDTH)
def test_what_is_cut_fits(text, width):
    assert cells(cut_end(text, width)) <= width
    assert cells(cut_middle(text, width)) <= width
    if cells(text) <= width:
        assert cut_end(text, width) == cut_middle(text, width) == text


def test_a_name_is_cut_in_its_middle_for_endings_tell_names_apart():
    assert cut_middle("load_warehouse_for_2013", 16) == "load_war…or_2013"
    assert cut_middle("load_warehouse", 14) == "load_warehouse"
    assert cut_middle("日本日本日本", 7) == "日本 …本" or cells(cut_middle("日本日本日本", 7)) == 7


@given(TEXT, WIDTH)
def test_a_crop_and_the_rest_are_the_whole_width(text, width):
    width = min(width, cells(text))
    assert cells(crop(text, 0, width)) + cells(crop(text, width)) == cells(text)


@given(TEXT, WIDTH)
def test_padding_is_exact_and_never_shortens(text, width):
    for padded in (pad_end(text, width), pad_start(text, width)):
        assert cells(padded) == max(width, cells(text))
        assert text in padded


@given(LINE, WIDTH)
def test_a_clipped_line_fits_and_keeps_its_roles(of, width):
    clipped = clip(of, width)
    assert width_of(clipped) <= width
    if width_of(of) <= width:
        assert clipped == of
    roles = {segment.role for segment in of}
    assert {segment.role for segment in clipped} <= roles


@given(LINE, LINE, st.integers(4, 80))
def test_the_right_end_goes_before_the_left(left, right, width):
    made = spread(left, right, width)
    assert width_of(made) <= width
    assert plain(clip(left, width - 2)) in plain(made)
    if right and plain(right).strip() and width_of(left) + width_of(right) + 4 <= width:
        assert plain(made).endswith(plain(right) + " ")
        assert width_of(made) == width


@given(TEXT, st.integers(2, 30))
def test_wrapped_text_loses_nothing_but_blanks(text, width):
    pieces = wrap(text, width)
    assert all(cells(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert pieces


@given(LINE, st.integers(2, 30))
def test_a_folded_line_is_the_same_text(of, width):
    pieces = fold_line(of, width)
    assert all(width_of(piece) <= width for piece in pieces)
    assert "".join(map(plain, pieces)).replace(" ", "") == plain(of).replace(" ", "")


@given(LINE, st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_line_is_as_wide_as_it_was_asked_for(of, start, length):
    part = crop_line(of, start, start + length)
    assert width_of(part) == max(0, min(length, width_of(of) - start))


@given(LINE, st.integers(0, 30), st.integers(0, 30))
def test_a_window_is_as_wide_as_it_was_asked_for_and_knows_its_place(of, start, length):
    pieces = window(of, start, start + length)
    assert sum(cells(piece.text) for piece in pieces) == max(0, min(length, width_of(of) - start))
    for piece in pieces:
        seen = plain(of)[piece.first :]
        assert piece.text.startswith(" ") or seen.startswith(piece.text.rstrip(" ")), "but for halves of characters"
        assert cells(plain(of)[: piece.first]) <= piece.cell
    assert [piece.cell for piece in pieces] == sorted(piece.cell for piece in pieces)


@given(LINE, st.text(st.sampled_from("ab cé日"), min_size=1, max_size=3))
def test_marking_matches_changes_roles_and_nothing_else(of, needle):
    found = find_all(plain(of), needle)
    pieces = marked(window(of, 0, width_of(of)), found, "match")
    assert "".join(piece.text for piece in pieces) == plain(of)
    assert "".join(piece.text for piece in pieces if piece.role == "match") == "".join(
        plain(of)[start:end] for start, end in found
    )
    at = 0
    for piece in pieces:
        assert (piece.first, piece.cell) == (at, cells(plain(of)[:at]))
        at += len(piece.text)


@given(st.text(st.sampled_from("ab  cde"), max_size=60), st.integers(2, 30), st.integers(0, 20))
def test_ascii_is_broken_where_other_text_is(text, width, least):
    slow = break_points(text.replace("a", "á"), width, least)
    assert break_points(text, width, least) == slow


def test_a_needle_without_capitals_matches_any_case():
    assert find_all("Error error ERROR", "error") == [(0, 5), (6, 11), (12, 17)]
    assert find_all("Error error ERROR", "Error") == [(0, 5)]
    assert find_all("anything", "") == []
