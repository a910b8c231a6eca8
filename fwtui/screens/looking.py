"""The keys that look and find: the pane's views, full screen, filters and searches, copies, the editor."""

from __future__ import annotations

from textual.message import Message

from fwtui.model import messages
from fwtui.screens.board import Board
from fwtui.screens.help import HelpScreen
from fwtui.widgets.message import Prompt

__all__ = ["LookingKeys"]


class LookingKeys(Board):
    """What these keys do."""

    _cursor_before: str | None = None

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
        """Show a view of the pane; the one that is seen already goes back to the log."""
        self.show_pane("log" if name == self.pane.active else name)

    def show_pane(self, name: str) -> None:
        """Show a view of the pane."""
        focused = self.focused is self.pane.view
        self.pane.show(name)
        self.lay_out()
        if focused:
            self.set_focus(self.pane.view)
        self.refresh_lines()

    def action_full_log(self) -> None:
        """Give the log the whole middle."""
        if self.table.selected is not None:
            self.show_pane("log")
            self.zoom(full=True)

    def action_zoom(self) -> None:
        """Give the pane the whole middle, or take it back."""
        self.zoom(full=not self.full)

    def zoom(self, *, full: bool) -> None:
        """Give the pane the whole middle, or the tasks their place again."""
        self.full = full
        self.lay_out()
        self.set_focus(self.pane.view if full else self.table)
        self.refresh_lines()

    def action_attempt(self, step: int) -> None:
        """Show an older or a newer attempt."""
        self.pane.other_attempt(step)
        self.lay_out()

    def action_wrap(self) -> None:
        """Wrap the pane's lines, or do not."""
        self.pane.view.toggle_wrap()

    def action_focus_part(self, step: int) -> None:
        """Go to the next part: there are two, so that both directions are one."""
        del step
        if not self.full and self.pane.view.display:
            self.set_focus(self.table if self.focused is self.pane.view else self.pane.view)

    def action_help(self) -> None:
        """Show every key."""
        self.app.push_screen(HelpScreen("pane" if self.focused is self.pane.view else "tasks"))

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.app.refresh(repaint=True, layout=True)
        self.refresh(repaint=True, layout=True)

    # -- copying and editing ----------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy the pane's text."""
        self.copy(self.pane.view.text)

    def action_copy_error(self) -> None:
        """Copy the traceback of the selected task's last failed attempt."""
        task = self.table.selected
        attempts = [] if task is None else self.conductor.attempts(task)
        self.copy(next((each.traceback for each in reversed(attempts) if each.traceback), ""))

    def copy(self, text: str) -> None:
        """Put text into the terminal's clipboard."""
        if text:
            self.app.copy_to_clipboard(text)
        self.say(messages.copied(text.count("\n") + 1 if text else 0))

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
        order = {name: number for number, name in enumerate(view.tasks)}
        here = order.get(self.table.cursor or "", -1)
        if step > 0:
            name = next((each for each in failed if order[each] > here), failed[0])
        else:
            name = next((each for each in reversed(failed) if order[each] < here), failed[-1])
        if name not in self.table.shown:
            self.table.set_filter("", kept=True)
        self.table.move_to(name, by_person=True)

    def action_mark_all(self) -> None:
        """Mark all that the filter shows, or none."""
        self.table.mark_all()

    def action_match(self, step: int) -> None:
        """Go to the next or previous match of a search in the pane."""
        if self.pane.view.needle:
            self.pane.view.go_to_match(step)

    def action_find(self) -> None:
        """Type a filter; in a focused pane, a search."""
        if self.view is None:
            return
        self.typing = "search" if self.focused is self.pane.view else "filter"
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
            self.table.set_filter(event.text, kept=False)
            prompt.note(messages.of_tasks(len(self.table.shown), 0 if self.view is None else self.view.total))
        else:
            prompt.note(messages.of_matches(self.pane.view.search(event.text)) if event.text else "")

    def on_prompt_moved(self, event: Prompt.Moved) -> None:
        """Move in what is found."""
        if self.typing == "filter":
            self.table.action_move(event.delta)
        else:
            self.pane.view.action_scroll_lines(event.delta)

    def on_prompt_entered(self, event: Prompt.Entered) -> None:
        """Keep what was typed."""
        was = self._end_typing()
        if was == "filter":
            self.table.set_filter(event.text, kept=True)
        self.set_focus(self.table if was == "filter" else self.pane.view)
        self.refresh_lines()

    def on_prompt_dropped(self) -> None:
        """Forget what was typed; the cursor goes back to where it was."""
        if self._end_typing() == "filter":
            self.table.set_filter("", kept=True)
            self.table.move_to(self._cursor_before)
            self.set_focus(self.table)
        else:
            self.pane.view.search("")
            self.set_focus(self.pane.view)
        self.refresh_lines()

    def _end_typing(self) -> str:
        was, self.typing = self.typing, ""
        self.lay_out()
        return was

    def action_back(self) -> None:
        """One step back: selection, search, full screen, focus, filter, marks; it never quits."""
        table, pane = self.table, self.pane.view
        if self.get_selected_text():
            self.clear_selection()
        elif pane.needle and self.focused is pane:
            pane.search("")
        elif self.full:
            self.zoom(full=False)
        elif self.focused is not table:
            self.set_focus(table)
        elif table.filter_text:
            table.set_filter("", kept=True)
        elif table.marks:
            table.unmark()
        self.refresh_lines()
