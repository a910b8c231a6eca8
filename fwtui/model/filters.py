"""Which tasks a filter shows: parts of names in any order, and states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fwtui.model.status import FAILURES, State
from fwtui.model.views import TaskView

__all__ = ["Filter", "parse_filter", "shown_names"]

_STATE_WORDS: Mapping[str, frozenset[State]] = {
    **{state.value.replace(" ", ""): frozenset({state}) for state in State},
    "failed": FAILURES,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was typed; all of its words must match.

    Attributes:
        words: parts of names; one with a capital letter is matched exactly, the others in any case.
        states: states of which a task must have one, for each word that begins with ``!``.
    """

    words: tuple[str, ...] = ()
    states: tuple[frozenset[State], ...] = ()

    def matches(self, task: TaskView) -> bool:
        """Tell whether a task is shown."""
        name, low = task.title, task.title.lower()
        for states in self.states:
            if task.state not in states:
                return False
        return all(word in (low if word == word.lower() else name) for word in self.words)


def parse_filter(text: str) -> Filter:
    """Return the filter that a text means; ``!fail`` is any state whose word begins so."""
    words, states = [], []
    for word in text.split():
        if word.startswith("!"):
            wanted = word[1:].lower()
            hits = (found for name, found in _STATE_WORDS.items() if wanted and name.startswith(wanted))
            found = frozenset[State]().union(*hits)
            if wanted:
                states.append(found)
        else:
            words.append(word)
    return Filter(tuple(words), tuple(states))


def shown_names(tasks: Iterable[TaskView], text: str) -> list[str]:
    """Return the names of the tasks that a filter shows, in their order; an empty filter shows all."""
    wanted = parse_filter(text)
    if not wanted.words and not wanted.states:
        return [task.name for task in tasks]
    return [task.name for task in tasks if wanted.matches(task)]
