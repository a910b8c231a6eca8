"""The training pipeline as a whole: figures that beat their baselines, and what runs again after what."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowweaver import SQLiteStateStore, ThreadedExecutor

ROOT = Path(__file__).resolve().parents[2]
TRAININGS = {"train_schedule", "train_weather", "train_recent", "train_everything"}
AFTER_TRAINING = {"choose_model", "evaluate", "save_model", "write_report"}


def run_file(load, folder, **parameters):
    """Load the file and run it on its state; return the workflow."""
    parameters.setdefault("epochs", 2)
    workflow = load(folder / "ml_pipeline.py").build_workflow(**parameters)
    ThreadedExecutor(state_store=SQLiteStateStore(str(folder / "state.db"))).execute(workflow)
    return workflow


def ran(workflow):
    return {each.name for each in workflow.tasks if not each.restored}


@pytest.fixture(scope="module")
def trained(load_once, shared_folder):
    """A folder in which everything has run once, and the workflow that did."""
    return shared_folder, run_file(load_once, shared_folder)


@pytest.fixture
def run(load, trained, tmp_path):
    """Return a function that runs the file in a copy of that folder, and returns which tasks ran."""
    folder = shutil.copytree(trained[0], tmp_path / "workflows")

    def run_again(**parameters):
        run_again.workflow = run_file(load, folder, **parameters)
        return ran(run_again.workflow)

    run_again.folder = folder
    return run_again


def test_the_chosen_model_beats_both_baselines_on_days_it_has_not_seen(trained, run):
    folder, workflow = trained
    assert ran(workflow) == {each.name for each in workflow.tasks}
    verdict = workflow.get_task_result("evaluate")
    scores = verdict["scores"]
    assert verdict["flights"] == 8_430
    assert scores["recent"]["log_loss"] < scores["by the hour"]["log_loss"] < scores["always the same"]["log_loss"]
    assert scores["recent"]["ranking"] > scores["by the hour"]["ranking"] > scores["always the same"]["ranking"] == 0.5
    assert sum(row["flights"] for row in verdict["reliability"]) == verdict["flights"]

    model = json.loads((folder / "out" / "delay_model.json").read_text(encoding="utf-8"))
    assert model["late_minutes"] == 15
    assert model["groups"] == ["schedule", "recent"]
    report = (folder / "out" / "delay_model.md").read_text(encoding="utf-8")
    assert f"| recent | {scores['recent']['log_loss']:.4f} |" in report
    assert run() == set()


def test_another_question_reads_no_file_again(run):
    again = run(late_minutes=30)
    assert "split_by_day" in again
    assert again.isdisjoint({"read_departures", "read_weather"})


def test_longer_training_keeps_the_features(run):
    again = run(epochs=3)
    assert again >= TRAININGS
    assert again <= TRAININGS | AFTER_TRAINING


def test_fewer_candidates_are_chosen_from_without_training_them_again(run):
    again = run(candidates=("schedule", "weather"))
    assert {"choose_model", "write_report"} <= again <= AFTER_TRAINING
    assert run.workflow.get_task_result("choose_model")["name"] == "schedule"


def test_a_change_of_what_one_candidate_knows_trains_that_one_only(run):
    path = run.folder / "ml_pipeline.py"
    text = path.read_text(encoding="utf-8")
    assert text.count('"weather": ("schedule", "weather")') == 1
    path.write_text(text.replace('"weather": ("schedule", "weather")', '"weather": ("weather",)'), encoding="utf-8")
    assert run() & TRAININGS == {"train_weather"}


def test_a_deleted_model_is_written_again_and_nothing_else_runs(run):
    (run.folder / "out" / "delay_model.json").unlink()
    assert run() == {"save_model"}


@pytest.fixture
def fwtui(folder):
    """Return a function that calls the command line on the file, and returns what it printed."""

    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "fwtui", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return call


def test_the_command_line_gives_the_parameters_and_the_plan_names_them(fwtui):
    finished = fwtui("run", "-p", "epochs=1", "-p", "candidates=schedule", "ml_pipeline.py")
    assert finished.returncode == 0, finished.stderr
    assert re.search(r"ml_pipeline is done\. Run 1, .*: 10 ran\.", finished.stdout)
    planned = fwtui("plan", "-p", "epochs=2", "-p", "candidates=schedule", "ml_pipeline.py")
    assert re.search(r"run +train_schedule +parameter epochs changed", planned.stdout)


@pytest.mark.parametrize(
    ("parameter", "said"),
    [("seed=x", "seed takes a whole number"), ("candidates=guess", "no candidate is called 'guess'")],
)
def test_a_wrong_parameter_is_told_in_a_line(fwtui, parameter, said):
    finished = fwtui("plan", "-p", parameter, "ml_pipeline.py")
    assert finished.returncode != 0
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr
