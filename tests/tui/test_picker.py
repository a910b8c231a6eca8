"""The list of workflows: what it says of each, what is opened from it, and the ways back."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import NOW, FakeSession, FakeWorkflows, Story, at, candidates, done_picture, never_ran_picture
from stage import SMALL, WIDE, open_picker, play

from flowweaver.errors import StateError
from flowweaver.records import RunRecord
from fwtui.model.picker import Candidate, count_text, pick_row, shown_picks
from fwtui.model.picker_lines import columns_for, head_line, heading_line, pick_line
from fwtui.model.segments import plain, width_of
from fwtui.model.verdict import Ending
from fwtui.screens.dashboard import Dashboard
from fwtui.session.port import LoadProblem, SeveralWorkflows

ETL = "/w/etl.py"


# -- what a row says --------------------------------------------------------------------------------------------------


def test_each_way_to_stand_has_its_word_and_note():
    rows = [pick_row(candidate) for candidate in candidates()]
    assert [(row.title, row.word, row.note) for row in rows] == [
        ("aggregation", "done", "2.0x usual"),
        ("broken", "does not load", "line 88, SyntaxError: '[' was never closed"),
        ("etl", "failed", "at join_delays"),
        ("ml", "running", "process 4711 on lab-3, since 10:41"),
        ("new", "never ran", ""),
        ("old", "no state", "/w/.fwtui/old.db is damaged: move it away, or name another file"),
        ("daily", "stopped", "4 tasks not done"),
        ("hourly", "interrupted", ""),
    ]
    assert [row.wrong for row in rows] == [False, True, False, False, False, True, False, False]
    assert len({row.key for row in rows}) == 8


def test_a_file_that_does_not_load_is_that_first_whatever_it_did_before():
    row = pick_row(replace(candidates()[2], problem="line 1, NameError: x"))
    assert (row.word, row.wrong) == ("does not load", True)


def test_a_filter_finds_names_files_and_how_they_stand():
    rows = [pick_row(candidate) for candidate in candidates()]
    assert [row.title for row in shown_picks(rows, "stations")] == ["daily", "hourly"]
    assert [row.title for row in shown_picks(rows, "!fail")] == ["etl"]
    assert [row.title for row in shown_picks(rows, "!doesnot")] == ["broken"]
    assert [row.title for row in shown_picks(rows, "stations hour")] == ["hourly"]
    assert shown_picks(rows, "ETL") == []
    assert count_text(rows, 8) == "8 workflows"
    assert count_text(rows, 2, "stations") == "filter: stations, 2 of 8"


RUNS = st.builds(
    RunRecord,
    st.integers(1, 10_000),
    st.text(),
    st.floats(0, NOW),
    st.none() | st.floats(0, NOW),
    st.sampled_from(["completed", "failed", "cancelled", "interrupted", None]),
    st.none() | st.text(),
    st.none() | st.text(),
)
CANDIDATES = st.builds(
    Candidate,
    st.text(),
    st.none() | st.text(),
    st.text(),
    workflow=st.text(),
    runs=st.lists(RUNS, max_size=3).map(tuple),
    holder=st.none() | st.text(),
    problem=st.text(),
    fault=st.text(),
)


@given(st.lists(CANDIDATES, max_size=6), st.integers(20, 200), st.booleans(), st.text())
def test_every_row_fits_and_nothing_in_it_steers_the_terminal(found, width, ascii_only, text):
    rows = [pick_row(candidate) for candidate in found]
    columns = columns_for(rows, width, NOW)
    lines = [pick_line(row, columns, NOW, cursor=True, ascii_only=ascii_only) for row in rows]
    lines += [heading_line(columns), head_line("a/", "b", rows, width)]
    for line in lines:
        assert width_of(line) <= width
        assert not {unicodedata.category(each) for each in plain(line)} & {"Cc", "Cs", "Zl", "Zp"}
    assert set(shown_picks(rows, text)) <= set(rows)


def test_the_word_and_the_name_are_the_last_to_go():
    rows = [pick_row(candidate) for candidate in candidates()]
    for width in (40, 50, 80, 120):
        said = plain(pick_line(rows[2], columns_for(rows, width, NOW), NOW))
        assert "failed" in said
        assert "etl" in said
        assert "…" not in said, "a column is there or is not"
    assert "at join_delays" in plain(pick_line(rows[2], columns_for(rows, 120, NOW), NOW))


# -- the screen -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_the_list_names_every_workflow_and_how_it_stands(size):
    async def scene():
        async with open_picker(FakeWorkflows(), size, NOW) as on:
            assert on.lines[0].startswith(" workflows/  8 workflows")
            assert on.lines[0].endswith("✓ 1  ✗ 3  ▸ 1  ■ 2  ∙ 1")
            for candidate in candidates():
                row = pick_row(candidate)
                assert row.word in on.line_with(f" {row.title} ")
            assert "1m15s" in on.line_with(" ml "), "it goes on"
            assert on.footer == "enter open  / filter  ? help  q quit"

    play(scene())


def test_what_is_wrong_with_the_one_under_the_cursor_is_said_in_full():
    async def scene():
        async with open_picker(FakeWorkflows(), SMALL, NOW) as on:
            assert on.message == "aggregation: done, 2.0x usual.", "there is no room for notes"
            await on.press("j")
            assert on.message == "broken.py: line 88, SyntaxError: '[' was never closed"
        async with open_picker(FakeWorkflows(), WIDE, NOW) as on:
            assert on.message == ""
            await on.press("j")
            assert on.message == "broken.py: line 88, SyntaxError: '[' was never closed"

    play(scene())


def test_an_empty_folder_says_where_there_are_some():
    async def scene():
        async with open_picker(FakeWorkflows([])) as on:
            text = "workflows/ has no workflow files; there are some in workflows/daily"
            await on.until(lambda: on.message == text)
            assert on.footer == "/ filter  ? help  q quit"
            await on.press("enter", "q")
            assert on.app._exit

    play(scene())


def test_enter_opens_the_dashboard_and_q_leads_back_to_the_list(path):
    async def scene():
        session = FakeSession(done_picture(path))
        workflows = FakeWorkflows(sessions={ETL: session})
        async with open_picker(workflows, now=NOW) as on:
            await on.press("j", "j", "enter")
            assert workflows.opened == [ETL]
            assert isinstance(on.app.front, Dashboard)
            assert on.lines[0].startswith(" etl  ✓")
            assert on.footer.endswith("? help  q back")
            reads = workflows.reads
            await on.press("q")
            await on.until(lambda: bool(session.called("close")))
            assert on.in_list
            assert workflows.reads > reads, "its state is another one now"
            assert on.picker.picks.selected.title == "etl", "the cursor is where it was"
            assert not on.app._exit

    play(scene())


def test_esc_takes_one_step_back_after_the_other_and_then_leads_to_the_list(path):
    async def scene():
        session = FakeSession(done_picture(path))
        async with open_picker(FakeWorkflows(sessions={ETL: session}), now=NOW) as on:
            await on.press("j", "j", "enter", "slash", "d", "enter", "space")
            await on.press("escape")
            await on.press("escape")
            assert not on.in_list
            assert (on.board.table.filter_text, list(on.board.table.marks)) == ("", [])
            await on.press("escape")
            assert on.in_list

    play(scene())


def test_esc_leaves_no_run_behind_and_q_asks(path):
    async def scene():
        session = FakeSession(never_ran_picture(path), running=True)
        async with open_picker(FakeWorkflows(sessions={ETL: session}), now=at("10:42:02")) as on:
            await on.press("j", "j", "enter")
            on.session = session
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            await on.press("escape")
            assert not on.in_list
            await on.press("q")
            assert on.board.dialog.spec.title == "Leave while running?"
            await on.press("S")
            await on.until(lambda: on.in_list)
            assert session.called("cancel")
            assert not on.app._exit

    play(scene())


def test_ctrl_c_in_the_dashboard_leaves_for_good(path):
    async def scene():
        async with open_picker(FakeWorkflows(sessions={ETL: FakeSession(done_picture(path))}), now=NOW) as on:
            await on.press("j", "j", "enter")
            on.strike("ctrl+c")
            await on.until(lambda: on.app._exit)

    play(scene())


@pytest.mark.parametrize("key", ["q", "escape", "ctrl+c", "ctrl+q"])
def test_leaving_the_list(key):
    async def scene():
        async with open_picker(FakeWorkflows()) as on:
            on.strike(key)
            await on.until(lambda: on.app._exit)

    play(scene())


def test_esc_drops_a_filter_before_it_leaves():
    async def scene():
        async with open_picker(FakeWorkflows(), now=NOW) as on:
            await on.press("slash", *"station", "down")
            assert on.footer.startswith("enter keep filter")
            await on.press("enter")
            assert on.lines[0].startswith(" workflows/  filter: station, 2 of 8")
            assert on.picker.picks.selected.title == "hourly"
            await on.press("escape")
            assert on.lines[0].startswith(" workflows/  8 workflows")
            assert not on.app._exit
            await on.press("slash", "x", "escape")
            assert on.picker.picks.filter_text == ""

    play(scene())


def test_a_file_that_turned_out_not_to_load_is_listed_with_its_problem(path):
    async def scene():
        problem = LoadProblem("workflows/etl.py", "ModuleNotFoundError: No module named 'pandas'", line=3)
        session = FakeSession(problem)
        async with open_picker(FakeWorkflows(sessions={ETL: session}), now=NOW) as on:
            await on.press("j", "j", "enter")
            assert "does not load" in on.lines[0]
            await on.press("q")
            assert "does not load" in on.line_with(" etl ")
            assert on.message == "etl.py: line 3, ModuleNotFoundError: No module named 'pandas'"
            session.picture, session.problem = done_picture(path), None
            await on.press("enter", "q")
            assert "failed" in on.line_with(" etl "), "what its state says, once it loads"

    play(scene())


def test_a_state_that_cannot_be_used_is_said_in_the_list():
    async def scene():
        session = FakeSession(StateError("etl.db is damaged"))
        async with open_picker(FakeWorkflows(sessions={ETL: session}), now=NOW) as on:
            await on.press("j", "j", "enter")
            await on.until(lambda: on.in_list)
            assert on.message == "etl.db is damaged"

    play(scene())


def test_a_file_with_several_workflows_asks_which(path):
    async def scene():
        several = SeveralWorkflows("etl.py", "it has 2 workflows", code=2, path=path, names=("daily", "hourly"))
        session = FakeSession(several)
        sessions = {f"{path}:hourly": FakeSession(done_picture(path))}
        workflows = FakeWorkflows(sessions=sessions)
        async with open_picker(workflows, now=NOW, session=session) as on:
            await on.until(lambda: on.in_list)
            await on.settle()
            assert workflows.named == [("daily", "hourly")]
            assert on.lines[0].startswith(" etl.py  2 workflows")
            await on.press("j", "enter")
            assert isinstance(on.app.front, Dashboard)
            await on.press("q")
            assert on.in_list
            await on.press("q")
            assert on.app._exit

    play(scene())


def test_a_run_that_was_asked_for_starts_when_it_is_clear_of_which_workflow(path):
    async def scene():
        sessions = {f"{path}:{name}": FakeSession(never_ran_picture(path)) for name in ("daily", "hourly")}
        found = FakeWorkflows().of_file(Path(path), ("daily", "hourly")).found
        async with open_picker(FakeWorkflows(found, sessions), now=NOW, run_at_start=True) as on:
            await on.press("j", "enter")
            await on.until(lambda: bool(sessions[f"{path}:hourly"].called("start")))
            sessions[f"{path}:hourly"].running = False
            await on.press("q", "k", "enter")
            assert sessions[f"{path}:daily"].called("start") == [], "and not again"

    play(scene())


def test_in_a_folder_the_way_back_from_such_a_file_is_one_list_after_the_other(path):
    async def scene():
        several = SeveralWorkflows("etl.py", "it has 2 workflows", code=2, path=path, names=("daily", "hourly"))
        workflows = FakeWorkflows(sessions={ETL: FakeSession(several)})
        async with open_picker(workflows, now=NOW) as on:
            await on.press("j", "j", "enter")
            await on.until(lambda: on.in_list and on.lines[0].startswith(" etl.py  2 workflows"))
            await on.press("q")
            assert on.lines[0].startswith(" workflows/  8 workflows")
            assert not on.app._exit

    play(scene())


def test_states_are_read_again_while_one_looks_at_the_list():
    async def scene():
        workflows = FakeWorkflows()
        async with open_picker(workflows, now=NOW) as on:
            workflows.found[3] = replace(
                workflows.found[3], holder=None, runs=(replace_run(workflows.found[3].runs[0]),)
            )
            on.time[0] = NOW + 1
            on.picker.tick()
            await on.settle()
            assert "running" in on.line_with(" ml ")
            on.time[0] = NOW + 4
            on.picker.tick()
            await on.settle()
            assert "done" in on.line_with(" ml ")

    play(scene())


def replace_run(run: RunRecord) -> RunRecord:
    return run._replace(outcome="completed", finished_at=run.started_at + 80)


def test_how_each_run_ended_is_kept_for_the_scrollback(path):
    class Ran(FakeSession):
        def ending(self):
            return Ending("etl", 31, "completed", 1.0)

    async def scene():
        session = Ran(done_picture(path), exit_code=1)
        async with open_picker(FakeWorkflows(sessions={ETL: session}), now=NOW) as on:
            await on.press("j", "j", "enter", "q")
            await on.press("enter", "q")
            assert [ending.run_id for ending in on.app.endings] == [31, 31]
            assert on.app.left_code == 1
            assert on.app.session is None

    play(scene())


def test_help_in_the_list_begins_with_its_own_keys():
    async def scene():
        async with open_picker(FakeWorkflows(), now=NOW) as on:
            await on.press("question_mark")
            assert "In a list of workflows" in on.lines[2]
            assert on.line_with("What follows is for a workflow that is open.")
            await on.press("escape")
            assert on.in_list

    play(scene())


def test_in_very_few_rows_the_list_itself_stays():
    async def scene():
        async with open_picker(FakeWorkflows(), (40, 6), NOW) as on:
            assert "aggregation" in on.lines[2]
        async with open_picker(FakeWorkflows(), (40, 3), NOW) as on:
            assert "aggregation" in on.lines[2]

    play(scene())


def test_a_double_click_opens(path):
    async def scene():
        workflows = FakeWorkflows(sessions={ETL: FakeSession(done_picture(path))})
        async with open_picker(workflows, now=NOW) as on:
            await on.pilot.click("#workflows", offset=(20, 3), times=2)
            await on.until(lambda: isinstance(on.app.front, Dashboard))
            assert workflows.opened == [ETL]

    play(scene())


def test_days_are_shown_where_a_run_is_not_of_today():
    row = pick_row(candidates()[0])
    said = plain(pick_line(row, columns_for([row], 80, NOW), NOW))
    assert "2026-03-13" in said
