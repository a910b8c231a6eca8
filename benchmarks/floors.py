"""What the same work takes when it is written by hand and nothing is promised but the work: the floors.

``pool`` starts what is ready in a pool of threads, from one thread that keeps the order; ``committed`` is the same with
one SQLite commit a task, before the task counts as done.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from shapes import Shape

__all__ = ["committed", "one_by_one", "pool"]


def one_by_one(shape: Shape, body: Callable[[int], Any]) -> None:
    """Call the tasks in order, in this thread."""
    results: list[Any] = []
    for number in range(len(shape)):
        results.append(body(number))


def pool(shape: Shape, body: Callable[[int], Any], *, workers: int = 4) -> None:
    """Run the tasks in a pool of threads."""
    _run(shape, body, workers, lambda _number, _result: None)


def committed(shape: Shape, body: Callable[[int], Any], path: Path, *, workers: int = 4) -> None:
    """Run the tasks in a pool of threads and commit each result to a new file."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE results (task INTEGER PRIMARY KEY, result TEXT)")
    lock = threading.Lock()

    def keep(number: int, result: Any) -> None:
        text = json.dumps(result)
        with lock:
            connection.execute("INSERT INTO results VALUES (?, ?)", (number, text))

    _run(shape, body, workers, keep)
    connection.close()


def _run(shape: Shape, body: Callable[[int], Any], workers: int, keep: Callable[[int, Any], None]) -> None:
    order: TopologicalSorter[int] = TopologicalSorter(dict(enumerate(shape)))
    order.prepare()
    ended: SimpleQueue[int] = SimpleQueue()

    def call(number: int) -> None:
        keep(number, body(number))
        ended.put(number)

    with ThreadPoolExecutor(workers) as threads:
        while order.is_active():
            for number in order.get_ready():
                threads.submit(call, number)
            order.done(ended.get())
