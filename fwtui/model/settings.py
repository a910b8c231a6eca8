"""What the dashboard remembers from one day to the next: how it looks, and nothing about the work.

A filter, marks and running on save are not remembered: they would surprise whoever comes back to them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from fwtui.model.breakpoints import WIDE
from fwtui.model.layout import WHOLE

__all__ = ["VIEWS", "Preferences", "changes", "from_text", "merged", "opening_view"]

VIEWS = ("log", "details", "graph", "timeline", "runs")
"""What the pane can show, and is remembered of it."""
_OF_RUNS = frozenset({"timeline", "runs"})


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a person likes the dashboard.

    Attributes:
        theme: its name, "" for the default.
        view: the pane's view.
        wrap: log lines longer than the pane go on in the next row.
        sort: the column that rows are sorted by, "" for the workflow's order; with a minus before it, downwards.
        mouse: the mouse is the dashboard's; else the terminal's.
        motion: the one thing that turns may turn.
        ascii: nothing but ASCII is drawn.
    """

    theme: str = ""
    view: str = "log"
    wrap: bool = False
    sort: str = ""
    mouse: bool = True
    motion: bool = True
    ascii: bool = False


def opening_view(liked: str, *, never_ran: bool, width: int) -> str:
    """Return the view to open with: the liked one, unless it is empty before a first run, or hides the tasks.

    Args:
        liked: name of the view.
        never_ran: nothing of the workflow has run yet.
        width: columns of the terminal.
    """
    if liked not in VIEWS or (never_ran and liked in _OF_RUNS) or (width < WIDE and liked in WHOLE):
        return VIEWS[0]
    return liked


def changes(before: Preferences, now: Preferences) -> dict[str, Any]:
    """Return what is liked otherwise than before, by name."""
    old, new = asdict(before), asdict(now)
    return {name: value for name, value in new.items() if value != old[name]}


def merged(text: str, changed: Mapping[str, Any]) -> str:
    """Return a file's text with some preferences changed; all else in it stays, also what another version wrote there.

    Args:
        text: of the file, "" where there is none.
        changed: new values by name.

    Raises:
        ValueError: it is no text of such a file.
    """
    return json.dumps({**(_object(text) if text else {}), **changed}, indent=2, ensure_ascii=False) + "\n"


def _object(text: str) -> dict[str, Any]:
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("it is not an object")  # noqa: TRY004, that of a broken file
    return given


def from_text(text: str) -> Preferences:
    """Return the preferences that a file's text holds; what it does not say, or says wrongly, is the default.

    Raises:
        ValueError: it is no text of such a file at all.
    """
    given = _object(text)
    made = Preferences()
    said: dict[str, Any] = {}
    for field in fields(Preferences):
        value = given.get(field.name)
        if type(value) is type(getattr(made, field.name)):
            said[field.name] = value
    return replace(made, **said)
