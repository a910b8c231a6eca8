"""What the dashboard remembers from one day to the next: how it looks, and nothing about the work.

A filter, marks and running on save are not remembered: they would surprise whoever comes back to them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

__all__ = ["Preferences", "as_text", "from_text"]


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


def as_text(preferences: Preferences) -> str:
    """Return preferences as the text of a file."""
    return json.dumps(asdict(preferences), indent=2) + "\n"


def from_text(text: str) -> Preferences:
    """Return the preferences that a file's text holds; what it does not say, or says wrongly, is the default.

    Raises:
        ValueError: it is no text of such a file at all.
    """
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("it is not an object")  # noqa: TRY004, that of a broken file
    made = Preferences()
    said: dict[str, Any] = {}
    for field in fields(Preferences):
        value = given.get(field.name)
        if type(value) is type(getattr(made, field.name)):
            said[field.name] = value
    return replace(made, **said)
