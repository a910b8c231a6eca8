"""The record of workflows as plain data: what the in-memory store is, and what a JSON file is when it is read.

The same rules as in a state file of SQLite, on a dict: whose record it is, what a start drops, what a skip keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from flowweaver.records import TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.text import add_seconds, iso, median_of, plain, seconds_from

__all__ = ["LIVE", "Book", "Entry"]

LIVE: Final = frozenset({TaskStatus.RUNNING, TaskStatus.RETRYING})


class Entry:
    """What is kept of one task.

    Attributes:
        record: with its value, if it has one.
        timestamp: the record's time as text, as whoever saved it gave it.
        seconds: remembered durations, as text.
    """

    __slots__ = ("record", "seconds", "timestamp")

    def __init__(self, record: TaskRecord, timestamp: str, seconds: str = "") -> None:
        self.record = record
        self.timestamp = timestamp
        self.seconds = seconds

    def as_read(self, *, alive: bool) -> TaskRecord:
        """Return the record as a store gives it: without the value, with what is known of it.

        Args:
            alive: whoever runs the workflow lives, so that what is RUNNING does run.
        """
        record, value = self.record._replace(value=None, exception=None), self.record.value
        if value is not None:
            record = record._replace(
                digest=value.digest,
                encoding=value.encoding,
                size=value.size,
                summary=value.summary,
                not_kept=value.not_kept,
            )
        return record if record.status not in LIVE or alive else _interrupted(record)


class Book:
    """All entries, by workflow ("" for none) and task name, in the order in which they came.

    Attributes:
        runs: number of the last run, by workflow.
        changed: entries that were written since the book was last saved.
    """

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self.runs: dict[str, int] = {}
        self.changed: set[tuple[str, str]] = set()

    def find(self, workflow: str, name: str) -> Entry | None:
        """Return a task's entry: the workflow's own, or else the one without a workflow."""
        return self.entries.get((workflow, name)) or self.entries.get(("", name))

    def newest(self, name: str) -> tuple[str, Entry] | None:
        """Return the newest entry of a task name over all workflows, and whose it is."""
        found = [(owner, entry) for (owner, task), entry in self.entries.items() if task == name]
        return max(found, key=lambda one: seconds_from(one[1].timestamp) or 0.0) if found else None

    def names(self, workflow: str | None) -> list[str]:
        """Return the task names of a workflow and of none, or of all, each once."""
        owners = None if workflow is None else {"", workflow}
        return list(dict.fromkeys(name for owner, name in self.entries if owners is None or owner in owners))

    def put(self, entry: Entry) -> None:
        """Keep an entry in the place of what its task had in the workflow that its record names."""
        key = entry.record.workflow or "", entry.record.task_name
        self.entries[key] = entry
        self.changed.add(key)

    def drop(self, keys: Iterable[tuple[str, str]]) -> None:
        """Forget entries."""
        for key in list(keys):
            if self.entries.pop(key, None) is not None:
                self.changed.add(key)

    def adopt(self, workflow: str, names: Iterable[str]) -> None:
        """Give the workflow the entries without one whose tasks it has, unless it has one of its own."""
        for name in names:
            entry = self.entries.get(("", name))
            if workflow and entry is not None and (workflow, name) not in self.entries:
                # In its old place, so that the order stays.
                self.entries = {
                    (workflow, name) if key == ("", name) else key: one for key, one in self.entries.items()
                }
                entry.record = entry.record._replace(workflow=workflow)
                self.changed |= {("", name), (workflow, name)}

    # -- what a run does --------------------------------------------------------------------------------------------

    def begin(self, workflow: str, redo: Sequence[str]) -> int:
        """Note the start of a run and return its number; what an earlier one left RUNNING becomes interrupted."""
        own = [entry for (owner, _), entry in self.entries.items() if owner == workflow]
        last = max([self.runs.get(workflow, 0), *(entry.record.run_id or 0 for entry in own)])
        number = self.runs[workflow] = last + 1
        for entry in own:
            if entry.record.status in LIVE:
                entry.record = _interrupted(entry.record)
                self.changed.add((workflow, entry.record.task_name))
        for name in redo:
            known = self.entries.get((workflow, name))
            if known is not None:
                known.record = known.record._replace(redo=True, redo_run=number)
                self.changed.add((workflow, name))
        return number

    def write(self, workflow: str, run_id: int, record: TaskRecord) -> None:
        """Take a record of a run."""
        before = self.entries.get((workflow, record.task_name))
        self.put(_written(before, workflow or None, run_id, record))

    def durations(self, workflow: str) -> Mapping[str, float]:
        """Return the median of each task's last good attempts, in seconds."""
        found = ((name, self.find(workflow, name)) for name in self.names(workflow))
        medians = ((name, median_of(entry.seconds)) for name, entry in found if entry is not None)
        return {name: seconds for name, seconds in medians if seconds is not None}


def _interrupted(record: TaskRecord) -> TaskRecord:
    """Return the record of a task whose process ended while it ran."""
    return record._replace(status=TaskStatus.PENDING, interrupted=True)


def _written(before: Entry | None, workflow: str | None, run_id: int, record: TaskRecord) -> Entry:
    """Return the entry that a run's record makes of what its task had."""
    old = None if before is None else before.record
    seconds = "" if before is None else before.seconds
    status = record.status
    if status is TaskStatus.RUNNING:
        new = TaskRecord(
            record.task_name,
            status,
            record.timestamp,
            run_id,
            record.attempt,
            record.started_at,
            provenance=record.provenance,
            workflow=workflow,
        )
    elif before is not None and old is not None and status is TaskStatus.SKIPPED:
        new = old._replace(
            status=status, skipped_because=record.skipped_because, interrupted=False, error=None, timed_out=False
        )
        if old.value is not None and old.value.encoding is not None:
            return Entry(new, before.timestamp, seconds)
        new = new._replace(timestamp=record.timestamp)
    elif before is not None and old is not None and record.value is None and record.digest is not None:
        new = old._replace(status=status, skipped_because=None, interrupted=False, redo=False, redo_run=None)
        return Entry(new, before.timestamp, seconds)
    else:
        new = record._replace(workflow=workflow, error=plain(record.error), exception=None)
        if status is TaskStatus.COMPLETED and record.duration is not None:
            seconds = add_seconds(seconds, record.duration)
    if old is not None and status is not TaskStatus.COMPLETED:
        new = new._replace(redo=old.redo, redo_run=old.redo_run)
    return Entry(new, iso(record.timestamp), seconds)
