"""The plan on a page: enter runs exactly it, esc changes nothing."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fwtui.model.footer import Hint
from fwtui.model.planlines import plan_lines, plan_title
from fwtui.model.segments import Segment, line
from fwtui.model.tabs import Tab
from fwtui.model.views import RunView
from fwtui.widgets.footer import Footer
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.tabs import TabsRule

__all__ = ["PlanScreen"]

_CHANGED = "Nothing has started: the plan is another one now."


class PlanScreen(Screen[bool]):
    """What a run would do; returns whether it is to be done.

    Args:
        view: the workflow with its plan.
        changed: another plan was looked at, and nothing has started.
    """

    # Enter has priority: the page it is on would take it to go to the next match of a search.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,p", "leave", "back", show=False),
        Binding("enter", "run", "run", show=False, priority=True),
    ]

    def __init__(self, view: RunView, *, changed: bool = False) -> None:
        super().__init__()
        self._view = view
        self._changed = changed

    @property
    def _runs(self) -> bool:
        return bool(self._view.to_run or self._view.maybe)

    def compose(self) -> ComposeResult:
        """A title, the page, its keys."""
        yield TabsRule(id="rule")
        yield LinesPane(id="page")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Fill the page."""
        self.query_one(TabsRule).show([Tab("p", "Plan", "plan")], "plan", plan_title(self._view), focused=True)
        number = f"{self._view.to_run:,}" + (f", {self._view.maybe:,} maybe" if self._view.maybe else "")
        run = [Hint("enter", f"run {number}", "run")] if self._runs else []
        back = [Hint("esc", "back", "leave"), Hint("q", "back", "leave")]
        self.query_one(Footer).show([*run, Hint("↑↓", "scroll"), *back])
        page = self.query_one(LinesPane)
        page.focus()
        said = [line(Segment(f" {_CHANGED}", "warning")), ()] if self._changed else []
        page.show([(), *said, *plan_lines(self._view)])

    async def on_footer_picked(self, event: Footer.Picked) -> None:
        """A click on a key of the footer does what the key does."""
        await self.run_action(event.action)

    def action_run(self) -> None:
        """Run it, if there is anything to run."""
        if self._runs:
            self.dismiss(True)

    def action_leave(self) -> None:
        """Back to the dashboard."""
        self.dismiss(False)
