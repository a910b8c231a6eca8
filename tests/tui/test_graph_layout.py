"""The drawn graph: what is read from it is what there is, whatever the graph looks like."""

from __future__ import annotations

from itertools import pairwise

import pytest
from graph_strategies import edges_of, graphs
from graph_walker import edges_drawn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scenes import EDGES

from fwtui.model.graph.layout import Layout, lay_out
from fwtui.model.graph.shape import layers_of, shape_of
from fwtui.model.graph.text import graph_text
from fwtui.model.segments import cells
from fwtui.model.text import visible


def drawn(graph, **options) -> Layout:
    return lay_out(shape_of(graph), longest=options.pop("longest", 24), **options)


def picture(graph, **options) -> str:
    return "\n" + graph_text(graph, **options) + "\n"


# -- what is read is what there is --------------------------------------------------------------------------------------


def check(graph, layout: Layout) -> None:
    assert edges_drawn(layout) == edges_of(graph), "\n".join(layout.rows)
    assert set(layout.edges) == edges_of(graph)
    assert set(layout.nodes) == set(graph)


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_exactly_the_edges_are_read_from_the_lines(graph):
    check(graph, drawn(graph))


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_exactly_the_edges_are_read_from_the_lines_in_ascii(graph):
    layout = drawn(graph, ascii_only=True)
    assert all(row.isascii() for row in layout.rows)
    check(graph, layout)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_nothing_overlaps_and_every_row_has_its_width(graph):
    layout = drawn(graph)
    taken = set()
    for node in layout.nodes.values():
        own = {(x, node.y) for x in range(node.x, node.end)}
        assert not own & taken
        assert all(layout.rows[y][x] == " " for x, y in own)
        assert node.end <= layout.width
        taken |= own
    assert all(len(row) == layout.width for row in layout.rows)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_every_line_is_that_of_an_edge_and_runs_from_task_to_task_without_a_gap(graph):
    layout = drawn(graph)
    lines = {(x, y) for y, row in enumerate(layout.rows) for x, glyph in enumerate(row) if glyph != " "}
    covered = set()
    for (need, name), pieces in layout.edges.items():
        begin, end = layout.nodes[need], layout.nodes[name]
        assert pieces[0][:2] == (begin.end + 1, begin.y)
        assert pieces[-1][2:] == (end.x - 2, end.y)
        for before, after in pairwise(pieces):
            assert abs(before.to_x - after.x) + abs(before.to_y - after.y) <= 1
        for x, y, to_x, to_y in pieces:
            assert x == to_x or y == to_y
            assert x <= to_x, "lines go from left to right"
            covered |= {(at, row) for at in range(x, to_x + 1) for row in range(min(y, to_y), max(y, to_y) + 1)}
    assert covered == lines


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_drawing_is_no_larger_than_its_tasks_and_edges_ask_for(graph):
    layout, shape = drawn(graph), shape_of(graph)
    assert layout.height <= len(graph) + len(edges_of(graph))
    steps = sum(shape.layer[name] - shape.layer[need] for need, name in edges_of(graph))
    widest = max(map(len, graph), default=0) + 2
    assert layout.width <= shape.depth * (widest + 5) + 4 * steps


@settings(max_examples=40, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_the_same_graph_is_drawn_the_same_way(graph, dice):
    shuffled = {name: dice.sample(needs, len(needs)) for name, needs in graph.items()}
    assert drawn(graph) == drawn(shuffled)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_tasks_are_in_the_layer_of_their_longest_chain(graph):
    layout = drawn(graph)
    for name, needs in graph.items():
        node = layout.nodes[name]
        assert node.layer == max((layout.nodes[need].layer + 1 for need in needs), default=0)
        assert layout.layers[node.layer].count(node) == 1
    for layer in layout.layers:
        assert [node.y for node in layer] == sorted({node.y for node in layer})


def test_tasks_without_edges_keep_their_order():
    layout = drawn({"c": [], "a": [], "b": []})
    assert [node.name for node in layout.layers[0]] == ["c", "a", "b"]
    assert drawn({}).height == drawn({}).width == 0


def test_a_cycle_has_no_layers():
    with pytest.raises(ValueError, match="cycle"):
        layers_of(2, [(0, 1), (1, 0)])


# -- pictures -----------------------------------------------------------------------------------------------------------


def test_the_nine_tasks_of_the_story():
    assert (
        picture(EDGES)
        == """
extract_flights ──┬─→ validate_flights ─┬─→ join_delays ─┬─→ summarize_delays ─┬─→ write_report
extract_airports ─╯                     │                ╰─→ load_warehouse ───┤
extract_weather ────────────────────────╯                                      │
extract_airlines ──────────────────────────────────────────────────────────────╯
"""
    )


def test_the_nine_tasks_of_the_story_in_ascii():
    assert (
        picture(EDGES, ascii_only=True)
        == """
extract_flights --+-> validate_flights -+-> join_delays -+-> summarize_delays -+-> write_report
extract_airports -+                     |                +-> load_warehouse ---+
extract_weather ------------------------+                                      |
extract_airlines --------------------------------------------------------------+
"""
    )


def test_a_fork_and_a_join_that_would_touch_stand_in_two_columns():
    assert (
        picture({**EDGES, "summarize_delays": ("join_delays", "extract_airlines")})
        == """
extract_flights ──┬─→ validate_flights ─┬─→ join_delays ─┬───→ load_warehouse ───┬─→ write_report
extract_airports ─╯                     │                ╰─┬─→ summarize_delays ─┤
extract_weather ────────────────────────╯                ╭─╯                     │
extract_airlines ────────────────────────────────────────┴───────────────────────╯
"""
    )


def test_what_needs_all_of_a_layer_is_one_net():
    assert (
        picture({"a": [], "b": [], "c": [], **{name: ["a", "b", "c"] for name in "xyz"}})
        == """
a ─┬─→ x
b ─┼─→ y
c ─┴─→ z
"""
    )


def test_where_edges_are_no_such_net_they_get_a_row_of_their_own():
    assert (
        picture({"a": [], "c": [], "b": ["a"], "z": ["a", "c"]})
        == """
a ─┬───→ b
   ╰─╮
c ───┴─→ z
"""
    )


def test_a_line_that_only_passes_another_is_interrupted():
    assert (
        picture({"a": [], "b": [], "c": [], "x": ["a", "b"], "y": ["b", "c"], "z": ["a", "c"]})
        == """
b ───────┬─┬─→ x
a ─┬─────│─╯
   │ ╭───│─╮
c ─│─┴─╮ ╰─┴─→ y
   ╰───┴─────→ z
"""
    )


def test_trees_stand_beside_their_branches():
    graph = {"a": [], "b": []} | {f"{top}{number}": [top] for top in "ab" for number in range(3)}
    assert (
        picture(graph)
        == """
a ─┬─→ a0
   ├─→ a1
   ╰─→ a2
b ─┬─→ b0
   ├─→ b1
   ╰─→ b2
"""
    )
    # In ASCII a plus has no sides: nets in one column would seem to be one.
    assert (
        picture(graph, ascii_only=True)
        == """
a -+---> a0
   +---> a1
   +---> a2
b ---+-> b0
     +-> b1
     +-> b2
"""
    )


# -- names --------------------------------------------------------------------------------------------------------------


def test_names_are_cut_in_the_middle_and_measured_in_cells():
    layout = drawn({"load_warehouse_of_january_2013": [], "読み込み": ["load_warehouse_of_january_2013"]}, longest=16)
    first, second = layout.nodes.values()
    assert first.label == "load_war…ry_2013"
    assert first.width == 2 + 16
    assert second.width == 2 + 8
    assert layout.width == second.end


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6, unique=True), st.booleans())
@example(["000000000000\x1f\x1f\x1f\U000e0080"], True)
def test_any_name_is_safe_to_show_and_not_too_wide(names, ascii_only):
    layout = drawn({name: names[:number] for number, name in enumerate(names)}, ascii_only=ascii_only)
    for node in layout.nodes.values():
        assert visible(node.label) == node.label
        assert cells(node.label) == node.width - 2 <= 24
        assert node.label.isascii() or not ascii_only


def test_the_text_has_whole_names_and_shows_control_characters():
    text = graph_text({"a\x1b[2J": [], "x" * 38: ["a\x1b[2J"]})
    assert text == "a\\x1b[2J ──→ " + "x" * 38
