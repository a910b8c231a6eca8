"""Declared files that are not there: said once, in plain words, by the plan and by the run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from cli_projects import Answer, Project

Fwtui = Callable[..., Answer]
Start = Callable[..., "subprocess.Popen[str]"]

FLOW = """
@task(outputs=["made.txt"])
def make():
    if not (HERE / "forgets").exists(): (HERE / "made.txt").write_text("x")

@task(inputs=["data/*.csv"])
def read(make): return 1

@task(inputs=["nothing/*.csv"])
def alone(): return 1

workflow = Workflow("declares")
workflow.add_task(make)
workflow.add_task(read, depends_on=[make])
workflow.add_task(alone)
"""

ALONE = "'alone' declares the input 'nothing/*.csv', and there is no such file"
READ = "'read' declares the input 'data/*.csv', and there is no such file"
MADE = "'make' declares the output 'made.txt', and did not make it: it runs again next time"


def said(text: str, out: str) -> int:
    return sum(text in line for line in out.splitlines())


def test_a_plan_says_which_declared_inputs_name_no_file(project: Project, fwtui: Fwtui) -> None:
    project.write(FLOW)
    assert json.loads(fwtui("plan", "flow.py", "--json").out)["warnings"] == [ALONE], "make may still write the other"
    fwtui("run", "flow.py")
    assert json.loads(fwtui("plan", "flow.py", "--json").out)["warnings"] == [READ, ALONE]
    assert said(ALONE, fwtui("plan", "flow.py").out) == 1


def test_a_run_says_what_is_not_there_once(project: Project, fwtui: Fwtui) -> None:
    project.write(FLOW)
    (project.folder / "forgets").touch()
    out = fwtui("run", "flow.py").out
    assert [said(text, out) for text in (ALONE, READ, MADE)] == [1, 1, 1]
    (project.folder / "forgets").unlink()
    out = fwtui("run", "flow.py").out
    assert [said(text, out) for text in (ALONE, READ, MADE)] == [1, 0, 0], "make gave the same, so read did not run"
    events = [json.loads(line) for line in fwtui("run", "flow.py", "--fresh", "--output", "json").out.splitlines()]
    assert events[0]["warnings"] == [ALONE]
    assert {event["task"]: event["warnings"] for event in events if event["event"] == "task_completed"} == {
        "make": [],
        "read": [READ],
        "alone": [],
    }


def test_a_product_that_is_not_there_makes_its_task_stale_everywhere(project: Project, fwtui: Fwtui) -> None:
    project.write(FLOW)
    fwtui("run", "flow.py")
    (project.folder / "made.txt").unlink()
    status = {task["name"]: task for task in json.loads(fwtui("status", "flow.py", "--json").out)["tasks"]}
    assert (status["make"]["status"], status["make"]["why"]) == ("stale", "made.txt is not there")
    plan = {task["name"]: task for task in json.loads(fwtui("plan", "flow.py", "--json").out)["tasks"]}
    assert (plan["make"]["action"], plan["make"]["stale"]) == ("run", True)


def test_a_run_of_a_part_does_not_say_that_the_workflow_is_done(project: Project, fwtui: Fwtui) -> None:
    project.write(FLOW)
    out = fwtui("run", "flow.py", "--only", "alone").out
    assert "✓ the selected task of declares is done. Run 1" in out
    assert "1 ran, 2 left out." in out
