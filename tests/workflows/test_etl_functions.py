"""The ETL's functions by direct calls: a decorated task is still the function it was."""

import sqlite3
from contextlib import closing

import pytest


def raw_flight(**changes):
    """A row as the flights file has it."""
    row = {
        "year": "2013", "month": "1", "day": "5", "dep_time": "517", "sched_dep_time": "515", "dep_delay": "2",
        "arr_time": "830", "sched_arr_time": "819", "arr_delay": "11", "carrier": "UA", "flight": "1545",
        "tailnum": "N14228", "origin": "EWR", "dest": "IAH", "air_time": "227", "distance": "1400", "hour": "5",
        "minute": "15", "time_hour": "2013-01-05T10:00:00Z",
    }  # fmt: skip
    return {**row, **changes}


def cancelled_flight(**changes):
    return raw_flight(
        **{"dep_time": "NA", "dep_delay": "NA", "arr_time": "NA", "arr_delay": "NA", "air_time": "NA"} | changes
    )


def weather_of(temp, **changes):
    return {"temp": float(temp), "wind_speed": 5.0, "precip": 0.0, **changes}


def departed(delay, **changes):
    flight = {"origin": "EWR", "carrier": "UA", "sched_dep_time": 515, "dep_delay": delay, "dest": "IAH",
              "dest_known": True, **weather_of(30)}  # fmt: skip
    return {**flight, **changes}


AIRPORTS = {"EWR": "Newark Liberty Intl", "JFK": "John F Kennedy Intl", "IAH": "George Bush Intercontinental"}


# Parsing


def test_a_flight_has_a_date_numbers_and_text(etl):
    flight = etl.parse_flight(raw_flight())
    assert flight["date"] == "2013-01-05"
    assert (flight["dep_time"], flight["dep_delay"], flight["flight"]) == (517, 2, 1545)
    assert (flight["carrier"], flight["time_hour"]) == ("UA", "2013-01-05T10:00:00Z")


def test_what_is_not_available_is_none(etl):
    flight = etl.parse_flight(cancelled_flight(tailnum="NA"))
    assert flight["dep_time"] is None
    assert flight["tailnum"] is None
    assert etl.is_cancelled(flight)


def test_a_flight_without_arrival_still_departed(etl):
    assert not etl.is_cancelled(etl.parse_flight(raw_flight(arr_time="NA", arr_delay="NA")))


def test_the_shipped_files_have_what_their_readme_says(etl):
    assert sum(1 for _ in etl.read_rows(etl.FLIGHTS_FILE)) == 27_004
    assert len(etl.extract_weather()) == 2_226
    assert len(etl.extract_airlines()) == 16
    assert len(etl.extract_airports()) == 1_458


# Checking


def validate(etl, *rows, airports=AIRPORTS):
    return etl.validate_flights([etl.parse_flight(row) for row in rows], airports)


def test_validation_keeps_departed_flights_only_and_says_how_many_were_cancelled(etl, capsys):
    kept = validate(etl, raw_flight(), cancelled_flight(flight="7"))
    assert [flight["flight"] for flight in kept] == [1545]
    assert "2 flights, 1 cancelled" in capsys.readouterr().out


def test_an_unknown_destination_is_reported_not_dropped(etl, capsys):
    kept = validate(etl, raw_flight(dest="SJU"), raw_flight(flight="2", dest="BQN"), raw_flight(flight="3"))
    assert [flight["dest_known"] for flight in kept] == [False, False, True]
    assert "2 destinations are not in airports.csv: BQN SJU" in capsys.readouterr().out


def test_known_destinations_are_not_worth_a_line(etl, capsys):
    validate(etl, raw_flight())
    assert "airports.csv" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([raw_flight(), raw_flight(origin="JFK")], "UA 1545 on 2013-01-05 is listed twice"),
        ([raw_flight(origin="XXX")], "UA 1545 on 2013-01-05 starts at XXX"),
        ([raw_flight(dep_delay="NA")], "departed, but its delay is missing"),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_name_of_the_flight(etl, rows, complaint):
    with pytest.raises(ValueError, match=complaint):
        validate(etl, *rows)


# Joining


HOUR = "2013-01-05T10:00:00Z"


def test_the_exact_hour_at_the_flights_own_airport_counts(etl):
    weather = {("EWR", HOUR): weather_of(30), ("JFK", HOUR): weather_of(40)}
    assert etl.nearest_hour({"origin": "JFK", "time_hour": HOUR}, weather) == weather_of(40)


@pytest.mark.parametrize(
    ("recorded", "chosen"),
    [
        (["08", "13"], "08"),
        (["07", "12"], "12"),
        (["09", "11"], "09"),
    ],
    ids=["earlier is nearer", "later is nearer", "equally near: the earlier"],
)
def test_a_missing_hour_takes_the_nearest_one(etl, recorded, chosen):
    weather = {("EWR", f"2013-01-05T{hour}:00:00Z"): weather_of(hour) for hour in recorded}
    assert etl.nearest_hour({"origin": "EWR", "time_hour": HOUR}, weather) == weather_of(chosen)


def test_the_nearest_hour_may_lie_in_another_month(etl):
    weather = {("EWR", "2013-01-31T23:00:00Z"): weather_of(20)}
    assert etl.nearest_hour({"origin": "EWR", "time_hour": "2013-02-01T01:00:00Z"}, weather) == weather_of(20)


def test_no_weather_within_a_day_is_an_error_that_names_place_and_hour(etl):
    weather = {("EWR", "2013-01-07T10:00:00Z"): weather_of(30), ("JFK", HOUR): weather_of(40)}
    with pytest.raises(LookupError, match=f"no weather at EWR within 24 hours of {HOUR}"):
        etl.nearest_hour({"origin": "EWR", "time_hour": HOUR}, weather)


def test_the_join_adds_the_weather_to_each_flight_and_leaves_its_inputs_alone(etl, capsys):
    flights = [{"origin": "EWR", "time_hour": HOUR, "flight": 1}, {"origin": "JFK", "time_hour": HOUR, "flight": 2}]
    weather = {("EWR", HOUR): weather_of(30), ("JFK", "2013-01-05T11:00:00Z"): weather_of(40)}
    joined = etl.join_delays(flights, weather)
    assert [(flight["flight"], flight["temp"]) for flight in joined] == [(1, 30.0), (2, 40.0)]
    assert "temp" not in flights[0]
    said = capsys.readouterr().out
    assert "joining 2 departures with 2 hours of weather" in said
    assert "EWR 1   JFK 1 departures" in said
    assert "1 departures took the nearest hour" in said


# Summing up


def test_delay_figures_count_early_departures_and_draw_the_line_above_15_minutes(etl):
    figures = etl.delay_figures([departed(-5), departed(15), departed(16), departed(50)])
    assert figures == {"flights": 4, "mean_delay": 19.0, "late_percent": 50.0}


@pytest.mark.parametrize(("time", "hour"), [(5, "00"), (515, "05"), (959, "09"), (2359, "23")])
def test_the_scheduled_hour_is_two_digits(etl, time, hour):
    assert etl.scheduled_hour(departed(0, sched_dep_time=time)) == hour


@pytest.mark.parametrize(
    ("weather", "words"),
    [
        ({}, "dry, little wind"),
        ({"wind_speed": 19.9}, "dry, little wind"),
        ({"wind_speed": 20.0}, "dry, strong wind"),
        ({"precip": 0.01, "wind_speed": 30.0}, "rain or snow"),
    ],
)
def test_the_weather_in_words(etl, weather, words):
    assert etl.conditions(departed(0, **weather)) == words


def test_the_summary_groups_by_carrier_hour_airport_and_weather(etl):
    flights = [
        departed(10),
        departed(20, carrier="AA", origin="JFK", sched_dep_time=1815, precip=0.2),
        departed(30, carrier="AA", dest="SJU", dest_known=False),
    ]
    summary = etl.summarize_delays(flights)
    assert summary["overall"]["flights"] == 3
    assert {name: each["mean_delay"] for name, each in summary["carrier"].items()} == {"AA": 25.0, "UA": 10.0}
    assert {name: each["flights"] for name, each in summary["hour"].items()} == {"05": 2, "18": 1}
    assert {name: each["flights"] for name, each in summary["airport"].items()} == {"EWR": 2, "JFK": 1}
    assert {name: each["flights"] for name, each in summary["weather"].items()} == {
        "dry, little wind": 2,
        "rain or snow": 1,
    }
    assert summary["unknown_destinations"] == {"SJU": 1}


# Loading


def insert(etl, path, *flights):
    with closing(sqlite3.connect(path)) as db:
        etl.create_table(db)
        etl.insert_flights(db, flights)
        db.commit()
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM flights ORDER BY flight")]


def test_a_departed_flight_is_loaded_with_its_weather_and_a_cancelled_one_without(etl, tmp_path):
    flight = {**etl.parse_flight(raw_flight()), "dest_known": True, **weather_of(30)}
    rows = insert(etl, tmp_path / "test.db", flight, etl.parse_flight(cancelled_flight(flight="2000")))
    assert [(row["cancelled"], row["temp"], row["dep_delay"]) for row in rows] == [(0, 30.0, 2), (1, None, None)]
    assert rows[0]["date"] == "2013-01-05"


def test_the_table_itself_refuses_a_doubled_flight(etl, tmp_path):
    flight = etl.parse_flight(raw_flight())
    with pytest.raises(sqlite3.IntegrityError):
        insert(etl, tmp_path / "test.db", flight, flight)


# Reporting


def test_the_report_names_carriers_worst_first_and_the_unknown_destinations(etl):
    summary = etl.summarize_delays(
        [departed(10), departed(40, carrier="AA"), departed(0, carrier="ZZ", dest="SJU", dest_known=False)]
    )
    report = etl.compose_report(summary, {"rows": 4, "cancelled": 1}, {"UA": "United", "AA": "American"})
    assert "4 flights were scheduled, 1 of them cancelled." in report
    assert "Departures to airports that data/airports.csv does not know: SJU (1)." in report
    assert report.index("| American |") < report.index("| United |") < report.index("| ZZ |")
    assert "| American | 1 | 40.0 | 100.0% |" in report


def test_a_report_without_unknown_destinations_does_not_mention_any(etl):
    report = etl.compose_report(etl.summarize_delays([departed(10)]), {"rows": 1, "cancelled": 0}, {})
    assert "does not know" not in report
