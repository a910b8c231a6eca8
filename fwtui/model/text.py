"""Text that is safe to show: what users, files and tasks wrote never reaches a terminal as anything but characters.

Names, errors, results and output are data. An escape sequence among them would move the cursor, set a title or fill
the clipboard, so everything that is not a plain character is shown as an escape instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

__all__ = ["TAB", "count_of", "cut", "duration", "json_line", "visible", "visible_lines"]

TAB = 8
"""Columns from one tab stop to the next."""

# Marks that turn the direction of text: they can make a line read as what it is not.
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Separators that some terminals and all of str.splitlines take for a line end; invisible tags; the byte order mark.
_UNSEEN = (0x2028, 0x2029, 0xFEFF, *range(0xE0000, 0xE0080))

_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}


def _escape(code: int) -> str:
    if code in _NAMED:
        return _NAMED[code]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_ESCAPES = {code: _escape(code) for code in (*range(0x20), *range(0x7F, 0xA0), *_BIDI, *_UNSEEN)}
_EMOJI = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
# Surrogates, and joiners that join no emoji: terminals do not agree on how wide the text round those is.
_STRAY = re.compile(f"[\ud800-\udfff]|(?<![\ufe0f{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")


def visible(text: str, *, tab: int = TAB) -> str:
    r"""Return one line of text in which every control character is shown as an escape.

    C0 and C1 controls, DEL, marks that change the direction of text, line separators, invisible tags, lone surrogates
    and joiners that join nothing become ``\x1b``-like escapes; tabs become blanks up to the next multiple of ``tab``
    columns.
    """
    if text.isprintable():
        return text
    if "\t" in text:
        text = text.expandtabs(tab) if "\n" not in text and "\r" not in text else text.replace("\t", " " * tab)
    return _STRAY.sub(lambda match: _escape(ord(match[0])), text.translate(_ESCAPES))


def json_line(value: object) -> str:
    """Return a value as one line of JSON in ASCII, safe to show.

    Raises:
        TypeError: JSON has no word for it.
    """
    # Control characters are escaped by JSON, all but one.
    return json.dumps(value).replace("\x7f", "\\u007f")


def visible_lines(text: str) -> list[str]:
    """Return text as lines safe to show: split at line feeds only, without what a carriage return overwrote."""
    return [visible(overwritten(line)) for line in text.split("\n")]


def overwritten(line: str) -> str:
    """Return what is left of a line on a terminal: the part behind its last carriage return."""
    line = line.rstrip("\r")
    return line.rpartition("\r")[2]


def cut(text: str, limit: int) -> str:
    """Return text of at most ``limit`` characters, its end replaced by an ellipsis where it was longer."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"


def count_of(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 task``, ``4 tasks``, ``2,000 tasks``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float | None) -> str:
    """Return seconds as a person reads them: ``0.9s``, ``12s``, ``1m15s``, ``2h03m``, ``3d04h``; empty for None."""
    if seconds is None:
        return ""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    hours = minutes // 60
    return f"{hours // 24}d{hours % 24:02d}h"


def joined(names: Iterable[str], limit: int = 5) -> str:
    """Return names as a list of at most ``limit``, the rest as a count."""
    found = [visible(name) for name in names]
    if len(found) > limit:
        return f"{', '.join(found[:limit])} and {len(found) - limit:,} more"
    return ", ".join(found)
