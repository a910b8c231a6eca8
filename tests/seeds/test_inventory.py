"""The inventory in README.md is true: it numbers the blocks without a gap, and the tests it names are there."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
BLOCKS = {"A": 5, "B": 4, "C": 56, "D": 34, "E": 11}

rows = re.findall(
    r"^\| ([A-E])(\d+) \|.*\| ([^|]*) \|$", (HERE / "README.md").read_text(encoding="utf-8"), re.MULTILINE
)
tests = {
    name
    for folder in (HERE, HERE.parent / "workflows")
    for file in folder.glob("test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
}


def named(cell):
    return re.findall(r"`(test_\w+)`", cell)


def test_every_block_is_listed_once_and_in_order():
    for document, count in BLOCKS.items():
        assert [int(number) for letter, number, _ in rows if letter == document] == list(range(1, count + 1))
    assert len(rows) == 110


def test_every_block_has_a_test_that_is_there_or_says_why_not():
    for letter, number, cell in rows:
        assert named(cell) or cell.startswith("none: "), f"{letter}{number}"
        assert set(named(cell)) <= tests, f"{letter}{number}"


def test_every_test_of_a_block_is_listed_with_it():
    listed = {f"{letter}{number}".lower(): named(cell) for letter, number, cell in rows}
    for name in tests:
        for block in re.findall(r"(?<=_)[a-e]\d+(?=_)", name):
            assert name in listed[block], f"{name} is not listed at {block}"
