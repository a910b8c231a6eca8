"""The drawn graph: what is read from it is what there is, whatever the graph looks like."""

from __future__ import annotations

from graph_walker import edges_drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from fwtui.model.graph.layout import Layout, lay_out
from fwtui.model.graph.shape import shape_of


@st.composite
def graphs(draw, most: int = 25) -> dict[str, list[str]]:
    """Any graph of some tasks: sparse, dense or complete, with long edges, and with tasks that stand alone."""
    count = draw(st.integers(0, most))
    names = draw(st.permutations([f"{'abcdefgh'[number % 8] * (number % 5 + 1)}{number}" for number in range(count)]))
    near = draw(st.integers(1, most))
    thin = draw(st.sampled_from([1, 1, 2, 3, 5, 9]))
    made = {}
    for number, name in enumerate(names):
        before = names[max(0, number - near) : number]
        picked = draw(st.lists(st.integers(0, thin - 1), min_size=len(before), max_size=len(before)))
        made[name] = [other for other, chance in zip(before, picked, strict=True) if not chance]
    order = draw(st.permutations(names))
    return {name: made[name] for name in order}


@st.composite
def layered_graphs(draw) -> dict[str, list[str]]:
    """Layers of some tasks, each of which needs some of the layer before, and sometimes one of long ago."""
    layers: list[list[str]] = []
    made: dict[str, list[str]] = {}
    for number in range(draw(st.integers(1, 5))):
        layer = [f"t{number}_{place}" for place in range(draw(st.integers(1, 8)))]
        for name in layer:
            made[name] = []
            if layers:
                made[name] = draw(st.lists(st.sampled_from(layers[-1]), unique=True, max_size=4))
                far = [other for earlier in layers[:-1] for other in earlier]
                if far and draw(st.integers(0, 3)) == 0:
                    made[name].append(draw(st.sampled_from(far)))
        layers.append(layer)
    return made


def edges_of(graph) -> set[tuple[str, str]]:
    return {(need, name) for name, needs in graph.items() for need in needs}


def check(graph, layout: Layout) -> None:
    assert edges_drawn(layout) == edges_of(graph), "\n".join(layout.rows)
    assert set(layout.edges) == edges_of(graph)
    assert set(layout.nodes) == set(graph)
    taken = set()
    for node in layout.nodes.values():
        cells = {(x, node.y) for x in range(node.x, node.end)}
        assert not cells & taken
        assert all(layout.rows[y][x] == " " for x, y in cells)
        taken |= cells
    assert all(len(row) == layout.width for row in layout.rows)


@settings(max_examples=400, deadline=None)
@given(st.one_of(graphs(), layered_graphs()))
def test_exactly_the_edges_are_read_from_the_lines(graph):
    check(graph, lay_out(shape_of(graph), longest=24))


@settings(max_examples=200, deadline=None)
@given(st.one_of(graphs(), layered_graphs()))
def test_exactly_the_edges_are_read_from_the_lines_in_ascii(graph):
    layout = lay_out(shape_of(graph), longest=24, ascii_only=True)
    assert all(row.isascii() for row in layout.rows)
    check(graph, layout)
