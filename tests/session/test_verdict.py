"""The words that stay after a run, as the design shows them."""

from __future__ import annotations

from fwtui.model.verdict import Ending, FailedTask, FrameLine, verdict_text

FAILED = Ending(
    workflow="etl",
    run_id=31,
    outcome="failed",
    duration=6.5,
    ran=5,
    failed=1,
    skipped=3,
    first_failed="join_delays",
    failures=(
        FailedTask(
            "join_delays",
            "KeyError: 'hour_utc'",
            attempt=3,
            attempts=3,
            tail=("joining 26,483 departures with 2,226 hours of weather",),
            frames=(
                FrameLine("workflows/etl.py", 101, "join_delays", "weather_then = nearest_hour(flight, weather)"),
                FrameLine("workflows/etl.py", 88, "nearest_hour", 'return weather[origin, row["hour_utc"]]'),
            ),
        ),
    ),
    resume="fwtui run workflows/etl.py",
    log="fwtui logs workflows/etl.py join_delays",
)


def test_a_failed_run_says_what_failed_where_and_what_resumes() -> None:
    assert (
        verdict_text(FAILED)
        == """\
✗ etl failed at join_delays. Run 31, 6.5s: 5 done, 1 failed, 3 skipped.

  join_delays, attempt 3 of 3
    joining 26,483 departures with 2,226 hours of weather
    KeyError: 'hour_utc'
      workflows/etl.py:88 in nearest_hour
        return weather[origin, row["hour_utc"]]

  Resume  fwtui run workflows/etl.py
  Log     fwtui logs workflows/etl.py join_delays"""
    )


def test_a_run_that_is_done_is_one_line() -> None:
    ending = Ending("etl", 32, "completed", 1.2, ran=4, reused=5)
    assert verdict_text(ending) == "✓ etl is done. Run 32, 1.2s: 4 ran, 5 reused."


def test_of_tasks_outside_the_selection_nothing_is_claimed() -> None:
    ending = Ending("etl", 32, "completed", 1.2, ran=1, reused=1, left=3)
    assert verdict_text(ending) == "✓ 2 selected tasks of etl are done. Run 32, 1.2s: 1 ran, 1 reused, 3 left out."
    ending = Ending("etl", 32, "completed", 1.2, ran=1, left=3)
    assert verdict_text(ending) == "✓ the selected task of etl is done. Run 32, 1.2s: 1 ran, 3 left out."


def test_a_stopped_run_says_what_is_left() -> None:
    ending = Ending("etl", 32, "cancelled", 2.0, ran=5, stopped=1, pending=3, resume="fwtui run etl.py")
    assert verdict_text(ending).split("\n") == [
        "■ etl stopped. Run 32, 2.0s: 5 done, 1 stopped, 3 not started.",
        "",
        "  Resume  fwtui run etl.py",
    ]


def test_several_failures_are_counted_and_the_first_is_named() -> None:
    failures = tuple(FailedTask(f"t{n}", "ValueError: no") for n in range(7))
    ending = Ending("etl", 1, "failed", 1.0, failed=7, first_failed="t0", failures=failures)
    text = verdict_text(ending)
    assert text.startswith("✗ etl: 7 failed, first t0. Run 1, 1.0s: 7 failed.")
    assert "  and 2 more failed tasks" in text


def test_a_run_without_anything_to_do_says_so() -> None:
    assert verdict_text(Ending("etl", 3, "completed", 0.01)).endswith("nothing to do.")


def test_a_full_disk_is_said_below_the_first_line() -> None:
    ending = Ending("etl", 3, "failed", 0.5, ran=2, pending=1, error="Disk full: etl.db")
    assert verdict_text(ending).split("\n")[:2] == [
        "✗ etl did not finish. Run 3, 0.5s: 2 done, 1 not started.",
        "  Disk full: etl.db",
    ]


def test_what_a_task_wrote_cannot_steer_the_terminal() -> None:
    task = FailedTask(
        "a\x1b[2J", "E: \x1b]0;x\x07\nsecond", tail=("\x1b[5m",), frames=(FrameLine("f.py", 1, "f", "x"),)
    )
    text = verdict_text(Ending("w\x07", 1, "failed", 1.0, failed=1, first_failed="a\x1b[2J", failures=(task,)))
    assert all(character.isprintable() or character == "\n" for character in text)


def test_an_error_of_ten_megabytes_is_cut() -> None:
    task = FailedTask("big", "E: " + "x" * 10_000_000)
    text = verdict_text(Ending("w", 1, "failed", 1.0, failed=1, first_failed="big", failures=(task,)))
    assert len(text) < 2_000


def test_ascii_stays_ascii() -> None:
    assert verdict_text(Ending("é", 1, "completed", 1.0, ran=1), ascii_only=True).isascii()
