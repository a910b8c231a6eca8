"""What a person asks for by name or number, found in what there is; what is not there is told with what is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import click

from flowweaver.errors import UnknownTaskError
from flowweaver.records import RunRecord
from flowweaver.workflow import match_names
from fwtui.model.text import joined, visible
from fwtui.session.port import Picture
from fwtui.session.session import Session

__all__ = ["NotThere", "known_names", "known_run", "one_task", "tasks_named"]

_GLOB = frozenset("*?[")


class NotThere(click.ClickException):
    """What was asked for is not there. The text is what a person reads."""

    exit_code = 2


def known_names(picture: Picture) -> list[str]:
    """Return the tasks of the file in their order, then those that only the state knows any more."""
    names = [info.name for info in picture.tasks]
    return [*names, *(name for name in picture.records if name not in frozenset(names))]


def tasks_named(picture: Picture, pattern: str | None) -> list[str]:
    """Return the tasks that a name or a glob means, None for all.

    Raises:
        UnknownTaskError: it means none.
    """
    known = known_names(picture)
    if pattern is None:
        return known
    if pattern not in known and _GLOB.isdisjoint(pattern):
        raise _unknown(picture, pattern, known)
    found = match_names(pattern, known, what="The pattern")
    return [name for name in known if name in found]


def one_task(picture: Picture, name: str) -> str:
    """Return the task of this name.

    Raises:
        UnknownTaskError: there is none.
    """
    known = known_names(picture)
    if name not in known:
        raise _unknown(picture, name, known)
    return name


def _unknown(picture: Picture, name: str, known: Iterable[str]) -> UnknownTaskError:
    near = get_close_matches(name, list(known), n=1)
    meant = f". Did you mean {visible(near[0])}?" if near else f"; it has: {joined(known)}" if known else ""
    return UnknownTaskError(f"{visible(picture.workflow)} has no task {visible(name)!r}{meant}")


def known_run(session: Session, run_id: int) -> RunRecord:
    """Return the run of this number.

    Raises:
        NotThere: there is none, or not any more.
    """
    runs = session.runs()
    for run in runs:
        if run.run_id == run_id:
            return run
    if not runs:
        raise NotThere(f"There is no run {run_id}: nothing has run yet")
    last, first = runs[0].run_id, runs[-1].run_id
    there = f"is run {last}" if first == last else f"are runs {first} to {last}"
    raise NotThere(f"There is no run {run_id}; there {there}")
