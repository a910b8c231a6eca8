"""Keys can be others, by the ids that help shows; the palette finds what keys do by word."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import NOW, FakeSession, FakeWorkflows, Story, failed_picture, never_ran_picture, stack_of
from stage import SMALL, WIDE, open_picker, open_stage, play
from textual.command import CommandPalette

from fwtui.model.helptext import help_lines
from fwtui.model.keys import KEYS, ROWS, key_name, keys_of, shown_key
from fwtui.model.ladder import Rung
from fwtui.model.segments import plain
from fwtui.model.settings_keys import keymap_of
from fwtui.session.settings_file import read_keys


def test_ids_are_written_with_dots_as_help_shows_them(tmp_path):
    (tmp_path / "keys.toml").write_text('run.resume = "f5"\n"look.older" = ["c", "ctrl+b"]\n')
    given, said = read_keys(tmp_path)
    assert said == ""
    assert keymap_of(given) == ({"run.resume": "f5", "look.older": "c,ctrl+b"}, "")


def test_a_file_that_is_no_toml_is_said(tmp_path):
    (tmp_path / "keys.toml").write_text("run.resume = \n")
    given, said = read_keys(tmp_path)
    assert (given, keymap_of(given)) == ({}, ({}, ""))
    assert said.startswith(f"{tmp_path / 'keys.toml'} is ignored: ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"run.nothing": "f5"}, "no key has the id run.nothing"),
        ({"run.resume": ""}, "run.resume needs a key"),
        ({"run.resume": 5}, "run.resume needs a key"),
        ({"run.resume": ["f5", None]}, "run.resume needs a key"),
        ({"run.resume": "s"}, "s is both run.resume and run.stop"),
        ({"run.resume": "j"}, "j is both run.resume and tasks.down"),
        ({"run.resume": "crtl+r"}, "run.resume: there is no key crtl+r"),
        ({"run.resume": "f25"}, "run.resume: there is no key f25"),
        ({"run.resume": "ctrl+m"}, "run.resume: terminals take ctrl+m for enter"),
        ({"typing.keep": "k"}, "typing.keep: k is needed for typing"),
        ({"leave.interrupt": "?"}, "leave.interrupt: ? is needed for typing"),
        ({"leave.quit": "n"}, "n is both leave.quit and find.next"),
        ({"dialog.yes": "q"}, "q is both dialog.yes and leave.quit"),
        ({"run.plan": "ctrl+c"}, "ctrl+c is both run.plan and leave.interrupt"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_of_it_holds(given, said):
    keymap, problem = keymap_of({"look.wrap": "f6", **given})
    assert keymap == {}
    assert said in problem


@given(st.sampled_from([key for row in KEYS for key in row.keys]))
def test_a_key_may_be_written_as_textual_calls_it_or_as_it_is_shown(key):
    assert key_name(key) == key
    assert key_name(shown_key(key)) == key if len(shown_key(key)) > 1 or shown_key(key).isascii() else True


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_a_key_or_none(text):
    name = key_name(text)
    assert name == "" or key_name(name) == name


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


_OTHERS = {
    "run.resume": "f5",
    "run.everything": "f6",
    "run.again": "f7",
    "look.edit": "f8",
    "look.graph": "f9",
    "look.help": "f1",
    "leave.quit": "f10",
    "find.filter": "f3",
    "find.failure": "f4",
    "change.undo": "f11",
    "change.clear": "f12",
    "look.older": "f13",
    "look.newer": "f14",
    "typing.keep": "f15",
    "dialog.first": "f16",
    "dialog.last": "f17",
    "run.stop": "f18",
    "run.stop_now": "f19",
    "run.plan": "f20",
    "plan.run": "f21",
    "page.leave": "f22",
}


def test_every_text_names_the_keys_that_the_person_has(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE, NOW, keymap=_OTHERS) as on:
            assert on.footer.startswith("f5 resume 4  f7 retry  f8 edit  f4 failure  enter log  f9 graph  i timeline")
            assert on.footer.endswith("f12 clear  f1 help  f10 quit")
            assert "─ 2 Details ─ f9 Graph ─ 4 Timeline" in on.line_with("1 Log")
            assert "attempt 3/3 f13 f14" in on.line_with("1 Log")
            assert on.line_with("Press f8 to open line 88.")
            await on.press("f3")
            assert on.footer == "f15 keep filter  esc drop filter  ↑↓ move"
            await on.press("f15", "f12")
            assert on.line_with("f11 undoes this until it has run.")
            assert "f16  Clear 1 task" in on.line_with("Keep all")
            assert "f17  Keep all" in on.line_with("Clear 1 task")
            assert on.footer == "f16 clear  ←→ scope  f17 keep all"
            await on.press("f16")
            assert on.message == "Cleared join_delays. f11 undoes it until it runs."
            await on.press("f20")
            assert on.lines[0].startswith("─┤f20 Plan├")
            assert on.footer == "f21 run 4  ↑↓ scroll  f22 back"
            await on.press("f22", "f1")
            assert on.lines[0].startswith("─┤f1 Help├")
            assert on.line_with("f5            resume: run what is not done")
            await on.press("f22")
            assert on.app.screen is on.board

    play(scene())


def test_the_ladder_is_climbed_with_the_persons_keys(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE, NOW, keymap=_OTHERS) as on:
            await on.happens(*Story().running())
            await on.press("f18")
            assert on.message == "Stopping: 2 tasks finish first. f18 again stops at once."
            await on.press("f10")
            assert "f16  Finish these 2, then quit" in on.line_with("then quit")
            assert "f19  Stop now and quit" in on.line_with("Stop now and quit")
            await on.press("q", "y")
            assert on.board.rung is Rung.FINISHING
            assert on.message.startswith("f10 again leaves at once")

    play(scene())


def _bound(on, where: str) -> dict[str, set[str]]:
    """The keys that do something, by the ids of their bindings; none is without."""
    found: dict[str, set[str]] = {}
    for key, active in on.app.screen.active_bindings.items():
        assert active.binding.id in ROWS, f"{key} in {where} is not in the table"
        found.setdefault(active.binding.id, set()).add(key)
    return found


@pytest.mark.parametrize("where", ["tasks", "pane", "graph", "timeline", "runs"])
def test_the_keys_that_work_are_those_of_the_table(where, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press(*{"tasks": [], "pane": ["tab"], "graph": ["g"], "timeline": ["i"], "runs": ["h"]}[where])
            own = keys_of(where)
            taken = {key for row in own for key in row.keys}
            wanted = {row.id: set(row.keys) for row in own}
            for row in (*keys_of("dashboard"), *keys_of("everywhere")):
                wanted[row.id] = set(row.keys) - taken
            assert _bound(on, where) == wanted

    play(scene())


def test_a_file_in_ones_home_is_named_as_one_writes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".config" / "fwtui"
    folder.mkdir(parents=True)
    (folder / "keys.toml").write_text("=")
    assert read_keys(folder)[1].startswith("~/.config/fwtui/keys.toml is ignored: ")


@pytest.mark.parametrize(
    ("key", "more"), [("question_mark", {"look.help"}), ("p", {"run.plan", "plan.run", "look.help"})]
)
def test_the_keys_of_a_page_are_those_of_the_table(key, more, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press(key)
            bound = _bound(on, key)
            rows = {row.id for where in ("pane", "page", "everywhere") for row in keys_of(where)} | more
            assert bound.keys() == rows - ({"pane.enter"} if "plan.run" in more else set())

    play(scene())


def test_the_keys_of_the_stack_are_those_of_the_table(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE, NOW) as on:
            await on.happens(*Story().running())
            session.stacks["extract_flights"] = stack_of(path)
            await on.press("home", "b")
            await on.until(lambda: on.app.screen is not on.board)
            rows = {row.id for where in ("pane", "page", "everywhere") for row in keys_of(where)} | {"look.stack"}
            assert _bound(on, "stack").keys() == rows

    play(scene())


def test_the_keys_of_the_list_are_those_of_the_table():
    async def scene():
        async with open_picker(FakeWorkflows(), WIDE, NOW) as on:
            shared = {"leave.quit", "find.back", "find.filter", "look.help"}
            rows = {row.id for where in ("workflows", "everywhere") for row in keys_of(where)} | shared
            assert _bound(on, "list").keys() == rows

    play(scene())


@pytest.mark.parametrize("keys", ["x", "R", "kt"])
def test_nothing_in_a_dialog_can_have_the_focus_and_take_enter_for_itself(keys, path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press(*keys)
            dialog = on.board.dialog
            assert dialog is on.app.screen
            assert dialog.focused is None
            assert [widget for widget in dialog.query("*") if widget.can_focus] == []

    play(scene())


def test_a_dialog_has_the_keys_of_its_buttons_and_of_the_scopes(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press("x")
            assert _bound(on, "dialog").keys() <= {row.id for row in keys_of("everywhere")}
            buttons = {key for button in on.board.dialog.spec.buttons for key in button.keys}
            assert buttons == {*ROWS["dialog.first"].keys, *ROWS["dialog.last"].keys}
            before = on.board.dialog.scope
            for row in ("dialog.left", "dialog.right"):
                for key in ROWS[row].keys:
                    await on.press(key)
            assert on.board.dialog.scope == before

    play(scene())


def test_no_text_of_the_table_names_a_key_that_may_be_another_one():
    for row in KEYS:
        assert not {"enter", "esc", "escape", "tab"} & set(re.findall(r"\w+", row.text)), row.id


def test_help_has_every_row_of_the_table_once():
    text = [plain(line) for line in help_lines("tasks", 120)]
    for row in KEYS:
        assert sum(line.endswith(f" {row.id}") for line in text) == 1, row.id


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
