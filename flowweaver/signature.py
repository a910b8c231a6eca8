"""What a function's signature asks for, and what it is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import FunctionType
from typing import Any, NamedTuple

__all__ = ["Arguments", "arguments_of", "is_async_callable", "pass_by_name"]


_VAR_KEYWORDS = 0x08
"""A flag of code objects. The module inspect has a name for it and takes 5 ms to import: only what is rare asks it."""


class Arguments(NamedTuple):
    """What a function's signature asks for.

    Attributes:
        positional_only: names that can only be given by position, in order.
        keywords: names that can be given by keyword.
        required: those of both that have no default.
        takes_all: it has ``**kwargs``.
    """

    positional_only: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    takes_all: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All names it asks for."""
        return self.positional_only + self.keywords


_NOTHING = Arguments()


@lru_cache(maxsize=4096)
def _arguments_of_code(code: Any, defaults: int, kw_defaults: frozenset[str]) -> Arguments:
    positional = code.co_varnames[: code.co_argcount]
    only = code.co_varnames[: code.co_posonlyargcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    required = frozenset(positional[: len(positional) - defaults]) | (frozenset(keyword_only) - kw_defaults)
    return Arguments(
        positional_only=only,
        keywords=positional[len(only) :] + keyword_only,
        required=required,
        takes_all=bool(code.co_flags & _VAR_KEYWORDS),
    )


def arguments_of(func: Callable[..., Any]) -> Arguments:
    """Return what a callable asks for; one whose signature cannot be known asks for nothing."""
    # Plain functions are by far the most: their code object tells it thirty times faster than inspect.signature.
    # (One whose attributes are asked for as a dict gets one then, for good.)
    if type(func) is FunctionType and not (hasattr(func, "__wrapped__") or hasattr(func, "__signature__")):
        kw_defaults = func.__kwdefaults__
        return _arguments_of_code(
            func.__code__, len(func.__defaults__ or ()), frozenset(kw_defaults) if kw_defaults else frozenset()
        )
    import inspect

    try:
        parameters = inspect.signature(func).parameters.values()
    except Exception:  # a built-in tells nothing; an object of the user's may raise anything when it is asked
        return _NOTHING
    kinds = inspect.Parameter
    return Arguments(
        positional_only=tuple(p.name for p in parameters if p.kind is kinds.POSITIONAL_ONLY),
        keywords=tuple(p.name for p in parameters if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)),
        required=frozenset(
            p.name
            for p in parameters
            if p.default is kinds.empty and p.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
        ),
        takes_all=any(p.kind is kinds.VAR_KEYWORD for p in parameters),
    )


def is_async_callable(func: Callable[..., Any]) -> bool:
    """Tell whether calling it gives a coroutine; looks through partial objects and ``__call__``."""
    import inspect

    if type(func) is FunctionType:
        return inspect.iscoroutinefunction(func)
    try:
        while isinstance(func, partial):
            func = func.func
        if inspect.iscoroutinefunction(func):
            return True
        return not isinstance(func, type) and inspect.iscoroutinefunction(getattr(type(func), "__call__", None))  # noqa: B004
    except Exception:  # an object of the user's may raise anything when it is asked
        return False


def pass_by_name(arguments: Arguments, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and keyword arguments for a call: of ``values``, those that the signature asks for."""
    args: list[Any] = []
    for name in arguments.positional_only:
        if name not in values:
            break  # a later one cannot be given without this one
        args.append(values[name])
    if arguments.takes_all:
        only = set(arguments.positional_only)
        return args, {name: value for name, value in values.items() if name not in only}
    return args, {name: values[name] for name in arguments.keywords if name in values}
