"""How often the one thing turns that may turn: where it would cost or disturb, seldom or never."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["turns_a_second"]

_USUAL = 8
_OVER_SSH = 2
"""Each turn is a message over the network."""


def turns_a_second(environ: Mapping[str, str]) -> int:
    """Return how often a second it turns, 0 for never, as ``TEXTUAL_ANIMATIONS`` and ``SSH_CONNECTION`` say."""
    if environ.get("TEXTUAL_ANIMATIONS", "").lower() == "none":
        return 0
    return _OVER_SSH if environ.get("SSH_CONNECTION") else _USUAL
