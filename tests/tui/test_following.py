"""A run of another process, watched; and what else happens while nobody presses a key."""

from __future__ import annotations

import threading
from dataclasses import replace

from scenes import (
    EDGES,
    FIRST,
    RUN_31,
    FakeSession,
    Story,
    at,
    but,
    done_picture,
    failed_picture,
    followed_picture,
    never_ran_picture,
    plan_of,
    record,
)
from stage import WIDE, open_stage, play

from flowweaver.errors import StateError, StateLockedError
from flowweaver.plan import Action, Reason, ReasonKind
from flowweaver.status import TaskStatus
from fwtui.model.helptext import help_lines
from fwtui.model.segments import plain
from fwtui.model.status import State
from fwtui.session.port import Reload, RunRequest

BELONGS = "Run 31 belongs to process 4711 on lab-3 since 10:02. You are watching it, read-only."
DEAD = but(RUN_31, outcome=None, finished_at=None, failed_task=None)


def died_picture(path):
    picture = followed_picture(path)
    records = {**picture.records, "validate_flights": but(picture.records["validate_flights"], interrupted=True)}
    return replace(picture, holder=None, records=records, runs=(but(DEAD, outcome="interrupted"),))


def missing_picture(path):
    """A product of write_report is not there any more."""
    gone = (Action.RUN, [Reason(ReasonKind.OUTPUT_FILE, "report.html is not there")], True)
    return replace(done_picture(path), plan=plan_of(write_report=gone))


async def told(on, picture) -> None:
    """Something happened elsewhere, and this is how things are now."""
    on.session.picture = picture
    on.session.changed_elsewhere()
    await on.until(lambda: on.board.view.plan == picture.plan and on.board.view.holder == picture.holder)
    await on.settle()


# -- a run of another process -----------------------------------------------------------------------------------------


def test_a_run_of_another_process_is_shown_as_it_goes_on_and_who_runs_it(path):
    async def scene():
        async with open_stage(FakeSession(followed_picture(path)), WIDE, now=at("10:42:04.5")) as on:
            assert "⠋ running" in on.lines[0]
            assert "run 31 · read-only" in on.lines[0]
            assert on.message == BELONGS
            assert on.footer == "g graph  i timeline  enter log  / filter  ? help  q quit"
            assert "for validate_flights" in on.line_with("join_delays")
            on.time[0] = at("10:42:06")
            on.board.tick()
            await on.settle()
            assert "2.0s" in on.line_with("validate_flights"), "its time goes on"
            story = Story()
            await on.happens(story.completes("validate_flights"), story.starts("join_delays", "10:42:06"))
            assert on.board.view.tasks["join_delays"].state is State.RUNNING
            assert on.board.view.followed
            assert "5/9 done" in on.lines[1]

    play(scene())


def test_what_a_followed_task_writes_appears_as_it_is_written_and_once(path):
    async def scene():
        session = FakeSession(followed_picture(path))
        story = Story()
        written = story.writes("validate_flights", "10:42:04", "alpha", "beta")
        session.events.append(written)  # what there was when the picture was made
        async with open_stage(session, WIDE, now=at("10:42:05")) as on:
            on.board.table.move_to("validate_flights", by_person=True)
            await on.settle()
            await on.happens(story.writes("validate_flights", "10:42:05", "gamma"))
            text = "\n".join(on.lines)
            assert [text.count(word) for word in ("alpha", "beta", "gamma")] == [1, 1, 1]
            assert "following" in text

    play(scene())


def test_keys_that_change_something_say_why_they_cannot(path):
    async def scene():
        session = FakeSession(followed_picture(path))
        async with open_stage(session, WIDE) as on:
            for key in "rRtxUsS":
                on.board.say(None)
                await on.press(key)
                assert on.board.message_text == BELONGS, key
                assert on.board.dialog is None
            assert not session.called("start") + session.called("clear") + session.called("undo")
            assert not session.called("stop") + session.called("cancel")

    play(scene())


def test_help_dims_the_keys_that_change_something_and_says_why(path):
    async def scene():
        async with open_stage(FakeSession(followed_picture(path)), WIDE) as on:
            await on.press("question_mark")
            assert on.line_with(BELONGS)
            assert on.line_with("What changes something is dimmed.")

    play(scene())
    rows = {plain(row).strip(): row for row in help_lines("tasks", 120, why_not="because")}
    roles = {text.split()[0]: row[1].role for text, row in rows.items() if text.endswith(("run.resume", "run.plan"))}
    assert roles == {"r": "muted", "p": "key"}
    assert not any("dimmed" in plain(row) for row in help_lines("tasks", 120))


def test_the_plan_can_be_looked_at_while_another_process_runs_but_not_run(path):
    async def scene():
        session = FakeSession(followed_picture(path))
        async with open_stage(session, WIDE) as on:
            await on.press("p")
            assert on.line_with("running now in process 4711 on lab-3")
            assert "run 5" not in on.lines[-1]
            await on.press("enter")
            assert not session.called("start")
            await told(on, died_picture(path))
            assert "run 5" in on.lines[-1], "now it could be"
            assert on.line_with("The plan is another one than it was")

    play(scene())


def test_when_the_other_process_ends_its_run_one_can_run(path):
    async def scene():
        session = FakeSession(followed_picture(path))
        async with open_stage(session, WIDE) as on:
            await told(
                on,
                done_picture(path)
                if False
                else replace(done_picture(path), runs=(but(DEAD, outcome="completed", finished_at=at("10:42:12")),)),
            )
            assert on.board.message_text == "Run 31 ended. You can run now."
            assert "all 9 done" in on.lines[0]
            assert "watching" in on.lines[0]
            assert on.footer.startswith("R run all")

    play(scene())


def test_a_process_that_dies_is_told_of_and_its_run_can_be_resumed(path):
    async def scene():
        session = FakeSession(followed_picture(path))
        async with open_stage(session, WIDE) as on:
            await told(on, died_picture(path))
            assert on.board.message_text == "Process 4711 died. 4 of 9 are done, 1 was interrupted. r resumes."
            assert "■ interrupted after 4 of 9" in on.lines[0]
            assert "its process ended at 10:42" in on.line_with("validate_flights")
            assert on.footer.startswith("r resume 5")
            await on.press("r")
            assert session.called("start") == [("start", RunRequest())]

    play(scene())


def test_a_run_that_begins_elsewhere_is_followed_without_a_key(path):
    async def scene():
        async with open_stage(FakeSession(never_ran_picture(path)), WIDE) as on:
            assert on.message.startswith("Nothing has run yet.")
            await told(on, followed_picture(path))
            assert on.message == BELONGS, "what was said before is not so any more"
            story = Story()
            await on.happens(story.fails("validate_flights", "10:42:05"))
            assert on.cursor == "validate_flights"

    play(scene())


def test_a_start_that_another_process_forestalls_becomes_watching(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE) as on:

            def refuse(request):
                session.calls.append(("start", request))
                session.picture = followed_picture(path)
                raise StateLockedError("etl.db is in use by process 4711 on lab-3 since 10:02")

            session.start = refuse
            await on.press("r")
            assert on.board.view.followed
            assert on.message == BELONGS

    play(scene())


def test_a_save_while_another_process_runs_is_for_the_next_run(path):
    async def scene():
        session = FakeSession(followed_picture(path))
        async with open_stage(session, WIDE) as on:
            await on.saves(Reload("workflows/etl.py", at("10:43:15"), during_run=True))
            assert on.message.startswith("etl.py saved 10:43:15. This run goes on with the code it started with")
            assert on.board.view.followed

    play(scene())


def test_events_that_come_while_a_picture_is_on_its_way_are_told_on_top_of_it(path):
    async def scene():
        gate = threading.Event()
        session = FakeSession(followed_picture(path))
        async with open_stage(session, WIDE) as on:
            made = session.refresh

            def slowly():
                picture = made()
                gate.wait(10)
                return picture

            session.refresh = slowly
            session.changed_elsewhere()
            await on.until(lambda: on.board.conductor._pictures > 0)
            session.events.append(Story().completes("validate_flights"))
            on.board.drain()
            assert on.board.view.tasks["validate_flights"].state is State.RUNNING
            gate.set()
            await on.until(lambda: not on.board.conductor._pictures)
            on.board.drain()
            assert on.board.view.tasks["validate_flights"].state is State.DONE

    play(scene())


# -- nothing runs -----------------------------------------------------------------------------------------------------


def test_what_another_process_clears_is_seen_and_told(path):
    async def scene():
        async with open_stage(FakeSession(done_picture(path)), WIDE) as on:
            picture = done_picture(path)
            cleared = but(record("validate_flights", TaskStatus.PENDING), cleared=True)
            gone = (Action.RUN, [Reason(ReasonKind.CLEARED, "cleared")])
            records = {**picture.records, "validate_flights": cleared}
            after = replace(picture, records=records, plan=plan_of(validate_flights=gone))
            await told(on, after)
            assert "cleared" in on.line_with("validate_flights")
            assert on.message == "validate_flights was cleared by another process. U undoes it until it runs."
            await told(on, picture)
            assert on.message == "validate_flights is back: another process has undone its clear."

    play(scene())


def test_a_declared_file_that_changes_makes_its_row_stale_and_says_so(path):
    async def scene():
        async with open_stage(FakeSession(done_picture(path)), WIDE) as on:
            await told(on, missing_picture(path))
            assert "report.html is not there" in on.line_with("write_report")
            assert on.board.view.tasks["write_report"].state is State.STALE
            assert on.message == "write_report is stale: report.html is not there. r runs 1, reuses 8."
            both = (
                Reason(ReasonKind.INPUT_FILE, "rates.csv changed"),
                missing_picture(path).plan.tasks["write_report"].reasons[0],
            )
            await told(on, replace(done_picture(path), plan=plan_of(write_report=(Action.RUN, both, True))))
            assert on.message.startswith("write_report is stale: rates.csv changed; report.html is not there. r runs 1")
            await told(on, done_picture(path))
            assert on.message == "write_report is up to date again."

    play(scene())


def test_a_state_that_cannot_be_read_any_more_is_said_in_its_words(path):
    async def scene():
        session = FakeSession(done_picture(path))
        async with open_stage(session, WIDE) as on:
            session.picture = StateError("etl.db is damaged: move it away, or name another file")
            session.changed_elsewhere()
            await on.until(lambda: "is damaged" in on.board.message_text)
            assert on.board.view.total == 9

    play(scene())


# -- what is open meanwhile -------------------------------------------------------------------------------------------


def test_a_question_whose_numbers_change_asks_with_those_of_now(path):
    async def scene():
        async with open_stage(FakeSession(failed_picture(path)), WIDE) as on:
            await on.press("R")
            assert on.line_with("9 tasks run, about 6s.")
            longer = dict.fromkeys(EDGES, 10.0)
            await told(on, replace(failed_picture(path), durations=longer, plan=plan_of(join_delays=FIRST)))
            assert on.line_with("9 tasks run, about 2m.")
            assert on.board.dialog is not None

    play(scene())


def test_a_question_that_makes_no_sense_any_more_goes_and_changes_nothing(path):
    async def scene():
        for key in "Rx":
            session = FakeSession(done_picture(path))
            async with open_stage(session, WIDE) as on:
                await on.press(key)
                assert on.board.dialog is not None
                await told(on, followed_picture(path))
                await on.until(lambda: on.board.dialog is None)
                assert on.message == BELONGS
                await on.press("enter")
                assert not session.called("start") + session.called("clear")

    play(scene())


def test_what_is_no_longer_done_is_not_asked_about_as_if_it_were(path):
    async def scene():
        session = FakeSession(done_picture(path))
        async with open_stage(session, WIDE) as on:
            await on.press("t")
            assert on.line_with("extract_flights is done and up to date.")
            picture = done_picture(path)
            cleared = {
                **picture.records,
                "extract_flights": but(record("extract_flights", TaskStatus.PENDING), cleared=True),
            }
            gone = (Action.RUN, [Reason(ReasonKind.CLEARED, "cleared")])
            await told(on, replace(picture, records=cleared, plan=plan_of(extract_flights=gone)))
            await on.until(lambda: on.board.dialog is None)
            assert not session.called("start")

    play(scene())


def test_clear_shows_what_there_is_to_forget_now(path):
    async def scene():
        session = FakeSession(failed_picture(path))
        async with open_stage(session, WIDE) as on:
            await on.press("x", "right", "right", "right", "right")
            assert on.line_with("Clear 6 tasks")
            picture = failed_picture(path)
            records = {name: made for name, made in picture.records.items() if name != "extract_flights"}
            await told(on, replace(picture, records=records, plan=plan_of(extract_flights=FIRST)))
            assert on.line_with("Clear 5 tasks")
            await on.press("enter")
            assert session.called("clear") == [("clear", list(EDGES)[1:6])]

    play(scene())


def test_a_question_about_a_run_that_has_ended_goes(path):
    async def scene():
        for key in "Sq":
            session = FakeSession(never_ran_picture(path), running=True)
            async with open_stage(session, WIDE) as on:
                story = Story()
                await on.happens(*story.running(), clock=at("10:42:03.6"))
                await on.press(key)
                assert on.board.dialog is not None
                session.picture = failed_picture(path)
                await on.happens(*story.to_failure(path), clock=at("10:42:10"))
                await on.until(lambda: on.board.dialog is None)
                assert not session.called("cancel")
                assert on.app._exit is False

    play(scene())


def test_estimates_in_a_question_go_on_with_the_time(path):
    async def scene():
        session = FakeSession(replace(failed_picture(path), durations={**dict.fromkeys(EDGES, 30.0)}), running=True)
        async with open_stage(session, WIDE) as on:
            await on.happens(*Story().running(), clock=at("10:42:03.6"))
            await on.press("q")
            assert on.line_with("the longest needs about 29s more")
            on.time[0] = at("10:42:13.6")
            on.board.tick()
            await on.settle()
            assert on.line_with("the longest needs about 19s more")

    play(scene())
