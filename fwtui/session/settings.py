"""What the command line says about a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fwtui.session.port import RunRequest

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says about a session.

    Attributes:
        name: which of the file's workflows.
        params: parameters as typed.
        request: what the first run is asked to do; its selection holds for all runs.
        executor, workers: how tasks are run.
        isolate: the file is loaded, and its tasks are run, in processes of their own.
        command: the words that repeat these settings in a command line, for the command that resumes.
    """

    name: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    request: RunRequest = field(default_factory=RunRequest)
    executor: str = "threaded"
    workers: int | None = None
    isolate: bool = False
    command: tuple[str, ...] = ()
