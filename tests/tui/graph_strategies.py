"""Graphs for property tests: sparse, dense and complete ones, layered ones, long edges, and tasks that stand alone."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["edges_of", "graphs"]


@st.composite
def _any_graph(draw, most: int) -> dict[str, list[str]]:
    count = draw(st.integers(0, most))
    names = [f"{'abcdefgh'[number % 8] * (number % 5 + 1)}{number}" for number in range(count)]
    near = draw(st.integers(1, most))
    thin = draw(st.sampled_from([1, 2, 3, 5, 9]))
    dice = draw(st.randoms(use_true_random=False))
    made = {
        name: [other for other in names[max(0, number - near) : number] if not dice.randrange(thin)]
        for number, name in enumerate(names)
    }
    dice.shuffle(names)
    return {name: made[name] for name in names}


@st.composite
def _layered_graph(draw) -> dict[str, list[str]]:
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


def graphs(most: int = 25) -> st.SearchStrategy[dict[str, list[str]]]:
    """Names of tasks, each with the names it depends on."""
    return st.one_of(_any_graph(most), _layered_graph())


def edges_of(graph) -> set[tuple[str, str]]:
    return {(need, name) for name, needs in graph.items() for need in needs}
