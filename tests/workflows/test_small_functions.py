"""Functions of the small workflows by direct calls."""

from pathlib import Path

import pytest

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"


def test_the_gain_is_the_sum_of_the_waits_over_the_time_that_passed(load):
    parallel_run = load(WORKFLOWS / "parallel_run.py")
    answers = {"a": {"asked": 10.0, "answered": 12.0}, "b": {"asked": 10.5, "answered": 12.5}}
    assert parallel_run.speed_up(answers) == {"waited": 4.0, "passed": 2.5, "times": 1.6}


def test_every_city_has_its_task_and_one_task_takes_all_answers(load):
    workflow = load(WORKFLOWS / "parallel_run.py").workflow
    cities = [each.name for each in workflow.tasks if each.name != "compare"]
    assert len(cities) == 10
    assert workflow.get_dependencies("compare") == cities


def test_outside_a_run_the_flaky_functions_simply_work(load):
    flaky = load(WORKFLOWS / "flaky.py")
    assert len(flaky.fetch_forecast()) == len(flaky.read_sensor()) == 6
    assert not flaky.given_up()


def test_the_mistake_in_flaky_is_there_until_it_is_mended(load, flaky):
    broken = load(flaky)
    with pytest.raises(KeyError, match="hour_utc"):
        broken.merge_hours(broken.fetch_forecast(), broken.read_sensor())
    mend(flaky)
    mended = load(flaky)
    errors = mended.merge_hours(mended.fetch_forecast(), mended.read_sensor())
    assert set(errors.values()) == {1.0}
    assert mended.publish(errors) == 1.0


def mend(path):
    """Do what the comment in the file says."""
    text = path.read_text(encoding="utf-8")
    assert text.count('row["hour_utc"]') == 1
    path.write_text(text.replace('row["hour_utc"]', 'row["time_hour"]'), encoding="utf-8")
