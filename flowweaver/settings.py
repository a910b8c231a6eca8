"""What a task may be given: each setting in the form in which the engine uses it, or refused, naming the task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from flowweaver.errors import DefinitionError, shown
from flowweaver.retry import RetryOn, RetryPolicy

__all__ = [
    "checked_age",
    "checked_callbacks",
    "checked_function",
    "checked_hook",
    "checked_name",
    "checked_paths",
    "checked_serializer",
    "checked_timeout",
    "checked_version",
    "parse_age",
    "retry_policy",
]

F = TypeVar("F", bound=Callable[..., Any])

_AGE_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def parse_age(age: float | str | None, what: str = "max_age") -> float | None:
    """Return a maximal age in seconds from a number of seconds or text such as "90s", "15m", "12h", "1d", "2w".

    Raises:
        DefinitionError: it is neither, or negative.
    """
    if age is None:
        return None
    seconds: float = math.nan
    if not isinstance(age, str):
        seconds = _float(age)
    elif age.strip():
        number, unit = (age.strip()[:-1], age.strip()[-1]) if age.strip()[-1] in _AGE_UNITS else (age.strip(), "s")
        try:
            seconds = float(number) * _AGE_UNITS[unit]
        except ValueError:
            seconds = math.nan
    if not seconds >= 0:
        raise DefinitionError(f'{what} takes seconds or text such as "12h" or "1d", not {shown(age)}')
    return seconds


def _float(value: object) -> float:
    """Return a number as a float, NaN for what is none; a whole number too big for one is endless."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _checked_number(what: str, value: float, low: float, high: float = math.inf) -> float:
    number = _float(value)
    if not low <= number <= high or math.isinf(number):
        limits = f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
        raise DefinitionError(f"{what} is a number, {limits}, not {shown(value)}")
    return number


def checked_name(name: object, what: str = "A task") -> str:
    """Return the name of a task or workflow if it can be one.

    Raises:
        DefinitionError: it is not text, is empty, or cannot be written as UTF-8.
    """
    if not isinstance(name, str):
        raise DefinitionError(f"{what} needs a name that is text, not {type(name).__name__}: {shown(name)}")
    if not name.strip():
        raise DefinitionError(f"{what} needs a name that is not empty")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DefinitionError(f"{what} needs a name that can be written as UTF-8, not {shown(name)}") from None
    return str.__str__(name)  # that of a member of an Enum says something else


def checked_paths(what: str, name: str, value: str | Iterable[str]) -> tuple[str, ...]:
    """Return a task's paths or globs as a tuple; those of one are one.

    Raises:
        DefinitionError: it is no such thing.
    """
    if not value:
        return ()
    one = isinstance(value, str) or hasattr(value, "__fspath__") or not isinstance(value, Iterable)
    paths = []
    for item in (value,) if one else value:
        path = item.__fspath__() if hasattr(item, "__fspath__") else item
        if not isinstance(path, str) or not path:
            raise DefinitionError(f"Task {name!r}: {what} takes paths, not {shown(item)}")
        paths.append(path)
    return tuple(paths)


def retry_policy(
    name: str, retries: int, delay: float, backoff: float, max_delay: float, jitter: float, on: RetryOn
) -> RetryPolicy:
    """Return the retry policy that a task's arguments describe.

    Raises:
        DefinitionError: it is no such thing.
    """
    if type(retries) is int and on is Exception and (retries, delay, backoff, max_delay, jitter) == _NO_RETRIES:
        return _NO_RETRY
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise DefinitionError(f"Task {name!r}: retries is a whole number, 0 or more, not {shown(retries)}")
    types = on if isinstance(on, tuple) else (on,)
    if not all(issubclass(t, BaseException) if isinstance(t, type) else len(types) == 1 and callable(t) for t in types):
        raise DefinitionError(f"Task {name!r}: retry_on takes exception types or a function, not {shown(on)}")
    return RetryPolicy(
        retries=retries,
        delay=_checked_number(f"Task {name!r}: retry_delay", delay, 0),
        backoff=_checked_number(f"Task {name!r}: retry_backoff", backoff, 0),
        max_delay=_checked_number(f"Task {name!r}: retry_max_delay", max_delay, 0),
        jitter=_checked_number(f"Task {name!r}: retry_jitter", jitter, 0, 1),
        on=on,
    )


_NO_RETRIES = (0, 0, 1, 60, 0)
_NO_RETRY = RetryPolicy()


def checked_function(name: str, func: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a task's function.

    Raises:
        DefinitionError: it is no such thing.
    """
    if not callable(func):
        raise DefinitionError(f"Task {name!r} needs a function, not {type(func).__name__}")
    return func


def checked_timeout(name: str, timeout: float | None) -> float | None:
    """Return a task's timeout as seconds, None for no limit.

    Raises:
        DefinitionError: it is no such thing.
    """
    if timeout is None:
        return None
    seconds = _float(timeout)
    if not 0 < seconds < math.inf:
        raise DefinitionError(f"Task {name!r}: timeout is a number of seconds above 0, or None, not {shown(timeout)}")
    return seconds


def checked_age(name: str, age: float | str | None) -> float | None:
    """Return the age, in seconds, after which a task's result is too old, None for never.

    Raises:
        DefinitionError: it is no such thing.
    """
    return None if age is None else parse_age(age, f"Task {name!r}: max_age")


def checked_version(name: str, version: str | None) -> str | None:
    """Return the text that replaces the hash of a task's code.

    Raises:
        DefinitionError: it is no such thing.
    """
    if version is not None and not isinstance(version, str):
        raise DefinitionError(f"Task {name!r}: version is text, not {shown(version)}")
    return version


def checked_serializer(name: str, serializer: str | None) -> str | None:
    """Return the form in which a task's result is to be kept, None for what suits it.

    Raises:
        DefinitionError: it is no such thing.
    """
    if serializer not in (None, "json", "pickle"):
        raise DefinitionError(f'Task {name!r}: serializer is "json" or "pickle", not {shown(serializer)}')
    return serializer


def checked_hook(name: str, hook: F | None) -> F | None:
    """Return a hook of 0.2.x.

    Raises:
        DefinitionError: it is no such thing.
    """
    if hook is not None and not callable(hook):
        raise DefinitionError(f"Task {name!r}: on_status_change and on_retry are functions, not {shown(hook)}")
    return hook


def checked_callbacks(name: str, callbacks: Sequence[Callable[..., Any]] | None) -> tuple[Callable[..., Any], ...]:
    """Return a task's callbacks as a tuple; one function needs no list.

    Raises:
        DefinitionError: it is no such thing.
    """
    if not callbacks:
        return ()
    found = tuple(callbacks) if isinstance(callbacks, Iterable) and not callable(callbacks) else (callbacks,)
    for callback in found:
        if not callable(callback):
            raise DefinitionError(f"Task {name!r}: callbacks takes functions, not {shown(callback)}")
    return found
