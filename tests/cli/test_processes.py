"""The command line as a process: signals, closed pipes, a terminal, and two of it at once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte
import pytest
from cli_projects import DIAMOND, ROOT, Project, environment

Start = Callable[..., subprocess.Popen[str]]

SLOW = """
def gate(name):
    (HERE / name).touch()

def quick(): return 1

def slow(quick):
    gate("started")
    while not (HERE / "go").exists(): time.sleep(0.01)
    return 2

def after(slow): return 3

workflow = Workflow("slow")
workflow.add_task(quick)
workflow.add_task(slow, depends_on=[quick])
workflow.add_task(after, depends_on=[slow])
"""

SOON = 20.0


@pytest.fixture(params=["run", "run --isolate"])
def run(request: pytest.FixtureRequest) -> list[str]:
    """The command that runs a file, with the engine in its own process or in another."""
    return request.param.split()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + SOON
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.01)


def status(start: Start, project: Project) -> dict[str, str]:
    process = start("status", "flow.py", "--json", cwd=project.folder)
    out, err = process.communicate(timeout=SOON)
    assert process.returncode == 0, err
    return {task["name"]: task["recorded"] for task in json.loads(out)["tasks"]}


def test_the_first_interrupt_lets_what_runs_finish_and_saves_it(project: Project, start: Start, run: list[str]) -> None:
    project.write(SLOW)
    process = start(*run, "flow.py", cwd=project.folder)
    wait_for(project.folder / "started")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    for line in process.stdout:
        if "Stopping" in line:
            break
    assert status(start, project)["slow"] == "RUNNING"
    (project.folder / "go").touch()
    out, err = process.communicate(timeout=SOON)
    assert (process.returncode, err) == (130, "")
    assert "■ slow stopped. Run 1" in out
    assert "2 done, 1 not started" in out
    assert f"Resume  fwtui {' '.join(run)} flow.py" in out
    found = status(start, project)
    assert (found["quick"], found["slow"]) == ("COMPLETED", "COMPLETED")


def test_a_second_interrupt_leaves_within_a_second_and_no_task_stays_running(
    project: Project, start: Start, run: list[str]
) -> None:
    project.write(SLOW)
    process = start(*run, "flow.py", cwd=project.folder)
    wait_for(project.folder / "started")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    for line in process.stdout:
        if "Stopping" in line:
            break
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, _err = process.communicate(timeout=SOON)
    assert time.monotonic() - began < 3.0  # one second on a machine that does nothing else
    assert process.returncode == 130
    assert "1 done, 1 stopped, 1 not started" in out
    assert "RUNNING" not in status(start, project).values()
    listed, _err = start("runs", "flow.py", cwd=project.folder).communicate(timeout=SOON)
    assert "1 done, 1 stopped, 1 not started" in listed, "the list of runs counts as the end of the run does"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_terminated_ends_within_five_seconds_with_143(
    project: Project, start: Start, run: list[str], number: int
) -> None:
    project.write(SLOW)
    process = start(*run, "flow.py", cwd=project.folder)
    wait_for(project.folder / "started")
    began = time.monotonic()
    process.send_signal(number)
    _out, err = process.communicate(timeout=SOON)
    assert time.monotonic() - began < 5.0
    assert (process.returncode, err) == (143, "")
    assert "RUNNING" not in status(start, project).values()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_file_loads_is_an_end_without_a_traceback(
    project: Project, start: Start, run: list[str], number: int, code: int
) -> None:
    project.write("(HERE / 'loading').touch()\ntime.sleep(60)\n")
    process = start(*run, "flow.py", cwd=project.folder)
    wait_for(project.folder / "loading")
    process.send_signal(number)
    out, err = process.communicate(timeout=SOON)
    assert (process.returncode, out, err) == (code, "", "fwtui: interrupted; nothing was running\n")


FORKS = """
import multiprocessing

def terminated():
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    child.terminate()
    child.join(20)
    child.kill()
    return child.exitcode

def after(terminated):
    assert terminated == -15, terminated

workflow = Workflow("w")
workflow.add_task(terminated)
workflow.add_task(after, depends_on=[terminated])
"""


def test_a_child_that_a_task_forks_ends_when_it_is_asked_to_and_only_it(
    project: Project, start: Start, run: list[str]
) -> None:
    project.write(FORKS)
    process = start(*run, "flow.py", cwd=project.folder)
    out, err = process.communicate(timeout=SOON)
    assert process.returncode == 0, out + err


FLOODS = """
def floods():
    print("x" * 200_000)
    (HERE / "started").touch()
    while True: print("x" * 200)

workflow = Workflow("w")
workflow.add_task(floods)
"""


def test_a_task_that_prints_without_end_does_not_stay_running(project: Project, start: Start) -> None:
    project.write(FLOODS)
    with (project.folder / "out.txt").open("w") as out:
        process = start("run", "flow.py", cwd=project.folder, stdout=out)
        wait_for(project.folder / "started")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=SOON) == 143
    assert status(start, project) == {"floods": "PENDING"}


def test_handlers_that_the_file_sets_do_not_keep_it_from_being_stopped(
    project: Project, start: Start, run: list[str]
) -> None:
    project.write("import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)\n" + SLOW)
    process = start(*run, "flow.py", cwd=project.folder)
    wait_for(project.folder / "started")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    for line in process.stdout:
        if "Stopping" in line:
            break
    (project.folder / "go").touch()
    process.communicate(timeout=SOON)
    assert process.returncode == 143
    assert status(start, project)["slow"] == "COMPLETED", "what ran had its time"


def test_a_closed_stdout_does_not_stop_a_run(project: Project, start: Start, run: list[str]) -> None:
    project.write(DIAMOND.replace("return [3, 1, 2]", "time.sleep(0.3)\n    return [3, 1, 2]"))
    process = start(*run, "flow.py", cwd=project.folder)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(SOON) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert project.ran() == ["clean", "count", "load", "report"]


def test_two_runs_of_one_workflow_do_not_mix(project: Project, start: Start) -> None:
    project.write(SLOW)
    first = start("run", "flow.py", cwd=project.folder)
    wait_for(project.folder / "started")
    second = start("run", "flow.py", cwd=project.folder)
    out, err = second.communicate(timeout=SOON)
    assert (second.returncode, out) == (4, "")
    assert re.fullmatch(
        rf"fwtui: run 1 of flow\.py is going on \(process {first.pid} on \S+, since [\d:]+\)\. "
        r"Wait for it, or watch it: fwtui flow\.py\n",
        err,
    )
    looked = start("status", "flow.py", cwd=project.folder)
    assert f"process {first.pid}" in looked.communicate(timeout=SOON)[0]
    (project.folder / "go").touch()
    first.communicate(timeout=SOON)
    assert first.returncode == 0


def test_a_killed_run_resumes_and_repeats_only_what_was_in_flight(
    project: Project, start: Start, run: list[str]
) -> None:
    project.write(SLOW.replace("def quick(): return 1", "def quick():\n    mark('quick')\n    return 1"))
    process = start(*run, "flow.py", cwd=project.folder)
    wait_for(project.folder / "started")
    process.kill()
    process.communicate()
    (project.folder / "go").touch()
    again = start(*run, "flow.py", cwd=project.folder)
    assert again.wait(SOON) == 0
    assert project.ran() == ["quick"]


def test_a_task_that_is_left_behind_writes_nothing_after_the_end(
    project: Project, start: Start, run: list[str]
) -> None:
    project.write(
        """
        def chatty():
            (HERE / "started").touch()
            while True: print("\\x1b[31mchatty", flush=True), time.sleep(0.001)
        workflow = Workflow("w")
        workflow.add_task(chatty)
        """
    )
    process = start(*run, "flow.py", cwd=project.folder)
    wait_for(project.folder / "started")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=SOON)
    assert (process.returncode, err) == (143, "")
    assert "\x1b" not in out
    assert out.endswith(f"Resume  fwtui {' '.join(run)} flow.py\n")


def test_a_timed_out_task_whose_thread_is_stuck_does_not_hold_up_the_end(
    project: Project, start: Start, run: list[str]
) -> None:
    project.write(
        """
        import threading
        @task(timeout=0.2)
        def stuck():
            worker = threading.Thread(target=time.sleep, args=(300,))
            worker.start()
            worker.join()
        workflow = Workflow("w")
        workflow.add_task(stuck)
        """
    )
    process = start(*run, "flow.py", cwd=project.folder)
    out, _err = process.communicate(timeout=SOON)
    assert process.returncode == 1
    assert "timed out" in out
    assert "its thread is still running" in out


def on_terminal(project: Project, *arguments: str, **env: str) -> tuple[int, list[str], str]:
    """Run in a terminal of 80x24; return the exit code, what stays on the screen, and what was sent."""
    command = [sys.executable, "-m", "fwtui", *arguments]
    variables = environment(**{"TERM": "xterm-256color"} | env)
    child = pexpect.spawn(
        command[0],
        command[1:],
        cwd=str(project.folder),
        env=variables,
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=SOON,
    )
    child.expect(pexpect.EOF)
    sent = child.before or ""
    child.close()
    screen = pyte.Screen(80, 24)
    pyte.Stream(screen).feed(sent)
    return child.exitstatus, [line.rstrip() for line in screen.display if line.strip()], sent


def test_on_a_terminal_facts_scroll_by_and_only_they_and_the_verdict_stay(project: Project) -> None:
    project.write(DIAMOND.replace('print("10,000 rows")', "print('10,000 rows'); time.sleep(0.3)"))
    code, lines, sent = on_terminal(project, "run", "flow.py")
    assert code == 0
    assert lines[0].endswith("diamond  run 1: 4 to run")
    assert "✓ done         " in "\n".join(lines)
    assert lines[-1].startswith("✓ diamond is done. Run 1")
    assert re.search(r"0/4 done", sent), "progress was shown meanwhile"
    assert not any("/4 done" in line for line in lines), "and is gone at the end"
    assert "\x1b[?25l" not in sent, "the cursor is left alone, so nothing has to put it right"
    assert "\x1b[32m" in sent


def test_no_color_is_honoured(project: Project) -> None:
    project.write(DIAMOND)
    _code, _lines, sent = on_terminal(project, "run", "flow.py", NO_COLOR="1")
    assert re.findall(r"\x1b\[[\d;]*3[0-7][\d;]*m", sent) == []


def test_a_dumb_terminal_gets_plain_lines(project: Project) -> None:
    project.write(DIAMOND)
    code, lines, sent = on_terminal(project, "flow.py", TERM="dumb")
    assert code == 0
    assert "\x1b" not in sent
    assert lines[-1].startswith("✓ diamond is done")


def test_a_workflow_is_picked_in_a_folder_run_and_left(project: Project) -> None:
    project.write(DIAMOND, "flows/one.py")
    project.write("raise SystemExit\nworkflow = Workflow('never imported')\n", "flows/zwei.py")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "fwtui", "flows"],
        cwd=str(project.folder),
        env=environment(TERM="xterm-256color", TEXTUAL_ANIMATIONS="none", XDG_CONFIG_HOME=str(project.folder)),
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=SOON,
    )
    child.expect("2 workflows")
    child.expect("never imported")
    child.send("\r")
    child.expect("Nothing has run yet")
    child.send("r")
    child.expect("all 4 done")
    child.send("q")
    child.expect("2 workflows")
    child.send("q")
    child.expect(pexpect.EOF)
    left = (child.before or "").rpartition("\x1b[?1049l")[2]
    child.close()
    assert child.exitstatus == 0
    assert "✓ diamond is done. Run 1" in left
    assert project.ran() == ["clean", "count", "load", "report"] or (project.folder / "flows" / "ran.txt").exists()


def test_an_interrupt_while_the_command_itself_is_loaded_leaves_no_traceback(project: Project, start: Start) -> None:
    # A module that is imported early stands for any moment at which the signal may come.
    project.write("import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(9)", "click.py", head="")
    process = start("status", "flow.py", cwd=project.folder, env={"PYTHONPATH": f"{project.folder}:{ROOT}"})
    out, err = process.communicate(timeout=SOON)
    assert (process.returncode, out, err) == (130, "", "")


def test_help_is_quick_and_loads_no_engine() -> None:
    code = "import sys; from fwtui.cli import main; main(['--help']); print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    ).stdout
    loaded = set(out.splitlines()[-1].split())
    assert loaded.isdisjoint(
        {"textual", "rich", "watchfiles", "sqlite3", "asyncio", "flowweaver", "importlib.metadata"}
    )


def test_a_latin_1_terminal_gets_ascii(project: Project, start: Start) -> None:
    project.write(DIAMOND)
    env = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    process = start("run", "flow.py", cwd=project.folder, env=env)
    out, _err = process.communicate(timeout=SOON)
    assert process.returncode == 0
    assert "+ diamond is done." in out


def test_stdin_of_a_run_may_be_closed(project: Project) -> None:
    project.write(DIAMOND)
    command = [sys.executable, "-m", "fwtui", "run", "flow.py"]
    script = 'exec "$@" <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", script, "sh", *command], cwd=project.folder, env=environment(), check=False)
    assert done.returncode == 0
    assert project.ran() == ["clean", "count", "load", "report"]


def test_worker_processes_find_the_functions_of_the_file(project: Project, start: Start, run: list[str]) -> None:
    text = """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        def square(n):
            print("in a worker", flush=True)
            return n * n
        def work():
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                return list(pool.map(square, [3]))
        workflow = Workflow("w")
        workflow.add_task(work)
        """
    project.write(text, "flows/deep.py")
    process = start(*run, "flows/deep.py", cwd=project.folder)
    out, err = process.communicate(timeout=SOON)
    assert (process.returncode, err) == (0, "")
    assert "output  | in a worker" in out


def test_the_debugger_opens_where_a_task_failed(project: Project) -> None:
    project.write(
        "def bad():\n    value = 41\n    raise KeyError('x')\nworkflow = Workflow('w')\nworkflow.add_task(bad)\n"
    )
    variables = environment(TERM="xterm")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "fwtui", "run", "flow.py", "--pdb"],
        cwd=str(project.folder),
        env=variables,
        encoding="utf-8",
    )
    child.expect("\\(Pdb\\)", timeout=SOON)
    assert "attempt.py" not in (child.before or ""), "the engine's own frames say nothing to the author"
    child.sendline("p value + 1")
    child.expect("42", timeout=SOON)
    child.sendline("q")
    child.expect(pexpect.EOF, timeout=SOON)
    child.close()
    assert child.exitstatus == 1


COLOURS = """
@task
def paints():
    print("\\x1b[1;31mred\\x1b[0m plain \\x1b]0;title\\x07 \\x1b[2J")

workflow = Workflow("colours")
workflow.add_task(paints)
"""


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("command", ["run", "logs"])
def test_on_a_terminal_colours_of_tasks_are_written_by_us_and_all_else_of_them_is_text(
    project: Project, command: str, env: dict[str, str]
) -> None:
    project.write(COLOURS)
    if command == "logs":
        assert on_terminal(project, "run", "flow.py")[0] == 0
    code, lines, sent = on_terminal(project, command, "flow.py", **env)
    assert code == 0
    assert any(line.endswith(r"red plain \x1b]0;title\x07 \x1b[2J") for line in lines)
    assert "\x1b]" not in sent
    assert "\x1b[2J" not in sent
    assert ("\x1b[1;31mred\x1b[0m" in sent) is (not env)
