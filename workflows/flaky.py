"""What goes wrong, and what is done about it: retries, a timeout, and a mistake that you mend while it is open.

``fetch_forecast`` is refused twice and answered at the third attempt; ``read_sensor`` hangs once and is given up at its
deadline; ``merge_hours`` fails every time, because of a mistake in ``hour_of``, until you edit this file:

    1.  fwtui workflows/flaky.py           press r: merge_hours fails with KeyError: 'hour_utc'
    2.  look for MISTAKE below, do what it says, save
    3.  press r again                      merge_hours and publish run; the two before them are not asked again

The same without a screen: ``fwtui run workflows/flaky.py``, edit, and that command once more. With plain Python
(``python workflows/flaky.py``) nothing is remembered, so everything runs each time.
"""

import sys
import time
from typing import Any

from flowweaver import ThreadedExecutor, Workflow, WorkflowExecutionError, current_task, task

REFUSALS = 2
HANGS = 1

Reading = dict[str, Any]


def attempt_number() -> int:
    """Return the number of the attempt that runs this code, from 1; outside a run (in a test) one that succeeds."""
    this = current_task()
    return this.attempt if this else REFUSALS + 1


def given_up() -> bool:
    """Tell whether the attempt that runs this code is past its deadline, so that nobody waits for it any more."""
    this = current_task()
    return this is not None and this.cancelled


@task(retries=3, retry_delay=0.5, retry_backoff=2, retry_on=ConnectionError)
def fetch_forecast() -> list[Reading]:
    """Return tomorrow's forecast. The service refuses twice; each wait before the next attempt is longer."""
    print("asking the forecast service")
    if attempt_number() <= REFUSALS:
        raise ConnectionRefusedError(f"the forecast service refused attempt {attempt_number()}")
    print("it answered")
    return [{"time_hour": f"{hour:02}:00", "forecast": 10 + hour / 2} for hour in range(6, 12)]


@task(retries=1, timeout=1)
def read_sensor() -> list[Reading]:
    """Return what the sensor measured. It hangs once: after a second that attempt is given up, and another made.

    A thread cannot be stopped from outside, so a task that may take long asks now and then whether it is given up.
    """
    print("reading the sensor")
    while attempt_number() <= HANGS and not given_up():
        time.sleep(0.05)
    return [{"time_hour": f"{hour:02}:00", "measured": 9 + hour / 2} for hour in range(6, 12)]


def hour_of(row: Reading) -> str:
    """Return the hour of a reading, ``06:00`` to ``11:00``."""
    # MISTAKE: the rows call it "time_hour". Write that here instead of "hour_utc", and save.
    hour: str = row["hour_utc"]
    return hour


@task
def merge_hours(fetch_forecast: list[Reading], read_sensor: list[Reading]) -> dict[str, float]:
    """Return how far each hour's forecast was off."""
    print(f"merging {len(fetch_forecast)} hours of forecast with {len(read_sensor)} of measurements")
    measured = {hour_of(row): row["measured"] for row in read_sensor}
    return {hour_of(row): row["forecast"] - measured[hour_of(row)] for row in fetch_forecast}


@task
def publish(merge_hours: dict[str, float]) -> float:
    """Return the mean error of the forecast."""
    mean = sum(merge_hours.values()) / len(merge_hours)
    print(f"the forecast was {mean:.1f} degrees too high over {len(merge_hours)} hours")
    return mean


workflow = Workflow("flaky", "Retries, a timeout, and a mistake to mend")
workflow.add_task(fetch_forecast)
workflow.add_task(read_sensor)
workflow.add_task(merge_hours, depends_on=[fetch_forecast, read_sensor])
workflow.add_task(publish, depends_on=[merge_hours])


if __name__ == "__main__":
    try:
        ThreadedExecutor().execute(workflow)
    except WorkflowExecutionError as error:
        sys.exit(f"{error}\nThat is meant to happen: look for MISTAKE in this file.")
