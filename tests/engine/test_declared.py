"""Declared files: read only when they may have changed, compared by content, and never an error."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flowweaver.changes import file_change
from flowweaver.declared import missing_outputs, observe_inputs, stamps_of
from flowweaver.records import FilePrint


def prints(patterns: list[str], base: str, known: tuple[FilePrint, ...] = ()) -> tuple[FilePrint, ...]:
    return observe_inputs(patterns, base, known).files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("data/a.csv", "data/b.csv", "data/deep/c.csv", "data/notes.txt", "plain.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "paths"),
    [
        ([], []),
        (["plain.txt"], ["plain.txt"]),
        (["data/*.csv"], ["data/a.csv", "data/b.csv"]),
        (["data/**/*.csv"], ["data/a.csv", "data/b.csv", "data/deep/c.csv"]),
        (["data"], ["data/a.csv", "data/b.csv", "data/deep/c.csv", "data/notes.txt"]),
        (["data/dee*"], ["data/deep/c.csv"]),
        (["data/b.csv", "data/*.csv"], ["data/b.csv", "data/a.csv"]),
        (["nothing/*.csv"], []),
        (["absent.csv"], ["absent.csv"]),
    ],
)
def test_paths_globs_and_folders_name_files(folder: Path, patterns: list[str], paths: list[str]) -> None:
    assert [file.path for file in prints(patterns, str(folder))] == paths


def test_an_absolute_path_stays_as_it_is_given(folder: Path, tmp_path: Path) -> None:
    path = str(folder / "plain.txt")
    (found,) = prints([path], "/")
    assert (found.path, found.size) == (path, len("plain.txt"))


def test_a_name_with_a_bracket_is_a_name_if_there_is_such_a_file(folder: Path) -> None:
    (folder / "x[1].csv").write_text("x")
    assert [file.size for file in prints(["x[1].csv"], str(folder))] == [1]


def test_a_missing_file_is_a_print_of_its_own_and_a_change(folder: Path) -> None:
    before = prints(["plain.txt"], str(folder))
    (folder / "plain.txt").unlink()
    after = prints(["plain.txt"], str(folder), before)
    assert [file.size for file in after] == [-1]
    assert file_change(before, after) == "plain.txt is gone"


def test_the_same_content_at_another_time_is_no_change(folder: Path) -> None:
    before = prints(["plain.txt"], str(folder))
    os.utime(folder / "plain.txt", ns=(1, 1))
    after = prints(["plain.txt"], str(folder), before)
    assert after != before
    assert file_change(before, after) is None


def test_other_content_of_the_same_size_is_a_change(folder: Path) -> None:
    before = prints(["plain.txt"], str(folder))
    (folder / "plain.txt").write_text("PLAIN.TXT")
    os.utime(folder / "plain.txt", ns=(1, 1))
    assert file_change(before, prints(["plain.txt"], str(folder), before)) == "plain.txt changed"


def test_a_file_is_not_read_again_if_size_and_time_are_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prints(["data/*.csv"], str(folder))
    reads: list[object] = []
    real: Callable[..., object] = builtins.open

    def counting(file: object, *rest: object, **more: object) -> object:
        reads.append(file)
        return real(file, *rest, **more)

    monkeypatch.setattr(builtins, "open", counting)
    assert prints(["data/*.csv"], str(folder), before) == before
    assert reads == []
    os.utime(folder / "data" / "a.csv", ns=(5, 5))
    prints(["data/*.csv"], str(folder), before)
    assert reads == [str(folder / "data" / "a.csv")]


def test_what_cannot_be_read_is_a_print_without_a_hash(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (pipe,) = prints(["pipe"], str(folder))
    assert pipe.digest == ""
    assert [file.size for file in prints(["bad\0name"], str(folder))] == [-1]


def test_products_that_are_not_there_are_named_as_declared(folder: Path) -> None:
    (folder / "gone").symlink_to("nowhere")
    patterns = ["plain.txt", "out.db", "data", "data/*.csv", "data/*.db", "gone"]
    assert missing_outputs(patterns, str(folder)) == ("out.db", "data/*.db", "gone")


@pytest.mark.parametrize(
    ("patterns", "missing"),
    [
        (["plain.txt", "data/*.csv", "data"], ()),
        (["absent.csv", "plain.txt"], ("absent.csv",)),
        (["nothing/*.csv", "data/*.xls"], ("nothing/*.csv", "data/*.xls")),
        (["empty"], ("empty",)),
    ],
)
def test_inputs_that_name_no_file_are_known_as_declared(
    folder: Path, patterns: list[str], missing: tuple[str, ...]
) -> None:
    (folder / "empty").mkdir()
    assert observe_inputs(patterns, str(folder)).missing == missing


def test_stamps_differ_exactly_when_a_declared_file_does_and_read_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def now() -> object:
        return stamps_of(["data/*.csv", "absent.csv"], ["out.db"], str(folder))

    monkeypatch.setattr(builtins, "open", lambda *_: pytest.fail("a file was read"))
    before = now()
    assert now() == before
    os.utime(folder / "plain.txt", ns=(5, 5))
    assert now() == before, "it is not declared"
    seen = [before]
    changes: list[Callable[[], object]] = [
        lambda: os.utime(folder / "data" / "a.csv", ns=(5, 5)),
        lambda: (folder / "data" / "b.csv").unlink(),
        lambda: (folder / "absent.csv").touch(),
        lambda: (folder / "out.db").touch(),
    ]
    for change in changes:
        change()
        assert now() not in seen
        seen.append(now())


def test_stamps_agree_with_what_the_plan_was_made_of(folder: Path) -> None:
    patterns = ["data/*.csv", "plain.txt", "absent.csv", "data/a.csv"]
    files = prints(patterns, str(folder))
    assert stamps_of(patterns, [], str(folder))[0] == tuple((file.path, file.size, file.mtime_ns) for file in files)
