"""How a person likes the dashboard is remembered; a file that cannot be used keeps nobody from working."""

from __future__ import annotations

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import NOW, FakeSession, failed_picture
from stage import SMALL, open_stage, play

from fwtui.model.settings import Preferences, as_text, from_text
from fwtui.session.settings_file import read_keys, read_preferences, write_preferences

PREFERENCES = st.builds(
    Preferences,
    theme=st.text(),
    view=st.sampled_from(["log", "details", "graph"]),
    wrap=st.booleans(),
    sort=st.sampled_from(["", "time", "-time"]),
    mouse=st.booleans(),
    motion=st.booleans(),
    ascii=st.booleans(),
)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=4)


@given(PREFERENCES)
def test_what_is_written_is_what_is_read(preferences):
    assert from_text(as_text(preferences)) == preferences


@given(st.dictionaries(st.sampled_from(["theme", "view", "wrap", "mouse", "something new"]), JSON))
def test_what_is_said_wrongly_is_the_default(given_):
    made = from_text(json.dumps(given_))
    for name in ("theme", "view"):
        value = given_.get(name)
        assert getattr(made, name) == (value if isinstance(value, str) else getattr(Preferences(), name))
    for name in ("wrap", "mouse"):
        value = given_.get(name)
        assert getattr(made, name) is (value if isinstance(value, bool) else getattr(Preferences(), name))


def test_a_file_is_written_for_its_owner_only_and_whole(tmp_path):
    folder = tmp_path / "config" / "fwtui"
    write_preferences(folder, Preferences(theme="nord", wrap=True))
    write_preferences(folder, Preferences(theme="dracula"))
    assert read_preferences(folder) == (Preferences(theme="dracula"), "")
    assert [path.name for path in folder.iterdir()] == ["settings.json"]
    assert stat.S_IMODE((folder / "settings.json").stat().st_mode) == 0o600


def test_without_a_file_everything_is_as_usual(tmp_path):
    assert read_preferences(tmp_path) == (Preferences(), "")
    assert read_keys(tmp_path) == ({}, "")


@pytest.mark.parametrize("text", ["{", "[]", "", "[" * 100_000, "\0"])
def test_a_broken_file_is_said_and_ignored(tmp_path, text):
    (tmp_path / "settings.json").write_text(text)
    preferences, said = read_preferences(tmp_path)
    assert preferences == Preferences()
    assert said.startswith("settings.json is ignored: ")
    assert "\n" not in said


def test_where_nothing_can_be_written_nothing_is(tmp_path):
    (tmp_path / "file").write_text("")
    write_preferences(tmp_path / "file" / "fwtui", Preferences(wrap=True))


def test_the_dashboard_opens_as_it_was_left(path):
    async def scene():
        liked = Preferences(theme="nord", view="details", wrap=True)
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW, preferences=liked) as on:
            assert on.app.theme == "nord"
            assert on.board.pane.active == "details"
            await on.press("l")
            assert on.board.pane.view.wraps
            on.app.theme = "fwtui-light"
            await on.press("w")
            on.app.exit()
            assert on.app.preferences == Preferences(theme="fwtui-light")

    play(scene())


def test_what_is_unknown_in_a_file_of_another_version_does_no_harm(path):
    async def scene():
        liked = Preferences(theme="no such theme", view="no such view")
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW, preferences=liked) as on:
            assert on.app.theme == "textual-dark"
            assert on.board.pane.active == "log"

    play(scene())


def test_a_broken_file_is_said_on_the_message_line(path):
    async def scene():
        said = "settings.json is ignored: it is not an object. It is in ~/.config/fwtui."
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW, notice=said) as on:
            assert on.message.startswith("settings.json is ignored")

    play(scene())
