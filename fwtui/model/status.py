"""The words, icons and colours of every state a task is shown in: one table, so that no screen invents its own.

Colour alone carries nothing: each state has an icon and a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["COUNT_ORDER", "DONE_STATES", "FAILURES", "LOOKS", "OPEN_STATES", "Look", "State"]


class State(Enum):
    """What a task is shown as. The value is the word a person reads."""

    # Enum's own is Python code, and ten thousand tasks are counted by their states.
    __hash__ = object.__hash__

    WAITING = "waiting"
    RUNNING = "running"
    RETRYING = "retrying"
    DONE = "done"
    REUSED = "reused"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    STALE = "stale"
    MAYBE = "maybe"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    CLEARED = "cleared"


class Look(NamedTuple):
    """How a state is drawn.

    Attributes:
        icon: one cell, never an emoji.
        ascii: the icon where only ASCII can be drawn.
        icon_role, word_role, name_role, text_role: the roles of the parts of its row.
    """

    icon: str
    ascii: str
    icon_role: str = ""
    word_role: str = ""
    name_role: str = ""
    text_role: str = ""


def _whole(icon: str, ascii_icon: str, role: str) -> Look:
    return Look(icon, ascii_icon, role, role, role, role)


_FAILED = Look("✗", "x", "error", "error", "error-strong", "error")

LOOKS: Mapping[State, Look] = MappingProxyType(
    {
        State.WAITING: _whole("∙", ".", "muted"),
        State.RUNNING: Look("▸", ">", "running", "running", "strong", ""),
        State.RETRYING: Look("↻", "r", "warning", "warning", "", "warning"),
        State.DONE: Look("✓", "+", "done"),
        State.REUSED: _whole("↺", "=", "muted"),
        State.FAILED: _FAILED,
        State.TIMED_OUT: _FAILED,
        State.SKIPPED: _whole("⊘", "-", "muted"),
        State.STALE: Look("~", "~", "warning", "warning", "", "warning"),
        State.MAYBE: Look("?", "?", "warning", "warning", "", ""),
        State.STOPPED: Look("■", "#", "warning", "warning-strong", "", "warning"),
        State.INTERRUPTED: Look("■", "#", "warning", "warning-strong", "", "warning"),
        State.CLEARED: _whole("○", "o", "muted"),
    }
)

COUNT_ORDER: tuple[tuple[State, ...], ...] = (
    (State.DONE,),
    (State.REUSED,),
    (State.FAILED, State.TIMED_OUT),
    (State.STALE,),
    (State.MAYBE,),
    (State.RUNNING,),
    (State.RETRYING,),
    (State.STOPPED, State.INTERRUPTED),
    (State.SKIPPED,),
    (State.CLEARED,),
    (State.WAITING,),
)
"""The states of the header's counts in their order; those that share an icon are one count."""

DONE_STATES = frozenset({State.DONE, State.REUSED})
FAILURES = frozenset({State.FAILED, State.TIMED_OUT})
"""Failures that are nobody's consequence: a skipped task is not one of them."""
OPEN_STATES = frozenset({State.RUNNING, State.RETRYING})
"""States of a task that is in flight."""
