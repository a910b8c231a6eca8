"""Times and durations as the short texts that every store keeps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from flowweaver.stores.base import parse_timestamp

__all__ = ["add_seconds", "iso", "median_of", "medians", "plain", "seconds_from", "shown_time"]

_REMEMBERED: Final = 5

_LONGEST: Final = 1e10
"""Seconds that no task takes; also bars what is not a number."""

_this_second: tuple[int, str] = (0, "1970-01-01T00:00:00")


def iso(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601 text in UTC, with six decimals so that texts sort as times do."""
    global _this_second  # noqa: PLW0603 - every commit asks twice, nearly always for the same second
    whole, text = _this_second
    second = int(seconds // 1)
    if second != whole:
        text = datetime.fromtimestamp(second, UTC).isoformat()[:19]
        _this_second = second, text
    return "%s.%06d+00:00" % (text, (seconds - second) * 1_000_000)  # noqa: UP031 - half the time of an f-string


def seconds_from(timestamp: Any) -> float | None:
    """Return a time of any form (ISO text, a number, also as text) as seconds since the epoch, None if unreadable."""
    seconds = parse_timestamp(timestamp)
    if seconds is None and isinstance(timestamp, str):
        try:
            seconds = parse_timestamp(float(timestamp))
        except ValueError:
            return None
    return seconds


def shown_time(timestamp: Any) -> str:
    """Return a time of any form as ISO text where it can be read, else as it stands."""
    seconds = seconds_from(timestamp)
    if seconds is not None and (not isinstance(timestamp, str) or parse_timestamp(timestamp) is None):
        return iso(seconds)
    return str(timestamp)


def add_seconds(before: str, seconds: float) -> str:
    """Return remembered durations with one more in front, the oldest dropped."""
    if not before:
        return f"{seconds:.6g}"
    return " ".join([f"{seconds:.6g}", *before.split(" ")[: _REMEMBERED - 1]])


def median_of(remembered: Any) -> float | None:
    """Return the median of remembered durations; None where there are none, or the text is not ours."""
    if not remembered:
        return None
    try:
        # Most tasks ran once.
        one = type(remembered) is str and " " not in remembered
        seconds = [float(remembered)] if one else sorted(float(word) for word in str(remembered).split())
    except ValueError:
        return None
    middle = len(seconds) // 2
    if not seconds or not 0 <= seconds[0] <= seconds[-1] < _LONGEST:
        return None
    return seconds[middle] if len(seconds) % 2 else (seconds[middle - 1] + seconds[middle]) / 2


def medians(remembered: Iterable[tuple[str, Any]]) -> dict[str, float]:
    """Return the median of each task's remembered durations, by name, where there is one."""
    found = ((name, median_of(text)) for name, text in remembered)
    return {name: seconds for name, seconds in found if seconds is not None}


def plain(text: str | None) -> str | None:
    """Return a text that can be written as UTF-8: lone surrogates become escapes."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
