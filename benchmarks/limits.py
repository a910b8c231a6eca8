"""Where one machine ends: how long tasks must be, how large results may be, how many tasks can wait at once.

Every run is committed to SQLite, in a process of its own so that the peak of its memory is its own.

    python benchmarks/limits.py
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flowweaver import AsyncExecutor, SQLiteStateStore, Task, ThreadedExecutor, Workflow

MEGABYTE = 1_000_000
LENGTHS = (0.0001, 0.001, 0.01, 0.1)
RESULTS = (0.01, 0.1, 1, 10, 100)
WAITS = (("threads", 4), ("threads", 100), ("threads", 1_000), ("coroutines", 1_000), ("coroutines", 10_000))


def computing(seconds: float) -> tuple[float, float]:
    """Return the seconds of a run of tasks that compute so long, and of the same calls one after the other."""
    count = max(50, min(2_000, round(2 / seconds)))
    rounds = 1
    while (took := _loop(rounds)) < seconds:
        rounds = max(rounds + 1, round(rounds * min(8.0, seconds / took)))
    flow = Workflow("computing")
    for number in range(count):
        flow.add_task(Task(f"t{number}", lambda: _loop(rounds) and None))
    alone = time.perf_counter()
    for _ in range(count):
        _loop(rounds)
    alone = time.perf_counter() - alone
    return _seconds(flow, 4), alone


def _loop(rounds: int) -> float:
    begun = time.perf_counter()
    for _ in range(rounds * 100):
        pass
    return time.perf_counter() - begun


def results(megabytes: float) -> tuple[float, float]:
    """Return the seconds of each task, and the peak of memory in MB, of a run whose tasks return 200 MB of bytes."""
    count, size = max(2, min(1_000, round(200 / megabytes))), round(megabytes * MEGABYTE)
    flow = Workflow("results")
    for number in range(count):
        flow.add_task(Task(f"t{number}", lambda number=number: bytes([number % 256]) * size))
    return _seconds(flow, 4) / count, _peak()


def waits(kind: str, at_once: int) -> tuple[float, float]:
    """Return tasks a second and the peak of memory in MB of a run whose tasks wait 0.1 s, so many of them at once."""
    count = min(10_000, max(200, at_once * 10))
    flow = Workflow("waits")
    for number in range(count):
        flow.add_task(Task(f"t{number}", (lambda: time.sleep(0.1)) if kind == "threads" else _sleep))
    return count / _seconds(flow, at_once, coroutines=kind == "coroutines"), _peak()


async def _sleep() -> None:
    await asyncio.sleep(0.1)


def _seconds(flow: Workflow, workers: int, *, coroutines: bool = False) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = SQLiteStateStore(Path(folder) / "state.db")
        begun = time.perf_counter()
        (AsyncExecutor if coroutines else ThreadedExecutor)(workers, store).execute(flow)
        return time.perf_counter() - begun


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def apart(call: str, repeats: int) -> tuple[float, float]:
    """Return the medians of what a call of this module returns, each time in a process of its own."""
    code = f"import limits; print(*limits.{call})"
    here = Path(__file__).resolve().parent
    said = [
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=here
        ).stdout.split()
        for _ in range(repeats)
    ]
    first, second = zip(*((float(one), float(other)) for one, other in said), strict=True)
    return statistics.median(first), statistics.median(second)


def main() -> None:
    """Measure, and print three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    asked = parser.parse_args()
    loads = [os.getloadavg()[0]]
    for seconds in LENGTHS:
        ran, alone = apart(f"computing({seconds})", asked.repeats)
        print(f"tasks that compute {seconds * 1e3:6.1f} ms, 4 workers: {ran / alone:5.2f} times the calls alone")
    loads.append(os.getloadavg()[0])
    for size in RESULTS:
        took, memory = apart(f"results({size})", asked.repeats)
        print(f"results of {size:6.2f} MB: {took * 1e3:8.2f} ms each, {size / took:6.0f} MB/s, peak {memory:5.0f} MB")
    loads.append(os.getloadavg()[0])
    for kind, at_once in WAITS:
        rate, memory = apart(f"waits({kind!r}, {at_once})", asked.repeats)
        best = at_once * 10
        print(f"{at_once:6,} {kind} that wait 0.1 s: {rate:7,.0f} of {best:,} tasks/s, peak {memory:5.0f} MB")
    loads.append(os.getloadavg()[0])
    print(
        f"medians of {asked.repeats}; {os.cpu_count()} cores, load {min(loads):.1f} to {max(loads):.1f}, "
        f"Python {sys.version.split()[0]}"
    )


if __name__ == "__main__":
    main()
