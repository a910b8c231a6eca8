"""Estimates, settings and clock times as a person reads them (measured durations: ``text.duration``)."""

from __future__ import annotations

import math
import time

__all__ = ["about_text", "clock_text", "day_text", "delay_text", "in_text", "minute_text", "setting_text", "when_text"]


def about_text(seconds: float) -> str:
    """Return an estimate, rounded as estimates are: "about 4s", "about 3m", "about 1h40m"."""
    whole = max(1, round(seconds))
    if whole < 90:
        return f"about {whole}s"
    minutes = round(whole / 60)
    return f"about {minutes}m" if minutes < 90 else f"about {minutes // 60}h{minutes % 60:02d}m"


def in_text(seconds: float) -> str:
    """Return how long until something happens: "in 2s"; rounded up, so that it never says 0 before its time."""
    whole = max(0, math.ceil(seconds - 0.001))
    return f"in {whole}s" if whole < 100 else f"in {math.ceil(whole / 60)}m"


def delay_text(seconds: float) -> str:
    """Return how long a wait is that somebody is told of once: "in 0.5s", "in 2s", "in 3m"."""
    return f"in {round(max(0.1, seconds), 1):g}s" if 0 < seconds < 9.95 else in_text(seconds)


def setting_text(seconds: float) -> str:
    """Return a duration that somebody wrote down: "30s", "1.5s", "10m", "2h"."""
    if seconds >= 3600 and seconds % 3600 == 0:
        return f"{seconds / 3600:g}h"
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds / 60:g}m"
    return f"{seconds:g}s"


def clock_text(moment: float) -> str:
    """Return the local time of day of a moment (seconds since the epoch) as "10:42:03"."""
    return time.strftime("%H:%M:%S", time.localtime(moment))


def minute_text(moment: float) -> str:
    """Return the local time of day of a moment as "10:42"."""
    return time.strftime("%H:%M", time.localtime(moment))


def day_text(moment: float) -> str:
    """Return the local date of a moment as "2026-03-14"."""
    return time.strftime("%Y-%m-%d", time.localtime(moment))


def when_text(moment: float, now: float, *, wide: bool = False) -> str:
    """Return when something was: the time of day if that was today, else the date, with the time where it is wide."""
    if day_text(moment) == day_text(now):
        return clock_text(moment)
    return f"{day_text(moment)} {minute_text(moment)}" if wide else day_text(moment)
