"""Seven stations at once: what the coroutines give, what a busy and a silent station cost, and what is left open."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowweaver import AsyncExecutor, SequentialExecutor, SQLiteStateStore, ThreadedExecutor

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / "workflows"
FILE = "async_aggregation.py"


@pytest.fixture
def hurried(folder):
    """The file with shorter waits: JFK's weather is given up sooner, and asked again at once."""
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    for old, new in (('"retry_delay": 0.2', '"retry_delay": 0'), ("timeout=3, **SOURCE", "timeout=1, **SOURCE")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def execute(executor, path, workflow):
    executor(state_store=SQLiteStateStore(str(path.with_suffix(".db")))).execute(workflow)
    return {each.name for each in workflow.tasks if not each.restored}


@pytest.mark.parametrize("executor", [AsyncExecutor, ThreadedExecutor, SequentialExecutor])
def test_every_executor_finds_the_same_worst_days(load, hurried, executor):
    workflow = load(hurried).workflow
    assert execute(executor, hurried, workflow) == {each.name for each in workflow.tasks}
    report = (hurried.parent / "out" / "worst_days.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[:6] for line in report.splitlines() if line[:3] in ("| 2", "| 3")]
    assert rows == [
        ["| 31", "EWR", "344", "47", "76", "35.8%"],
        ["| 30", "EWR", "338", "37", "67", "30.8%"],
        ["| 31", "LGA", "282", "32", "50", "29.1%"],
        ["| 30", "LGA", "279", "35", "46", "29.0%"],
        ["| 28", "EWR", "339", "47", "42", "26.3%"],
    ]
    # The ones that were played to fail; on a slow machine others may need a second attempt, too.
    assert workflow.get_task("departures_LGA").attempts > 1
    assert workflow.get_task("weather_JFK").attempts > 1
    assert execute(executor, hurried, load(hurried).workflow) == set()


def test_a_changed_file_asks_only_the_stations_that_read_it(load, hurried):
    execute(AsyncExecutor, hurried, load(hurried).workflow)
    airlines = hurried.parent / "data" / "airlines.csv"
    airlines.write_text(airlines.read_text(encoding="utf-8").replace("Envoy Air", "Envoy"), encoding="utf-8")
    assert execute(AsyncExecutor, hurried, load(hurried).workflow) == {"airlines", "rank_days", "write_worst_days"}


def test_figures_of_a_day_are_those_of_its_rows(load):
    module = load(WORKFLOWS / FILE)
    days = asyncio.run(module.departures("EWR"))
    rows = [row for row in module.rows_of("departures EWR") if row["day"] == 31]
    assert days[31] == {
        "flights": len(rows),
        "cancelled": sum(row["delay"] is None for row in rows),
        "very_late": sum(row["delay"] is not None and row["delay"] > 60 for row in rows),
        "spoiled_by": days[31]["spoiled_by"],
    }
    assert sum(days[31]["spoiled_by"].values()) == days[31]["cancelled"] + days[31]["very_late"]


def test_a_day_without_weather_is_told_so(load):
    module = load(WORKFLOWS / FILE)
    assert module.describe_weather({"rain": 0, "wind": 12.4, "sight": 0.25}) == (
        "dry, wind to 12 mph, sight down to 0.25 miles"
    )
    assert module.describe_weather({"flights": 1}) == "not recorded"


@pytest.mark.parametrize("ending", ["answered", "cancelled", "raised"])
def test_however_the_asking_ends_nothing_stays_open(load, ending):
    module = load(WORKFLOWS / FILE)
    played = []
    play = module.play

    async def watched(station, end):
        played.append(end)
        await play(station, end)

    async def ask():
        async with module.asking("airlines") as rows:
            async for _ in rows:
                if ending == "cancelled":
                    asyncio.current_task().cancel()
                if ending == "raised":
                    raise KeyError("carrier")

    async def main():
        result = await asyncio.gather(ask(), return_exceptions=True)
        assert len(asyncio.all_tasks()) == 1
        return type(result[0])

    module.play = watched
    try:
        ended = asyncio.run(main())
    finally:
        module.play = play
    expected = {"answered": type(None), "cancelled": asyncio.CancelledError, "raised": KeyError}
    assert ended is expected[ending]
    assert [end.fileno() for end in played] == [-1]


def test_what_goes_wrong_in_a_station_is_what_the_task_raises(load, folder):
    (folder / "data" / "airlines.csv").unlink()
    module = load(folder / FILE)
    with pytest.raises(FileNotFoundError, match="airlines"):
        asyncio.run(module.airlines())


def test_as_a_program_it_leaves_no_warning_of_anything_left_open(folder):
    finished = subprocess.run(
        [sys.executable, "-X", "dev", str(folder / FILE)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == (
        "async_aggregation is done: 12 tasks ran, 0 reused. See workflows/out/worst_days.md"
    )
    assert "Warning" not in finished.stderr
