"""Why a file does not load, in place of the tasks of a workflow that never was: read from the file as it is now."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from flowweaver.tracebacks import Frame
from fwtui.background import in_thread
from fwtui.model.frames import Excerpt
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.problem_text import problem_lines
from fwtui.screens.sources import read_frames
from fwtui.session.port import LoadProblem
from fwtui.widgets.lines_pane import LinesPane

__all__ = ["ProblemPage"]


class ProblemPage:
    """The page of one problem after the other.

    Args:
        widget: where it is shown.
        run: runs a coroutine beside everything else.
        names: the keys as the person has them.
        watching: saves are noticed.
    """

    def __init__(
        self,
        widget: LinesPane,
        run: Callable[[Coroutine[Any, Any, None]], object],
        names: KeyNames = USUAL,
        *,
        watching: bool = True,
    ) -> None:
        self._widget = widget
        self._run = run
        self._names = names
        self._watching = watching
        self._problem: LoadProblem | None = None
        self._excerpts: list[Excerpt] = []

    def show(self, problem: LoadProblem) -> None:
        """Show a problem, unless it is the one that is shown."""
        if problem is not self._problem:
            self._problem, self._excerpts = problem, []
            self.fill()
            self._run(self._read(problem))

    async def _read(self, problem: LoadProblem) -> None:
        excerpts = await in_thread(_excerpts_of, problem)
        if problem is self._problem and self._widget.is_attached:
            self._excerpts = excerpts
            self.fill()

    def fill(self) -> None:
        """Write it anew, for the width of now."""
        problem = self._problem
        if problem is None:
            return
        led_there = problem.frames[:-1] if self._excerpts else problem.frames
        self._widget.show(
            problem_lines(
                problem.text,
                self._excerpts,
                led_there,
                problem.hint,
                self._widget.size.width or self._widget.app.size.width,
                self._names,
                watching=self._watching,
            )
        )


def _excerpts_of(problem: LoadProblem) -> list[Excerpt]:
    """Return the place of a problem with its source lines, nothing if it has none. Blocking."""
    if problem.path is None or problem.line is None:
        return []
    function = problem.frames[-1].rpartition(" in ")[2] if problem.frames else ""
    return read_frames([Frame(problem.path, problem.line, function)], float("inf"))
