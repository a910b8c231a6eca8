"""A process that has the engine, seen from the one that shows it: started, spoken to, heard, ended.

It leads a session and a process group of its own, so that a key pressed in the terminal does not reach it, and that it
can be ended with everything its tasks have started.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from tempfile import TemporaryFile
from typing import Any

from flowweaver.events import Event
from fwtui.session.isolation.death import DUMP, Death, crash_frames
from fwtui.session.isolation.last_words import last_words
from fwtui.session.isolation.lines import LineReader, lines_of
from fwtui.session.isolation.messages import WIRE, Ended
from fwtui.session.isolation.wire import Garbled

__all__ = ["Died", "Hearer", "Host"]

_BOOT = """\
import json, sys
path, commands, messages, crashes, words, raw = json.loads(sys.argv.pop())
sys.path[:] = path
from fwtui.session.isolation.guard import guard
guard(commands)
from fwtui.session.isolation.child import main
main(commands, messages, crashes, words, tuple(raw))
"""

_CHUNK = 262_144
_PIPE = 1_048_576
_CRASH = 100_000
"""Bytes of Python's last words that are read."""

_GLANCE, _GLANCES = 0.01, 200
"""Seconds between looks at a file that is being written, and how many."""

_LAST = 2.0
"""Seconds that a process gets to end when it has nothing more to do."""

_LOOK = 1_000
"""Milliseconds after which a silent process is looked at: one that its tasks forked in C may hold its pipe open."""


Hearer = Callable[[Event | Ended | Death | None], None]


class Died(Exception):
    """The process ended before it answered."""

    def __init__(self, death: Death) -> None:
        super().__init__(death.how)
        self.death = death


class Host:
    """One process. All methods may be called from any thread; ``answer`` by whoever has ``asking``.

    Args:
        on_event: called with each event, and at last with Ended or a Death, in a thread of ours; and with None when it
            has said nothing for a second.

    Attributes:
        asking: held by whoever asks it something and waits for the answer.
        ended: it has ended its run, and ends itself.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, on_event: Hearer = lambda _: None) -> None:
        self._on_event = on_event
        self._answers: SimpleQueue[Any] = SimpleQueue()
        self._sending = threading.Lock()
        self.asking = threading.RLock()
        self._asked = 0
        self.ended = False
        self._released = False
        self._refused = False
        self._burying = threading.Lock()
        self._buried = False
        self._condemned = False
        commands, self._commands = os.pipe()
        self._messages, messages = os.pipe()
        with suppress(AttributeError, OSError):  # where the system can: who writes then hardly ever waits
            fcntl.fcntl(messages, fcntl.F_SETPIPE_SZ, _PIPE)
        self._crashes = TemporaryFile()  # noqa: SIM115  # closed when the process is buried
        self._words = TemporaryFile()  # noqa: SIM115  # so is this
        crashes, words = self._crashes.fileno(), self._words.fileno()
        self._raw, raw = os.pipe()
        told = json.dumps([sys.path, commands, messages, crashes, words, (self._raw, raw)])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, told],
                stdin=subprocess.DEVNULL,
                pass_fds=(commands, messages, crashes, words, self._raw, raw),
                start_new_session=True,
            )
        except BaseException:
            self._crashes.close()
            self._words.close()
            os.close(self._commands)
            os.close(self._messages)
            os.close(self._raw)
            raise
        finally:
            os.close(commands)
            os.close(messages)
            os.close(raw)
        threading.Thread(target=self._hear, name="fwtui-isolated", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process, which is also its group."""
        return self._process.pid

    def hear(self, on_event: Hearer) -> None:
        """Have somebody else told of events from now on."""
        self._on_event = on_event

    # -- speaking ---------------------------------------------------------------------------------------------------

    def send(self, message: object) -> None:
        """Tell it something; if it is dead already, that is told by its death."""
        data = lines_of(WIRE.write(message))
        with self._sending, suppress(OSError):
            while data and not self._released:
                data = data[os.write(self._commands, data) :]

    def answer(self, seconds: float | None = None) -> Any:
        """Wait for its next answer, and for so many seconds at most.

        Raises:
            Died: it ended.
            queue.Empty: it did not answer in time.
        """
        answer = self._answers.get(timeout=seconds)
        if isinstance(answer, Death):
            self._answers.put(answer)  # it will not say anything else to anybody
            raise Died(answer)
        return answer

    def inquire(self, question: Callable[[int], object], seconds: float) -> Any:
        """Return the answer to a question, None if it does not come in time.

        Args:
            question: makes the message from the number that its answer bears, too.
            seconds: to wait at most, and as long for whoever asks something else.
        """
        if not self.asking.acquire(timeout=seconds):
            return None
        try:
            self._asked += 1
            self.send(question(self._asked))
            # Behind an answer that came too late comes the one that was asked for.
            while getattr(answer := self.answer(seconds), "number", None) != self._asked:
                pass
            return answer
        except (Died, Empty):
            return None
        finally:
            self.asking.release()

    def dump(self) -> str:
        """Return what ``faulthandler`` writes of all threads: it needs no interpreter, which one of them may hold."""
        if DUMP is None:
            return ""
        with self._burying:
            if self._buried:
                return ""
            file = self._crashes.fileno()
            before = size = os.fstat(file).st_size
            os.kill(self.pid, DUMP)
            for _ in range(_GLANCES):
                time.sleep(_GLANCE)
                size, last = os.fstat(file).st_size, size
                if size == last > before:
                    break
            return os.pread(file, size - before, before).decode("utf-8", "backslashreplace")

    def kill(self) -> None:
        """End it now, with everything that it started."""
        with self._burying:
            self._condemned = True
            if not self._buried:
                self._kill_group()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def condemn(self) -> None:
        """When it ends, let nothing that it started outlive it."""
        self._condemned = True

    def close(self) -> None:
        """Let it go: it ends by itself, and if it cannot, it is ended."""
        self._release()

    def _release(self) -> None:
        with self._sending:
            if not self._released:
                self._released = True
                os.close(self._commands)

    # -- hearing ----------------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        reader = LineReader()
        poll = select.poll()
        poll.register(self._messages, select.POLLIN)
        while True:
            if not poll.poll(_LOOK):
                if self._process.poll() is not None:
                    break
                self._on_event(None)
                continue
            data = os.read(self._messages, _CHUNK)
            if not data:
                break
            for text in reader.feed(data):
                self._take(text)
            if reader.refused:
                self._refuse()
        os.close(self._messages)
        self._bury()

    def _refuse(self) -> None:
        if not self._refused:
            self._refused = True
            # Where descriptor 2 leads, whoever has the terminal shows it.
            os.write(2, f"fwtui: process {self.pid} sent what is no message of ours; it is left out\n".encode())

    def _take(self, text: str) -> None:
        try:
            message = WIRE.read(text)
        except Garbled:
            self._refuse()
            return
        if isinstance(message, Event):
            if message.sequence == 1:
                self._answers.put(message)
            self._on_event(message)
        elif isinstance(message, Ended):
            self.ended = True
            self._on_event(message)
        else:
            self._answers.put(message)

    def _bury(self) -> None:
        said = ""
        try:
            code = self._process.wait(_LAST)
        except subprocess.TimeoutExpired:
            # It has said its last word: something of the user's keeps it from ending, or has closed the pipe.
            self._process.kill()
            code, said = self._process.wait(), "closed the pipe to us"
        self._release()
        with self._burying:
            self._buried = True  # from now on its number may be another's
            if self._condemned or not self.ended:
                self._kill_group()
        rest = self._give_on_the_rest()
        with self._crashes as file:
            size = os.fstat(file.fileno()).st_size
            words = os.pread(file.fileno(), _CRASH, max(0, size - _CRASH))
            frames = crash_frames(words.decode("utf-8", "backslashreplace"))
        with self._words as file:
            lines = last_words(file.fileno())
        death = Death(code, frames, said, rest=rest, lines=lines)
        self._answers.put(death)
        if not self.ended:
            self._on_event(death)

    def _give_on_the_rest(self) -> tuple[str, ...]:
        """What it wrote last to descriptors 1 and 2, an abort's reason for one, goes where it would have sent it.

        Returns:
            The same as lines.
        """
        data = b""
        os.set_blocking(self._raw, False)
        with suppress(BlockingIOError):
            while part := os.read(self._raw, _CHUNK):
                data += part
        os.close(self._raw)
        lines = data.decode("utf-8", "backslashreplace").split("\n")
        with suppress(OSError):
            os.write(2, data)
        return tuple(lines if lines[-1] else lines[:-1])
