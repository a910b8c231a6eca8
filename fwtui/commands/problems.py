"""What a person is told when a command cannot do what was asked, and with which exit code.

2 wrong usage, 3 the file did not load, 4 the state cannot be used, 130 and 143 ended by a signal.
"""

from __future__ import annotations

from flowweaver.errors import DefinitionError, FlowWeaverError, StateError, StateLockedError, UnknownTaskError
from fwtui.session.owners import other_owners, warning
from fwtui.session.params import ParameterError
from fwtui.session.port import LoadProblem
from fwtui.signals import Stopped

__all__ = ["problem_of"]


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
    return _refusal(error)


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


def locked_text(error: StateLockedError, *, run_id: int | None, file: str, target: str) -> str:
    """Return what is said when another process runs the same workflow.

    Args:
        error: the refusal.
        run_id: the run that goes on, None if it is not known.
        file: the file, as shown to a person.
        target: the same as it is named in a command.
    """
    run = "a run" if run_id is None else f"run {run_id}"
    holder = f" ({error.holder})" if error.holder else ""
    return f"{run} of {file} is going on{holder}. Wait for it, or watch it: fwtui {target}"
