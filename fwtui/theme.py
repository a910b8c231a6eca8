"""Our own light theme, and words that can be read in everybody else's.

Textual's light theme has words in green and yellow that are hard to read: 3.8 and 3.3 to 1 where 4.5 is the least; in
solarized-light the names of keys cannot be told from the ground. A colour that is too close to what is behind it is
moved away from it, as little as is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import BLACK, WHITE, Color
from textual.theme import Theme

__all__ = ["DEFAULT_THEME", "LIGHT", "contrast", "legible", "readable"]

_LEAST = 4.55
"""Contrast of words, by the Web Content Accessibility Guidelines, and a little for what rounding takes away."""
_STEPS = 40
_LIGHT_ENOUGH = 3.0
"""Contrast from which white is taken for words on a cursor rather than black."""

DEFAULT_THEME = "textual-dark"
"""Its colours stay apart for colour-blind eyes, which most of the others do not."""

_PRIMARY, _SUCCESS, _WARNING, _ERROR = "#0b5394", "#1a6b34", "#8a5200", "#a3123a"

LIGHT = Theme(
    name="fwtui-light",
    primary=_PRIMARY,
    secondary="#3d5a80",
    success=_SUCCESS,
    warning=_WARNING,
    error=_ERROR,
    accent="#6a3d9a",
    foreground="#1f1f1f",
    background="#fafafa",
    surface="#eeeeee",
    panel="#e4e4e4",
    dark=False,
    variables={
        # The colours as they are: what Textual makes of them for words is mixed with the ground.
        "text-primary": _PRIMARY,
        "text-success": _SUCCESS,
        "text-warning": _WARNING,
        "text-error": _ERROR,
        "footer-key-foreground": _PRIMARY,
        "error-muted": "#f6dfe5",
        "block-cursor-foreground": "#ffffff",
    },
)

_WORDS = ("text-primary", "text-success", "text-warning", "text-error", "text-accent", "footer-key-foreground")


def contrast(first: Color, second: Color) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _apart(color: Color, still: Color, towards: Color) -> Color:
    """Return a colour moved towards another one until it can be told from ``still``."""
    steps = (color.blend(towards, step / _STEPS, 1.0) for step in range(_STEPS + 1))
    return next((each for each in steps if contrast(each, still) >= _LEAST), towards)


def _away_from(ground: Color) -> Color:
    return max((WHITE, BLACK), key=lambda end: contrast(end, ground))


def legible(style: Style, base: Style, palette: TerminalTheme) -> Style:
    """Return a style that a task chose such that its words can be read: black on black is grey on black.

    Args:
        style: colours by number, or as red, green and blue.
        base: colours where the task chose none.
        palette: what the colours with numbers look like.
    """
    own, ground = (_resolved(style.color, palette), _resolved(style.bgcolor, palette))
    words = own or _resolved(base.color, palette) or WHITE
    behind = ground or _resolved(base.bgcolor, palette) or BLACK
    shown = _apart(words, behind, _away_from(behind))
    return style.without_color + Style(color=shown.rich_color, bgcolor=None if ground is None else ground.rich_color)


def _resolved(color: RichColor | None, palette: TerminalTheme) -> Color | None:
    if color is None or color.is_default:
        return None
    return Color(*color.get_truecolor(palette))


def readable(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a theme's variables with every colour of words such that it can be read on what is behind it.

    Args:
        variables: as Textual makes them from the theme; those with colours of the terminal's own are not for this.
    """
    made = dict(variables)
    ground = Color.parse(made["background"])
    for name in _WORDS:
        made[name] = _apart(Color.parse(made[name]), ground, _away_from(ground)).hex
    error, cursor = Color.parse(made["text-error"]), Color.parse(made["block-cursor-background"])
    made["error-muted"] = _apart(Color.parse(made["error-muted"]), error, ground).hex
    named = made["block-cursor-foreground"]
    automatic = WHITE if contrast(WHITE, cursor) >= _LIGHT_ENOUGH else BLACK
    on_cursor = automatic if named.startswith("auto") else Color.parse(named)
    # The ground is moved and not the words: white on a blue a little darker is what the theme means.
    made["block-cursor-foreground"] = on_cursor.hex
    made["block-cursor-background"] = _apart(cursor, on_cursor, _away_from(on_cursor)).hex
    made["surface"] = _apart(Color.parse(made["surface"]), Color.parse(made["foreground"]), ground).hex
    return made
