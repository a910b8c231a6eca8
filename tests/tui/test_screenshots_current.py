"""The pictures of the README say what the dashboard says; ``python tests/tui/screenshots.py`` makes them anew."""

from __future__ import annotations

import re

import pytest
from stage import play

from screenshots import FOLDER, RECORDING, SHOTS, record, take, words_of

HOW = "run: python tests/tui/screenshots.py"


def kept(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_says_what_the_dashboard_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def scene():
        assert words_of(kept(name)) == words_of(await take(name, tmp_path)), HOW

    play(scene())
    assert words_of(kept(name)), "a picture without words is none"


def test_the_recording_does_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def scene():
        assert words_of(kept(RECORDING)) == words_of(await record(tmp_path)), HOW

    play(scene())


@pytest.mark.parametrize("name", [*SHOTS, RECORDING])
def test_a_picture_needs_nothing_from_anywhere_and_tells_no_folder(name):
    text = kept(name)
    assert set(re.findall(r"https?://[^\"' <)]+", text)) <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}
    assert "/tmp" not in text
    assert name == RECORDING or (FOLDER / f"{name}.png").is_file()
