"""runs, explain and show: what has been, why, and what came of it."""

from __future__ import annotations

import json
import pickle
import sqlite3
import textwrap
import unicodedata
from collections.abc import Callable

import pytest
from cli_projects import BREAKS, DIAMOND, Answer, Project
from hypothesis import given
from hypothesis import strategies as st

from flowweaver.plan import Action, Reason, ReasonKind, TaskPlan
from flowweaver.records import CodePrint, FilePrint, Provenance, RunRecord, TaskRecord
from flowweaver.status import TaskStatus
from fwtui.commands.show import value_lines
from fwtui.model.explained import aspects_of, decision_text

Fwtui = Callable[..., Answer]


def is_safe(text: str) -> bool:
    """Nothing in it steers a terminal, or begins another line."""
    return not {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}


# -- runs -------------------------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_with_outcome_and_counts(project: Project, fwtui: Fwtui) -> None:
    project.write(BREAKS)
    assert fwtui("runs", "flow.py").out == "diamond  flow.py   0 runs\nNothing has run yet.\n"
    assert not project.state.exists(), "looking makes nothing"
    fwtui("run", "flow.py", "-j1")
    (project.folder / "fixed").touch()
    fwtui("run", "flow.py")
    fwtui("run", "flow.py", "--fresh")
    code, out, _err = fwtui("runs", "flow.py")
    lines = out.splitlines()
    assert (code, lines[0]) == (0, "diamond  flow.py   3 runs")
    assert lines[1].split() == ["RUN", "STARTED", "OUTCOME", "TIME", "NOTE", "TASKS", "BY"]
    assert [line.split()[1] for line in lines[2:]] == ["3", "2", "1"]
    assert "failed" in lines[4]
    assert "at clean" in lines[4]
    assert "1 done, 1 failed, 1 skipped, 1 not started" in lines[4]
    assert "3 ran, 1 reused" in lines[3]
    assert "process " in lines[2]
    assert fwtui("runs", "flow.py", "--limit", "1").out.splitlines()[0].endswith("3 runs, the last 1 are here")


def test_a_run_is_compared_with_the_median_of_the_last_good_ones_that_did_as_much(
    project: Project, fwtui: Fwtui
) -> None:
    project.write(DIAMOND)
    for _ in range(4):
        fwtui("run", "flow.py", "--fresh")
    with sqlite3.connect(project.state) as state:
        for run, seconds in ((1, 10.0), (2, 20.0), (3, 12.0), (4, 24.0)):
            state.execute("UPDATE runs SET finished_at = started_at + ? WHERE run_id = ?", (seconds, run))
    state.close()
    notes = fwtui("runs", "flow.py").out.splitlines()[2:]
    assert "2.0x usual" in notes[0]
    assert "0.8x usual" in notes[1]
    found = json.loads(fwtui("runs", "flow.py", "--json", "--limit", "2").out)
    assert [(run["id"], run["usual"], round(run["duration"])) for run in found["runs"]] == [
        (4, 12.0, 24),
        (3, 15.0, 12),
    ]
    assert found["runs"][0]["counts"]["completed"] == 4
    assert len(json.loads(fwtui("runs", "flow.py", "--json", "--limit", "0").out)["runs"]) == 4


# -- explain ----------------------------------------------------------------------------------------------------------

CHANGING = """
@task(inputs=["data.txt"])
def load(month): return month

@task
def clean(load): return load * 2

workflow = Workflow("months", params={"month": 1})
workflow.add_task(load)
workflow.add_task(clean, depends_on=[load])
"""


def explained(fwtui: Fwtui, *arguments: str) -> dict[str, object]:
    return json.loads(fwtui("explain", "flow.py", *arguments, "--json").out)


def test_a_task_that_never_ran_is_explained(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    code, out, _err = fwtui("explain", "flow.py", "clean")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "clean  diamond  flow.py:16"
    assert lines[1] == "∙ waiting: a run would run it: first run."
    assert "needs       ∙ load  waiting" in lines
    assert "feeds       ∙ report  waiting" in lines
    assert lines[-1] == "attempts    none"
    assert not project.state.exists()


def test_what_is_up_to_date_says_what_it_was_compared_with(project: Project, fwtui: Fwtui) -> None:
    project.write(CHANGING)
    (project.folder / "data.txt").write_text("1")
    fwtui("run", "flow.py")
    out = fwtui("explain", "flow.py", "load").out
    assert "✓ done: a run would reuse its result of run 1: nothing that made it has changed." in out
    assert "compared with run 1" in out
    for line in (
        "code        unchanged: load()",
        "parameters  unchanged: month",
        "files       unchanged: 1 declared file",
    ):
        assert f"  {line}\n" in out
    assert "result      int 1, 1 byte, kept" in out
    assert "attempts    run 1, attempt 1  " in out


def test_each_change_is_named_with_what_it_was(project: Project, fwtui: Fwtui) -> None:
    project.write(CHANGING)
    (project.folder / "data.txt").write_text("1")
    fwtui("run", "flow.py")
    (project.folder / "data.txt").write_text("22")
    project.write(CHANGING.replace("return month", "return month + 1"))
    out = fwtui("explain", "flow.py", "load", "-p", "month=2").out
    assert "~ stale: a run would run it: load() changed; parameter month changed; data.txt changed." in out
    assert "  code        load() changed\n" in out
    assert "  parameters  parameter month changed; month was 1, is 2\n" in out
    assert "  files       data.txt changed\n" in out
    found = explained(fwtui, "clean")
    assert (found["action"], found["stale"]) == ("maybe", False)
    assert found["aspects"][3] == {"name": "upstream", "changed": None, "text": "if load gives another result"}
    fwtui("run", "flow.py", "--only", "load")
    found = explained(fwtui, "clean")
    assert found["aspects"][3] == {"name": "upstream", "changed": True, "text": "load gave another result"}
    assert found["needs"] == ["load"]


def test_an_explanation_heeds_what_is_selected(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    assert explained(fwtui, "clean")["action"] == "reuse"
    assert explained(fwtui, "clean", "--force", "clean")["action"] == "run"
    assert explained(fwtui, "clean", "--only", "load")["action"] == "leave"


def test_explaining_what_is_not_there_names_what_was_meant(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    assert fwtui("explain", "flow.py", "clena") == Answer(
        2, "", "fwtui: diamond has no task 'clena'. Did you mean clean?\n"
    )
    fwtui("run", "flow.py")
    project.write(DIAMOND.replace("def count(", "def number(").replace("count", "number"))
    code, _out, err = fwtui("explain", "flow.py", "count")
    assert (code, err) == (2, "fwtui: flow.py has no task 'count' any more; only its state has\n")


def test_the_last_attempts_are_there_with_their_errors(project: Project, fwtui: Fwtui) -> None:
    project.write(BREAKS)
    for _ in range(7):
        fwtui("run", "flow.py", "-j1")
    out = fwtui("explain", "flow.py", "clean").out
    assert out.count("KeyError: 'hour'") == 5
    assert out.endswith("and 2 earlier\n")
    assert [one["run"] for one in explained(fwtui, "clean")["attempts"]] == [7, 6, 5, 4, 3, 2, 1]


def plan(action: Action, *reasons: tuple[ReasonKind, str], stale: bool = False) -> TaskPlan:
    return TaskPlan("t", action, tuple(Reason(*reason) for reason in reasons), stale)


CHANGES = {
    ReasonKind.CODE: "code",
    ReasonKind.PARAM: "parameters",
    ReasonKind.INPUT_FILE: "files",
    ReasonKind.OUTPUT_FILE: "files",
    ReasonKind.UPSTREAM: "upstream",
}


@given(st.sets(st.sampled_from(list(CHANGES)), min_size=1))
def test_what_a_plan_says_has_changed_and_only_that_is_a_changed_aspect(kinds: set[ReasonKind]) -> None:
    made = plan(Action.RUN, *((kind, kind.value) for kind in kinds), stale=True)
    then = Provenance(CodePrint("1", "x", {"f()": "x"}), {"month": "h"}, ("d",), (FilePrint("a", 1, 1, "x"),))
    record = TaskRecord("t", TaskStatus.COMPLETED, 1.0, run_id=3, provenance=then)
    aspects = aspects_of(made, record, ("up",))
    assert [one.name for one in aspects] == ["code", "parameters", "files", "upstream"]
    assert {one.name for one in aspects if one.changed} == {CHANGES[kind] for kind in kinds}


@given(st.text(), st.text(), st.text())
def test_names_in_an_explanation_are_data(name: str, before: str, now: str) -> None:
    then = Provenance(CodePrint("1", "x", {name: "x"}), {name: "h"})
    record = TaskRecord("t", TaskStatus.COMPLETED, 1.0, run_id=3, provenance=then)
    run = RunRecord(3, "w", 0.0, params={name: before})
    reason = (ReasonKind.PARAM, f"parameter {name} changed")
    aspects = aspects_of(plan(Action.RUN, reason, stale=True), record, (), run, {name: now})
    assert all(is_safe(one.text) for one in aspects)
    assert is_safe(decision_text(plan(Action.RUN, reason), record))
    assert (" was " in aspects[1].text) >= (before != now and len(now) < 200)


# -- show -------------------------------------------------------------------------------------------------------------

VALUES = """
import dataclasses, datetime, decimal
@dataclasses.dataclass
class Point:
    x: int
    y: int
VALUE = %s
def make():
    return VALUE
workflow = Workflow("values")
workflow.add_task(make)
"""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1, 2]", "[1, 2]"),
        ("{'a': None}", "{'a': None}"),
        ("'two\\nlines'", "two\nlines"),
        ("(1, {2})", "(1, {2})"),
        ("Point(1, 2)", "Point(x=1, y=2)"),
        ("b'ab'", "b'ab'"),
        ("None", "None"),
        ("'\\x1b[2Jx'", "\\x1b[2Jx"),
        ("{'\\x1b[2J': '\\u202e'}", "{'\\x1b[2J': '\\u202e'}"),
    ],
)
def test_a_result_is_shown_as_its_author_would_write_it(project: Project, fwtui: Fwtui, value: str, said: str) -> None:
    project.write(VALUES % value)
    assert fwtui("run", "flow.py").code == 0
    code, out, err = fwtui("show", "flow.py", "make")
    assert (code, err) == (0, "")
    head, _, rest = out.partition("\n")
    assert head.startswith("make  run 1, ")
    assert rest == said + "\n"


def test_a_large_result_is_cut_and_says_so(project: Project, fwtui: Fwtui) -> None:
    project.write(VALUES % "[{'number': n, 'name': 'x' * 60} for n in range(27_000)]")
    fwtui("run", "flow.py")
    out = fwtui("show", "flow.py", "make").out
    assert out.splitlines()[0].endswith("list, 27,000 items, 2.3 MB")
    assert "'number': 19," in out
    assert "'number': 20," not in out
    assert out.endswith("    ... +26980\n]\n")
    assert len(json.loads(fwtui("show", "flow.py", "make", "--json").out)["value"]) == 27_000


@given(
    st.recursive(
        st.integers() | st.text() | st.binary() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_value_can_steer_the_terminal_or_flood_it(value: object) -> None:
    lines = value_lines(value, 80)
    assert all(map(is_safe, lines))
    assert len(lines) <= 201


def test_what_fills_the_screen_is_bounded() -> None:
    assert len(value_lines("x\n" * 10_000, 80)) == 201
    assert len(value_lines("x" * 1_000_000, 80)[0]) < 2_100


def test_json_holds_what_it_can_and_refuses_the_rest(project: Project, fwtui: Fwtui) -> None:
    project.write(VALUES % "{'a': [1, 2.5, None, 'é']}")
    fwtui("run", "flow.py")
    found = json.loads(fwtui("show", "flow.py", "make", "--json").out)
    assert (found["name"], found["run"], found["type"], found["value"]) == (
        "make",
        1,
        "dict",
        {"a": [1, 2.5, None, "é"]},
    )
    project.write(VALUES % "'del \\x7f'")
    fwtui("run", "flow.py", "--fresh")
    out = fwtui("show", "flow.py", "make", "--json").out
    assert out.strip().isprintable()
    assert json.loads(out)["value"] == "del \x7f"
    for value in ("(1, 2)", "float('nan')", "Point(1, 2)", "{1: 2}", "datetime.date(2013, 1, 1)"):
        project.write(VALUES % value)
        fwtui("run", "flow.py", "--fresh")
        code, out, err = fwtui("show", "flow.py", "make", "--json")
        assert (code, out) == (2, "")
        assert err.startswith("fwtui: JSON cannot hold the result of make: "), value


def test_what_has_no_result_says_so(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    assert fwtui("show", "flow.py", "load") == Answer(2, "", "fwtui: load has no stored result\n")
    project.write(VALUES % "open(__file__)")
    fwtui("run", "flow.py")
    code, _out, err = fwtui("show", "flow.py", "make")
    assert code == 2
    assert err.startswith("fwtui: make has no stored result (TextIOWrapper, not kept: ")
    assert fwtui("show", "flow.py", "mkae").err.endswith("Did you mean make?\n")


def test_of_an_earlier_run_there_is_only_what_is_kept(project: Project, fwtui: Fwtui) -> None:
    project.write(DIAMOND)
    fwtui("run", "flow.py")
    fwtui("run", "flow.py", "--force", "count")
    assert fwtui("show", "flow.py", "load", "--run", "1").code == 0
    assert fwtui("show", "flow.py", "count", "--run", "1") == Answer(
        2, "", "fwtui: The result of count in run 1 is not kept; there is that of run 2\n"
    )
    assert fwtui("show", "flow.py", "count", "--run", "9").err == "fwtui: There is no run 9; there are runs 1 to 2\n"


class Boom:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('the pickle was executed')",))


def test_a_result_that_somebody_else_wrote_is_refused_and_never_opened(project: Project, fwtui: Fwtui) -> None:
    project.write(VALUES % "Point(1, 2)")
    fwtui("run", "flow.py")
    forged = pickle.dumps(Boom())
    with sqlite3.connect(project.state) as state:
        for data in (forged, b"\0" * 32 + forged):
            state.execute("UPDATE tasks SET result = ?", (data,))
            state.execute("UPDATE tasks SET blob = NULL")
            state.commit()
            code, out, err = fwtui("show", "flow.py", "make")
            assert (code, out) == (4, "")
            assert err == "fwtui: make: its stored result was not written by you. It runs again next time.\n"
        state.execute("UPDATE tasks SET encoding = 'yaml', result = '!!python/object'")
        state.commit()
        code, _out, err = fwtui("show", "flow.py", "make")
        assert code == 4
        assert "its stored result cannot be read (it is 'yaml')" in err
        state.execute("UPDATE tasks SET encoding = 'json', result = '[1, 2]'")
        state.commit()
        assert "changed by something else" in fwtui("show", "flow.py", "make").err
    state.close()


def test_what_a_class_prints_while_it_is_shown_is_not_part_of_the_answer(project: Project, fwtui: Fwtui) -> None:
    project.write(
        textwrap.dedent(
            """
            class Loud:
                def __init__(self): self.x = 1
                def __eq__(self, other): return True
                __hash__ = None
                def __repr__(self):
                    print("noise\\x1b[2J")
                    return "Loud()"
            def make(): return Loud()
            workflow = Workflow("loud")
            workflow.add_task(make)
            """
        )
    )
    fwtui("run", "flow.py")
    code, out, err = fwtui("show", "flow.py", "make")
    assert code == 0
    assert out.endswith("\nLoud()\n")
    assert set(err.splitlines()) == {"flow.py: noise\\x1b[2J"}
