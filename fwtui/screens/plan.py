"""The plan on a page: enter runs exactly it, esc changes nothing."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from fwtui.model.footer import hint
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.keys import ROWS
from fwtui.model.planlines import plan_lines, plan_title
from fwtui.model.segments import Segment, line
from fwtui.model.tabs import Tab
from fwtui.model.views import RunView
from fwtui.widgets.bindings import binding_of, bindings_of
from fwtui.widgets.drawing import COLOURS
from fwtui.widgets.footer import Footer
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.tabs import TabsRule

__all__ = ["PlanScreen"]

_CHANGED = "Nothing has started: the plan is another one now."
_RENEWED = "The plan is another one than it was: something has changed."


class PlanScreen(Screen[bool], inherit_bindings=False):
    """What a run would do; returns whether it is to be done.

    Args:
        view: the workflow with its plan.
        names: the keys as the person has them.
        changed: another plan was looked at, and nothing has started.

    Attributes:
        view: what is seen.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COLOURS}

    # Enter has priority: the page it is on would take it to go to the next match of a search.
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("page"),
        binding_of("run.plan", "leave"),
        binding_of("plan.run", priority=True),
    ]

    def __init__(self, view: RunView, names: KeyNames = USUAL, *, changed: bool = False) -> None:
        super().__init__()
        self.view = view
        self._names = names
        self._said = _CHANGED if changed else ""

    @property
    def _runs(self) -> bool:
        free = self.view.holder is None and not self.view.going_on
        return free and bool(self.view.to_run or self.view.maybe)

    def compose(self) -> ComposeResult:
        """A title, the page, its keys."""
        yield TabsRule(self._names, id="rule")
        yield LinesPane(id="page")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Fill the page."""
        self._fill()
        self.query_one(LinesPane).focus()

    def renew(self, view: RunView) -> None:
        """Show the plan of now: what enter runs is what is seen."""
        before = self.view
        if (view.plan, view.holder, view.going_on) != (before.plan, before.holder, before.going_on):
            self._said = _RENEWED
            self.view = view
            self._fill()

    def _fill(self) -> None:
        opener = Tab(self._names.shown("run.plan"), "Plan", "plan")
        self.query_one(TabsRule).show([opener], "plan", plan_title(self.view), focused=True)
        number = f"{self.view.to_run:,}" + (f", {self.view.maybe:,} maybe" if self.view.maybe else "")
        run = [hint(self._names, "plan.run", f"run {number}")] if self._runs else []
        moves = hint(self._names, "pane.up pane.down", "scroll")
        self.query_one(Footer).show([*run, moves, hint(self._names, "page.leave", "back")])
        said = [line(Segment(f" {self._said}", "warning")), ()] if self._said else []
        self.query_one(LinesPane).show([(), *said, *plan_lines(self.view)], keep_place=True)

    async def on_footer_picked(self, event: Footer.Picked) -> None:
        """A click on a key of the footer does what the key does."""
        row = ROWS[event.key_id]
        await (self if row.where in ("plan", "page") else self.query_one(LinesPane)).run_action(row.action)

    def action_run(self) -> None:
        """Run it, if there is anything to run."""
        if self._runs:
            self.dismiss(True)

    def action_leave(self) -> None:
        """Back to the dashboard."""
        self.dismiss(False)
