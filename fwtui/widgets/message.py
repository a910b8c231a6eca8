"""The one line above the footer: what must be said, and where a filter or a search is typed."""

from __future__ import annotations

from textual import events
from textual.message import Message as TextualMessage

from fwtui.model.key_names import EVEN_HERE, USUAL, KeyNames
from fwtui.model.messages import Message
from fwtui.model.segments import Line, Segment, cells, crop, line, pad_end
from fwtui.model.text import visible
from fwtui.widgets.drawing import Lines

__all__ = ["MessageLine", "Prompt"]

_FIELD = 24


class MessageLine(Lines):
    """A notice, else a banner that holds, else nothing.

    Args:
        names: the keys as the person has them.
    """

    def __init__(self, names: KeyNames = USUAL, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._names = names
        self._message: Message | None = None

    @property
    def text(self) -> str:
        """The long form of what is said, "" for nothing."""
        return "" if self._message is None else self._message.text

    def show(self, message: Message | None) -> None:
        """Say this, or nothing."""
        self._message = message
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the sentence in the form that fits."""
        del height
        return [() if self._message is None else self._message.fitted(width, self._names)]

    def role_of(self, y: int) -> str:
        """Return the role of a line that is one colour from end to end."""
        del y
        return "" if self._message is None else self._message.role


class Prompt(Lines, can_focus=True):
    """A line to type in. It has every key but those that lead out of it.

    Args:
        names: the keys as the person has them.
    """

    class Typed(TextualMessage):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Entered(TextualMessage):
        """The text is to be kept."""

    class Dropped(TextualMessage):
        """The text is to be forgotten."""

    class Moved(TextualMessage):
        """An arrow was pressed: what is filtered moves meanwhile."""

        def __init__(self, delta: int) -> None:
            super().__init__()
            self.delta = delta

    def __init__(self, names: KeyNames = USUAL, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._names = names
        self._text = ""
        self._note = ""

    @property
    def text(self) -> str:
        """What has been typed."""
        return self._text

    def start(self) -> None:
        """Begin with an empty line."""
        self._text, self._note = "", ""
        self.redraw()

    def note(self, text: str) -> None:
        """Say beside the field what the text does ("2 of 9 tasks")."""
        self._note = text
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the field and its note; the end of a long text is what is seen."""
        del width, height
        shown = visible(self._text)
        size = cells(shown)
        if size > _FIELD - 1:
            shown = "…" + crop(shown, size - _FIELD + 2)
        return [line(" ", Segment("/ ", "key"), pad_end(f"{shown}▏", _FIELD), Segment(self._note, "muted"))]

    def on_key(self, event: events.Key) -> None:
        """Take every key but those that are the same everywhere; a colon is text here, and no palette."""
        if self._names.id_of(event.key, "everywhere") in EVEN_HERE:
            return
        event.stop()
        event.prevent_default()
        key_id = self._names.id_of(event.key, "typing")
        if key_id:
            self.take(key_id)
        elif event.is_printable and event.character:
            self._change(self._text + event.character)

    def take(self, key_id: str) -> None:
        """Do what a key does, by its id."""
        match key_id:
            case "typing.keep":
                self.post_message(self.Entered())
            case "typing.drop":
                self.post_message(self.Dropped())
            case "typing.up":
                self.post_message(self.Moved(-1))
            case "typing.down":
                self.post_message(self.Moved(1))
            case "typing.erase":
                self._change(self._text[:-1])
            case "typing.erase_word":
                self._change(self._text.rstrip().rpartition(" ")[0])
            case "typing.erase_all":
                self._change("")

    def on_paste(self, event: events.Paste) -> None:
        """Take the first line of what is pasted."""
        event.stop()
        self._change(self._text + event.text.split("\n", 1)[0])

    def _change(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.redraw()
            self.post_message(self.Typed(text))
