"""The states of a task and of a workflow: exactly the names that users' code and stored files know."""

from __future__ import annotations

from enum import Enum

__all__ = ["TaskStatus", "WorkflowStatus"]


class TaskStatus(Enum):
    """State of one task. The value is the text that stores keep."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    RETRYING = "RETRYING"
    SKIPPED = "SKIPPED"


class WorkflowStatus(Enum):
    """State of a whole workflow."""

    IDLE = "IDLE"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
