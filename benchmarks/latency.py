"""How the dashboard feels: from a key to the changed screen, in a real terminal of 200 columns and 50 rows.

It starts ``fwtui`` behind a pseudo-terminal as a person's shell would, presses keys, and reads what is drawn. Nothing
in the program knows that it is measured, but for ``loop``: there the script runs ``fwtui`` in its own process and takes
the time of everything that the event loop calls.

    python benchmarks/latency.py                    every measurement, three times, interleaved
    python benchmarks/latency.py --only idle,waiting --repeats 1

Figures of a machine that does other work say little: the load is printed, and the best repeat is the one to read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from screen import CURSOR, Screen, opened

WORKFLOWS = {
    "ten": """
        for number in range(10):
            add(f"task_{number}", lambda: None, [f"task_{number - 1}"] if number else [])
        """,
    "waiting": """
        def wait(): time.sleep(0.001)
        for number in range(30_000):
            add(f"task_{number}", wait)
        """,
    "computing": """
        def compute():
            end = time.thread_time() + 0.2
            while time.thread_time() < end:
                sum(range(200))
        for number in range(400):
            add(f"task_{number}", compute)
        """,
    "many": """
        def nothing(): pass
        for number in range(10_000):
            add(f"task_{number}", nothing, [f"task_{number // 10}"] if number >= 10 else [])
        """,
}


@dataclass
class Figures:
    """Seconds that something took, over and over, and what they are to be below."""

    target: float | None = None
    taken: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        """Return the seconds that this share of them was within; 0 for the least of them."""
        return sorted(self.taken)[max(0, math.ceil(share * len(self.taken)) - 1)]

    @property
    def judged(self) -> float:
        """What is compared with the target: the best of a few, the 99th of 100 of many."""
        return self.at(0.99 if len(self.taken) > 10 else 0)


Measured = dict[str, Figures]


def presses(screen: Screen, keys: Sequence[str], count: int) -> list[float]:
    """Press keys in turn, a little apart, and return how long the cursor took to be drawn in another row."""
    taken = []
    for number in range(count):
        before = screen.cursor()
        pressed = screen.press(keys[number % len(keys)])
        taken.append(screen.until(lambda came, before=before: moved(came, before), "the cursor") - pressed)  # type: ignore[misc]
        screen.rest(random.uniform(0.02, 0.06))
    return taken


def moved(came: bytes, before: int) -> bool:
    """Tell whether the cursor is drawn in another row than before."""
    return any(int(row) != before for row in CURSOR.findall(came))


def settled(screen: Screen, keys: Sequence[str]) -> list[float]:
    """Press keys one by one on a screen that is quiet otherwise, and return how long each took to be drawn whole."""
    taken = []
    for key in keys:
        screen.quiet()
        pressed = screen.press(key)
        screen.until(bool, f"an answer to {key!r}")
        taken.append(screen.quiet() - pressed)
    return taken


# What is measured


def start_and_end(_count: int) -> Measured:
    """Process start to the first paint of ten tasks, a save to its message, ``q`` to the end of the process."""
    with opened(WORKFLOWS["ten"]) as screen:
        painted = screen.until(lambda came: b"task_9" in came, "the tasks") - screen.started
        screen.quiet(0.5)
        path = screen.folder / "flow.py"
        text = path.read_text()
        saved = time.perf_counter()
        path.write_text(text + "# saved\n")
        shown = screen.until(lambda came: b"flow.py saved" in came, "the save") - saved
        screen.quiet()
        return {
            "process start to first paint, 10 tasks": Figures(0.5, [painted]),
            "save to its message": Figures(0.3, [shown]),
            "q to the end of the process": Figures(None, [screen.end()]),
        }


def idle(count: int) -> Measured:
    """Ten tasks, nothing runs."""
    with opened(WORKFLOWS["ten"]) as screen:
        screen.until(lambda came: b"task_9" in came, "the tasks")
        screen.quiet(0.3)
        return {"key, 10 tasks, idle": Figures(0.05, presses(screen, "jjjkkk", count))}


def running(workflow: str, workers: int, what: str, target: float) -> Callable[[int], Measured]:
    """Return the measurement of keys while tasks run."""

    def measure(count: int) -> Measured:
        with opened(WORKFLOWS[workflow], "-j", str(workers), "--run") as screen:
            screen.until(lambda came: b"running" in came, "the run")
            screen.until(CURSOR.search, "the cursor")
            return {what: Figures(target, presses(screen, "jjjkkk", count))}

    return measure


def many(_count: int) -> Measured:
    """Ten thousand tasks: open, move, page, filter; until the frame is whole."""
    with opened(WORKFLOWS["many"]) as screen:
        painted = screen.until(lambda came: b"task_9" in came, "the tasks") - screen.started
        screen.quiet(0.5)
        return {
            "process start to first paint, 10,000 tasks": Figures(None, [painted]),
            "10,000 tasks: a row down": Figures(0.05, settled(screen, "j" * 20)),
            "10,000 tasks: a page down": Figures(0.05, settled(screen, ["\x1b[6~"] * 20)),
            "10,000 tasks: to the end and back": Figures(0.05, settled(screen, ["G", "\x1b[H"] * 5)),
            "10,000 tasks: another order": Figures(0.05, settled(screen, "oooo")),
            "10,000 tasks: a letter of a filter": Figures(0.05, settled(screen, "/99")[1:]),
        }


def loop(_count: int) -> Measured:
    """What the event loop calls while 8 workers finish thousands of tasks a second."""
    with tempfile.NamedTemporaryFile() as report:
        with opened(WORKFLOWS["waiting"], "-j", "8", "--run", program=(__file__, "--inside", report.name)) as screen:
            begun = screen.until(lambda came: b"running" in came, "the run")
            screen.rest(4)
            ended = screen.press("q")
            screen.rest(0.5)
            screen.press("S")
            while screen.alive():
                screen.rest(0.05)
        calls = [call for call in timings(report.name, begun, ended) if call.what == "call"]
    return {
        "8 workers that wait: a call of the event loop": Figures(0.016, [call.took for call in calls]),
        "... without waiting for the interpreter": Figures(0.016, [call.worked for call in calls]),
    }


class Timing(NamedTuple):
    """One thing that the thread with the screen did.

    Attributes:
        what: "call" of the event loop; within calls "drain" (events folded, and what they change composed) and "frame"
            (what changed drawn).
        began: of ``time.perf_counter``.
        took, worked: seconds by the clock, and those that the thread had the processor.
    """

    what: str
    began: float
    took: float
    worked: float


def timings(report: str, begun: float, ended: float) -> list[Timing]:
    """Return what ``--inside`` wrote down between two moments."""
    return [
        timing for timing in map(Timing._make, json.loads(Path(report).read_text())) if begun < timing.began < ended
    ]


def inside(report: str, arguments: list[str]) -> None:
    """Run ``fwtui`` in this process; write down when each call of its event loop came, and what it took."""
    from textual.screen import Screen as Drawn

    from fwtui.cli import main
    from fwtui.dashboard_app import DashboardApp

    found: list[Timing] = []

    def watch(owner: type, name: str, what: str) -> None:
        function = getattr(owner, name)

        def timed(*arguments: object, **named: object) -> object:
            began, used = time.perf_counter(), time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                found.append(Timing(what, began, time.perf_counter() - began, time.thread_time() - used))

        setattr(owner, name, timed)

    watch(asyncio.Handle, "_run", "call")
    watch(DashboardApp, "_drain", "drain")
    watch(Drawn, "_compositor_refresh", "frame")
    code = main(arguments)
    Path(report).write_text(json.dumps(found))
    sys.exit(code)


MEASUREMENTS: dict[str, Callable[[int], Measured]] = {
    "start": start_and_end,
    "idle": idle,
    "waiting": running("waiting", 8, "key, 8 workers that wait, thousands of tasks a second", 0.05),
    "computing": running("computing", 2, "key, 2 workers that compute", 0.1),
    "many": many,
    "loop": loop,
}


def best_of(repeats: Sequence[Measured]) -> Measured:
    """Return for each thing the repeat whose 99th of 100 was the shortest; what was taken once, all together."""
    best = {}
    for what in repeats[0]:
        figures = [each[what] for each in repeats]
        if all(len(each.taken) == 1 for each in figures):
            best[what] = Figures(figures[0].target, [each.taken[0] for each in figures])
        else:
            best[what] = min(figures, key=lambda each: each.at(0.99))
    return best


def table(measured: Measured) -> str:
    """Return the figures as lines."""
    lines = [f"{'milliseconds':<56} {'n':>6} {'best':>7} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7}  target"]
    for what, figures in measured.items():
        shown = " ".join(f"{figures.at(share) * 1000:7.1f}" for share in (0, 0.5, 0.95, 0.99, 1))
        target = "" if figures.target is None else f"< {figures.target * 1000:.0f}"
        missed = "" if figures.target is None or figures.judged < figures.target else "  missed"
        lines.append(f"{what:<56} {len(figures.taken):>6} {shown}  {target}{missed}".rstrip())
    return "\n".join(lines)


def main() -> None:
    """Measure, and print one table."""
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(MEASUREMENTS), help="which, with commas between")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--presses", type=int, default=100, metavar="N", help="keys in each repeat")
    asked = parser.parse_args()
    found: dict[str, list[Measured]] = {name: [] for name in asked.only.split(",")}
    loads = [os.getloadavg()[0]]
    start_and_end(0)
    for _ in range(asked.repeats):
        for name, repeats in found.items():
            repeats.append(MEASUREMENTS[name](asked.presses))
            loads.append(os.getloadavg()[0])
    measured = {what: figures for repeats in found.values() for what, figures in best_of(repeats).items()}
    print(table(measured))
    print(
        f"best of {asked.repeats}; {os.cpu_count()} cores, load {min(loads):.1f} to {max(loads):.1f} "
        f"(mean {statistics.mean(loads):.1f}), Python {sys.version.split()[0]}"
    )


if __name__ == "__main__":
    main()
