"""The plan on a page: enter runs exactly it, esc changes nothing."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from fwtui.model.footer import hint
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.planlines import plan_lines, plan_title
from fwtui.model.segments import Segment, line
from fwtui.model.views import RunView
from fwtui.screens.help import HelpScreen
from fwtui.screens.page import Page
from fwtui.widgets.bindings import binding_of

__all__ = ["PlanScreen"]

_CHANGED = "Nothing has started: the plan is another one now."
_RENEWED = "The plan is another one than it was: something has changed."


class PlanScreen(Page[bool]):
    """What a run would do; returns whether it is to be done.

    Args:
        view: the workflow with its plan.
        names: the keys as the person has them.
        changed: another plan was looked at, and nothing has started.

    Attributes:
        view: what is seen.
    """

    # Enter has priority: the lines would take it to go to the next match of a search.
    BINDINGS: ClassVar[list[BindingType]] = [
        binding_of("run.plan", "leave"),
        binding_of("plan.run", priority=True),
        binding_of("look.help"),
    ]

    def __init__(self, view: RunView, names: KeyNames = USUAL, *, changed: bool = False) -> None:
        super().__init__(names)
        self.view = view
        self._said = _CHANGED if changed else ""

    @property
    def _runs(self) -> bool:
        free = self.view.holder is None and not self.view.going_on
        return free and bool(self.view.to_run or self.view.maybe)

    def renew(self, view: RunView) -> None:
        """Show the plan of now: what enter runs is what is seen."""
        before = self.view
        if (view.plan, view.holder, view.going_on) != (before.plan, before.holder, before.going_on):
            self._said = _RENEWED
            self.view = view
            self.fill()

    def fill(self) -> None:
        """Write what a run would do."""
        number = f"{self.view.to_run:,}" + (f", {self.view.maybe:,} maybe" if self.view.maybe else "")
        run = [hint(self.names, "plan.run", f"run {number}")] if self._runs else []
        self.head("run.plan", "Plan", plan_title(self.view), run)
        said = [line(Segment(f" {self._said}", "warning")), ()] if self._said else []
        self.lines.show([(), *said, *plan_lines(self.view)], keep_place=True)

    def action_run(self) -> None:
        """Run it, if there is anything to run."""
        if self._runs:
            self.dismiss(True)

    def action_help(self) -> None:
        """Show every key, those of the plan first."""
        self.app.push_screen(HelpScreen("plan", self.names))
