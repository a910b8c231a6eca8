"""A dashboard in a real terminal of 200 columns and 50 rows, seen from outside: keys go in, what is drawn comes out."""

from __future__ import annotations

import atexit
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path

__all__ = ["CURSOR", "HEAD", "Screen", "environment", "opened", "peaks"]

ROOT = Path(__file__).resolve().parents[1]
SIZE = (50, 200)
PATIENCE = 60.0
QUIET = 0.06
"""Seconds without a byte after which a frame counts as whole."""

CURSOR = re.compile(rb"\x1b\[(\d+);1H(?:\x1b\[[0-9;]*m)*\xe2\x80\xba")
"""The cursor of the task table where it is drawn: at the beginning of a row."""

HEAD = """
import time
from flowweaver import Task, Workflow
workflow = Workflow("measured")
def add(name, function, needs=()):
    workflow.add_task(Task(name, function), depends_on=list(needs))
"""


@cache
def _compiled() -> str:
    """Return where compiled modules are kept while this process measures."""
    folder = tempfile.mkdtemp(prefix="fwtui-benchmark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Return what the measured process gets: this project's code, compiled, and none of the person's settings."""
    made = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONPYCACHEPREFIX": _compiled(),
    }
    # What is installed is compiled; so is what is measured, from the second start on.
    made.pop("PYTHONDONTWRITEBYTECODE", None)
    return made


class Screen:
    """A dashboard in a terminal, and when what it drew came.

    Args:
        folder: where the workflow file is.
        arguments: of ``fwtui``.
        program: what is run in place of ``-m fwtui``.
    """

    def __init__(self, folder: Path, *arguments: str, program: Sequence[str] = ("-m", "fwtui")) -> None:
        self.started = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
            os.execve(sys.executable, [sys.executable, *program, *arguments], environment(folder))
        self.folder = folder
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """Return what comes within so many seconds, b"" if nothing does."""
        if not select.select([self.terminal], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            data = os.read(self.terminal, 1 << 16)
        except OSError:  # it has ended
            data = b""
        self.seen = (self.seen + data)[-(1 << 18) :]
        return data

    def until(self, holds: Callable[[bytes], object], what: str) -> float:
        """Read until something holds of all that has come from now on; return when it did."""
        came, deadline = b"", time.perf_counter() + PATIENCE
        while True:
            data = self.read(deadline - time.perf_counter())
            now = time.perf_counter()
            came += data
            if holds(came):
                return now
            if now > deadline or not data:
                raise TimeoutError(f"{what} never came; last of the screen: {came[-2000:]!r}")

    def rest(self, seconds: float) -> None:
        """Read what comes for so many seconds."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def quiet(self, seconds: float = QUIET) -> float:
        """Read until nothing comes any more; return when the last of it came."""
        last = time.perf_counter()
        while self.read(seconds):
            last = time.perf_counter()
        return last

    def press(self, keys: str) -> float:
        """Press keys; return when."""
        now = time.perf_counter()
        os.write(self.terminal, keys.encode())
        return now

    def cursor(self) -> int:
        """Return the row of the cursor as it was drawn last."""
        found = CURSOR.findall(self.seen)
        return int(found[-1]) if found else 0

    def end(self) -> float:
        """Leave by ``q``, or else by force; return the seconds that took."""
        begun = self.press("q")
        while self.alive() and time.perf_counter() - begun < 3:
            self.read(0.005)
        ended = time.perf_counter()
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return ended - begun

    def alive(self) -> bool:
        """Tell whether it still runs."""
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == 0
        except ChildProcessError:
            return False


@contextmanager
def opened(workflow: str, *arguments: str, program: Sequence[str] = ("-m", "fwtui")) -> Iterator[Screen]:
    """Open a workflow, the text of whose file is given behind ``HEAD``, in a new folder, and leave at the end."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "flow.py").write_text(HEAD + textwrap.dedent(workflow))
        screen = Screen(Path(folder), *arguments, "flow.py", program=program)
        try:
            yield screen
        finally:
            if screen.alive():
                screen.end()


def peaks(pid: int) -> tuple[float, ...]:
    """Return the peak of the memory of a process and of those that it started, in MB; nothing where /proc is not."""
    try:
        children = [text.read_text().split() for text in Path(f"/proc/{pid}/task").glob("*/children")]
        status = [Path(f"/proc/{one}/status").read_text() for one in (pid, *chain(*children))]
    except OSError:
        return ()
    return tuple(int(kilobytes) / 1024 for one in status for kilobytes in re.findall(r"VmHWM:\s+(\d+) kB", one))
