"""The process that has the engine: it loads a workflow file, says what it found, and runs it when it is told to.

It is told so on one pipe and answers on another; both are its own, so that nothing a task prints can be taken for a
message. When the pipe that it is told on ends, whoever wanted it is gone, and it ends too.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

from flowweaver.capture import line_witnesses
from flowweaver.errors import FlowWeaverError, describe_exception
from flowweaver.events import Event, RunStarted, TaskOutput, TaskStarted
from fwtui.session.archive import Archive
from fwtui.session.isolation.death import DUMP
from fwtui.session.isolation.last_words import LastWords
from fwtui.session.isolation.lines import LineReader
from fwtui.session.isolation.messages import (
    PORTION,
    WIRE,
    Cancel,
    Ended,
    Failure,
    Load,
    Made,
    MakePlan,
    Planned,
    Read,
    ShowProvenance,
    ShowStack,
    SomePlans,
    SomeTasks,
    Stack,
    Start,
    Stop,
)
from fwtui.session.isolation.pipe import MessagePipe
from fwtui.session.loaded import Known, Loaded, RunHandle
from fwtui.session.loader import load
from fwtui.session.own_signals import keep_from_children
from fwtui.session.port import LoadProblem
from fwtui.session.rawoutput import RawOutput

__all__ = ["main"]

_LAST_COMMIT = 0.5
"""Seconds that the state gets to be written when nobody is there any more; whoever comes next may want it."""

_STOP, _END = b"s", b"e"

T = TypeVar("T")


def main(commands: int, messages: int, crashes: int, words: int, raw: tuple[int, int]) -> None:
    """Serve whoever holds the other ends.

    Args:
        commands: a pipe to read from.
        messages: a pipe to write to.
        crashes: a file for Python's stack, should the process die of a signal.
        words: a file for what tasks wrote last, should the process die of anything.
        raw: both ends of the pipe that descriptors 1 and 2 are to lead into; what is still in it when this process
            dies is read by whoever else has its reading end.
    """
    for descriptor in (commands, messages, crashes, words, *raw):
        os.set_inheritable(descriptor, False)
    faulthandler.enable(crashes, all_threads=False)
    if DUMP is not None:
        faulthandler.register(DUMP, crashes)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what was printed is not lost with us
    pipe = MessagePipe(messages)
    with RawOutput(lambda line: _give_on(output, line), raw) as output:
        _Child(commands, pipe, LastWords(words)).serve()
    # The last word is said; whoever reads waits a little for the end, for threads that tasks left may not come to one.
    pipe.leave()


def _give_on(output: RawOutput, line: str) -> None:
    output.out.write(f"{line}\n")
    output.out.flush()


class _Child:
    def __init__(self, commands: int, pipe: MessagePipe, words: LastWords) -> None:
        self._commands = commands
        self._pipe = pipe
        self._words = words
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._loaded: Loaded | None = None
        self._archive: Archive | None = None
        self._run: RunHandle | None = None
        os.register_at_fork(after_in_child=self._leave_to_parent)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)
                keep_from_children([number])

    def _leave_to_parent(self) -> None:
        """In a forked child: what the task's own process writes must not be taken for ours, nor hold the pipe open."""
        self._pipe.leave()
        for descriptor in (self._commands, self._wake_read, self._wake_write):
            with suppress(OSError):
                os.close(descriptor)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # A service that is stopped signals all of its processes, so that this is no reason to die on the spot.
        self._wake(_STOP)

    def _wake(self, why: bytes) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake_write, why)

    # -- being told -------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Do what is asked until the run is over, or nobody asks any more."""
        reader = LineReader()
        poll = select.poll()
        for descriptor in (self._commands, self._wake_read):
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._wake_read in ready:
                why = os.read(self._wake_read, 4_096)
                if _END in why:
                    return
                if self._run is not None:
                    self._run.stop()
                continue
            data = os.read(self._commands, 65_536)
            if not data:
                self._abandoned()
                return
            for text in reader.feed(data):
                self._do(WIRE.read(text))

    def _abandoned(self) -> None:
        if self._run is not None:
            self._run.cancel(0.0)
            self._run.join(_LAST_COMMIT)
            os.killpg(os.getpgrp(), signal.SIGKILL)  # and all that its tasks have started

    def _do(self, command: object) -> None:
        match command:
            case Load():
                self._load(command)
            case MakePlan():
                self._or_say_why_not(lambda: self._make_plan(command))
            case Start():
                self._or_say_why_not(lambda: self._start(command))
            case Stop() if self._run is not None:
                self._run.stop()
            case Cancel(grace=grace) if self._run is not None:
                self._run.cancel(grace)
            case ShowStack(task=task, number=number) if self._run is not None:
                self._pipe.send(Stack(number, tuple(self._run.stack(task))))
            case ShowProvenance(number=number, tasks=tasks) if self._loaded is not None:
                self._pipe.send(Made(number, self._loaded.provenance(tasks)))

    def _or_say_why_not(self, do: Callable[[], None]) -> None:
        try:
            do()
        except FlowWeaverError as error:
            self._pipe.send(Failure.of(error))

    # -- doing it ---------------------------------------------------------------------------------------------------

    def _load(self, command: Load) -> None:
        try:
            loaded = load(command.project, name=command.name, params=command.params)
        except LoadProblem as found:
            # A subclass crosses as what it is to everybody.
            self._pipe.send(
                LoadProblem(found.file, found.text, found.line, found.frames, found.hint, found.code, found.path)
            )
            return
        self._loaded, self._archive = loaded, Archive(command.project)
        for tasks in _portions(loaded.tasks if command.tasks_wanted else ()):
            self._pipe.put(SomeTasks(tasks))
        shown = {name: _plain(value) for name, value in loaded.shown_params.items()}
        self._pipe.send(Read(loaded.name, shown, loaded.hint, loaded.output, loaded.stamps))

    def _make_plan(self, command: MakePlan) -> None:
        assert self._loaded is not None
        assert self._archive is not None
        state = self._archive.of(self._loaded.name)
        ask, now, keeps, running_in = command
        known = Known({} if state is None else state.records(), now, keeps, running_in)
        plan = self._loaded.plan(ask, known)
        for plans in _portions(tuple(plan.tasks.values())):
            self._pipe.put(SomePlans(plans))
        self._pipe.send(Planned(plan.warnings))

    def _start(self, command: Start) -> None:
        assert self._loaded is not None
        line_witnesses.add(self._words.keep)
        self._run = self._loaded.start(command.ask, command.workers, [self._tell])
        threading.Thread(target=self._look_after, args=(self._run,), name="fwtui-run", daemon=True).start()

    def _tell(self, event: Event) -> None:
        if isinstance(event, RunStarted | TaskStarted):
            # It is on its way before the task begins: that may end the process, or hold its interpreter for good.
            self._pipe.send(event)
        else:
            self._pipe.put(event)
            if isinstance(event, TaskOutput):
                self._words.told(event)

    def _look_after(self, run: RunHandle) -> None:
        run.join()
        error = run.error
        if error is not None and not isinstance(error, FlowWeaverError):
            error = FlowWeaverError(describe_exception(error))
        self._pipe.send(Ended(None if error is None else Failure.of(error)))
        self._wake(_END)


def _portions(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    return (tuple(items[at : at + PORTION]) for at in range(0, len(items), PORTION))


def _plain(value: Any) -> Any:
    """Return a parameter as it may be shown: a value of any other kind has no way across."""
    return value if type(value) in (str, int, float, bool, type(None)) else repr(value)[:200]
