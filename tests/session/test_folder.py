"""The workflows of a folder: found in texts and states, with nothing imported and nothing made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowweaver import SequentialExecutor, SQLiteStateStore, Task, Workflow
from fwtui.session.folder import Workflows
from fwtui.session.outline import Outline, outline_of
from fwtui.session.session import Session


@pytest.mark.parametrize(
    ("text", "outline"),
    [
        ("from flowweaver import Workflow\nw = Workflow('a')\n", Outline(("a",), True)),
        ("import flowweaver as f\nw = f.Workflow(name='a')\n", Outline(("a",), True)),
        ("from flowweaver import Workflow as W\nx: W = W('a')\ny = W('b', params={})\n", Outline(("a", "b"), True)),
        ("from flowweaver import Workflow\nw = Workflow('a')\nw = Workflow('b')\n", Outline(("b",), True)),
        ("from flowweaver import Workflow\nw = Workflow(NAME)\n", Outline((), True)),
        ("import flowweaver\ndef build_workflow(): ...\n", Outline((), True)),
        ("from flowweaver import task\nfrom steps import workflow\n", Outline((), True)),
        ("from flowweaver import Workflow\nclass Mine(Workflow): ...\n", Outline((), True)),
        ("from flowweaver import Workflow\ndef helper(w: Workflow): ...\n", Outline((), False)),
        ("from flowweaver import task\n", Outline((), False)),
        ("w = Workflow('a')  # of another library\n", Outline((), False)),
        ("from flowweaver import Workflow\nx = [\n", Outline((), True, parsed=False)),
        ("from flowweaver import task\nx = [\n", Outline((), False, parsed=False)),
        ("\0", Outline()),
        ("", Outline()),
    ],
)
def test_an_outline_is_read_from_the_text(text: str, outline: Outline) -> None:
    assert outline_of(text.encode()) == outline


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FWTUI_STATE", raising=False)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "flows").mkdir()
    return tmp_path / "flows"


def flow(path: Path, *names: str, more: str = "") -> Path:
    lines = ["from flowweaver import Workflow", more or "raise SystemExit('imported')"]
    lines += [f"w{number} = Workflow({name!r})" for number, name in enumerate(names)]
    path.write_text("\n".join(lines))
    return path


def ran(path: Path, name: str, *, fails: bool = False) -> None:
    """Run a workflow of this name on the state of a file."""
    state = path.parent.parent / ".fwtui" / path.parent.name / f"{path.stem}.db"
    state.parent.mkdir(parents=True, exist_ok=True)
    workflow = Workflow(name)
    workflow.add_task(Task("t", (lambda: 1 / 0) if fails else (lambda: 1)))
    store = SQLiteStateStore(state)
    try:
        SequentialExecutor(state_store=store).execute(workflow)
    except RuntimeError:
        assert fails
    finally:
        store.close()


def workflows(place: Path, **more: object) -> Workflows:
    return Workflows(place, lambda path, name: pytest.fail("nothing is opened"), **more)  # type: ignore[arg-type]


def test_each_workflow_of_a_folder_is_there_with_its_last_run(folder: Path) -> None:
    ran(flow(folder / "good.py", "good"), "good")
    ran(flow(folder / "bad.py", "bad"), "bad", fails=True)
    flow(folder / "new.py", "new")
    ran(flow(folder / "two.py", "one", "other"), "other")
    (folder / "broken.py").write_text("from flowweaver import Workflow\nx = [\n")
    (folder / "helpers.py").write_text("x = 1\n")
    before = sorted(folder.parent.rglob("*"))
    found = list(workflows(folder).read())
    assert [(one.file, one.name, one.workflow) for one in found] == [
        ("bad.py", None, "bad"),
        ("broken.py", None, ""),
        ("good.py", None, "good"),
        ("new.py", None, "new"),
        ("two.py", "one", "one"),
        ("two.py", "other", "other"),
    ]
    assert [one.runs[0].outcome if one.runs else None for one in found] == [
        "failed", None, "completed", None, None, "completed",
    ]  # fmt: skip
    assert found[1].problem == "line 2, SyntaxError: '[' was never closed"
    assert sorted(folder.parent.rglob("*")) == before, "looking makes nothing"


def test_a_name_that_does_not_stand_in_the_text_is_that_of_the_newest_run(folder: Path) -> None:
    path = flow(folder / "built.py", more="def build_workflow(): ...")
    assert [one.workflow for one in workflows(folder).read()] == [""]
    ran(path, "north")
    ran(path, "south")
    assert [(one.workflow, one.name) for one in workflows(folder).read()] == [("south", None)]


def test_a_state_that_cannot_be_used_is_a_fault_and_no_end(folder: Path) -> None:
    flow(folder / "good.py", "good")
    state = folder.parent / ".fwtui" / "flows" / "good.db"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"no database" * 100)
    (found,) = workflows(folder).read()
    assert "good.db" in found.fault
    assert found.runs == ()


def test_what_has_not_changed_is_not_read_again_and_what_has_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = flow(folder / "good.py", "good")
    listed = workflows(folder)
    before = list(listed.read())
    with monkeypatch.context() as patch:
        patch.setattr("fwtui.session.folder.outline_of", lambda _: pytest.fail("it is as it was"))
        assert list(listed.read()) == before
    ran(path, "good")
    assert next(listed.read()).runs
    flow(path, "better")
    os.utime(path, (1, 1))
    assert next(listed.read()).workflow == "better"
    path.unlink()
    assert list(listed.read()) == []


def test_whether_somebody_still_runs_it_is_asked_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies changes no file."""
    ran(flow(folder / "good.py", "good"), "good")
    alive = ["process 4711 on lab-3, since 10:02"]
    monkeypatch.setattr(
        "flowweaver.stores.sqlite_reader.SQLiteWorkflowState.holder", lambda _: alive[0] if alive else None
    )
    listed = workflows(folder)
    assert next(listed.read()).holder == alive[0]
    alive.clear()
    assert next(listed.read()).holder is None


def test_a_file_alone_is_listed_by_its_workflows(folder: Path) -> None:
    path = flow(folder / "two.py", "one", "other")
    assert workflows(path).several()
    assert workflows(path).title == os.path.join("flows", "two.py")
    assert [one.key for one in workflows(path).read()] == [f"{path}:one", f"{path}:other"]
    assert not workflows(flow(folder / "one.py", "one")).several()
    assert not workflows(folder / "gone.py").several()
    better = workflows(folder).of_file(path, ["a", "b", "c"])
    assert [one.name for one in better.read()] == ["a", "b", "c"]


def test_a_link_is_listed_by_its_own_name(folder: Path) -> None:
    (folder / "link.py").symlink_to(flow(folder.parent / "real.py", "good"))
    (found,) = workflows(folder).read()
    assert (found.file, found.path, found.workflow) == ("link.py", str(folder / "link.py"), "good")


def test_a_file_that_cannot_be_read_is_listed_with_the_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow(folder / "good.py", "good")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (found,) = workflows(folder).read()
    assert found.problem == "Permission denied"


def test_a_folder_is_called_as_a_person_would(folder: Path) -> None:
    assert workflows(Path("flows")).title == "flows/"
    assert workflows(Path()).title == f"{folder.parent.name}/"
    assert workflows(folder.parent).none_text() == f"{folder.parent.name}/ has no workflow files"
    flow(folder / "one.py", "one")
    assert workflows(folder.parent).none_text().endswith("has no workflow files; there are some in flows")


def test_a_state_that_was_named_is_that_of_all(folder: Path, tmp_path: Path) -> None:
    path = flow(folder / "good.py", "good")
    ran(path, "good")
    (found,) = workflows(folder, state=str(tmp_path / "other.db")).read()
    assert found.runs == ()


def test_a_candidate_is_opened_by_file_and_name(folder: Path) -> None:
    opened = []

    def opener(path: Path, name: str | None) -> Session:
        opened.append((path, name))
        return None  # type: ignore[return-value]

    listed = Workflows(flow(folder / "two.py", "one", "other"), opener)
    listed.open(list(listed.read())[1])
    assert opened == [(folder / "two.py", "other")]
