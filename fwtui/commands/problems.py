"""What a person is told when a command cannot do what was asked, and with which exit code.

2 wrong usage, 3 the file did not load, 4 the state cannot be used, 130 and 143 ended by a signal.
"""

from __future__ import annotations

import errno
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flowweaver.errors import DefinitionError, FlowWeaverError, StateError, StateLockedError, UnknownTaskError
from fwtui.session.owners import other_owners, warning
from fwtui.session.params import ParameterError
from fwtui.session.port import LoadProblem
from fwtui.session.project import shown
from fwtui.signals import Stopped
from fwtui.streams import Unwritable

if TYPE_CHECKING:
    from fwtui.session.session import Session

__all__ = ["naming_the_run", "problem_of"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def problem_of(error: BaseException) -> tuple[str, int] | None:
    """Return one to three lines and an exit code; None for an error that is a mistake of ours."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; nothing was running", error.code if isinstance(error, Stopped) else 130
    if isinstance(error, LoadProblem):
        return _load_problem(error), error.code
    if isinstance(error, ParameterError | UnknownTaskError):
        return str(error), 2
    if isinstance(error, ImportError) and (error.name or "").startswith("flowweaver"):
        # Half of our engine is somebody else's.
        text = warning(other_owners())
        return (text, 1) if text else None
    return _unwritable(error) or _refusal(error)


def _unwritable(error: BaseException) -> tuple[str, int] | None:
    if isinstance(error, Unwritable):
        return str(error), error.code
    if isinstance(error, OSError) and error.errno in _FULL:  # help is written by click
        return f"stdout cannot be written: {error.strerror}", 1
    return None


def _refusal(error: BaseException) -> tuple[str, int] | None:
    if isinstance(error, StateError):
        return str(error), 4
    if isinstance(error, DefinitionError):
        return str(error), 3
    return (str(error), 1) if isinstance(error, FlowWeaverError) else None


def _load_problem(problem: LoadProblem) -> str:
    lines = [str(problem)]
    if len(problem.frames) > 1:
        lines.append(" > ".join(problem.frames[-4:]))
    if problem.hint:
        lines.append(problem.hint)
    return "\n".join(lines)


@contextmanager
def naming_the_run(session: Session) -> Iterator[None]:
    """Tell of a state that another process holds by the run that goes on there.

    Raises:
        StateLockedError: the same, in these words.
    """
    try:
        yield
    except StateLockedError as error:
        if error.holder is None:
            raise
        last = session.last_run()
        run = "a run" if last is None else f"run {last.run_id}"
        file, target = shown(session.project.file), shlex.quote(session.target)
        raise StateLockedError(
            f"{run} of {file} is going on ({error.holder}). Wait for it, or watch it: fwtui {target}",
            path=error.path,
            holder=error.holder,
        ) from error
