"""plan, status, logs, clear and graph: they look, and change nothing but what they are asked to forget."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import time
from collections.abc import Callable

import pytest
from cli_projects import BREAKS, DIAMOND, Answer, Project

from fwtui import cli

Fwtui = Callable[..., Answer]


def rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()]


# -- plan -------------------------------------------------------------------------------------------------------------


def test_a_plan_lists_every_task_with_its_reason_and_writes_nothing(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    before = project.tree()
    code, out, err = fwtui("plan", "flow.py")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "diamond  flow.py   4 to run"
    assert [row[:2] for row in rows(out)[1:]] == [["run", name] for name in ("load", "clean", "count", "report")]
    assert project.tree() == before


def test_a_plan_names_what_changed_since(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    assert fwtui("plan", "flow.py").out.splitlines()[0].endswith("4 reused")
    project.write(DIAMOND.replace("return sorted(load)", "return sorted(load, reverse=True)"))
    before = project.tree()
    out = fwtui("plan", "flow.py").out
    assert out.splitlines()[0].endswith("1 to run, 1 maybe, 2 reused")
    assert "clean() changed" in out
    found = json.loads(fwtui("plan", "flow.py", "--json").out)
    assert found["counts"] == {"run": 1, "maybe": 1, "reuse": 2, "leave": 0}
    assert [task["name"] for task in found["tasks"] if task["stale"]] == ["clean"]
    assert found["tasks"][1]["reasons"][0]["kind"] == "code"
    assert project.tree() == before


def test_a_plan_takes_the_options_of_a_run(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    assert fwtui("plan", "flow.py", "--fresh").out.splitlines()[0].endswith("4 to run")
    forced = json.loads(fwtui("plan", "flow.py", "--force", "clean", "--only", "clean", "--json").out)
    assert forced["counts"] == {"run": 1, "maybe": 0, "reuse": 0, "leave": 3}
    assert fwtui("plan", "flow.py", "--only", "zzz").code == 2


def test_a_workflow_that_prints_when_imported_leaves_json_clean(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND + "print('noise\\x1b[2J')\nos.system('echo more noise')\n")
    code, out, err = fwtui("plan", "flow.py", "--json")
    assert code == 0
    assert json.loads(out)["workflow"] == "diamond"
    assert sorted(err.splitlines()) == ["flow.py: more noise", "flow.py: noise\\x1b[2J"]


# -- status -----------------------------------------------------------------------------------------------------------


def test_status_before_any_run_creates_nothing(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    before = project.tree()
    code, out, _err = fwtui("status", "flow.py")
    assert code == 0
    assert out.splitlines()[0] == "diamond  flow.py   never ran"
    assert [row[1] for row in rows(out)[2:]] == ["waiting"] * 4
    assert project.tree() == before


def test_status_after_a_failure_has_a_word_for_every_task(project: Project, fwtui: Fwtui) -> None:
    project.write(BREAKS)
    fwtui("run", "flow.py", "--keep-going", "-j1")
    out = fwtui("status", "flow.py").out
    assert out.splitlines()[0] == "diamond  flow.py   run 1 failed, 2 of 4 tasks done"
    assert {row[2]: row[1] for row in rows(out)[2:]} == {
        "load": "done",
        "clean": "failed",
        "count": "done",
        "report": "skipped",
    }
    assert "KeyError: 'hour'" in out
    assert "needs clean" in out
    found = json.loads(fwtui("status", "flow.py", "--json").out)
    assert found["run"]["outcome"] == "failed"
    assert found["tasks"][1] | {"duration": 0, "started_at": 0} == {
        "name": "clean",
        "status": "failed",
        "recorded": "FAILED",
        "why": "KeyError: 'hour'",
        "attempt": 1,
        "duration": 0,
        "started_at": 0,
        "error": "KeyError: 'hour'",
        "depends_on": ["load"],
    }


def test_status_says_what_is_stale(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    project.write(DIAMOND.replace("return len(load)", "return len(load) + 1"))
    assert ["~", "stale", "count"] in [row[:3] for row in rows(fwtui("status", "flow.py").out)]


# -- logs -------------------------------------------------------------------------------------------------------------


def test_logs_show_output_and_the_error_with_its_own_frames(project: Project, fwtui: Fwtui) -> None:
    project.write(BREAKS)
    fwtui("run", "flow.py", "-j1")
    code, out, _err = fwtui("logs", "flow.py", "clean")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "clean  run 1, attempt 1, failed"
    assert lines[1].endswith("  cleaning")
    assert lines[2] == "  ✗ KeyError: 'hour'"
    assert lines[3].startswith("    flow.py:")
    assert lines[3].endswith(" in clean")
    assert 'raise KeyError("hour")' in out
    assert "scheduler" not in out, "the engine's frames say nothing to the author"


def test_logs_show_no_line_of_a_file_that_has_changed_since(project: Project, fwtui: Fwtui) -> None:
    file = project.write(BREAKS)
    fwtui("run", "flow.py")
    assert "raise KeyError" in fwtui("logs", "flow.py", "clean").out
    file.write_text("# one line more\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    out = fwtui("logs", "flow.py", "clean").out
    assert "      the file has changed since\n" in out
    assert "raise KeyError" not in out


def test_logs_without_a_task_show_all_that_ran(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    assert fwtui("logs", "flow.py").out == "Nothing has run yet.\n"
    fwtui("run", "flow.py")
    out = fwtui("logs", "flow.py").out
    assert [line.split()[0] for line in out.split("\n") if line and not line.startswith(" ")] == [
        "load",
        "clean",
        "count",
        "report",
    ]
    assert "10,000 rows" in out


CHILDREN = """
import subprocess

@task
def first():
    print("of the task")
    subprocess.run(["echo", "of a child"])

@task
def last(first):
    os.write(2, b"of C\\x1b[2J")

workflow = Workflow("children")
workflow.add_task(first)
workflow.add_task(last, depends_on=[first])
"""


def test_what_no_task_wrote_is_in_the_logs_of_its_run_under_a_heading_of_its_own(
    project: Project, fwtui: Fwtui
) -> None:
    project.write(CHILDREN)
    assert fwtui("run", "flow.py").code == 0
    assert fwtui("run", "flow.py", "--only", "last", "--force", "last").code == 0
    first = fwtui("logs", "flow.py", "--run", "1").out.split("\n\n")
    assert [block.split("\n")[0].split()[0] for block in first] == ["first", "last", "run"]
    assert first[2].startswith("run 1, written by other processes and by C code")
    assert [line[12:] for line in first[2].splitlines()[1:]] == ["of a child", r"of C\x1b[2J"]
    assert "of the task" in first[0]
    latest = fwtui("logs", "flow.py").out
    assert "run 2, written by" in latest
    assert "of a child" not in latest
    assert "written by" not in fwtui("logs", "flow.py", "first").out


def test_logs_of_an_earlier_run_and_attempt_can_be_had(project: Project, fwtui: Fwtui) -> None:
    project.write(
        """
        @task(retries=1)
        def flaky():
            number = len(list(HERE.glob("try*")))
            (HERE / f"try{number}").touch()
            print("try number", number)
            if number % 2 == 0: raise ValueError("odd")
        workflow = Workflow("w")
        workflow.add_task(flaky)
        """
    )
    fwtui("run", "flow.py")
    fwtui("run", "flow.py", "--fresh")
    assert "try number 3" in fwtui("logs", "flow.py", "flaky").out
    assert "try number 1" in fwtui("logs", "flow.py", "flaky", "--run", "1").out
    first = fwtui("logs", "flow.py", "flaky", "--run", "1", "--attempt", "1").out
    assert "try number 0" in first
    assert "ValueError: odd" in first


def test_logs_of_an_unknown_task_are_wrong_usage_and_name_what_there_is(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    has = "it has: load, clean, count, report"
    assert fwtui("logs", "flow.py", "nope") == Answer(2, "", f"fwtui: diamond has no task 'nope'; {has}\n")
    assert fwtui("logs", "flow.py", "raport").err == "fwtui: diamond has no task 'raport'. Did you mean report?\n"


def test_logs_take_a_glob(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    out = fwtui("logs", "flow.py", "c*").out
    assert [line.split()[0] for line in out.splitlines() if line and not line.startswith(" ")] == ["clean", "count"]
    assert fwtui("logs", "flow.py", "z*") == Answer(2, "", "fwtui: The pattern 'z*' matches no task\n")


def test_logs_of_a_run_or_an_attempt_that_never_was_say_which_there_are(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    assert fwtui("logs", "flow.py", "--run", "1").err == "fwtui: There is no run 1: nothing has run yet\n"
    fwtui("run", "flow.py")
    assert fwtui("logs", "flow.py", "--run", "99").err == "fwtui: There is no run 99; there is run 1\n"
    fwtui("run", "flow.py", "--force", "count")
    assert fwtui("logs", "flow.py", "--run", "99") == Answer(
        2, "", "fwtui: There is no run 99; there are runs 1 to 2\n"
    )
    for arguments, said in [
        (["load", "--run", "2"], "load did not run in run 2; it ran in run 1"),
        (["load", "--attempt", "4"], "There is no attempt 4: load had 1 attempt in run 1"),
        (["load", "--run", "1", "--attempt", "4"], "There is no attempt 4: load had 1 attempt in run 1"),
        (["--attempt", "4"], "There is no attempt 4: none of these had more than 1 attempt"),
    ]:
        assert fwtui("logs", "flow.py", *arguments) == Answer(2, "", f"fwtui: {said}\n")
    out = fwtui("logs", "flow.py", "--run", "2").out
    assert out.splitlines()[0] == "count  run 2, attempt 1, completed", "and nothing of what that run reused"


def test_what_is_not_of_today_has_a_date(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    assert re.search(r"\d{4}-\d\d-\d\d", fwtui("logs", "flow.py").out + fwtui("status", "flow.py").out) is None
    with sqlite3.connect(project.state) as state:
        for table, columns in (("runs", ("started_at", "finished_at")), ("attempts", ("started_at", "finished_at"))):
            for column in columns:
                state.execute(f"UPDATE {table} SET {column} = {column} - 3 * 86400")
        state.execute("UPDATE tasks SET started_at = started_at - 3 * 86400")
    state.close()
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() - 3 * 86400))
    assert re.match(rf"load  run 1, attempt 1, completed, {day} \d\d:\d\d$", fwtui("logs", "flow.py", "load").out, re.M)
    lines = fwtui("logs", "flow.py", "load").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [time.strftime("%Y-%m-%d"), lines[-1].split()[0]], (
        "a line of another day than the attempt's has its own"
    )
    status = fwtui("status", "flow.py").out
    assert re.match(rf"diamond  flow.py   run 1 done, {day} \d\d:\d\d, 4 of 4 tasks done\n", status)
    assert status.count(day) == 5


# -- clear ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [
        (["count"], ["count"]),
        (["count", "--this"], ["count"]),
        (["clean", "--downstream"], ["clean", "report"]),
        (["clean", "--upstream"], ["clean", "load"]),
        (["c*"], ["clean", "count"]),
        (["--all"], ["clean", "count", "load", "report"]),
    ],
)
def test_a_cleared_task_runs_again_and_the_others_do_not(
    project: Project, fwtui: Fwtui, arguments: list[str], ran: list[str]
) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    project.ran()
    before = project.state.read_bytes()
    dry = fwtui("clear", "flow.py", *arguments, "--dry-run")
    assert dry.code == 0
    assert dry.out.startswith("Would clear ")
    assert project.state.read_bytes() == before
    assert fwtui("clear", "flow.py", *arguments, "--yes").code == 0
    fwtui("run", "flow.py")
    assert project.ran() == ran


def test_failed_tasks_can_be_cleared_as_such(project: Project, fwtui: Fwtui) -> None:
    project.write(BREAKS)
    fwtui("run", "flow.py", "-j1")
    assert fwtui("clear", "flow.py", "--failed", "--yes").out.endswith("Cleared clean.\n")
    assert fwtui("clear", "flow.py", "--failed", "--yes").out == "No task failed.\n"


def test_without_a_terminal_and_without_yes_nothing_is_cleared(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    before = project.state.read_bytes()
    code, out, err = fwtui("clear", "flow.py", "load")
    assert code == 2
    assert "--yes" in err
    assert out == "3 tasks depend on it; they run again if a result differs.\n"
    assert project.state.read_bytes() == before


@pytest.mark.parametrize(
    ("answer", "out"),
    [
        ("y\n", "Cleared load."),
        ("x\nYES\n", "Cleared load."),
        ("\n", "Nothing was cleared."),
        ("n", "Nothing was cleared."),
    ],
)
def test_on_a_terminal_it_asks(
    project: Project, fwtui: Fwtui, monkeypatch: pytest.MonkeyPatch, answer: str, out: str
) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    stdin = io.StringIO(answer)
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", stdin)
    asked = fwtui("clear", "flow.py", "load").out
    assert "Clear load? [y/N]: " in asked
    assert asked.endswith(f"{out}\n")


def test_a_question_without_an_answer_clears_nothing(
    project: Project, fwtui: Fwtui, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    stdin = io.StringIO("")
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", stdin)
    before = project.state.read_bytes()
    assert fwtui("clear", "flow.py", "load").code == 130
    assert project.state.read_bytes() == before


def test_a_clear_says_what_it_is_about(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    code, _out, err = fwtui("clear", "flow.py", "--yes")
    assert code == 2
    assert "--failed or --all" in err
    assert fwtui("clear", "flow.py", "lod", "--yes").err == "fwtui: diamond has no task 'lod'. Did you mean load?\n"
    assert "it has: load, clean, count, report" in fwtui("clear", "flow.py", "zzz", "--yes").err
    before = project.tree()
    assert fwtui("clear", "flow.py", "load", "--yes").out == "None of these has a result or an error.\n"
    assert project.tree() == before, "no state is made to clear nothing"


# -- graph ------------------------------------------------------------------------------------------------------------


def test_the_graph_as_text_is_drawn(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    assert fwtui("graph", "flow.py").out.splitlines() == [
        "diamond  flow.py   4 tasks",
        "load ─┬─→ clean ─┬─→ report",
        "      ╰─→ count ─╯",
    ]
    assert fwtui("graph", "flow.py", "--ascii").out.isascii()


def test_a_graph_with_hostile_names_is_still_a_graph(project: Project, fwtui: Fwtui) -> None:
    project.write(
        r"""
        from flowweaver import Task
        workflow = Workflow("w\x7f\x1b[2J")
        workflow.add_task(Task("a\x7f\u202e\x1b]0;x\x07", lambda: None))
        """
    )
    for kind in ("text", "mermaid", "dot", "json"):
        code, out, _err = fwtui("graph", "flow.py", "--format", kind)
        assert code == 0
        assert all(line.isprintable() for line in out.splitlines()), kind
    assert json.loads(out)["tasks"][0]["name"] == "a\x7f\u202e\x1b]0;x\x07"


def test_a_large_graph_is_listed_by_layers(project: Project, fwtui: Fwtui) -> None:
    project.write(
        """
        from flowweaver import Task
        workflow = Workflow("wide")
        for number in range(500): workflow.add_task(Task(f"t{number}", lambda: None))
        workflow.add_task(Task("last", lambda: None), depends_on=["t0", "t1"])
        """
    )
    lines = fwtui("graph", "flow.py").out.splitlines()
    assert (lines[0], lines[1], lines[2]) == ("wide  flow.py   501 tasks", "  1  t0", "     t1")
    assert lines[-1] == "  2  last  ← t0, t1"


def test_the_graph_for_other_programs(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    assert "-->" in fwtui("graph", "flow.py", "--format", "mermaid").out
    assert fwtui("graph", "flow.py", "--format", "dot").out.startswith("digraph")
    assert isinstance(json.loads(fwtui("graph", "flow.py", "--format", "json").out), dict)
    assert not project.state.exists()


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_a_table_and_the_commands_that_run_each_and_nothing_is_imported(
    project: Project, fwtui: Fwtui
) -> None:
    project.write(DIAMOND, "flows/one.py")
    project.write("a = Workflow('a b')\nb = Workflow('c')\nraise SystemExit\n", "flows/two.py")
    project.write("from flowweaver import Workflow\nx = [\n", "flows/broken.py", head="")
    project.write("x = 1\n", "flows/helpers.py", head="")
    fwtui("run", "flows/one.py")
    before = project.tree()
    code, out, err = fwtui("flows")
    lines = out.splitlines()
    assert (code, err, lines[0]) == (0, "", "flows/  4 workflows")
    assert lines[1].split() == ["STATUS", "WORKFLOW", "FILE", "STARTED", "TIME", "NOTE"]
    assert "does not load" in lines[2]
    assert lines[2].endswith("SyntaxError: '[' was never closed")
    assert lines[3].split()[:4] == ["✓", "done", "diamond", "one.py"]
    assert lines[4].split() == ["∙", "never", "ran", "a", "b", "two.py"]
    assert lines[7:] == [
        "  fwtui run flows/broken.py",
        "  fwtui run flows/one.py",
        "  fwtui run 'flows/two.py:a b'",
        "  fwtui run flows/two.py:c",
    ]
    assert project.tree() == before


def test_a_folder_without_workflows_is_wrong_usage(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND, "flows/one.py")
    assert fwtui(".") == Answer(
        2, "", f"fwtui: {project.folder.name}/ has no workflow files; there are some in flows\n"
    )
    assert fwtui("--run", "flows").err.startswith("fwtui: --run starts one workflow: name its file.")


def test_help_and_version_need_nothing_of_the_engine(fwtui: Fwtui) -> None:
    assert fwtui("--version").out.startswith("fwtui 0.")
    code, out, _err = fwtui("--help")
    assert code == 0
    assert "Commands:" in out
    assert "open" not in [row[0] for row in rows(out) if row], "the command without a name is not listed"
    assert fwtui().code == 2


def test_an_error_in_our_own_code_is_not_hidden(monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
    def broken(*_args: object, **_options: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("fwtui.commands.look.show_plan", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["plan", "flow.py"])
