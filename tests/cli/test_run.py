"""``fwtui run``: what runs, what is said, and the exit code."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import stat
import subprocess
from collections.abc import Callable

import pytest
from cli_projects import BREAKS, DIAMOND, HEAD, Answer, Project

from fwtui.commands import run

Fwtui = Callable[..., Answer]
MANY = """
from flowweaver import Task
workflow = Workflow("many")
for number in range(40):
    workflow.add_task(Task(f"task_{number}", lambda: None))
"""
FIRST = HEAD.count("\n") + 1
"""The line on which the text behind HEAD begins."""


def words(out: str) -> dict[str, str]:
    """The last state word of each task in a run's lines."""
    found = {}
    for line in out.splitlines():
        match = re.match(
            r"\d\d:\d\d:\d\d  (\S+) +(running|done|reused|failed|skipped|retrying|stopped|timed out)", line
        )
        if match:
            found[match[1]] = match[2]
    return found


def test_a_run_says_every_fact_and_ends_with_the_verdict(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    code, out, err = fwtui("run", "flow.py")
    assert (code, err) == (0, "")
    assert words(out) == dict.fromkeys(["load", "clean", "count", "report"], "done")
    assert re.search(r"^\d\d:\d\d:\d\d  load +\| 10,000 rows$", out, re.MULTILINE)
    assert re.search(r"\n\n✓ diamond is done\. Run 1, [\d.]+s: 4 ran\.\n$", out)
    assert project.ran() == ["clean", "count", "load", "report"]


def test_every_fact_is_said_however_much_of_it_waits_at_the_end(
    project: Project, fwtui: Fwtui, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads slowly, through a pipe say, is behind by any number of facts when the run has ended."""
    project.write(MANY)
    monkeypatch.setattr(run, "_BATCH", 5)
    monkeypatch.setattr(run, "_BACKLOG", 10)
    monkeypatch.setattr(run._Headless, "_show_until_the_end", lambda self, _display: self.session.wait(60))
    code, out, _err = fwtui("run", "flow.py")
    assert code == 0
    assert words(out) == {f"task_{number}": "done" for number in range(40)}


@pytest.mark.parametrize("name", ["random.py", "numbers.py", "queue.py"])
def test_a_file_named_like_a_library_is_nobody_elses_library(
    project: Project, start: Callable[..., subprocess.Popen[str]], name: str
) -> None:
    project.write(DIAMOND, name)
    process = start("run", name, cwd=project.folder)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "is done. Run 1" in out
    assert f"{name} hides Python's own module" in out + err


def test_the_second_run_reuses_everything(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    project.ran()
    code, out, _err = fwtui("run", "flow.py")
    assert code == 0
    assert project.ran() == []
    assert out.endswith(": 4 reused.\n")
    assert "from run 1" in out


def test_a_failure_says_where_and_how_to_resume_and_the_resume_runs_only_the_rest(
    project: Project, fwtui: Fwtui
) -> None:
    project.write(BREAKS)
    code, out, _err = fwtui("run", "flow.py", "-j", "1", "--state", "s t.db")
    assert code == 1
    verdict = out[out.index("✗ diamond failed") :]
    assert re.match(
        r"✗ diamond failed at clean\. Run 1, [\d.]+s: 1 done, 1 failed, 1 skipped, 1 not started\.\n", verdict
    )
    assert "\n  clean\n    cleaning\n    KeyError: 'hour'\n      flow.py:" in verdict
    assert '\n        if not (HERE / "fixed").exists(): raise KeyError("hour")\n' in verdict
    assert "  Resume  fwtui run --state 's t.db' -j 1 flow.py\n" in verdict
    assert "  Log     fwtui logs --state 's t.db' flow.py clean\n" in verdict
    assert project.ran() == ["clean", "load"]
    (project.folder / "fixed").touch()
    code, out, _err = fwtui("run", "--state", "s t.db", "-j", "1", "flow.py")
    assert code == 0
    assert project.ran() == ["clean", "count", "report"]


def test_the_state_is_private_and_below_the_project(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND, "flows/deep.py")
    assert fwtui("run", "flows/deep.py").code == 0
    state = project.folder / ".fwtui" / "flows" / "deep.db"
    assert sqlite3.connect(state).execute("SELECT count(*) FROM tasks").fetchone() == (4,)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert (project.folder / ".fwtui" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("options", "ran"),
    [
        (["--only", "c*"], ["clean", "count", "load"]),
        (["--to", "clean"], ["clean", "load"]),
        (["--from", "clean", "--to", "clean"], ["clean", "load"]),
    ],
)
def test_a_selection_pulls_in_what_it_needs(project: Project, fwtui: Fwtui, options: list[str], ran: list[str]) -> None:
    project.write(DIAMOND)
    assert fwtui("run", "flow.py", *options).code == 0
    assert project.ran() == ran


def test_fresh_runs_everything_and_force_what_it_names(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    project.ran()
    assert fwtui("run", "flow.py", "--force", "count").code == 0
    assert project.ran() == ["count"], "an equal result cuts the wave short"
    assert fwtui("run", "flow.py", "--fresh").code == 0
    assert project.ran() == ["clean", "count", "load", "report"]


def test_continue_or_new_finishes_what_is_unfinished_and_else_starts_anew(project: Project, fwtui: Fwtui) -> None:
    project.write(BREAKS)
    assert fwtui("run", "flow.py", "--continue-or-new", "-j1").code == 1
    assert project.ran() == ["clean", "load"]
    (project.folder / "fixed").touch()
    assert fwtui("run", "flow.py", "--continue-or-new").code == 0
    assert project.ran() == ["clean", "count", "report"]
    assert fwtui("run", "flow.py", "--continue-or-new").code == 0
    assert project.ran() == ["clean", "count", "load", "report"]


def test_keep_going_runs_what_still_can(project: Project, fwtui: Fwtui) -> None:
    project.write(BREAKS)
    assert fwtui("run", "flow.py", "-j1", "--keep-going").code == 1
    assert project.ran() == ["clean", "count", "load"]


@pytest.mark.parametrize("executor", ["threaded", "sequential", "async"])
def test_every_executor_runs_it(project: Project, fwtui: Fwtui, executor: str) -> None:
    project.write(DIAMOND)
    code, out, _err = fwtui("run", "flow.py", "--executor", executor)
    assert code == 0
    assert "10,000 rows" in out
    assert project.ran() == ["clean", "count", "load", "report"]


def test_parameters_are_typed_by_their_defaults(project: Project, fwtui: Fwtui) -> None:
    project.write(
        """
        def show(month, fast): print(repr((month, fast)))
        workflow = Workflow("p", params={"month": 1, "fast": False})
        workflow.add_task(show)
        """
    )
    assert "(2, True)" in fwtui("run", "flow.py", "-p", "month=2", "-p", "fast=yes").out
    code, out, err = fwtui("run", "flow.py", "-p", "month=x")
    assert (code, out) == (2, "")
    assert err == "fwtui: flow.py: -p month=x: month takes a whole number\n"
    code, _out, err = fwtui("run", "flow.py", "-p", "nope=1")
    assert code == 2
    assert "p has no parameter 'nope'; it has: month, fast" in err


def test_json_is_one_object_a_line_and_nothing_else(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND + "os.system('echo raw at import')\nprint('printed at import')\n")
    code, out, _err = fwtui("run", "flow.py", "--output", "json")
    objects = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert objects[-1]["event"] == "run_finished"
    assert objects[-1]["outcome"] == "completed"
    assert {one["text"] for one in objects if one["event"] == "process_output"} == {
        "raw at import",
        "printed at import",
    }
    assert next(one["task"] for one in objects if one["event"] == "task_completed") == "load"


def test_what_a_task_writes_past_python_is_shown_as_text(project: Project, fwtui: Fwtui) -> None:
    project.write(
        r"""
        import subprocess
        def loud():
            os.write(1, b"\x1b]0;title\x07raw\n")
            subprocess.run(["printf", "child \\033[2J\\n"])
            print("\x1b[31mprinted")
            sys.stderr.write("\u202eerr\n")
        workflow = Workflow("loud\x1b")
        workflow.add_task(loud)
        """
    )
    code, out, err = fwtui("run", "flow.py")
    assert (code, err) == (0, "")
    for shown in ("\\x1b]0;title\\x07raw", "child \\x1b[2J", "| printed", "| \\u202eerr", "loud\\x1b is done"):
        assert shown in out
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out) is None


def test_what_a_task_logs_is_shown_once_and_the_engines_own_log_not_at_all(project: Project, fwtui: Fwtui) -> None:
    project.write(
        """
        import logging
        logging.basicConfig(level=logging.INFO, format="%(levelname)s!%(message)s", force=True)
        def work(): logging.getLogger("mine").warning("look out")
        workflow = Workflow("w")
        workflow.add_task(work)
        """
    )
    before = logging.getLogger().handlers[:]
    try:
        out = fwtui("run", "flow.py").out
    finally:
        logging.getLogger().handlers[:] = before
    assert [line.partition("| ")[2] for line in out.splitlines() if "| " in line] == ["WARNING!look out"]


def test_a_file_that_runs_itself_is_run_by_us_and_told_how_to_be_better(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND + "from flowweaver import SequentialExecutor\nSequentialExecutor().execute(workflow)\n")
    code, out, _err = fwtui("run", "flow.py")
    assert code == 0
    assert 'if __name__ == "__main__":' in out
    assert project.ran() == ["clean", "count", "load", "report"]
    assert fwtui("run", "flow.py").code == 0
    assert project.ran() == []


def test_a_workflow_without_tasks_is_done(project: Project, fwtui: Fwtui) -> None:
    project.write("workflow = Workflow('empty')\n")
    code, out, _err = fwtui("run", "flow.py")
    assert code == 0
    assert "nothing to do" in out


def test_where_there_is_no_terminal_the_file_alone_is_run(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    for arguments in (["flow.py"], ["flow.py:diamond"], ["--no-tui", "flow.py"], ["--fresh", "flow.py"]):
        code, out, _err = fwtui(*arguments)
        assert code == 0
        assert "diamond is done" in out


# -- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "Missing argument"),
        (["run", "flow.py", "--nope"], "No such option"),
        (["run", "flow.py", "-j", "0"], "Invalid value for '-j'"),
        (["run", "flow.py", "--executor", "gpu"], "Invalid value for '--executor'"),
        (["run", "flow.py", "-p", "x"], "-p takes name=value, not 'x'"),
        (["run", "flow.py", "--only", "zzz"], "--only 'zzz' matches no task"),
        (["run", "flow.py", "--only", "clena"], "--only 'clena' matches no task. Did you mean 'clean'?"),
        (["run", "flow.py", "--force", "zzz"], "--force 'zzz' matches no task"),
        (["run", "flow.py", "--from", "clean", "--to", "count"], "Nothing is selected"),
        (["run", "flow.py", "--fresh", "--continue-or-new"], "choose one"),
        (["run", "flow.py", "--pdb", "--output", "json"], "choose one"),
        (["run", "flow.py", "--pdb", "--isolate"], "choose one"),
        (["run", "flow.py", "--pdb", "--executor", "async"], "choose one"),
        (["run", "flow.py", "-j", "two"], "'two' is not a valid whole number"),
        (["run", "gone.py"], "gone.py: no such file"),
        (["run", "."], ": is a folder"),
        (["gone.py"], "gone.py: no such file"),
        (["flow.py:nope"], "no workflow 'nope'; it has: diamond"),
        (["frobnicate", "flow.py"], "frobnicate: no such command or file"),
        (["stauts", "flow.py"], "stauts: no such command or file. Did you mean status?"),
        (["stauts"], "stauts: no such command or file. Did you mean status?"),
        (["flow.py", "status"], "The command comes first: fwtui status flow.py"),
        (["flow.py", "nope"], "Got unexpected extra argument (nope)"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_what_is_wrong(
    project: Project, fwtui: Fwtui, arguments: list[str], said: str
) -> None:
    project.write(DIAMOND)
    before = project.tree()
    code, out, err = fwtui(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("fwtui: ")
    assert said in err
    assert len(err.splitlines()) <= 3
    assert project.ran() == []
    assert project.tree() == before, "nothing is written"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", f"flow.py line {FIRST}, SyntaxError: '[' was never closed"),
        ("1 / 0", f"flow.py line {FIRST}, ZeroDivisionError: division by zero"),
        ("sys.exit(0)", "sys.exit(0)"),
        ("x = 1", "flow.py: it has no workflow"),
        ("w = Workflow('w'); w.add_task(mark)", "'mark' requires 'name'"),
        ("def build_workflow(month: int): pass", "build_workflow() requires 'month'"),
    ],
)
def test_a_file_that_does_not_load_is_exit_3_in_one_to_three_lines(
    project: Project, fwtui: Fwtui, text: str, said: str
) -> None:
    project.write(text + "\n")
    for command in (["run"], ["plan"], ["status"], ["graph"], []):
        code, out, err = fwtui(*command, "flow.py")
        assert (code, out) == (3, "")
        assert said in err
        assert err.startswith("fwtui: ")
        assert len(err.splitlines()) <= 3
        assert "Traceback" not in err
    assert not project.state.exists()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_state_that_cannot_be_used_is_exit_4_and_left_as_it_was(
    project: Project, fwtui: Fwtui, content: bytes
) -> None:
    project.write(DIAMOND)
    project.state.parent.mkdir()
    project.state.write_bytes(content)
    for command in ("run", "plan", "status", "logs"):
        code, _out, err = fwtui(command, "flow.py")
        assert code == 4, command
        assert "flow.db" in err
        assert len(err.splitlines()) <= 3
    assert project.state.read_bytes() == content
    assert project.ran() == []


@pytest.mark.parametrize("name", [".", "loop", "x" * 300, "flow.py/s.db"])
def test_a_place_where_no_state_can_be_is_exit_4(name: str, project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    (project.folder / "loop").symlink_to("loop")
    looking = [] if name == "flow.py/s.db" else ["plan", "status", "logs", "runs"]  # nothing is there to look at
    for command in ("run", *looking):
        code, _out, err = fwtui(command, "flow.py", "--state", name)
        assert code == 4, command
        assert len(err.splitlines()) <= 3
    assert project.ran() == []


def test_a_broken_workflow_file_is_named_with_all_own_frames(project: Project, fwtui: Fwtui) -> None:
    project.write("def read():\n    return {}['x']\n", "helpers.py", head="")
    project.write("import helpers\nhelpers.read()\n")
    err = fwtui("run", "flow.py").err
    assert err.splitlines()[0] == "fwtui: helpers.py line 2, KeyError: 'x'"
    assert err.splitlines()[1] == f"flow.py:{FIRST + 1} in <module> > helpers.py:2 in read"


def test_what_a_workflow_drops_is_collected_and_what_the_start_brought_is_not_looked_at(
    project: Project, start: Callable[..., subprocess.Popen[str]]
) -> None:
    project.write(
        """
        import gc

        @task
        def look():
            print("collects:", gc.isenabled(), "left out:", gc.get_freeze_count() > 10_000)

        workflow = Workflow("look")
        workflow.add_task(look)
        """
    )
    process = start("run", "flow.py", cwd=project.folder)
    assert "collects: True left out: True" in process.communicate(timeout=60)[0]
