"""The dashboard while ten thousand tasks run, with the engine in threads beside it and in a process of its own.

The latter is ``--isolate``. The tasks are in layers of 100, each waits 5 ms, and eight workers make them: that goes on
for ten seconds, in which keys are pressed in a real terminal of 200 columns and 50 rows, and the script takes the time
of what the screen's own thread does, as ``latency.py`` does for ``loop``.

    python benchmarks/large.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence

import latency
from latency import Figures, presses, timings
from screen import CURSOR, opened, peaks

TASKS = """
def wait(**_): time.sleep(0.005)
for number in range(10_000):
    row, column = divmod(number, 100)
    needs = {row * 100 - 100 + (column + step) % 100 for step in (0, 1, 7)} if row else ()
    add(f"task_{number}", wait, [f"task_{other}" for other in sorted(needs)])
"""
COLUMNS = {"in a thread": (), "--isolate": ("--isolate",)}
PARTS = {
    "a key until the cursor has moved": "key",
    "a call of the event loop": "call",
    "events folded and composed": "drain",
    "a frame drawn": "frame",
}


def measure(arguments: Sequence[str], count: int) -> tuple[dict[str, list[float]], tuple[float, ...]]:
    """Return the seconds that keys and the screen's thread took, and the memory of the processes in MB."""
    program = (latency.__file__, "--inside")
    with tempfile.NamedTemporaryFile() as report:
        with opened(TASKS, "-j", "8", "--run", *arguments, program=(*program, report.name)) as screen:
            begun = screen.until(lambda came: b"running" in came, "the run")
            screen.until(CURSOR.search, "the cursor")
            taken = {"key": presses(screen, "jjjkkk", count)}
            memory = peaks(screen.pid)
            ended = screen.press("q")
            screen.rest(0.5)
            screen.press("S")
            while screen.alive():
                screen.rest(0.05)
        for timing in timings(report.name, begun, ended):
            # A key waits for the interpreter, too; the other rows say what there is to do.
            taken.setdefault(timing.what, []).append(timing.worked)
    return taken, memory


def main() -> None:
    """Measure both in turn, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--presses", type=int, default=60, metavar="N", help="keys in each repeat")
    asked = parser.parse_args()
    loads = [os.getloadavg()[0]]
    found: dict[str, list[tuple[dict[str, list[float]], tuple[float, ...]]]] = {name: [] for name in COLUMNS}
    for _ in range(asked.repeats):
        for name, arguments in COLUMNS.items():
            found[name].append(measure(arguments, asked.presses))
            loads.append(os.getloadavg()[0])
    print(f"{'milliseconds, p50 / p99 / max':<36}" + "".join(f"{name:>24}" for name in found))
    for what, part in PARTS.items():
        cells = []
        for repeats in found.values():
            best = min((Figures(None, taken[part]) for taken, _ in repeats), key=lambda figures: figures.at(0.99))
            cells.append(" / ".join(f"{best.at(share) * 1e3:.1f}" for share in (0.5, 0.99, 1)))
        print(f"{what:<36}" + "".join(f"{cell:>24}" for cell in cells))
    cells = [
        " + ".join(
            f"{statistics.median(column):.0f}" for column in zip(*(memory for _, memory in repeats), strict=False)
        )
        for repeats in found.values()
    ]
    print(f"{'peak memory of each process, MB':<36}" + "".join(f"{cell:>24}" for cell in cells))
    print(
        f"best of {asked.repeats}; {os.cpu_count()} cores, load {min(loads):.1f} to {max(loads):.1f} "
        f"(mean {statistics.mean(loads):.1f}), Python {sys.version.split()[0]}"
    )


if __name__ == "__main__":
    main()
