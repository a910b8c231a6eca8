"""From a file to its workflow: what is found, how it is imported, and how each way to fail is told."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fwtui.session.loaded import Loaded
from fwtui.session.loader import UsageProblem, check_syntax
from fwtui.session.port import LoadProblem

Write = Callable[..., Path]
Load = Callable[..., Loaded]

HEAD = "from flowweaver.workflow import Workflow\nfrom flowweaver.task import task\n"
ONE = HEAD + "def a(): return 1\nworkflow = Workflow('one')\nworkflow.add_task(a)\n"


def problem_of(load_file: Load, file: Path, **options: object) -> LoadProblem:
    with pytest.raises(LoadProblem) as caught:
        load_file(file, **options)
    problem = caught.value
    assert 1 <= len(str(problem).split("\n")) <= 1, "one line, whatever the file did"
    assert str(problem).isprintable()
    return problem


# -- what is found ----------------------------------------------------------------------------------------------------


def test_a_workflow_at_the_top_level_is_found(write: Write, load_file: Load) -> None:
    loaded = load_file(write(ONE))
    assert loaded.workflow.name == "one"
    assert loaded.hint == ""


def test_one_workflow_under_several_names_counts_once(write: Write, load_file: Load) -> None:
    assert len(load_file(write(ONE + "flow = main = workflow\n")).workflows) == 1


def test_two_workflows_need_a_choice_by_name_or_variable(write: Write, load_file: Load) -> None:
    file = write(HEAD + "first = Workflow('day')\nsecond = Workflow('night')\n")
    problem = problem_of(load_file, file)
    assert "it has 2 workflows: day, night" in str(problem)
    assert problem.hint.endswith("flow.py:day")
    assert problem.code == 2
    assert load_file(file, name="night").workflow.name == "night"
    assert load_file(file, name="second").workflow.name == "night"
    unknown = problem_of(load_file, file, name="noon")
    assert "no workflow 'noon'; it has: day, night" in str(unknown)
    assert unknown.code == 2


def test_two_workflows_of_one_name_are_refused(write: Write, load_file: Load) -> None:
    problem = problem_of(load_file, write(HEAD + "a = Workflow('same')\nb = Workflow('same')\n"), name="same")
    assert "two workflows are named 'same'" in str(problem)
    assert problem.code == 3


def test_a_file_without_a_workflow_says_where_one_is_looked_for(write: Write, load_file: Load) -> None:
    problem = problem_of(load_file, write(HEAD + "if __name__ == '__main__':\n    w = Workflow('x')\n"))
    assert str(problem).endswith("flow.py: it has no workflow")
    assert "build_workflow()" in problem.hint
    assert problem.code == 3


def test_what_is_not_there_or_is_a_folder_is_wrong_usage(tmp_path: Path, load_file: Load) -> None:
    assert problem_of(load_file, tmp_path / "no.py").code == 2
    problem = problem_of(load_file, tmp_path)
    assert (problem.code, problem.text) == (2, "is a folder")


# -- build_workflow ---------------------------------------------------------------------------------------------------

BUILDER = HEAD + (
    "from datetime import date\n"
    "def build_workflow(month: int, fast: bool = False, since: 'date | None' = None, names: list[int] = []):\n"
    "    w = Workflow('built', params={'seen': repr((month, fast, since, names)), 'rate': 0.5})\n"
    "    return w\n"
)


def test_a_builder_gets_its_parameters_in_their_types(write: Write, load_file: Load) -> None:
    typed = {"month": "2", "fast": "yes", "since": "2013-01-31", "names": "1,2", "rate": "2"}
    loaded = load_file(write(BUILDER), params=typed)
    assert loaded.workflow.params["seen"] == "(2, True, datetime.date(2013, 1, 31), [1, 2])"
    assert loaded.params == {"rate": 2.0}


def test_a_builder_that_requires_what_was_not_given_names_it(write: Write, load_file: Load) -> None:
    problem = problem_of(load_file, write(BUILDER))
    assert "build_workflow() requires 'month'" in str(problem)
    assert problem.line == 4
    assert "-p month=" in problem.hint
    assert problem.code == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"month": "two"}, "-p month=two: month takes a whole number"),
        ({"month": "1", "fast": "maybe"}, "fast takes true or false"),
        ({"month": "1", "rate": "x"}, "rate takes a number"),
        ({"month": "1", "other": "x"}, "built has no parameter 'other'; it has: seen, rate"),
    ],
)
def test_a_wrong_parameter_is_wrong_usage(write: Write, load_file: Load, typed: dict[str, str], said: str) -> None:
    problem = problem_of(load_file, write(BUILDER), params=typed)
    assert said in str(problem)
    assert problem.code == 2


def test_a_builder_is_not_asked_where_the_file_has_built_its_workflow(write: Write, load_file: Load) -> None:
    body = (
        "calls = []\ndef build_workflow(n: int = 1):\n    calls.append(n)\n    return Workflow('w', params={'n': n})\n"
    )
    file = write(HEAD + body + "workflow = build_workflow()\n")
    loaded = load_file(file)
    assert sys.modules[loaded.imports.name].calls == [1]
    assert load_file(file, params={"n": "5"}, replaces=loaded.imports).workflow.params["n"] == 5


@pytest.mark.parametrize("returned", ["None", "42", "[]"])
def test_a_builder_that_returns_no_workflow_is_told_so(write: Write, load_file: Load, returned: str) -> None:
    problem = problem_of(load_file, write(HEAD + f"def build_workflow():\n    return {returned}\n"))
    assert "not a Workflow" in str(problem)
    assert problem.line == 3


def test_a_builder_that_raises_is_told_with_its_line(write: Write, load_file: Load) -> None:
    problem = problem_of(load_file, write(HEAD + "def build_workflow():\n    raise KeyError('x')\n"))
    assert (problem.line, problem.text) == (4, "KeyError: 'x'")


# -- how it is imported -----------------------------------------------------------------------------------------------


def test_it_has_a_dotted_name_a_place_in_sys_modules_and_is_never_main(write: Write, load_file: Load) -> None:
    file = write(ONE + "seen = (__name__, __file__, __package__)\nclass Thing: pass\n", "flows/deep/etl.py")
    loaded = load_file(file)
    module = sys.modules["flows.deep.etl"]
    assert module.seen == ("flows.deep.etl", str(file), "flows.deep")
    assert type(pickle.loads(pickle.dumps(module.Thing()))) is module.Thing
    assert loaded.stamps.keys() == {file}


def test_what_lies_beside_it_is_found_as_python_finds_it(write: Write, load_file: Load) -> None:
    write("VALUE = 'beside'\n", "flows/helpers.py")
    write("VALUE = 'in the root'\n", "helpers.py")
    write("from .inner import VALUE\n", "flows/pack/__init__.py")
    write("VALUE = 'inner'\n", "flows/pack/inner.py")
    file = write("import helpers, pack\n" + ONE, "flows/etl.py")
    loaded = load_file(file)
    module = sys.modules["flows.etl"]
    assert (module.helpers.VALUE, module.pack.VALUE) == ("beside", "inner")
    assert {path.name for path in loaded.stamps} == {"etl.py", "helpers.py", "__init__.py", "inner.py"}


def test_modules_of_the_project_are_found_from_its_root(write: Write, load_file: Load) -> None:
    write("VALUE = 1\n", "shared_code/thing.py")
    load_file(write("from shared_code.thing import VALUE\n" + ONE, "flows/etl.py"))
    assert sys.modules["flows.etl"].VALUE == 1


def test_the_arguments_are_those_of_a_script_without_any(write: Write, load_file: Load) -> None:
    file = write("import sys\nargv = list(sys.argv)\n" + ONE)
    load_file(file)
    assert sys.modules["flow"].argv == [str(file)]


@pytest.mark.parametrize("name", ["random.py", "json.py", "flowweaver.py", "click.py"])
def test_a_file_named_like_a_library_does_not_take_its_place(write: Write, load_file: Load, name: str) -> None:
    before = __import__(name[:-3])
    loaded = load_file(write(ONE, name))
    assert loaded.workflow.name == "one"
    assert sys.modules[name[:-3]] is before


def test_a_file_named_like_a_library_is_told_so(write: Write, load_file: Load) -> None:
    assert load_file(write(ONE, "flows/calendar.py")).hint == (
        "calendar.py hides Python's own module calendar; another name is safer."
    )
    hidden = problem_of(load_file, write(ONE + "from calendar import no_such\n", "calendar.py"))
    assert hidden.text.startswith("ImportError: cannot import name 'no_such'")
    assert hidden.hint == "calendar.py hides Python's own module calendar; another name is safer."
    unrelated = problem_of(load_file, write(ONE + "1 / 0\n", "calendar.py"))
    assert unrelated.hint == ""


def test_a_package_around_it_that_does_not_import_is_no_hindrance(write: Write, load_file: Load) -> None:
    write("raise RuntimeError('broken package')\n", "flows/__init__.py")
    loaded = load_file(write(ONE + "class Thing: pass\n", "flows/etl.py"))
    thing = sys.modules["flows.etl"].Thing()
    assert type(pickle.loads(pickle.dumps(thing))) is type(thing)
    assert loaded.workflow.name == "one"


def test_a_folder_whose_name_is_a_library_is_no_hindrance(write: Write, load_file: Load) -> None:
    before = sys.modules["json"]
    loaded = load_file(write(ONE, "json/etl.py"))
    assert loaded.imports.name == "json.etl"
    assert sys.modules["json"] is before


def test_what_is_installed_below_the_root_is_not_the_projects(write: Write, load_file: Load) -> None:
    write("home = x\n", ".venv/pyvenv.cfg")
    inside = write("VALUE = 1\n", ".venv/lib/site-packages/somelib_xyz.py")
    file = write(f"import sys; sys.path.append({str(inside.parent)!r})\nimport somelib_xyz\n" + ONE)
    try:
        loaded = load_file(file)
        assert loaded.stamps.keys() == {file}
        loaded.imports.remove()
        assert "somelib_xyz" in sys.modules
    finally:
        sys.modules.pop("somelib_xyz", None)


# -- reloading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["", "flows/"], ids=["in the root", "in a folder"])
def test_a_reload_imports_all_of_the_project_anew(write: Write, load_file: Load, folder: str) -> None:
    name = folder.replace("/", ".") + "etl"
    helper = write("VALUE = 1\n", f"{folder}helpers.py")
    file = write("import helpers\n" + ONE, f"{folder}etl.py")
    first = load_file(file)
    assert first.stamps.keys() == {file, helper}
    old = sys.modules[name], sys.modules["helpers"]
    stamp = helper.stat()
    helper.write_text("VALUE = 2\n", encoding="utf-8")
    os.utime(helper, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # the same second and size: compiled files would lie
    load_file(file, replaces=first.imports)
    assert sys.modules[name].helpers.VALUE == 2
    assert sys.modules[name] is not old[0]
    assert sys.modules["helpers"] is not old[1]


def test_a_reload_through_a_folder_without_init_is_anew_too(write: Write, load_file: Load) -> None:
    write("VALUE = 1\n", "parts/thing.py")
    file = write("from parts import thing\n" + ONE)
    first = load_file(file)
    write("VALUE = 2\n", "parts/thing.py")
    load_file(file, replaces=first.imports)
    assert sys.modules["flow"].thing.VALUE == 2


def test_a_file_that_no_longer_loads_leaves_the_old_modules_in_place(write: Write, load_file: Load) -> None:
    write("VALUE = 1\n", "helpers.py")
    file = write("import helpers\n" + ONE)
    first = load_file(file)
    old = sys.modules["flow"], sys.modules["helpers"]
    write("import helpers\nx = (\n")
    problem_of(load_file, file, replaces=first.imports)
    assert (sys.modules["flow"], sys.modules["helpers"]) == old


def test_nothing_of_it_is_left_when_it_is_let_go(write: Write, load_file: Load) -> None:
    write("VALUE = 1\n", "parts/thing.py")
    paths, hooks = list(sys.path), list(sys.path_hooks)
    before = set(sys.modules)
    loaded = load_file(write("import parts.thing\n" + ONE, "flows/etl.py"))
    loaded.imports.remove()
    assert (sys.path, sys.path_hooks) == (paths, hooks)
    assert {"flows", "flows.etl", "parts", "parts.thing"}.isdisjoint(set(sys.modules) - before)


# -- files that run themselves ----------------------------------------------------------------------------------------

RUNS = "from flowweaver.executors.sequential import SequentialExecutor\n"


def test_a_file_that_runs_its_workflow_gives_it_instead(write: Write, load_file: Load) -> None:
    body = "ran = []\ndef a(): ran.append(1)\nw = Workflow('mine')\nw.add_task(a)\n"
    loaded = load_file(
        write(HEAD + RUNS + body + "SequentialExecutor().execute(w)\nraise RuntimeError('not reached')\n")
    )
    assert loaded.workflow.name == "mine"
    assert sys.modules["flow"].ran == []
    assert "runs its workflow when it is imported" in loaded.hint


@pytest.mark.parametrize(
    "call",
    [
        "w.execute(SequentialExecutor())",
        "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    SequentialExecutor().execute(w)\nasyncio.run(main())",
        "try:\n    SequentialExecutor().execute(w)\nexcept BaseException:\n    raise SystemExit(1)",
        "try:\n    SequentialExecutor().execute(w)\nexcept:\n    pass\nother = Workflow('later')",
        "import threading\nt = threading.Thread(target=SequentialExecutor().execute, args=(w,))\nt.start(); t.join()",
        "def build():\n    x = Workflow('mine')\n    SequentialExecutor().execute(x)\nw = None\nbuild()",
        "import sys\nsys.modules.pop(__name__)\nSequentialExecutor().execute(w)",
    ],
    ids=["workflow", "asyncio", "caught and exit", "swallowed", "thread", "local", "out of sys.modules"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_however_it_runs_it_the_workflow_is_taken_and_nothing_runs(write: Write, load_file: Load, call: str) -> None:
    body = "ran = []\ndef a(): ran.append(1)\nw = Workflow('mine')\nw.add_task(a)\n"
    assert load_file(write(HEAD + RUNS + body + call + "\n")).workflow.name == "mine"


def test_a_workflow_beside_the_one_that_runs_can_be_named(write: Write, load_file: Load) -> None:
    file = write(HEAD + RUNS + "a = Workflow('a')\nb = Workflow('b')\nSequentialExecutor().execute(b)\n")
    assert load_file(file).workflow.name == "b"
    assert load_file(file, name="a").workflow.name == "a"


# -- ways to fail -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = [1,\n", 1, "SyntaxError: '[' was never closed"),
        ("def f():\nreturn 1\n", 2, "IndentationError"),
        ("import no_such_module_xyz\n", 1, "ModuleNotFoundError: No module named 'no_such_module_xyz'"),
        ("\n\nraise ValueError('first\\nsecond')\n", 3, "ValueError: first"),
        ("raise ValueError\n", 1, "ValueError"),
        ("import sys\nsys.exit(3)\n", 2, "it ends itself while it is loaded: sys.exit(3)"),
        ("exit()\n", 1, "it ends itself"),
        ("raise GeneratorExit\n", 1, "GeneratorExit"),
        (
            "class E(BaseException):\n    def __str__(self): raise RuntimeError\nraise E\n",
            3,
            "E: (its text cannot be shown",
        ),
        ("def f(): f()\nf()\n", 1, "RecursionError"),
        ("input()\n", 1, "EOFError"),
        ("raise ValueError('\\x1b[2J\\u202e')\n", 1, "ValueError: \\x1b[2J\\u202e"),
        ("raise ValueError('x' * 10_000_000)\n", 1, "ValueError: xxx"),
        ("x = 1 / 0\n", 1, "ZeroDivisionError"),
        ("raise ExceptionGroup('several', [ValueError('a')])\n", 1, "ExceptionGroup: several"),
    ],
)
def test_every_way_to_fail_is_one_line_with_its_place(
    write: Write, load_file: Load, text: str, line: int, said: str
) -> None:
    problem = problem_of(load_file, write(text))
    assert problem.line == line
    assert problem.text.startswith(said)
    assert len(str(problem)) < 500
    assert problem.code == 3


@pytest.mark.parametrize("data", [b"\x00", b"x = '\xff'\n", b"\xff\xfe\x00", b"# coding: nonsense\n", b"(" * 10_000])
def test_what_is_no_python_at_all_is_told_so(tmp_path: Path, load_file: Load, data: bytes) -> None:
    file = tmp_path / "flow.py"
    file.write_bytes(data)
    problem = problem_of(load_file, file)
    assert problem.code == 3
    assert problem.path == str(file)


def test_an_error_in_a_helper_has_the_helpers_place_and_all_own_frames(write: Write, load_file: Load) -> None:
    helper = write("def f():\n    import json\n    json.loads('{')\n", "helpers.py")
    problem = problem_of(load_file, write("import helpers\nhelpers.f()\n"))
    assert (problem.path, problem.line) == (str(helper), 3)
    assert [frame.split("/")[-1] for frame in problem.frames] == ["flow.py:2 in <module>", "helpers.py:3 in f"]


def test_a_syntax_error_in_a_helper_has_the_helpers_place(write: Write, load_file: Load) -> None:
    helper = write("x = 1\ny = (\n", "helpers.py")
    problem = problem_of(load_file, write("import helpers\n"))
    assert (problem.path, problem.line) == (str(helper), 2)


def test_a_bad_graph_has_the_line_that_makes_it(write: Write, load_file: Load) -> None:
    problem = problem_of(load_file, write(ONE + "def b(): pass\nworkflow.add_task(b, depends_on=['nope'])\n"))
    assert problem.line == 7
    assert "'b' depends on 'nope'" in problem.text


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("workflow.name = 5\n", 6, "A workflow needs a name that is text, not int: 5"),
        ("workflow.params = 5\n", 6, "Workflow 'one': params is a dict"),
        ("workflow.get_task('a').name = 'b'\n", None, "Task 'a' was renamed after it was added, to 'b'"),
        ("workflow.get_task('a').timeout = 'soon'\n", None, "Task 'a': timeout is a number of seconds"),
        ("workflow.get_task('a').callbacks = 5\n", None, "Task 'a': callbacks takes functions, not 5"),
    ],
)
def test_what_is_spoilt_after_it_was_made_is_the_files_mistake_too(
    write: Write, load_file: Load, text: str, line: int | None, said: str
) -> None:
    problem = problem_of(load_file, write(ONE + text))
    assert problem.text.startswith(said)
    assert (problem.line, problem.code) == (line, 3)


def test_a_required_argument_that_nothing_provides_is_refused_with_the_functions_line(
    write: Write, load_file: Load
) -> None:
    problem = problem_of(load_file, write(ONE + "def b(missing): pass\nworkflow.add_task(b)\n"))
    assert "'b' requires 'missing'" in problem.text
    assert problem.line == 6


def test_a_person_who_interrupts_is_not_the_files_mistake(write: Write, load_file: Load) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_file(write("raise KeyboardInterrupt\n"))
    assert "flow" not in sys.modules


# -- what it prints ---------------------------------------------------------------------------------------------------


def test_what_it_prints_is_kept_and_reaches_no_stream(
    write: Write, load_file: Load, capfd: pytest.CaptureFixture[str]
) -> None:
    loaded = load_file(write("import sys\nprint('out')\nprint('err', file=sys.stderr)\n" + ONE))
    assert loaded.output == "out\nerr\n"
    assert capfd.readouterr() == ("", "")


def test_a_log_handler_that_it_sets_up_writes_to_the_stream_of_later(
    write: Write, load_file: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "import logging\nlog = logging.getLogger('of the loader test')\nlog.addHandler(logging.StreamHandler())\nlog.propagate = False\n"
    load_file(write(text + ONE))
    sys.modules["flow"].log.warning("later")
    assert capsys.readouterr().err == "later\n"


@pytest.mark.parametrize(
    "wrapped",
    ["io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')", "codecs.getwriter('utf-8')(sys.stdout)", "None"],
)
def test_a_stream_that_it_puts_in_place_of_stdout_is_taken_away_again(
    write: Write, load_file: Load, wrapped: str
) -> None:
    before = sys.stdout
    load_file(write(f"import codecs, io, sys\nsys.stdout = mine = {wrapped}\n" + ONE))
    assert sys.stdout is before
    mine = sys.modules["flow"].mine
    if isinstance(mine, io.TextIOWrapper):
        mine.detach()  # else it would close pytest's own stream with itself


def test_a_flood_of_output_is_cut(write: Write, load_file: Load) -> None:
    output = load_file(write("for _ in range(100): print('x' * 10_000)\n" + ONE)).output
    assert len(output) < 201_000
    assert "more characters" in output


# -- compiling only ---------------------------------------------------------------------------------------------------


def test_a_file_is_compiled_without_running_it(write: Write) -> None:
    good, bad = write("raise SystemExit\n", "good.py"), write("x = (\n", "bad.py")
    assert check_syntax([good]) is None
    problem = check_syntax([good, bad])
    assert problem is not None
    assert (problem.line, problem.path) == (1, str(bad))
    gone = check_syntax([bad.with_name("gone.py")])
    assert gone is not None
    assert gone.text == "No such file or directory"


def test_wrong_usage_is_a_kind_of_problem() -> None:
    assert issubclass(UsageProblem, LoadProblem)
