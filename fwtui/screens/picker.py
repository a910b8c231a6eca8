"""Which workflow? Those of a folder, or of a file that has several, each with the state of its last run."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message as TextualMessage
from textual.screen import Screen

from fwtui.background import in_thread
from fwtui.model import messages
from fwtui.model.footer import Hint, hint
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.messages import Message
from fwtui.model.picker import Candidate, PickRow, pick_row
from fwtui.model.picker_lines import columns_for
from fwtui.screens.help import HelpScreen
from fwtui.session.folder import Workflows
from fwtui.widgets.bindings import binding_of
from fwtui.widgets.drawing import COLOURS
from fwtui.widgets.footer import Footer
from fwtui.widgets.message import MessageLine, Prompt
from fwtui.widgets.picks import Head, Picks

__all__ = ["Picker"]

_AT_ONCE = 20
"""Workflows that are read before those are shown."""
_EVERY = 3
"""Seconds after which states are read again: somebody else may run one."""


class Picker(Screen[None], inherit_bindings=False):
    """The list, moved along by whoever owns the time, as the dashboard is.

    Args:
        workflows: what there is.
        clock: seconds since the epoch.
        names: the keys as the person has them.

    Attributes:
        busy: one is being opened: keys wait.
        typing: "workflows" while a filter is typed, else "".
        dialog: None; no question is ever asked here.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COLOURS}

    AUTO_FOCUS: ClassVar[str | None] = "#workflows"
    BINDINGS: ClassVar[list[BindingType]] = [
        binding_of("leave.quit", "leave"),
        binding_of("find.back", "back"),
        binding_of("find.filter", "find"),
        binding_of("look.help", "help"),
    ]

    class Picked(TextualMessage):
        """A workflow is to be opened."""

        def __init__(self, candidate: Candidate) -> None:
            super().__init__()
            self.candidate = candidate

    class Left(TextualMessage):
        """The person has left.

        Attributes:
            whole: for good, and not only to the list that this was opened from.
        """

        def __init__(self, *, whole: bool) -> None:
            super().__init__()
            self.whole = whole

    def __init__(self, workflows: Workflows, clock: Callable[[], float], names: KeyNames = USUAL) -> None:
        super().__init__()
        self.workflows = workflows
        self.busy = False
        self.typing = ""
        self.dialog = None
        self._clock = clock
        self._names = names
        self._found: dict[str, _Found] = {}
        self._problems: dict[str, str] = {}
        """Why a file did not load when it was opened: its text alone does not tell."""
        self._reading = False
        self._read_at = 0.0
        self._notice: Message | None = None

    # -- parts ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """A head, the list, what is to be said, the keys."""
        yield Head(id="head")
        yield Picks(self._clock, id="workflows")
        yield MessageLine(self._names, id="message")
        yield Prompt(self._names, id="prompt")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Read what there is."""
        self._lay_out()
        self._refresh_lines()
        self.read()

    def on_resize(self) -> None:
        """Leave out what there is no room for."""
        self._lay_out()
        self._refresh_lines()

    def _lay_out(self) -> None:
        self.query_one(Prompt).display = bool(self.typing)
        self.query_one(MessageLine).display = not self.typing and self.size.height > 7
        self.query_one(Footer).display = self.size.height > 4

    def _refresh_lines(self) -> None:
        self.query_one(Head).show(self.workflows.title, self.picks.title, self.picks.rows)
        self.query_one(MessageLine).show(self._message())
        self.query_one(Footer).show(self._hints())

    def _message(self) -> Message | None:
        row = self.picks.selected
        if self._notice is not None or row is None:
            return self._notice
        if row.wrong:
            return messages.refused(f"{row.file}: {row.note}")
        hidden = row.note and not columns_for(self.picks.rows, self.size.width, self._clock()).note
        return messages.note(f"{row.title}: {row.word}, {row.note}.") if hidden else None

    def _hints(self) -> list[Hint]:
        def of(ids: str, label: str) -> Hint:
            return hint(self._names, ids, label)

        if self.typing:
            moves = of("typing.up typing.down", "move")
            return [of("typing.keep", "keep filter"), of("typing.drop", "drop filter"), moves]
        opening = [of("workflows.open", "open")] if self.picks.selected is not None else []
        return [*opening, of("find.filter", "filter"), of("look.help", "help"), of("leave.quit", "quit")]

    @property
    def picks(self) -> Picks:
        """The list."""
        return self.query_one(Picks)

    # -- what is read -----------------------------------------------------------------------------------------------

    @property
    def reading(self) -> bool:
        """The files and their states are being read."""
        return self._reading

    def read(self) -> None:
        """Read what there is, and how it stands."""
        if not self._reading:
            self._reading = True
            self.run_worker(self._read(), exit_on_error=True)

    async def _read(self) -> None:
        found: dict[str, _Found] = {}
        first = not self._found
        try:
            candidates = self.workflows.read()
            while batch := await in_thread(_next, candidates):
                found |= {each.row.key: each for each in batch}
                if first:
                    self._show(found)  # they come as they are read
            self._show(found)
        finally:
            self._reading, self._read_at = False, self._clock()
        if not found:
            none = await in_thread(self.workflows.none_text)
            if self._is_whole():
                self.say(messages.refused(none))

    def _is_whole(self) -> bool:
        """Tell whether every part is there: what was read in a thread may come back when the screen is going."""
        return all(self.query(part) for part in (Head, Picks, MessageLine, Footer))

    def _show(self, found: dict[str, _Found]) -> None:
        self._found = dict(found)
        if not self._is_whole():
            return
        self.picks.show([self._row(key, each) for key, each in found.items()])
        self._refresh_lines()

    def _row(self, key: str, found: _Found) -> PickRow:
        problem = self._problems.get(key, "")
        if not problem or found.candidate.problem:
            return found.row
        return pick_row(replace(found.candidate, problem=problem))

    def came_back(self, key: str, problem: str) -> None:
        """A workflow was left.

        Args:
            key: which.
            problem: why its file does not load, "" if it does.
        """
        self._problems.pop(key, None)
        if problem:
            self._problems[key] = problem
        self._show(self._found)
        self.read()

    # -- time and messages ------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Nothing runs here."""

    def turn(self) -> None:
        """Nothing turns here."""

    def wrote_outside(self, texts: Sequence[str]) -> None:
        """What was left behind by a workflow writes on; nobody looks at that any more."""

    def tick(self) -> None:
        """Move the times that go on, and read again what others may have changed; once a second."""
        self.picks.tick()
        if self.is_current and self._clock() - self._read_at >= _EVERY:
            self.read()

    def say(self, message: Message | None) -> None:
        """Say something until the next key."""
        self._notice = message
        self._refresh_lines()

    def key_pressed(self) -> None:
        """A key was pressed: what was said before has been read."""
        if self._notice is not None:
            self.say(None)

    def on_picks_moved(self) -> None:
        """Say what is wrong with the one under the cursor."""
        self._refresh_lines()

    def on_picks_changed(self) -> None:
        """Other rows are shown."""
        self._refresh_lines()

    def on_footer_picked(self, event: Footer.Picked) -> None:
        """A click on a key of the footer does what the key does."""
        actions = {
            "workflows.open": self.picks.action_open,
            "find.filter": self.action_find,
            "look.help": self.action_help,
            "leave.quit": self.action_leave,
        }
        if event.key_id in actions:
            actions[event.key_id]()
        else:
            self.query_one(Prompt).take(event.key_id)

    # -- keys -------------------------------------------------------------------------------------------------------

    def on_picks_opened(self, event: Picks.Opened) -> None:
        """Open a workflow."""
        if not self.busy and event.key in self._found:
            self.busy = True
            self.post_message(self.Picked(self._found[event.key].candidate))

    def action_leave(self) -> None:
        """Leave the list."""
        self.post_message(self.Left(whole=False))

    def action_interrupt(self) -> None:
        """Leave for good."""
        self.post_message(self.Left(whole=True))

    def action_back(self) -> None:
        """Drop the filter; without one, leave the list."""
        if self.picks.filter_text:
            self.picks.set_filter("")
        else:
            self.action_leave()

    def action_help(self) -> None:
        """Show every key."""
        self.app.push_screen(HelpScreen("workflows", self._names))

    def action_find(self) -> None:
        """Type a filter."""
        self.typing = "workflows"
        prompt = self.query_one(Prompt)
        prompt.start()
        self._lay_out()
        self.set_focus(prompt)
        self._refresh_lines()

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Show what the text finds."""
        self.picks.set_filter(event.text)
        self.query_one(Prompt).note(self.picks.title)

    def on_prompt_moved(self, event: Prompt.Moved) -> None:
        """Move in what is found."""
        self.picks.action_move(event.delta)

    def on_prompt_entered(self) -> None:
        """Keep what was typed."""
        self._end_typing()

    def on_prompt_dropped(self) -> None:
        """Forget what was typed."""
        self.picks.set_filter("")
        self._end_typing()

    def _end_typing(self) -> None:
        self.typing = ""
        self._lay_out()
        self.set_focus(self.picks)
        self._refresh_lines()


class _Found(NamedTuple):
    """A workflow, and its row: made where it is read, for it takes a while for hundreds of them."""

    candidate: Candidate
    row: PickRow


def _next(candidates: Iterator[Candidate]) -> list[_Found]:
    return [_Found(candidate, pick_row(candidate)) for candidate in itertools.islice(candidates, _AT_ONCE)]
