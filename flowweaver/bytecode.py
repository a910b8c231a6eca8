"""What a code object does, as a hash that layout does not touch.

The compiler lets line numbers into the instructions: it keeps a NOP so that a debugger can stop there, and merges two
jumps only if they stand on one line. Hashing the instructions as they lie would make a task stale because a formatter
broke a line. So they are walked as they can be executed: unconditional jumps and NOPs vanish, a branch is written as
what follows if true and what follows if false, and every instruction gets the number of its place in that walk.

Not part of it: line numbers, the file, the names of the function and of its module, docstrings, and what is cached or
specialised inside the instructions while they run.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import CodeType
from typing import NamedTuple, cast

from flowweaver.hashing import blake2b

__all__ = ["Reference", "ShapedCode", "encode_constant", "hash_text", "shape_of"]

Reference = tuple[str, ...]
"""A name that code looks up globally, and the attributes it takes from it at once: ("helpers", "load")."""

_GOTO = frozenset({"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE"})
_ENDS = frozenset({"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "INTERPRETER_EXIT"})
_NOTHING = frozenset({"NOP", "CACHE", "EXTENDED_ARG"})
_NAMED_BY_THE_COMPILER = frozenset({"__doc__", "__qualname__", "__firstlineno__", "__static_attributes__"})
_HARMLESS = frozenset({"LOAD_FAST", "LOAD_FAST_BORROW", "STORE_FAST", "LOAD_CONST"})
"""They raise nothing, so it does not matter whether a handler covers them; that too depends on the lines."""
_LOOKUPS = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)
_CONSTANTS = frozenset(dis.hasconst)
_TESTS = {"TRUE": ("TRUE", True), "FALSE": ("TRUE", False), "NONE": ("NONE", True), "NOT_NONE": ("NONE", False)}
_PAIR = re.compile("((?:LOAD|STORE)_FAST(?:_BORROW)?)_((?:LOAD|STORE)_FAST(?:_BORROW)?)")
_HAS_LOCALS = 0x02  # a function; a class body has none
_COUNTED_FLAGS = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""*args, **kwargs, generator, coroutine, iterable coroutine, async generator."""


class ShapedCode(NamedTuple):
    """What one code object does, with the code nested in it.

    Attributes:
        digest: hash of it.
        references: global names that it and its nested code look up, in order, each once.
        rebinds: captured variables that it or its nested code assigns.
    """

    digest: str
    references: tuple[Reference, ...]
    rebinds: frozenset[str]


@lru_cache(maxsize=4096)
def shape_of(code: CodeType) -> ShapedCode:
    """Return what a code object does."""
    instructions = _instructions(code)
    references: dict[Reference, None] = dict.fromkeys(_references(instructions))
    rebinds = {
        str(value)
        for _, name, value, _ in instructions
        if name in ("STORE_DEREF", "DELETE_DEREF") and value in code.co_freevars
    }
    for nested in code.co_consts:
        if isinstance(nested, CodeType):
            inner = shape_of(nested)
            references.update(dict.fromkeys(inner.references))
            rebinds |= inner.rebinds & frozenset(code.co_freevars)
    return ShapedCode(hash_text("\n".join(_lines(code, instructions))), tuple(references), frozenset(rebinds))


def hash_text(text: str) -> str:
    """Return the hash that fingerprints are made of: 128 bits as hex."""
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def encode_constant(value: object) -> str | None:
    """Return text that tells a constant from every other by value and type, None if it is not a constant.

    Constants are None, bool, int, float, complex, str, bytes, ``...``, tuples and frozensets of constants, and code.
    """
    kind = type(value)
    if kind is int:
        return f"i{value:x}"  # repr refuses very long ones
    if kind in (str, bytes, float, complex):
        return f"{kind.__name__[0]}{value!a}"
    if isinstance(value, CodeType):
        return f"code {shape_of(value).digest}"
    if isinstance(value, tuple | frozenset) and kind in (tuple, frozenset):
        parts = [part for item in value if (part := encode_constant(item)) is not None]
        if len(parts) < len(value):
            return None
        # A frozenset has another order in each process.
        return f"({','.join(parts)})" if kind is tuple else f"{{{','.join(sorted(parts))}}}"
    return repr(value) if value is None or value is True or value is False or value is ... else None


class _Instruction(NamedTuple):
    offset: int
    name: str
    argument: object
    jumps: bool


def _instructions(code: CodeType) -> list[_Instruction]:
    """Return the instructions, without what only describes a class body to tools."""
    found = [one for instruction in dis.get_instructions(code) for one in _simplified(instruction)]
    if code.co_flags & _HAS_LOCALS:
        return found
    drop = set()
    for i, instruction in enumerate(found):
        if instruction.name == "STORE_NAME" and instruction.argument in _NAMED_BY_THE_COMPILER:
            before = i - 1
            while before > 0 and found[before].name in _NOTHING:
                before -= 1
            drop |= {before, i}
    return [instruction for i, instruction in enumerate(found) if i not in drop]


def _simplified(instruction: dis.Instruction) -> Iterator[_Instruction]:
    name, value, offset = instruction.opname, instruction.argval, instruction.offset
    if instruction.opcode in _JUMPS:
        yield _Instruction(offset, name, value, True)
    elif instruction.opcode in _CONSTANTS:
        yield _Instruction(offset, name, encode_constant(value), False)
    elif isinstance(value, str):
        yield _Instruction(offset, name, value, False)
    elif isinstance(value, tuple) and (pair := _PAIR.fullmatch(name)):
        # Two loads or stores are made one instruction only if they stand on one line.
        for part, variable in zip(pair.groups(), value, strict=True):
            yield _Instruction(offset, part, variable, False)
    else:
        yield _Instruction(offset, name, instruction.arg, False)


def _references(instructions: Iterable[_Instruction]) -> Iterator[Reference]:
    chain: list[str] = []
    for _, name, value, _ in instructions:
        if name in _NOTHING or name == "PUSH_NULL":
            continue
        if chain and name in _ATTRIBUTES:
            chain.append(str(value))
            continue
        if chain:
            yield tuple(chain)
        chain = [str(value)] if name in _LOOKUPS else []
    if chain:
        yield tuple(chain)


def _lines(code: CodeType, instructions: list[_Instruction]) -> Iterator[str]:
    """Yield one line for the signature and one for each instruction that can be reached."""
    arguments = code.co_argcount + code.co_kwonlyargcount
    arguments += sum(1 for flag in (0x04, 0x08) if code.co_flags & flag)
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    yield f"{counts} {code.co_varnames[:arguments]} {code.co_flags & _COUNTED_FLAGS}"
    graph = _Graph(code, instructions)
    order, number = graph.walk()
    for place, i in enumerate(order):
        follows = [number[j] for j in graph.successors[i]]
        if follows == [place + 1]:
            follows = []
        handler = graph.handler_of(i)
        handled = "" if handler is None else f" ^{number[handler[0]]},{handler[1]},{handler[2]}"
        yield f"{graph.text(i)} {follows or ''}{handled}"


class _Graph:
    """The instructions of one code object, each with those that may follow it."""

    def __init__(self, code: CodeType, instructions: list[_Instruction]) -> None:
        self._instructions = instructions
        self._at: dict[int, int] = {}
        index = len(instructions)
        # A jump may aim at a prefix of an instruction, or at one that was dropped: it then reaches the next one.
        for i in range(len(instructions) - 1, -1, -1):
            if instructions[i].name not in _NOTHING:
                index = i
            self._at[instructions[i].offset] = index
        self._handlers = list(_exception_table(code.co_exceptiontable))
        self.successors: dict[int, list[int]] = {}

    def _landing(self, offset: int) -> int | None:
        """Return the instruction that is executed when the one at an offset is jumped to."""
        seen = set()
        while offset not in seen:
            seen.add(offset)
            index = self._at.get(offset)
            if index is None or index >= len(self._instructions):
                return None
            instruction = self._instructions[index]
            if instruction.name not in _GOTO:
                return index
            offset = cast(int, instruction.argument)
        return None  # jumps that go round in an empty circle

    def _next(self, index: int) -> int | None:
        index += 1
        while index < len(self._instructions) and self._instructions[index].name in _NOTHING:
            index += 1
        if index >= len(self._instructions):
            return None
        following = self._instructions[index]
        return index if following.name not in _GOTO else self._landing(cast(int, following.argument))

    def handler_of(self, index: int) -> tuple[int, int, bool] | None:
        """Return where an exception raised here goes: instruction, stack depth, whether it keeps its place."""
        if not self._handlers or self._instructions[index].name in _HARMLESS:
            return None
        offset = self._instructions[index].offset
        for start, end, target, depth, lasti in self._handlers:
            if start <= offset < end:
                landing = self._landing(target)
                return None if landing is None else (landing, depth, lasti)
        return None

    def walk(self) -> tuple[list[int], dict[int, int]]:
        """Return the reachable instructions in a canonical order, and the place of each in it."""
        order: list[int] = []
        number: dict[int, int] = {}
        start = self._landing(self._instructions[0].offset) if self._instructions else None
        waiting = [] if start is None else [start]
        while waiting:
            index: int | None = waiting.pop()
            while index is not None and index not in number:
                number[index] = len(order)
                order.append(index)
                follows = self._follow(index)
                self.successors[index] = follows
                handler = self.handler_of(index)
                if handler is not None and handler[0] not in number:
                    waiting.append(handler[0])
                waiting += reversed(follows[1:])
                index = follows[0] if follows else None
        return order, number

    def _follow(self, index: int) -> list[int]:
        _, name, target, jumps = self._instructions[index]
        if name in _ENDS:
            return []
        follows = [self._next(index)]
        if jumps:
            follows.append(self._landing(cast(int, target)))
            branch = _branch(name)
            if branch is not None and branch[1]:
                follows.reverse()
        return [i for i in follows if i is not None]

    def text(self, index: int) -> str:
        """Return the instruction, without where it jumps."""
        _, name, argument, jumps = self._instructions[index]
        if jumps:
            branch = _branch(name)
            return name if branch is None else f"BRANCH {branch[0]}"
        return name if argument is None else f"{name} {argument}"


def _branch(name: str) -> tuple[str, bool] | None:
    """Return what a POP_JUMP tests, and whether it jumps where the test holds."""
    test = name.partition("_IF_")[2] if name.startswith("POP_JUMP_") else ""
    return _TESTS.get(test)


def _exception_table(table: bytes) -> Iterator[tuple[int, int, int, int, bool]]:
    """Yield start, end, target (byte offsets), stack depth and whether the place is kept, innermost range first.

    Each entry is four numbers in groups of six bits, the most significant first; bit 6 says that another group
    follows, bit 7 marks the first byte of an entry.
    """
    data = iter(table)

    def number(byte: int) -> int:
        value = byte & 63
        while byte & 64:
            byte = next(data)
            value = value << 6 | byte & 63
        return value

    for first in data:
        start = number(first) * 2
        length = number(next(data)) * 2
        target = number(next(data)) * 2
        depth = number(next(data))
        yield start, start + length, target, depth >> 1, bool(depth & 1)
