"""What stands in variables and in the environment while tasks run and fail reaches no state, no log and no screen."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_projects import Answer, Project

Start = Callable[..., subprocess.Popen[str]]

# Every secret is put together while it runs, so that no line of the file has it.
FLOW = """
import asyncio, logging
def secret(place): return f"SEC-{place}-" + "RET" * 2

class Client:
    def __init__(self): self.token = secret("attribute")
    def __repr__(self): return self.token
    def call(self, argument, *rest, **more):
        local, found = secret("local"), {"password": [secret("nested")]}
        if rest: raise ValueError("plain")
        self.call(secret("argument"), secret("rest"), keyword=secret("keyword"))

class Refused(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.token = secret("of the exception")

@task
def load(token=secret("default")):
    mark("load")
    password = os.environ["PASSWORD"]
    print("loaded"); logging.getLogger("flow").warning("careful")
    return len(password)

@task(retries=1)
def chained(load, client=Client()):
    try: client.call(secret("passed"))
    except ValueError as error:
        local = secret("handler")
        raise Refused("outer") from error

def closure(captured):
    @task
    def grouped(load):
        local = captured + secret("group")
        raise ExceptionGroup("several", [ValueError("one"), Refused("two")])
    return grouped

@task(timeout=0.1)
async def late(load):
    local = secret("coroutine")
    await asyncio.sleep(60)

@task(timeout=0.1)
def stuck(load):
    local = secret("thread")
    time.sleep(1)

@task
def not_kept(load):
    local = secret("cell")
    return lambda: local

@task
def dies(load):
    local = secret("at death")
    os.environ["TOKEN"] = secret("set")
    if "--isolate" in Path("how").read_text(): os.abort()
    raise SystemExit(secret.__name__)

workflow = Workflow("flow")
workflow.add_task(load)
for each in (chained, closure(secret("captured")), late, stuck, not_kept, dies): workflow.add_task(each, [load])
"""

LOOKS = [
    *("status", "status --json", "plan --json", "logs", "runs --json", "explain chained", "explain chained --json"),
    *("explain not_kept", "show load", "graph --format json"),
]


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder but the sources, as text."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".py"]
    return {str(path): path.read_bytes().decode("latin-1") for path in found}


@pytest.mark.parametrize("how", ["", "--isolate", "--executor async", "--executor sequential", "--output json"])
def test_neither_variables_nor_the_environment_reach_state_logs_or_screen(
    how: str, project: Project, start: Start, fwtui: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(FLOW)
    (project.folder / "how").write_text(how)
    environment = {"PASSWORD": "SEC-environment-RETRET", "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        environment[name] = str(project.folder / name)
        Path(environment[name]).mkdir()
        monkeypatch.setenv(name, environment[name])
    process = start("run", "flow.py", "--keep-going", *how.split(), cwd=project.folder, env=environment)
    said = {"run": "".join(process.communicate(timeout=60))}
    assert process.returncode == 1, said
    assert project.ran() == ["load"]
    for look in LOOKS:
        command, _, more = look.partition(" ")
        code, out, err = fwtui(command, "flow.py", *more.split())
        assert code == 0, err
        said[look] = out + err
    assert "Refused: outer" in said["run"]
    kept = files(project.folder)
    assert "ValueError: plain" in kept[str(project.state)]
    for place, text in {**said, **kept}.items():
        for word in ("RETRET", "SEC-"):
            assert word not in text, place
