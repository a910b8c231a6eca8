"""What the keys of the dashboard do, on scenes: messages and state first."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from scenes import (
    EDGES,
    ERROR,
    NOW,
    FakeSession,
    Story,
    at,
    but,
    done_picture,
    failed_picture,
    never_ran_picture,
    saved_reload,
    stack_of,
    stale_picture,
    with_an_old_run,
)
from stage import SMALL, WIDE, Stage, open_stage, play
from textual.events import AppBlur, AppFocus, Key

from flowweaver.errors import StateError, StateLockedError
from flowweaver.plan import Action, Reason, ReasonKind
from flowweaver.records import AttemptRecord
from fwtui.dashboard_app import DashboardApp
from fwtui.model.ladder import Rung
from fwtui.model.status import State
from fwtui.screens.board import Board
from fwtui.screens.stack import StackScreen
from fwtui.session.port import LoadProblem, Reload, RunRequest

SYNTAX = LoadProblem("workflows/etl.py", "SyntaxError: '[' was never closed", line=88)


def test_the_first_opening_says_what_the_next_key_does(path):
    async def scene():
        async with open_stage(FakeSession(never_ran_picture(path))) as on:
            assert on.board.message_text == "Nothing has run yet. r runs all 9 tasks. ? shows every key."
            assert on.lines[0].startswith(" etl  never ran")
            assert on.footer.startswith("r run all 9  d details")

    play(scene())


def test_what_was_loaded_before_a_save_can_be_collected(path):
    async def scene():
        async with open_stage(FakeSession(never_ran_picture(path))) as on:
            gc.freeze()
            await on.saves(Reload("workflows/etl.py", NOW, never_ran_picture(path)))
            assert gc.get_freeze_count() == 0

    play(scene())


def test_what_a_person_should_know_of_how_the_file_was_loaded_is_said_first(path):
    async def scene():
        picture = replace(never_ran_picture(path), hint="calendar.py hides Python's own module calendar.")
        async with open_stage(FakeSession(picture)) as on:
            assert on.board.message_text == "calendar.py hides Python's own module calendar."

    play(scene())


def test_opening_after_a_failed_run_puts_the_cursor_on_the_failure(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path))) as on:
            assert on.cursor == "join_delays"
            assert on.board.focused is on.board.table

    play(scene())


def test_r_resumes_what_is_not_done(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session) as on:
            assert on.footer.startswith("r resume 4")
            await on.press("r")
            assert session.called("start") == [("start", RunRequest())]

    play(scene())


def test_r_on_what_is_complete_starts_nothing_and_says_so(path):
    async def scene():
        session = FakeSession(done_picture(path))
        async with open_stage(session) as on:
            assert on.footer.startswith("R run all  t run again")
            await on.press("r")
            assert session.called("start") == []
            assert on.board.message_text == "All 9 tasks are done and up to date. R runs everything again."

    play(scene())


@pytest.mark.parametrize("key", ["r", "t"])
def test_a_start_beside_a_thread_of_a_run_that_was_stopped_says_so(path, key):
    async def scene():
        session = FakeSession(failed_picture(path), threads_left=("load_warehouse",))
        async with open_stage(session, WIDE) as on:
            assert on.line_with("1 thread left behind")
            await on.press(key)
            assert len(session.called("start")) == 1
            assert on.board.message_text.startswith("load_warehouse was given up, but its thread may still be running")

    play(scene())


def test_what_was_stopped_says_that_its_thread_may_go_on(path):
    async def scene():
        async with open_stage(FakeSession(never_ran_picture(path)), WIDE) as on:
            story = Story(1)
            stopped = story.fails("extract_flights", "10:42:03", interrupted=True, thread_left=True)
            await on.happens(story.begins(), story.starts("extract_flights"), stopped)
            assert "by you at 10:42; its thread may still be running" in on.line_with("■ stopped")
            assert on.line_with("1 thread left behind")

    play(scene())


def test_r_on_a_broken_file_starts_nothing(path):
    async def scene():
        session = FakeSession(failed_picture(path), reloads=[Reload("workflows/etl.py", NOW, problem=SYNTAX)])
        async with open_stage(session, WIDE) as on:
            await on.press("r")
            assert session.called("start") == []
            assert on.board.message_text == "Nothing started: etl.py does not load (line 88). e opens it."

    play(scene())


def test_a_second_broken_save_says_at_once_what_is_wrong_now(path):
    async def scene():
        session = FakeSession(failed_picture(path), reloads=[Reload("workflows/etl.py", NOW, problem=SYNTAX)])
        async with open_stage(session, WIDE) as on:
            await on.press("r")
            assert on.board.message_text.startswith("Nothing started")
            other = replace(SYNTAX, text="ImportError: No module named 'pandas'", line=3)
            await on.saves(Reload("workflows/etl.py", NOW, problem=other))
            assert on.board.message_text.startswith("etl.py line 3, ImportError: No module named 'pandas'.")

    play(scene())


def test_a_broken_file_keeps_the_graph_and_holds_a_banner(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE) as on:
            await on.saves(Reload("workflows/etl.py", NOW, problem=SYNTAX))
            assert on.message == (
                "etl.py line 88, SyntaxError: '[' was never closed. "
                "Shown: the version that loaded at 10:41. e opens it."
            )
            assert "does not load" in on.lines[0]
            assert on.board.view.total == 9
            on.time[0] = NOW + 60
            await on.press("j")
            assert on.message.startswith("etl.py line 88"), "a banner outlasts keys"
            await on.saves(saved_reload(path))
            assert on.message.startswith("etl.py saved 10:43:15. join_delays is stale")

    play(scene())


def test_a_file_that_never_loaded_is_shown_whole_until_it_loads(path):
    led_there = ("workflows/etl.py:120 in <module>", "workflows/etl.py:88 in nearest_hour")
    problem = LoadProblem(
        "workflows/etl.py", "KeyError: 'hour_utc'", 88, led_there, "Give it with -p hour=VALUE.", path=path
    )

    async def scene():
        async with open_stage(FakeSession(problem), WIDE) as on:
            assert on.message == "etl.py line 88, KeyError: 'hour_utc'. e opens it."
            assert on.lines[0].startswith(" workflows/etl.py  does not load")
            await on.until(lambda: any("› 88" in line for line in on.lines))
            assert [line.strip() for line in on.lines[2:14]] == [
                on.lines[2],
                "",
                "✗ KeyError: 'hour_utc'",
                "workflows/etl.py:88 in nearest_hour",
                "86  def nearest_hour(row, weather):",
                '87      origin = row["origin"]',
                '› 88      return weather[origin, row["hour_utc"]]',
                "workflows/etl.py:120 in <module>",
                "",
                "Give it with -p hour=VALUE.",
                "",
                "Press e to open line 88. It is loaded as soon as it is saved.",
            ]
            assert on.footer == "e edit  ↑↓ scroll  y copy  ? help  q quit"
            assert on.board.here == "problem"
            await on.press("g", "i", "o", "f", "t", "x", "r", "p", "slash", "space", "enter", "z", "tab", "escape")
            assert on.board.message_text == "Nothing started: etl.py does not load (line 88). e opens it."
            assert on.app.unloaded is problem
            await on.saves(Reload("workflows/etl.py", NOW, problem=SYNTAX))
            assert on.line_with("✗ SyntaxError: '[' was never closed")
            assert not any("hour_utc" in line for line in on.lines)
            await on.saves(Reload("workflows/etl.py", NOW, never_ran_picture(path)))
            assert on.line_with("write_report")
            assert on.board.here == "tasks"
            assert on.app.unloaded is None

    async def unwatched():
        async with open_stage(FakeSession(problem), WIDE, watch=False) as on:
            assert on.line_with("r loads it again.")

    play(scene())
    play(unwatched())


def test_what_is_typed_comes_before_a_notice_and_that_before_what_holds(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.saves(Reload("workflows/etl.py", NOW, problem=SYNTAX))
            assert on.message.startswith("etl.py line 88, SyntaxError")
            await on.press("y")
            await on.until(lambda: on.message.startswith("Copied "))
            await on.press("slash")
            assert on.message.startswith("/ ")
            await on.press("y", "escape")
            on.time[0] += 10
            await on.press("j")
            assert on.message.startswith("etl.py line 88, SyntaxError")

    play(scene())


def test_a_terminal_that_is_left_changes_nothing_on_the_screen_but_the_cursor(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE, NOW) as on:
            await on.press("g", "right")
            before = on.lines
            on.app.post_message(AppBlur())
            await on.until(lambda: on.board.focused is None)
            on.board.tick()
            await on.pilot.resize_terminal(120, 39)
            await on.pilot.resize_terminal(*WIDE)
            await on.settle()
            assert on.footer == before[-1].strip()
            assert on.lines[:-1] == before[:-1]
            on.app.post_message(AppFocus())
            await on.until(lambda: on.board.focused is not None)
            assert on.board.here == "graph"

    play(scene())


def test_a_save_that_affects_nothing_says_so(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE) as on:
            await on.saves(Reload("workflows/etl.py", at("10:43:15"), failed_picture(path)))
            assert on.message == "etl.py saved 10:43:15. No task is affected."
            await on.saves(
                Reload("workflows/etl.py", at("10:43:15"), failed_picture(path), added=("x",), removed=("y",))
            )
            assert on.message == "etl.py saved 10:43:15. 1 task new, 1 gone. r runs 4, reuses 5."

    play(scene())


def test_a_save_during_a_run_waits_for_the_next_one(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            await on.saves(Reload("workflows/etl.py", at("10:43:15"), during_run=True))
            assert on.message == (
                "etl.py saved 10:43:15. This run goes on with the code it started with; the next run takes the new."
            )
            assert "edited, for the next run" in on.lines[0]

    play(scene())


def test_a_failure_takes_the_cursor_only_if_the_person_has_not(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story = Story()
            await on.happens(*story.running())
            await on.happens(story.starts("join_delays"), story.fails("join_delays", "10:42:09"))
            assert on.cursor == "join_delays"

    async def moved():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE) as on:
            story = Story()
            await on.happens(*story.running())
            await on.press("j")
            await on.happens(story.starts("join_delays"), story.fails("join_delays", "10:42:09"))
            assert on.cursor == "extract_weather"
            assert on.message == f"join_delays failed: {ERROR}. f goes there."
            await on.press("f")
            assert on.cursor == "join_delays"

    play(scene())
    play(moved())


def test_the_cursor_goes_to_the_only_task_that_runs_until_the_person_moves_it(path):
    """Once it has run for a second: short tasks one after the other would have the cursor jump from row to row."""

    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story = Story()
            await on.happens(story.begins(), story.starts("extract_weather"), clock=at("10:42:03.9"))
            assert on.cursor == "extract_flights"
            on.time[0] = at("10:42:04")
            on.board.tick()
            await on.settle()
            assert on.cursor == "extract_weather"
            both = story.completes("extract_weather"), story.starts("join_delays"), story.starts("write_report")
            await on.happens(*both, clock=at("10:42:09"))
            assert on.cursor == "extract_weather", "two run"
            await on.happens(story.completes("write_report", "10:42:09"))
            assert on.cursor == "join_delays"
            await on.press("enter")
            await on.happens(story.completes("join_delays"), story.starts("load_warehouse"))
            assert on.cursor == "join_delays", "its log is being read"
            await on.press("escape")
            on.board.tick()
            await on.settle()
            assert on.cursor == "load_warehouse"
            await on.press("k")
            await on.happens(story.completes("load_warehouse"), story.starts("write_report"))
            assert on.cursor == "summarize_delays", "where the person has it"
            again = Story(32)
            await on.happens(
                again.begins("10:42:10"), again.starts("extract_weather", "10:42:10"), clock=at("10:42:12")
            )
            assert on.cursor == "summarize_delays", "in the next run, too"

    play(scene())


def test_a_failed_run_opens_on_its_first_failure(path):
    async def scene():
        async with open_stage(with_an_old_run(path), WIDE, NOW) as on:
            session, board = on.session, on.board
            assert on.cursor == "join_delays"
            (number,) = session.old_attempts
            made = AttemptRecord("extract_weather", 1, at("10:12:46"), at("10:12:47"), "failed", run_id=number)
            session.old_attempts[number] = [made]
            await on.press("h", "down", "enter")
            await on.until(lambda: board.conductor.past is not None)
            assert on.cursor == "extract_weather"

    play(scene())


def test_a_run_from_its_start_to_the_state_it_leaves(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story = Story()
            await on.happens(*story.running(), clock=at("10:42:03.6"))
            assert on.lines[0].startswith(" etl  ⠋ running")
            session.picture = failed_picture(path)
            await on.happens(*story.to_failure(path), clock=at("10:42:10"))
            await on.until(lambda: not on.board.view.running)
            assert on.lines[0].startswith(" etl  ✗ failed at join_delays")
            assert on.cursor == "join_delays"
            assert on.line_with("✗ KeyError")

    play(scene())


def test_after_a_run_that_completed_what_was_reused_stays_told_until_the_next_save(path):
    async def scene():
        session = FakeSession(stale_picture(path), running=True)
        async with open_stage(session) as on:
            story = Story(32)
            todo = list(EDGES)[5:]
            await on.happens(
                story.begins("10:43:20", {name: "run" if name in todo else "reuse" for name in EDGES}),
                *(story.restores(name) for name in EDGES if name not in todo),
                *(event for name in todo for event in (story.starts(name), story.completes(name))),
            )
            session.picture = done_picture(path)
            await on.happens(story.ends("completed", "10:43:22", 2.0))
            await on.until(lambda: not on.board.view.running)
            assert on.lines[0].startswith(" etl  ✓ all 9 done, 5 reused")
            assert on.board.view.tasks["extract_flights"].state is State.REUSED
            assert "from run 31" in on.line_with("extract_flights")
            await on.saves(Reload("workflows/etl.py", NOW, done_picture(path)))
            assert on.board.view.tasks["extract_flights"].state is State.DONE

    play(scene())


def test_t_runs_a_failed_task_at_once_and_asks_for_one_that_is_done(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session) as on:
            await on.press("t")
            wanted = RunRequest(force=["join_delays"], start_from=["join_delays"])
            assert session.called("start") == [("start", wanted)]

    async def done():
        session = FakeSession(failed_picture(path))
        async with open_stage(session) as on:
            await on.press("k", "t")
            assert on.line_with("validate_flights is done and up to date. Its result is")
            assert session.called("start") == []
            await on.press("escape")
            assert session.called("start") == []
            await on.press("t", "enter")
            assert session.called("start") == [
                ("start", RunRequest(force=["validate_flights"], start_from=["validate_flights"]))
            ]

    play(scene())
    play(done())


def test_capital_r_asks_and_escape_keeps_everything(path):
    async def scene():
        session = FakeSession(done_picture(path))
        async with open_stage(session) as on:
            await on.press("R")
            assert on.line_with("Run everything again?")
            assert on.footer == "enter run all 9  esc keep results"
            await on.press("escape")
            assert session.called("start") == []
            assert on.board.focused is on.board.table
            await on.press("R", "enter")
            assert session.called("start") == [("start", RunRequest(fresh=True))]

    play(scene())


def test_clear_by_scope_and_by_pattern(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session) as on:
            await on.press("x", "right", "enter")
            assert session.called("clear")[-1] == ("clear", ["join_delays"]), "skipped tasks have nothing to forget"
            await on.press("x", *["left"], *"extract_*", "enter")
            assert session.called("clear")[-1][1] == [name for name in EDGES if name.startswith("extract_")]
            assert on.board.message_text == "Cleared 4 tasks. U undoes this until they run."

    play(scene())


def test_undo_says_what_is_back(path):
    async def scene():
        session = FakeSession(failed_picture(path), clears=["validate_flights"])
        async with open_stage(session) as on:
            await on.press("U")
            assert on.board.message_text == "validate_flights is back."
            session.clears = []
            await on.press("u")
            assert on.board.message_text == "Nothing to undo."

    play(scene())


def test_a_clear_cannot_be_undone_when_the_task_has_run_since(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, now=NOW) as on:
            await on.press("x", "enter")
            records = {**session.picture.records}
            records["join_delays"] = but(records["join_delays"], started_at=NOW + 1)
            session.picture = replace(session.picture, records=records)
            await on.press("U")
            assert on.board.message_text == "join_delays has run since; it cannot be undone."

    play(scene())


def test_a_result_that_turns_out_to_be_none_is_told_when_the_run_begins(path):
    async def scene():
        session = FakeSession(failed_picture(path), running=True)
        async with open_stage(session, WIDE) as on:
            story = Story(32)
            planned = {name: "run" if name in ("extract_flights", "join_delays") else "reuse" for name in EDGES}
            begun = story.begins("10:43:20", planned)
            why = {**begun.reasons, "extract_flights": "its stored result was not written by you"}
            await on.happens(replace(begun, reasons=why))
            assert on.message == "extract_flights runs again: its stored result was not written by you."

    async def forced():
        session = FakeSession(failed_picture(path), running=True)
        async with open_stage(session, WIDE) as on:
            begun = Story(32).begins("10:43:20")
            await on.happens(replace(begun, reasons=dict.fromkeys(EDGES, "asked for")))
            assert on.message == ""

    play(scene())
    play(forced())


def test_filter_moves_the_cursor_to_the_first_match_and_escape_brings_it_back(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path))) as on:
            height = on.board.table.size.height
            await on.press("slash", *"ware")
            assert on.cursor == "load_warehouse"
            assert on.message.endswith("1 of 9 tasks")
            assert on.board.table.size.height == height, "the table keeps its height under a filter"
            await on.press("escape")
            assert on.cursor == "join_delays"
            assert len(on.board.table.shown) == 9
            await on.press("slash", *"delq")
            assert on.message == "/ delq▏                   no task"
            await on.press("escape", "slash", *"ware", "enter")
            assert "filter: ware, 1 of 9" in on.lines[2]
            assert on.board.focused is on.board.table
            await on.press("escape")
            assert len(on.board.table.shown) == 9

    play(scene())


def test_marks_are_what_a_key_acts_on_even_where_a_filter_hides_them(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session) as on:
            await on.press("home", "space", "space", "slash", *"weather", "enter", "x")
            assert on.line_with("2 marked, 1 hidden by the filter.")
            await on.press("enter")
            assert session.called("clear") == [("clear", ["extract_flights", "extract_weather"])]
            assert on.board.table.marks == set()
            await on.press("escape", "asterisk")
            assert len(on.board.table.marks) == 9
            await on.press("asterisk")
            assert on.board.table.marks == set()

    play(scene())


def test_the_log_full_screen_and_back(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path))) as on:
            await on.press("enter")
            assert not on.board.table.display
            assert on.board.focused is on.board.pane.view
            assert on.footer.startswith("esc back")
            await on.press("q")
            assert on.board.table.display, "q in full screen is one step back"
            await on.press("enter", "escape")
            assert on.board.table.display
            assert on.board.focused is on.board.table

    play(scene())


def test_escape_goes_back_one_step_at_a_time_and_never_quits(path):
    async def scene():
        async with open_stage(with_an_old_run(path), WIDE, NOW) as on:
            board = on.board
            await on.press("h", "down", "enter")
            await on.until(lambda: board.conductor.past is not None)
            board.set_focus(board.table)
            await on.settle()
            await on.press("space", "slash", *"extract", "enter", "l", "tab", "slash", *"a", "enter", "z")

            def state() -> tuple[bool, ...]:
                table, past = board.table, board.conductor.past
                left = board.lines.needle, board.full, board.here != "tasks", table.filter_text, table.marks, past
                return tuple(map(bool, left))

            assert all(state())
            for step in range(1, 7):
                await on.press("escape")
                assert state() == (False,) * step + (True,) * (6 - step)
            await on.press("escape", "escape")
            assert on.app.is_running

    play(scene())


def test_search_in_a_focused_log(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path))) as on:
            await on.press("tab", "slash", *"nearest_hour")
            assert on.message.endswith("3 lines")
            await on.press("enter", "n", "N", "escape")
            assert on.board.pane.view.needle == ""
            await on.press("escape")
            assert on.board.focused is on.board.table

    play(scene())


def test_details_and_back_to_the_log_by_the_same_key(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE) as on:
            await on.press("d")
            assert on.line_with("failed on attempt 3 of 3, 10:42:08, 0.8s")
            assert on.line_with("dict, 2,226 items, 0.6 MB, kept")
            assert on.line_with("Traceback (most recent call last):")
            await on.press("d")
            assert on.board.pane.active == "log"

    play(scene())


def test_an_older_attempt_shows_its_own_end(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE) as on:
            await on.press("left_square_bracket", "comma")
            assert "attempt 1/3" in on.board.query_one("#rule").right
            await on.press("full_stop", "right_square_bracket")
            assert "attempt 3/3" in on.board.query_one("#rule").right

    play(scene())


def test_stop_finishes_what_runs_and_a_second_time_asks(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            await on.happens(*Story().running())
            await on.press("s")
            assert session.called("stop")
            assert on.board.message_text == "Stopping: 2 tasks finish first. s again stops at once."
            assert on.lines[0].startswith(" etl  ⠋ stopping, 2 tasks finish")
            assert "stopping" in on.line_with("▸ running")
            await on.press("s")
            assert on.line_with("2 tasks are running: extract_flights, extract_weather.")
            assert not session.called("cancel")
            await on.press("enter")
            assert session.called("cancel")

    play(scene())


def test_changing_keys_during_a_run_say_why_not(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            await on.happens(*Story().running())
            for name in ("r", "R", "t", "x", "U"):
                await on.press(name)
                assert on.board.message_text == "A run is going on. s stops it first.", name
            assert session.called("start") == session.called("clear") == []

    play(scene())


def test_quit_without_a_run_leaves_at_once(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path))) as on:
            on.strike("q")
            await on.until(lambda: not on.app.is_running)
            assert on.app.return_code == 0

    play(scene())


def test_the_ladder_asks_then_finishes_then_leaves(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            await on.press("ctrl+c")
            assert on.line_with("Quit while running?")
            assert on.line_with("2 tasks are running")
            await on.press("escape")
            assert on.board.rung is Rung.GROUND
            await on.press("q", "q")
            assert session.called("stop")
            assert on.lines[0].startswith(" etl  ⠋ quitting, 2 tasks finish")
            assert on.message == "q again leaves at once; their work is lost, the rest is saved."
            on.strike("ctrl+q")
            await on.until(lambda: not on.app.is_running)
            assert session.called("cancel")

    play(scene())


def test_quitting_ends_with_the_run(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story = Story()
            await on.happens(*story.running())
            await on.press("q", "enter")
            session.picture = failed_picture(path)
            session.events.extend([*story.to_failure(path)])
            on.board.drain()
            await on.until(lambda: not on.app.is_running)
            assert not session.called("cancel")

    play(scene())


def test_keys_pressed_while_a_file_loads_are_done_after_it_in_order(path):
    async def scene():
        gate = threading.Event()
        session = FakeSession(failed_picture(path), gate=gate)
        async with open_stage(session) as on:
            await on.until(lambda: bool(session.called("open")))
            for name in ("home", "j", "d"):
                on.strike(name)
            assert on.cursor is None
            gate.set()
            await on.settle()
            await on.until(lambda: on.board.pane.active == "details")
            assert on.cursor == "extract_weather"

    play(scene())


def test_keys_pressed_before_there_is_a_screen_are_done_when_the_file_is_loaded(path):
    async def scene():
        app = DashboardApp(FakeSession(failed_picture(path)), clock=lambda: NOW)
        early = [Key(name, None) for name in ("home", "j", "ctrl+j")]

        for key in early:
            app.post_message(key)
        async with app.run_test(size=WIDE) as pilot:
            on = Stage(app, pilot, app.session, [NOW])
            await on.until(lambda: on.board.full == "pane")
            assert on.cursor == "extract_weather"

    play(scene())


def test_q_pressed_before_there_is_a_screen_does_not_wait_for_the_file(path):
    async def scene():
        gate = threading.Event()
        app = DashboardApp(FakeSession(failed_picture(path), gate=gate), clock=lambda: NOW)
        app.post_message(Key("q", "q"))
        async with app.run_test(size=WIDE) as pilot:
            await Stage(app, pilot, app.session, [NOW]).until(lambda: not app.is_running)
        gate.set()

    play(scene())


def test_ctrl_c_leaves_while_a_file_loads(path):
    async def scene():
        gate = threading.Event()
        async with open_stage(FakeSession(failed_picture(path), gate=gate)) as on:
            on.strike("j")
            on.strike("ctrl+c")
            await on.until(lambda: not on.app.is_running)
            gate.set()

    play(scene())


def test_what_the_engine_refuses_is_said_in_its_words(path):
    async def scene():
        refused = StateLockedError("in use by process 4711 on lab-3, since 10:02")
        async with open_stage(FakeSession(failed_picture(path), refuse=refused)) as on:
            await on.press("r")
            assert on.board.message_text == "in use by process 4711 on lab-3, since 10:02"

    play(scene())


def test_a_state_that_cannot_be_used_ends_the_screen_with_its_code(path):
    async def scene():
        async with open_stage(FakeSession(StateError("etl.db is not a database"))) as on:
            await on.until(lambda: not on.app.is_running)
            assert on.app.return_value == 4
            assert on.app.error == "fwtui: etl.db is not a database"

    play(scene())


def test_help_lists_every_key_and_goes_back(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE) as on:
            await on.press("question_mark")
            assert on.line_with("resume: run what is not done")
            assert on.line_with("run.resume")
            await on.press("q")
            assert on.app.screen is on.board

    play(scene())


def test_control_characters_of_tasks_never_reach_the_screen(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE) as on:
            story = Story()
            await on.happens(story.begins(), story.starts("extract_flights"))
            await on.happens(
                story.writes(
                    "extract_flights", "10:42:03", "\x1b[2J\x1b]0;title\x07\x9b31mred", "10%\r100%", "a\u202eb"
                )
            )
            text = "\n".join(on.lines)
            assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
            assert on.line_with("100%")
            assert "10%\r" not in text
            assert on.line_with("\\u202e")

    play(scene())


def test_what_came_from_no_task_has_a_view_of_its_own(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE) as on:
            await on.press("0")
            assert on.board.pane.active == "log", "there is nothing yet"
            on.board.wrote_outside(["curl: (6) could not resolve host\x1b[0m"])
            await on.settle()
            assert on.message == "A process wrote to the terminal; it is kept apart. 0 shows it."
            await on.press("0")
            assert on.line_with("curl: (6) could not resolve host")
            assert "0 Output" in on.line_with("1 Log")

    play(scene())


def test_a_log_that_follows_pauses_when_it_is_scrolled_up(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story = Story()
            await on.happens(*story.running())
            await on.happens(story.writes("extract_flights", "10:42:03", *(f"{number}" for number in range(50))))
            assert on.line_with("10:42:03  49")
            assert on.board.query_one("#rule").right == "following"
            await on.press("tab", "k")
            assert on.board.query_one("#rule").right == "paused"
            await on.happens(story.writes("extract_flights", "10:42:03", "the newest"))
            assert not any("the newest" in line for line in on.lines)
            await on.press("G")
            assert on.line_with("the newest")
            assert on.board.query_one("#rule").right == "following"

    play(scene())


def texts_in_log(on) -> list[str]:
    """What the log says, without times."""
    return [text[11:] for text in on.board.pane.log.widget.text.split("\n")]


def test_a_progress_bar_moves_in_its_place_and_is_a_line_in_the_end(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story, task = Story(), "extract_flights"
            await on.happens(story.begins(), story.starts(task))
            assert on.line_with("extract_flights has written nothing yet.")
            await on.happens(story.is_writing(task, "10:42:03", " 10%"))
            assert texts_in_log(on) == [" 10%"]
            other = story.writes(task, "10:42:04", "on another stream", first=1)
            await on.happens(replace(other, lines=tuple(each._replace(stream="err") for each in other.lines)))
            assert texts_in_log(on) == ["on another stream", " 10%"]
            await on.happens(story.is_writing(task, "10:42:04", " 50%"))
            assert texts_in_log(on) == ["on another stream", " 50%"]
            await on.press("down", "up")
            assert texts_in_log(on) == ["on another stream", " 50%"], "also when one comes back to it"
            await on.happens(story.writes(task, "10:42:05", "100%", first=2), story.is_writing(task, "10:42:05"))
            assert texts_in_log(on) == ["on another stream", "100%"]

    play(scene())


def test_of_an_output_too_long_to_keep_the_last_lines_are_seen_as_they_come(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story, task = Story(), "extract_flights"
            await on.happens(story.begins(), story.starts(task), story.writes(task, "10:42:03", "first", first=1))
            await on.happens(story.is_writing(task, "10:42:04", "one of the last", "the last", left_out=1_234))
            assert texts_in_log(on)[0] == "first"
            assert on.line_with("... 1,234 lines before these: a log keeps its first and its last 2.5 MB ...")
            assert texts_in_log(on)[2:] == ["one of the last", "the last"]
            await on.happens(story.is_writing(task, "10:42:05", "the very last", left_out=2_000))
            assert texts_in_log(on)[2:] == ["the very last"]

    play(scene())


def test_the_whole_stored_log_is_shown_and_searched_whatever_is_in_memory(path, monkeypatch):
    monkeypatch.setattr("fwtui.model.logbook._MOST", 100)

    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story, task = Story(), "extract_flights"
            stored = session.logs[task, 1] = []
            await on.happens(story.begins(), story.starts(task))
            for number in range(0, 300, 10):
                texts = [str(each) for each in range(number, number + 10)]
                event = story.writes(task, "10:42:03", *texts, first=number + 1)
                stored += event.lines
                await on.happens(event)
            everything = [str(number) for number in range(300)]
            assert texts_in_log(on) == everything
            await on.press("down", "up")
            assert texts_in_log(on) == everything, "the store has what is not in memory any more"
            late = story.writes(task, "10:42:04", *everything[-5:], "300", "301", first=296)
            await on.happens(late)
            assert texts_in_log(on) == [*everything, "300", "301"], "what is shown already is not shown again"
            stored += late.lines[5:]
            stored += story.writes(task, "10:42:04", "302").lines
            await on.happens(story.writes(task, "10:42:04", "303", first=304))
            assert texts_in_log(on) == [*everything, "300", "301", "302"], "a line is missing: all is loaded anew"
            await on.press("tab", "slash", *"25", "enter")
            assert on.board.lines.found == " 10:42:03  25"
            await on.press("N")
            assert on.board.lines.found.endswith("259")

    play(scene())


def test_a_task_that_writes_in_colour_is_shown_in_colour_and_the_rest_of_it_as_text(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            story, task = Story(), "extract_flights"
            hostile = "\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b[2Jafter"
            await on.happens(story.begins(), story.starts(task), story.writes(task, "10:42:03", hostile, first=1))
            assert on.line_with(r"10:42:03  red \x1b]0;title\x07\x1b[2Jafter")
            pane = on.board.pane.log.widget
            red = next(segment for segment in pane.render_line(0) if segment.text == "red")
            assert red.style.bold
            assert red.style.color != pane.style_of("").color

    play(scene())


def test_a_result_that_cannot_be_kept_is_told_of_unless_it_is_meant(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE) as on:
            story = Story()
            await on.happens(story.begins(), story.starts("extract_flights"), story.starts("extract_weather"))
            await on.happens(replace(story.completes("extract_flights"), not_kept="persist=False"))
            assert on.board.message_text.startswith("Nothing has run yet")
            why = 'result["conn"]: sqlite3.Connection'
            await on.happens(replace(story.completes("extract_weather"), not_kept=why))
            assert on.board.message_text == (
                f"extract_weather is done, but its result cannot be kept ({why}). It runs again next time."
            )

    play(scene())


def test_a_full_disk_is_told_and_not_only_the_result_that_it_cost(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session, WIDE) as on:
            story, why = Story(), "etl.db cannot be written: the disk is full"
            await on.happens(story.begins(), story.starts("extract_weather"))
            session.picture = replace(session.picture, runs=failed_picture(path).runs)
            lost = replace(story.completes("extract_weather"), not_kept=why)
            await on.happens(lost, story.ends("failed", "10:42:04", 1.0, error=why))
            assert on.board.message_text.startswith("Disk full: no further task starts.")

    play(scene())


def test_every_size_of_terminal_has_its_verdict(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path))) as on:
            for size in [(79, 23), (60, 15), (40, 10), (39, 7), (20, 3), (10, 1), (200, 50), (80, 24)]:
                await on.pilot.resize_terminal(*size)
                await on.settle()
                await on.until(lambda size=size: tuple(on.board.size) == size)
                assert len(on.lines) == size[1]
                assert "etl" in on.lines[0] or "✗" in on.lines[0]
                if size[0] >= 40:
                    assert "failed at join_delays" in on.lines[0]
            assert on.line_with("KeyError: 'hour_utc'")

    play(scene())


def test_a_workflow_without_tasks(path):
    async def scene():
        from fwtui.session.port import Picture

        empty = Picture("etl", "workflows/etl.py", (), type(failed_picture(path).plan)({}))
        async with open_stage(FakeSession(empty)) as on:
            await on.press("j", "f", "t", "x", "enter", "space", "asterisk", "d", "slash", "a", "enter", "G", "y")
            assert "0/0 done" in on.lines[1]

    play(scene())


def test_the_mouse_selects_opens_and_presses(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path))) as on:
            await on.pilot.click("#tasks", offset=(20, 2))
            await on.settle()
            assert on.cursor == "extract_weather"
            await on.pilot.click("#rule", offset=(12, 0))
            await on.settle()
            assert on.board.pane.active == "details"
            await on.pilot.click("#footer", offset=(on.lines[-1].index("clear"), 0))
            await on.settle()
            assert on.line_with("─ Clear ─")
            await on.pilot.click("#box", offset=(on.line_with("Keep all").index("Keep all") - 8, 10))
            await on.settle()
            assert on.app.screen is on.board
            await on.pilot.click("#tasks", offset=(20, 6), times=2)
            await on.settle()
            assert not on.board.table.display

    play(scene())


def test_maybe_is_counted_apart(path):
    async def scene():
        maybe = (Action.MAYBE, [Reason(ReasonKind.UPSTREAM, "if join_delays gives another result")])
        changed = (Action.RUN, [Reason(ReasonKind.CODE, "join_delays() changed")], True)
        from scenes import plan_of

        plan = plan_of(join_delays=changed, summarize_delays=maybe, load_warehouse=maybe, write_report=maybe)
        async with open_stage(FakeSession(replace(done_picture(path), plan=plan)), WIDE) as on:
            assert "~ edited since run 32, 1 task to run, 3 maybe" in on.lines[0]
            assert on.footer.startswith("r run 1, 3 maybe")
            assert "if join_delays gives another result" in on.line_with("summarize_delays")

    play(scene())


# -- copying ------------------------------------------------------------------------------------------------------------


def copies(session) -> list[str]:
    """What was kept in the file, each in its turn."""
    return [text for _, text in session.called("keep_copy")]


@pytest.fixture
def plain_terminal(monkeypatch):
    for name in ("TMUX", "STY", "WT_SESSION", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")


def test_y_copies_what_the_keys_are_about(path, plain_terminal):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE, NOW) as on:

            async def copied(*keys) -> str:
                before = len(copies(session))
                await on.press(*keys)
                await on.until(lambda: len(copies(session)) > before)
                assert on.app.clipboard == copies(session)[-1]
                await on.until(lambda: on.message.startswith("Copied"))
                return copies(session)[-1]

            assert await copied("y") == f"join_delays  failed  0.8s  {ERROR}"
            assert on.message == "Copied 1 line."
            log = await copied("tab", "y")
            assert log.startswith(" 10:42:08  joining 26,483 departures")
            assert log.endswith("Press e to open line 88.")
            assert on.message == f"Copied {log.count(chr(10)) + 1} lines."
            found = await copied("slash", *"nearest", "enter", "n", "y")
            assert found.strip() == "86  def nearest_hour(row, weather):"
            assert await copied("escape", "y") == log, "with the search its line is gone"
            assert (await copied("Y")).startswith("Traceback (most recent call last):")
            assert (await copied("h", "y")).startswith("31 ")

    play(scene())


def test_what_is_dragged_over_in_the_table_is_copied_and_moves_no_cursor(path, plain_terminal):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, SMALL, NOW) as on:
            table = on.board.table
            await on.pilot.mouse_down(table, offset=(15, 1))
            await on.pilot.hover(table, offset=(29, 2))
            await on.pilot.mouse_up(table, offset=(29, 2))
            await on.settle()
            assert on.cursor == "join_delays"
            assert on.board.get_selected_text().startswith("extract_flights ")
            await on.press("y")
            await on.until(lambda: bool(copies(session)))
            first, second = copies(session)[-1].split("\n")
            assert first.split() == ["extract_flights", "0.9s", "reuse"]
            assert second == "  ✓ done       extract_weather"
            await on.pilot.click(table, offset=(15, 3))
            await on.settle()
            assert on.cursor == "extract_airlines", "a click is no drag"
            assert not on.board.get_selected_text()

    play(scene())


def test_a_terminal_that_may_not_copy_is_told_of_and_so_is_a_disk_that_is_full(path, plain_terminal, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")

    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE, NOW) as on:
            await on.press("y")
            await on.until(lambda: on.message.startswith("Copied"))
            assert on.board.message_text == (
                "Copied 1 line. The terminal may not allow copying: also saved to .fwtui/copy.txt."
            )
            session.refuse = OSError(28, "No space left on device")
            await on.press("y")
            await on.until(lambda: "No space" in on.message)
            assert on.message == "Copied 1 line; no file could be written: No space left on device."

    play(scene())


def test_what_is_too_long_for_a_clipboard_is_only_saved(path, plain_terminal, monkeypatch):
    monkeypatch.setattr("fwtui.screens.looking.LONGEST", 40)

    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE, NOW) as on:
            await on.press("tab", "y")
            await on.until(lambda: bool(copies(session)))
            await on.until(lambda: on.message.endswith("too long for the clipboard: saved to .fwtui/copy.txt."))
            assert on.app.clipboard == ""
            session.refuse = OSError(28, "No space left on device")
            await on.press("y")
            await on.until(lambda: on.message.startswith("Not copied"))

    play(scene())


def test_where_there_is_nothing_it_says_so(path):
    async def scene():
        session = FakeSession(never_ran_picture(path))
        async with open_stage(session) as on:
            await on.press("Y")
            assert on.message == "There is nothing to copy."
            assert copies(session) == []

    play(scene())


# -- where a running task is --------------------------------------------------------------------------------------------


def test_b_shows_where_a_running_task_is_and_looks_again(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        session.stacks["extract_flights"] = stack_of(path)
        async with open_stage(session, now=at("10:42:02")) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            await on.press("b")
            await on.until(lambda: isinstance(on.app.screen, StackScreen))
            assert "extract_flights, running for 0.6s" in on.lines[0]
            assert on.line_with("At 10:42:03 it was here, innermost first:")
            first, second = on.line_with(":88 in nearest_hour"), on.line_with(":101 in join_delays")
            assert on.lines.index(first) < on.lines.index(second), "innermost first"
            assert on.line_with('› 88      return weather[origin, row["hour_utc"]]')
            assert on.line_with("All 4 frames:")
            assert on.line_with("<frozen codecs>:322 in decode")
            on.time[0] = at("10:42:09")
            session.stacks["extract_flights"] = stack_of(path)[:1]
            await on.press("b")
            await on.until(lambda: "All 4" not in "\n".join(on.lines))
            assert on.line_with("At 10:42:09 it was here")
            session.stacks.clear()
            await on.press("b")
            await on.until(lambda: "extract_flights was not running any more." in "\n".join(on.lines))
            await on.press("q")
            assert on.app.screen is on.board
            assert on.board.rung is Rung.GROUND

    play(scene())


def test_b_on_a_task_that_does_not_run_says_so(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_stage(session) as on:
            await on.happens(*Story().running())
            await on.press("down", "b")
            await on.until(lambda: on.message.startswith("extract_weather"))
            assert on.message == "extract_weather is not running. b shows where a running task is."
            await on.press("up", "b")
            await on.until(lambda: on.message.startswith("extract_flights"))
            assert on.message == "extract_flights is in no Python code at this moment. b looks again."

    async def old_run():
        async with open_stage(with_an_old_run(path)) as on:
            await on.press("h", "down", "enter")
            await on.until(lambda: on.board.conductor.past is not None)
            await on.press("b")
            assert on.board.message_text.startswith("This is run 30 of process 4711 on lab-3, read-only.")

    play(scene())
    play(old_run())


def test_what_happens_before_the_screen_has_its_parts_waits_for_them(path, monkeypatch):
    """As where starting is slow, the time goes on while the screen is still being built."""

    async def scene():
        session = FakeSession(never_ran_picture(path), running=True, events=Story().running())
        compose = Board.compose

        def slowly(board):
            for part in compose(board):
                board.app._drain()
                board.app._tick()
                board.app._turn()
                yield part

        monkeypatch.setattr(Board, "compose", slowly)
        async with open_stage(session, now=at("10:42:03.6")) as on:
            assert on.board.view.done == 0
            await on.happens()
            assert on.board.view.done == 2

    play(scene())


def test_a_screen_that_has_much_to_take_in_does_so_less_often_but_ten_times_a_second_at_least(path, monkeypatch):
    """While tasks end by the thousand, what the screen does is taken from them."""

    async def scene():
        async with open_stage(FakeSession(never_ran_picture(path))) as on:
            clock, drained = SimpleNamespace(now=100.0, takes=0.0), []

            def drain(board):
                drained.append(round(clock.now, 3))
                clock.now += clock.takes

            monkeypatch.setattr("fwtui.dashboard_app.time", SimpleNamespace(perf_counter=lambda: clock.now))
            monkeypatch.setattr(type(on.board), "drain", drain)
            for takes, pause in [(0.001, 0.05), (0.004, 0.1), (0.5, 0.5)]:
                drained.clear()
                clock.takes = takes
                clock.now += 1.0
                first = clock.now
                for tick in range(11):
                    clock.now = max(clock.now, first + tick * 0.05 + 0.001)
                    on.app._drain()
                assert drained[1] - drained[0] == pytest.approx(pause, abs=0.002)
                assert len(drained) >= 2

    play(scene())
