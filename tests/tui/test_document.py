"""Lines in rows: nothing is lost between them, and what lies between two places is what was written there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fwtui.model.document import Document, Place, lines_with, snapped
from fwtui.model.segments import Segment, graphemes, line, plain, width_of

TEXT = st.text(st.sampled_from("ab cdé日本🙂e\u0301ñ_-"), max_size=60)
LINE = st.lists(TEXT, max_size=3).map(lambda texts: line(*(Segment(text, "muted") for text in texts)))
LINES = st.lists(LINE, max_size=8)
WIDTH = st.one_of(st.just(0), st.integers(2, 25))


@given(LINES, WIDTH)
def test_rows_hold_all_of_every_line_and_fit(lines, width):
    document = Document(lines, width)
    shown: dict[int, str] = dict.fromkeys(range(len(lines)), "")
    for number in range(document.height):
        row = document.row(number)
        assert row.start == len(shown[row.line])
        part = document.shown(number)
        shown[row.line] += plain(part)
        assert width < 2 or width_of(part) <= width
        assert width_of(part) <= document.wide
    assert list(shown.values()) == [plain(each) for each in lines]
    assert document.size == sum(map(len, shown.values()))


@given(LINES, WIDTH)
def test_every_character_is_in_its_row(lines, width):
    document = Document(lines, width)
    for number, each in enumerate(lines):
        assert document.first_row(number) == document.row_of(Place(number, 0))
        for char in range(len(plain(each))):
            row = document.row(document.row_of(Place(number, char)))
            assert row.line == number
            assert row.start <= char < row.end


@given(LINES, LINES, WIDTH)
def test_what_is_added_later_stands_as_if_it_had_always_been_there_and_can_be_dropped(first, second, width):
    document = Document(first, width)
    document.add(second)
    whole = Document([*first, *second], width)
    assert (document.height, document.text()) == (whole.height, whole.text())
    document.drop(len(second))
    alone = Document(first, width)
    rows = [document.row(number) for number in range(document.height)]
    assert rows == [alone.row(number) for number in range(alone.height)]
    assert (document.text(), document.size) == (alone.text(), alone.size)


@given(LINES, WIDTH, st.data())
def test_what_lies_between_two_places_is_what_was_written_there(lines, width, data):
    document = Document(lines, width)
    assert document.between(None, None) == "\n".join(map(plain, lines))
    if not document.height:
        return
    places = []
    for _ in range(2):
        row = data.draw(st.integers(0, document.height - 1))
        found = document.row(row)
        places.append((row, data.draw(st.integers(0, found.end - found.start))))
    start, end = sorted(places)
    first, last = document.row(start[0]), document.row(end[0])
    texts = [plain(each) for each in lines]
    begin, stop = first.start + start[1], last.start + end[1]
    before = "".join(f"{text}\n" for text in texts[: first.line])
    upto = "".join(f"{text}\n" for text in texts[: last.line])
    begin = snapped(texts[first.line], begin)
    stop = snapped(texts[last.line], stop, forward=True)
    assert document.between(start, end) == ("\n".join(texts))[len(before) + begin : len(upto) + stop]


@given(TEXT, st.integers(0, 80))
def test_a_character_is_never_torn_from_its_marks(text, char):
    borders = {0, len(text), *(first for first, _, _ in graphemes(text))}
    assert snapped(text, char) in borders
    assert snapped(text, char, forward=True) in borders
    assert snapped(text, char) <= max(0, min(char, len(text))) <= snapped(text, char, forward=True)


def test_a_search_finds_lines_from_one_on_and_gives_up_when_nobody_wants_it_any_more():
    lines = [line(f"line {number}") for number in range(5_000)]
    assert lines_with(lines, "9", 4_990) == list(range(4_990, 5_000))
    assert lines_with(lines, "LINE") == []
    asked = iter([True, True, False])
    assert lines_with(lines, "line", still=lambda: next(asked)) == list(range(2_001))
