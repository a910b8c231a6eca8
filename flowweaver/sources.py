"""What only a module's source tells: which of its names are constants, and what a class's body says.

A module's namespace shows the values of now, not how they came to be; a counter that starts at 0 looks like a constant
until the first run. The source says which names are assigned once, at top level, from a literal.

A module whose source cannot be had, or does not parse, has no constants.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from flowweaver.bytecode import Reference, hash_text

__all__ = ["ClassSource", "ModuleSource", "source_of"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)


class ClassSource(NamedTuple):
    """A class's body without its functions: decorators, bases, and the statements between the methods.

    Attributes:
        text: it, independent of formatting, comments and docstrings.
        references: global names it uses.
    """

    text: str = ""
    references: tuple[Reference, ...] = ()


class ModuleSource:
    """What the source of one module tells.

    Attributes:
        imports: names bound once, by ``from module import name``: module, name there, level (number of dots).
        nonlocals: captured variables that some function assigns, by the top-level function or class they are in.
        classes: by qualified name.
    """

    def __init__(self) -> None:
        self.imports: dict[str, tuple[str, str, int]] = {}
        self.nonlocals: dict[str, set[str]] = {}
        self.classes: dict[str, ClassSource] = {}
        self._literals: dict[str, ast.expr] = {}
        self._digests: dict[str, str] = {}

    def constant(self, name: str) -> str | None:
        """Return the hash of a constant's literal, None if the name is not one."""
        if name not in self._literals:
            return None
        if name not in self._digests:
            self._digests[name] = hash_text(ast.dump(self._literals[name]))
        return self._digests[name]


def source_of(file: str) -> ModuleSource:
    """Return what a module's source file tells; read again only when the file changed."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return _UNKNOWN
    return _read(file, found.st_mtime_ns, found.st_size)


_UNKNOWN = ModuleSource()


@lru_cache(maxsize=512)
def _read(file: str, mtime_ns: int, size: int) -> ModuleSource:
    del mtime_ns, size  # they are there to tell one version of the file from the next
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
        return _analysed(tree)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return _UNKNOWN


def _analysed(tree: ast.Module) -> ModuleSource:
    bindings: dict[str, int] = {}
    for name in _bound_at_top_level(tree):
        bindings[name] = bindings.get(name, 0) + 1
    found = ModuleSource()
    for statement in tree.body:
        _note_rebinding(statement, found, bindings)
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                name = alias.asname or alias.name
                if bindings.get(name) == 1:
                    found.imports[name] = (statement.module or "", alias.name, statement.level)
        for name, value in _assignments(statement):
            if bindings.get(name) == 1 and _is_literal(value):
                found._literals[name] = value
    for qualified, node in _classes(tree, ""):
        earlier = found.classes.get(qualified, ClassSource())  # two of one name: which is meant is not known
        text, references = _class_text(node), tuple(_references(node))
        found.classes[qualified] = ClassSource(earlier.text + text, earlier.references + references)
    return found


def _bound_at_top_level(tree: ast.Module) -> Iterator[str]:
    """Yield each name as often as module-level code binds it; too often rather than too rarely."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        waiting.extend(ast.iter_child_nodes(node))


def _note_rebinding(statement: ast.stmt, found: ModuleSource, bindings: dict[str, int]) -> None:
    inside = getattr(statement, "name", "") if isinstance(statement, _SCOPES) else ""
    for node in ast.walk(statement):
        if isinstance(node, ast.Global):
            for name in node.names:
                bindings[name] = bindings.get(name, 0) + 2
        elif isinstance(node, ast.Nonlocal):
            found.nonlocals.setdefault(inside, set()).update(node.names)


def _assignments(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets: list[ast.expr] = [statement.target]
        value = statement.value
    elif isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    else:
        return
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, value
        elif (
            isinstance(target, ast.Tuple | ast.List)
            and isinstance(value, ast.Tuple | ast.List)
            and len(target.elts) == len(value.elts)
        ):
            for part, its_value in zip(target.elts, value.elts, strict=True):
                if isinstance(part, ast.Name):
                    yield part.id, its_value


def _is_literal(node: ast.expr | None) -> bool:
    """Tell whether an expression is made of literals and operators only: ``24 * 60``, ``{"a": [1, 2]}``."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(_is_literal(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(_is_literal(item) for item in (*node.keys, *node.values))
    if isinstance(node, ast.UnaryOp):
        return _is_literal(node.operand)
    return isinstance(node, ast.BinOp) and _is_literal(node.left) and _is_literal(node.right)


def _classes(node: ast.AST, path: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield path + child.name, child
            yield from _classes(child, f"{path}{child.name}.")
        elif isinstance(child, _FUNCTIONS):
            yield from _classes(child, f"{path}{child.name}.<locals>.")
        elif not isinstance(child, ast.expr):
            yield from _classes(child, path)


def _counted(node: ast.ClassDef) -> list[ast.AST]:
    """Return the parts of a class that its methods' code does not show."""
    parts: list[ast.AST] = [*node.decorator_list, *node.bases, *node.keywords]
    for statement in node.body:
        if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            parts += statement.decorator_list
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            parts.append(statement)
    return parts


def _class_text(node: ast.ClassDef) -> str:
    return "\n".join(ast.dump(part) for part in _counted(node))


def _references(node: ast.ClassDef) -> Iterator[Reference]:
    waiting = _counted(node)[::-1]
    while waiting:
        part = waiting.pop()
        chain: list[str] = []
        inner = part
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            yield (inner.id, *reversed(chain))
        else:
            waiting.extend(list(ast.iter_child_nodes(part))[::-1])
