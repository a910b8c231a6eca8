"""Every word can be read in every theme that is offered, and says what it says without any colour."""

from __future__ import annotations

import pytest
from scenes import NOW, FakeSession, Story, at, done_picture, failed_picture, never_ran_picture, stale_picture
from stage import SMALL, WIDE, open_stage, play

from fwtui.model.status import LOOKS, State
from fwtui.theme import DEFAULT_THEME, LIGHT
from fwtui.widgets.drawing import ROLES

LEAST = 4.5
LINES = {"disabled"}  # rules and the empty part of the bar, never words
TERMINALS_OWN = {"ansi-dark", "ansi-light"}  # their colours are whatever the terminal's are: nothing can be measured


def contrast(first, second) -> float:
    """The ratio of the Web Content Accessibility Guidelines."""

    def luminance(triplet):
        parts = [part / 255 for part in triplet]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_that_of_the_guidelines():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_every_role_of_every_theme_but_the_terminals_own(path):
    """Roles are what states are drawn in; the only exceptions are the themes named above."""

    async def scene():
        found = {}
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            assert on.app.theme == DEFAULT_THEME
            assert LIGHT.name in on.app.available_themes
            for theme in sorted(set(on.app.available_themes) - TERMINALS_OWN):
                on.app.theme = theme
                await on.settle()
                for role in set(ROLES) - LINES:
                    style = on.board.table.style_of(role)
                    ratio = contrast(style.color.triplet, style.bgcolor.triplet)
                    if ratio < LEAST:
                        found[theme, role] = round(ratio, 1)
        assert found == {}

    play(scene())


def test_every_state_has_roles_that_are_measured():
    used = {
        role for look in LOOKS.values() for role in (look.icon_role, look.word_role, look.name_role, look.text_role)
    }
    assert used - {""} <= set(ROLES) - LINES


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_without_colours_every_state_is_still_named(size, path, monkeypatch):
    """The text of the screen is what is left when colour is taken away."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def scene():
        seen = set()
        for picture in (failed_picture(path), stale_picture(path), done_picture(path), never_ran_picture(path)):
            async with open_stage(FakeSession(picture), size, NOW) as on:
                for name, task in on.board.view.tasks.items():
                    seen.add(task.state)
                    row = next(line for line in on.lines[3:12] if f" {name} " in f"{line} ")
                    assert f"{LOOKS[task.state].icon} {task.state.value}" in row
                colours = {
                    segment.style.color.triplet
                    for strip in on.app.screen._compositor.render_strips()
                    for segment in strip
                    if segment.style and segment.style.color and segment.style.color.triplet
                }
                assert all(max(triplet) - min(triplet) <= 2 for triplet in colours), "NO_COLOR is grey"
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, size, at("10:42:02")) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            assert "↻ retrying" in on.line_with("extract_weather")
            assert "▸ running" in on.line_with("extract_flights")
        assert {State.FAILED, State.DONE, State.SKIPPED, State.STALE, State.WAITING} <= seen

    play(scene())
