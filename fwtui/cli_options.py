"""The options that commands share, and what they mean together."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from fwtui.session.folder import Workflows
    from fwtui.session.project import Project
    from fwtui.session.settings import Settings

__all__ = ["COUNT", "NUMBER", "file_options", "running", "selection", "session_of", "task_names", "workflows_of"]

_TARGET_LIMIT = 200
"""Characters of what was typed for a file that are said again."""

Command = TypeVar("Command", bound=Callable[..., Any])


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def put(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return put


class _WholeNumber(click.IntRange):
    name = "whole number"


NUMBER = _WholeNumber(min=1)
COUNT = _WholeNumber(min=0)


def task_names(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the tasks of a file that a word may become: those that its state knows, for nothing is imported here."""
    from fwtui.session.archive import known_tasks
    from fwtui.session.project import Project, split_target

    try:
        # Behind an option that has no value yet, click has not come to name what stood before it.
        path, _name = split_target(context.params.get("target") or context.args[0])
        names = known_tasks(Project.of(path, state=context.params.get("state")))
    except Exception:  # a shell shows an error in the middle of what is typed
        return []
    return [name for name in names if name.startswith(incomplete)]


_target = click.argument("target", metavar="FILE[:NAME]", type=click.Path())
_state = click.option(
    "--state", metavar="PATH", help="The file that keeps the state (or FWTUI_STATE); by default one in .fwtui."
)
_params = click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="Give the workflow a parameter; repeatable."
)


def _draw_ascii(_context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        # Where everything that draws looks, and what a task starts gets it too.
        os.environ["FWTUI_ASCII"] = "1"


_ascii = click.option(
    "--ascii",
    is_flag=True,
    expose_value=False,
    callback=_draw_ascii,
    help="Draw nothing but ASCII (or FWTUI_ASCII=1).",
)
file_options = _together(_target, _params, _state, _ascii)


def _globs(*names: str, help_text: str) -> Callable[[Command], Command]:
    return click.option(
        *names, multiple=True, metavar="GLOB", shell_complete=task_names, help=f"{help_text}; repeatable."
    )


selection = _together(
    _globs("--only", help_text="Only these tasks, and results they lack"),
    _globs("--from", "start_from", help_text="Only these and what depends on them"),
    _globs("--to", "up_to", help_text="Only these and what they depend on"),
    _globs("--force", help_text="Run these again although they are done"),
    click.option("--fresh", is_flag=True, help="Run everything again."),
    click.option(
        "--continue-or-new",
        is_flag=True,
        help="Finish an unfinished run, else run everything again: for cron and systemd.",
    ),
)
running = _together(
    click.option("-j", "--jobs", type=NUMBER, metavar="N", help="At most so many tasks at the same time."),
    click.option(
        "--executor",
        type=click.Choice(["threaded", "sequential", "async"]),
        default="threaded",
        show_default=True,
        help="In threads, one at a time, or on an event loop.",
    ),
    click.option("--keep-going", is_flag=True, help="After a failure run every branch that still can."),
    click.option("--isolate", is_flag=True, help="Run in a process of its own, which a task may take down."),
)


def session_of(target: str, given: dict[str, Any]) -> tuple[Project, Settings]:
    """Return the project and the settings that a command line means.

    Args:
        target: ``FILE[:name]``.
        given: the values of the options above, those that the command has.

    Raises:
        ParameterError: a parameter is not name=value.
        click.UsageError: options contradict each other, the current folder is gone, or the file cannot be looked at.
    """
    from fwtui.model.text import cut, visible
    from fwtui.session.project import Project, split_target

    _refuse_contradictions(given)
    try:
        path, name = split_target(target)
        project = Project.of(path, state=given.get("state"))
        project.file.is_file()
    except FileNotFoundError:
        raise click.UsageError("The folder you are in is gone; change to one that is there.") from None
    except OSError as error:  # a name that no file can have, a folder that one may not look into
        raise click.UsageError(f"{visible(cut(target, _TARGET_LIMIT))}: {error.strerror}") from None
    return project, _settings(name, given)


def _refuse_contradictions(given: dict[str, Any]) -> None:
    if given.get("fresh") and given.get("continue_or_new"):
        raise click.UsageError("--fresh begins anew, and --continue-or-new may go on: choose one.")


def _settings(name: str | None, given: dict[str, Any]) -> Settings:
    from fwtui.session.params import read_pairs
    from fwtui.session.port import RunRequest
    from fwtui.session.settings import Settings

    if given.get("isolate") and not hasattr(os, "fork"):
        raise click.UsageError("--isolate needs Linux or macOS.")
    request = RunRequest(
        fresh=given.get("fresh", False),
        only=given.get("only") or None,
        force=given.get("force", ()),
        keep_going=given.get("keep_going", False),
        start_from=given.get("start_from", ()),
        up_to=given.get("up_to", ()),
        continue_or_new=given.get("continue_or_new", False),
    )
    return Settings(
        name=name,
        params=read_pairs(given["params"]),
        request=request,
        executor=given.get("executor", "threaded"),
        isolate=given.get("isolate", False),
        workers=given.get("jobs"),
        command=_repeated(given),
    )


def workflows_of(project: Project, given: dict[str, Any]) -> Workflows:
    """Return the workflows among which a person picks, in a folder or a file; each is opened with the same options."""
    from fwtui.session.folder import Workflows
    from fwtui.session.project import Project
    from fwtui.session.session import Session

    state = given.get("state")
    return Workflows(
        project.file,
        lambda path, name: Session(Project.of(path, state=state), _settings(name, given)),
        state=state,
    )


def _repeated(given: dict[str, Any]) -> tuple[str, ...]:
    """Return the options that the command which resumes repeats: all but those that only say how a run begins."""
    words: list[str] = []
    for key, option in (("params", "-p"), ("only", "--only"), ("start_from", "--from"), ("up_to", "--to")):
        for value in given.get(key) or ():
            words += [option, value]
    for key, option in (("state", "--state"), ("jobs", "-j")):
        if given.get(key) is not None:
            words += [option, str(given[key])]
    if given.get("executor", "threaded") != "threaded":
        words += ["--executor", given["executor"]]
    words += [option for key, option in (("keep_going", "--keep-going"), ("isolate", "--isolate")) if given.get(key)]
    return tuple(words)
