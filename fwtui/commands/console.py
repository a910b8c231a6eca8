"""Lines on stdout and stderr for the commands that only look: safe to show, and no matter to a reader who has left."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import click

from fwtui.afterwards import own_stdout, take_from_now_on
from fwtui.model.ansi import is_coloured, style_in
from fwtui.model.text import visible, visible_lines
from fwtui.session.project import Project
from fwtui.session.rawoutput import RawOutput
from fwtui.session.session import Session
from fwtui.session.settings import Settings
from fwtui.streams import SteadyStream, ascii_only

__all__ = ["Out", "aside", "opened"]

_CODES = {"strong": "1", "muted": "2", "done": "32", "running": "1;36", "error": "31", "error-strong": "1;31"} | {
    "warning": "33",
    "warning-strong": "1;33",
}


def _in_style(style: str, text: str) -> str:
    """Return text with a style that a task chose, written anew by us: nothing of the task's own sequence is left."""
    from rich.color import ColorSystem
    from rich.style import Style

    full = os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    many = "256" in os.environ.get("TERM", "")
    system = ColorSystem.TRUECOLOR if full else ColorSystem.EIGHT_BIT if many else ColorSystem.STANDARD
    return Style.parse(style).render(text, color_system=system)


class Out:
    """Where a command's answer goes; colours only on a terminal that wants them.

    Whatever writes raises Unwritable if it cannot.
    """

    def __init__(self) -> None:
        self._stream = SteadyStream(own_stdout())
        self.ascii = ascii_only(self._stream)
        wants = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
        self.isatty = self._stream.isatty()
        self._coloured = wants and self.isatty

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Write a line of text, or of text and its role; trailing blanks are left out."""
        pieces = [(part, "") if isinstance(part, str) else part for part in parts]
        while pieces and not pieces[-1][0].strip():
            pieces.pop()
        if pieces:
            pieces[-1] = (pieces[-1][0].rstrip(), pieces[-1][1])
        self._write("".join(self._styled(text, role) for text, role in pieces) + "\n")

    def _styled(self, text: str, role: str) -> str:
        text = text.encode("ascii", "backslashreplace").decode() if self.ascii else text
        if not self._coloured:
            return text
        if is_coloured(role):
            return _in_style(style_in(role), text)
        code = _CODES.get(role, "")
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text

    def asks(self, question: str) -> bool:
        """Ask a person for yes or no; just enter is no.

        Raises:
            click.Abort: there is no answer.
        """
        while True:
            self._write(f"{question} [y/N]: ")
            answer = sys.stdin.readline()
            if not answer:
                raise click.Abort
            word = answer.strip().lower()
            if word in ("y", "yes", "n", "no", ""):
                return word in ("y", "yes")

    def text(self, text: str) -> None:
        """Write text for machines as it is; it is known to have no control characters but line ends."""
        self._write(text if text.endswith("\n") else text + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.check()

    def table(self, rows: Sequence[Sequence[tuple[str, str]]], *, indent: str = "") -> None:
        """Write cells in columns, each a text and its role."""
        widths = [max(len(row[column][0]) for row in rows) for column in range(max(map(len, rows), default=0))]
        for row in rows:
            cells = [(f"{text:<{width}}  ", role) for (text, role), width in zip(row, widths, strict=False)]
            self.line(indent, *cells)


@contextmanager
def aside(name: str) -> Iterator[list[str]]:
    """While somebody else's code runs, let what it writes go to stderr, made visible, behind a name.

    Yields:
        Further lines; what is added there is written first.
    """
    given: list[str] = []
    raw_lines: list[str] = []
    printed = io.StringIO()
    try:
        with RawOutput(raw_lines.append) as raw, redirect_stdout(printed), redirect_stderr(printed):
            yield given
            take_from_now_on(raw)
    finally:
        err = SteadyStream(sys.stderr)
        for text in (*given, printed.getvalue(), *raw_lines):
            for line in filter(None, visible_lines(text)):
                err.write(f"{visible(name)}: {line}\n")


@contextmanager
def opened(project: Project, settings: Settings) -> Iterator[Session]:
    """Load a file for looking at it; what it prints while it is imported goes to stderr, made visible.

    Raises:
        LoadProblem: it does not load.
    """
    session = Session(project, settings)
    with aside(project.file.name) as lines:
        loaded = session.loaded
        lines.extend(loaded.output.rstrip("\n").split("\n"))
    try:
        yield session
    finally:
        session.close()
