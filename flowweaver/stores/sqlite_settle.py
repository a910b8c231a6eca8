"""Writing down what a run leaves unsaid: at its end, or after its death by whoever holds its lock next.

While it goes on, a run writes no rows of good attempts, since all they say stands in the rows of their tasks; they are
made from there, all at once.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from flowweaver.stores.codec import compact

__all__ = ["attempts_from_tasks", "counts_so_far", "settle"]

# CROSS JOIN: runs without an end come first, of which there is one at most; else SQLite seeks the run of every task.
_UNWRITTEN: Final = """INSERT INTO attempts (run, task_name, attempt, started_at, finished_at, outcome)
    SELECT runs.id, tasks.task_name, tasks.attempt, tasks.started_at, tasks.finished_at, 'completed'
    FROM runs CROSS JOIN tasks ON tasks.workflow = runs.workflow AND tasks.run_id = runs.run_id
    WHERE runs.workflow = ? AND runs.outcome IS NULL AND tasks.status = 'COMPLETED'
    AND tasks.started_at IS NOT NULL
    ON CONFLICT DO UPDATE SET finished_at = excluded.finished_at, outcome = 'completed' WHERE outcome IS NULL"""

_IN_FLIGHT: Final = """INSERT INTO attempts (run, task_name, attempt, started_at, outcome)
    SELECT runs.id, tasks.task_name, tasks.attempt, coalesce(tasks.started_at, runs.started_at), 'interrupted'
    FROM tasks JOIN runs ON runs.workflow = tasks.workflow AND runs.run_id = tasks.run_id
    WHERE tasks.workflow = ? AND tasks.status = 'RUNNING' ON CONFLICT DO NOTHING"""

_OF_RUN: Final = """SELECT CASE status WHEN 'COMPLETED' THEN 'completed' WHEN 'FAILED' THEN 'failed'
    WHEN 'SKIPPED' THEN 'skipped' ELSE 'interrupted' END AS word, count(*) FROM tasks
    WHERE workflow = ? AND run_id = ?
    AND (status IN ('COMPLETED', 'FAILED', 'SKIPPED', 'RUNNING', 'RETRYING') OR interrupted) GROUP BY word"""

_UNENDED: Final = "SELECT run_id FROM runs WHERE workflow = ? AND outcome IS NULL"


def attempts_from_tasks(workflow: str) -> tuple[str, list[tuple[str]]]:
    """Return the step that writes the rows of a run's good attempts while the run has no end."""
    return _UNWRITTEN, [(workflow,)]


def counts_so_far(cursor: sqlite3.Cursor, workflow: str, run_id: int) -> dict[str, int]:
    """Return how many tasks a run without an end has done, and how many it was doing, by the words of its counts."""
    return dict(cursor.execute(_OF_RUN, (workflow, run_id)).fetchall())


def settle(cursor: sqlite3.Cursor, workflow: str) -> None:
    """Write down what the death of an earlier run left: whoever has the lock knows that nothing of it runs."""
    for (run_id,) in cursor.execute(_UNENDED, (workflow,)).fetchall():
        counts = compact(counts_so_far(cursor, workflow, run_id))
        cursor.execute("UPDATE runs SET counts = ? WHERE workflow = ? AND run_id = ?", (counts, workflow, run_id))
    cursor.executemany(*attempts_from_tasks(workflow))
    cursor.execute(_IN_FLIGHT, (workflow,))
    cursor.execute(
        "UPDATE tasks SET status = 'PENDING', interrupted = 1 WHERE workflow = ? AND status IN ('RUNNING', 'RETRYING')",
        (workflow,),
    )
    cursor.execute(
        "UPDATE runs SET outcome = 'interrupted', unfinished = 1 WHERE workflow = ? AND outcome IS NULL", (workflow,)
    )
