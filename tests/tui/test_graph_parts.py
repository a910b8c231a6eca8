"""What of a graph is shown, what is said round it, where arrows lead, and in which colours it is drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from graph_strategies import edges_of, graphs
from graph_walker import edges_drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import EDGES, NOW, Story, at, failed_picture, never_ran_picture

from fwtui.model.folding import fold
from fwtui.model.graph.paint import Marks, lit_cells, row_line
from fwtui.model.graph.part import MOST_AT_ONCE, Part, Room, least_size, levels_for, part_for, whole
from fwtui.model.graph.shape import shape_of
from fwtui.model.graph.walk import walk, walk_far
from fwtui.model.graph.words import Surroundings, foot_lines, graph_title, layer_lines
from fwtui.model.segments import plain, width_of
from fwtui.model.status import LOOKS, State
from fwtui.model.views import Facts, RunView, TaskView, dependents_of, idle_view

FAILED = idle_view(failed_picture("x"))
STORY = shape_of(EDGES)
NARROW, WIDE = Room(width=80), Room()


def view_of(graph, state=State.DONE) -> RunView:
    tasks = {name: TaskView(name, state, Facts(name, tuple(needs)), name) for name, needs in graph.items()}
    return RunView("w", "w.py", tasks, dependents_of(tasks), Counter(task.state for task in tasks.values()))


def states(view: RunView):
    return lambda name: view.tasks[name].state


def picture(view: RunView, part: Part, selected: str, around: Surroundings, room: int = 20, **marks) -> str:
    """A part and what stands below it, as the pane shows it."""
    found = Marks(selected, lit=lit_cells(part.layout, selected), ascii=around.ascii, **marks)
    rows = [row_line(part.layout, y, states(view), found) for y in range(part.layout.height)]
    texts = ["", *(" " * part.margin + plain(row) for row in rows)]
    shape = shape_of({name: task.info.deps for name, task in view.tasks.items()})
    texts += [plain(row) for row in foot_lines(view, shape, part, selected, around, room)]
    return "\n".join(text.rstrip() for text in texts) + "\n"


# -- the pictures of the design -----------------------------------------------------------------------------------------


def test_picture_f_at_80_columns():
    part = part_for(STORY, "join_delays", NARROW)
    assert (
        picture(FAILED, part, "join_delays", Surroundings(80, wide=False, now=NOW))
        == """
  ‹ 2 ──→ ✓ validate_flights ─┬─→ ✗ join_delays ─┬─→ ⊘ summarize_delays ──→ 1 ›
          ✓ extract_weather ──╯                  ╰─→ ⊘ load_warehouse ────→ 1 ›


 ‹ 2   ✓ extract_flights  ✓ extract_airports
 1 ›   ⊘ write_report

 ✗ join_delays   failed   0.8s   KeyError: 'hour_utc'
 needs  ✓ validate_flights  ✓ extract_weather
 feeds  ⊘ summarize_delays  ⊘ load_warehouse
"""
    )
    assert graph_title(STORY, part) == "5 of 9 tasks"


def test_picture_f_at_120_columns():
    part = part_for(STORY, "join_delays", WIDE)
    assert (
        picture(FAILED, part, "join_delays", Surroundings(120, wide=True, now=NOW))
        == """
 ✓ extract_flights ──┬─→ ✓ validate_flights ─┬─→ ✗ join_delays ─┬─→ ⊘ summarize_delays ─┬─→ ⊘ write_report
 ✓ extract_airports ─╯                       │                  ╰─→ ⊘ load_warehouse ───┤
 ✓ extract_weather ──────────────────────────╯                                          │
 ✓ extract_airlines ────────────────────────────────────────────────────────────────────╯


 ✗ join_delays   failed on attempt 3 of 3, 0.8s   KeyError: 'hour_utc'

 needs  ✓ validate_flights  ✓ extract_weather
 feeds  ⊘ summarize_delays  ⊘ load_warehouse
"""
    )
    assert graph_title(STORY, part) == "9 tasks, 5 layers"


def test_picture_f_in_ascii():
    part = part_for(STORY, "join_delays", Room(width=80, ascii_only=True))
    text = picture(FAILED, part, "join_delays", Surroundings(80, wide=False, now=NOW, ascii=True))
    assert text.isascii()
    assert (
        text
        == """
  < 2 --> + validate_flights -+-> x join_delays -+-> - summarize_delays --> 1 >
          + extract_weather --+                  +-> - load_warehouse ----> 1 >


 < 2   + extract_flights  + extract_airports
 1 >   - write_report

 x join_delays   failed   0.8s   KeyError: 'hour_utc'
 needs  + validate_flights  + extract_weather
 feeds  - summarize_delays  - load_warehouse
"""
    )


def test_the_graph_of_picture_b_shows_what_runs():
    view = fold(idle_view(never_ran_picture()), Story().running())
    part = part_for(STORY, "extract_flights", WIDE)
    text = picture(view, part, "extract_flights", Surroundings(120, wide=True, now=at("10:42:03.6")))
    assert " ▸ extract_flights ──┬─→ ∙ validate_flights ─┬─→ ∙ join_delays" in text
    assert " ↻ extract_weather ──" in text
    assert " ▸ extract_flights   running, attempt 1, 0.6s\n\n needs  nothing\n feeds  ∙ validate_flights\n" in text


# -- the part -----------------------------------------------------------------------------------------------------------


def test_a_part_stays_where_it_is_while_the_neighbours_of_the_selected_task_are_in_it():
    part = part_for(STORY, "join_delays", NARROW)
    assert part_for(STORY, "extract_weather", NARROW, part) is part
    assert part_for(STORY, "validate_flights", NARROW, part, aside=True) is part
    moved = part_for(STORY, "validate_flights", NARROW, part)
    assert moved.anchor == "validate_flights"
    assert {"extract_flights", "extract_airports"} <= set(moved.layout.nodes)
    assert part_for(STORY, "write_report", NARROW, part, aside=True).anchor == "write_report"


def test_a_graph_that_fits_is_shown_as_a_whole_however_narrow_it_is():
    shape = shape_of({"a": [], "b": ["a"], "c": ["b"]})
    part = part_for(shape, "b", NARROW)
    assert part.anchor is None
    assert graph_title(shape, part) == "3 tasks, 3 layers"
    assert graph_title(shape, part, "a", ["a"]) == "filter: a, 1 of 3"
    assert graph_title(shape_of({"a": []}), part_for(shape_of({"a": []}), "a", NARROW)) == "1 task, 1 layer"


def test_what_stands_between_shown_tasks_is_shown_with_them():
    part = part_for(STORY, "summarize_delays", NARROW)
    assert "load_warehouse" in part.layout.nodes


@settings(max_examples=60, deadline=None)
@given(graphs(20), st.data(), st.sampled_from([40, 60, 80]))
def test_a_part_is_read_like_the_whole_and_counts_what_it_leaves_out(graph, data, width):
    if not graph:
        return
    shape = shape_of(graph)
    selected = data.draw(st.sampled_from(sorted(graph)))
    part = part_for(shape, selected, Room(width=width))
    shown = part.layout.nodes
    assert selected in shown
    inner = {(need, name) for need, name in edges_of(graph) if need in shown and name in shown}
    read = edges_drawn(part.layout)
    assert {(need, name) for need, name in read if need in shown and name in shown} == inner
    counts = {(node.x, node.y): node for row in part.layout.on_row for node in row if node.counts}
    assert len(read) == len(inner) + len(counts)
    missing = Counter(need for need, name in edges_of(graph) if name in shown and need not in shown)
    left = sum(int(node.label[2:]) for node in counts.values() if node.label.startswith("‹"))
    assert left == missing.total()
    assert set(part.before) == set(missing)
    assert set(part.after) == {name for need, name in edges_of(graph) if need in shown and name not in shown}
    near = {*shape.needs[selected], *shape.feeds[selected]}
    assert near <= set(shown)


def test_more_levels_are_shown_as_long_as_they_fit():
    graph = {f"t{number}": [f"t{number - 1}"] if number else [] for number in range(40)}
    part = part_for(shape_of(graph), "t20", NARROW)
    assert part.width <= 80 < part.width + 8
    assert {"t19", "t20", "t21"} <= set(part.layout.nodes)


def test_long_names_are_cut_shorter_where_not_even_the_neighbours_fit():
    graph = {"a" * 30: [], "b" * 30: ["a" * 30], "c" * 30: ["b" * 30], "d" * 30: ["c" * 30], "e" * 30: ["d" * 30]}
    part = part_for(shape_of(graph), "c" * 30, NARROW)
    assert part.width <= 80
    assert list(part.layout.nodes) == ["b" * 30, "c" * 30, "d" * 30]


@pytest.mark.parametrize("room", [NARROW, WIDE])
def test_a_large_graph_opens_on_what_is_two_levels_from_the_selected_task(room):
    graph = {f"t{number}": [f"t{number - 1}"] if number % 100 else [] for number in range(MOST_AT_ONCE + 100)}
    shape = shape_of(graph)
    assert part_for(shape, None, room).layout.height == 0
    part = part_for(shape, "t150", room)
    if room is WIDE:
        assert list(part.layout.nodes) == ["t149", "t148", "t150", "t151", "t152"]
    assert graph_title(shape, part).endswith("of 400 tasks")


def test_of_very_many_neighbours_only_some_are_drawn_and_the_rest_is_counted():
    graph = {"hub": []} | {f"t{number}": ["hub"] for number in range(5_000)}
    part = part_for(shape_of(graph), "hub", WIDE)
    assert part.layout.height <= 70
    (count,) = [node for row in part.layout.on_row for node in row if node.counts]
    assert count.label == f"{5_000 - len(part.layout.nodes) + 1:,} ›"


def test_levels_grow_from_one_to_the_whole():
    small, large = STORY, shape_of({f"t{number}": [] for number in range(MOST_AT_ONCE + 1)})
    assert levels_for(small, WIDE)[-1] is None
    assert levels_for(large, WIDE)[:2] == (1, None)
    assert levels_for(small, NARROW)[0] is None
    assert set(part_for(small, "join_delays", Room(levels=1)).layout.nodes) == {
        "validate_flights",
        "extract_weather",
        "join_delays",
        "summarize_delays",
        "load_warehouse",
    }


# -- words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize(("width", "wide"), [(60, False), (80, False), (120, True)])
def test_every_line_below_a_graph_fits_and_names_the_state_in_a_word(state, width, wide):
    tasks = {name: task._replace(state=state) for name, task in FAILED.tasks.items()}
    view = replace(FAILED, tasks=tasks)
    part = part_for(STORY, "write_report", Room(width=width))
    lines = foot_lines(view, STORY, part, "write_report", Surroundings(width, wide=wide, now=NOW), 20)
    assert all(width_of(line) <= width for line in lines)
    assert any(state.value in plain(line) for line in lines)


@given(graphs(), st.integers(4, 30), st.booleans())
@settings(max_examples=100)
def test_a_whole_graph_takes_what_it_takes_at_least(graph, longest, only_ascii):
    shape, room = shape_of(graph), Room(longest=longest, ascii_only=only_ascii)
    columns, rows = least_size(shape, room)
    made = whole(shape, room)
    assert made.width >= columns
    assert made.layout.height >= rows


def test_names_that_do_not_fit_are_counted():
    graph = {**{f"source_{number}": [] for number in range(12)}, "all": [f"source_{number}" for number in range(12)]}
    view = view_of(graph)
    part = part_for(shape_of(graph), "all", WIDE)
    lines = foot_lines(view, shape_of(graph), part, "all", Surroundings(60, wide=True, now=0.0), 20)
    assert plain(lines[4]) == " needs  ✓ source_0  ✓ source_1  ✓ source_2  and 9 more"
    assert plain(lines[5]) == " feeds  nothing"


def test_where_there_is_little_room_blank_lines_go_first():
    part = part_for(STORY, "join_delays", NARROW)
    around = Surroundings(80, wide=False, now=NOW)
    assert all(plain(line) for line in foot_lines(FAILED, STORY, part, "join_delays", around, 6)[1:])
    assert foot_lines(FAILED, STORY, part, "join_delays", around, 0) == []
    assert foot_lines(FAILED, STORY, part, "join_delays", around, -3) == []


def test_a_large_graph_has_a_bar_for_each_layer():
    graph = {f"t{number}": [f"t{number - 100}"] if number >= 100 else [] for number in range(400)}
    view = view_of(graph)
    changes = {"t5": State.FAILED, "t150": State.STALE, **{f"t{number}": State.WAITING for number in range(300, 400)}}
    view = replace(view, tasks=view.tasks | {n: view.tasks[n]._replace(state=s) for n, s in changes.items()})
    bars, below = layer_lines(view, shape_of(graph), "t150", Surroundings(80, wide=False, now=0.0))
    assert plain(bars) == " layers ━━━━━━━━━━━━━╳  ━━━━━━━━━━━━━~  ━━━━━━━━━━━━━━  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌"
    assert plain(below).rstrip() == "         1: 100         ›2: 100          3: 100          4: 100"
    lines = foot_lines(view, shape_of(graph), Part(), "t150", Surroundings(80, wide=True, now=0.0), 20)
    assert plain(lines[2]) == plain(bars)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(30, 200), st.data())
def test_the_bars_are_those_near_the_selected_layer_and_fit(depth, width, data):
    graph = {f"t{number}": [f"t{number - 1}"] if number else [] for number in range(depth)}
    here = data.draw(st.integers(0, depth - 1))
    around = Surroundings(width, wide=True, now=0.0, ascii=True)
    bars, below = layer_lines(view_of(graph), shape_of(graph), f"t{here}", around)
    assert width_of(bars) <= width
    assert f">{here + 1}: 1" in plain(below)
    assert plain(bars).isascii()


# -- arrows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selected", "direction", "found"),
    [
        ("join_delays", "left", "validate_flights"),
        ("join_delays", "right", "summarize_delays"),
        ("summarize_delays", "down", "load_warehouse"),
        ("load_warehouse", "up", "summarize_delays"),
        ("load_warehouse", "right", "write_report"),
        ("write_report", "right", "write_report"),
        ("write_report", "left", "summarize_delays"),
        ("extract_flights", "left", "extract_flights"),
        ("extract_flights", "up", "extract_flights"),
        ("extract_airports", "down", "extract_weather"),
        ("extract_airlines", "right", "write_report"),
    ],
)
def test_arrows_walk_the_edges_of_the_story(selected, direction, found):
    assert walk(STORY, part_for(STORY, None, WIDE).layout, selected, direction) == found


def test_arrows_go_back_to_where_one_came_from():
    layout = part_for(STORY, None, WIDE).layout
    assert walk(STORY, layout, "join_delays", "left", "extract_weather") == "extract_weather"
    assert walk(STORY, layout, "write_report", "left", "extract_airlines") == "extract_airlines"
    assert walk(STORY, layout, "write_report", "left", "extract_flights") == "summarize_delays"


def test_arrows_walk_to_what_is_only_counted():
    layout = part_for(STORY, "join_delays", NARROW).layout
    assert walk(STORY, layout, "validate_flights", "left") == "extract_flights"
    assert walk(STORY, layout, "load_warehouse", "right") == "write_report"
    hub = shape_of({"hub": []} | {f"t{number}": ["hub"] for number in range(100)})
    drawn = part_for(hub, "hub", Room(levels=1)).layout
    last = drawn.layers[1][-1]
    assert last.counts
    assert walk(hub, drawn, drawn.layers[1][-2].name, "down") == last.name
    assert last.name not in drawn.nodes


def test_walking_far_leads_to_the_first_and_the_last():
    layout = part_for(STORY, None, WIDE).layout
    assert walk_far(STORY, layout, "join_delays", "left") == "extract_flights"
    assert walk_far(STORY, layout, "join_delays", "right") == "write_report"


@settings(max_examples=60, deadline=None)
@given(graphs(15))
def test_every_step_is_along_an_edge_or_within_a_layer(graph):
    shape = shape_of(graph)
    layout = part_for(shape, None, WIDE).layout
    for name in graph:
        left, right = walk(shape, layout, name, "left"), walk(shape, layout, name, "right")
        assert left in graph[name] or (left == name and not graph[name])
        assert name in graph[right] or (right == name and not shape.feeds[name])
        assert right == name or walk(shape, layout, right, "left", name) == name
        down = walk(shape, layout, name, "down")
        assert shape.layer[down] == shape.layer[name]
        assert down == name or walk(shape, layout, down, "up") == name


# -- colours ------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(graphs(15), st.data())
def test_colours_never_move_anything(graph, data):
    shape = shape_of(graph)
    layout = part_for(shape, None, WIDE).layout
    chosen = {name: data.draw(st.sampled_from(State)) for name in graph}
    selected = data.draw(st.sampled_from(sorted(graph))) if graph else None
    matches = data.draw(st.none() | st.sets(st.sampled_from(sorted(graph)))) if graph else None
    marks = Marks(selected, focused=True, lit=lit_cells(layout, selected), matches=matches)
    for y in range(layout.height):
        made = plain(row_line(layout, y, chosen.__getitem__, marks))
        expected = list(layout.rows[y])
        for node in layout.on_row[y]:
            expected[node.x : node.end] = f"{LOOKS[chosen[node.name]].icon} {node.label}"
        assert made == "".join(expected)
        first = data.draw(st.integers(0, layout.width))
        last = data.draw(st.integers(first, layout.width + 5))
        part = row_line(layout, y, chosen.__getitem__, marks, first, last)
        assert plain(part) == made[first:last], "a window on a row is the same row"


def lit_text(layout, selected) -> list[str]:
    lit = lit_cells(layout, selected)
    rows = []
    for y, row in enumerate(layout.rows):
        inside = {x for first, last in lit.get(y, ()) for x in range(first, last)}
        rows.append("".join(glyph if x in inside else " " for x, glyph in enumerate(row)).rstrip())
    return rows


def test_the_lines_of_the_selected_task_stand_out_and_no_others():
    layout = part_for(STORY, None, WIDE).layout
    assert lit_text(layout, "join_delays") == [
        "                                           ─┬─→               ─┬─→",
        "                                            │                  ╰─→",
        "                  ──────────────────────────╯",
        "",
    ]
    assert lit_text(layout, "extract_airports") == ["                    ┬─→", "                   ─╯", "", ""]
    assert lit_text(layout, None) == ["", "", "", ""]


def test_roles_say_what_is_selected_lit_and_dimmed():
    layout = part_for(STORY, None, WIDE).layout
    lit = lit_cells(layout, "join_delays")
    row = row_line(layout, 0, states(FAILED), Marks("join_delays", focused=True, lit=lit))
    assert ("✗ join_delays", "cursor") in row
    assert ("─┬─→", "strong") in [(text.strip(), role) for text, role in row]
    assert ("✓ ", "done") in row
    blurred = row_line(layout, 0, states(FAILED), Marks("join_delays", lit=lit))
    assert ("✗ join_delays", "cursor-blurred") in blurred
    dimmed = row_line(layout, 0, states(FAILED), Marks(matches={"summarize_delays", "join_delays"}))
    assert ("✓ extract_flights", "muted") in dimmed
    assert ("summarize_delays", "strong") in dimmed
    assert ("join_delays", "error-strong") in dimmed
