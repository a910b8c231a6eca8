"""Rows, footer, rule, log and details as lines: what is where, and what goes first where there is no room."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import EDGES, Story, at, done_picture, failed_picture, log_of, never_ran_picture, source, traceback_of

from flowweaver.records import AttemptRecord, LogLine
from flowweaver.tracebacks import Frame
from fwtui.model.details import details_lines, short_result, size_text
from fwtui.model.editor import editor_command
from fwtui.model.filters import named, parse_filter
from fwtui.model.folding import fold
from fwtui.model.footer import FooterFacts, Hint, compose, fitting, hints_for, key_at
from fwtui.model.frames import excerpt, users_frames
from fwtui.model.helptext import help_lines
from fwtui.model.keys import GROUPS, KEYS
from fwtui.model.ladder import Rung, climb
from fwtui.model.layout import layout_for
from fwtui.model.logtext import error_lines, log_lines, pane_title
from fwtui.model.rows import RowFacts, columns_for, heading_line, row_line
from fwtui.model.segments import plain, width_of
from fwtui.model.status import LOOKS, State
from fwtui.model.tabs import Tab, divider_lines, tab_at, tabs_line, title_line
from fwtui.model.times import about_text, delay_text, in_text, setting_text
from fwtui.model.views import idle_view
from fwtui.screens.sources import read_excerpts

FAILED = idle_view(failed_picture("x"))
RUNNING = fold(idle_view(never_ran_picture()), Story().running())


# -- rows ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("width", [40, 79, 80, 99, 100, 160, 200])
def test_a_row_fits_and_names_its_state_in_a_word(state, width):
    task = FAILED.tasks["join_delays"]._replace(state=state, title="a_name_that_is_longer_than_any_column_is")
    columns = columns_for(40, width, [state])
    line = row_line(FAILED, task, columns, RowFacts(at("10:42:30"), cursor=True, marked=True))
    assert width_of(line) <= width
    assert state.value in plain(line)
    assert plain(line).startswith(f"›*{LOOKS[state].icon}")
    assert width_of(heading_line(columns)) <= width


def test_status_words_never_touch_names():
    for states in ([State.DONE], [State.INTERRUPTED, State.DONE]):
        columns = columns_for(5, 80, states)
        for state in states:
            task = FAILED.tasks["join_delays"]._replace(state=state, title="short")
            assert f"{state.value} " in plain(row_line(FAILED, task, columns, RowFacts(0.0)))


def test_try_and_started_only_where_there_is_room():
    assert "STARTED" not in plain(heading_line(columns_for(16, 99)))
    assert "TRY  STARTED" in plain(heading_line(columns_for(16, 100)))


def test_why_scrolls():
    task = FAILED.tasks["join_delays"]
    line = plain(row_line(FAILED, task, columns_for(16, 80), RowFacts(0.0, scroll=10)))
    assert line.endswith("'hour_utc'")
    assert "KeyError" not in line


# -- filters ------------------------------------------------------------------------------------------------------------


def test_a_filter_is_any_part_of_a_name_and_all_its_words_must_match():
    def shown_names(tasks, text):
        return parse_filter(text).shown(named(tasks.values()), tasks)

    tasks = FAILED.tasks
    assert shown_names(tasks, "del") == ["join_delays", "summarize_delays"]
    assert shown_names(tasks, "del sum") == ["summarize_delays"]
    assert shown_names(tasks, "EXTRACT") == []
    assert shown_names(tasks, "") == list(EDGES)
    assert shown_names(tasks, "!failed") == ["join_delays"]
    assert shown_names(tasks, "!skip ware") == ["load_warehouse"]
    assert shown_names(tasks, "!nonsense") == []
    assert shown_names(tasks, "!") == list(EDGES)


# -- footer -------------------------------------------------------------------------------------------------------------


def footer(view, width=80, **facts) -> str:
    return plain(compose(hints_for(view, FooterFacts(**facts)), width)).strip()


def test_the_footer_by_state():
    chosen = (FAILED.tasks["join_delays"],)
    assert footer(FAILED, chosen=chosen) == "r resume 4  t retry  e edit  f failure  x clear  / filter  ? help  q quit"
    assert footer(RUNNING) == "s stop  f failure  enter log  g graph  / filter  ? help  q quit"
    assert footer(replace(RUNNING, stopping=True)).startswith("s stop at once")
    assert footer(idle_view(never_ran_picture())).startswith("r run all 9")
    done = idle_view(done_picture("x"))
    assert footer(done) == "R run all  t run again  g graph  h runs  x clear  / filter  ? help  q quit"
    assert footer(FAILED, broken=True).startswith("e edit")
    assert footer(FAILED, chosen=chosen * 3).split("  ")[1] == "t retry 3"
    assert footer(FAILED, typing="filter") == "enter keep filter  esc drop filter  ↑↓ move"
    assert footer(FAILED, part="log", full=True).endswith("? help  q back")


@given(st.integers(1, 220), st.sampled_from([FAILED, RUNNING]))
def test_help_and_quit_go_last(width, view):
    hints = hints_for(view, FooterFacts())
    shown = fitting(hints, width)
    assert shown[-1] is hints[-1]
    if width >= 20:
        assert shown[-2] is hints[-2]
        assert width_of(compose(hints, width)) <= width


def test_a_click_finds_the_key_under_it():
    hints = [
        Hint((("a", "first"),), "one"),
        Hint((("[", "older"), ("]", "newer")), "attempt"),
        Hint((("esc", "second"),), "two"),
    ]
    text = plain(compose(hints, 80))
    assert text.strip() == "a one  [ ] attempt  esc two"
    found = {word: key_at(hints, 80, text.index(word)) for word in ("a", "one", "[", "]", "esc", "two")}
    assert found == {"a": "first", "one": "first", "[": "older", "]": "newer", "esc": "second", "two": "second"}
    assert key_at(hints, 80, text.index("attempt")) == "", "which of the two is not said"
    assert key_at(hints, 80, 0) == ""
    assert key_at(hints, 80, 60) == ""


# -- the rule and the layout --------------------------------------------------------------------------------------------

TABS = (Tab("1", "Log", "log"), Tab("2", "Details", "details"))


@given(st.integers(30, 220), st.text("ab c", max_size=60))
def test_the_rule_is_exactly_as_wide_as_the_screen(width, right):
    line = tabs_line(TABS, "log", right.strip(), width)
    assert width_of(line) == width
    assert "┤1 Log├" in plain(line)


def test_a_click_finds_the_tab_under_it():
    text = plain(tabs_line(TABS, "log", "", 80))
    assert tab_at(TABS, "log", 80, text.index("Log")) == "log"
    assert tab_at(TABS, "log", 80, text.index("Details")) == "details"
    assert tab_at(TABS, "log", 80, 0) is None
    assert tab_at(TABS, "log", 80, 70) is None


PARTS = ("", "tasks", "pane", "graph", "details")


@given(
    st.integers(1, 250),
    st.integers(1, 100),
    st.integers(0, 20_000),
    st.tuples(st.integers(0, 150), st.integers(0, 60)),
    st.sampled_from(PARTS),
    st.sampled_from(("log", "details", "graph", "timeline", "runs")),
)
def test_the_parts_share_out_all_cells_without_overlaps(width, height, tasks, graph, full, shown):
    layout = layout_for(width, height, tasks, graph=graph, full=full, shown=shown)
    cells = [
        (box.x + x, box.y + y) for box in layout.boxes.values() for x in range(box.width) for y in range(box.height)
    ]
    assert len(cells) == len(set(cells))
    assert all(0 <= x < width and 0 <= y < height for x, y in cells)
    assert all(box.width > 0 and box.height > 0 for box in layout.boxes.values())
    assert layout.boxes["header"].height >= 1
    if width >= 40 and height >= 8:
        assert len(cells) == width * height
        assert layout.boxes.keys() & {"tasks", "pane", "graph", "details"}
    if not full and "pane" in layout.boxes and "tasks" in layout.boxes:
        assert layout.boxes["tasks"].height <= max(height // 2, 1)


def test_small_terminals_lose_the_pane_then_line_2_then_the_footer():
    def height(part, *size):
        boxes = layout_for(*size, 9).boxes
        return boxes[part].height if part in boxes else 0

    assert (height("pane", 80, 24), height("pane", 80, 15)) == (9, 0)
    assert (height("header", 80, 12), height("header", 80, 11)) == (2, 1)
    assert (height("footer", 80, 10), height("footer", 80, 9)) == (1, 0)
    assert layout_for(39, 24, 9).boxes.keys() == layout_for(80, 7, 9).boxes.keys() == {"header"}


@pytest.mark.parametrize(("width", "height"), [(159, 50), (200, 33), (120, 40)])
def test_there_is_one_side_below_160_columns_or_34_rows(width, height):
    layout = layout_for(width, height, 9, graph=(50, 4))
    assert layout.aside == frozenset()
    assert layout.boxes["tasks"].width == layout.boxes["pane"].width == width


@given(st.integers(160, 400), st.integers(34, 120), st.integers(0, 200), st.integers(1, 200), st.integers(1, 60))
def test_on_the_left_the_graph_is_whole_or_not_there_and_details_always_are(width, height, tasks, columns, rows):
    layout = layout_for(width, height, tasks, graph=(columns, rows))
    boxes = layout.boxes
    assert boxes["tasks"].x == boxes["details"].x == 0
    assert boxes["divider"].x == boxes["tasks"].width == boxes["details"].width
    assert boxes["pane"].x == boxes["divider"].x + 1
    assert boxes["details"].height >= 7
    assert layout.aside == {"details", *({"graph"} & boxes.keys())}
    if "graph" in boxes:
        assert boxes["graph"].width >= columns
        assert boxes["graph"].height == rows + 2
    else:
        assert columns > boxes["details"].width or rows + 3 + 8 > boxes["details"].height + 1
    assert [boxes["divider"].y + row for row in layout.joints] == [
        boxes[rule].y for rule in ("graph-rule", "details-rule") if rule in boxes
    ]


@given(st.integers(160, 398), st.integers(34, 100), st.integers(0, 200))
def test_two_columns_more_move_no_part_up_or_down(width, height, tasks):
    before, after = (layout_for(wide, height, tasks, graph=(60, 5)).boxes for wide in (width, width + 2))
    assert {name: box.y for name, box in before.items()} == {name: box.y for name, box in after.items()}


@given(st.integers(1, 80), st.sets(st.integers(1, 80)), st.booleans())
def test_the_divider_is_one_cell_wide_and_has_its_joints(height, joints, only_ascii):
    lines = [plain(line) for line in divider_lines(height, joints, ascii_only=only_ascii)]
    assert len(lines) == height
    assert all(len(line) == 1 for line in lines)
    assert all((lines[row] in "+┤") is (row in joints) for row in range(1, height))


@given(st.integers(20, 220), st.text("ab c", max_size=60), st.booleans())
def test_a_rule_with_a_title_is_as_wide_as_its_part(width, right, focused):
    line = title_line("Details", right.strip(), width, focused=focused)
    assert width_of(line) == width
    assert plain(line).startswith("─ Details ─")


# -- the log ------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=80))
def test_no_line_of_a_log_has_a_control_character(text):
    [line] = log_lines([LogLine("t", 1, 0.0, "out", text)])
    assert all(
        character.isprintable() or character in "\u200d\ufe0f" or not character.isascii() for character in plain(line)
    )
    assert not set(plain(line)) & set(map(chr, [*range(32), *range(127, 160)]))


def test_the_end_of_a_failed_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = source(tmp_path)
    attempts = failed_picture(path).attempts["join_delays"]
    lines = [plain(line) for line in error_lines(attempts, 3, read_excerpts(attempts[-1]), 80)]
    assert lines == [
        "",
        " ✗ KeyError: 'hour_utc'",
        "   workflows/etl.py:88 in nearest_hour",
        "     86  def nearest_hour(row, weather):",
        '     87      origin = row["origin"]',
        '   › 88      return weather[origin, row["hour_utc"]]',
        "   workflows/etl.py:101 in join_delays",
        "   › 101     weather_then = nearest_hour(flight, weather)",
        "",
        "   attempt 1 of 3 failed 10:42:05 with the same error",
        "   attempt 2 of 3 failed 10:42:07 with the same error",
        "   Press e to open line 88.",
    ]


def test_other_errors_of_earlier_attempts_are_named():
    first = AttemptRecord("t", 1, 0.0, at("10:42:05"), "failed", "OSError: gone")
    last = AttemptRecord("t", 2, 0.0, at("10:42:07"), "failed", "KeyError: 1")
    lines = [plain(line) for line in error_lines([first, last], 2, [], 80)]
    assert "   attempt 1 of 2 failed 10:42:05: OSError: gone" in lines
    assert error_lines([], 1, [], 80) == []


def test_a_long_error_is_wrapped_and_never_cut():
    error = "ValueError: " + "many words " * 30
    lines = error_lines([AttemptRecord("t", 1, 0.0, 1.0, "failed", error)], 1, [], 60)
    assert all(width_of(line) <= 60 for line in lines)
    assert " ".join(plain(line) for line in lines).count("many") == 30


def test_source_lines_are_not_shown_from_a_file_that_changed_since(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = source(tmp_path)
    attempt = AttemptRecord("join_delays", 1, at("10:40:00"), at("10:40:01"), "failed", "E: x", traceback_of(path))
    excerpts = read_excerpts(attempt)  # the scene's file was written at 10:41
    assert [each.lines for each in excerpts] == [(), ()]
    assert any("the file has changed since" in plain(line) for line in error_lines([attempt], 1, excerpts, 80))


def test_frames_of_libraries_and_comprehensions_are_left_out():
    text = "\n".join(
        [
            "Traceback (most recent call last):",
            '  File "/home/me/flow.py", line 5, in load',
            '  File "/home/me/flow.py", line 5, in <listcomp>',
            '  File "/venv/lib/python3.11/site-packages/pkg/a.py", line 9, in parse',
            "ValueError: x",
        ]
    )
    assert [(frame.line, frame.function) for frame in users_frames(text)] == [(5, "load")]
    only = 'Traceback (most recent call last):\n  File "<string>", line 1, in f\nE: x'
    assert len(users_frames(only)) == 1, "better a foreign frame than none"
    assert users_frames(None) == []


def test_an_excerpt_beyond_the_file_has_no_lines():
    assert excerpt(Frame("/a.py", 9, "f"), ["one"], "/", context=2).lines == ()


def test_the_title_of_the_pane():
    task = FAILED.tasks["join_delays"]
    wide = pane_title(FAILED, task, wide=True, place="end", following=False)
    assert wide == "join_delays   attempt 3/3 [ ]   end"
    assert pane_title(FAILED, task, wide=False, place="end", following=False) == "attempt 3/3"
    running = RUNNING.tasks["extract_flights"]
    assert pane_title(RUNNING, running, wide=False, place="end", following=True) == "following"
    assert pane_title(RUNNING, running, wide=False, place="line 1 of 9", following=False) == "paused"
    assert pane_title(FAILED, None, wide=True, place="", following=False) == ""


# -- details, help, editor, times, ladder -------------------------------------------------------------------------------


def test_details_of_every_task_fit():
    for view in (FAILED, RUNNING):
        for task in view.tasks.values():
            text = "\n".join(plain(line) for line in details_lines(view, task, at("10:42:04"), 80))
            assert task.title in text
            assert f"workflows/etl.py:{task.info.line}" in text


def test_details_tell_what_was_given_in_a_run_that_goes_on():
    """The record of a result comes with the end of the run; that there is one is known as soon as it is."""
    story = Story()
    given = replace(story.completes("extract_airlines", "10:42:03.1"), summary="dict, 16 items", size=438)
    kept_by_nobody = replace(story.completes("extract_airports", "10:42:03.1"), not_kept="a socket")
    view = fold(idle_view(never_ran_picture()), [story.begins(), given, kept_by_nobody])

    def gives(name):
        lines = [plain(each) for each in details_lines(view, view.tasks[name], at("10:42:04"), 80)]
        return next(each for each in lines if each.startswith(" gives"))

    assert gives("extract_airlines") == " gives    dict, 16 items, 438 bytes, kept"
    assert gives("extract_airports") == " gives    not kept: a socket"
    assert gives("extract_flights") == " gives    nothing yet"


def test_sizes_and_results_in_few_words():
    assert [size_text(size) for size in (1, 870, 12_300, 104_000, 9_100_000, 2_500_000_000)] == [
        "1 byte",
        "870 bytes",
        "12 kB",
        "0.1 MB",
        "9.1 MB",
        "2.5 GB",
    ]
    assert short_result("list, 26,483 items") == "list of 26,483"
    assert short_result("float 0.5") == "float 0.5"


def test_help_names_every_key_once():
    lines = [plain(line) for line in help_lines("tasks", 120)]
    for row in KEYS:
        found = [line for line in lines if line.endswith(f"  {row.id}")]
        assert len(found) == 1, row.id
        assert row.text in found[0]


def test_ids_are_unique_and_a_key_means_one_thing_in_one_place():
    assert len({row.id for row in KEYS}) == len(KEYS)
    assert {row.group for row in KEYS} <= set(GROUPS)
    for where in ("tasks", "pane", "graph", "timeline", "runs"):
        keys = [key for row in KEYS if row.where in (where, "dashboard") for key in row.keys]
        assert len(keys) == len(set(keys)), where


def test_editors_are_told_the_line_in_their_own_way():
    assert editor_command("vim", "a.py", 3) == (["vim", "+3", "a.py"], True)
    assert editor_command("code -w", "a.py", 3) == (["code", "-w", "--goto", "a.py:3"], False)
    assert editor_command("/usr/bin/hx", "a.py", 3) == (["/usr/bin/hx", "a.py:3"], True)
    assert editor_command("nano", "a.py", None) == (["nano", "a.py"], True)
    assert editor_command("", "a.py", 1) == (["vi", "+1", "a.py"], True)


def test_times_in_words():
    assert [about_text(s) for s in (0.2, 3.6, 89, 95, 3600, 6000)] == [
        "about 1s",
        "about 4s",
        "about 89s",
        "about 2m",
        "about 60m",
        "about 1h40m",
    ]
    assert [delay_text(s) for s in (0.0, 0.5, 1.5, 2.0, 150)] == ["in 0s", "in 0.5s", "in 1.5s", "in 2s", "in 3m"]
    assert [in_text(s) for s in (-1, 0.0, 1.5, 2.0, 150)] == ["in 0s", "in 0s", "in 2s", "in 2s", "in 3m"]
    assert [setting_text(s) for s in (1.5, 30, 90, 600, 7200)] == ["1.5s", "30s", "90s", "10m", "2h"]


def test_the_ladder():
    rungs = [Rung.GROUND]
    for _ in range(4):
        rungs.append(climb(rungs[-1], running=True))
    assert rungs == [Rung.GROUND, Rung.ASKED, Rung.FINISHING, Rung.LEAVING, Rung.LEAVING]
    assert climb(Rung.GROUND, running=False) is Rung.LEAVING


def test_log_lines_carry_their_time():
    assert plain(log_lines(log_of("join_delays"))[0]).startswith(" 10:42:08  joining 26,483")
