"""Which departures will be late? A model is trained on half a month, chosen on a week, and judged on the days after.

It teaches what a small training pipeline needs besides the training: features that know nothing of the future, a split
by time, candidates that are compared on days none of them has seen, and baselines that say what the figures are worth.
The training is thirty lines of plain Python, so nothing has to be installed.

    read_departures, read_weather -> describe_flights -> split_by_day -> train_schedule, train_weather, train_recent ...
    train_*                       -> choose_model -> save_model
    choose_model, fit_baselines   -> evaluate     -> write_report

``build_workflow`` makes the graph, so ``-p`` can change both what the tasks are given and which tasks there are:

    fwtui workflows/ml_pipeline.py                              the dashboard
    fwtui -p late_minutes=30 workflows/ml_pipeline.py           another question: the files are not read again
    fwtui -p epochs=40 workflows/ml_pipeline.py                 longer training, on the features that are there
    fwtui -p candidates=schedule,recent workflows/ml_pipeline.py    the two models that are trained already; one choice
    python workflows/ml_pipeline.py                             plain Python
"""

import csv
import gzip
import json
import math
import random
import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

from flowweaver import SQLiteStateStore, Task, ThreadedExecutor, Workflow, WorkflowExecutionError, task

HERE = Path(__file__).resolve().parent

FLIGHTS_FILE = "data/flights_2013_01.csv.gz"
WEATHER_FILE = "data/weather_2013_01.csv.gz"
MODEL_FILE = "out/delay_model.json"
REPORT_FILE = "out/delay_model.md"

NOT_AVAILABLE = "NA"
DAY_MINUTES = 24 * 60

TRAINING_DAYS = range(1, 16)
VALIDATION_DAYS = range(16, 22)
TEST_DAYS = range(22, 32)

RECENT_MINUTES = 120
FEW_FLIGHTS = 5
PRIOR_FLIGHTS = 20

FIRST_STEP = 0.1
SHRINKING = 0.01
LARGEST_ODDS = 14.0

CANDIDATES = {
    "schedule": ("schedule",),
    "weather": ("schedule", "weather"),
    "recent": ("schedule", "recent"),
    "everything": ("schedule", "weather", "recent"),
}
"""What each candidate may know of a flight: names of groups of facts."""

Row = dict[str, Any]
Weather = dict[tuple[str, str], Row]
Model = dict[str, Any]
"""``bias``: what holds for every flight. ``weights``: what each fact adds. Their sum is the logarithm of the odds."""


# Reading


def read_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a gzipped CSV file whose name is relative to this file's folder."""
    with gzip.open(HERE / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@task(inputs=[FLIGHTS_FILE])
def read_departures() -> list[Row]:
    """Read the flights that departed. Of a cancelled one nobody knows how late it would have been."""
    departures = []
    for row in read_rows(FLIGHTS_FILE):
        if row["dep_delay"] != NOT_AVAILABLE:
            hour, minute = divmod(int(row["sched_dep_time"]), 100)
            departures.append(
                {
                    "day": int(row["day"]),
                    "minute": hour * 60 + minute,
                    "delay": int(row["dep_delay"]),
                    "carrier": row["carrier"],
                    "origin": row["origin"],
                    "time_hour": row["time_hour"],
                }
            )
    print(f"{len(departures):,} departures")
    return departures


@task(inputs=[WEATHER_FILE])
def read_weather() -> Weather:
    """Read the weather, by airport and hour (UTC). A speed that was not measured counts as none."""
    weather = {}
    for row in read_rows(WEATHER_FILE):
        wind = row["wind_speed"]
        weather[row["origin"], row["time_hour"]] = {
            "temperature": float(row["temp"]),
            "wind": 0.0 if wind == NOT_AVAILABLE else float(wind),
            "rain": float(row["precip"]),
            "sight": float(row["visib"]),
        }
    print(f"{len(weather):,} hours of weather")
    return weather


# Features: what is known of a flight an hour before it is to leave


def schedule_facts(flight: Row) -> list[str]:
    """Return what the timetable says of a flight."""
    weekday = date(2013, 1, flight["day"]).strftime("%a")
    return [
        f"hour {flight['minute'] // 60:02}",
        f"carrier {flight['carrier']}",
        f"from {flight['origin']}",
        f"on {weekday}",
    ]


def weather_facts(hour: Row | None) -> list[str]:
    """Return the weather of a flight's hour in steps, or that nobody recorded it.

    The recorded weather stands for the forecast of it, which this data does not have: real forecasts know less.
    """
    if hour is None:
        return ["weather unknown"]
    return [
        f"temperature {hour['temperature'] // 15 * 15:.0f}",
        f"wind {min(hour['wind'] // 5 * 5, 25):.0f}",
        "rain" if hour["rain"] > 0 else "no rain",
        f"sight {next((miles for miles in (1, 3) if hour['sight'] <= miles), 10)}",
    ]


class LatenessSoFar:
    """How many of an airport's latest flights were late, as far as that was known at a given minute.

    A flight is known to be late once ``late_minutes`` have passed since it was to leave, wherever it then is. So the
    answer for a minute never depends on what happened after it.
    """

    def __init__(self, departures: Iterable[Row], late_minutes: int) -> None:
        known: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        for flight in departures:
            known[flight["origin"]].append((scheduled(flight) + late_minutes, flight["delay"] > late_minutes))
        self._minutes: dict[str, list[int]] = {}
        self._late: dict[str, list[int]] = {}
        for origin, flights in known.items():
            flights.sort()
            self._minutes[origin] = [minute for minute, _ in flights]
            self._late[origin] = list(accumulate((late for _, late in flights), initial=0))

    def share(self, origin: str, minute: int) -> float | None:
        """Return the share of flights that were late, 0 to 1; None if too few were to leave lately."""
        minutes = self._minutes.get(origin, [])
        first, last = bisect_left(minutes, minute - RECENT_MINUTES), bisect_right(minutes, minute)
        if last - first < FEW_FLIGHTS:
            return None
        return (self._late[origin][last] - self._late[origin][first]) / (last - first)


def scheduled(flight: Row) -> int:
    """Return when a flight is to leave, in minutes since the month began."""
    minute: int = (flight["day"] - 1) * DAY_MINUTES + flight["minute"]
    return minute


def recent_facts(share: float | None) -> list[str]:
    """Return in steps how late the airport has been."""
    if share is None:
        return ["lately quiet"]
    step = next(step for step in (5, 10, 20, 35, 50, 100) if share * 100 <= step)
    return [f"lately up to {step}% late"]


@task
def describe_flights(
    read_departures: list[Row], read_weather: Weather, late_minutes: int, ahead_minutes: int
) -> list[Row]:
    """Return for each flight its day, whether it was late, and what was known so many minutes before its time."""
    so_far = LatenessSoFar(read_departures, late_minutes)
    described = []
    for flight in read_departures:
        share = so_far.share(flight["origin"], scheduled(flight) - ahead_minutes)
        described.append(
            {
                "day": flight["day"],
                "late": flight["delay"] > late_minutes,
                "schedule": schedule_facts(flight),
                "weather": weather_facts(read_weather.get((flight["origin"], flight["time_hour"]))),
                "recent": recent_facts(share),
            }
        )
    print(f"{late_share(described):.1%} of {len(described):,} departures were more than {late_minutes} minutes late")
    return described


def late_share(flights: Sequence[Row]) -> float:
    """Return the share of flights that were late, 0 to 1."""
    late: int = sum(flight["late"] for flight in flights)
    return late / len(flights)


@task
def split_by_day(describe_flights: list[Row]) -> dict[str, list[Row]]:
    """Return the flights to train on, to choose by and to judge by: three stretches of the month, in this order.

    A split by chance would put flights of one evening on both sides, and a model that has seen half of a snowstorm
    knows the other half.
    """
    days = {"train": TRAINING_DAYS, "validate": VALIDATION_DAYS, "test": TEST_DAYS}
    parts = {part: [flight for flight in describe_flights if flight["day"] in days[part]] for part in days}
    for part, flights in parts.items():
        late = f"{late_share(flights):.1%}"
        print(f"{part:<8}  January {days[part][0]} to {days[part][-1]}: {len(flights):,} flights, {late} late")
    return parts


# Training


def facts_of(flight: Row, groups: Iterable[str]) -> list[str]:
    """Return what is known of a flight in some groups of facts."""
    return [fact for group in groups for fact in flight[group]]


def probability(odds: float) -> float:
    """Return the probability of which these are the log odds, a little away from 0 and 1, where no logarithm is."""
    return 1 / (1 + math.exp(-min(max(odds, -LARGEST_ODDS), LARGEST_ODDS)))


def log_odds(share: float) -> float:
    """Return the logarithm of the odds of a probability that is neither 0 nor 1."""
    return math.log(share / (1 - share))


def predict(model: Model, flight: Row) -> float:
    """Return how likely a flight is to be late, 0 to 1. Facts that the training had not seen say nothing."""
    weights = model["weights"]
    return probability(model["bias"] + sum(weights.get(fact, 0.0) for fact in facts_of(flight, model["groups"])))


def train(flights: Sequence[Row], groups: Sequence[str], epochs: int, seed: int) -> Model:
    """Return a logistic regression, found by stochastic gradient descent.

    Each step becomes smaller with the epochs; each weight is drawn a little to zero, so that a carrier with ten flights
    is not believed too much.
    """
    facts = [facts_of(flight, groups) for flight in flights]
    numbers = {fact: number for number, fact in enumerate(sorted({fact for each in facts for fact in each}))}
    samples = [([numbers[fact] for fact in each], flight["late"]) for each, flight in zip(facts, flights, strict=True)]
    weights = [0.0] * len(numbers)
    bias = log_odds(late_share(flights))
    order = random.Random(seed)
    for epoch in range(epochs):
        order.shuffle(samples)
        step = FIRST_STEP / (1 + epoch)
        for known, late in samples:
            odds = bias
            for number in known:
                odds += weights[number]
            change = step * (late - probability(odds))
            bias += change
            for number in known:
                weights[number] += change - step * SHRINKING * weights[number]
    return {"groups": list(groups), "bias": bias, "weights": dict(zip(numbers, weights, strict=True))}


def train_candidate(groups: Sequence[str], split_by_day: dict[str, list[Row]], epochs: int, seed: int) -> Model:
    """Train the model that knows some groups of facts, and say which facts move it most."""
    flights = split_by_day["train"]
    print(f"{epochs} epochs over {len(flights):,} flights, knowing their {', '.join(groups)}")
    model = train(flights, groups, epochs, seed)
    print(f"log loss on these flights {log_loss(model, flights):.4f}")
    strongest = sorted(model["weights"].items(), key=lambda item: -abs(item[1]))[:5]
    print("moves most: " + ", ".join(f"{fact} {weight:+.2f}" for fact, weight in strongest))
    return model


@task
def fit_baselines(split_by_day: dict[str, list[Row]]) -> dict[str, Model]:
    """Return what a model has to beat: one probability for all flights, and one for each hour of the day."""
    flights = split_by_day["train"]
    overall = late_share(flights)
    counts = Counter(flight["schedule"][0] for flight in flights)
    late = Counter(flight["schedule"][0] for flight in flights if flight["late"])
    # As if each hour had seen some more flights of the usual kind: one with three flights proves nothing.
    shares = {hour: (late[hour] + PRIOR_FLIGHTS * overall) / (counts[hour] + PRIOR_FLIGHTS) for hour in sorted(counts)}
    bias = log_odds(overall)
    return {
        "always the same": {"groups": [], "bias": bias, "weights": {}},
        "by the hour": {
            "groups": ["schedule"],
            "bias": bias,
            "weights": {hour: log_odds(share) - bias for hour, share in shares.items()},
        },
    }


# Choosing and judging


def log_loss(model: Model, flights: Sequence[Row]) -> float:
    """Return the mean surprise of a model, in nats: 0 for one that knows, 0.69 for one that tosses a coin."""
    return -sum(
        math.log(chance if flight["late"] else 1 - chance)
        for flight, chance in ((flight, predict(model, flight)) for flight in flights)
    ) / len(flights)


def ranking(model: Model, flights: Sequence[Row]) -> float:
    """Return how often a late flight is thought likelier to be late than one on time: 1 always, 0.5 by chance (AUC)."""
    ranked = sorted((predict(model, flight), flight["late"]) for flight in flights)
    before = won = 0.0
    for _, group in groupby(ranked, key=lambda pair: pair[0]):
        late = [is_late for _, is_late in group]
        on_time = len(late) - sum(late)
        won += sum(late) * (before + on_time / 2)
        before += on_time
    return won / (before * (len(ranked) - before))


def accuracy(model: Model, flights: Sequence[Row]) -> float:
    """Return the share of flights of which the likelier of late and on time came true."""
    right: int = sum((predict(model, flight) > 0.5) == flight["late"] for flight in flights)
    return right / len(flights)


def judged(model: Model, flights: Sequence[Row]) -> dict[str, float]:
    """Return a model's figures on some flights."""
    return {
        "log_loss": round(log_loss(model, flights), 4),
        "ranking": round(ranking(model, flights), 3),
        "accuracy": round(accuracy(model, flights), 3),
    }


def reliability(model: Model, flights: Sequence[Row]) -> list[dict[str, Any]]:
    """Return for each tenth of probability how many flights were given it, and which share of them was late."""
    groups = defaultdict(list)
    for flight in flights:
        groups[int(predict(model, flight) * 10)].append(flight)
    return [
        {"said": f"{tenth * 10} to {tenth * 10 + 10}%", "flights": len(given), "late": round(late_share(given), 3)}
        for tenth, given in sorted(groups.items())
    ]


@task
def choose_model(split_by_day: dict[str, list[Row]], **candidates: Model) -> Model:
    """Return the candidate that did best on the days after its training, with what each of them came to there."""
    losses = {
        task_name.removeprefix("train_"): round(log_loss(model, split_by_day["validate"]), 4)
        for task_name, model in candidates.items()
    }
    for name, loss in sorted(losses.items(), key=lambda item: item[1]):
        print(f"{loss:.4f}  {name}")
    best = min(losses, key=lambda name: (losses[name], name))
    return {**candidates[f"train_{best}"], "name": best, "validation": losses}


@task
def evaluate(
    choose_model: Model, fit_baselines: dict[str, Model], split_by_day: dict[str, list[Row]]
) -> dict[str, Any]:
    """Judge the chosen model and the baselines on the last days, which nothing was fitted to or chosen by."""
    flights = split_by_day["test"]
    models = {**fit_baselines, choose_model["name"]: choose_model}
    scores = {name: judged(model, flights) for name, model in models.items()}
    for name, figures in scores.items():
        print(f"{name:<16} " + "   ".join(f"{what} {figure}" for what, figure in figures.items()))
    return {
        "flights": len(flights),
        "late": round(late_share(flights), 3),
        "late_in_training": round(late_share(split_by_day["train"]), 3),
        "scores": scores,
        "reliability": reliability(choose_model, flights),
    }


# Keeping


def write_whole(name: str, text: str) -> str:
    """Write a file, whole or not at all, and return its name."""
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
    print(f"{HERE.name}/{name}")
    return f"{HERE.name}/{name}"


@task(outputs=[MODEL_FILE])
def save_model(choose_model: Model, late_minutes: int, ahead_minutes: int) -> str:
    """Write the chosen model, with the question that it answers, and return the file's name."""
    question = {"late_minutes": late_minutes, "ahead_minutes": ahead_minutes}
    return write_whole(MODEL_FILE, json.dumps({**question, **choose_model}, indent=2) + "\n")


def compose_report(chosen: Model, verdict: dict[str, Any], late_minutes: int, ahead_minutes: int) -> str:
    """Return the report as Markdown. It holds nothing but its data: the same data give the same text."""
    lines = [
        f"# Will a flight leave more than {late_minutes} minutes late?",
        "",
        f"Asked {ahead_minutes} minutes before its time, of flights from New York in January 2013. Trained on days "
        f"{TRAINING_DAYS[0]} to {TRAINING_DAYS[-1]} ({verdict['late_in_training']:.1%} late), judged on the "
        f"{verdict['flights']:,} flights of days {TEST_DAYS[0]} to {TEST_DAYS[-1]} ({verdict['late']:.1%} late).",
        "",
        "| on the last days | log loss | ranking | accuracy |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {figures['log_loss']:.4f} | {figures['ranking']:.3f} | {figures['accuracy']:.1%} |"
            for name, figures in verdict["scores"].items()
        ),
        "",
        "Log loss: the lower, the better. Ranking: how often a late flight is thought likelier to be late than one on "
        "time; 0.5 is chance. Accuracy says little here: most flights are on time, and so is every guess of "
        '"always the same".',
        "",
        f"`{chosen['name']}` was chosen by its log loss on days {VALIDATION_DAYS[0]} to {VALIDATION_DAYS[-1]}:",
        "",
        "| candidate | log loss |",
        "|---|---:|",
        *(f"| {name} | {loss:.4f} |" for name, loss in sorted(chosen["validation"].items(), key=lambda item: item[1])),
        "",
        "| it said, likely to be late | flights | were late |",
        "|---|---:|---:|",
        *(f"| {row['said']} | {row['flights']:,} | {row['late']:.1%} |" for row in verdict["reliability"]),
        "",
    ]
    return "\n".join(lines)


@task(outputs=[REPORT_FILE])
def write_report(choose_model: Model, evaluate: dict[str, Any], late_minutes: int, ahead_minutes: int) -> str:
    """Write the report, whole or not at all, and return its name."""
    return write_whole(REPORT_FILE, compose_report(choose_model, evaluate, late_minutes, ahead_minutes))


def build_workflow(
    late_minutes: int = 15,
    ahead_minutes: int = 60,
    epochs: int = 20,
    seed: int = 1,
    candidates: tuple[str, ...] = tuple(CANDIDATES),
) -> Workflow:
    """Return the workflow for one question.

    Args:
        late_minutes: how many minutes after its time a flight counts as late.
        ahead_minutes: how many minutes before its time the question is asked.
        epochs: how often the training goes through its flights.
        seed: of the order in which it does.
        candidates: which of ``CANDIDATES`` are trained.

    Raises:
        ValueError: a candidate is none of them.
    """
    for name in candidates:
        if name not in CANDIDATES:
            raise ValueError(f"no candidate is called {name!r}; there are {', '.join(CANDIDATES)}")
    question = {"late_minutes": late_minutes, "ahead_minutes": ahead_minutes, "epochs": epochs, "seed": seed}
    workflow = Workflow("ml_pipeline", "Late departures: features, candidates, a choice, a verdict", params=question)
    workflow.add_task(read_departures)
    workflow.add_task(read_weather)
    workflow.add_task(describe_flights, depends_on=[read_departures, read_weather])
    workflow.add_task(split_by_day, depends_on=[describe_flights])
    trainings = [Task(f"train_{name}", partial(train_candidate, CANDIDATES[name])) for name in candidates]
    for training in trainings:
        workflow.add_task(training, depends_on=[split_by_day])
    workflow.add_task(fit_baselines, depends_on=[split_by_day])
    workflow.add_task(choose_model, depends_on=[split_by_day, *trainings])
    workflow.add_task(evaluate, depends_on=[choose_model, fit_baselines, split_by_day])
    workflow.add_task(save_model, depends_on=[choose_model])
    workflow.add_task(write_report, depends_on=[choose_model, evaluate])
    return workflow


def main() -> int:
    """Run what is not done yet, say how it ended, and return the exit code."""
    (HERE / "out").mkdir(exist_ok=True)
    workflow = build_workflow()
    executor = ThreadedExecutor(state_store=SQLiteStateStore(str(HERE / "out" / "ml_state.db")))
    try:
        executor.execute(workflow)
    except WorkflowExecutionError as error:
        print(f"\n{error}\nOnce that is put right, the same command goes on from there.", file=sys.stderr)
        return 1
    reused = sum(each.restored for each in workflow.tasks)
    print(f"\nml_pipeline is done: {len(workflow) - reused} tasks ran, {reused} reused. See {HERE.name}/{REPORT_FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
