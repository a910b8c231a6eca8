"""How cost grows with the number of tasks: building, running, resuming, and the memory that it takes.

Each size is measured in a process of its own, so that the peak of its memory is its own.

    python benchmarks/growth.py                          the table
    python benchmarks/growth.py --plot docs/growth.svg   and the plot of the manual (needs ".[plot]")
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowweaver import Workflow
    from fwtui.session.session import Session

SIZES = (1_000, 10_000, 100_000)
FIGURES = {
    "build": "building the workflow",
    "run": "run in memory",
    "durable": "run, every task committed",
    "resume": "resume, all done",
    "open": "opening the dashboard's picture",
    "frame": "one frame of the table",
}
MEMORY = {"memory": "peak memory of the run", "durable_memory": "peak memory of the durable run"}


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds it takes."""
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def peak() -> float:
    """Return the peak of this process's memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def measure(count: int, *, durable: bool) -> dict[str, float]:
    """Return the seconds and megabytes of one size, in this process."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from shapes import layers, workflow

    from flowweaver import SQLiteStateStore, ThreadedExecutor

    shape = layers(count, width=100)
    built: list[Workflow] = []
    build = timed(lambda: built.append(workflow(shape, int)))
    flow = built.pop()
    if not durable:
        return {"build": build, "run": timed(lambda: ThreadedExecutor(4).execute(flow)), "memory": peak()}
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        found["durable"] = timed(lambda: ThreadedExecutor(4, SQLiteStateStore(path)).execute(flow))
        found["durable_memory"] = peak()
        again = workflow(shape, int)
        found["resume"] = timed(lambda: ThreadedExecutor(4, SQLiteStateStore(path)).execute(again))
        assert all(task.restored for task in again.tasks)
        found |= screen(folder, count)
    return found


FILE = """
import sys
sys.path.insert(0, {here!r})
from shapes import layers, workflow

workflow = workflow(layers({count}, width=100), int)
"""


def screen(folder: str, count: int) -> dict[str, float]:
    """Return the seconds until a session has its picture, and those of one frame of its table."""
    from fwtui.model.views import idle_view
    from fwtui.session.project import Project
    from fwtui.session.session import Session

    file = Path(folder) / "flow.py"
    file.write_text(FILE.format(here=str(Path(__file__).resolve().parent), count=count))
    session = Session(Project.of(file, environ={}))
    opening = timed(lambda: idle_view(session.open()))
    return {"open": opening, "frame": asyncio.run(frame(session))}


async def frame(session: Session) -> float:
    """Return the seconds in which the table of a dashboard of 200 columns and 50 rows draws all its rows."""
    from fwtui.dashboard_app import DashboardApp

    app = DashboardApp(session, watch=False)
    async with app.run_test(size=(200, 50)) as pilot:
        board = app.dashboard
        assert board is not None
        while board.view is None or board.busy:
            await pilot.pause(0.01)
        table = board.table
        return min(timed(lambda: [table.render_line(y) for y in range(table.size.height)]) for _ in range(5))


def table_of(found: dict[int, dict[str, float]]) -> str:
    """Return the figures as lines, the growth beside each."""
    lines = [f"{'':34}" + "".join(f"{count:>22,}" for count in found)]
    for key, what in FIGURES.items():
        cells = [
            f"{took[key] * 1e3:12,.1f} ms" + ("" if key == "frame" else f" {took[key] / count * 1e6:5.1f}us")
            for count, took in found.items()
        ]
        lines.append(f"{what:34}" + "".join(f"{cell:>22}" for cell in cells))
    for key, what in MEMORY.items():
        lines.append(f"{what:34}" + "".join(f"{took[key]:>19,.0f} MB" for took in found.values()))
    return "\n".join(lines)


def plot(found: dict[int, dict[str, float]], path: str) -> None:
    """Write a plot of seconds and megabytes by number of tasks, as logarithms: what is linear is a straight line."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 9}
    from matplotlib import pyplot

    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(9, 3.8), width_ratios=(2, 1), layout="constrained")
    for axes, what, unit in ((times, FIGURES, "seconds"), (memory, MEMORY, "MB")):
        for key, label in what.items():
            axes.plot(list(found), [took[key] for took in found.values()], marker="o", markersize=4, label=label)
        axes.set(xscale="log", yscale="log", xlabel="tasks", ylabel=unit)
        axes.set_xticks(list(found), [f"{count:,}" for count in found])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, frameon=False)
    memory.set_yticks([10, 30, 100, 300], ["10", "30", "100", "300"])
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", metavar="FILE", help="write a plot as SVG")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="of which the quickest counts")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--durable", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(measure(options.one, durable=options.durable)))
        return
    found: dict[int, dict[str, float]] = {}
    for count in SIZES:
        repeats = [
            {**apart("--one", str(count)), **apart("--one", str(count), "--durable")} for _ in range(options.repeats)
        ]
        found[count] = {key: min(each[key] for each in repeats) for key in repeats[0]}
    print(table_of(found))
    print(f"best of {options.repeats}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, 4 workers, layers of 100")
    if options.plot:
        plot(found, options.plot)


def apart(*arguments: str) -> dict[str, float]:
    """Return what this script measures in a process of its own."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
