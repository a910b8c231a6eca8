"""The workflows among which a person picks, as rows: how the last run of each ended, or why there is none.

Nothing here has been imported: what is known comes from the text of the files and from their states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from flowweaver.records import RunRecord
from fwtui.model.runs import run_row, usual_of_runs
from fwtui.model.status import State
from fwtui.model.text import count_of, visible

__all__ = ["Candidate", "PickRow", "count_text", "pick_row", "shown_picks"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workflow that may be opened.

    Attributes:
        path: its file, absolute.
        name: which of the file's workflows it is; None where the file has only one, or it is not known of which.
        file: the file as a person reads it.
        workflow: its name, "" if it is not known before the file is imported.
        runs: the last ones, newest first.
        holder: who runs it now ("process 4711 on lab-3, since 10:02"), or None.
        problem: why the file does not load, "" if that is not known.
        fault: why its state cannot be used, "" if it can.
    """

    path: str
    name: str | None
    file: str
    workflow: str = ""
    runs: tuple[RunRecord, ...] = ()
    holder: str | None = None
    problem: str = ""
    fault: str = ""

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return self.path if self.name is None else f"{self.path}:{self.name}"


@dataclass(frozen=True, slots=True)
class PickRow:
    """One workflow, as it is shown. All text in it is safe to show.

    Attributes:
        state: decides icon and colour.
        word: how it stands.
        started_at: when its last run began, seconds since the epoch.
        seconds: how long that took; None while it goes on, or if that is not known.
        note: at which task it failed, who runs it, why it does not load ...
        wrong: the note is about something that is to be put right before it can run.
    """

    key: str
    title: str
    file: str
    state: State
    word: str
    started_at: float | None = None
    seconds: float | None = None
    note: str = ""
    wrong: bool = False

    @property
    def going_on(self) -> bool:
        """A run goes on."""
        return self.state is State.RUNNING


def pick_row(candidate: Candidate) -> PickRow:
    """Return the row of a workflow."""
    title = visible(candidate.workflow or PurePath(candidate.file).stem)
    file = visible(candidate.file)
    if candidate.problem:
        state, word, note = State.FAILED, "does not load", candidate.problem
    elif candidate.fault:
        state, word, note = State.FAILED, "no state", candidate.fault
    elif not candidate.runs:
        return PickRow(candidate.key, title, file, State.WAITING, "never ran")
    else:
        return _of_last_run(candidate, title, file)
    return PickRow(candidate.key, title, file, state, word, note=visible(note), wrong=True)


def _of_last_run(candidate: Candidate, title: str, file: str) -> PickRow:
    last = candidate.runs[0]
    row = run_row(last, usual=usual_of_runs(candidate.runs).get(last.run_id))
    note = visible(candidate.holder or "") if row.going_on else row.note
    return PickRow(candidate.key, title, file, row.state, row.state.value, row.started_at, row.seconds, note)


def count_text(rows: Sequence[PickRow], shown: int, text: str = "") -> str:
    """Return what the heading says: "5 workflows", or which filter holds."""
    if text:
        return f"filter: {text}, {shown:,} of {len(rows):,}"
    return count_of(len(rows), "workflow")


def shown_picks(rows: Iterable[PickRow], text: str) -> list[PickRow]:
    """Return the workflows that a filter shows: all of its words must be in what the row says.

    A word with a capital letter is matched exactly, the others in any case; ``!fail`` is one that stands so.
    """
    words = text.split()
    return [row for row in rows if all(_matches(row, word) for word in words)]


def _matches(row: PickRow, word: str) -> bool:
    if word.startswith("!"):
        return row.word.replace(" ", "").startswith(word[1:].lower())
    said = f"{row.title} {row.file} {row.word} {row.note}"
    return word in (said.lower() if word == word.lower() else said)
