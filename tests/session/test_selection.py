"""--only, --from and --to as a list of names, and what the command line says completed by what a person asks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver.errors import UnknownTaskError
from flowweaver.workflow import Workflow
from fwtui.session.port import RunRequest
from fwtui.session.selection import forced_names, merged, selected_names


def edges() -> Mapping[str, tuple[str, ...]]:
    """a1, a2 -> b -> c; d alone."""
    made = Workflow("w")
    for name, needs in (("a1", []), ("a2", []), ("b", ["a1", "a2"]), ("c", ["b"]), ("d", [])):

        def work() -> None:
            pass

        work.__name__ = name
        made.add_task(work, depends_on=needs)
    return made.dependencies


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (RunRequest(), None),
        (RunRequest(only=["a*"]), ["a1", "a2"]),
        (RunRequest(start_from=["b"]), ["b", "c"]),
        (RunRequest(up_to=["b"]), ["a1", "a2", "b"]),
        (RunRequest(start_from=["a1"], up_to=["b"]), ["a1", "b"]),
        (RunRequest(only=["c", "d"], start_from=["a1"]), ["c"]),
    ],
)
def test_a_selection_is_a_list_in_the_workflows_order(request_: RunRequest, names: list[str] | None) -> None:
    assert selected_names(edges(), request_) == names


def test_a_selection_of_nothing_is_refused() -> None:
    with pytest.raises(UnknownTaskError, match="no task is in all of --only, --from and --to"):
        selected_names(edges(), RunRequest(start_from=["d"], up_to=["b"]))


@pytest.mark.parametrize("option", ["only", "start_from", "up_to"])
def test_a_pattern_that_matches_nothing_names_its_option(option: str) -> None:
    words = {"only": "--only", "start_from": "--from", "up_to": "--to"}
    with pytest.raises(UnknownTaskError, match=f"{words[option]} 'x\\*' matches no task"):
        selected_names(edges(), RunRequest(**{option: ["x*"]}))
    with pytest.raises(UnknownTaskError, match="--force 'x' matches no task"):
        forced_names(edges(), ["x"])


def test_forced_tasks_are_names_in_order() -> None:
    assert forced_names(edges(), ["d", "a*"]) == ["a1", "a2", "d"]
    assert forced_names(edges(), []) == []


def test_what_begins_a_run_counts_once_and_a_selection_for_the_whole_session() -> None:
    given_ = RunRequest(fresh=True, only=["a*"], force=("b",), keep_going=True, up_to=["c"], continue_or_new=True)
    assert merged(RunRequest(), given_, first=True) == given_
    later = merged(RunRequest(), given_, first=False)
    assert later == RunRequest(only=["a*"], keep_going=True, up_to=["c"])
    assert merged(RunRequest(only=["d"], force=["d"]), given_, first=False).only == ["d"]


requests = st.builds(
    RunRequest,
    fresh=st.booleans(),
    only=st.none() | st.lists(st.sampled_from(["a*", "b", "c", "d"]), min_size=1),
    force=st.lists(st.sampled_from(["a1", "b"])).map(tuple),
    keep_going=st.booleans(),
)


@given(requests, st.booleans())
def test_a_request_alone_is_what_was_asked(request_: RunRequest, first: bool) -> None:
    assert merged(request_, RunRequest(), first=first) == request_
