"""The whole of it at once: the dashboard on a real state, beside a real process that runs the workflow and is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from stage import WIDE, open_stage

import fwtui
from fwtui.model.status import State
from fwtui.session.project import Project
from fwtui.session.session import Session

FLOW = """\
import time
from pathlib import Path
from flowweaver import Workflow, task

HERE = Path(__file__).parent

def wait_for(name):
    while not (HERE / name).exists():
        time.sleep(0.005)

def read():
    return 1

def clean(read):
    print("cleaning begins")
    wait_for("one")
    print("cleaning goes on")
    wait_for("two")

def report(clean):
    return 3

workflow = Workflow("nightly")
workflow.add_task(read)
workflow.add_task(clean, depends_on=[read])
workflow.add_task(report, depends_on=[clean])
"""


def test_another_process_runs_writes_and_is_killed_and_its_run_is_resumed_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    file = tmp_path / "flow.py"
    file.write_text(textwrap.dedent(FLOW))

    async def scene():
        session = Session(Project.of(file, environ={}))
        other = None
        try:
            async with open_stage(session, WIDE) as on:

                def comes(text: str) -> bool:
                    on.board.drain()
                    return any(text in line for line in on.lines)

                assert on.message.startswith("Nothing has run yet.")
                env = {**os.environ, "PYTHONPATH": str(Path(fwtui.__file__).parents[1])}
                quiet = subprocess.DEVNULL
                command = [sys.executable, "-m", "fwtui", "run", "flow.py"]
                other = subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet)
                await on.until(lambda: comes(f"Run 1 belongs to process {other.pid} on "))
                on.board.table.move_to("clean", by_person=True)
                await on.until(lambda: comes("cleaning begins"))
                (tmp_path / "one").touch()
                await on.until(lambda: comes("cleaning goes on"))
                assert on.board.view.tasks["clean"].state is State.RUNNING
                await on.press("r")
                assert "You are watching it, read-only." in on.message

                other.send_signal(signal.SIGKILL)
                said = f"Process {other.pid} died. 1 of 3 is done, 1 was interrupted. r resumes."
                await on.until(lambda: comes(said))
                assert on.line_with("its process ended at")
                (tmp_path / "two").touch()
                await on.press("r")
                await on.until(lambda: comes("all 3 done, 1 reused"))
        finally:
            if other is not None:
                other.kill()
                other.wait(20)
            session.close()

    asyncio.run(asyncio.wait_for(scene(), 90))  # two processes of Python begin meanwhile, on a machine that may be busy
