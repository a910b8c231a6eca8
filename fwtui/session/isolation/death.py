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
from flowweaver.tracebacks import Frame

__all__ = ["Death", "crash_frames", "trace_text"]

_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')
_ENGINE = str(Path(flowweaver.__file__).parent) + "/"


@dataclass(frozen=True, slots=True)
class Death:
    """The end of a process that was not to end.

    Attributes:
        code: its exit code; negative for the number of the signal that it died of.
        frames: where the thread was that the signal met, outermost first, without the engine's own; empty if Python
            could not tell.
        said: what it did, if the exit code does not tell.
    """

    code: int
    frames: tuple[Frame, ...] = ()
    said: str = ""

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
    """Return the frames of what ``faulthandler`` wrote, outermost first, without those by which the engine called."""
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
