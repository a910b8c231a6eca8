"""Where a file's project and state are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flowweaver.errors import StateError
from flowweaver.stores.codec_main import module_name
from fwtui.session.project import Project, make_state_folder, split_target


def project_of(file: Path, home: Path, **environ: str) -> Project:
    return Project.of(file, environ=environ, home=home)


def test_state_lies_beside_the_nearest_marker_and_mirrors_the_tree(tmp_path: Path) -> None:
    (tmp_path / "app" / "pyproject.toml").parent.mkdir()
    (tmp_path / "app" / "pyproject.toml").touch()
    project = project_of(tmp_path / "app" / "workflows" / "etl.py", tmp_path)
    assert project.root == tmp_path / "app"
    assert project.state == tmp_path / "app" / ".fwtui" / "workflows" / "etl.db"


def test_the_nearest_marker_wins_also_a_git_file_as_worktrees_have_it(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / ".git").write_text("gitdir: elsewhere")
    assert project_of(tmp_path / "inner" / "a.py", tmp_path / "home").root == tmp_path / "inner"


@pytest.mark.parametrize("marker", ["pyproject.toml", ".git"])
def test_a_marker_in_the_home_folder_or_above_it_makes_no_project(tmp_path: Path, marker: str) -> None:
    home = tmp_path / "home"
    (home / "stuff").mkdir(parents=True)
    (home / marker).touch()
    (tmp_path / marker).touch()
    project = project_of(home / "stuff" / "a.py", home)
    assert project.root == home / "stuff"
    assert project.state == home / "stuff" / ".fwtui" / "a.db"


def test_a_project_outside_the_home_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "srv" / "app").mkdir(parents=True)
    (tmp_path / "srv" / "pyproject.toml").touch()
    assert project_of(tmp_path / "srv" / "app" / "a.py", tmp_path / "home").root == tmp_path / "srv"


def test_a_folder_where_everybody_may_write_is_nobodys_project(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "mine").mkdir(parents=True)
    (shared / "pyproject.toml").touch()
    shared.chmod(0o1777)
    assert project_of(shared / "mine" / "a.py", tmp_path / "home").root == shared / "mine"


def test_a_link_to_a_file_has_the_project_and_state_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "etl.py").touch()
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "etl.py")
    assert project_of(tmp_path / "link.py", tmp_path / "home").file == tmp_path / "real" / "etl.py"


def test_an_option_wins_over_the_environment_and_both_over_the_project(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    assert project_of(file, tmp_path, FWTUI_STATE=str(tmp_path / "e.db")).state == tmp_path / "e.db"
    chosen = Project.of(file, state=tmp_path / "o.db", environ={"FWTUI_STATE": "e.db"}, home=tmp_path)
    assert (chosen.state, chosen.own_state) == (tmp_path / "o.db", False)


def test_the_state_folder_is_private_and_ignored_by_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project = project_of(tmp_path / "deep" / "er" / "a.py", Path("/nobody/home"))
    make_state_folder(project)
    make_state_folder(project)
    folder = tmp_path / ".fwtui"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE((folder / ".gitignore").stat().st_mode) == 0o600
    assert (folder / "deep" / "er").is_dir()


def test_a_named_state_gets_its_folder_and_nothing_else(tmp_path: Path) -> None:
    project = Project.of(tmp_path / "a.py", state=tmp_path / "x" / "s.db", environ={})
    make_state_folder(project)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["x"]


def test_a_place_where_no_state_can_be_is_refused_in_one_line_that_names_the_option(tmp_path: Path) -> None:
    (tmp_path / ".fwtui").write_text("in the way")
    with pytest.raises(StateError, match="--state PATH") as caught:
        make_state_folder(project_of(tmp_path / "sub" / ".." / "a.py", tmp_path))
    assert "\n" not in str(caught.value)


def test_a_state_is_there_unless_nothing_is_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    there = {
        name: Project.of(tmp_path / "a.py", state=tmp_path / name, environ={}).has_state
        for name in ("file", "loop", "dangling", "none", "none/s.db", "file/s.db", "x" * 300)
    }
    assert [name for name, found in there.items() if found] == ["file", "loop", "x" * 300]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match="--state"):
        make_state_folder(project_of(tmp_path / "a.py", tmp_path))


def test_module_names_are_dotted_paths_from_the_root() -> None:
    assert module_name(Path("/p/workflows/etl.py"), Path("/p")) == "workflows.etl"
    assert module_name(Path("/p/my.dir/my-flow.v2.py"), Path("/p")) == "my_dir.my-flow_v2"


def test_a_target_names_a_file_and_perhaps_a_workflow(tmp_path: Path) -> None:
    odd = tmp_path / "a:b.py"
    odd.touch()
    assert split_target("flow.py") == (Path("flow.py"), None)
    assert split_target("flow.py:daily") == (Path("flow.py"), "daily")
    assert split_target(str(odd)) == (odd, None)
    assert split_target(f"{odd}:x") == (odd, "x")
    assert split_target(f"{odd}:night: [red]:2") == (odd, "night: [red]:2")
    assert split_target(":") == (Path(), "")
