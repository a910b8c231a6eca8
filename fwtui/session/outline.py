"""What a workflow file says of its workflows before it is run: read from its text, for nothing is imported here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Outline", "outline_of"]

_CLASS = "Workflow"
_BUILDER = "build_workflow"
_LIBRARY = b"flowweaver"


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be read from a file's text.

    Attributes:
        names: names of the workflows that it makes at its top level with a name that stands there, in order.
        makes: it may have a workflow at all.
        parsed: its text is Python.
    """

    names: tuple[str, ...] = ()
    makes: bool = False
    parsed: bool = True


def outline_of(source: bytes) -> Outline:
    """Return the outline of a file; one that is no Python, but names the library, may have a workflow."""
    if _LIBRARY not in source:
        return Outline()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Outline(makes=_CLASS.encode() in source, parsed=False)
    called = _names_of_the_class(tree)
    named: dict[str, str] = {}
    for target, call in _top_level_calls(tree, called):
        name = _name_given(call)
        if name is not None:
            named[target] = name  # a variable that is bound again has only its last workflow
    makes = any(_makes(node, called) for node in ast.walk(tree))
    return Outline(tuple(dict.fromkeys(named.values())), makes)


def _names_of_the_class(tree: ast.Module) -> frozenset[str]:
    """Return what the class is called here: its own name, and those that it was imported under."""
    names = {_CLASS}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == _LIBRARY.decode():
            names |= {alias.asname or alias.name for alias in node.names if alias.name == _CLASS}
    return frozenset(names)


def _is_class(node: ast.expr, called: frozenset[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in called
    return isinstance(node, ast.Attribute) and node.attr == _CLASS


def _makes(node: ast.AST, called: frozenset[str]) -> bool:
    """Tell whether a part of the file makes a workflow, or takes one from another module by its usual name."""
    if isinstance(node, ast.Call):
        return _is_class(node.func, called)
    if isinstance(node, ast.FunctionDef):
        return node.name == _BUILDER
    if isinstance(node, ast.ClassDef):
        return any(_is_class(base, called) for base in node.bases)
    return isinstance(node, ast.ImportFrom) and any(alias.name in ("workflow", _BUILDER) for alias in node.names)


def _top_level_calls(tree: ast.Module, called: frozenset[str]) -> Iterator[tuple[str, ast.Call]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if isinstance(value, ast.Call) and _is_class(value.func, called):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value


def _name_given(call: ast.Call) -> str | None:
    given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "name")]
    first = given[0] if given else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
