"""What the dashboard costs a run: the time of the same run with the screen open and without any.

Thousands of short tasks run with four workers, each committed to SQLite; the screen has 200 columns and 50 rows. The
time of a run is what the state remembers, so that neither starting nor drawing the end counts. Variants take turns,
and each is compared with the one beside it in the same turn.

    python benchmarks/price.py                       every kind of task, every variant
    python benchmarks/price.py --only computing --repeats 9

Tasks that compute have the same work in every variant, about 100 µs of it; those that wait sleep for 100 µs; ``tiny``
ones do nothing, so that a worker takes several of them at a time.
"""

from __future__ import annotations

import argparse
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from screen import HEAD, Screen, environment, peaks

WORKERS = 4
SECONDS = 100e-6
ENDED = re.compile(rb"all [0-9,]+ done|failed at|does not load")
KINDS = {
    "computing": """
        def work():
            for _ in range({rounds}): pass
        """,
    "waiting": f"""
        def work(): time.sleep({SECONDS})
        """,
    "tiny": """
        def work(): pass
        """,
}
LIBRARY = """
from flow import workflow
from flowweaver import SQLiteStateStore, ThreadedExecutor
ThreadedExecutor({workers}, SQLiteStateStore("state.db")).execute(workflow)
"""


class Took(NamedTuple):
    """What a run took.

    Attributes:
        seconds: from the start of the run to its end.
        memory: the peak of the memory of the process that was started, and of the one that it started, in MB.
    """

    seconds: float
    memory: tuple[float, ...] = ()


def rounds_of(seconds: float) -> int:
    """Return how many rounds of a loop take so long on this machine when nothing else runs."""
    best = float("inf")
    for _ in range(50):
        begun = time.perf_counter()
        for _ in range(1_000):
            pass
        best = min(best, time.perf_counter() - begun)
    return round(1_000 * seconds / best)


def seconds_of_run(folder: Path) -> float:
    """Return how long the only run in a state took, by what the state says."""
    (path,) = folder.rglob("*.db")
    with closing(sqlite3.connect(path)) as state:
        ((begun, ended, outcome),) = state.execute("SELECT started_at, finished_at, outcome FROM runs")
    assert outcome == "completed", outcome
    return ended - begun


# How a run is made


def called(*arguments: str) -> Callable[[Path], Took]:
    """Return the way to make a run by Python with these arguments, without a terminal."""

    def make(folder: Path) -> Took:
        subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, check=True
        )
        return Took(seconds_of_run(folder))

    return make


def open_screen(*arguments: str) -> Callable[[Path], Took]:
    """Return the way to make a run by a key in the dashboard."""

    def make(folder: Path) -> Took:
        screen = Screen(folder, *arguments, "flow.py")
        try:
            screen.until(lambda came: b"task_9" in came, "the tasks")
            screen.quiet(0.5)
            screen.press("r")
            screen.until(ENDED.search, "the end of the run")
            memory = peaks(screen.pid)
            screen.quiet(0.3)
        finally:
            screen.end()
        return Took(seconds_of_run(folder), memory)

    return make


HEADLESS = ("-m", "fwtui", "run", "-j", str(WORKERS))
VARIANTS: Mapping[str, Callable[[Path], Took]] = {
    "library": called("-c", LIBRARY.format(workers=WORKERS)),
    "headless": called(*HEADLESS, "flow.py"),
    "open": open_screen("-j", str(WORKERS)),
    "headless --isolate": called(*HEADLESS, "--isolate", "flow.py"),
    "open --isolate": open_screen("-j", str(WORKERS), "--isolate"),
}
COMPARED = {
    "open": "headless",
    "open --isolate": "headless --isolate",
    "headless": "library",
}


def measure(kind: str, count: int, variants: Sequence[str], repeats: int) -> dict[str, list[Took]]:
    """Return what the runs of each variant took, made in turn, in another order each time."""
    text = textwrap.dedent(KINDS[kind]).format(rounds=rounds_of(SECONDS))
    text += f"\nfor number in range({count}):\n    add(f'task_{{number}}', work)\n"
    found: dict[str, list[Took]] = {name: [] for name in variants}
    for turn in range(repeats):
        for name in variants if turn % 2 else reversed(variants):
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "flow.py").write_text(HEAD + text)
                found[name].append(VARIANTS[name](Path(folder)))
    return found


def lines_of(kind: str, count: int, found: Mapping[str, Sequence[Took]]) -> list[str]:
    """Return the figures of one kind of task."""
    lines = []
    for name, runs in found.items():
        seconds = statistics.median(run.seconds for run in runs)
        line = (
            f"{kind:<10} {name:<20} {seconds * 1e3:9,.0f} ms {seconds / count * 1e6:7.0f} us {count / seconds:9,.0f}/s"
        )
        other = COMPARED.get(name)
        if other in found:
            ratios = sorted(beside.seconds / run.seconds for run, beside in zip(runs, found[other], strict=True))
            line += f"  {statistics.median(ratios):5.2f} of {other} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        if memory := [run.memory for run in runs if run.memory]:
            line += (
                "  " + " + ".join(f"{statistics.median(column):.0f}" for column in zip(*memory, strict=False)) + " MB"
            )
        lines.append(line)
    return lines


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(KINDS), help="which kinds of tasks, with commas between")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="which ways to run them")
    parser.add_argument("--tasks", type=int, default=10_000, metavar="N")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    asked = parser.parse_args()
    loads = [os.getloadavg()[0]]
    print(f"{asked.tasks:,} tasks, {WORKERS} workers; medians of {asked.repeats}; throughput of one to that of another")
    for kind in asked.only.split(","):
        found = measure(kind, asked.tasks, asked.variants.split(","), asked.repeats)
        loads.append(os.getloadavg()[0])
        print("\n".join(lines_of(kind, asked.tasks, found)), flush=True)
    print(
        f"{os.cpu_count()} cores, load {min(loads):.1f} to {max(loads):.1f} (mean {statistics.mean(loads):.1f}), "
        f"Python {sys.version.split()[0]}"
    )


if __name__ == "__main__":
    main()
