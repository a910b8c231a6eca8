"""Whether a terminal takes what is copied: it is asked by an escape sequence (OSC 52), and answers nothing."""

from __future__ import annotations

from collections.abc import Mapping

from fwtui.model.text import visible

__all__ = ["LONGEST", "harmless", "takes_copies"]

LONGEST = 500_000
"""Bytes of text that are sent to a terminal: some keep no more, and on a slow line nothing is drawn meanwhile."""

_TERMS = ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "contour", "rio")
_PROGRAMS = frozenset({"WezTerm", "ghostty", "vscode", "rio", "contour"})


def harmless(text: str) -> str:
    """Return text that does nothing where it is pasted: line ends and tabs stay, other controls become visible."""
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def takes_copies(environ: Mapping[str, str]) -> bool:
    """Tell whether the terminal is known to put into the clipboard what a program copies, without being told to.

    Many do not, or only if they are told to: xterm, GNOME's, macOS's own, iTerm2; and those within tmux or screen.
    """
    if environ.get("TMUX") or environ.get("STY"):
        return False
    if environ.get("WT_SESSION") or environ.get("TERM_PROGRAM") in _PROGRAMS:
        return True
    return environ.get("TERM", "").startswith(_TERMS)
