"""The keys that look and find: the pane's views, full screen, filters and searches, copies, the editor."""

from __future__ import annotations

import os

from textual.message import Message
from textual.widget import Widget

from fwtui.model import messages
from fwtui.model.clipboard import LONGEST, harmless, takes_copies
from fwtui.model.layout import WHOLE
from fwtui.model.views import TaskView
from fwtui.model.words import time_text, why_text
from fwtui.screens.board import Board
from fwtui.screens.help import HelpScreen
from fwtui.screens.stack import StackScreen
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.message import Prompt

__all__ = ["LookingKeys"]


class LookingKeys(Board):
    """What these keys do."""

    _cursor_before: str | None = None
    _typed_in: Widget | None = None
    _before: tuple[Widget | None, str] = (None, "log")

    class EditWanted(Message):
        """A file is to be opened in the person's editor.

        Attributes:
            path: the file.
            line: from 1, None for its beginning.
        """

        def __init__(self, path: str, line: int | None) -> None:
            super().__init__()
            self.path = path
            self.line = line

    # -- the pane ---------------------------------------------------------------------------------------------------

    def action_show(self, name: str) -> None:
        """Show a view; where that is seen already, go back: to the log, and from beside the pane to the tasks."""
        if self.full == "tasks":
            self.full = ""
        if name in self.pane.aside:
            self._go_beside(name)
        else:
            self._show_in_pane(name)
        self.refresh_lines()

    def _go_beside(self, name: str) -> None:
        """Go to a view that stands beside the pane."""
        back = self.here == name
        if self.full and back:
            self.unzoom()
            return
        if self.full:
            self.full = name
        self.lay_out()
        if back:
            self.focus_home()
        else:
            self.set_focus(self.pane.widget(name))

    def _show_in_pane(self, name: str) -> None:
        back = name == self.pane.active and self.pane.view.display
        if self.full:
            self.full = "pane"
        self.show_pane("log" if back else name)
        if name in WHOLE and self.pane.view.display:
            if back:
                self.focus_home()
            else:
                # There the keys that walk and zoom are wanted at once.
                self.set_focus(self.pane.view)

    def show_pane(self, name: str) -> None:
        """Show a view in the pane; what stands beside it is seen anyway."""
        focused = self.in_pane or not self.table.display
        self.pane.show(name)
        self.lay_out()
        if focused:
            self.set_focus(self.pane.view)
        elif not self.table.display:
            self.focus_home()
        self.refresh_lines()

    def action_full_log(self) -> None:
        """Give the log the whole middle."""
        if self.table.selected is not None:
            if not self.full:
                self._before = (self.focused, self.pane.wanted)
            self.pane.show("log")
            self.zoom("pane")

    def action_zoom(self) -> None:
        """Give the focused part the whole middle, or take it back."""
        if self.full:
            self.unzoom()
            return
        self._before = (self.focused, self.pane.wanted)
        here = self.here
        self.zoom(here if here in self.pane.aside or here == "tasks" else "pane")

    def zoom(self, part: str) -> None:
        """Give a part the whole middle."""
        self.full = part
        self.lay_out()
        self.focus_home()
        self.refresh_lines()

    def unzoom(self) -> None:
        """Let every part have its place again; the focus goes back to where it was."""
        focused, wanted = self._before
        self.full = ""
        if self.pane.wanted == "log":
            self.pane.show(wanted)
        self.lay_out()
        if focused is not None and focused.display:
            self.set_focus(focused)
        else:
            self.focus_home()
        self.refresh_lines()

    def action_attempt(self, step: int) -> None:
        """Show an older or a newer attempt."""
        self.pane.other_attempt(step)
        self.lay_out()

    def action_wrap(self) -> None:
        """Wrap the pane's lines, or do not."""
        if self.lines is not None:
            self.lines.toggle_wrap()

    def action_sort(self) -> None:
        """Sort the tasks by the next column."""
        self.table.sort_by_next()

    def action_sort_back(self) -> None:
        """Sort the tasks the other way round."""
        if self.table.order.column:
            self.table.set_order(self.table.order.reversed())
        else:
            self.say(messages.in_order())

    def action_focus_part(self, step: int) -> None:
        """Go to the next part, or to the one before."""
        parts = self.parts
        at = parts.index(self.focused) if self.focused in parts else -step
        if parts:
            self.set_focus(parts[(at + step) % len(parts)])

    @property
    def lines(self) -> LinesPane | None:
        """The text that keys are about: the focused one, else that in the pane."""
        within = self._typed_in if self.typing else self.focused
        return within if isinstance(within, LinesPane) else self.pane.lines

    def action_help(self) -> None:
        """Show every key."""
        self.app.push_screen(HelpScreen(self.part_of_help, self.names, why_not=self.conductor.why_not))

    @property
    def part_of_help(self) -> str:
        """Where the focus is, as the table of keys calls it."""
        return "pane" if isinstance(self.focused, LinesPane) else self.here

    def action_stack(self) -> None:
        """Show where a running task is."""
        past, task = self.conductor.past, self.table.selected
        if past is not None and past.run is not None:
            self.say(messages.past_run(past.run))
        elif task is not None:
            self.beside(self._show_stack(task))

    async def _show_stack(self, task: TaskView) -> None:
        seen = await self.conductor.sighting(task)
        if seen.frames:
            self.app.push_screen(StackScreen(seen, lambda: self.conductor.sighting(task), self.names))
        else:
            elsewhere = self.view is not None and self.view.holder is not None
            self.say(messages.no_stack(task, elsewhere=elsewhere))

    # -- copying and editing ----------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy what is selected; else the line under the cursor, the line that a search found, or the whole text."""
        self.copy(self.get_selected_text() or self._text_here())

    def _text_here(self) -> str:
        view, task, focused = self.view, self.table.selected, self.focused
        if focused is self.pane.runs:
            return self.pane.runs.text_under_cursor
        if isinstance(focused, LinesPane):
            return focused.found or focused.text
        if view is None or task is None:
            return "" if self.lines is None else self.lines.text
        said = [task.title, task.state.value, time_text(task, self.clock()), why_text(view, task, self.names)]
        return "  ".join(each for each in said if each)

    def action_copy_error(self) -> None:
        """Copy the traceback of the selected task's last failed attempt."""
        task = self.table.selected
        attempts = [] if task is None else self.conductor.attempts(task)
        self.copy(next((each.traceback for each in reversed(attempts) if each.traceback), ""))

    def copy(self, text: str) -> None:
        """Put text into the terminal's clipboard, and into a file beside the state."""
        if not text:
            self.say(messages.nothing_to_copy())
            return
        text = harmless(text)
        sent = len(text.encode()) <= LONGEST
        if sent:
            self.app.copy_to_clipboard(text)
        self.beside(self._keep_copy(text, sent=sent))

    async def _keep_copy(self, text: str, *, sent: bool) -> None:
        lines = text.count("\n") + 1
        path, problem = await self.conductor.keep_copy(text)
        if not sent:
            self.say(messages.no_copy(problem) if problem else messages.saved_copy(lines, path))
        elif problem:
            self.say(messages.unsaved_copy(lines, problem))
        else:
            self.say(messages.copied(lines, path, sure=takes_copies(os.environ)))

    def action_edit(self) -> None:
        """Open the source: where the file is broken, where the task failed, or where it is defined."""
        problem, task = self.conductor.problem, self.table.selected
        if problem is not None:
            self.post_message(self.EditWanted(problem.path or problem.file, problem.line))
        elif task is not None:
            path, number = self.conductor.failing_line(task) or (task.info.path, task.info.line)
            if path is not None:
                self.post_message(self.EditWanted(path, number))

    # -- finding ----------------------------------------------------------------------------------------------------

    def action_failure(self, step: int) -> None:
        """Go to the next or previous task that failed by itself."""
        view = self.view
        failed = [] if view is None else [task.name for task in view.failures()]
        if not failed or view is None:
            self.say(messages.no_failure())
            return
        order = {name: number for number, name in enumerate(self.table.row_names)}
        failed.sort(key=order.__getitem__)
        here = order.get(self.table.cursor or "", -1)
        if step > 0:
            name = next((each for each in failed if order[each] > here), failed[0])
        else:
            name = next((each for each in reversed(failed) if order[each] < here), failed[-1])
        if name not in self.table.shown:
            self.filter_tasks("", kept=True)
        self.table.move_to(name, by_person=True)

    def action_mark_all(self) -> None:
        """Mark all that the filter shows, or none."""
        self.table.mark_all()

    def action_match(self, step: int) -> None:
        """Go to the next or previous match of a search in the pane."""
        if self.lines is not None and self.lines.needle:
            self.lines.go_to_match(step)

    def action_find(self) -> None:
        """Type a filter; in focused text, a search."""
        if self.view is None:
            return
        part = self.part_of_help
        self.typing = {"pane": "search", "runs": "runs"}.get(part, "filter")
        self._typed_in = self.focused
        self._cursor_before = self.table.cursor
        self.say(None)
        self.lay_out()
        prompt = self.query_one(Prompt)
        prompt.start()
        self.set_focus(prompt)
        self.refresh_lines()

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Show what the text finds."""
        prompt = self.query_one(Prompt)
        if self.typing == "filter":
            self.filter_tasks(event.text, kept=False)
            prompt.note(messages.of_tasks(len(self.table.shown), 0 if self.view is None else self.view.total))
        elif self.typing == "runs":
            self.pane.runs.set_filter(event.text)
            prompt.note(self.pane.runs.title)
        elif self.lines is not None:
            prompt.note("")
            self.lines.search(event.text)

    def on_lines_pane_searched(self, event: LinesPane.Searched) -> None:
        """Say in how many lines what is being typed was found."""
        if self.typing == "search" and event.needle == self.query_one(Prompt).text and event.needle:
            self.query_one(Prompt).note(messages.of_matches(event.lines))

    def on_prompt_moved(self, event: Prompt.Moved) -> None:
        """Move in what is found."""
        if self.typing == "filter":
            self.table.action_move(event.delta)
        elif self.typing == "runs":
            self.pane.runs.action_move(event.delta)
        elif self.lines is not None:
            self.lines.action_scroll_lines(event.delta)

    def on_prompt_entered(self) -> None:
        """Keep what was typed."""
        self.keep_typed()
        self._to_where_it_was()
        self.refresh_lines()

    def keep_typed(self) -> None:
        """Let what was typed hold; the focus stays where it is."""
        if self._end_typing() == "filter":
            self.filter_tasks(self.query_one(Prompt).text, kept=True)

    def on_prompt_dropped(self) -> None:
        """Forget what was typed; the cursor goes back to where it was."""
        was = self._end_typing()
        if was == "filter":
            self.filter_tasks("", kept=True)
            self.table.move_to(self._cursor_before)
        elif was == "runs":
            self.pane.runs.set_filter("")
        elif self.lines is not None:
            self.lines.search("")
        self._to_where_it_was()
        self.refresh_lines()

    def filter_tasks(self, text: str, *, kept: bool) -> None:
        """Show only the tasks that match, and dim the others where all are drawn."""
        self.table.set_filter(text, kept=kept)
        self.pane.dim(text if kept else "", list(self.table.shown) if text else None)

    def _to_where_it_was(self) -> None:
        """Give the focus back to the part in which typing began."""
        if self._typed_in is not None and self._typed_in.display:
            self.set_focus(self._typed_in)
        else:
            self.focus_home()

    def _end_typing(self) -> str:
        was, self.typing = self.typing, ""
        self.lay_out()
        return was

    def action_back(self) -> None:
        """One step back: selection, search, full screen, focus, filter, marks, out to the list; it never quits."""
        table, lines, runs = self.table, self.lines, self.pane.runs
        if self.get_selected_text():
            self.clear_selection()
        elif lines is not None and lines.needle and lines is self.focused:
            lines.search("")
        elif self.full:
            self.unzoom()
        elif self.focused is runs and runs.filter_text:
            runs.set_filter("")
        elif self.focused is runs and self.conductor.past is not None:
            self._leave_run()
        elif not table.display and self.pane.active in WHOLE:
            self.show_pane("log")
            self.focus_home()
        elif self.focused is not table:
            self.focus_home()
        elif table.filter_text:
            self.filter_tasks("", kept=True)
        elif table.marks:
            table.unmark()
        elif self.conductor.past is not None:
            self._leave_run()
        else:
            self.step_out()
        self.refresh_lines()

    def step_out(self) -> None:
        """Nothing here is left to step back from."""

    # -- old runs ---------------------------------------------------------------------------------------------------

    async def open_run(self, run_id: int) -> None:
        """Show an old run, read-only."""
        self.pane.log.forget()
        opened = await self.conductor.open_run(run_id)
        failed = self.view.first_failure() if opened and self.view is not None else None
        if failed is not None and failed.name in self.table.shown:
            self.table.move_to(failed.name)
        if opened and not self.table.display:
            self.show_pane("log")
            self.focus_home()
        self.refresh_lines()

    def _leave_run(self) -> None:
        self.pane.log.forget()
        self.conductor.leave_run()
