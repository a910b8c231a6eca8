"""How a process died, in words, and where in the user's code it was when it did."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import flowweaver
from flowweaver.changes import listed
from flowweaver.records import LogLine
from flowweaver.tracebacks import Frame
from fwtui.session.port import TaskInfo

__all__ = ["DUMP", "Death", "crash_frames", "thread_frames", "trace_text"]

DUMP: int | None = signal.SIGRTMAX - 7 if hasattr(signal, "SIGRTMAX") else None
"""A signal that nobody else is likely to use, by which a process is asked for the frames of its threads."""

_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')
_FATAL = "Fatal Python error"
_THREAD = re.compile(r"^(?:Current thread|Thread) 0x", re.MULTILINE)
_ENGINE = str(Path(flowweaver.__file__).parent) + "/"


@dataclass(frozen=True, slots=True)
class Death:
    """The end of a process that was not to end.

    Attributes:
        code: its exit code; negative for the number of the signal that it died of.
        frames: where the thread was that the signal met, outermost first, without the engine's own; empty if Python
            could not tell.
        said: what it did, if the exit code does not tell.
        rest: lines that it wrote last to descriptors 1 and 2, and that nobody has kept yet.
        lines: what tasks wrote last, each line with its number in its attempt; some of it may be in the store.
        late: the task that it was ended for, because nothing gave that up at its deadline.
    """

    code: int
    frames: tuple[Frame, ...] = ()
    said: str = ""
    late: str | None = None
    rest: tuple[str, ...] = ()
    lines: tuple[tuple[int, LogLine], ...] = ()

    @property
    def how(self) -> str:
        """What it did, behind "its process": "died (SIGSEGV)"."""
        if self.said:
            return self.said
        if self.code >= 0:
            return f"ended itself (exit code {self.code})"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = f"signal {-self.code}"
        return f"{'was killed' if -self.code == signal.SIGKILL else 'died'} ({name})"

    @property
    def hint(self) -> str:
        """What a person should know of it, or empty."""
        return "The system does that when memory runs out." if -self.code == signal.SIGKILL and not self.said else ""

    def of_run(self, run_id: int, tasks: Sequence[str]) -> str:
        """Return what became of a run and of the tasks that ran then."""
        during = f" while {listed(tasks)} ran" if tasks else ""
        hint = f". {self.hint}" if self.hint else ""
        return f"the process of run {run_id} {self.how}{during}{hint}"


def crash_frames(text: str) -> tuple[Frame, ...]:
    """Return the frames of what ``faulthandler`` wrote last as a process died, outermost first; see ``_frames``."""
    return _frames(text.rpartition(_FATAL)[2])


def thread_frames(text: str, task: TaskInfo) -> tuple[Frame, ...]:
    """Return where a task is, of what ``faulthandler`` wrote of all threads; nothing if that cannot be told."""
    threads = [_frames(part) for part in _THREAD.split(text)]
    for frames in threads:
        for place, frame in enumerate(frames):
            if (frame.file, frame.function) == (task.path, task.name):
                return frames[place:]
    return ()


def _frames(text: str) -> tuple[Frame, ...]:
    """Return the frames of one thread, outermost first, without those by which the engine called the task."""
    frames = []
    for line in text.splitlines():
        found = _FRAME.match(line)
        if found and found["line"].isdigit():
            frames.append(Frame(found["file"], int(found["line"]), found["function"]))
    frames.reverse()
    # The thread, then the engine, then the task: what is outside of it says nothing to its author.
    rest = list(dropwhile(lambda frame: not frame.file.startswith(_ENGINE), frames)) or frames
    return tuple(dropwhile(lambda frame: frame.file.startswith(_ENGINE), rest))


def trace_text(frames: Sequence[Frame], error: str) -> str | None:
    """Return frames in the form in which tracebacks are stored; None without any."""
    if not frames:
        return None
    lines = [f'  File "{frame.file}", line {frame.line}, in {frame.function}' for frame in frames]
    return "\n".join(["Traceback (most recent call last):", *lines, error])
