"""The ETL as a whole, on the real engine: what is made, and what runs again after what."""

import gzip
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flowweaver import (
    SequentialExecutor,
    SQLiteStateStore,
    TaskStatus,
    ThreadedExecutor,
    WorkflowExecutionError,
    WorkflowStatus,
)

ALL = {
    "extract_flights",
    "extract_weather",
    "extract_airlines",
    "extract_airports",
    "validate_flights",
    "join_delays",
    "summarize_delays",
    "load_warehouse",
    "write_report",
}
FLIGHTS = "data/flights_2013_01.csv.gz"
PATIENCE = "retry_delay=1, retry_backoff=1.5"


@pytest.fixture
def small(folder):
    """The workflow folder with the month's first 1,500 flights: quick to run, with cancelled ones among them."""
    edit_flights(folder, lambda lines: lines[:1501])
    text = (folder / "etl.py").read_text(encoding="utf-8")
    assert PATIENCE in text
    (folder / "etl.py").write_text(text.replace(PATIENCE, "retry_delay=0"), encoding="utf-8")
    return folder


def edit_flights(folder, change):
    """Rewrite the flights file with what ``change`` makes of its lines."""
    path = folder / FLIGHTS
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    path.write_bytes(gzip.compress("".join(change(lines)).encode(), compresslevel=1))


def edit_code(folder, old, new):
    path = folder / "etl.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def run(load):
    """Return a function that loads the file and runs it on its state, and returns which tasks ran."""

    def run_file(folder, executor=ThreadedExecutor, **options):
        workflow = load(folder / "etl.py").workflow
        run_file.workflow = workflow
        executor(state_store=SQLiteStateStore(str(folder / "state.db"))).execute(workflow, **options)
        assert workflow.status is WorkflowStatus.COMPLETED
        assert {each.status for each in workflow.tasks} == {TaskStatus.COMPLETED}
        return {each.name for each in workflow.tasks if not each.restored}

    return run_file


def query(folder, sql):
    with closing(sqlite3.connect(folder / "out" / "warehouse.db")) as db:
        return db.execute(sql).fetchall()


def test_nine_tasks_with_the_edges_of_the_design(etl):
    needs = {name: set(each) for name, each in etl.workflow.dependencies.items()}
    assert needs == {
        "extract_flights": set(),
        "extract_weather": set(),
        "extract_airlines": set(),
        "extract_airports": set(),
        "validate_flights": {"extract_flights", "extract_airports"},
        "join_delays": {"validate_flights", "extract_weather"},
        "summarize_delays": {"join_delays"},
        "load_warehouse": {"join_delays"},
        "write_report": {"summarize_delays", "load_warehouse", "extract_airlines"},
    }


def test_the_whole_month_ends_in_the_warehouse_and_the_second_run_does_nothing(folder, run):
    assert run(folder) == ALL
    assert len(run.workflow.get_task_result("extract_weather")) == 2_226
    assert query(folder, "SELECT count(*), sum(cancelled) FROM flights") == [(27_004, 521)]
    assert query(folder, "SELECT count(*) FROM flights WHERE cancelled = (temp IS NULL)") == [(27_004,)]
    assert query(folder, "SELECT origin, count(*) FROM flights GROUP BY origin") == [
        ("EWR", 9_893),
        ("JFK", 9_161),
        ("LGA", 7_950),
    ]
    report = (folder / "out" / "report.md").read_text(encoding="utf-8")
    assert "27,004 flights were scheduled, 521 of them cancelled. The 26,483 that departed left 10.0 minutes" in report
    assert "BQN (93), PSE (31), SJU (486), STT (69)" in report
    assert "| ExpressJet Airlines Inc. | 3,989 | 24.2 | 35.8% |" in report

    before = (folder / "out" / "warehouse.db").stat().st_mtime_ns
    assert run(folder) == set()
    assert (folder / "out" / "warehouse.db").stat().st_mtime_ns == before


def test_every_executor_makes_the_same_report(small, run):
    run(small)
    report = (small / "out" / "report.md").read_text(encoding="utf-8")
    run(small, SequentialExecutor, resume=False)
    assert (small / "out" / "report.md").read_text(encoding="utf-8") == report


def test_a_deleted_warehouse_is_loaded_again_and_the_same_figures_leave_the_report_alone(small, run):
    run(small)
    (small / "out" / "warehouse.db").unlink()
    assert run(small) == {"load_warehouse"}
    assert query(small, "SELECT count(*) FROM flights") == [(1_500,)]


def test_a_deleted_report_is_written_again_and_nothing_else_runs(small, run):
    run(small)
    (small / "out" / "report.md").unlink()
    assert run(small) == {"write_report"}
    assert (small / "out" / "report.md").exists()


def test_a_changed_delay_runs_what_depends_on_the_flights(small, run):
    run(small)
    edit_flights(small, lambda lines: [lines[0], lines[1].replace(",515,2,", ",515,200,"), *lines[2:]])
    assert run(small) == ALL - {"extract_weather", "extract_airlines", "extract_airports"}
    assert query(
        small, "SELECT dep_delay FROM flights WHERE carrier = 'UA' AND flight = 1545 AND date = '2013-01-01'"
    ) == [(200,)]


def test_a_change_of_a_cancelled_flight_reaches_the_warehouse_and_stops_there(small, run):
    """The departed flights are what they were: their join, their summary and the report stand."""
    run(small)

    def rename_plane(lines):
        first = next(i for i, line in enumerate(lines) if ",NA,NA," in line and line.split(",")[3] == "NA")
        fields = lines[first].split(",")
        fields[11] = "N00000"
        return [*lines[:first], ",".join(fields), *lines[first + 1 :]]

    edit_flights(small, rename_plane)
    assert run(small) == {"extract_flights", "validate_flights", "load_warehouse"}
    assert query(small, "SELECT cancelled FROM flights WHERE tailnum = 'N00000'") == [(1,)]


def test_a_renamed_airline_runs_only_its_reading_and_the_report(small, run):
    run(small)
    airlines = small / "data" / "airlines.csv"
    airlines.write_text(airlines.read_text(encoding="utf-8").replace("Envoy Air", "Envoy"), encoding="utf-8")
    assert run(small) == {"extract_airlines", "write_report"}
    assert "| Envoy |" in (small / "out" / "report.md").read_text(encoding="utf-8")


def test_a_file_that_was_only_touched_runs_nothing(small, run):
    run(small)
    os.utime(small / FLIGHTS, (2_000_000_000, 2_000_000_000))
    assert run(small) == set()


def test_loading_again_doubles_no_row(small, run):
    run(small)
    assert run(small, force=["load_warehouse"]) == {"load_warehouse"}
    assert query(small, "SELECT count(*), count(DISTINCT carrier || flight || date) FROM flights") == [(1_500, 1_500)]


def test_a_load_that_dies_in_the_middle_leaves_the_warehouse_as_it_was(small, run, load, monkeypatch):
    run(small)
    before = query(small, "SELECT * FROM flights ORDER BY carrier, flight, date")
    etl = load(small / "etl.py")
    monkeypatch.setattr(etl, "insert_flights", lambda db, flights: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        etl.load_warehouse([])
    assert query(small, "SELECT * FROM flights ORDER BY carrier, flight, date") == before


def test_the_central_scene(small, run):
    """A mistake fails the join; once it is mended, the join and what follows it run on what was done before."""
    edit_code(small, 'hour = row["time_hour"]', 'hour = row["hour_utc"]')
    with pytest.raises(WorkflowExecutionError) as caught:
        run(small)
    assert caught.value.failed_task == "join_delays"
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.__cause__.args == ("hour_utc",)
    assert run.workflow.get_task("join_delays").attempts == 3
    assert run.workflow.get_task("write_report").status is TaskStatus.SKIPPED

    edit_code(small, 'hour = row["hour_utc"]', 'hour = row["time_hour"]')
    assert run(small) == {"join_delays", "summarize_delays", "load_warehouse", "write_report"}
    assert query(small, "SELECT count(*) FROM flights") == [(1_500,)]


def test_an_edit_of_a_helper_makes_only_its_tasks_run(small, run):
    run(small)
    edit_code(small, 'return "dry, little wind"', 'return "dry and calm"')
    assert run(small) == {"summarize_delays", "write_report"}


def test_an_edit_of_comments_runs_nothing(small, run):
    run(small)
    edit_code(small, '    origin = row["origin"]\n', '    # where it starts\n    origin = row["origin"]\n')
    assert run(small) == set()


def python(file, **environment):
    """Run a workflow file as a program of its own."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(
        [sys.executable, str(file)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_as_a_plain_program_it_goes_on_from_where_it_failed(small):
    edit_code(small, 'hour = row["time_hour"]', 'hour = row["hour_utc"]')
    failed = python(small / "etl.py")
    assert failed.returncode == 1
    assert "join_delays" in failed.stderr
    assert "hour_utc" in failed.stderr
    assert "the same command goes on from there" in failed.stderr

    edit_code(small, 'hour = row["hour_utc"]', 'hour = row["time_hour"]')
    mended = python(small / "etl.py")
    assert mended.returncode == 0, mended.stderr
    assert "etl is done: 4 tasks ran, 5 reused." in mended.stdout
    assert re.search(r"^1,500 rows in workflows/out/warehouse\.db, \d+ of them cancelled$", mended.stdout, re.MULTILINE)
