"""A workflow file that does not load, as a page: what is wrong and where, what led there, what the next key does."""

from __future__ import annotations

from collections.abc import Sequence

from fwtui.model.frames import Excerpt
from fwtui.model.key_names import USUAL, KeyNames, named_key
from fwtui.model.logtext import excerpt_lines
from fwtui.model.segments import Line, Segment, line, wrap
from fwtui.model.text import visible

__all__ = ["problem_lines"]


def problem_lines(
    text: str,
    excerpts: Sequence[Excerpt],
    led_there: Sequence[str],
    hint: str,
    width: int,
    names: KeyNames = USUAL,
    *,
    watching: bool = True,
) -> list[Line]:
    """Return the page.

    Args:
        text: what is wrong.
        excerpts: where, with the source; nothing if there is no such place.
        led_there: the frames before that one, innermost last, as "file:line in function".
        hint: what helps, "" if nothing is known to.
        width: cells of a line.
        names: the keys as the person has them.
        watching: saves are noticed.
    """
    room = max(20, width - 4)
    first, *more = wrap(visible(text), room)
    made: list[Line] = [(), line(Segment(" ✗ ", "error"), Segment(first, "error-strong"))]
    made += [line(Segment(f"   {rest}", "error-strong")) for rest in more]
    made += excerpt_lines(excerpts)
    made += [line(Segment(f"   {visible(frame)}", "muted")) for frame in reversed(led_there)]
    if hint:
        made += [(), *(line(f"   {part}") for part in wrap(visible(hint), room))]
    opens: Line = ()
    if excerpts:
        there = Segment(f" to open line {excerpts[0].line}. ", "muted")
        opens = line(Segment("Press ", "muted"), named_key("look.edit"), there)
    if watching:
        again = line(Segment("It is loaded as soon as it is saved.", "muted"))
    else:
        again = line(named_key("run.resume"), Segment(" loads it again.", "muted"))
    return [*made, (), names.said(line("   ", *opens, *again))]
