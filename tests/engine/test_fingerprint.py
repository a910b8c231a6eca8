"""A fingerprint changes when the code a task would run changes, and at no other edit."""

from __future__ import annotations

import ast
import functools
import importlib.util
import itertools
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver.bytecode import encode_constant, shape_of
from flowweaver.changes import code_change
from flowweaver.fingerprint import ALGORITHM, Fingerprinter, version_print
from flowweaver.records import CodePrint

_names = itertools.count()


class Project:
    """A folder of modules that can be edited and imported anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imported: list[str] = []
        (folder / "pyproject.toml").touch()

    def load(self, source: str, name: str | None = None, file: str | None = None) -> ModuleType:
        name = name or f"edited_{next(_names)}"
        path = self.folder / (file or f"{name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        self.imported.append(name)
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)
        return module

    def print_of(self, source: str, func: str = "work") -> CodePrint:
        """Load a module and return the print of one of its functions."""
        found = Fingerprinter().of(getattr(self.load(source), func))
        assert found is not None
        return found

    def change(self, before: str, after: str, func: str = "work") -> str | None:
        """Return what an edit changed, as a person reads it."""
        first, second = self.print_of(before, func), self.print_of(after, func)
        return code_change(first, second)


@pytest.fixture
def project(tmp_path: Path):
    made = Project(tmp_path)
    yield made
    for name in made.imported:
        sys.modules.pop(name, None)


BASE = """
    RATE = 3

    def helper(row):
        '''Help.'''
        return row + RATE

    def work(rows, limit=10):
        '''Work.'''
        total = 0
        for row in rows:
            if row > limit: continue
            try:
                total += helper(row)
            except ValueError:
                total -= 1
        return total
    """


def edited(*replacements: tuple[str, str]) -> str:
    source = BASE
    for old, new in replacements:
        assert old in source
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize(
    "edit",
    [
        [("RATE = 3", "# a comment\n\n\n    RATE = 3")],
        [("'''Help.'''", "'''Helps with one row, and says so at length.'''"), ("'''Work.'''", "# no docstring")],
        [("if row > limit: continue", "if row > limit:\n                continue")],
        [("if row > limit: continue", "if (\n                row > limit\n            ): continue  # too large")],
        [("return row + RATE", "return (\n            row\n            + RATE\n        )")],
        [("total = 0\n", "total = 0\n        pass\n")],
        [("def work(rows, limit=10)", "def work(rows: list, limit: int = 10) -> int")],
        [("RATE = 3", "import os\n    RATE = 3")],
        [("RATE = 3", "OTHER = 4\n    RATE = 3\n    def unused(): return OTHER")],
        [("RATE = 3", "RATE: int = (\n        3\n    )")],
    ],
    ids=[
        "lines",
        "docstrings",
        "split-if",
        "brackets",
        "break",
        "pass",
        "hints",
        "import",
        "unused",
        "constant-layout",
    ],
)
def test_an_edit_that_changes_nothing_is_no_change(project: Project, edit: list[tuple[str, str]]) -> None:
    assert project.change(BASE, edited(*edit)) is None


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ([("row > limit", "row >= limit")], "work() changed"),
        ([("total -= 1", "total -= 2")], "work() changed"),
        ([("ValueError", "KeyError")], "work() changed"),
        ([("limit=10", "limit=11")], "work() changed"),
        ([("row + RATE", "row * RATE")], "helper() changed"),
        ([("RATE = 3", "RATE = 4")], "RATE changed"),
        ([("RATE = 3", "RATE = 3.0")], "RATE changed"),
        ([("RATE = 3", "RATE = True")], "RATE changed"),
        ([("row + RATE", "row - RATE"), ("RATE = 3", "RATE = 5")], "helper() and RATE changed"),
        ([("total += helper(row)", "total += helper(row=row)")], "work() changed"),
    ],
)
def test_an_edit_that_changes_what_runs_is_named(project: Project, edit: list[tuple[str, str]], says: str) -> None:
    assert project.change(BASE, edited(*edit)) == says


def test_the_tasks_own_function_is_named_first(project: Project) -> None:
    found = project.print_of(BASE)
    assert list(found.parts) == ["work()", "helper()", "RATE"]
    assert found.algorithm == ALGORITHM


def test_two_imports_of_one_file_are_equal(project: Project) -> None:
    assert project.print_of(BASE) == project.print_of(BASE)


def test_an_attribute_and_a_global_name_count(project: Project) -> None:
    source = "import json\ndef work(text):\n    return json.loads(text).items()\n"
    assert project.change(source, source.replace("items", "keys")) == "work() changed"
    assert project.change(source, source.replace("json.loads", "json.dumps")) == "work() changed"
    assert project.change(source, source.replace("json", "pickle")) == "work() changed"


def test_the_place_of_a_lambda_does_not_count(project: Project) -> None:
    before = "def work(rows):\n    key = lambda row: row[0]\n    return sorted(rows, key=key)\n"
    moved = "def outer():\n    pass\n\n\ndef work(rows):\n    key = (\n        lambda row: row[0]\n    )\n    return sorted(rows, key=key)\n"
    assert project.change(before, moved) is None
    assert project.change(before, before.replace("row[0]", "row[1]")) == "work() changed"


def test_a_function_in_another_file_is_followed_by_name_and_by_module(project: Project) -> None:
    source = "def load(x):\n    return {}\n"
    for text in (
        "from shared_one import load\ndef work(): return load(1)",
        "import shared_one as s\ndef work(): return s.load(1)",
    ):
        project.load(source.format("x"), "shared_one")
        before = project.print_of(text)
        project.load(source.format("x + 1"), "shared_one")
        assert code_change(before, project.print_of(text)) == "load() changed"


def test_a_constant_of_another_module_counts(project: Project) -> None:
    for text in (
        "from shared_two import RATE\ndef work(): return RATE",
        "from shared_two import RATE as R\ndef work(): return R",
        "import shared_two\ndef work(): return shared_two.RATE",
    ):
        project.load("RATE = 1\n", "shared_two")
        before = project.print_of(text)
        project.load("# moved\nRATE = 2\n", "shared_two")
        assert code_change(before, project.print_of(text)) == "RATE changed"


def test_two_helpers_of_one_name_are_told_apart(project: Project) -> None:
    project.load("def load(): return 1\n", "first_loader")
    project.load("def load(): return 2\n", "second_loader")
    text = "import first_loader, second_loader\ndef work(): return first_loader.load() + second_loader.load()\n"
    before = project.print_of(text)
    assert list(before.parts) == ["work()", "load()", "second_loader.load()"]
    project.load("def load(): return 3\n", "second_loader")
    assert code_change(before, project.print_of(text)) == "second_loader.load() changed"


def test_functions_that_call_each_other_end(project: Project) -> None:
    source = """
        def even(n): return n == 0 or odd(n - 1)
        def odd(n): return n != 0 and even(n - 1)
        def work(n): return work(n - 1) if n else even(n)
        """
    assert list(project.print_of(source).parts) == ["work()", "even()", "odd()"]
    assert project.change(source, source.replace("n != 0", "n != 1")) == "odd() changed"


DECORATED = """
    import functools
    TRIES = 2
    def timed(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            for _ in range(TRIES):
                return func(*args, **kwargs)
        return wrapper
    def plain(func):
        def wrapper(*args):
            return func(*args)
        return wrapper
    @timed
    def work(x): return x + 1
    @plain
    def bare(x): return x + 2
    """


def test_a_decorated_function_is_its_own_and_its_decorators_code(project: Project) -> None:
    assert list(project.print_of(DECORATED).parts) == ["work()", "timed()", "TRIES"]
    assert project.change(DECORATED, DECORATED.replace("x + 1", "x + 3")) == "work() changed"
    assert project.change(DECORATED, DECORATED.replace("range(TRIES)", "reversed(range(TRIES))")) == "timed() changed"
    assert project.change(DECORATED, DECORATED.replace("TRIES = 2", "TRIES = 5")) == "TRIES changed"


def test_a_wrapper_that_does_not_say_so_is_seen_through(project: Project) -> None:
    assert project.change(DECORATED, DECORATED.replace("x + 2", "x + 3"), "bare") == "bare() changed"


def test_a_wrapper_from_elsewhere_does_not_hide_what_it_wraps(project: Project) -> None:
    source = "import functools\n@functools.lru_cache\ndef helper(x): return x + 1\n@functools.lru_cache\ndef work(x): return helper(x)\n"
    assert list(project.print_of(source).parts) == ["work()", "helper()"]
    assert project.change(source, source.replace("x + 1", "x + 2")) == "helper() changed"


def test_our_own_decorator_leaves_the_function_itself(project: Project) -> None:
    marked = "from flowweaver.task import task\n@task(retries=3)\ndef work(x): return x\n"
    assert project.change("def work(x): return x\n", marked) is None
    assert project.change(marked, marked.replace("retries=3", "retries=4")) is None


def test_partial_counts_its_function_and_its_arguments(project: Project) -> None:
    source = "import functools\ndef helper(x, y): return x + y\nwork = functools.partial(helper, 1, y=2)\n"
    assert list(project.print_of(source).parts) == ["helper()", "arguments of helper()"]
    assert project.change(source, source.replace("x + y", "x - y")) == "helper() changed"
    assert project.change(source, source.replace("helper, 1", "helper, 5")) == "arguments of helper() changed"
    assert project.change(source, source.replace("y=2", "y=3")) == "arguments of helper() changed"


CLASS = """
    class Base:
        def shared(self): return 0
    class Parser(Base):
        '''Parses.'''
        delimiter = ","
        width: int = 4
        def parse(self, text):
            '''Parse.'''
            return text.split(self.delimiter)
        @staticmethod
        def clean(text): return text.strip()
        @property
        def size(self): return self.width
    def work(text): return Parser().parse(text)
    tool = Parser()
    bound = Parser().parse
    """


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("text.split", "text.rsplit", "Parser.parse() changed"),
        ("text.strip()", "text.lstrip()", "Parser.clean() changed"),
        ("return self.width", "return 1", "Parser.size() changed"),
        ('","', '";"', "Parser changed"),
        ("Parser(Base)", "Parser(Base, object)", "Parser changed"),
        ("return 0", "return 1", "Base.shared() changed"),
        ("@staticmethod", "@classmethod", "Parser changed"),
        ("'''Parses.'''", "# parses", None),
        ("'''Parse.'''", "'''Parse a line.'''", None),
        ("width: int = 4", "width: int = (\n            4\n        )", None),
    ],
)
def test_a_class_of_the_project_counts_with_all_its_methods(
    project: Project, old: str, new: str, says: str | None
) -> None:
    assert project.change(CLASS, CLASS.replace(old, new)) == says


def test_a_bound_method_counts_its_class(project: Project) -> None:
    assert list(project.print_of(CLASS, "bound").parts)[:2] == ["Parser.parse()", "Parser"]
    assert project.change(CLASS, CLASS.replace("text.split", "text.rsplit"), "bound") == "Parser.parse() changed"


def test_a_class_attribute_that_runs_change_does_not_count(project: Project) -> None:
    module = project.load("class Counter:\n    seen = 0\ndef work(): Counter.seen += 1; return Counter.seen\n")
    before = Fingerprinter().of(module.work)
    module.work()
    assert Fingerprinter().of(module.work) == before


def test_a_dataclass_counts_its_fields(project: Project) -> None:
    source = "from dataclasses import dataclass\n@dataclass\nclass Row:\n    x: int = 1\ndef work(): return Row()\n"
    assert project.change(source, source.replace("x: int = 1", "x: int = 2")) == "Row changed"
    assert project.change(source, source.replace("@dataclass\n", "@dataclass(frozen=True)\n")) == "Row changed"


def test_an_enum_counts_its_members(project: Project) -> None:
    source = "import enum\nclass Mode(enum.Enum):\n    FAST = 1\n    SLOW = 2\ndef work(): return Mode.FAST\n"
    assert project.change(source, source.replace("FAST = 1", "FAST = 3")) == "Mode changed"


def test_a_function_named_in_a_class_body_is_followed(project: Project) -> None:
    source = "from dataclasses import dataclass, field\ndef fresh(): return [1]\n@dataclass\nclass Row:\n    x: list = field(default_factory=fresh)\ndef work(): return Row()\n"
    assert project.change(source, source.replace("[1]", "[2]")) == "fresh() changed"


@pytest.mark.parametrize(
    "definition",
    [
        "RATE = 24 * 60",
        "RATE = {'a': [1, 2]}",
        "RATE = (1, 'x', None)",
        "RATE = -1",
        "A, RATE = 1, 24",
        "A = RATE = 24",
        "RATE: 'int' = 24",
    ],
)
def test_a_constant_is_what_is_assigned_once_from_a_literal(project: Project, definition: str) -> None:
    source = definition + "\ndef work(): return RATE\n"
    assert "RATE" in project.print_of(source).parts
    changed = source.replace("24", "25").replace("'a'", "'b'").replace("'x'", "'y'").replace("-1", "-2")
    assert project.change(source, changed) == "RATE changed"


@pytest.mark.parametrize(
    "definition",
    [
        "RATE = 1\nRATE = 2",
        "RATE = 1\nRATE += 1",
        "RATE = len('abc')",
        "RATE = 1\ndef reset():\n    global RATE\n    RATE = 2",
        "if True:\n    RATE = 1",
        "for RATE in range(3): pass",
        "import os\nRATE = os.getpid()",
        "try:\n    RATE = 1\nexcept ValueError:\n    RATE = 2",
        "RATE = [f'{1}']",
    ],
)
def test_what_is_not_a_constant_is_data(project: Project, definition: str) -> None:
    found = project.print_of(definition + "\ndef work(): return RATE\n")
    assert list(found.parts) == ["work()"]


def test_a_literal_that_is_filled_at_run_time_counts_as_it_is_written(project: Project) -> None:
    module = project.load("CACHE = {}\ndef work(key): CACHE[key] = 1\n")
    before = Fingerprinter().of(module.work)
    module.work("a")
    assert Fingerprinter().of(module.work) == before


def test_a_value_given_to_a_constant_from_outside_counts(project: Project) -> None:
    module = project.load("RATE = 1\ndef work(): return RATE\n")
    before = Fingerprinter().of(module.work)
    module.RATE = 2
    assert code_change(before, Fingerprinter().of(module.work)) == "RATE changed"


def test_captured_constants_count_unless_a_function_assigns_them(project: Project) -> None:
    source = """
        def make(n, unit):
            def inner(): return n, unit
            return inner
        work = make(3, "km")
        """
    assert project.change(source, source.replace("make(3", "make(4")) == "inner() changed"
    counting = """
        def make(n):
            def bump():
                nonlocal n
                n += 1
            def inner():
                bump()
                return n
            return inner
        work = make(3)
        """
    assert project.change(counting, counting.replace("make(3", "make(4")) is None
    assert project.change(counting, counting.replace("n += 1", "n += 2")) == "bump() changed"


def test_captured_and_default_functions_are_followed(project: Project) -> None:
    source = """
        def double(x): return x * 2
        def make(func):
            def inner(x): return func(x)
            return inner
        work = make(double)
        def other(x, func=double): return func(x)
        """
    assert project.change(source, source.replace("x * 2", "x * 3")) == "double() changed"
    assert project.change(source, source.replace("x * 2", "x * 3"), "other") == "double() changed"


def test_defaults_that_are_not_constants_are_data(project: Project) -> None:
    source = "def work(rows=[1], *, options={'a': 1}): return rows, options\n"
    assert project.change(source, source.replace("[1]", "[2]").replace("'a'", "'b'")) is None


def test_many_closures_over_one_function_have_their_own_prints(project: Project) -> None:
    module = project.load(
        "def helper(x): return x\ndef make(n):\n    def inner(): return helper(n)\n    return inner\n"
    )
    printer = Fingerprinter()
    prints = [printer.of(module.make(n)) for n in (1, 2, 1, 1.0, True)]
    assert prints[0] == prints[2]
    assert len({found.digest for found in prints if found}) == 4
    assert all(found is not None and list(found.parts) == ["inner()", "helper()"] for found in prints)
    alone = [Fingerprinter().of(module.make(n)) for n in (1, 2, 1, 1.0, True)]
    assert alone == prints


def test_what_is_installed_does_not_count(project: Project) -> None:
    for folder in ("lib/site-packages", "env/lib"):
        (project.folder / "env").mkdir(exist_ok=True)
        (project.folder / "env" / "pyvenv.cfg").touch()
        project.load("RATE = 1\ndef tool(): return 1\n", "installed_tool", f"{folder}/installed_tool.py")
        text = (
            "import installed_tool\nfrom installed_tool import tool\ndef work(): return tool() + installed_tool.RATE\n"
        )
        before = project.print_of(text)
        assert list(before.parts) == ["work()"]
        project.load("RATE = 2\ndef tool(): return 2\n", "installed_tool", f"{folder}/installed_tool.py")
        assert code_change(before, project.print_of(text)) is None


def test_a_library_function_as_a_task_is_its_own_code() -> None:
    found, again = Fingerprinter().of(textwrap.dedent), Fingerprinter().of(textwrap.indent)
    assert found is not None
    assert list(found.parts) == ["dedent()"]
    assert code_change(found, again) is not None


def test_what_has_no_code_is_known_by_its_name() -> None:
    first, second = Fingerprinter().of(len), Fingerprinter().of(sum)
    assert first is not None
    assert second is not None
    assert first == Fingerprinter().of(len)
    assert first.digest != second.digest


def test_a_callable_object_is_its_class(project: Project) -> None:
    source = "class Job:\n    def __call__(self): return 1\nwork = Job()\n"
    assert project.change(source, source.replace("return 1", "return 2")) == "Job.__call__() changed"


def test_code_without_a_file_is_followed_in_its_namespace() -> None:
    def load(text: str) -> CodePrint:
        namespace: dict[str, Callable[..., object]] = {}
        exec(text, namespace)
        found = Fingerprinter().of(namespace["work"])
        assert found is not None
        return found

    text = "def helper(x): return x + 1\ndef work(x): return helper(x)\n"
    assert code_change(load(text), load("\n\n" + text)) is None
    assert code_change(load(text), load(text.replace("x + 1", "x + 2"))) == "helper() changed"


class _Hostile:
    def __call__(self) -> None: ...

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


class _Endless:
    def __call__(self) -> None: ...

    @property
    def __wrapped__(self) -> _Endless:
        return _Endless()


def test_nothing_that_can_be_called_makes_it_raise() -> None:
    for func in (_Hostile(), _Endless(), functools.partial(_Endless()), type, print, object().__str__):
        Fingerprinter().of(func)


def test_a_function_that_wraps_itself_ends() -> None:
    def work() -> None: ...

    work.__wrapped__ = work  # type: ignore[attr-defined]
    assert Fingerprinter().of(work) is not None


def test_a_missing_or_broken_source_means_no_constants(project: Project) -> None:
    module = project.load("RATE = 1\ndef work(): return RATE\n")
    file = Path(module.__file__ or "")
    file.write_text("RATE = = 1\n")
    assert list(Fingerprinter().of(module.work).parts) == ["work()"]  # type: ignore[union-attr]
    file.unlink()
    assert list(Fingerprinter().of(module.work).parts) == ["work()"]  # type: ignore[union-attr]


def test_a_version_stands_for_the_code() -> None:
    assert code_change(version_print("1"), version_print("2")) == "version changed"
    assert code_change(version_print("1"), version_print("1")) is None
    assert code_change(CodePrint(ALGORITHM, "x"), version_print("1")) is None


def test_it_is_the_same_in_every_process_and_however_the_file_is_started(project: Project) -> None:
    """Sets of text have another order in each process; what is hashed must not. Nor does ``__main__`` count."""
    source = """
        RATE = {"a": 1}
        class Row:
            names = {"a", "b", "c", "d"}
            def first(self): return sorted(self.names)[0]
        def work(x): return x in {"a", "b", "c", "d", "e"} or x in {1, 2} or Row().first() in RATE
        if __name__ == "__main__":
            from flowweaver.fingerprint import Fingerprinter
            print(Fingerprinter().of(work).digest)
        """
    expected = project.print_of(source)
    assert list(expected.parts) == ["work()", "Row", "Row.first()", "RATE"]
    file = project.folder / "alone.py"
    file.write_text(textwrap.dedent(source))
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, str(file)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(p or "." for p in sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected.digest


# -- properties: over the real code of the standard library ----------------------------------------------------------------

_SOURCES = [
    Path(module.__file__ or "")
    for module in (textwrap, functools, ast, itertools, subprocess)
    if hasattr(module, "__file__")
]


def _functions(source: str) -> list[CodeType]:
    def nested(code: CodeType) -> list[CodeType]:
        inner = [const for const in code.co_consts if isinstance(const, CodeType)]
        return [*inner, *(deep for one in inner for deep in nested(one))]

    return nested(compile(source, "<text>", "exec", dont_inherit=True))


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: path.stem)
def test_another_layout_of_the_same_code_is_the_same(path: Path) -> None:
    """A formatter breaks and joins lines; the compiler lets lines into its instructions, the hash does not."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    before = _functions(source)
    after = _functions(ast.unparse(tree))
    assert len(before) == len(after) > 5
    assert [shape_of(code).digest for code in before] == [shape_of(code).digest for code in after]


_TEXTWRAP = Path(textwrap.__file__).read_text(encoding="utf-8").splitlines()
_TEXTWRAP_DIGESTS = [shape_of(code).digest for code in _functions("\n".join(_TEXTWRAP))]
_BETWEEN = [node.lineno - 1 for node in ast.parse("\n".join(_TEXTWRAP)).body if not isinstance(node, ast.Expr)]


@given(
    st.lists(st.tuples(st.sampled_from(_BETWEEN), st.sampled_from(["", "# a comment", "\x0c", "#" * 200])), max_size=20)
)
def test_lines_and_comments_put_between_statements_never_change_it(inserted: list[tuple[int, str]]) -> None:
    lines = list(_TEXTWRAP)
    for at, text in sorted(inserted, reverse=True):
        lines.insert(at, text)
    assert [shape_of(code).digest for code in _functions("\n".join(lines))] == _TEXTWRAP_DIGESTS


_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.In: ast.NotIn,
    ast.Is: ast.IsNot,
}
_MUTABLE = """
def work(rows, limit, *rest, flag, **options):
    total, seen = 0, {"a": 1, "b": (2, 3)}
    with open("x") as file, open("y"):
        for row in rows:
            while total < limit and row.value + 1 > 2:
                try:
                    total += sum(x for x in row if x in (1, 2) and x is not None)
                    if row.done or not flag:
                        break
                except (ValueError, OSError) as error:
                    raise RuntimeError("bad") from error
                else:
                    yield total - 1, [y.name for y in rest]
                finally:
                    file.close()
    return lambda z: z == seen["b"][1]
"""


class _Mutation(ast.NodeTransformer):
    """Change the n-th thing that can be changed."""

    def __init__(self, n: int) -> None:
        self.left = n
        self.did: str | None = None

    def _turn(self) -> bool:
        self.left -= 1
        return self.left == -1

    def generic_visit(self, node: ast.AST) -> ast.AST:
        kind = type(node)
        if isinstance(node, ast.Constant) and self._turn():
            self.did = f"constant {node.value!r}"
            return ast.copy_location(ast.Constant("another"), node)
        if kind in _OPERATORS and self._turn():
            self.did = kind.__name__
            return _OPERATORS[kind]()
        if isinstance(node, ast.Attribute) and self._turn():
            self.did = node.attr
            node.attr += "_"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and self._turn():
            self.did = node.id
            node.id += "_"
        elif isinstance(node, ast.arg) and self._turn():
            self.did = node.arg
            node.arg += "_"
        return super().generic_visit(node)


def _mutated(n: int) -> tuple[str | None, str]:
    tree = ast.parse(_MUTABLE)
    mutation = _Mutation(n)
    tree = ast.fix_missing_locations(mutation.visit(tree))
    return mutation.did, shape_of(_functions(ast.unparse(tree))[0]).digest


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_every_single_operator_name_attribute_and_constant_counts() -> None:
    digests = {"as it is": shape_of(_functions(_MUTABLE)[0]).digest}
    for n in itertools.count():
        did, digest = _mutated(n)
        if did is None:
            break
        assert digest not in digests.values(), did
        digests[f"{n} {did}"] = digest
    assert len(digests) > 60


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "def f(a):\n    try:\n        g(a)\n        h(a)\n    except E:\n        i()",
            "def f(a):\n    try:\n        g(a)\n    except E:\n        i()\n    h(a)",
        ),
        (
            "def f(a):\n    for x in a:\n        if x: break\n    else:\n        g()",
            "def f(a):\n    for x in a:\n        if x: break\n    g()",
        ),
        ("def f(a):\n    return a", "async def f(a):\n    return a"),
        ("def f(a):\n    return a", "def f(*a):\n    return a"),
        ("def f(a, b):\n    return a", "def f(a, *, b):\n    return a"),
        ("def f(a, b):\n    return a", "def f(a, b, /):\n    return a"),
        ("def f(a):\n    if a: g()\n    else: h()", "def f(a):\n    if a: h()\n    else: g()"),
        ("def f(a):\n    return a.b", "def f(a):\n    a.b"),
        ("def f(a):\n    while a: g()", "def f(a):\n    if a: g()"),
        ("def f(a):\n    return [x for x in a]", "def f(a):\n    return {x for x in a}"),
        ("def f(a):\n    if a: g()", "def f(a):\n    if not a: g()"),
        ("def f(a):\n    if a is None: g()", "def f(a):\n    if a is not None: g()"),
        (
            "def f(a):\n    if a.x:\n        g()\n        if a.y: h()\n    k()",
            "def f(a):\n    if a.x:\n        g()\n    if a.y: h()\n    k()",
        ),
        (
            "def f(a):\n    try:\n        g(a)\n        h(a)\n    except E:\n        pass",
            "def f(a):\n    g(a)\n    try:\n        h(a)\n    except E:\n        pass",
        ),
    ],
)
def test_the_shape_of_control_counts(one: str, other: str) -> None:
    assert shape_of(_functions(one)[0]).digest != shape_of(_functions(other)[0]).digest


_constants = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.complex_numbers()),
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)),
    max_leaves=8,
)


def _typed(value: object) -> object:
    if isinstance(value, tuple | frozenset):
        return type(value), type(value)(_typed(item) for item in value)
    return type(value), repr(value)


@given(_constants, _constants)
def test_two_constants_are_encoded_alike_exactly_if_they_are_alike(one: object, other: object) -> None:
    assert (encode_constant(one) == encode_constant(other)) == (_typed(one) == _typed(other))
