"""A task that prints without end holds up nobody."""

from __future__ import annotations

import os
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from flowweaver import SQLiteStateStore, Task, TaskOutput, TaskWriting, ThreadedExecutor, Workflow, current_task
from flowweaver.capture import OUTSIDE, Sink, outside_source, write_outside


def test_a_run_ends_soon_although_a_task_prints_without_end(tmp_path):
    printed = threading.Event()

    def prints():
        while not current_task().cancelled:
            print("x")

    workflow = Workflow("w")
    workflow.add_task(Task("prints", prints))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    run = ThreadedExecutor(state_store=store).start(
        workflow, listeners=[lambda event: isinstance(event, TaskOutput) and printed.set()], echo=False
    )
    assert printed.wait(30)
    begun = time.perf_counter()
    run.cancel(grace=5)
    run.wait(60)
    assert time.perf_counter() - begun < 10  # it was more than twenty seconds
    lines = [line.text for line in store.for_workflow("w").log("prints")]
    assert lines.count("x") > 1_000


def test_what_a_forked_child_prints_is_not_lost(capfd):
    def forks():
        print("parent")
        child = os.fork()
        if not child:
            print("child", flush=True)
            os._exit(0)
        os.waitpid(child, 0)

    lines = []
    workflow = Workflow("w")
    workflow.add_task(Task("forks", forks))
    listen = lambda e: isinstance(e, TaskOutput) and lines.extend(line.text for line in e.lines)  # noqa: E731
    ThreadedExecutor().execute(workflow, listeners=[listen], echo=False)
    assert lines == ["parent"]
    assert capfd.readouterr().out == "child\n"


def test_what_no_task_wrote_is_kept_with_the_run_and_told_as_no_tasks_output(tmp_path):
    workflow = Workflow("w")
    workflow.add_task(Task("one", lambda: write_outside("from C code")))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    told = []
    with outside_source(lambda: write_outside("still on its way")):
        write_outside("before any run: kept by nobody")
        ThreadedExecutor(state_store=store).execute(workflow, listeners=[told.append])
        write_outside("after it, too")
    state = store.for_workflow("w")
    lines = state.log(OUTSIDE, run_id=1, attempt=0)
    assert [line.text for line in lines] == ["from C code", "still on its way"]
    assert state.log("one") == []
    assert not any(isinstance(event, TaskOutput) for event in told)
    assert [attempt.task_name for attempt in state.attempts()] == ["one"]


def test_of_what_no_task_wrote_no_more_is_kept_than_of_an_attempt(tmp_path):
    def floods():
        for number in range(60):
            write_outside(f"{number} " + "x" * 200_000)

    workflow = Workflow("w")
    workflow.add_task(Task("floods", floods))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    ThreadedExecutor(state_store=store).execute(workflow)
    lines = [line.text for line in store.for_workflow("w").log(OUTSIDE, run_id=1, attempt=0)]
    assert sum(map(len, lines)) < 6_000_000
    assert lines[0].startswith("0 ")
    assert any("lines are not kept" in line for line in lines)


# -- lines --------------------------------------------------------------------------------------------------------------


def sink() -> tuple[Sink, list[str]]:
    given: list[str] = []
    return Sink("t", 1, lambda line: given.append(line.text), lambda: 0.0), given


def texts(made: Sink) -> list[str] | None:
    unkept = made.unkept()
    return None if unkept is None else [line.text for line in unkept.lines]


WRITTEN = st.lists(
    st.sampled_from(["a", "é", "漢", "👩\u200d🚀", "\t", "\x1b[31m", "\r", "\r", "\n", "\n"]), max_size=30
)


@given(WRITTEN.map("".join), st.data())
def test_a_line_is_what_its_last_carriage_return_left_however_it_was_written(text, data):
    made, given_lines = sink()
    at = 0
    while at < len(text):
        size = data.draw(st.integers(1, len(text) - at))
        made.write("out", text[at : at + size])
        at += size
    made.close()
    *lines, rest = text.split("\n")
    left = [line.rstrip("\r").rpartition("\r")[2] for line in [*lines, *([rest] if rest else [])]]
    assert given_lines == left


def test_a_progress_bar_is_one_line_and_can_be_seen_meanwhile():
    made, given_lines = sink()
    assert texts(made) is None
    for percent in range(0, 101, 10):
        made.write("err", f"\r{percent}%")
        assert texts(made) == [f"{percent}%"]
    assert texts(made) is None, "nothing has changed since"
    assert given_lines == []
    made.write("out", "beside it\n")
    assert given_lines == ["beside it"]
    made.write("err", "\n")
    assert given_lines == ["beside it", "100%"]
    assert texts(made) == []


def test_line_ends_of_windows_are_line_ends():
    made, given_lines = sink()
    made.write("out", "one\r\ntwo\r")
    made.write("out", "\nthree")
    made.close()
    assert given_lines == ["one", "two", "three"]


@given(st.integers(65_500, 65_540), st.integers(0, 3))
def test_a_very_long_line_comes_in_pieces_that_tear_no_colour_apart(before, more):
    text = "x" * before + "\x1b[38;2;1;2;3m" + "y" * (65_536 * more + 7)
    for end in ("\n", ""):
        made, given_lines = sink()
        made.write("out", text + end)
        made.close()
        assert "".join(given_lines) == text
        assert max(map(len, given_lines)) <= 65_536
        assert sum("\x1b[38;2;1;2;3m" in piece for piece in given_lines) == 1


def test_the_end_of_an_output_that_is_too_long_can_be_seen_meanwhile():
    made, given_lines = sink()
    for number in range(60_000):
        made.write("out", f"{number:>100}\n")
    kept = len(given_lines)
    assert 0 < kept < 30_000
    unkept = made.unkept()
    assert unkept is not None
    assert unkept.lines[-1].text.strip() == "59999"
    assert len(unkept.lines) == 200
    assert kept + unkept.left_out + len(unkept.lines) == 60_000
    made.close()
    assert given_lines[-1].strip() == "59999"
    assert any("lines are not kept" in line for line in given_lines)


# -- what is told of it -------------------------------------------------------------------------------------------------


def test_a_line_without_an_end_is_told_of_while_the_task_goes_on():
    seen = threading.Event()

    def waits():
        print("50%", end="")
        assert seen.wait(20)
        print("\r100%")

    events = []

    def listen(event):
        events.append(event)
        if isinstance(event, TaskWriting):
            seen.set()

    workflow = Workflow("w")
    workflow.add_task(Task("waits", waits))
    ThreadedExecutor().execute(workflow, listeners=[listen], echo=False)
    told = [[line.text for line in event.lines] for event in events if isinstance(event, TaskWriting)]
    assert told[0] == ["50%"]
    assert [line.text for event in events if isinstance(event, TaskOutput) for line in event.lines] == ["100%"]


def test_lines_are_numbered_as_the_store_has_them(tmp_path):
    told = threading.Semaphore(0)

    def writes():
        for number in range(3):
            print("first", number)
            print("second", number)
            assert told.acquire(timeout=20), "until these were told of"

    outputs = []

    def listen(event):
        if isinstance(event, TaskOutput):
            outputs.append(event)
            told.release()

    workflow = Workflow("w")
    workflow.add_task(Task("writes", writes))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    ThreadedExecutor(state_store=store).execute(workflow, listeners=[listen], echo=False)
    stored = [line.text for line in store.for_workflow("w").log("writes")]
    assert len(outputs) >= 3
    for event in outputs:
        texts_of_it = [line.text for line in event.lines]
        assert stored[event.first - 1 : event.first - 1 + len(texts_of_it)] == texts_of_it


def test_output_that_waits_sets_one_timer_however_often_a_task_writes(tmp_path):
    timers = []

    def prints():
        begin.wait(30)  # until there is a run
        for _ in range(200):
            print("without an end", end="")
            run._driver.inbox.put(None)  # the thread that looks after the run looks
            time.sleep(0)
            timers.append(len(run._driver._timers))

    workflow = Workflow("w")
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    begin = threading.Event()
    workflow.add_task(Task("prints", prints))
    run = ThreadedExecutor(state_store=store).start(workflow, listeners=[lambda event: None], echo=False)
    begin.set()
    run.wait(60)
    assert max(timers) <= 2


def test_a_run_that_is_cancelled_does_not_wait_for_a_callback(tmp_path):
    called, held = threading.Event(), threading.Event()

    def calls(_task):
        called.set()
        held.wait(60)

    workflow = Workflow("w")
    workflow.add_task(Task("one", lambda: 1, callbacks=[calls]))
    workflow.add_task(Task("two", lambda one: 2), depends_on=["one"])
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    run = ThreadedExecutor(max_workers=1, state_store=store).start(workflow)
    assert called.wait(30)
    run.cancel(grace=0.01)
    try:
        assert run.join(30), "the callback holds it up"
        (ended,) = store.for_workflow("w").runs(1)
        assert ended.outcome == "cancelled"
    finally:
        held.set()


def test_a_task_that_is_left_behind_is_written_down_before_its_long_output(tmp_path):
    printed, held = threading.Event(), threading.Event()

    def prints():
        for _ in range(4_000):
            print("x" * 1_000)
        printed.set()
        held.wait(60)

    workflow = Workflow("w")
    workflow.add_task(Task("prints", prints))
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    run = ThreadedExecutor(state_store=store).start(workflow, echo=False)
    commit, commits = run._journal.commit, []

    def noted(records, attempts, lines):
        commits.append(([record.status.value for record in records], len(lines)))
        return commit(records, attempts, lines)

    run._journal.commit = noted
    try:
        assert printed.wait(30)
        run.cancel(grace=0.01)
        assert run.join(30)
    finally:
        held.set()
    assert (["PENDING"], 0) in commits
    assert sum(lines for _, lines in commits[commits.index((["PENDING"], 0)) :]) > 1_000
