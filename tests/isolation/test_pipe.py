"""The writing end of the pipe: everything arrives in order, and who writes waits only for a reader who is far behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from flowweaver.events import TaskStarted
from fwtui.session.isolation import pipe as module
from fwtui.session.isolation.lines import LineReader
from fwtui.session.isolation.messages import WIRE, Ended
from fwtui.session.isolation.pipe import MessagePipe

SOON = 20.0


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def started(task: str, number: int) -> TaskStarted:
    return TaskStarted(run_id=1, sequence=number, time=0.0, task=task, attempt=1)


def read(descriptor: int, count: int) -> list[TaskStarted]:
    reader, found = LineReader(), []
    while len(found) < count:
        found += [WIRE.read(text) for text in reader.feed(os.read(descriptor, 65_536))]
    return found


def test_messages_of_several_threads_arrive_each_in_its_order(ends: tuple[int, int]) -> None:
    reading, writing = ends
    pipe = MessagePipe(writing)

    def write(name: str) -> None:
        for number in range(2_000):
            pipe.put(started(name, number))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    found = read(reading, 6_000)
    for name in "abc":
        assert [event.sequence for event in found if event.task == name] == list(range(2_000))


def test_what_is_sent_is_written_on_the_spot_and_takes_along_what_was_put(ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.set_blocking(reading, False)
    pipe = MessagePipe(writing)
    pipe._wake = _Never()  # the thread that takes what has gathered has no turn
    pipe.put(started("a", 1))
    with pytest.raises(BlockingIOError):
        os.read(reading, 1_000)
    pipe.send(started("b", 2))
    assert os.read(reading, 1_000).count(b"\n") == 2


class _Never(threading.Event):
    def set(self) -> None:
        """Wake nobody."""


def test_who_writes_waits_for_a_reader_who_is_far_behind(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BACKLOG", 100)
    reading, writing = ends
    pipe = MessagePipe(writing)
    done = threading.Event()

    def write() -> None:
        for number in range(10_000):
            pipe.put(started("a", number))
        done.set()

    threading.Thread(target=write, daemon=True).start()
    assert not done.wait(0.3)
    assert len(pipe._waiting) <= 101
    assert [event.sequence for event in read(reading, 10_000)] == list(range(10_000))
    assert done.wait(SOON)


def test_without_a_reader_everything_is_said_to_nobody(ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.close(reading)
    pipe = MessagePipe(writing)
    for number in range(50_000):
        pipe.put(started("a", number))
    pipe.send(Ended(None))
    assert not pipe._waiting


def test_in_a_forked_child_it_says_nothing(ends: tuple[int, int]) -> None:
    reading, writing = ends
    pipe = MessagePipe(writing)
    pipe.leave()
    pipe.send(Ended(None))
    assert os.read(reading, 100) == b"", "it has let go of its end"
