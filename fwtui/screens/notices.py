"""What the message line says: a notice until it has been read, else what holds."""

from __future__ import annotations

from collections.abc import Callable

from fwtui.model import messages
from fwtui.model.messages import Message
from fwtui.screens.conductor import Conductor

__all__ = ["Notices"]

_NOTICE_SECONDS = 4.0


class Notices:
    """The last notice, and the banners that follow from what is.

    Args:
        conductor: what is.
        clock: seconds since the epoch.
    """

    def __init__(self, conductor: Conductor, clock: Callable[[], float]) -> None:
        self._conductor = conductor
        self._clock = clock
        self._notice: Message | None = None
        self._noticed_at = 0.0
        self._key_since = False
        self._later: list[Message] = []

    def take(self, message: Message | None) -> None:
        """Say something until the next key, but for four seconds at least; None takes back what was said."""
        if message is None and self._later:
            message = self._later.pop(0)
        self._notice, self._noticed_at, self._key_since = message, self._clock(), False

    def take_first(self, message: Message) -> None:
        """Say something, and what is said now after it."""
        if self._notice is not None:
            self._later.insert(0, self._notice)
        self.take(message)

    def key_pressed(self) -> None:
        """A key was pressed: what was said before it has been read, or will have been in a moment."""
        self._key_since = True

    @property
    def read(self) -> bool:
        """A notice has been there for long enough, and a key was pressed."""
        return self._notice is not None and self._key_since and self._clock() - self._noticed_at >= _NOTICE_SECONDS

    @property
    def message(self) -> Message | None:
        """What is to be said now."""
        live = self._conductor.live
        goes_on = self._conductor.running or (live is not None and live.going_on)
        over = self._notice is not None and self._notice.in_run and not goes_on
        return self._banner() if over else self._notice or self._banner()

    def _banner(self) -> Message | None:
        view, problem = self._conductor.live, self._conductor.problem
        if view is not None and view.quitting:
            return messages.quitting()
        past = self._conductor.past
        if past is not None and past.run is not None:
            return messages.past_run(past.run)
        if problem is not None:
            return messages.broken(problem.file, problem.line, problem.text, None if view is None else view.loaded_at)
        if view is not None and view.holder is not None:
            return messages.held(view)
        if view is not None and view.run is not None and view.run.error:
            return messages.run_error(view.run.error, view)
        return None
