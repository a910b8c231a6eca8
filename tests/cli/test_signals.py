"""The ladder of signals: drain, then leave, then out; with real signals to this process."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from fwtui import signals
from fwtui.signals import Ladder, Stopped

SOON = 15.0


class Work:
    """Something that runs until it is told to end."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[str] = SimpleQueue()
        self.ended = threading.Event()

    def stop(self) -> None:
        self.asked.put("stop")

    def cancel(self, grace: float) -> None:
        self.asked.put("cancel")

    def wait(self, timeout: float | None) -> bool:
        return self.ended.wait(timeout)


@pytest.fixture
def handlers_as_before() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.usefixtures("handlers_as_before")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_before_anything_runs_ends_at_once(number: int, code: int) -> None:
    with pytest.raises(Stopped) as caught, Ladder():
        send(number)
        threading.Event().wait(SOON)
    assert caught.value.code == code


@pytest.mark.usefixtures("handlers_as_before")
def test_a_signal_while_a_run_is_being_started_stops_it_once_it_goes_on() -> None:
    work = Work()
    with Ladder() as ladder:
        ladder.hold()
        send(signal.SIGTERM)
        assert work.asked.empty()
        ladder.guard(work, lambda: None)
        assert work.asked.get(timeout=SOON) == "stop"
        work.ended.set()
    assert ladder.code == 143


@pytest.mark.usefixtures("handlers_as_before")
def test_handlers_that_the_file_sets_catch_nothing_from_before_its_first_task_on() -> None:
    work = Work()
    with Ladder() as ladder:
        signal.signal(signal.SIGTERM, lambda *_: None)
        ladder.hold()
        send(signal.SIGTERM)
        ladder.guard(work, lambda: None)
        assert work.asked.get(timeout=SOON) == "stop"
        work.ended.set()
    assert ladder.code == 143


@pytest.mark.usefixtures("handlers_as_before")
def test_a_second_signal_does_not_wait_for_a_start_that_never_ends() -> None:
    with pytest.raises(Stopped), Ladder() as ladder:
        ladder.hold()
        send(signal.SIGINT)
        send(signal.SIGINT)
        threading.Event().wait(SOON)


@pytest.mark.usefixtures("handlers_as_before")
def test_the_first_interrupt_drains_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_DRAIN", 0.0)
    work, told = Work(), threading.Event()
    with Ladder(leave=lambda code: work.asked.put(f"left {code}")) as ladder:
        ladder.guard(work, told.set)
        send(signal.SIGINT)
        assert work.asked.get(timeout=SOON) == "stop"
        assert told.wait(SOON)
        work.ended.set()
    assert ladder.code == 130
    assert not ladder.left
    assert work.asked.empty()


@pytest.mark.usefixtures("handlers_as_before")
def test_a_second_interrupt_leaves_and_the_process_ends_whatever_happens() -> None:
    work = Work()
    with Ladder(leave=lambda code: work.asked.put(f"left {code}")) as ladder:
        ladder.guard(work, lambda: None)
        send(signal.SIGINT)
        assert work.asked.get(timeout=SOON) == "stop"
        send(signal.SIGINT)
        asked = [work.asked.get(timeout=SOON) for _ in range(3)]
        assert asked == ["cancel", "cancel", "left 130"], "again, for what should heed the first may be stuck"
    assert ladder.left


@pytest.mark.usefixtures("handlers_as_before")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_terminated_drains_only_for_a_while(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_DRAIN", 0.05)
    work = Work()
    with Ladder(leave=lambda code: work.asked.put(f"left {code}")) as ladder:
        ladder.guard(work, lambda: None)
        send(number)
        assert [work.asked.get(timeout=SOON) for _ in range(4)] == ["stop", "cancel", "cancel", "left 143"]


@pytest.mark.usefixtures("handlers_as_before")
def test_a_signal_that_the_file_caught_while_it_was_imported_still_keeps_anything_from_starting() -> None:
    with pytest.raises(Stopped) as caught, Ladder() as ladder:
        with contextlib.suppress(BaseException):
            send(signal.SIGTERM)
            threading.Event().wait(SOON)
        ladder.hold()
    assert caught.value.code == 143


@pytest.mark.usefixtures("handlers_as_before")
@pytest.mark.parametrize(("numbers", "code"), [((signal.SIGTERM,), 143), ((signal.SIGINT, signal.SIGINT), 130)])
@pytest.mark.parametrize("held", [False, True], ids=["while it is imported", "while it is being started"])
def test_a_file_that_catches_every_signal_holds_nothing_up(
    numbers: tuple[int, ...], code: int, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "_DRAIN", 0.05)
    left: SimpleQueue[int] = SimpleQueue()
    with Ladder(leave=left.put) as ladder:
        if held:
            ladder.hold()
        for number in numbers:
            with contextlib.suppress(Stopped):
                send(number)
        assert left.get(timeout=SOON) == code


@pytest.mark.usefixtures("handlers_as_before")
def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Ladder() as ladder:
            send(signal.SIGHUP)
        assert ladder.code == 0
    finally:
        signal.signal(signal.SIGHUP, before)
