"""Ten waits at once: what threads are for.

Ten tasks each wait for a slow answer, as a request or a query does, and one task brings their answers together. One
after another they would take the sum of their waits; with ten workers they take as long as the slowest of them.

It teaches two things: tasks made in a loop, and ``**answers``, by which a task takes whatever its dependencies gave.

    fwtui workflows/parallel_run.py               the timeline (i) shows the waits side by side
    fwtui run -j 10 workflows/parallel_run.py     try -j 1 and -j 4 too
    python workflows/parallel_run.py
"""

import time
from functools import partial
from typing import Any

from flowweaver import Task, ThreadedExecutor, Workflow, task

WAITS = {
    "amsterdam": 0.50,
    "berlin": 0.30,
    "cairo": 0.70,
    "dublin": 0.40,
    "edinburgh": 0.60,
    "florence": 0.20,
    "geneva": 0.50,
    "helsinki": 0.80,
    "istanbul": 0.40,
    "jakarta": 0.60,
}
"""Seconds that each city's station takes to answer."""


def ask(city: str, seconds: float) -> dict[str, float]:
    """Wait for a station's answer; return when it was asked and when it answered, in seconds since the epoch."""
    asked = time.time()
    time.sleep(seconds)
    print(f"{city} answered after {seconds:.2f} s")
    return {"asked": asked, "answered": time.time()}


def speed_up(answers: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return the seconds waited in all, the seconds that passed on the clock, and how many times more the former is."""
    waited = sum(each["answered"] - each["asked"] for each in answers.values())
    passed = max(each["answered"] for each in answers.values()) - min(each["asked"] for each in answers.values())
    return {"waited": round(waited, 2), "passed": round(passed, 2), "times": round(waited / passed, 1)}


@task
def compare(**answers: dict[str, float]) -> dict[str, Any]:
    """Say what waiting at the same time was worth."""
    gain = speed_up(answers)
    print(f"{len(answers)} answers: {gain['waited']} s of waiting in {gain['passed']} s, {gain['times']} times as fast")
    return gain


workflow = Workflow("parallel_run", "Ten waits at once, and what that was worth")
for name, wait in WAITS.items():
    workflow.add_task(Task(f"ask_{name}", partial(ask, name, wait)))
workflow.add_task(compare, depends_on=[each.name for each in workflow.tasks])


if __name__ == "__main__":
    ThreadedExecutor(max_workers=len(WAITS)).execute(workflow)
