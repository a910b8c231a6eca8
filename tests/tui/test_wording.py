"""Every sentence of the screen, as the design has it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import (
    EDGES,
    HOLDER,
    RUN_31,
    Story,
    at,
    but,
    done_picture,
    failed_picture,
    followed_picture,
    never_ran_picture,
    plan_of,
    record,
    stale_picture,
)

from flowweaver.plan import Action, Reason, ReasonKind
from flowweaver.status import TaskStatus
from fwtui.model import dialogs, messages
from fwtui.model.clipboard import harmless, takes_copies
from fwtui.model.dialog_box import box_for
from fwtui.model.folding import fold
from fwtui.model.header import HeaderFacts, progress_line, verdict, verdict_line
from fwtui.model.segments import plain, width_of
from fwtui.model.views import idle_view
from fwtui.session.port import LoadProblem

FAILED = idle_view(failed_picture("x"))
RUNNING = fold(idle_view(never_ran_picture()), Story().running())


def said(view, **facts) -> str:
    return plain(verdict(view, HeaderFacts(**facts)))


def with_failures(*names: str):
    picture = failed_picture("x")
    failed = {name: record(name, TaskStatus.FAILED, error="E: x", finished_at=at("10:42:01")) for name in names}
    return idle_view(replace(picture, records={**picture.records, **failed}))


def test_verdicts():
    assert said(idle_view(never_ran_picture())) == "never ran"
    assert said(RUNNING) == "⠋ running"
    assert said(replace(RUNNING, stopping=True)) == "⠋ stopping, 2 tasks finish"
    assert said(replace(RUNNING, stopping=True, quitting=True)) == "⠋ quitting, 2 tasks finish"
    assert said(idle_view(done_picture("x"))) == "✓ all 9 done"
    assert said(FAILED) == "✗ failed at join_delays"
    assert said(with_failures("extract_flights", "load_warehouse")) == "✗ 3 failed, first extract_flights"
    assert said(idle_view(stale_picture("x"))) == "~ edited since run 31, 4 tasks to run"
    assert said(FAILED, broken=True) == "does not load"


@pytest.mark.parametrize(("outcome", "word"), [("cancelled", "stopped"), ("interrupted", "interrupted")])
def test_verdict_of_a_run_that_did_not_finish(outcome, word):
    picture = failed_picture("x")
    records = {name: made for name, made in picture.records.items() if made.status is TaskStatus.COMPLETED}
    view = idle_view(replace(picture, records=records, runs=(but(RUN_31, outcome=outcome),)))
    assert said(view) == f"■ {word} after 5 of 9"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (ReasonKind.CODE, "edited"),
        (ReasonKind.PARAM, "changed"),
        (ReasonKind.INPUT_FILE, "changed"),
        (ReasonKind.OUTPUT_FILE, "changed"),
    ],
)
def test_only_other_code_is_an_edit(kind, word):
    changed = (Action.RUN, [Reason(kind, "it is another one")], True)
    view = idle_view(replace(done_picture("x"), plan=plan_of(extract_flights=changed)))
    assert said(view) == f"~ {word} since run 32, 1 task to run"


def test_the_header_never_loses_verdict_and_fraction_and_always_fits():
    for view in (FAILED, RUNNING, idle_view(stale_picture("x")), idle_view(done_picture("x"))):
        for width in range(10, 220, 3):
            first = verdict_line(view, HeaderFacts(), width)
            second = progress_line(view, HeaderFacts(), width, at("10:42:04"))
            assert width_of(first) <= width
            assert width_of(second) <= width
            if width >= 60:
                assert said(view).split(" since")[0].split(",")[0] in plain(first)
            if width >= 16:
                assert f"{view.done}/9 done" in plain(second)


def test_the_counts_add_up_in_the_header():
    line = plain(progress_line(RUNNING, HeaderFacts(), 80, at("10:42:04")))
    numbers = [int(word) for word in line.split("done")[1].split("   ")[1].replace("∙", "").split() if word.isdigit()]
    assert sum(numbers) == 9


def test_threads_left_behind_are_counted_in_the_header():
    view = replace(FAILED, threads_left=("join_delays",))
    assert "1 thread left behind" in plain(progress_line(view, HeaderFacts(), 80, 0.0))


def test_ascii_has_no_other_characters():
    facts = HeaderFacts(spinner="|", ascii=True)
    for view in (FAILED, RUNNING):
        assert plain(progress_line(view, facts, 80, at("10:42:04"))).replace("·", "-").isascii()
        assert plain(verdict(view, facts)).isascii()


def test_messages_of_a_save():
    view = idle_view(stale_picture("x"))
    message = messages.saved(view, "workflows/etl.py", at("10:43:15"), ["join_delays"])
    assert message.text == "etl.py saved 10:43:15. join_delays is stale: nearest_hour() changed. r runs 4, reuses 5."
    assert plain(message.fitted(80)).strip() == "etl.py saved: nearest_hour() changed. r runs 4 tasks, reuses 5."
    assert messages.saved(view, "etl.py", at("10:43:15"), []).text == "etl.py saved 10:43:15. No task is affected."


def test_messages_of_a_file_that_does_not_load():
    problem = LoadProblem("workflows/etl.py", "SyntaxError: '[' was never closed", line=88)
    message = messages.broken(problem.file, problem.line, problem.text, at("10:41:07"))
    assert message.text == (
        "etl.py line 88, SyntaxError: '[' was never closed. Shown: the version that loaded at 10:41. e opens it."
    )
    assert message.banner
    assert messages.broken("a.py", None, "it has no workflow", None).text == "a.py: it has no workflow. e opens it."
    assert messages.not_started("etl.py", 88).text == "Nothing started: etl.py does not load (line 88). e opens it."


def test_messages_about_tasks():
    task = FAILED.tasks["join_delays"]
    assert messages.failed_elsewhere(task).text == "join_delays failed: KeyError: 'hour_utc'. f goes there."
    assert messages.stopping(RUNNING).text == "Stopping: 2 tasks finish first. s again stops at once."
    late = task._replace(info=replace(task.info, timeout=30.0))
    assert messages.thread_left(late).text == (
        "join_delays timed out after 30s; its thread is still running and its result will be discarded."
    )


def test_messages_about_the_state():
    assert messages.cleared(["validate_flights"]).text == "Cleared validate_flights. U undoes it until it runs."
    assert messages.cleared(["a", "b"]).text == "Cleared 2 tasks. U undoes this until they run."
    assert messages.undone(["validate_flights"]).text == "validate_flights is back."
    assert messages.undone([]).text == "Nothing to undo."
    done = idle_view(done_picture("x"))
    assert messages.nothing_to_do(done).text == "All 9 tasks are done and up to date. R runs everything again."
    part = replace(done, left_out=7)
    assert messages.nothing_to_do(part).text == "The 2 selected tasks are done and up to date. R runs them again."
    held = messages.held(idle_view(followed_picture("x")))
    assert held.text == "Run 31 belongs to process 4711 on lab-3 since 10:02. You are watching it, read-only."
    held = messages.held(replace(done, holder=HOLDER))
    assert held.text.startswith("This workflow belongs to process 4711"), "it clears, or is about to begin"
    assert messages.copied(214, ".fwtui/copy.txt", sure=True).text == "Copied 214 lines."


def test_message_of_an_interrupted_run():
    picture = failed_picture("x")
    records = {name: made for name, made in picture.records.items() if made.status is TaskStatus.COMPLETED}
    view = idle_view(replace(picture, records=records, runs=(but(RUN_31, outcome=None, finished_at=None),)))
    assert messages.interrupted(view).text == (
        "Run 31 was interrupted at 10:42 (process 4711 is gone). 5 of 9 are done. r resumes."
    )


def test_a_message_that_does_not_fit_is_shortened_or_cut():
    message = messages.saved_in_run("etl.py", at("10:43:15"))
    assert width_of(message.fitted(80)) <= 80
    assert width_of(message.fitted(20)) <= 20


def text_of(spec: dialogs.DialogSpec) -> str:
    return " ".join(plain(row) for row in spec.body)


def labels(spec: dialogs.DialogSpec) -> list[str]:
    return [button.label for button in spec.buttons]


def test_dialog_run_everything():
    spec = dialogs.run_all_dialog(FAILED)
    assert spec.title == "Run everything again?"
    assert text_of(spec) == "9 tasks run, about 6s. Results are replaced one by one, as each task finishes."
    assert labels(spec) == ["Run all 9", "Keep results"]


def test_dialog_run_again():
    spec = dialogs.run_again_dialog(FAILED, [FAILED.tasks["extract_flights"]])
    assert spec.title == "Run again what is done?"
    assert text_of(spec) == "extract_flights is done and up to date. Its result is replaced when it finishes."
    assert labels(spec) == ["Run 1 task", "Keep it"]


def test_a_done_task_is_not_called_up_to_date_where_it_would_run_anyway():
    old = (Action.RUN, [Reason(ReasonKind.AGE, "older than 1d")])
    view = idle_view(replace(done_picture("x"), plan=plan_of(extract_flights=old)))
    both = [view.tasks["extract_flights"], view.tasks["extract_weather"]]
    assert text_of(dialogs.run_again_dialog(view, both[:1])).startswith("extract_flights is done. Its result")
    assert text_of(dialogs.run_again_dialog(view, both)).startswith("2 of 2 tasks are done. Results")
    assert text_of(dialogs.run_again_dialog(view, both[1:])).startswith("extract_weather is done and up to date.")


def test_every_dialog_about_marks_says_how_many_a_filter_hides():
    said = "2 marked, 1 hidden by the filter."
    both = ["extract_flights", "extract_weather"]
    for scope in ("this", "downstream", "upstream"):
        assert said in text_of(dialogs.clear_dialog(FAILED, both, scope, hidden=1)), scope
    for scope in ("failed", "all", "pattern"):
        assert said not in text_of(dialogs.clear_dialog(FAILED, both, scope, "x", hidden=1)), scope
    assert said in text_of(dialogs.run_again_dialog(FAILED, [FAILED.tasks[name] for name in both], 1))
    alone = dialogs.run_again_dialog(FAILED, [FAILED.tasks["extract_flights"]], 1)
    assert text_of(alone).endswith("1 marked, 1 hidden by the filter.")


def test_what_cannot_be_undone_is_said():
    late = "validate_flights has run since; it cannot be undone."
    assert messages.undone([], ["validate_flights"]).text == late
    assert messages.undone(["join_delays"], ["validate_flights"]).text == f"join_delays is back. {late}"
    assert messages.undone(["a", "b"], ["c", "d"]).text == (
        "2 tasks are back. 2 tasks have run since; they cannot be undone."
    )


@pytest.mark.parametrize("error", ["etl.db cannot be written: the disk is full", "[Errno 28] No space left on device"])
def test_a_full_disk_says_what_is_saved_and_what_to_do(error):
    assert messages.run_error(error, FAILED).text == (
        "Disk full: no further task starts. 5 of 9 are saved. Free some space, then r resumes."
    )
    assert messages.run_error("etl.db is damaged", FAILED).text == "etl.db is damaged"


def test_a_result_that_cannot_be_read_when_it_is_needed_is_said():
    task, why = FAILED.tasks["load_warehouse"], "its stored result was not written by you"
    assert messages.runs_again(task, why, 0).text == f"load_warehouse runs again: {why}."
    assert messages.runs_again(task, why, 1).text.endswith("by you. So does 1 other task.")
    assert messages.runs_again(task, why, 2).text.endswith("by you. So do 2 other tasks.")


def test_what_ctrl_z_and_m_say():
    assert messages.would_freeze().text == "A run is going on, and would freeze too. s stops it first."
    assert messages.mouse(on=False).text == "The mouse is the terminal's, to select text with. m takes it back."


def test_a_run_that_begins_beside_threads_of_before_says_so():
    assert messages.beside(["load"]).text == (
        "load was given up, but its thread may still be running, beside this run. --isolate would have ended it."
    )
    assert messages.beside(["load", "fetch\n"]).text == (
        "load, fetch\\n were given up, but their threads may still be running, beside this run. "
        "--isolate would have ended them."
    )


def test_dialog_stop():
    spec = dialogs.stop_dialog(RUNNING)
    assert text_of(spec) == (
        "2 tasks are running: extract_flights, extract_weather. Their work is lost; 2 done tasks are kept. "
        "Their threads may go on until fwtui ends, also beside the next run. With --isolate a stop ends them."
    )
    isolated = dialogs.stop_dialog(RUNNING, isolated=True)
    assert text_of(isolated).endswith("2 done tasks are kept.")
    assert labels(spec) == ["Stop now", "Let them finish"]


def test_dialog_quit():
    view = replace(RUNNING, durations={"extract_flights": 6.6})
    spec = dialogs.quit_dialog(view, at("10:42:03.6"))
    assert text_of(spec) == "2 tasks are running, the longest needs about 6s more."
    assert labels(spec) == ["Finish these 2, then quit", "Stop now and quit", "Stay"]
    assert spec.buttons[0].keys == ("enter", "y", "q")
    assert spec.buttons[1].keys == ("S",)
    assert spec.buttons[2].keys == ("escape", "n")


def test_dialog_clear():
    spec = dialogs.clear_dialog(FAILED, ["validate_flights"], "this")
    assert "Its result is forgotten and it runs again next time." in text_of(spec)
    assert "4 tasks depend on it; they run again if its result differs." in text_of(spec)
    assert labels(spec) == ["Clear 1 task", "Keep all"]
    nothing = dialogs.clear_dialog(idle_view(never_ran_picture()), ["validate_flights"], "this")
    assert "None of these has a result." in text_of(nothing)
    assert labels(nothing) == ["Close"]
    assert nothing.buttons[0].answer == ""


def test_scopes_of_clear():
    def names(scope, pattern=""):
        return dialogs.scope_names(FAILED, ["validate_flights"], scope, pattern)

    assert names("this") == ["validate_flights"]
    assert names("downstream") == ["validate_flights", "join_delays"]
    assert names("upstream") == ["extract_flights", "extract_airports", "validate_flights"]
    assert names("failed") == ["join_delays"]
    assert names("all") == list(EDGES)[:6]
    assert names("pattern", "extract_a*") == ["extract_airlines", "extract_airports"]
    assert names("pattern") == []


def test_every_dialog_is_a_rectangle_and_enter_is_always_its_first_button():
    view = replace(RUNNING, durations={"extract_flights": 6.6})
    specs = [
        dialogs.run_all_dialog(FAILED),
        dialogs.run_again_dialog(FAILED, [FAILED.tasks[name] for name in list(EDGES)[:4]], hidden=2),
        dialogs.stop_dialog(RUNNING),
        dialogs.quit_dialog(view, at("10:42:03.6")),
        *(dialogs.clear_dialog(FAILED, list(EDGES)[:n], scope, "x*") for scope in dialogs.SCOPES for n in (1, 3)),
    ]
    for spec in specs:
        assert "enter" in spec.buttons[0].keys
        assert spec.title[0].isupper()
        for size in ((80, 24), (40, 50), (40, 8)):
            box = box_for(spec, *size)
            assert {width_of(row) for row in box.lines} == {box.width}


@pytest.mark.parametrize("word", ["please", "oops", "!", "successfully"])
def test_no_sentence_begs_or_cheers(word):
    view = replace(RUNNING, durations={"extract_flights": 6.6})
    texts = [
        text_of(dialogs.run_all_dialog(FAILED)),
        text_of(dialogs.stop_dialog(RUNNING)),
        text_of(dialogs.quit_dialog(view, at("10:42:03.6"))),
        text_of(dialogs.clear_dialog(FAILED, ["join_delays"], "all")),
        messages.never_ran(9).text,
        messages.nothing_to_do(idle_view(done_picture("x"))).text,
        messages.quitting().text,
        messages.outside_output().text,
    ]
    assert not any(word in text.lower() for text in texts)


def test_what_is_said_of_a_copy():
    said = messages.copied(1, ".fwtui/copy.txt", sure=False)
    assert said.text == "Copied 1 line. The terminal may not allow copying: also saved to .fwtui/copy.txt."
    short = "The terminal may not allow copying: also saved to .fwtui/copy.txt."
    assert plain(said.fitted(80)).strip() == short
    assert messages.saved_copy(60_000, "copy.txt").text == (
        "60,000 lines are too long for the clipboard: saved to copy.txt."
    )
    assert messages.saved_copy(1, "copy.txt").text == "1 line is too long for the clipboard: saved to copy.txt."
    assert messages.unsaved_copy(2, "No space left on device").text == (
        "Copied 2 lines; no file could be written: No space left on device."
    )
    assert messages.no_copy("No space left on device").text == (
        "Not copied: too long for the clipboard, and no file could be written: No space left on device."
    )
    assert messages.nothing_to_copy().text == "There is nothing to copy."


@pytest.mark.parametrize(
    ("environ", "takes"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "alacritty"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({}, False),
    ],
)
def test_which_terminals_are_known_to_take_what_is_copied(environ, takes):
    assert takes_copies(environ) is takes


@given(st.text())
def test_what_is_copied_does_nothing_where_it_is_pasted(text):
    copied = harmless(text)
    assert not any(unicodedata.category(each) == "Cc" for each in copied if each not in "\n\t")
    assert copied.count("\n") == text.count("\n")
    if text.replace("\n", "").replace("\t", "").isprintable():
        assert copied == text
    copied.encode()
