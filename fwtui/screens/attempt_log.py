"""The log of one attempt: loaded beside everything else, and grown by what the attempt writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from flowweaver.events import TaskOutput, TaskWriting
from flowweaver.records import AttemptRecord, LogLine
from fwtui.background import in_thread
from fwtui.model.document import Document
from fwtui.model.frames import Excerpt
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.logtext import empty_text, error_lines, log_lines, pane_title, unkept_lines, wants_error
from fwtui.model.segments import Line, Segment, line
from fwtui.model.status import OPEN_STATES
from fwtui.model.views import TaskView
from fwtui.screens.conductor import Conductor
from fwtui.widgets.lines_pane import LinesPane

__all__ = ["AttemptLog"]

_MANY = 1_000
_LONG = 50_000
"""Lines, or characters, from which on they are composed in a thread."""

_Key = tuple[str, int | None, int]


class AttemptLog:
    """What the log shows: the selected task's last attempt, or an older one.

    Args:
        conductor: gives logs and source lines.
        widget: where it is shown.
        run: runs a coroutine beside everything else.
        shown: called when another log has been filled in.
        names: the keys as the person has them.

    Attributes:
        widget: where it is shown.
        task: the selected task.
        loading: a log is on its way.
    """

    def __init__(
        self,
        conductor: Conductor,
        widget: LinesPane,
        run: Callable[[Coroutine[Any, Any, None]], object],
        shown: Callable[[], None],
        names: KeyNames = USUAL,
    ) -> None:
        self._conductor = conductor
        self.widget = widget
        self._run = run
        self._told = shown
        self._names = names
        self.task: TaskView | None = None
        self.loading = False
        self._attempt: int | None = None
        self._shown: _Key | None = None
        self._shown_state: object = None
        self._bare = True
        self._again = False
        self._count = 0
        self._styles: dict[str, str] = {}
        self._meanwhile: list[TaskOutput | TaskWriting] = []

    def select(self, task: TaskView | None) -> None:
        """Show another task's log, or that of the same one as it is now."""
        if (None if task is None else task.name) != (None if self.task is None else self.task.name):
            self._attempt = None
        self.task = task
        state = None if task is None else (task.state in OPEN_STATES, task.error, task.state)
        if task is None:
            self._shown = None
            self.widget.show([])
        elif self._key() != self._shown or state != self._shown_state:
            self._load()
        self._shown_state = state

    def other_attempt(self, step: int) -> None:
        """Show an older or a newer attempt of the selected task."""
        if self.task is None:
            return
        wanted = min(max((self._attempt or self.task.attempt) + step, 1), max(1, self.task.attempt))
        self._attempt = None if wanted == self.task.attempt else wanted
        if self._key() != self._shown:
            self._load()

    def forget(self) -> None:
        """Another run is shown: what a task wrote is loaded anew, whatever it is."""
        self._shown = None

    def reload(self) -> None:
        """Write anew what depends on the width."""
        if self.task is not None:
            self._load()

    def title(self, *, wide: bool) -> str:
        """Return whose log it is, which attempt, and where in it one is."""
        view, widget = self._conductor.view, self.widget
        if view is None:
            return ""
        return pane_title(
            view,
            self.task,
            wide=wide,
            place=widget.place,
            following=widget.following,
            shown=self._attempt,
            names=self._names,
        )

    def _key(self) -> _Key | None:
        if self.task is None:
            return None
        return self.task.name, self.task.run_id, self._attempt or self.task.attempt

    def wrote(self, events: Sequence[TaskOutput | TaskWriting]) -> None:
        """Add what the shown attempt has written."""
        if self._shown is None:
            return
        task, _, attempt = self._shown
        own = [event for event in events if (event.task, event.attempt) == (task, attempt)]
        if not own:
            return
        if self.loading:
            # What is being loaded may or may not have these lines; their numbers will tell.
            self._meanwhile += own
        else:
            self._add(own)

    def _add(self, events: Sequence[TaskOutput | TaskWriting]) -> None:
        new: list[LogLine] = []
        for event in events:
            if isinstance(event, TaskOutput):
                known = self._count + len(new)
                first = event.first or known + 1
                if first > known + 1:
                    self._load()  # there are lines between these that nobody has told of
                    return
                new += event.lines[known + 1 - first :]
        if self._bare or len(new) > _MANY:
            self._load()
            return
        self._count += len(new)
        self.widget.append(log_lines(new, self._styles), self._unkept_lines())

    def _unkept_lines(self) -> list[Line]:
        unkept = None if self._shown is None else self._conductor.unkept(self._shown[0], self._shown[2])
        return [] if unkept is None else unkept_lines(unkept, self._styles)

    def _load(self) -> None:
        """Load the wanted log; while one is being loaded, only the last one wanted is loaded after it."""
        if self.loading:
            self._again = True
            return
        self.loading = True
        self._run(self._load_until_shown())

    async def _load_until_shown(self) -> None:
        try:
            while True:
                self._again = False
                await self._load_once()
                if not self._again:
                    return
        finally:
            self.loading = False

    async def _load_once(self) -> None:
        task, key = self.task, self._key()
        if task is None or key is None:
            return
        number = key[2]
        self._meanwhile = []
        lines = await self._conductor.log(task, number)
        attempts = [each for each in self._conductor.attempts(task) if each.attempt <= number]
        excerpts = await self._conductor.excerpts(task, number)
        width, styles = self.widget.fold_width, dict[str, str]()
        if len(lines) < _MANY and sum(len(each.text) for each in lines) < _LONG:
            made = _composed(lines, styles, width)
        else:
            made = await in_thread(_composed, lines, styles, width)
        now = self.task
        if now is None or key != self._key():
            self._again = True
            return
        self._count, self._styles = len(lines), styles
        self._fill(now, key, made, attempts, excerpts)
        meanwhile, self._meanwhile = self._meanwhile, []
        if any(isinstance(event, TaskOutput) and not event.first for event in meanwhile):
            self._again = True
        elif meanwhile:
            self._add(meanwhile)

    def _fill(
        self,
        task: TaskView,
        key: _Key,
        made: Document,
        attempts: Sequence[AttemptRecord],
        excerpts: Sequence[Excerpt],
    ) -> None:
        view, widget = self._conductor.view, self.widget
        if view is None:
            return
        before = len(made.lines)
        error = []
        if key[2] < task.attempt or wants_error(task):
            error = error_lines(attempts, task.attempts_allowed, excerpts, widget.size.width, self._names)
        same = key == self._shown
        self._shown = key
        unkept = [] if error else self._unkept_lines()
        # Where something else than the log stands at its end, what is written is not put behind that.
        self._bare = bool(error) or not (before or unkept)
        if not before and not error and not unkept:
            made.add([line(Segment(f" {empty_text(view, task)}", "muted"))])
        live = view.going_on and task.state in OPEN_STATES
        # The error and its frames are what the pane is opened for; the last lines before them come with it.
        frames = sum(1 + len(each.lines) + each.changed for each in excerpts)
        core = (before, before + 1 + frames) if error else None
        made.add([*error, *unkept])
        widget.show(made, follow=live, keep_place=same and not error, core=core, loose=len(unkept))
        self._told()


def _composed(lines: Sequence[LogLine], styles: dict[str, str], width: int) -> Document:
    return Document(log_lines(lines, styles), width)
