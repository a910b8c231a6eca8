"""What is drawn, in ASCII: for terminals and fonts that have no more, or that draw box characters two cells wide.

Where a part of the screen has a form of its own for ASCII it uses that one; this is for everything else, so that
nothing is ever forgotten. A cell stays a cell.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import split_graphemes

from fwtui.model.status import LOOKS

__all__ = ["ascii_text", "wants_ascii"]

_LINES = {
    "─": "-",
    "│": "|",
    **dict.fromkeys("╭╮╰╯┬┴┼", "+"),
    "┤": "[",  # round the title of a tab
    "├": "]",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
}
_BARS = {"━": "#", "╌": ".", "╳": "x", "█": "#", "▓": "=", "▒": ":", "░": ".", "◆": "*"}
_TEXT = {"›": ">", "‹": "<", "…": "~", "·": "-", "▏": "|", "×": "x", "–": "-", "—": "-"}
_TURNING = dict(zip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\|/-\\|/", strict=True))
_ICONS = {look.icon: look.ascii for look in LOOKS.values()}
_TABLE = str.maketrans({**_LINES, **_BARS, **_TEXT, **_TURNING, **_ICONS})


def ascii_text(text: str) -> str:
    """Return a text in ASCII that takes as many cells; what has no counterpart becomes question marks."""
    text = text if text.isascii() else text.translate(_TABLE)
    if text.isascii():
        return text
    spans, _ = split_graphemes(text)
    pieces = (text[start:end] for start, end, _ in spans)
    return "".join(
        piece if piece.isascii() else "?" * width for piece, (_, _, width) in zip(pieces, spans, strict=True)
    )


def wants_ascii(encoding: str, environ: Mapping[str, str], preferred: bool = False) -> bool:
    """Tell whether only ASCII is to be drawn.

    Args:
        encoding: that of the terminal; one that is not a form of Unicode has no box characters.
        preferred: the person has it as a setting.
        environ: ``FWTUI_ASCII=1`` asks for it, ``FWTUI_ASCII=0`` for the opposite; the console of Linux needs it.
    """
    asked = environ.get("FWTUI_ASCII", "")
    if asked:
        return asked != "0"
    return preferred or environ.get("TERM") == "linux" or "utf" not in encoding.lower()
