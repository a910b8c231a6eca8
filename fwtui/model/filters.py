"""Which tasks a filter shows: parts of names in any order, and states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fwtui.model.status import FAILURES, State
from fwtui.model.views import TaskView

__all__ = ["Filter", "Named", "filter_for", "named", "parse_filter"]

_STATE_WORDS: Mapping[str, frozenset[State]] = {
    **{state.value.replace(" ", ""): frozenset({state}) for state in State},
    "failed": FAILURES,
}


class Named(NamedTuple):
    """A task's name, as it is shown, and as it is compared where case does not matter."""

    name: str
    title: str
    low: str


def named(tasks: Iterable[TaskView]) -> list[Named]:
    """Return what a filter looks at, in the workflow's order: made once, for every key that is typed asks for it."""
    return [Named(task.name, task.title, task.title.lower()) for task in tasks]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was typed; all of its words must match.

    Attributes:
        words: parts of names; one with a capital letter is matched exactly, the others in any case.
        states: states of which a task must have one, for each word that begins with ``!``.
    """

    words: tuple[str, ...] = ()
    states: tuple[frozenset[State], ...] = ()

    def shown(self, names: Sequence[Named], tasks: Mapping[str, TaskView]) -> list[str]:
        """Return the names of the tasks that match, in their order; an empty filter shows all."""
        found = names
        for word in self.words:
            if word == word.lower():
                found = [each for each in found if word in each.low]
            else:
                found = [each for each in found if word in each.title]
        for states in self.states:
            found = [each for each in found if tasks[each.name].state in states]
        return [each.name for each in found]


def parse_filter(text: str) -> Filter:
    """Return the filter that a text means; ``!fail,stop`` is any state whose word begins with one of these."""
    words, states = [], []
    for word in text.split():
        wanted = tuple(filter(None, word[1:].lower().split(",")))
        if not word.startswith("!"):
            words.append(word)
        elif wanted:
            hits = (found for name, found in _STATE_WORDS.items() if name.startswith(wanted))
            states.append(frozenset[State]().union(*hits))
    return Filter(tuple(words), tuple(states))


def filter_for(states: Iterable[State]) -> str:
    """Return the text of a filter that shows these states."""
    words = (state.value.replace(" ", "") for state in states)
    return f"!{','.join(words)}"
