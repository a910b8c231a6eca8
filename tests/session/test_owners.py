"""Another distribution that installs a package named flowweaver is noticed, and only that."""

from __future__ import annotations

from pathlib import Path

from fwtui.session.owners import other_owners, warning


def install(folder: Path, name: str, record: str, top_level: str | None = None) -> None:
    info = folder / f"{name}.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(record)
    if top_level is not None:
        (info / "top_level.txt").write_text(top_level)


def test_only_others_that_own_the_package_are_named(tmp_path: Path) -> None:
    install(tmp_path, "fwtui-0.4.0", "flowweaver/__init__.py,,\n")
    install(tmp_path, "flowweaver-0.2.1", "flowweaver/core.py,,\nflowweaver/__init__.py,,\n")
    install(tmp_path, "other-1.0", "", "flowweaver\n")
    install(tmp_path, "innocent-1.0", "innocent/flowweaver/__init__.py,,\n", "innocent\n")
    assert other_owners([str(tmp_path), str(tmp_path / "gone")]) == ["flowweaver 0.2.1", "other 1.0"]


def test_the_warning_says_what_to_uninstall_in_two_lines() -> None:
    text = warning(["flowweaver 0.2.1"])
    assert "flowweaver 0.2.1 is installed beside fwtui" in text
    assert "pip uninstall flowweaver && " in text
    assert len(text.split("\n")) == 2
    assert warning([]) == ""
