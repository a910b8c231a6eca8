"""Flights from New York in January 2013: nine tasks from four files to a warehouse and a report.

It teaches the whole of a small real pipeline: results that are passed by task name, four files read at once, retries
where the world may fail, declared files, and products that come out the same however often they are made.

    extract_flights, extract_airports    -> validate_flights
    validate_flights, extract_weather    -> join_delays -> summarize_delays, load_warehouse
    summarize_delays, load_warehouse, extract_airlines  -> write_report

To see what a resume is: write ``hour_utc`` for ``time_hour`` in ``nearest_hour``, save, run it; then put it right and
run it again. Only ``join_delays`` and what follows it run: the rest is done.

    fwtui workflows/etl.py            the dashboard
    fwtui run workflows/etl.py        the same without a screen
    python workflows/etl.py           plain Python: the file is its own program
"""

import csv
import gzip
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flowweaver import SQLiteStateStore, ThreadedExecutor, Workflow, WorkflowExecutionError, task

HERE = Path(__file__).resolve().parent

FLIGHTS_FILE = "data/flights_2013_01.csv.gz"
WEATHER_FILE = "data/weather_2013_01.csv.gz"
AIRLINES_FILE = "data/airlines.csv"
AIRPORTS_FILE = "data/airports.csv"
WAREHOUSE_FILE = "out/warehouse.db"
REPORT_FILE = "out/report.md"

NOT_AVAILABLE = "NA"
TEXT_COLUMNS = ("carrier", "tailnum", "origin", "dest", "time_hour")
NUMBER_COLUMNS = (
    "flight",
    "sched_dep_time",
    "dep_time",
    "dep_delay",
    "sched_arr_time",
    "arr_time",
    "arr_delay",
    "air_time",
    "distance",
)
WEATHER_COLUMNS = ("temp", "wind_speed", "precip")

LATE_MINUTES = 15
STRONG_WIND_MPH = 20
SEARCH_HOURS = 24

Row = dict[str, Any]
Weather = dict[tuple[str, str], Row]


# Reading


def read_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file, plain or gzipped, whose name is relative to this file's folder."""
    opener: Callable[..., Any] = gzip.open if name.endswith(".gz") else open
    with opener(HERE / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def parse_flight(row: dict[str, str]) -> Row:
    """Return a flight with a date, numbers as numbers, and None for what is not available."""
    flight: Row = {"date": f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"}
    for column in TEXT_COLUMNS:
        flight[column] = None if row[column] == NOT_AVAILABLE else row[column]
    for column in NUMBER_COLUMNS:
        flight[column] = None if row[column] == NOT_AVAILABLE else int(row[column])
    return flight


def is_cancelled(flight: Row) -> bool:
    """Tell whether a flight never departed."""
    return flight["dep_time"] is None


@task(inputs=[FLIGHTS_FILE], retries=2, retry_delay=1, retry_on=OSError)
def extract_flights() -> list[Row]:
    """Read every scheduled flight, cancelled or not."""
    print(f"opening {HERE.name}/{FLIGHTS_FILE}")
    flights = []
    for row in read_rows(FLIGHTS_FILE):
        flights.append(parse_flight(row))
        if len(flights) % 10_000 == 0:
            print(f"{len(flights):,} rows")
    print(f"{len(flights):,} rows, that is all")
    return flights


@task(inputs=[WEATHER_FILE], retries=2, retry_delay=1, retry_on=OSError)
def extract_weather() -> Weather:
    """Read the weather, by airport and hour (UTC)."""
    print(f"opening {HERE.name}/{WEATHER_FILE}")
    weather = {
        (row["origin"], row["time_hour"]): {column: float(row[column]) for column in WEATHER_COLUMNS}
        for row in read_rows(WEATHER_FILE)
    }
    print(f"{len(weather):,} hours of weather at {', '.join(sorted({origin for origin, _ in weather}))}")
    return weather


@task(inputs=[AIRLINES_FILE], retries=2, retry_delay=1, retry_on=OSError)
def extract_airlines() -> dict[str, str]:
    """Read the airlines' names by carrier code."""
    airlines = {row["carrier"]: row["name"] for row in read_rows(AIRLINES_FILE)}
    print(f"{len(airlines)} airlines")
    return airlines


@task(inputs=[AIRPORTS_FILE], retries=2, retry_delay=1, retry_on=OSError)
def extract_airports() -> dict[str, str]:
    """Read the airports' names by their code."""
    airports = {row["faa"]: row["name"] for row in read_rows(AIRPORTS_FILE)}
    print(f"{len(airports):,} airports")
    return airports


# Checking


def check_flights(flights: Iterable[Row], airports: dict[str, str]) -> None:
    """Refuse flights that nothing downstream could make sense of.

    Raises:
        ValueError: a flight is listed twice, starts at no known airport, or departed without a known delay.
    """
    seen = set()
    for flight in flights:
        key = (flight["carrier"], flight["flight"], flight["date"])
        title = "{} {} on {}".format(*key)
        if key in seen:
            raise ValueError(f"{title} is listed twice")
        seen.add(key)
        if flight["origin"] not in airports:
            raise ValueError(f"{title} starts at {flight['origin']}, which is not in {AIRPORTS_FILE}")
        if not is_cancelled(flight) and flight["dep_delay"] is None:
            raise ValueError(f"{title} departed, but its delay is missing")


@task
def validate_flights(extract_flights: list[Row], extract_airports: dict[str, str]) -> list[Row]:
    """Return the flights that departed, each marked with whether its destination is known."""
    check_flights(extract_flights, extract_airports)
    departed = [
        {**flight, "dest_known": flight["dest"] in extract_airports}
        for flight in extract_flights
        if not is_cancelled(flight)
    ]
    print(f"{len(extract_flights):,} flights, {len(extract_flights) - len(departed):,} cancelled")
    unknown = sorted({flight["dest"] for flight in departed if not flight["dest_known"]})
    if unknown:
        print(f"{len(unknown)} destinations are not in {Path(AIRPORTS_FILE).name}: {' '.join(unknown)}")
    return departed


# Joining


def shift_hour(time_hour: str, hours: int) -> str:
    """Return the hour that lies so many hours later, in the same form: ``2013-01-01T10:00:00Z``."""
    return (datetime.fromisoformat(time_hour) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def nearest_hour(row: Row, weather: Weather) -> Row:
    """Return the weather at a flight's airport in its hour of departure, or in the recorded hour nearest to it.

    Of two hours that are equally near, the earlier one counts.

    Raises:
        LookupError: no hour of that day is recorded.
    """
    origin = row["origin"]
    hour = row["time_hour"]
    if (origin, hour) in weather:
        return weather[origin, hour]
    for distance in range(1, SEARCH_HOURS + 1):
        for candidate in (shift_hour(hour, -distance), shift_hour(hour, distance)):
            if (origin, candidate) in weather:
                return weather[origin, candidate]
    raise LookupError(f"no weather at {origin} within {SEARCH_HOURS} hours of {hour}")


# Trying again cannot mend a wrong key. It is asked for so that the log has attempts to leaf through when one is made.
@task(retries=2, retry_delay=1, retry_backoff=1.5)
def join_delays(validate_flights: list[Row], extract_weather: Weather) -> list[Row]:
    """Return the departed flights, each with the weather at its departure."""
    print(f"joining {len(validate_flights):,} departures with {len(extract_weather):,} hours of weather")
    origins = Counter(flight["origin"] for flight in validate_flights)
    print("   ".join(f"{origin} {count:,}" for origin, count in sorted(origins.items())) + " departures")
    joined = []
    inexact = 0
    for flight in validate_flights:
        inexact += (flight["origin"], flight["time_hour"]) not in extract_weather
        weather_then = nearest_hour(flight, extract_weather)
        joined.append({**flight, **weather_then})
    print(f"{inexact} departures took the nearest hour: theirs was not recorded")
    return joined


# Summing up


def delay_figures(flights: list[Row]) -> Row:
    """Return the number of flights, their mean delay in minutes, and the percentage that left late."""
    delays = [flight["dep_delay"] for flight in flights]
    late = sum(delay > LATE_MINUTES for delay in delays)
    return {
        "flights": len(delays),
        "mean_delay": round(sum(delays) / len(delays), 1),
        "late_percent": round(100 * late / len(delays), 1),
    }


def delays_by(flights: Iterable[Row], key: Callable[[Row], str]) -> dict[str, Row]:
    """Return the delay figures of each group, in the order of the groups' names."""
    groups = defaultdict(list)
    for flight in flights:
        groups[key(flight)].append(flight)
    return {name: delay_figures(groups[name]) for name in sorted(groups)}


def scheduled_hour(flight: Row) -> str:
    """Return the local hour in which a flight was to depart, ``05`` to ``23``."""
    return f"{flight['sched_dep_time'] // 100:02}"


def conditions(flight: Row) -> str:
    """Return the weather at departure in a few words."""
    if flight["precip"] > 0:
        return "rain or snow"
    if flight["wind_speed"] >= STRONG_WIND_MPH:
        return "dry, strong wind"
    return "dry, little wind"


@task
def summarize_delays(join_delays: list[Row]) -> dict[str, Any]:
    """Return the delays overall and by carrier, hour, airport and weather."""
    summary = {
        "overall": delay_figures(join_delays),
        "carrier": delays_by(join_delays, lambda flight: flight["carrier"]),
        "hour": delays_by(join_delays, scheduled_hour),
        "airport": delays_by(join_delays, lambda flight: flight["origin"]),
        "weather": delays_by(join_delays, conditions),
        "unknown_destinations": dict(
            sorted(Counter(flight["dest"] for flight in join_delays if not flight["dest_known"]).items())
        ),
    }
    overall = summary["overall"]
    print(f"mean delay {overall['mean_delay']} minutes, {overall['late_percent']}% over {LATE_MINUTES} minutes late")
    return summary


# Loading


def create_table(db: sqlite3.Connection) -> None:
    """Create the table ``flights`` anew. Its key makes a doubled flight impossible."""
    db.execute("DROP TABLE IF EXISTS flights")
    db.execute(
        """
        CREATE TABLE flights (
            date TEXT NOT NULL, carrier TEXT NOT NULL, flight INTEGER NOT NULL, tailnum TEXT,
            origin TEXT NOT NULL, dest TEXT NOT NULL, time_hour TEXT NOT NULL,
            sched_dep_time INTEGER NOT NULL, dep_time INTEGER, dep_delay INTEGER,
            sched_arr_time INTEGER NOT NULL, arr_time INTEGER, arr_delay INTEGER,
            air_time INTEGER, distance INTEGER NOT NULL,
            temp REAL, wind_speed REAL, precip REAL,
            cancelled INTEGER NOT NULL,
            PRIMARY KEY (carrier, flight, date)
        )
        """
    )


def insert_flights(db: sqlite3.Connection, flights: Iterable[Row]) -> None:
    """Insert flights, with or without weather."""
    columns = ("date", *TEXT_COLUMNS, *NUMBER_COLUMNS, *WEATHER_COLUMNS, "cancelled")
    statement = f"INSERT INTO flights ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    db.executemany(
        statement,
        ([{**flight, "cancelled": is_cancelled(flight)}.get(column) for column in columns] for flight in flights),
    )


# Cancelled flights have no departure to join, so nothing upstream passes them on: they come from the file itself,
# which is therefore declared here too.
@task(inputs=[FLIGHTS_FILE], outputs=[WAREHOUSE_FILE])
def load_warehouse(join_delays: list[Row]) -> dict[str, int]:
    """Load every flight into the warehouse: departed ones with their weather, cancelled ones as they were scheduled.

    It is one transaction over the whole table: who reads meanwhile sees all of the old rows or all of the new ones, and
    a run that dies in the middle, or is repeated, never leaves a row missing or doubled.
    """
    cancelled = [flight for flight in map(parse_flight, read_rows(FLIGHTS_FILE)) if is_cancelled(flight)]
    path = HERE / WAREHOUSE_FILE
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        create_table(db)
        insert_flights(db, join_delays)
        insert_flights(db, cancelled)
        db.execute("COMMIT")
        rows, without_departure = db.execute("SELECT count(*), sum(cancelled) FROM flights").fetchone()
    print(f"{rows:,} rows in {HERE.name}/{WAREHOUSE_FILE}, {without_departure:,} of them cancelled")
    return {"rows": rows, "cancelled": without_departure}


# Reporting


def table(title: str, groups: dict[str, Row], names: dict[str, str] | None = None) -> list[str]:
    """Return the lines of a Markdown table of delay figures, one row a group."""
    lines = [
        f"| {title} | flights | mean delay (min) | over {LATE_MINUTES} min late |",
        "|---|---:|---:|---:|",
    ]
    for name, figures in groups.items():
        label = (names or {}).get(name, name)
        lines.append(f"| {label} | {figures['flights']:,} | {figures['mean_delay']} | {figures['late_percent']}% |")
    return [*lines, ""]


def compose_report(summary: dict[str, Any], loaded: dict[str, int], airlines: dict[str, str]) -> str:
    """Return the report as Markdown. It holds nothing but its data: the same data give the same text."""
    overall = summary["overall"]
    unknown = ", ".join(f"{dest} ({count})" for dest, count in summary["unknown_destinations"].items())
    latest_first = sorted(summary["carrier"].items(), key=lambda item: -item[1]["mean_delay"])
    lines = [
        "# Flights from New York, January 2013",
        "",
        f"{loaded['rows']:,} flights were scheduled, {loaded['cancelled']:,} of them cancelled. "
        f"The {overall['flights']:,} that departed left {overall['mean_delay']} minutes late on average; "
        f"{overall['late_percent']}% were more than {LATE_MINUTES} minutes late.",
        "",
        *([f"Departures to airports that {AIRPORTS_FILE} does not know: {unknown}.", ""] if unknown else []),
        *table("Carrier", dict(latest_first), airlines),
        *table("Airport", summary["airport"]),
        *table("Scheduled hour", summary["hour"]),
        *table("Weather at departure", summary["weather"]),
    ]
    return "\n".join(lines)


@task(outputs=[REPORT_FILE])
def write_report(
    summarize_delays: dict[str, Any], load_warehouse: dict[str, int], extract_airlines: dict[str, str]
) -> str:
    """Write the report, whole or not at all, and return its name."""
    text = compose_report(summarize_delays, load_warehouse, extract_airlines)
    path = HERE / REPORT_FILE
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
    print(f"{HERE.name}/{REPORT_FILE}, {len(text.splitlines())} lines")
    return f"{HERE.name}/{REPORT_FILE}"


workflow = Workflow("etl", "January 2013 flights from New York, from files to a warehouse and a report")
workflow.add_task(extract_flights)
workflow.add_task(extract_weather)
workflow.add_task(extract_airlines)
workflow.add_task(extract_airports)
workflow.add_task(validate_flights, depends_on=[extract_flights, extract_airports])
workflow.add_task(join_delays, depends_on=[validate_flights, extract_weather])
workflow.add_task(summarize_delays, depends_on=[join_delays])
workflow.add_task(load_warehouse, depends_on=[join_delays])
workflow.add_task(write_report, depends_on=[summarize_delays, load_warehouse, extract_airlines])


def main() -> int:
    """Run what is not done yet, say how it ended, and return the exit code."""
    (HERE / "out").mkdir(exist_ok=True)
    executor = ThreadedExecutor(state_store=SQLiteStateStore(str(HERE / "out" / "state.db")))
    try:
        executor.execute(workflow)
    except WorkflowExecutionError as error:
        print(f"\n{error}\nOnce that is put right, the same command goes on from there.", file=sys.stderr)
        return 1
    reused = sum(each.restored for each in workflow.tasks)
    print(f"\netl is done: {len(workflow) - reused} tasks ran, {reused} reused. See {HERE.name}/{REPORT_FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
