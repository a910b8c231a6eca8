"""What is remembered, as plain data: the words that the plan, the driver and every store share.

A store keeps these, the plan reads them, the driver makes them. Nothing here opens a file or reads a clock; all times
are seconds since the epoch (UTC) as floats. All are named tuples, which are defined at a fifth of the import time that
data classes take.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flowweaver.status import TaskStatus

__all__ = [
    "AttemptRecord",
    "CodePrint",
    "FilePrint",
    "LogLine",
    "Provenance",
    "RunRecord",
    "StoredValue",
    "TaskRecord",
]


_NONE: Mapping[str, Any] = MappingProxyType({})


class CodePrint(NamedTuple):
    """What a task's code is, as hashes.

    Attributes:
        algorithm: algorithm and Python minor version that made it ("1/3.11"); prints of another one cannot be compared.
        digest: hash of the whole; equal digests of one algorithm mean equal code.
        parts: hash of each function, class or constant that counted, by the name a person knows it by; the task's
            own function comes first. Tells which of them changed.
    """

    algorithm: str
    digest: str
    parts: Mapping[str, str] = _NONE


class FilePrint(NamedTuple):
    """One declared input file as it was: size in bytes, mtime in nanoseconds, hash of its content."""

    path: str
    size: int
    mtime_ns: int
    digest: str


class Provenance(NamedTuple):
    """What a result, or an error, was made by.

    Attributes:
        code: the code, None if unknown (then it counts as unchanged).
        params: hash of each workflow parameter that the function takes, by name.
        inputs: digest of each dependency's stored result, in the order of the dependencies; None where it had none.
        files: the declared input files.
    """

    code: CodePrint | None = None
    params: Mapping[str, str] = _NONE
    inputs: tuple[str | None, ...] = ()
    files: tuple[FilePrint, ...] = ()


class StoredValue(NamedTuple):
    """A result in the form in which a store keeps it, or the reason why it cannot be kept.

    Attributes:
        encoding: name of the form ("json", "tagged", "pickle" ...), None if the result is not kept.
        data: the encoded value; never unpickled or shown as it is. An int if its store has it elsewhere by now.
        digest: hash of the data, None if not kept. Equal digests cut a wave of re-runs short.
        size: length of the data in bytes.
        summary: what a person sees instead of the value: "list, 26,483 items".
        not_kept: why it is not kept ("result["conn"]: sqlite3.Connection"), None if it is.
    """

    encoding: str | None = None
    data: Any = None
    digest: str | None = None
    size: int = 0
    summary: str = ""
    not_kept: str | None = None


class TaskRecord(NamedTuple):
    """The latest state of one task, as written to and read from a store.

    Attributes:
        status: SKIPPED may still carry the kept result of an earlier run, for reuse; its ``digest`` is then set.
        timestamp: when the record was written.
        error: ``TypeName: text`` of the last error, None after success.
        exception: the exception itself; only on the way to a store, never read from one.
        run_id: the run that made the result or the error.
        attempt: number of the last attempt, from 1; 0 if none.
        duration: seconds that the last attempt took, None if none ended.
        value: the result on its way to the store; None when read (``load_result`` reads it).
        digest, encoding, size, summary, not_kept: those of the StoredValue.
        cleared: the record is a person's "clear": nothing is kept, and why is known.
        interrupted: its process ended while the task ran.
        redo: a run was asked to do this task again and has not finished it.
        redo_run: that run's number, None if not known.
        skipped_because: the failed ancestor for SKIPPED.
        timed_out: FAILED because of its deadline.
        used_at: when it was last written or its result reused; None if that is not known, or not kept.
    """

    task_name: str
    status: TaskStatus
    timestamp: float
    run_id: int | None = None
    attempt: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    duration: float | None = None
    provenance: Provenance | None = None
    value: StoredValue | None = None
    workflow: str | None = None
    error: str | None = None
    exception: BaseException | None = None
    digest: str | None = None
    encoding: str | None = None
    size: int = 0
    summary: str = ""
    not_kept: str | None = None
    cleared: bool = False
    interrupted: bool = False
    redo: bool = False
    redo_run: int | None = None
    skipped_because: str | None = None
    timed_out: bool = False
    used_at: float | None = None


class AttemptRecord(NamedTuple):
    """One attempt of one task in one run.

    Attributes:
        outcome: "completed", "failed", "timed out", "interrupted", "cancelled", or None while it runs.
        error: ``TypeName: text``.
        traceback: the whole traceback as frames and messages, without source text or local variables.
    """

    task_name: str
    attempt: int
    started_at: float
    finished_at: float | None = None
    outcome: str | None = None
    error: str | None = None
    traceback: str | None = None
    run_id: int | None = None


class RunRecord(NamedTuple):
    """One run of one workflow.

    Attributes:
        run_id: number of the run within its workflow, from 1: what a person sees.
        outcome: "completed", "failed", "cancelled", "interrupted" (its process died), or None while it goes on.
        holder: who runs or ran it ("process 4711 on lab-3").
        counts: tasks by state word at the end ("completed", "reused", "failed", "skipped", "pending", and "interrupted"
            if any was); of a run whose process died what is known of them.
        unfinished: the run ended, or died, before all it was asked to do was done.
        known_until: of a run that nobody saw end, the last moment that something is recorded of; None if nothing is.
    """

    run_id: int
    workflow: str
    started_at: float
    finished_at: float | None = None
    outcome: str | None = None
    failed_task: str | None = None
    holder: str | None = None
    params: Mapping[str, str] = _NONE
    counts: Mapping[str, int] = _NONE
    unfinished: bool = False
    known_until: float | None = None


class LogLine(NamedTuple):
    """One line that a task wrote, without its line end.

    Attributes:
        stream: "out", "err" or "log".
    """

    task_name: str
    attempt: int
    time: float
    stream: str
    text: str
