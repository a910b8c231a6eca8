"""Which tasks a request is about: ``--only``, ``--from`` and ``--to`` as one list of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowweaver.errors import UnknownTaskError
from flowweaver.workflow import ancestors_in, descendants_in, match_names
from fwtui.session.port import RunRequest

__all__ = ["forced_names", "merged", "selected_names"]


Dependencies = Mapping[str, Sequence[str]]
"""What each task depends on, in the workflow's order."""


def selected_names(dependencies: Dependencies, request: RunRequest) -> list[str] | None:
    """Return the tasks to consider in the workflow's order, None for all.

    Raises:
        UnknownTaskError: a name or glob matches no task, or all of them together do not.
    """
    names = list(dependencies)
    wanted: set[str] | None = None if request.only is None else match_names(request.only, names, what="--only")
    if request.start_from:
        first = match_names(request.start_from, names, what="--from")
        wanted = _both(wanted, first | descendants_in(dependencies, first))
    if request.up_to:
        last = match_names(request.up_to, names, what="--to")
        wanted = _both(wanted, last | ancestors_in(dependencies, last))
    if wanted is not None and not wanted:
        raise UnknownTaskError("Nothing is selected: no task is in all of --only, --from and --to")
    return None if wanted is None else [name for name in names if name in wanted]


def _both(wanted: set[str] | None, others: set[str]) -> set[str]:
    return others if wanted is None else wanted & others


def forced_names(dependencies: Dependencies, patterns: Sequence[str]) -> list[str]:
    """Return the tasks to run again, in the workflow's order.

    Raises:
        UnknownTaskError: a name or glob matches no task.
    """
    if not patterns:
        return []
    found = match_names(patterns, dependencies, what="--force")
    return [name for name in dependencies if name in found]


def merged(asked: RunRequest, given: RunRequest, *, first: bool) -> RunRequest:
    """Return a request completed by what was given when the session was opened.

    Args:
        asked: what a person asks now.
        given: what the command line said; its selection holds for all runs of the session.
        first: no run of this session was started yet: then "fresh", "force" and the like of the command line count too.
    """
    return RunRequest(
        fresh=asked.fresh or (first and given.fresh),
        only=given.only if asked.only is None else asked.only,
        force=(*asked.force, *(given.force if first else ())),
        keep_going=asked.keep_going or given.keep_going,
        start_from=asked.start_from or given.start_from,
        up_to=asked.up_to or given.up_to,
        continue_or_new=asked.continue_or_new or (first and given.continue_or_new),
    )
