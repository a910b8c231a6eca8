"""How a run ended, as a caller reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from flowweaver.status import WorkflowStatus

__all__ = ["RunSummary"]


class RunSummary(NamedTuple):
    """How a run ended.

    Attributes:
        outcome: "completed", "failed" or "cancelled".
        duration: seconds.
        completed: tasks that ran and have their result.
        restored: tasks whose stored result was reused.
        pending: tasks that never began, or were interrupted.
        errors: the exception of each failed task.
        contained: how often a listener, hook or callback raised.
        left_behind: threads that still run a task that was given up.
    """

    workflow: str
    run_id: int
    outcome: str
    started_at: datetime
    duration: float
    completed: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    errors: Mapping[str, BaseException] = MappingProxyType({})
    contained: int = 0
    left_behind: int = 0

    @property
    def status(self) -> WorkflowStatus:
        """The workflow's status after this run."""
        return WorkflowStatus.COMPLETED if self.outcome == "completed" else WorkflowStatus.FAILED
