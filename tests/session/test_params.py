"""Parameters as typed, in the types they are wanted in."""

from __future__ import annotations

import enum
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwtui.session.params import ParameterError, annotated_types, convert, read_pairs, type_of_default


class Colour(enum.Enum):
    RED = "r"
    BLUE = 2


@pytest.mark.parametrize(
    ("wanted", "text", "value"),
    [
        (int, "-3", -3),
        (float, "1e3", 1000.0),
        (bool, "Yes", True),
        (bool, "0", False),
        (str, "", ""),
        (bytes, "ä", "ä".encode()),
        (Decimal, "0.10", Decimal("0.10")),
        (date, "2013-01-31", date(2013, 1, 31)),
        (datetime, "2013-01-31T08:00", datetime(2013, 1, 31, 8)),
        (time, "08:30", time(8, 30)),
        (Path, "a/b", Path("a/b")),
        (Colour, "RED", Colour.RED),
        (Colour, "2", Colour.BLUE),
        (Literal["a", 2], "2", 2),
        (Optional[int], "none", None),  # noqa: UP045
        (int | None, "4", 4),
        (int | str, "x", "x"),
        (str | int, "4", 4),
        (str | None, "x", "x"),
        (list, "a,b", ["a", "b"]),
        (list[int], "1, 2", [1, 2]),
        (tuple[float, ...], "1,2", (1.0, 2.0)),
        (set[str], "a,a", {"a"}),
        (list[int], "", []),
        (list, "[1, null]", [1, None]),
        (dict, '{"a": 1}', {"a": 1}),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (Annotated[int, "x"], "4", 4),
        (Any, "x", "x"),
        (object, "x", "x"),
        ("forward", "x", "x"),
    ],
)
def test_a_text_becomes_a_value_of_the_type_that_is_wanted(wanted: Any, text: str, value: object) -> None:
    found = convert("p", text, wanted)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("wanted", "text", "said"),
    [
        (int, "2.5", "a whole number"),
        (float, "x", "a number"),
        (bool, "perhaps", "true or false"),
        (Decimal, "x", "a decimal number"),
        (date, "31.1.2013", "a date such as 2013-01-31"),
        (Colour, "GREEN", "one of r, 2, RED, BLUE"),
        (Literal["a", "b"], "c", "one of a, b"),
        (int | None, "x", "none or a whole number"),
        (list[int], "1,x", "a list such as 1,2,3 or JSON"),
        (dict, "[1]", "a JSON object"),
        (dict, "{", "a JSON object"),
    ],
)
def test_what_cannot_be_read_is_refused_and_says_what_can(wanted: Any, text: str, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        convert("p", text, wanted)
    assert str(caught.value) == f"-p p={text}: p takes {said}"


@given(st.text(max_size=30), st.sampled_from([int, float, bool, date, Colour, list[int], dict, int | None, Literal[1]]))
def test_whatever_is_typed_it_is_a_value_or_a_parameter_error(text: str, wanted: Any) -> None:
    try:
        convert("p", text, wanted)
    except ParameterError:
        pass
    else:
        assert True


def test_pairs_are_names_and_texts() -> None:
    assert read_pairs(["a=1", "b=x=y", "c=", "a=2"]) == {"a": "2", "b": "x=y", "c": ""}
    for wrong in ("a", "=1", "a b=1", "1a=1"):
        with pytest.raises(ParameterError, match="-p takes name=value"):
            read_pairs([wrong])


def test_a_functions_parameters_have_the_type_of_annotation_or_default() -> None:
    def build(a: int, b=2.0, c=None, *, d: Missing = 3, **rest: int) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    def plain(a: int, b: date, c=True) -> None:
        pass

    assert annotated_types(plain) == {"a": int, "b": date, "c": bool}
    assert annotated_types(build) == {"a": int, "b": float, "c": str, "d": int}, "an unknown name spoils only itself"
    assert type_of_default(False) is bool
