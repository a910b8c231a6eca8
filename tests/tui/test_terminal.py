"""In a real terminal: nothing but the screen reaches it, and however it ends, it is as it was."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pexpect
import pyte
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# A dashboard on the story's fake session, in a process of its own, which says afterwards what it has left behind.
PROGRAM = """
import contextlib, gc, os, sys, subprocess, threading
from scenes import FakeSession, Story, NOW, failed_picture, never_ran_picture, source
from pathlib import Path
import fwtui.dashboard_app
from fwtui.app import run_dashboard

path = source(Path.cwd())
kind = sys.argv[1]

class Session(FakeSession):
    told = False
    def drain(self):
        if kind == "breaks" and self.told:
            variable = "SECRET".lower()
            raise ZeroDivisionError("a mistake of ours\x1b]0;title\x07")
        if not self.told and self.called("watch"):  # until then there is nothing that events could be about
            self.told = True
            if kind == "writes":
                os.write(1, b"RAW-ONE\\x1b[2J\\n")
                subprocess.run(["sh", "-c", "echo RAW-TWO; echo RAW-THREE >&2"])
                print("RAW-FOUR", flush=True)
                for stream in (sys.__stdout__, sys.__stderr__):
                    print("RAW-FIVE\\x1b]0;title\\x07", file=stream, flush=True)
            if self.running:
                return Story().running()
        return []
    def cancel(self):
        super().cancel()
        self.exit_code = 130
    def wait(self, timeout=None):
        if kind == "hangs" and self.running:
            threading.Event().wait(timeout)
        return not self.running

if kind.startswith("signal "):
    from textual.drivers.linux_driver import LinuxDriver
    starts = LinuxDriver.start_application_mode
    def start_application_mode(self):
        starts(self)
        os.kill(os.getpid(), int(kind.split()[1]))
    LinuxDriver.start_application_mode = start_application_mode
if kind == "hangs for an hour":
    kind = "hangs"
    fwtui.dashboard_app._DRAIN_SECONDS = 3_600
running = kind in ("runs", "hangs")
before = sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count(), sys.__stdout__, sys.__stderr__
session = Session(never_ran_picture(path) if running else failed_picture(path), running=running)
code = run_dashboard(session)
assert before == (sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count(), sys.__stdout__, sys.__stderr__)
with contextlib.suppress(OSError):
    os.write(1, f"LEFT {code}\\n".encode())
sys.exit(code)
"""


class Shown:
    """A process in a terminal, and what the terminal shows."""

    def __init__(
        self, kind: str, folder: Path, size: tuple[int, int] = (80, 24), command: Sequence[str] = (), **more: str
    ) -> None:
        environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder / "config"),
            **more,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}",
            "TERM": "xterm-256color",
            "TEXTUAL_ANIMATIONS": "none",
        }
        environment.pop("COLUMNS", None)
        environment.pop("LINES", None)
        self.child = pexpect.spawn(
            sys.executable,
            list(command) or ["-c", PROGRAM, kind],
            cwd=str(folder),
            env=environment,
            dimensions=(size[1], size[0]),
            timeout=20,
        )
        self.before = termios.tcgetattr(self.child.child_fd)
        self.raw = b""
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)

    def read(self) -> None:
        try:
            data = self.child.read_nonblocking(65_536, timeout=0.05)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += data
        self.stream.feed(data.replace(b"\x1b[<u", b""))  # pyte would show the u of what it does not know

    def wait_for(self, text: str) -> None:
        self.until(lambda: text in self.text, text)

    def until(self, holds, what: str) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, f"{what!r} never came:\n{self.text}"
            self.read()

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def ends(self) -> int:
        self.until(lambda: not self.child.isalive(), "its end")
        self.read()
        self.child.close()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)

    def is_as_it_was(self) -> None:
        """The modes that were set are set back, after the last of the screen was drawn."""
        for mode in (b"1049", b"1000", b"1006", b"2004", b"1004"):
            assert self.raw.rfind(b"\x1b[?" + mode + b"l") > self.raw.rfind(b"\x1b[?" + mode + b"h"), mode
        assert self.raw.rfind(b"\x1b[?25h") > self.raw.rfind(b"\x1b[?25l")
        assert b"\x1b[<u" in self.raw


@pytest.fixture
def shown(tmp_path):
    made: list[Shown] = []

    def start(kind: str, **more) -> Shown:
        made.append(Shown(kind, tmp_path, **more))
        return made[-1]

    yield start
    for each in made:
        if not each.child.terminated:
            each.child.close(force=True)


def test_q_leaves_the_terminal_as_it_was(shown):
    it = shown("idle")
    it.wait_for("failed at join_delays")
    assert termios.tcgetattr(it.child.child_fd) != it.before
    it.child.send("q")
    it.until(lambda: b"LEFT 0" in it.raw, "LEFT")
    attributes = termios.tcgetattr(it.child.child_fd)
    assert it.ends() == 0
    it.is_as_it_was()
    assert attributes == it.before


def test_stop_now_and_quit_in_the_middle_of_a_run(shown):
    it = shown("runs")
    it.wait_for("running")
    it.child.send("q")
    it.wait_for("Quit while running?")
    it.child.send("S")
    assert it.ends() == 130
    it.is_as_it_was()


def test_a_mistake_of_ours_is_told_on_the_normal_screen(shown):
    it = shown("breaks")
    it.until(lambda: b"a mistake of ours" in it.raw, "the mistake")
    assert it.ends() == 1
    it.is_as_it_was()
    after = it.raw[it.raw.rindex(b"\x1b[?1049l") :]
    assert b"ZeroDivisionError: a mistake of ours\\x1b]0;title\\x07" in after.replace(b"\r\n", b"")
    assert b"in drain" in after
    assert b"secret" not in after


@pytest.mark.parametrize(
    ("key", "page"), [("j", "▸ running"), ("?", "Help├"), ("S", "Stop at once?"), ("q", "Quit while")]
)
def test_sigterm_lets_what_runs_finish_for_a_while_in_sight_and_then_leaves(shown, key, page):
    it = shown("hangs")
    it.wait_for("▸ running")
    it.child.send(key)
    it.wait_for(page)
    os.kill(it.child.pid, signal.SIGTERM)
    it.wait_for("▸ quitting, 2 tasks finish")
    it.wait_for("This process was asked to end: what runs has 2s to finish.")
    assert b"\x1b[?1049l" not in it.raw, "the screen stays"
    assert it.ends() == 143, "although they never finish"
    it.is_as_it_was()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGINT, 130)], ids=["TERM", "HUP", "INT"]
)
def test_a_signal_while_the_screen_is_being_opened_leaves_the_terminal_as_it_was(shown, number, code):
    it = shown(f"signal {int(number)}")
    it.until(lambda: b"LEFT" in it.raw, "LEFT")
    attributes = termios.tcgetattr(it.child.child_fd)
    assert it.ends() == code
    it.is_as_it_was()
    assert attributes == it.before


def test_sigterm_without_a_run_or_a_second_time_leaves_at_once(shown):
    it = shown("idle")
    it.wait_for("failed at join_delays")
    os.kill(it.child.pid, signal.SIGTERM)
    assert it.ends() == 143
    it.is_as_it_was()
    it = shown("hangs for an hour")
    it.wait_for("▸ running")
    os.kill(it.child.pid, signal.SIGTERM)
    it.wait_for("This process was asked to end")
    os.kill(it.child.pid, signal.SIGTERM)
    assert it.ends() == 143


def test_a_run_that_ends_in_time_ends_the_screen_with_it(shown, tmp_path):
    (tmp_path / "flow.py").write_text(
        "import time\nfrom flowweaver import Task, Workflow\n\n"
        "workflow = Workflow('w')\nworkflow.add_task(Task('nap', lambda: time.sleep(1.2)))\n"
        "workflow.add_task(Task('after', int), depends_on=['nap'])\n"
    )
    it = shown("", command=["-m", "fwtui", "--run", "flow.py"])
    it.wait_for("▸ running    nap")
    os.kill(it.child.pid, signal.SIGTERM)
    it.wait_for("quitting, 1 task finishes")
    assert it.ends() == 143
    assert "w stopped. Run 1" in it.raw.decode()[it.raw.decode().rindex("\x1b[?1049l") :]


def test_a_file_that_does_not_load_is_shown_whole_loaded_when_it_is_mended_and_else_exits_3(shown, tmp_path):
    path = tmp_path / "flow.py"
    path.write_text("from flowweaver import Workflow\n\nimport pandaz\n")
    it = shown("", command=["-m", "fwtui", "flow.py"])
    it.wait_for("✗ ModuleNotFoundError: No module named 'pandaz'")
    it.wait_for("› 3   import pandaz")
    for text in ("flow.py  does not load", "┤Does not load├", "flow.py:3 in <module>", "Press e to open line 3."):
        it.wait_for(text)
    it.wait_for("e edit  ↑↓ scroll  y copy  ? help  q quit")
    path.write_text(
        "from flowweaver import Task, Workflow\n\nworkflow = Workflow('w')\nworkflow.add_task(Task('one', int))\n"
    )
    it.wait_for("w  never ran")
    it.wait_for("› ∙ waiting    one")
    path.write_text("(")
    it.wait_for("w  does not load")
    it.wait_for("› ∙ waiting    one")
    it.child.send("q")
    assert it.ends() == 0, "it has loaded once, and no run has failed"
    it.is_as_it_was()


def test_leaving_a_file_that_never_loaded_says_so_and_exits_3(shown, tmp_path):
    (tmp_path / "flow.py").write_text("workflow = (\n")
    it = shown("", command=["-m", "fwtui", "flow.py"])
    it.wait_for("✗ SyntaxError: '(' was never closed")
    it.child.send("q")
    assert it.ends() == 3
    it.is_as_it_was()
    said = it.raw[it.raw.rindex(b"\x1b[?1049l") :]
    assert b"fwtui: flow.py line 1, SyntaxError: '(' was never closed" in said


def test_a_file_that_is_not_there_opens_no_screen(shown):
    it = shown("", command=["-m", "fwtui", "flwo.py"])
    assert it.ends() == 2
    assert it.raw == b"fwtui: flwo.py: no such file\r\n"


def test_a_terminal_that_goes_away_ends_it(shown, tmp_path):
    it = shown("idle")
    it.wait_for("failed at join_delays")
    pid = it.child.pid
    it.child.ptyproc.fileobj.close()  # the terminal's window is closed: SIGHUP, and every write fails from now on
    it.child.closed = it.child.ptyproc.closed = True
    deadline = time.monotonic() + 15
    while not (found := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        threading.Event().wait(0.02)
    it.child.terminated = it.child.ptyproc.terminated = True
    assert os.waitstatus_to_exitcode(found[1]) == 143


def test_what_other_processes_write_never_lands_on_the_screen(shown):
    it = shown("writes")
    it.wait_for("A process wrote to the terminal; it is kept apart.")
    assert "RAW" not in it.text
    assert "failed at join_delays" in it.text
    it.child.send("0")
    for word in ("RAW-ONE", "RAW-TWO", "RAW-THREE", "RAW-FOUR", "RAW-FIVE"):
        it.wait_for(word)
    assert b"\x1b]0;" not in it.raw
    it.child.setwinsize(30, 110)
    it.until(lambda: b"\x1b[30;" in it.raw, "the size of now")
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


LEFT_BEHIND = """
import os, time
from flowweaver import Workflow, task

@task(timeout=0.2)
def noisy():
    while True:
        print("NOISE-A", flush=True)
        os.write(1, b"NOISE-B\\n")
        os.write(2, b"NOISE-C\\n")

workflow = Workflow("left")
workflow.add_task(noisy)
"""


def test_a_task_that_was_left_behind_writes_nothing_to_the_terminal_when_the_screen_is_gone(shown, tmp_path):
    (tmp_path / "left.py").write_text(LEFT_BEHIND)
    it = shown("left", command=["-m", "fwtui", "--run", "left.py"])
    it.wait_for("failed at noisy")
    it.child.send("q")
    assert it.ends() == 1
    it.is_as_it_was()
    left = it.raw[it.raw.rindex(b"\x1b[?1049l") :]
    assert b"left failed at noisy" in left
    assert b"NOISE" not in left.replace(b"    NOISE-A", b""), "but for its last lines in the verdict"


FORKS = """
import multiprocessing, time
from flowweaver import Workflow

def terminates():
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    child.terminate()
    child.join()

def after(terminates):
    return 1

workflow = Workflow("w")
workflow.add_task(terminates)
workflow.add_task(after, depends_on=[terminates])
"""


def test_a_child_that_a_task_terminates_does_not_take_the_screen_with_it(shown, tmp_path):
    (tmp_path / "flow.py").write_text(FORKS)
    it = shown("", command=["-m", "fwtui", "--run", "flow.py"])
    it.wait_for("✓ all 2 done")
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


def test_what_is_copied_reaches_the_terminal_as_text_for_its_clipboard(shown):
    it = shown("idle")
    it.wait_for("failed at join_delays")
    it.child.send("y")
    it.wait_for("The terminal may not allow copying: also saved to .fwtui/copy.txt.")
    (sent,) = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", it.raw)
    assert base64.b64decode(sent).decode() == "join_delays  failed  0.8s  KeyError: 'hour_utc'"
    it.child.send("q")
    assert it.ends() == 0


def test_escape_and_a_key_right_after_it_are_two_keys(shown):
    it = shown("idle")
    it.wait_for("failed at join_delays")
    it.child.send("/")
    it.wait_for("keep filter")
    it.child.send("ware")
    it.wait_for("1 of 9 tasks")
    it.child.send("\x1b")
    time.sleep(0.08)  # the time between two keys of a quick typist: what is tested is that it is enough
    it.child.send("d")
    it.wait_for("2 Details├")
    it.child.send("q")
    assert it.ends() == 0


def test_keys_typed_before_there_is_a_screen_are_done_in_order(shown):
    it = shown("idle")
    it.child.send("kk\r")  # the terminal is the shell's as yet: enter is a line feed there
    it.wait_for("esc back")
    it.child.send("q")
    it.wait_for("› ✓ done       extract_airports")
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


def test_a_q_typed_before_there_is_a_screen_quits(shown):
    it = shown("idle")
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


def test_keys_that_come_all_at_once_are_each_heard_where_the_one_before_it_leads(shown):
    it = shown("idle")
    it.wait_for("failed at join_delays")
    it.child.send("/weather\rx")
    it.wait_for("Clear 1 task")
    assert "filter: weather, 1 of 9" in it.text
    it.child.send("\x1b")
    it.wait_for("/ filter")
    it.child.send("?")
    it.wait_for("Help├")
    it.child.send("qq")
    assert it.ends() == 0


def test_an_editor_has_the_terminal_until_it_ends(shown, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho EDITS "$1" "$(basename "$2")"\nread line\n')
    editor.chmod(0o755)
    it = shown("idle", VISUAL=str(editor))
    it.wait_for("failed at join_delays")
    it.child.send("e")
    it.wait_for("EDITS +88 etl.py")
    it.child.send("\r")
    it.wait_for("etl  ✗ failed at join_delays")
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


_SHELL = ["-c", "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '--noediting', '-i'])"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is the shell with job control that is asked")
@pytest.mark.parametrize("around", ["{}", "sh -c '{}; true'"], ids=["alone", "in another process"])
def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_the_screen_back_whole(shown, tmp_path, around):
    (tmp_path / "program.py").write_text(PROGRAM)
    it = shown("", command=_SHELL, PS1="READY> ", BASH_SILENCE_DEPRECATION_WARNING="1")
    it.wait_for("READY>")
    it.child.sendline(around.format(f"{sys.executable} program.py idle"))
    it.wait_for("› 101     weather_then")
    whole = it.text
    it.child.send("\x1a")
    it.until(lambda: b"Stopped" in it.raw, "the shell")
    it.is_as_it_was()
    it.screen.reset()
    it.child.sendline("echo IN-$((40 + 2)); stty -a")
    it.wait_for("IN-42")
    it.until(lambda: "echo " in it.text.split("IN-42")[1], "what stty says")
    assert " -echo " not in it.text
    assert " -icanon" not in it.text
    it.screen.reset()
    it.child.sendline("fg")
    it.until(lambda: it.text == whole, "the whole screen")
    it.child.send("j")
    it.wait_for("› ⊘ skipped    summarize_delays")
    it.child.send("q")
    it.until(lambda: b"LEFT 0" in it.raw, "LEFT")
    it.child.sendline("exit")
    it.ends()


def test_ctrl_z_where_no_shell_could_bring_it_back_draws_the_screen_again(shown):
    it = shown("idle")
    it.wait_for("› 101     weather_then")
    whole = it.text
    it.child.send("\x1a")
    it.until(lambda: it.raw.count(b"\x1b[?1049h") == 2, "the screen again")
    it.until(lambda: it.text == whole, "the whole screen")
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


def test_ctrl_z_stops_no_run(shown):
    it = shown("runs")
    it.wait_for("▸ running")
    it.child.send("\x1a")
    it.wait_for("A run is going on, and would freeze too. s stops it first.")
    it.child.send("qS")
    assert it.ends() == 130


_MOUSE = (b"1000", b"1003", b"1006")


def test_m_gives_the_mouse_to_the_terminal_and_takes_it_back(shown):
    it = shown("idle")
    it.wait_for("? help  q quit")
    for key, last in ((b"l", "takes it back"), (b"h", "gives it to the terminal")):
        it.child.send("m")
        it.wait_for(last)
        for mode in _MOUSE:
            sent = [it.raw.rfind(b"\x1b[?" + mode + each) for each in (b"h", b"l")]
            assert (sent[0] > sent[1]) == (key == b"h"), mode
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


def test_a_mouse_that_was_given_away_stays_away_the_next_time(shown):
    for time_opened in (1, 2):
        it = shown("idle")
        it.wait_for("? help  q quit")
        if time_opened == 1:
            it.child.send("m")
            it.wait_for("takes it back")
        else:
            assert b"\x1b[?1000h" not in it.raw
        it.child.send("q")
        assert it.ends() == 0


def test_an_editor_that_is_not_there_is_told_of(shown):
    it = shown("idle", VISUAL="no-such-editor")
    it.wait_for("failed at join_delays")
    it.child.send("e")
    it.wait_for("no-such-editor cannot be started: No such file or directory.")
    it.child.send("q")
    assert it.ends() == 0


def test_importing_the_screen_sets_the_delay_before_textual_reads_it():
    code = "import fwtui.app, textual.constants as c; print(c.ESCAPE_DELAY, c.SMOOTH_SCROLL)"
    environment = {key: value for key, value in os.environ.items() if key not in ("ESCDELAY", "TEXTUAL_SMOOTH_SCROLL")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0.025", "False"]


ISOLATED = """\
import ctypes, pathlib, time
from flowweaver import Workflow

here = pathlib.Path(__file__).parent

def load():
    return 1

def crash(load):
    {}
    return 2

def after(crash):
    return 3

workflow = Workflow("w")
workflow.add_task(load)
workflow.add_task(crash, depends_on=[load])
workflow.add_task(after, depends_on=[crash])
"""
HOLDS = '(here / "holds").touch(); ctypes.PyDLL(None).sleep(300)  # C code that keeps the interpreter'


def test_a_task_that_crashes_takes_down_its_run_and_not_the_screen(shown, tmp_path):
    file = tmp_path / "flow.py"
    file.write_text(ISOLATED.format("ctypes.string_at(0)"), encoding="utf-8")
    it = shown("", command=["-m", "fwtui", "--isolate", "--run", "flow.py"], size=(100, 30))
    it.wait_for("failed at crash")
    it.wait_for("its process died (SIGSEGV)")
    it.wait_for("the process of run 1 died (SIGSEGV) while crash ran")
    file.write_text(ISOLATED.format("pass"), encoding="utf-8")
    it.wait_for("crash is stale: crash() changed")
    it.child.send("r")
    it.wait_for("all 3 done")
    it.child.send("q")
    assert it.ends() == 0
    it.is_as_it_was()


@pytest.mark.parametrize("leave", ["S", "SIGTERM"])
def test_a_task_that_holds_its_interpreter_holds_up_neither_the_screen_nor_its_end(shown, tmp_path, leave):
    (tmp_path / "flow.py").write_text(ISOLATED.format(HOLDS), encoding="utf-8")
    it = shown("", command=["-m", "fwtui", "--isolate", "--run", "flow.py"], size=(100, 30))
    it.until(lambda: (tmp_path / "holds").exists(), "the task")
    it.wait_for("▸ running    crash")
    if leave == "SIGTERM":
        began = time.monotonic()
        os.kill(it.child.pid, signal.SIGTERM)
        assert it.ends() == 143
        assert time.monotonic() - began < 8
    else:
        it.child.send("s")
        it.wait_for("Stopping: 1 task finishes first")
        it.child.send("S\r")
        it.wait_for("stopped after 1 of 3")
        it.child.send("q")
        assert it.ends() == 130
    it.is_as_it_was()
