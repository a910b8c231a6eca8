"""What a task's code is, as hashes that survive comments, formatting and line numbers.

A result is worth keeping as long as the code that made it is the same. "The code" is the task's function and,
recursively, what it names *if that is* of the project:

- a function or a class, also as ``module.name`` and through ``functools.wraps``, ``partial`` and bound methods;
- a module constant: assigned exactly once, at top level, from a literal;
- an argument's default, or a captured variable, that is None, bool, int, float, str, bytes or a tuple of these and
  that no function assigns.

Everything else is data and does not count. So these changes are **not seen**: a method of an object the function only
receives; a function found by a computed name (``getattr``, a dict of functions, a registry, ``singledispatch``); what
is imported inside a function; a list, dict or object that is a default or captured; a module value computed at import
(``os.environ[...]``, ``Path(...)``, a compiled pattern); installed packages; files and settings that are read while it
runs. For these there are parameters, declared ``inputs`` and ``version=``.

A fingerprint never raises: what cannot be looked at counts as data.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial, partialmethod
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from flowweaver.bytecode import Reference, ShapedCode, encode_constant, hash_text, shape_of
from flowweaver.project import in_project, project_root
from flowweaver.records import CodePrint
from flowweaver.sources import source_of

__all__ = ["ALGORITHM", "Fingerprinter", "innermost", "version_print"]

ALGORITHM = f"1/{sys.version_info.major}.{sys.version_info.minor}"

_MISSING: Any = object()
_DATA = frozenset({list, dict, set, bytearray})
"""Types of values that are nobody's code, and no constants: most of what closures capture."""

_PLAIN = _DATA | {type(None), bool, int, float, str, bytes, tuple}
"""Types of values that are no functions."""

_WRAPPERS_DEEP = 32
_IMPORTS_DEEP = 8


def version_print(version: str) -> CodePrint:
    """Return the print of a task whose ``version`` stands for its code."""
    digest = hash_text(version)
    return CodePrint("version", digest, {"version": digest})


class Fingerprinter:
    """Fingerprints the functions of one workflow as they are now; what they share is looked at once."""

    def __init__(self) -> None:
        self._tracers: dict[object, _Tracer] = {}
        self._of_file: dict[str, _Tracer] = {}

    def of(self, func: Callable[..., Any]) -> CodePrint | None:
        """Return the print of a task's function, None if it cannot be known."""
        # Only what a person wrote is looked at, but it may do anything when looked at: a proxy, a broken __getattr__.
        try:
            return self._tracer(func).print_of(func)
        except (Exception, SystemExit):
            return None

    def _tracer(self, func: Callable[..., Any]) -> _Tracer:
        inner = func if type(func) is FunctionType and not hasattr(func, "__wrapped__") else innermost(func)
        if isinstance(inner, FunctionType):
            file = inner.__code__.co_filename
            if file.startswith("<"):
                return self._tracer_of(None, inner.__globals__)
            if file not in self._of_file:
                self._of_file[file] = self._tracer_of(project_root(file), inner.__globals__)
            return self._of_file[file]
        module = sys.modules.get(getattr(inner if isinstance(inner, type) else type(inner), "__module__", ""))
        origin = getattr(module, "__file__", None)
        # A module without a file is a notebook or a prompt, unless it was imported: then it is part of Python.
        written_here = module is not None and module.__spec__ is None
        return self._tracer_of(project_root(origin) if origin else None, vars(module) if written_here else {})

    def _tracer_of(self, root: str | None, namespace: dict[str, Any]) -> _Tracer:
        key = root if root is not None else id(namespace)
        if key not in self._tracers:
            self._tracers[key] = _Tracer(root, namespace)
        return self._tracers[key]


class _Part(NamedTuple):
    """One function, class or constant that counts.

    Attributes:
        label: the name a person knows it by.
        longer: the same with its module, for when two have one label.
        digest: hash of it alone.
        names: what it names, to be looked at next.
        keep: the object itself, so that its id stays its own.
    """

    label: str
    longer: str
    digest: str
    names: tuple[Any, ...]
    keep: Any


class _Constant(NamedTuple):
    name: str
    module: str
    digest: str


class _Tracer:
    """Follows names within one project.

    Args:
        root: the project's folder; None for code that is in no file (a notebook, a prompt): then its namespace is
            the project.
    """

    def __init__(self, root: str | None, namespace: dict[str, Any]) -> None:
        self._root = root
        self._namespace = namespace
        self._parts: dict[int, _Part] = {}
        self._shapes: dict[int, tuple[CodeType, ShapedCode]] = {}
        self._rebound: dict[int, frozenset[str]] = {}
        self._rests: dict[tuple[int, int], tuple[str, str, dict[str, str]]] = {}
        self._prints: dict[tuple[int, int, str], CodePrint] = {}
        self._hashes: dict[str, str] = {}
        self._ours: dict[str, bool] = {}
        self._resolved: dict[tuple[int, Reference], list[Any]] = {}

    # -- the print ---------------------------------------------------------------------------------------------------

    def print_of(self, func: Callable[..., Any]) -> CodePrint:
        if type(func) is FunctionType and not hasattr(func, "__wrapped__"):
            digest, units = self._own(func)
            if not units:
                return self._print_of_plain(func, digest)
        first, *others = self._reached(self._units_of_task(func))
        return CodePrint(ALGORITHM, first.digest + _digest_of(others), _labelled([first, *others]))

    def _print_of_plain(self, func: FunctionType, digest: str) -> CodePrint:
        """Many tasks may be closures over one function, which all reach the same: that is looked at once."""
        code, namespace = id(func.__code__), id(func.__globals__)
        found = self._prints.get((code, namespace, digest))
        if found is None:
            rest = self._rests.get((code, namespace))
            if rest is None:
                first, *others = self._reached([func])
                rest = (first.label, _digest_of(others), _labelled([first, *others]))
                self._rests[code, namespace] = rest
            label, others_digest, parts = rest
            found = CodePrint(ALGORITHM, digest + others_digest, {**parts, label: digest})
            self._prints[code, namespace, digest] = found
        return found

    def _units_of_task(self, func: Any) -> list[Any]:
        """Return the task's own function, innermost first: that is what a person calls the task's code."""
        units = list(self._units(func)) or list(self._units(func, own=True)) or [func]
        return units[::-1]

    def _reached(self, start: Sequence[Any]) -> Iterator[_Part]:
        """Yield the parts of some units and of all they name, depth first."""
        seen: set[object] = set()
        waiting = list(start)[::-1]
        while waiting:
            unit = waiting.pop()
            key = unit if isinstance(unit, _Constant) else id(unit)
            if key in seen:
                continue
            seen.add(key)
            part = self._part(unit)
            yield part
            waiting.extend(part.names[::-1])

    def _part(self, unit: Any) -> _Part:
        if isinstance(unit, _Constant):
            return _Part(unit.name, f"{unit.module}.{unit.name}", unit.digest, (), unit)
        part = self._parts.get(id(unit))
        if part is None:
            if isinstance(unit, FunctionType):
                part = self._function_part(unit)
            elif isinstance(unit, partial):
                part = _partial_part(unit)
            elif isinstance(unit, type) and self._is_ours(unit):
                part = self._class_part(unit)
            else:
                part = _opaque_part(unit)
            self._parts[id(unit)] = part
        return part

    # -- functions ---------------------------------------------------------------------------------------------------

    def _function_part(self, func: FunctionType) -> _Part:
        digest, extra = self._own(func)
        label = _label_of_code(func)
        names = [*extra]
        for reference in self._shape(func.__code__).references:
            names += self._resolve(reference, func.__globals__)
        return _Part(label, f"{func.__globals__.get('__name__', '')}.{label}", digest, tuple(names), func)

    def _own(self, func: FunctionType) -> tuple[str, list[Any]]:
        """Return the hash of a function with its defaults and captured constants, and the units among these."""
        code = func.__code__
        shape = self._shape(code)
        if func.__defaults__ is None and func.__kwdefaults__ is None and func.__closure__ is None:
            return shape.digest, []
        text = shape.digest
        units: list[Any] = []
        for value in func.__defaults__ or ():
            text += f"\n{self._value(value, units)}"
        if func.__kwdefaults__ is not None:
            for name, value in func.__kwdefaults__.items():
                text += f"\n{name}={self._value(value, units)}"
        if func.__closure__ is not None:
            rebound = self._rebound_in(code, shape)
            for name, cell in zip(code.co_freevars, func.__closure__, strict=True):
                try:
                    value = cell.cell_contents
                except ValueError:  # not assigned yet
                    continue
                encoded = self._value(value, units)
                text += f"\n{name}={'?' if name in rebound else encoded}"
        digest = self._hashes.get(text)
        if digest is None:
            digest = self._hashes[text] = hash_text(text)
        return digest, units

    def _value(self, value: Any, units: list[Any]) -> str:
        kind = type(value)
        if kind in _DATA:
            return "?"
        if kind is FunctionType and not hasattr(value, "__wrapped__"):
            units.extend(self._layer(value, own=False))
            return "?"
        text = encode_constant(value)
        if text is not None:
            return text
        units.extend(self._units(value))
        return "?"

    def _rebound_in(self, code: CodeType, shape: ShapedCode) -> frozenset[str]:
        """Return the captured variables that the function, or one beside it, assigns."""
        rebound = self._rebound.get(id(code))
        if rebound is None:
            outermost = code.co_qualname.partition(".")[0]
            beside = source_of(code.co_filename).nonlocals.get(outermost, set())
            rebound = self._rebound[id(code)] = shape.rebinds.union(beside)
        return rebound

    def _shape(self, code: CodeType) -> ShapedCode:
        # Looked up by id first: a code object hashes all it consists of each time it is asked.
        known = self._shapes.get(id(code))
        if known is None:
            known = self._shapes[id(code)] = (code, shape_of(code))
        return known[1]

    # -- classes -----------------------------------------------------------------------------------------------------

    def _class_part(self, cls: type) -> _Part:
        module = sys.modules.get(cls.__module__)
        namespace = self._namespace if module is None else vars(module)
        source = source_of(getattr(module, "__file__", None) or "").classes.get(cls.__qualname__)
        names: list[Any] = []
        if source is None:
            text = "\n".join(
                f"{name}={encoded}"
                for name, value in vars(cls).items()
                if not name.startswith("__") and (encoded := encode_constant(value)) is not None
            )
        else:
            text = source.text
            for reference in source.references:
                names += self._resolve(reference, namespace)
        for base in cls.__bases__:
            names += self._units(base)
        methods = []
        for name, value in vars(cls).items():
            units = list(self._units(value))
            if units:
                methods.append(name)
                names += units
        label = cls.__qualname__.rpartition("<locals>.")[2]
        digest = hash_text(f"{text}\n{' '.join(methods)}")
        return _Part(label, f"{cls.__module__}.{label}", digest, tuple(names), cls)

    # -- what a value is ---------------------------------------------------------------------------------------------

    def _units(self, value: Any, *, own: bool = False) -> Iterator[Any]:
        """Yield the project's functions and classes that a value stands for, outermost first.

        A task's ``own`` function counts wherever it comes from.
        """
        for _ in range(_WRAPPERS_DEEP):
            yield from self._layer(value, own=own)
            value = _inside(value)
            if value is None:
                break

    def _layer(self, value: Any, *, own: bool) -> Iterable[Any]:
        """Return what counts of a value itself, not of what it wraps."""
        if isinstance(value, FunctionType):
            # A wrapper from elsewhere: what it wraps may be ours although it does not say so.
            return [value] if own or self._is_ours(value) else self._captured(value)
        if isinstance(value, type):
            return [value] if self._is_ours(value) else []
        if isinstance(value, partial):
            return [value] if own or any(True for _ in self._units(value.func)) else []
        if isinstance(value, MethodType):
            return self._units(value.__self__ if isinstance(value.__self__, type) else type(value.__self__))
        if isinstance(value, property):
            return [unit for part in (value.fget, value.fset, value.fdel) for unit in self._units(part)]
        return self._units(type(value)) if own and _inside(value) is None else []

    def _captured(self, wrapper: FunctionType) -> Iterator[Any]:
        for cell in wrapper.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            if type(value) in _PLAIN:
                continue
            if isinstance(value, FunctionType | MethodType) and value is not wrapper and self._is_ours(value):
                yield from self._units(value)

    def _is_ours(self, thing: Any) -> bool:
        """Tell whether a function, method or class is of the project."""
        if isinstance(thing, MethodType):
            thing = thing.__func__
        if isinstance(thing, FunctionType):
            file: str | None = thing.__code__.co_filename
            namespace: Mapping[str, Any] | None = thing.__globals__
        else:
            module = sys.modules.get(getattr(thing, "__module__", None) or "")
            file = getattr(module, "__file__", None)
            namespace = None if module is None else vars(module)
            if module is None and getattr(thing, "__module__", None) == self._namespace.get("__name__"):
                namespace = self._namespace
        if self._root is None:
            return namespace is self._namespace
        if file is None:
            return False
        ours = self._ours.get(file)
        if ours is None:
            ours = self._ours[file] = not file.startswith("<") and in_project(file, self._root)
        return ours

    # -- names -------------------------------------------------------------------------------------------------------

    def _resolve(self, reference: Reference, namespace: dict[str, Any]) -> list[Any]:
        """Return the units and constants that a name, or a chain of attributes of modules, stands for."""
        key = (id(namespace), reference)
        found = self._resolved.get(key)
        if found is None:
            found = self._resolved[key] = list(self._looked_up(reference, namespace))
        return found

    def _looked_up(self, reference: Reference, namespace: Mapping[str, Any]) -> Iterator[Any]:
        name, *attributes = reference
        value = namespace.get(name, _MISSING)
        for attribute in attributes:
            if type(value) is not ModuleType:
                break
            namespace, name = vars(value), attribute
            value = namespace.get(name, _MISSING)
        if value is _MISSING or isinstance(value, ModuleType):
            return
        constant = self._constant(name, namespace, value, _IMPORTS_DEEP)
        if constant is not None:
            yield constant
        elif callable(value):
            yield from self._units(value)

    def _constant(self, name: str, namespace: Mapping[str, Any], value: Any, deep: int) -> _Constant | None:
        if callable(value):
            return None
        file = namespace.get("__file__")
        if not isinstance(file, str) or self._root is None or not in_project(file, self._root):
            return None
        source = source_of(file)
        literal = source.constant(name)
        if literal is not None:
            # The value of now is the truth where it cannot have been changed in place; the file may be newer.
            encoded = encode_constant(value)
            digest = literal if encoded is None else hash_text(encoded)
            return _Constant(name, str(namespace.get("__name__", "")), digest)
        if name not in source.imports or deep == 0:
            return None
        module, there, level = source.imports[name]
        if level:
            package = str(namespace.get("__package__") or "").rsplit(".", level - 1)[0]
            module = f"{package}.{module}" if module else package
        origin = sys.modules.get(module)
        return None if origin is None else self._constant(there, vars(origin), value, deep - 1)


def _inside(value: Any) -> Any:
    """Return what a value wraps, None if it wraps nothing."""
    if isinstance(value, FunctionType):
        return value.__dict__.get("__wrapped__")
    if isinstance(value, partial | cached_property | partialmethod):
        return value.func
    if isinstance(value, MethodType | staticmethod | classmethod):
        return value.__func__
    if isinstance(value, type | ModuleType) or not callable(value):
        return None
    return getattr(value, "__wrapped__", None)


def innermost(value: Any) -> Any:
    """Return the function within wrappers, partials and methods, as far as it can be seen."""
    for _ in range(_WRAPPERS_DEEP):
        inner = _inside(value)
        if inner is None:
            break
        value = inner
    return value


def _label_of_code(func: FunctionType) -> str:
    qualified = func.__code__.co_qualname
    if "__wrapped__" in func.__dict__ and ".<locals>" in qualified:
        qualified = qualified.partition(".<locals>")[0]  # a decorator's inner function is known by the decorator
    name = qualified.rpartition("<locals>.")[2]
    return "lambda" if name == "<lambda>" else f"{name}()"


def _partial_part(unit: partial[Any]) -> _Part:
    values = [*unit.args, *(value for _, value in sorted(unit.keywords.items()))]
    text = " ".join([str(len(unit.args)), *sorted(unit.keywords), *(encode_constant(v) or "?" for v in values)])
    name = getattr(innermost(unit), "__name__", "partial")
    return _Part(f"arguments of {name}()", f"arguments of {name}()", hash_text(text), (), unit)


def _opaque_part(unit: Any) -> _Part:
    """Stand for something without code that can be looked at (a builtin) by its name."""
    name = str(getattr(unit, "__qualname__", None) or type(unit).__qualname__)
    module = str(getattr(unit, "__module__", None) or "")
    return _Part(f"{name}()", f"{module}.{name}()", hash_text(f"{module}.{name}"), (), unit)


def _digest_of(parts: Iterable[_Part]) -> str:
    text = "\n".join(part.digest for part in parts)
    return hash_text(text) if text else ""


def _labelled(parts: Iterable[_Part]) -> dict[str, str]:
    labelled: dict[str, str] = {}
    for part in parts:
        label = part.label if part.label not in labelled else part.longer
        number = 2
        while label in labelled:
            label = f"{part.longer} {number}"
            number += 1
        labelled[label] = part.digest
    return labelled
