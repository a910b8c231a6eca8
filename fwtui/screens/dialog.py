"""Questions in front of the dashboard. Enter does what the first button says, wherever the focus is; esc nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import ModalScreen

from fwtui.model.dialog_box import DialogBox, box_for
from fwtui.model.dialogs import SCOPES, DialogSpec, clear_dialog, scope_names
from fwtui.model.footer import Hint, hint, key_at
from fwtui.model.key_names import EVEN_HERE, USUAL, KeyNames
from fwtui.model.segments import Line, cells
from fwtui.model.views import RunView
from fwtui.widgets.drawing import COLOURS, Lines

__all__ = ["Box", "ClearDialog", "Dialog"]


class Box(Lines):
    """A dialog's lines, in the room there is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COLOURS}

    class Picked(Message):
        """A button was clicked, by its answer."""

        def __init__(self, answer: str) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, spec: DialogSpec) -> None:
        super().__init__(id="box")
        self._spec = spec
        self._first = 0
        self._made = DialogBox((), 0)

    def show(self, spec: DialogSpec) -> None:
        """Show another content."""
        self._spec, self._first = spec, 0
        self.fit()
        self.redraw()

    def fit(self) -> None:
        """Take as many cells as the content needs, or all there are."""
        self._made = box_for(self._spec, *self.app.size, self._first)
        self._first = self._made.first
        self.styles.width, self.styles.height = self._made.width, len(self._made.lines)

    def scroll_lines(self, by: int) -> None:
        """Scroll what it says, where there is no room for all."""
        self._first = min(max(self._first + by, 0), self._made.last)
        self.fit()
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the frame and what is in it."""
        del width, height
        return list(self._made.lines)

    def on_mount(self) -> None:
        """Fit the first content."""
        self.fit()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll."""
        event.stop()
        self.scroll_lines(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back."""
        event.stop()
        self.scroll_lines(-1)

    def on_click(self, event: events.Click) -> None:
        """A click on a button is its key."""
        event.stop()
        row = self._drawn[event.y] if event.y < len(self._drawn) else ()
        at = 0
        found = ""
        for segment in row:
            if at <= event.x and segment.role == "key":
                found = segment.text.strip()
            at += cells(segment.text)
        for button in self._spec.buttons:
            if found and button.shown == found:
                self.post_message(self.Picked(button.answer))


class Dialog(ModalScreen[str], inherit_bindings=False):
    """One question; its result is the answer of the button, "" where nothing is to change.

    Args:
        spec: its content.
        names: the keys as the person has them.

    Attributes:
        renewed: returns its content for what is now, None where it makes no sense any more.
        over: it went because of that, and nobody has answered.
    """

    AUTO_FOCUS: ClassVar[str | None] = None

    def __init__(self, spec: DialogSpec, names: KeyNames = USUAL) -> None:
        super().__init__()
        self.spec = spec
        self.key_names = names
        self.renewed: Callable[[RunView], DialogSpec | None] | None = None
        self.over = False

    def compose(self) -> ComposeResult:
        """One box."""
        yield Box(self.spec)

    def on_resize(self) -> None:
        """Fit the box anew."""
        self.query_one(Box).fit()

    def on_key(self, event: events.Key) -> None:
        """Answer; every other key does nothing here."""
        if self.key_names.id_of(event.key, "everywhere") in EVEN_HERE:
            return
        event.stop()
        event.prevent_default()
        self._press(event.key, event.character if event.is_printable else None)

    def _press(self, key: str, character: str | None = None) -> None:
        for button in self.spec.buttons:
            if key in button.keys:
                self.dismiss(button.answer)
                return
        step = {"dialog.up": -1, "dialog.down": 1}.get(self.key_names.id_of(key, "dialog"), 0)
        if step:
            self.query_one(Box).scroll_lines(step)
        else:
            self.other_key(key, character)

    def renew(self, view: RunView) -> None:
        """Ask about what is now; go where there is nothing to be asked any more."""
        spec = self.spec if self.renewed is None else self.renewed(view)
        if spec is None:
            self.over = True
            self.dismiss("")
        elif spec != self.spec:
            self.spec = spec
            self.query_one(Box).show(spec)

    def other_key(self, key: str, character: str | None) -> None:
        """Take a key that is no button's, and what it types."""

    def on_click(self, event: events.Click) -> None:
        """A click on a key of the footer below is that key."""
        if event.screen_y == self.size.height - 1:
            key_id = key_at(self.hints, self.size.width, event.screen_x)
            if key_id:
                self._press(self.key_names.keys(key_id)[0])

    def on_box_picked(self, event: Box.Picked) -> None:
        """Answer by a click."""
        self.dismiss(event.answer)

    @property
    def hints(self) -> list[Hint]:
        """What the footer says meanwhile."""
        return self.spec.hints


class ClearDialog(Dialog):
    """What is to be forgotten, by scope.

    Args:
        view: the workflow as it is when the dialog opens.
        chosen: the selected or marked tasks.
        hidden: how many of them a filter hides.
        changed: called when other keys than before make sense.
        names: the keys as the person has them.
    """

    def __init__(
        self, view: RunView, chosen: list[str], hidden: int, changed: Callable[[], None], names: KeyNames = USUAL
    ) -> None:
        self._changed = changed
        self._view = view
        self._chosen = chosen
        self._hidden = hidden
        self.scope = SCOPES[0]
        self.pattern = ""
        super().__init__(self._spec(names), names)
        self.renewed = self._about

    def _about(self, view: RunView) -> DialogSpec | None:
        self._view = view
        gone = view.going_on or view.holder is not None or any(name not in view.tasks for name in self._chosen)
        return None if gone else self._spec(self.key_names)

    def _spec(self, names: KeyNames) -> DialogSpec:
        return clear_dialog(self._view, self._chosen, self.scope, self.pattern, hidden=self._hidden, names=names)

    @property
    def names(self) -> list[str]:
        """The tasks that are to be forgotten."""
        return scope_names(self._view, self._chosen, self.scope, self.pattern)

    def other_key(self, key: str, character: str | None) -> None:
        """Move between scopes, or type a pattern."""
        steps = {"dialog.left": -1, "dialog.right": 1}
        step = steps.get(self.key_names.id_of(key, "dialog"), 0)
        if step:
            self.scope = SCOPES[(SCOPES.index(self.scope) + step) % len(SCOPES)]
        elif self.scope != "pattern":
            return
        elif self.key_names.id_of(key, "typing") == "typing.erase":
            self.pattern = self.pattern[:-1]
        elif character:
            self.pattern += character
        self.spec = self._spec(self.key_names)
        self.query_one(Box).show(self.spec)
        self._changed()

    @property
    def hints(self) -> list[Hint]:
        """What the footer says meanwhile."""
        *first, last = self.spec.hints
        first = [replace(each, label="clear") for each in first]
        return [*first, hint(self.key_names, "dialog.left dialog.right", "scope"), last]
