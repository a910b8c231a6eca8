"""Functions of the training pipeline by direct calls: no feature knows the future, and the figures mean what they say."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"


@pytest.fixture(scope="module")
def ml(load_once):
    return load_once(WORKFLOWS / "ml_pipeline.py")


flights = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.integers(1, 3),
            "minute": st.integers(0, 24 * 60 - 1),
            "delay": st.integers(-30, 300),
            "origin": st.sampled_from(["EWR", "JFK"]),
        }
    ),
    max_size=40,
)
moments = st.integers(0, 3 * 24 * 60)


@given(flights, moments, st.integers(0, 60))
def test_how_late_an_airport_has_been_is_what_was_known_at_that_minute(ml, flights, moment, late_minutes):
    known = [
        flight["delay"] > late_minutes
        for flight in flights
        if flight["origin"] == "JFK" and moment - 120 <= ml.scheduled(flight) + late_minutes <= moment
    ]
    share = ml.LatenessSoFar(flights, late_minutes).share("JFK", moment)
    assert share == (None if len(known) < 5 else pytest.approx(sum(known) / len(known)))


@given(flights, moments, st.integers(0, 60), st.integers(-30, 300))
def test_what_happens_later_changes_no_feature(ml, flights, moment, late_minutes, delay):
    changed = [
        {**flight, "delay": delay} if ml.scheduled(flight) + late_minutes > moment else flight for flight in flights
    ]
    for origin in ("EWR", "JFK"):
        before = ml.LatenessSoFar(flights, late_minutes).share(origin, moment)
        assert ml.LatenessSoFar(changed, late_minutes).share(origin, moment) == before


def example(*facts, late=False):
    return {"day": 1, "late": late, "schedule": list(facts), "weather": [], "recent": []}


scored = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=40).filter(
    lambda pairs: 0 < sum(late for _, late in pairs) < len(pairs)
)


@given(scored)
def test_the_ranking_is_the_share_of_pairs_that_are_in_order(ml, scored):
    flights = [example(str(score), late=late) for score, late in scored]
    model = {"groups": ["schedule"], "bias": 0.0, "weights": {str(score): score for score, _ in scored}}
    late = [score for score, is_late in scored if is_late]
    on_time = [score for score, is_late in scored if not is_late]
    in_order = sum((one > other) + (one == other) / 2 for one in late for other in on_time)
    assert ml.ranking(model, flights) == pytest.approx(in_order / (len(late) * len(on_time)))


@given(st.floats(-1e6, 1e6))
def test_a_probability_always_has_a_logarithm(ml, odds):
    chance = ml.probability(odds)
    assert 0 < chance < 1
    if abs(odds) < 10:
        assert ml.log_odds(chance) == pytest.approx(odds, abs=1e-6)


def test_a_coin_is_surprised_by_the_logarithm_of_two(ml):
    coin = {"groups": [], "bias": 0.0, "weights": {}}
    assert ml.log_loss(coin, [example(late=True), example()]) == pytest.approx(math.log(2))
    assert ml.ranking(coin, [example(late=True), example()]) == 0.5


def test_facts_that_the_training_has_not_seen_say_nothing(ml):
    model = {"groups": ["schedule"], "bias": -1.0, "weights": {"hour 05": 2.0}}
    assert ml.predict(model, example("hour 05", "carrier ??")) == ml.predict(model, example("hour 05"))


def test_the_training_finds_what_is_there_and_the_same_each_time(ml):
    flights = [example("evening", late=number % 10 < 8) for number in range(200)]
    flights += [example("morning", late=number % 10 < 1) for number in range(200)]
    model = ml.train(flights, ["schedule"], epochs=30, seed=1)
    assert ml.predict(model, example("evening")) == pytest.approx(0.8, abs=0.05)
    assert ml.predict(model, example("morning")) == pytest.approx(0.1, abs=0.05)
    assert ml.train(flights, ["schedule"], epochs=30, seed=1) == model


def test_the_baseline_of_an_hour_with_few_flights_is_near_that_of_all(ml):
    flights = [example("hour 08", late=number < 30) for number in range(100)] + [example("hour 23", late=True)]
    baselines = ml.fit_baselines({"train": flights})
    overall = ml.late_share(flights)
    assert ml.predict(baselines["always the same"], example("hour 23")) == pytest.approx(overall)
    assert overall < ml.predict(baselines["by the hour"], example("hour 23")) < overall + 0.05


def test_the_candidate_that_does_best_on_the_days_between_is_chosen(ml):
    flights = [example("evening", late=True), example("morning")]
    knows = {"groups": ["schedule"], "bias": 0.0, "weights": {"evening": 2.0, "morning": -2.0}}
    errs = {"groups": ["schedule"], "bias": 0.0, "weights": {"evening": -2.0, "morning": 2.0}}
    chosen = ml.choose_model({"validate": flights}, train_errs=errs, train_knows=knows)
    assert chosen["name"] == "knows"
    assert list(chosen["validation"]) == ["errs", "knows"]


def test_every_flight_is_in_the_table_of_what_was_said(ml):
    flights = [example("evening", late=number % 3 == 0) for number in range(30)] + [example("morning")]
    model = {"groups": ["schedule"], "bias": 0.0, "weights": {"morning": -2.0}}
    assert ml.reliability(model, flights) == [
        {"said": "10 to 20%", "flights": 1, "late": 0.0},
        {"said": "50 to 60%", "flights": 30, "late": 0.333},
    ]


def test_the_three_stretches_of_the_month_do_not_overlap_and_leave_nothing_out(ml):
    days = [*ml.TRAINING_DAYS, *ml.VALIDATION_DAYS, *ml.TEST_DAYS]
    assert days == list(range(1, 32))


def test_a_candidate_that_is_none_is_refused_by_name(ml):
    with pytest.raises(ValueError, match="no candidate is called 'guess'; there are schedule, weather"):
        ml.build_workflow(candidates=("guess",))


def test_the_candidates_are_tasks_of_the_graph(ml):
    workflow = ml.build_workflow(candidates=("recent",))
    assert [each.name for each in workflow.tasks if each.name.startswith("train_")] == ["train_recent"]
    assert workflow.get_dependencies("choose_model") == ["split_by_day", "train_recent"]
