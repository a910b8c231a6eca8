"""The command line: what is typed, checked and named. What the commands do is imported when one of them is called."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from fwtui.cli_group import DEFAULT, Commands, FileCommand
from fwtui.cli_options import COUNT, NUMBER, file_options, running, selection, session_of, task_names, workflows_of
from fwtui.standard import complain, let_go_of_stdout, open_what_is_closed

__all__ = ["main"]

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_CODES = """Exit codes: 0 all completed, 1 a task failed (or stdout cannot be written), 2 wrong usage or no such file,
3 the file does not load, 4 the state cannot be used, 130 interrupted, 143 terminated."""


def _show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from flowweaver import __version__

        click.echo(f"fwtui {__version__}")
        context.exit(0)


@click.group(
    cls=Commands,
    context_settings=_CONTEXT,
    options_metavar="",
    subcommand_metavar="FILE[:NAME] | FOLDER | COMMAND ...",
    invoke_without_command=True,
    epilog=_CODES,
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Run workflows that resume, and watch them.

    fwtui FILE opens the dashboard; where there is no terminal it does the same as fwtui run FILE. fwtui FOLDER lists
    the workflows in a folder and opens the one that is picked. fwtui COMMAND --help tells of one command.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)


@cli.command(DEFAULT, cls=FileCommand, hidden=True)
@file_options
@selection
@running
@click.option("--no-watch", is_flag=True, help="Do not watch the file for changes.")
@click.option("--no-tui", is_flag=True, help="No dashboard: do what fwtui run does.")
@click.option("--run", "run_at_start", is_flag=True, help="Start a run at once.")
def open_(target: str, *, no_tui: bool, run_at_start: bool, no_watch: bool, **given: Any) -> int:
    """Open a workflow in the dashboard."""
    project, settings = session_of(target, given)
    headless = no_tui or not _has_screen()
    folder = project.file.is_dir()
    if folder and run_at_start:
        raise click.UsageError("--run starts one workflow: name its file.")
    if folder and headless:
        from fwtui.commands.folder import list_folder

        return list_folder(workflows_of(project, given))
    _warn_of_other_owners()
    if headless:
        from fwtui.commands.run import run_headless

        return run_headless(project, settings, output="text")
    from fwtui.app import run_dashboard
    from fwtui.session.loader import require_file
    from fwtui.session.session import Session

    if not folder:
        require_file(project)  # a mistyped name is no file to be mended
    workflows = workflows_of(project, given)
    listed = folder or (settings.name is None and workflows.several())
    session = None if listed else Session(project, settings)
    return run_dashboard(session, workflows, run_at_start=run_at_start, watch=not no_watch)


@cli.command()
@file_options
@selection
@running
@click.option("--no-watch", is_flag=True, hidden=True)
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="json: one event a line."
)
@click.option("--pdb", is_flag=True, help="One task at a time, with its output as it is; a failure opens the debugger.")
def run(target: str, *, output: str, pdb: bool, no_watch: bool, **given: Any) -> int:
    """Run what is not done yet, without a screen."""
    del no_watch  # nothing is watched; taken so that the options of both forms are the same
    if pdb:
        _refuse_beside_pdb(output, given)
    project, settings = session_of(target, given)
    _warn_of_other_owners()
    if pdb:
        from fwtui.commands.debug import run_in_debugger

        return run_in_debugger(project, settings)
    from fwtui.commands.run import run_headless

    return run_headless(project, settings, output=output)


def _refuse_beside_pdb(output: str, given: dict[str, Any]) -> None:
    if given["isolate"]:
        raise click.UsageError("--pdb debugs in this process, and --isolate runs in another: choose one.")
    if output == "json":
        raise click.UsageError("--pdb is for a person, and --output json for a program: choose one.")
    if given["executor"] == "async":
        raise click.UsageError("--pdb runs one task at a time, and --executor async many: choose one.")


@cli.command()
@file_options
@selection
@_JSON
def plan(target: str, *, as_json: bool, **given: Any) -> int:
    """Say what would run and why, without running it."""
    from fwtui.commands.look import show_plan

    return show_plan(*session_of(target, given), as_json=as_json)


@cli.command()
@file_options
@click.argument("task", shell_complete=task_names)
@selection
@_JSON
def explain(target: str, *, task: str, as_json: bool, **given: Any) -> int:
    """Say why one task would run or not, and what changed."""
    from fwtui.commands.explain import explain_task

    return explain_task(*session_of(target, given), task=task, as_json=as_json)


@cli.command()
@file_options
@_JSON
def status(target: str, *, as_json: bool, **given: Any) -> int:
    """Say how each task stands."""
    from fwtui.commands.look import show_status

    return show_status(*session_of(target, given), as_json=as_json)


@cli.command()
@file_options
@click.option("--limit", type=COUNT, default=20, show_default=True, metavar="N", help="How many; 0 for all.")
@_JSON
def runs(target: str, *, limit: int, as_json: bool, **given: Any) -> int:
    """List the past runs, each against what is usual."""
    from fwtui.commands.runs import show_runs

    return show_runs(*session_of(target, given), limit=limit, as_json=as_json)


@cli.command()
@file_options
@click.argument("pattern", required=False, metavar="[TASK|GLOB]", shell_complete=task_names)
@click.option("--run", "run_id", type=NUMBER, metavar="N", help="Of this run; by default of the last that ran it.")
@click.option("--attempt", type=NUMBER, metavar="N", help="Of this attempt; by default of the last.")
def logs(target: str, *, pattern: str | None, run_id: int | None, attempt: int | None, **given: Any) -> int:
    """Show what tasks wrote, and their errors.

    Without TASK or GLOB, those of all tasks.
    """
    from fwtui.commands.logs import show_logs

    return show_logs(*session_of(target, given), pattern=pattern, run_id=run_id, attempt=attempt)


@cli.command()
@file_options
@click.argument("task", shell_complete=task_names)
@click.option("--run", "run_id", type=NUMBER, metavar="N", help="Of this run, if its result is still kept.")
@_JSON
def show(target: str, *, task: str, run_id: int | None, as_json: bool, **given: Any) -> int:
    """Show the stored result of a task."""
    from fwtui.commands.show import show_result

    return show_result(*session_of(target, given), task=task, run_id=run_id, as_json=as_json)


@cli.command()
@file_options
@click.argument("pattern", required=False, metavar="[TASK|GLOB]", shell_complete=task_names)
@click.option("--this", "scope", flag_value="this", default=True, help="Only these tasks (this is the default).")
@click.option("--downstream", "scope", flag_value="downstream", help="And what depends on them.")
@click.option("--upstream", "scope", flag_value="upstream", help="And what they depend on.")
@click.option("--failed", "scope", flag_value="failed", help="Only those of them that failed.")
@click.option("--all", "scope", flag_value="all", help="Every task.")
@click.option("--dry-run", is_flag=True, help="Only say what would be cleared.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def clear(target: str, *, pattern: str | None, scope: str, dry_run: bool, yes: bool, **given: Any) -> int:
    """Forget what is stored of tasks, so that they run again."""
    from fwtui.commands.clear import clear_tasks

    return clear_tasks(*session_of(target, given), pattern=pattern, scope=scope, dry_run=dry_run, yes=yes)


@cli.command()
@file_options
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "mermaid", "dot", "json"]),
    default="text",
    show_default=True,
    help="The form.",
)
def graph(target: str, *, kind: str, **given: Any) -> int:
    """Show the tasks and what depends on what."""
    from fwtui.commands.graph import show_graph

    return show_graph(*session_of(target, given), kind=kind)


def _has_screen() -> bool:
    if os.environ.get("TERM", "dumb") == "dumb":
        return False
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _warn_of_other_owners() -> None:
    from fwtui.session.owners import other_owners, warning

    text = warning(other_owners())
    if text:
        complain(text)


# -- errors are part of the interface ---------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code; a user's mistake is said in one to three lines.

    Args:
        arguments: by default those of the process.
    """
    open_what_is_closed()
    try:
        code = cli.main(arguments, prog_name="fwtui", standalone_mode=False)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.UsageError as error:
        complain(_usage(error))
        code = error.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        code = error.exit_code
    except click.Abort:
        code = 130
    except BrokenPipeError:
        code = 0  # the reader has seen enough
    except BaseException as error:
        told = _told(error)
        if told is None:
            raise
        text, code = told
        complain(text)
    let_go_of_stdout()
    return code if isinstance(code, int) else 0


def _usage(error: click.UsageError) -> str:
    where = error.ctx.command_path if error.ctx is not None else "fwtui"
    where = where.removesuffix(f" {DEFAULT}")
    return f"{error.format_message()}\n{where} --help shows what it takes."


def _told(error: BaseException) -> tuple[str, int] | None:
    """Return what a person is told of an error and the exit code; None for what is a mistake of ours."""
    from fwtui.commands.problems import problem_of

    return problem_of(error)
