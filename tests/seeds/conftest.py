"""What the tests of the documents' code blocks share: every executor, both kinds of file store, functions that count."""

import threading
from collections import Counter
from pathlib import Path

import pytest

from flowweaver import AsyncExecutor, JSONStateStore, SequentialExecutor, SQLiteStateStore, ThreadedExecutor

EXECUTORS = [SequentialExecutor, ThreadedExecutor, AsyncExecutor]


@pytest.fixture(params=EXECUTORS, ids=lambda kind: kind.__name__)
def executor_type(request):
    return request.param


@pytest.fixture(params=["json", "sqlite"])
def file_store(request, tmp_path: Path):
    """A store on disk, of either kind."""
    if request.param == "json":
        return JSONStateStore(str(tmp_path / "state.json"))
    return SQLiteStateStore(str(tmp_path / "state.db"))


@pytest.fixture
def calls() -> Counter[str]:
    """How often each function was called, by a name it gives itself."""
    return Counter()


class Crowd:
    """Counts how many are inside at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.inside = 0
        self.most = 0

    def __enter__(self) -> "Crowd":
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.inside -= 1


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()
