"""How a person likes the dashboard is remembered; a file that cannot be used keeps nobody from working."""

from __future__ import annotations

import json
import stat
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import NOW, FakeSession, Story, failed_picture, never_ran_picture
from stage import SMALL, WIDE, open_stage, play

from fwtui.model.layout import WHOLE, layout_for
from fwtui.model.motion import turns_a_second
from fwtui.model.settings import VIEWS, Preferences, changes, from_text, merged, opening_view
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


WHATEVER = st.text() | st.integers() | st.lists(st.booleans())


@given(PREFERENCES, PREFERENCES, st.dictionaries(st.text(min_size=20), WHATEVER))
def test_what_is_written_is_what_is_read_and_what_others_wrote_stays(before, now, unknown):
    text = merged(json.dumps({**unknown, **changes(Preferences(), before)}), changes(before, now))
    assert from_text(text) == now
    assert unknown.items() <= json.loads(text).items()


@given(PREFERENCES, PREFERENCES, PREFERENCES)
def test_of_two_dashboards_neither_takes_back_what_the_other_changed(opened, one, other):
    text = merged("", changes(Preferences(), opened))
    for left in (one, other):
        text = merged(text, changes(opened, left))
    found, last, first = from_text(text), changes(opened, other), changes(opened, one)
    for name, value in {**changes(Preferences(), opened), **first, **last}.items():
        assert getattr(found, name) == value


@given(st.sampled_from([*VIEWS, "", "no such view"]), st.booleans(), st.integers(40, 220))
def test_what_it_opens_with_has_something_to_show_and_leaves_the_tasks_in_sight(liked, never_ran, width):
    view = opening_view(liked, never_ran=never_ran, width=width)
    assert view in (liked, "log")
    if never_ran:
        assert view not in ("timeline", "runs")
    if view in WHOLE:
        assert layout_for(width, 30, 9, shown=view).boxes.keys() >= {"tasks", "pane"}
    if liked in VIEWS and width >= 100 and not never_ran:
        assert view == liked


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
    assert write_preferences(folder, Preferences(), Preferences(theme="nord", wrap=True)) == ""
    assert write_preferences(folder, Preferences(wrap=True), Preferences(theme="dracula")) == ""
    assert read_preferences(folder) == (Preferences(theme="dracula"), "")
    assert {path.name for path in folder.iterdir()} == {"settings.json", ".settings.lock"}
    assert stat.S_IMODE((folder / "settings.json").stat().st_mode) == 0o600


def test_without_a_file_everything_is_as_usual(tmp_path):
    assert read_preferences(tmp_path) == (Preferences(), "")
    assert read_keys(tmp_path) == ({}, "")


@pytest.mark.parametrize("text", ["{", "[]", "", "[" * 100_000, "\0"])
def test_a_broken_file_is_said_and_ignored(tmp_path, text):
    (tmp_path / "settings.json").write_text(text)
    preferences, said = read_preferences(tmp_path)
    assert preferences == Preferences()
    assert said.startswith(f"{tmp_path / 'settings.json'} is ignored: ")
    assert "\n" not in said


@pytest.mark.parametrize("text", ["{", "[]", '{"wrap": tru}'])
def test_a_broken_file_is_never_written_over(tmp_path, text):
    path = tmp_path / "settings.json"
    path.write_text(text)
    said = write_preferences(tmp_path, Preferences(), Preferences(wrap=True, theme="nord"))
    assert path.read_text() == text
    assert said.startswith(f"{path} is left as it is, and theme, wrap not remembered: ")
    assert write_preferences(tmp_path, Preferences(), Preferences()) == "", "nothing was to be remembered"


def test_where_nothing_can_be_written_that_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    said = write_preferences(tmp_path / "file" / "fwtui", Preferences(), Preferences(wrap=True))
    assert said.endswith("wrap not remembered: Not a directory.")


def test_a_file_that_is_kept_elsewhere_stays_there(tmp_path):
    kept = tmp_path / "dotfiles" / "settings.json"
    kept.parent.mkdir()
    kept.write_text('{"theme": "nord"}')
    (tmp_path / "settings.json").symlink_to(kept)
    assert write_preferences(tmp_path, Preferences(theme="nord"), Preferences(theme="nord", wrap=True)) == ""
    assert (tmp_path / "settings.json").is_symlink()
    assert from_text(kept.read_text()) == Preferences(theme="nord", wrap=True)


def test_many_dashboards_that_end_at_once_lose_nothing(tmp_path):
    changed = [("theme", "nord"), ("view", "graph"), ("wrap", True), ("sort", "time"), ("mouse", False)]
    threads = [
        threading.Thread(
            target=write_preferences, args=(tmp_path, Preferences(), replace(Preferences(), **{name: value}))
        )
        for name, value in changed
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_preferences(tmp_path) == (replace(Preferences(), **dict(changed)), "")


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


@pytest.mark.parametrize(
    ("size", "view", "seen"), [(SMALL, "runs", "log"), (WIDE, "timeline", "log"), (WIDE, "graph", "graph")]
)
def test_a_workflow_that_never_ran_opens_on_what_there_is(path, size, view, seen):
    async def scene():
        async with open_stage(
            FakeSession(never_ran_picture(path)), size, NOW, preferences=Preferences(view=view)
        ) as on:
            assert on.board.pane.active == seen
            assert on.board.focused is on.board.table
            on.app.exit()
            assert on.app.preferences == Preferences(view=view), "nobody has changed his mind"

    play(scene())


def test_motion_ascii_and_mouse_are_switched_and_remembered(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE, NOW) as on:
            await on.happens(*Story().running())
            offered = {command.title: command for command in on.app.get_system_commands(on.board)}
            offered["motion off: nothing turns"].callback()
            offered["ASCII: no other characters"].callback()
            await on.press("m")
            assert "> running" in on.lines[0]
            assert "\n".join(on.lines).isascii()
            assert on.message == "The mouse is the terminal's, to select text with. m takes it back."
            on.board.turn()
            assert on.app.animation_level == "none"
            again = {command.title: command for command in on.app.get_system_commands(on.board)}
            assert {"motion on: what runs turns", "all characters"} <= again.keys()
            again["all characters"].callback()
            await on.settle()
            assert "▸ running" in on.lines[0]
            await on.press("g")
            drawn = on.lines
            assert "─→" in "\n".join(drawn)
            for only_ascii in (True, False):
                command = next(each for each in on.app.get_system_commands(on.board) if "characters" in each.title)
                command.callback()
                await on.settle()
                assert "\n".join(on.lines).isascii() is only_ascii
                assert (on.lines == drawn) is not only_ascii
            on.app.exit()
            assert on.app.preferences == Preferences(motion=False, mouse=False, view="graph")

    play(scene())


def test_what_runs_turns_unless_that_is_not_wanted(path):
    async def scene(**options):
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE, NOW, **options) as on:
            await on.happens(*Story().running())
            seen = [on.lines[0].split()[3]]
            for _ in range(2):
                on.board.turn()
                await on.settle()
                seen.append(on.lines[0].split()[3])
            return seen

    assert play(scene()) == ["⠋", "⠙", "⠹"]
    assert play(scene(preferences=Preferences(motion=False))) == ["▸"] * 3
    assert play(scene(turns=0)) == ["▸"] * 3


def test_over_ssh_it_turns_seldom_and_where_animations_are_off_never():
    assert turns_a_second({}) == 8
    assert turns_a_second({"SSH_CONNECTION": "10.0.0.1 22 10.0.0.2 22"}) == 2
    assert turns_a_second({"TEXTUAL_ANIMATIONS": "none", "SSH_CONNECTION": "x"}) == 0
    assert turns_a_second({"TEXTUAL_ANIMATIONS": "full"}) == 8


def test_what_is_unknown_in_a_file_of_another_version_does_no_harm(path):
    async def scene():
        liked = Preferences(theme="no such theme", view="no such view")
        async with open_stage(FakeSession(failed_picture(path)), SMALL, NOW, preferences=liked) as on:
            assert on.app.theme == "textual-dark"
            assert on.board.pane.active == "log"

    play(scene())


def test_everything_that_is_wrong_is_said_one_after_the_other(path):
    async def scene():
        said = ["settings.json is ignored: it is not an object.", "keys.toml is ignored: no key has the id run.x."]
        async with open_stage(FakeSession(never_ran_picture(path)), WIDE, NOW, notices=said) as on:
            assert on.message == said[0]
            await on.press("j")
            assert on.message == said[0], "for four seconds at least"
            on.time[0] += 4
            on.board.tick()
            await on.settle()
            assert on.message == said[1], "a key was pressed"
            on.time[0] += 60
            on.board.tick()
            await on.settle()
            assert on.message == said[1], "until the next key"
            await on.press("j")
            assert on.message.startswith("Nothing has run yet.")

    play(scene())
