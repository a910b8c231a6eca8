"""How soon esc is known to be a key, and not the beginning of what another key sends.

Textual decides that after ``ESCDELAY``, but it looks at the time only when its input thread wakes: every 100 ms, which
is then what esc takes. Here it wakes once more right after that delay whenever something was typed.
"""

from __future__ import annotations

import selectors
from types import SimpleNamespace

from textual import constants
from textual.drivers import linux_driver

__all__ = ["Attentive", "answer_esc_soon"]

_MARGIN = 0.002
"""Seconds after the delay, so that it is over for certain."""


class Attentive(selectors.SelectSelector):
    """Waits no longer than the delay of esc where something has just been read."""

    _just_read = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait until something can be read, or for so many seconds at most."""
        if self._just_read:
            soon = constants.ESCAPE_DELAY + _MARGIN
            timeout = soon if timeout is None else min(timeout, soon)
        found = super().select(timeout)
        self._just_read = bool(found)
        return found


def answer_esc_soon() -> None:
    """Have Textual's input thread wait with ``Attentive``: it offers no other way to say so."""
    vars(linux_driver)["selectors"] = SimpleNamespace(SelectSelector=Attentive, EVENT_READ=selectors.EVENT_READ)
