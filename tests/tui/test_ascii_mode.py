"""Where only ASCII can be drawn, only ASCII is drawn, and nothing moves from its cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from scenes import NOW, FakeSession, Story, at, failed_picture, never_ran_picture
from stage import SMALL, VERY_WIDE, WIDE, open_stage, play

from fwtui.model.ascii_text import ascii_text, wants_ascii
from fwtui.model.status import LOOKS, State
from fwtui.model.text import visible


@given(st.text())
def test_whatever_the_text_it_is_ascii_and_takes_as_many_cells(text):
    text = visible(text)
    made = ascii_text(text)
    assert made.isascii()
    assert len(made) == cell_len(text)


@pytest.mark.parametrize("state", State)
def test_every_icon_becomes_that_of_the_table(state):
    assert ascii_text(LOOKS[state].icon) == LOOKS[state].ascii


@pytest.mark.parametrize(
    ("encoding", "environ", "wanted"),
    [
        ("utf-8", {}, False),
        ("UTF8", {"TERM": "xterm"}, False),
        ("utf-8", {"FWTUI_ASCII": "1"}, True),
        ("utf-8", {"TERM": "linux"}, True),
        ("utf-8", {"TERM": "linux", "FWTUI_ASCII": "0"}, False),
        ("iso8859-1", {}, True),
        ("ascii", {"FWTUI_ASCII": ""}, True),
    ],
)
def test_when_only_ascii_is_drawn(encoding, environ, wanted):
    assert wants_ascii(encoding, environ) is wanted


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_the_failed_screen_its_dialog_and_its_help(size, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW, ascii_only=True) as on:
            assert all(line.isascii() for line in on.lines)
            assert "> x failed" in on.line_with("0.8s")
            assert "+ done" in on.line_with("validate_flights")
            assert "[1 Log]" in on.line_with("1 Log")
            await on.press("k", "x")
            assert all(line.isascii() for line in on.lines)
            await on.press("escape", "question_mark")
            assert all(line.isascii() for line in on.lines)

    play(scene())


def test_a_run_that_goes_on(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, SMALL, at("10:42:02"), ascii_only=True) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            assert all(line.isascii() for line in on.lines)
            assert "r retrying" in on.line_with("extract_weather")
            assert "####................  2/9 done" in on.line_with("2/9 done")

    play(scene())


FORMS = {
    "g": ["-> x join_delays -+-> - summarize_delays"],
    "i": ["===", ">* join_delays", "# worked  = failed  . waited to retry", "* critical chain"],
    "h": ["> ", "x failed"],
}


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE])
@pytest.mark.parametrize("key", FORMS)
def test_graph_timeline_and_runs_have_their_own_forms(key, size, path):
    """Forms of their own, and no question marks for what has no counterpart."""

    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), size, NOW, ascii_only=True) as on:
            await on.press(key)
            text = "\n".join(on.lines)
            assert text.isascii()
            assert "??" not in text
            assert all(form in text for form in FORMS[key])

    play(scene())


def test_the_divider_is_upright_bars_and_plus_signs(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), VERY_WIDE, NOW, ascii_only=True) as on:
            assert {line[108] for line in on.lines[2:48]} == {"|", "+"}
            assert "+-[1 Log]- 4 Timeline" in on.lines[2]
            assert on.line_with("- Details -").split("  ")[0].endswith("join_delays -+")

    play(scene())


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_every_letter_stands_where_it_stands_otherwise(size, path):
    async def scene():
        seen = []
        for only in (False, True):
            async with open_stage(FakeSession(failed_picture(path)), size, NOW, ascii_only=only) as on:
                seen.append(on.lines)
        assert [ascii_text(line) for line in seen[0]] == seen[1]

    play(scene())
