"""Keys one after the other: the next one goes out when everybody who may want the last one has seen it.

Textual sends each key on to whatever has the focus at that moment, and what a key does happens later. Typed quickly,
or pasted by a program, ``/del`` would filter for nothing: its letters go to the table before ``/`` has opened the line.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message

__all__ = ["OrderedKeys"]

_EARLY_ENTER = "ctrl+j"
"""What enter was while the terminal was not ours yet; no key of ours is this one, for many send it for enter anyway."""
_PATIENCE = 0.25
"""Seconds after which a key that nobody answered for no longer holds up those behind it."""


class _Seen(Message):
    """Goes the way of a key, right behind it: where this arrives, the key has been."""


class OrderedKeys(App[int]):
    """An application whose keys are handled in order, and kept while ``keeps`` says so."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._waiting: deque[events.Key] = deque()
        self._out_since: float | None = None

    def keeps(self, key: str) -> bool:
        """Tell whether a key has to wait for something else than the keys before it."""
        del key
        return False

    def leads_out(self, key: str) -> bool:
        """Tell whether a key is not to wait for anything."""
        return key in ("ctrl+c", "ctrl+q")

    def before_key(self) -> None:
        """A key is about to be handled."""

    async def on_event(self, event: events.Event) -> None:
        """Put keys in line; everything else goes on as it comes."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        if event.key == _EARLY_ENTER:
            event = events.Key("enter", "\r")
        if self.leads_out(event.key):
            await self._send(event)
        else:
            self._waiting.append(event)
            await self.next_key()

    async def next_key(self) -> None:
        """Handle the next key, if there is one and nothing is in its way."""
        out = self._out_since is not None and time.monotonic() - self._out_since < _PATIENCE
        if self._waiting and not out and not self.keeps(self._waiting[0].key):
            self._out_since = time.monotonic()
            await self._send(self._waiting.popleft())

    async def _send(self, event: events.Key) -> None:
        self.before_key()
        target = self.focused or self.screen
        await super().on_event(event)
        target.post_message(_Seen())

    async def on__seen(self) -> None:
        """The last key has been everywhere."""
        self._out_since = None
        await self.next_key()
