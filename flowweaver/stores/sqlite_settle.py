"""Writing down what the death of a run left unsaid, by whoever holds its lock next.

A run writes the rows of good attempts in portions, since all they say stands in the rows of their tasks. When it dies
with a portion unwritten, the rows are made from there.
"""

from __future__ import annotations

import sqlite3
from typing import Final

__all__ = ["settle", "settle_attempts"]

_UNWRITTEN: Final = """INSERT INTO attempts (run, task_name, attempt, started_at, finished_at, outcome)
    SELECT runs.id, tasks.task_name, tasks.attempt, tasks.started_at, tasks.finished_at, 'completed'
    FROM tasks JOIN runs ON runs.workflow = tasks.workflow AND runs.run_id = tasks.run_id
    WHERE tasks.workflow = ? AND runs.outcome IS NULL AND tasks.status = 'COMPLETED'
    AND tasks.started_at IS NOT NULL
    ON CONFLICT DO UPDATE SET finished_at = excluded.finished_at, outcome = 'completed' WHERE outcome IS NULL"""

_IN_FLIGHT: Final = """INSERT INTO attempts (run, task_name, attempt, started_at, outcome)
    SELECT runs.id, tasks.task_name, tasks.attempt, coalesce(tasks.started_at, runs.started_at), 'interrupted'
    FROM tasks JOIN runs ON runs.workflow = tasks.workflow AND runs.run_id = tasks.run_id
    WHERE tasks.workflow = ? AND tasks.status = 'RUNNING' ON CONFLICT DO NOTHING"""


def settle_attempts(cursor: sqlite3.Cursor, workflow: str) -> None:
    """Write the rows of good attempts that a dead run had not written yet."""
    cursor.execute(_UNWRITTEN, (workflow,))


def settle(cursor: sqlite3.Cursor, workflow: str) -> None:
    """Write down what the death of an earlier run left: whoever has the lock knows that nothing of it runs."""
    settle_attempts(cursor, workflow)
    cursor.execute(_IN_FLIGHT, (workflow,))
    cursor.execute(
        "UPDATE tasks SET status = 'PENDING', interrupted = 1 WHERE workflow = ? AND status IN ('RUNNING', 'RETRYING')",
        (workflow,),
    )
    cursor.execute(
        "UPDATE runs SET outcome = 'interrupted', unfinished = 1 WHERE workflow = ? AND outcome IS NULL", (workflow,)
    )
