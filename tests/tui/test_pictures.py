"""The pictures of the design, to the cell. ``golden/`` holds them as text; its README lists where they differ."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from moments import PICTURES
from scenes import EDGES
from stage import SMALL, VERY_WIDE, WIDE, open_stage, play

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("size", [SMALL, WIDE, VERY_WIDE], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_to_the_cell(name, size, path):
    async def scene():
        moment = PICTURES[name]
        async with open_stage(moment.session(path), size, moment.now, **moment.options) as on:
            await moment.act(on, path)
            return on.lines

    text = "\n".join(play(scene())) + "\n"
    file = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("FWTUI_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_picture_names_every_task():
    """The golden files are of this story, and not of another one."""
    for file in GOLDEN.glob("[ABC]-*.txt"):
        text = file.read_text(encoding="utf-8")
        assert all(name in text for name in EDGES), file.name


def test_every_picture_is_there_at_its_three_sizes():
    assert len(list(GOLDEN.glob("*.txt"))) == 3 * len(PICTURES)
