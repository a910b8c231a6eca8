"""@task keeps the signature of what it decorates: a type checker knows arguments and results, and finds wrong ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def test_a_type_checker_sees_decorated_functions_as_they_were_written(tmp_path):
    pytest.importorskip("mypy", reason="mypy is one of the tools for development, not of those for tests")
    checked = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty", "--config-file=",
            f"--cache-dir={tmp_path}", str(HERE / "signatures.py"),
        ],
        env={**os.environ, "MYPYPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )  # fmt: skip
    found = re.findall(r"signatures\.py:(\d+): error: .*\[([a-z-]+)\]$", checked.stdout, re.MULTILINE)
    lines = (HERE / "signatures.py").read_text(encoding="utf-8").splitlines()
    expected = [
        (str(number), line.rpartition("# expected: ")[2])
        for number, line in enumerate(lines, 1)
        if "# expected: " in line
    ]
    assert len(expected) == 5
    assert found == expected, checked.stdout + checked.stderr
