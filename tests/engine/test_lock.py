"""The lock of one run: refused with the holder's name, gone with its holder, never kept by a child."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowweaver.errors import StateError, StateLockedError
from flowweaver.stores import lock as module
from flowweaver.stores.lock import FileLock, holder_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes")


@contextmanager
def other_process(path: Path, *, shared: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its stdin is closed."""
    code = (
        "import sys; from flowweaver.stores.lock import FileLock; lock = FileLock(sys.argv[1]);"
        f"lock.acquire(shared={shared}); print('held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.lock"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)


def test_another_process_is_refused_with_the_holders_name(path: Path) -> None:
    with other_process(path) as child, pytest.raises(StateLockedError) as refused:
        FileLock(str(path)).acquire(patience=0.05, what="etl.db")
    host = socket.gethostname()
    assert str(refused.value).startswith(f"etl.db is in use by process {child.pid} on {host} since ")
    assert str(refused.value).count("\n") == 0
    assert refused.value.holder is not None
    assert refused.value.holder.startswith(f"process {child.pid} on {host}, since ")
    assert isinstance(refused.value, StateError)


def test_a_second_run_in_the_same_process_is_refused(path: Path) -> None:
    first = FileLock(str(path))
    first.acquire()
    with pytest.raises(StateLockedError, match=f"process {os.getpid()} "):
        FileLock(str(path)).acquire(patience=0)
    first.release()
    FileLock(str(path)).acquire(patience=0)


def test_the_lock_dies_with_its_holder_and_the_file_stays(path: Path) -> None:
    with other_process(path) as child:
        child.kill()
        child.wait()
        lock = FileLock(str(path))
        lock.acquire(patience=5)
        lock.release()
    assert path.exists()
    assert holder_of(str(path)) is None


def test_sharing_excludes_only_who_wants_it_alone(path: Path) -> None:
    one, other, alone = (FileLock(str(path)) for _ in range(3))
    one.acquire(shared=True)
    other.acquire(shared=True)
    assert not alone.try_acquire(patience=0)
    one.release()
    assert not alone.try_acquire(patience=0)
    other.release()
    assert alone.try_acquire(patience=0)
    assert not one.try_acquire(shared=True, patience=0)
    alone.share()
    assert one.try_acquire(shared=True, patience=0)
    for lock in (one, alone):
        lock.release()


def test_sharing_holds_between_processes(path: Path) -> None:
    with other_process(path, shared=True):
        assert FileLock(str(path)).try_acquire(patience=0) is False
        shared = FileLock(str(path))
        assert shared.try_acquire(shared=True, patience=0)
        shared.release()


def test_asking_who_holds_it_creates_nothing_and_refuses_nobody(path: Path) -> None:
    assert holder_of(str(path)) is None
    assert not path.exists()
    asking = threading.Event()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            holder_of(str(path))
            asking.set()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    FileLock(str(path)).try_acquire(patience=0)
    for lock in list(module._held):
        lock.release()
    for thread in threads:
        thread.start()
    asking.wait()
    try:
        for _ in range(50):
            lock = FileLock(str(path))
            lock.acquire(patience=5)
            assert holder_of(str(path)) is not None
            lock.release()
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_the_holder_is_known_from_outside_and_from_inside(path: Path) -> None:
    with other_process(path) as child:
        holder = holder_of(str(path))
        assert holder is not None
        assert holder.pid == child.pid
    lock = FileLock(str(path))
    lock.acquire()
    holder = holder_of(str(path))
    assert holder is not None
    assert (holder.pid, holder.name) == (os.getpid(), f"process {os.getpid()} on {socket.gethostname()}")
    lock.release()


def test_the_file_is_private(path: Path) -> None:
    old = os.umask(0)
    try:
        lock = FileLock(str(path))
        lock.acquire()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        lock.release()
    finally:
        os.umask(old)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_keep_the_lock(path: Path) -> None:
    lock = FileLock(str(path))
    lock.acquire()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:  # pragma: no cover - the child
        os.read(reading, 1)
        os._exit(7 if lock.held else 0)
    try:
        assert holder_of(str(path)) is not None
        lock.release()
        again = FileLock(str(path))
        assert again.try_acquire(patience=0)  # although the child lives
        again.release()
    finally:
        os.write(writing, b"x")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        os.close(reading)
        os.close(writing)


def test_a_program_that_is_started_does_not_keep_the_lock(path: Path) -> None:
    lock = FileLock(str(path))
    lock.acquire()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        assert FileLock(str(path)).try_acquire(patience=0)
        child.communicate(b"\n")


def test_a_lock_that_is_given_back_just_when_it_is_refused_is_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = FileLock(str(path))
    held.acquire()
    monkeypatch.setattr(module, "_read_holder", lambda _path: held.release())
    monkeypatch.setattr(module, "PATIENCE", 5.0)
    other = FileLock(str(path))
    other.acquire(patience=0.0)
    assert other.held
    other.release()


def test_a_holder_that_has_not_written_its_name_yet_is_named_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = FileLock(str(path))
    assert holding.try_acquire()
    name = path.read_text()
    path.write_text("")
    monkeypatch.setattr(module.time, "sleep", lambda _seconds: path.write_text(name))
    assert f"process {os.getpid()} on" in str(FileLock(str(path)).refusal("etl.db"))
    holding.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "host": "a\\u001b[31m", "since": 1e300}'])
def test_a_holder_that_cannot_be_read_is_still_a_holder(path: Path, text: str) -> None:
    lock = FileLock(str(path))
    lock.acquire()
    path.write_text(text)
    with pytest.raises(StateLockedError, match="in use by another run"):
        FileLock(str(path)).acquire(patience=0)
    assert holder_of(str(path)) is not None
    lock.release()


def test_what_a_holder_says_of_itself_is_data(path: Path) -> None:
    lock = FileLock(str(path))
    lock.acquire()
    path.write_text(json.dumps({"pid": 1, "host": "\x1b[31mred\n", "since": 0}))
    with pytest.raises(StateLockedError) as refused:
        FileLock(str(path)).acquire(patience=0)
    assert str(refused.value).isprintable()
    lock.release()


def test_a_lock_that_cannot_be_made_is_a_state_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be made"):
        FileLock(str(tmp_path / "no" / "folder")).acquire()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="cannot be made"):
        FileLock(str(tmp_path / "link")).acquire()
    assert not (tmp_path / "elsewhere").exists()
