"""Keys can be others, by the ids that help shows; the palette finds what keys do by word."""

from __future__ import annotations

import pytest
from scenes import NOW, FakeSession, failed_picture
from stage import SMALL, open_stage, play
from textual.command import CommandPalette

from fwtui.model.keys import KEYS
from fwtui.model.settings_keys import keymap_of
from fwtui.session.settings_file import read_keys


def test_ids_are_written_with_dots_as_help_shows_them(tmp_path):
    (tmp_path / "keys.toml").write_text('run.resume = "f5"\n"look.older" = ["b", "ctrl+b"]\n')
    given, said = read_keys(tmp_path)
    assert said == ""
    assert keymap_of(given) == ({"run.resume": "f5", "look.older": "b,ctrl+b"}, "")


def test_a_file_that_is_no_toml_is_said(tmp_path):
    (tmp_path / "keys.toml").write_text("run.resume = \n")
    given, said = read_keys(tmp_path)
    assert (given, keymap_of(given)) == ({}, ({}, ""))
    assert said.startswith("keys.toml is ignored: ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"run.nothing": "f5"}, "no key has the id run.nothing"),
        ({"run.resume": ""}, "run.resume needs a key"),
        ({"run.resume": 5}, "run.resume needs a key"),
        ({"run.resume": ["f5", None]}, "run.resume needs a key"),
        ({"run.resume": "s"}, "s is both run.resume and run.stop"),
        ({"run.resume": "j"}, "j is both run.resume and tasks.down"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_of_it_holds(given, said):
    keymap, problem = keymap_of({"look.wrap": "f6", **given})
    assert keymap == {}
    assert said in problem


def test_two_keys_can_change_places():
    assert keymap_of({"run.resume": "s", "run.stop": "r"})[1] == ""


def test_every_key_may_stay_as_it_is():
    assert keymap_of({row.id: list(row.keys) for row in KEYS})[1] == ""


def test_another_key_does_it_and_the_old_one_does_not(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, SMALL, NOW, keymap={"run.resume": "f5", "tasks.up": "p"}) as on:
            await on.press("r")
            assert not session.called("start")
            await on.press("p")
            assert on.cursor == "validate_flights"
            await on.press("f5")
            assert session.called("start")

    play(scene())


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
def test_the_palette_finds_a_key_by_a_word(key, path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, SMALL, NOW) as on:
            on.strike(key)
            await on.until(lambda: isinstance(on.app.screen, CommandPalette))
            for letter in "run what is not":
                on.strike("space" if letter == " " else letter)
            await on.until(lambda: any("resume: run what is not done" in line for line in on.lines))
            on.strike("escape")
            await on.until(lambda: on.app.screen is on.board)
            assert not session.called("start")

    play(scene())


def test_what_the_palette_offers_does_what_the_key_does(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, SMALL, NOW) as on:
            offered = {command.title: command for command in on.app.get_system_commands(on.board)}
            assert {row.text for row in KEYS if row.where == "dashboard"} <= offered.keys()
            await offered["resume: run what is not done"].callback()
            await on.settle()
            assert session.called("start")

    play(scene())


def test_no_palette_over_a_question_or_a_text_being_typed(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW) as on:
            await on.press("slash", "ctrl+p", ":")
            assert on.app.screen is on.board
            await on.press("escape", "x", "ctrl+p", "colon")
            assert on.board.dialog is on.app.screen

    play(scene())
