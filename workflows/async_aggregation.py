"""The worst days of January 2013 at New York's airports, from seven stations that are asked at the same time.

It teaches coroutines as tasks. One that waits for an answer takes no thread, so a single event loop serves them all.
A station may refuse (it is asked again) or fall silent (the attempt is given up at its deadline, its connection is
closed on the way out, and it is asked again); what the others have answered by then is kept.

    departures_EWR, weather_EWR  -> days_EWR
    departures_JFK, weather_JFK  -> days_JFK
    departures_LGA, weather_LGA  -> days_LGA
    days_EWR, days_JFK, days_LGA, airlines  -> rank_days -> write_worst_days

    fwtui --executor async workflows/async_aggregation.py    all seven at once; see the timeline (i)
    fwtui workflows/async_aggregation.py                     the same tasks in threads, as many at a time as those are
    python workflows/async_aggregation.py                    plain Python, with the AsyncExecutor

So that nothing has to be online, this file plays the stations itself: see "Playing the stations" below. At the first
attempt LaGuardia's departures are refused, and JFK's weather falls silent in the middle.
"""

import asyncio
import csv
import gzip
import json
import math
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from flowweaver import AsyncExecutor, SQLiteStateStore, Task, Workflow, WorkflowExecutionError, current_task, task

HERE = Path(__file__).resolve().parent

FLIGHTS_FILE = "data/flights_2013_01.csv.gz"
WEATHER_FILE = "data/weather_2013_01.csv.gz"
AIRLINES_FILE = "data/airlines.csv"
REPORT_FILE = "out/worst_days.md"

AIRPORTS = ("EWR", "JFK", "LGA")
NOT_AVAILABLE = "NA"
SPOILED_MINUTES = 60
WORST_DAYS = 5

REFUSES = "departures LGA"
FALLS_SILENT = "weather JFK"

Row = dict[str, Any]
Days = dict[int, Row]
"""What is known of each day of the month, by its number."""

SOURCE: dict[str, Any] = {
    "retries": 3,
    "retry_delay": 0.2,
    "retry_backoff": 2,
    "retry_on": (ConnectionError, TimeoutError),
}
"""How every station is asked: what the network did is worth another attempt, a mistake of ours is not."""


# Asking


@asynccontextmanager
async def asking(station: str) -> AsyncIterator[AsyncIterator[Row]]:
    """Ask a station, and give its rows as they come. However that ends, at its deadline too, nothing stays open.

    Raises:
        ConnectionRefusedError: the station is busy.
    """
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)
    playing = asyncio.create_task(play(station, there))
    try:
        if await reader.readline() == b"busy\n":
            raise ConnectionRefusedError(f"the station of {station} is busy")
        yield (json.loads(line) async for line in reader)
        await playing
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        writer.close()


async def departures(airport: str) -> Days:
    """Ask an airport for its flights, and add them up while they come: no more than a day's figures is kept."""
    days: Days = defaultdict(lambda: {"flights": 0, "cancelled": 0, "very_late": 0, "spoiled_by": {}})
    async with asking(f"departures {airport}") as flights:
        async for flight in flights:
            day = days[flight["day"]]
            cancelled = flight["delay"] is None
            very_late = not cancelled and flight["delay"] > SPOILED_MINUTES
            day["flights"] += 1
            day["cancelled"] += cancelled
            day["very_late"] += very_late
            if cancelled or very_late:
                spoiled_by = day["spoiled_by"]
                spoiled_by[flight["carrier"]] = spoiled_by.get(flight["carrier"], 0) + 1
    print(f"{sum(day['flights'] for day in days.values()):,} flights on {len(days)} days")
    return dict(days)


async def weather(airport: str) -> Days:
    """Ask an airport for its weather by the hour, and return each day's worst."""
    days: Days = defaultdict(lambda: {"hours": 0, "rain": 0.0, "wind": 0.0, "sight": math.inf})
    async with asking(f"weather {airport}") as hours:
        async for hour in hours:
            day = days[hour["day"]]
            day["hours"] += 1
            day["rain"] += hour["rain"]
            day["wind"] = max(day["wind"], hour["wind"])
            day["sight"] = min(day["sight"], hour["sight"])
    print(f"{sum(day['hours'] for day in days.values())} hours on {len(days)} days")
    return dict(days)


@task(inputs=[AIRLINES_FILE], timeout=5, **SOURCE)
async def airlines() -> dict[str, str]:
    """Ask for the airlines' names by carrier code."""
    async with asking("airlines") as rows:
        return {row["carrier"]: row["name"] async for row in rows}


# Bringing the answers together


def join_days(airport: str, **answers: Days) -> list[Row]:
    """Return an airport's days, each with its flights, its weather, and the share of flights that it spoiled.

    A flight is spoiled if it never left, or left more than an hour late.
    """
    weather_of = answers[f"weather_{airport}"]
    days = []
    for number, day in sorted(answers[f"departures_{airport}"].items()):
        spoiled = (day["cancelled"] + day["very_late"]) / day["flights"]
        days.append({"airport": airport, "day": number, **day, **weather_of.get(number, {}), "spoiled": spoiled})
    worst = max(days, key=lambda day: day["spoiled"])
    print(f"worst: January {worst['day']}, {worst['spoiled']:.1%} of {worst['flights']} flights spoiled")
    return days


@task
def rank_days(airlines: dict[str, str], **days: list[Row]) -> list[Row]:
    """Return the days that spoiled the largest share of an airport's flights, with the airline that was hit most."""
    ranked = sorted(chain.from_iterable(days.values()), key=lambda day: (-day["spoiled"], day["airport"], day["day"]))
    worst = []
    for day in ranked[:WORST_DAYS]:
        carrier, _ = min(day["spoiled_by"].items(), key=lambda item: (-item[1], item[0]))
        worst.append({**day, "hit_most": airlines.get(carrier, carrier)})
        print(f"January {day['day']:>2} at {day['airport']}: {day['spoiled']:.1%} spoiled")
    return worst


def describe_weather(day: Row) -> str:
    """Return a day's weather in a few words."""
    if "rain" not in day:
        return "not recorded"
    rain = f"{day['rain']:.2f} in of rain or snow" if day["rain"] else "dry"
    return f"{rain}, wind to {day['wind']:.0f} mph, sight down to {day['sight']:g} miles"


def compose_report(worst: Iterable[Row]) -> str:
    """Return the report as Markdown. It holds nothing but its data: the same data give the same text."""
    lines = [
        "# The worst days to leave New York, January 2013",
        "",
        f"By the share of flights that were cancelled or left more than {SPOILED_MINUTES} minutes late.",
        "",
        "| January | airport | flights | cancelled | very late | spoiled | weather | hit most |",
        "|---:|---|---:|---:|---:|---:|---|---|",
        *(
            f"| {day['day']} | {day['airport']} | {day['flights']} | {day['cancelled']} | {day['very_late']} | "
            f"{day['spoiled']:.1%} | {describe_weather(day)} | {day['hit_most']} |"
            for day in worst
        ),
        "",
    ]
    return "\n".join(lines)


@task(outputs=[REPORT_FILE])
def write_worst_days(rank_days: list[Row]) -> str:
    """Write the report, whole or not at all, and return its name."""
    path = HERE / REPORT_FILE
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(compose_report(rank_days), encoding="utf-8")
    unfinished.replace(path)
    print(f"{HERE.name}/{REPORT_FILE}")
    return f"{HERE.name}/{REPORT_FILE}"


# Playing the stations


def read_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file, plain or gzipped, whose name is relative to this file's folder."""
    opener: Callable[..., Any] = gzip.open if name.endswith(".gz") else open
    with opener(HERE / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def number(text: str) -> float:
    """Return a measurement; one that is not available counts as none."""
    return 0.0 if text == NOT_AVAILABLE else float(text)


def rows_of(station: str) -> list[Row]:
    """Return what a station knows."""
    what, _, airport = station.partition(" ")
    if what == "airlines":
        return list(read_rows(AIRLINES_FILE))
    if what == "weather":
        return [
            {
                "day": int(row["day"]),
                "rain": number(row["precip"]),
                "wind": number(row["wind_speed"]),
                "sight": number(row["visib"]),
            }
            for row in read_rows(WEATHER_FILE)
            if row["origin"] == airport
        ]
    return [
        {
            "day": int(row["day"]),
            "carrier": row["carrier"],
            "delay": None if row["dep_time"] == NOT_AVAILABLE else int(row["dep_delay"]),
        }
        for row in read_rows(FLIGHTS_FILE)
        if row["origin"] == airport
    ]


def first_attempt() -> bool:
    """Tell whether a task's first attempt runs this code; outside a run (in a test) it is never the first."""
    this = current_task()
    return this is not None and this.attempt == 1


async def play(station: str, end: socket.socket) -> None:
    """Answer at this end of a connection: a greeting, then one row a line."""
    _, writer = await asyncio.open_connection(sock=end)
    try:
        if station == REFUSES and first_attempt():
            writer.write(b"busy\n")
            return
        writer.write(b"welcome\n")
        # Reading a file keeps the loop from everything else, so it is done in a thread.
        rows = await asyncio.to_thread(rows_of, station)
        for sent, row in enumerate(rows):
            if station == FALLS_SILENT and first_attempt() and sent == len(rows) // 2:
                await asyncio.Event().wait()
            writer.write(json.dumps(row).encode() + b"\n")
            await writer.drain()
    finally:
        writer.close()


workflow = Workflow("async_aggregation", "The worst days of the month, from seven stations asked at once")
workflow.add_task(airlines)
for code in AIRPORTS:
    workflow.add_task(
        Task(f"departures_{code}", partial(departures, code), inputs=[FLIGHTS_FILE], timeout=30, **SOURCE)
    )
    workflow.add_task(Task(f"weather_{code}", partial(weather, code), inputs=[WEATHER_FILE], timeout=3, **SOURCE))
    workflow.add_task(
        Task(f"days_{code}", partial(join_days, code)), depends_on=[f"departures_{code}", f"weather_{code}"]
    )
workflow.add_task(rank_days, depends_on=[airlines, *(f"days_{code}" for code in AIRPORTS)])
workflow.add_task(write_worst_days, depends_on=[rank_days])


def main() -> int:
    """Run what is not done yet, say how it ended, and return the exit code."""
    (HERE / "out").mkdir(exist_ok=True)
    executor = AsyncExecutor(state_store=SQLiteStateStore(str(HERE / "out" / "worst_days.db")))
    try:
        executor.execute(workflow)
    except WorkflowExecutionError as error:
        print(f"\n{error}\nOnce that is put right, the same command goes on from there.", file=sys.stderr)
        return 1
    reused = sum(each.restored for each in workflow.tasks)
    ran = len(workflow) - reused
    print(f"\nasync_aggregation is done: {ran} tasks ran, {reused} reused. See {HERE.name}/{REPORT_FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
