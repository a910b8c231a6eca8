"""Every figure here is a ratio to a floor that is measured in the same rounds, so that a busy machine cancels out.

``pytest benchmarks`` prints them. Nothing is asserted of speed: a benchmark fails only if the work was not done.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

_rows: list[tuple[str, str, float, float, float]] = []


@pytest.fixture
def against(benchmark: BenchmarkFixture) -> Callable[..., float]:
    """Return what measures work beside its floor, round by round."""

    def measure(
        what: str,
        floor: Callable[[], object] | float,
        work: Callable[..., object],
        *,
        given: Callable[[], tuple[Any, ...]] = tuple,
        per: int = 1,
        rounds: int = 7,
    ) -> float:
        """Print a row of the table and return the ratio of the medians.

        Args:
            what: the row's name.
            floor: done once before each round, or its seconds where it can be computed.
            work: what is measured; it gets what ``given`` returns, which is not measured.
            per: tasks in it; the table has microseconds for each, or milliseconds if it is 1.
            rounds: how often.
        """
        floors: list[float] = []

        def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
            if callable(floor):
                begun = time.perf_counter()
                floor()
                floors.append(time.perf_counter() - begun)
            else:
                floors.append(floor)
            return given(), {}

        benchmark.pedantic(work, setup=setup, rounds=rounds, iterations=1)
        took, least = benchmark.stats.stats.median, statistics.median(floors)
        benchmark.extra_info.update(floor=least, ratio=took / least)
        unit, scale = ("us a task", 1e6 / per) if per > 1 else ("ms", 1e3)
        _rows.append((what, unit, took * scale, least * scale, took / least))
        return took / least

    return measure


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _rows:
        return
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    terminalreporter.section("ratio to the floor (medians)")
    terminalreporter.write_line(f"load {load} on {os.cpu_count()} cores")
    width = max(len(row[0]) for row in _rows)
    for what, unit, took, least, ratio in _rows:
        terminalreporter.write_line(f"{what:{width}}  {took:10,.1f} {unit:9}  floor {least:10,.1f}  {ratio:7.2f}x")
