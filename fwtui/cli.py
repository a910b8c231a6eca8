"""The command line: what is typed, checked and named. What the commands do is imported when one of them is called."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from fwtui.cli_options import file_options, running, selection, session_of

__all__ = ["main"]

_DEFAULT = "open"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """A group in which ``fwtui FILE`` is a command of its own, the one without a name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help", "--version"):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in self.commands if name != _DEFAULT and ctx]


def _show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from flowweaver import __version__

        click.echo(f"fwtui {__version__}")
        context.exit(0)


@click.group(
    cls=_Commands, context_settings=_CONTEXT, subcommand_metavar="FILE | COMMAND ...", invoke_without_command=True
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Run workflows that resume, and watch them.

    fwtui FILE opens the dashboard; where there is no terminal it does the same as fwtui run FILE.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)


@cli.command(_DEFAULT, hidden=True, options_metavar="[OPTIONS]")
@file_options
@selection
@running
@click.option("--no-tui", is_flag=True, help="No dashboard: the same as fwtui run.")
@click.option("--run", "run_at_start", is_flag=True, help="Start a run at once.")
def open_(target: str, *, no_tui: bool, run_at_start: bool, no_watch: bool, **given: Any) -> int:
    """Open a workflow in the dashboard."""
    project, settings = session_of(target, given)
    if project.file.is_dir():
        from fwtui.commands.folder import list_folder

        return list_folder(project.file)
    _warn_of_other_owners()
    if no_tui or not _has_screen():
        from fwtui.commands.run import run_headless

        return run_headless(project, settings, output="text")
    from fwtui.app import run_dashboard
    from fwtui.session.session import Session

    return run_dashboard(Session(project, settings), run_at_start=run_at_start, watch=not no_watch)


@cli.command()
@file_options
@selection
@running
@click.option("--output", type=click.Choice(["text", "json"]), default="text", help="json: one event a line.")
@click.option("--pdb", is_flag=True, help="One task at a time, with its output as it is; a failure opens the debugger.")
def run(target: str, *, output: str, pdb: bool, no_watch: bool, **given: Any) -> int:
    """Run what is not done yet, without a screen."""
    del no_watch  # nothing is watched; taken so that the options of both forms are the same
    project, settings = session_of(target, given)
    _warn_of_other_owners()
    if pdb:
        from fwtui.commands.debug import run_in_debugger

        return run_in_debugger(project, settings)
    from fwtui.commands.run import run_headless

    return run_headless(project, settings, output=output)


@cli.command()
@file_options
@selection
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def plan(target: str, *, as_json: bool, **given: Any) -> int:
    """Say what would run and why, without running it."""
    from fwtui.commands.look import show_plan

    return show_plan(*session_of(target, given), as_json=as_json)


@cli.command()
@file_options
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(target: str, *, as_json: bool, **given: Any) -> int:
    """Say how each task stands."""
    from fwtui.commands.look import show_status

    return show_status(*session_of(target, given), as_json=as_json)


@cli.command()
@file_options
@click.argument("task", required=False)
@click.option("--run", "run_id", type=click.IntRange(min=1), metavar="N", help="Of this run; by default the last.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Of this attempt; by default the last.")
def logs(target: str, *, task: str | None, run_id: int | None, attempt: int | None, **given: Any) -> int:
    """Show what a task wrote, and its error; without a task, those of all."""
    from fwtui.commands.logs import show_logs

    return show_logs(*session_of(target, given), task=task, run_id=run_id, attempt=attempt)


@cli.command()
@file_options
@click.argument("pattern", required=False, metavar="[GLOB]")
@click.option("--this", "scope", flag_value="this", default=True, help="Only these tasks (this is the default).")
@click.option("--downstream", "scope", flag_value="downstream", help="And what depends on them.")
@click.option("--upstream", "scope", flag_value="upstream", help="And what they depend on.")
@click.option("--failed", "scope", flag_value="failed", help="Only those of them that failed.")
@click.option("--all", "scope", flag_value="all", help="Every task.")
@click.option("--dry-run", is_flag=True, help="Only say what would be cleared.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def clear(target: str, *, pattern: str | None, scope: str, dry_run: bool, yes: bool, **given: Any) -> int:
    """Forget the state and the results of tasks, so that they run again."""
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
        _complain(text)


# -- errors are part of the interface ---------------------------------------------------------------------------------


def _complain(text: str) -> None:
    """Write up to three lines to stderr, the first behind our name."""
    from fwtui.model.text import visible

    lines = [visible(line) for line in text.strip().split("\n")[:3]]
    try:
        sys.stderr.write("fwtui: " + "\n".join(lines) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # nobody is there to read it


def main(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code; a user's mistake is said in one to three lines.

    Args:
        arguments: by default those of the process.
    """
    _open_what_is_closed()
    try:
        code = cli.main(arguments, prog_name="fwtui", standalone_mode=False)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.UsageError as error:
        _complain(_usage(error))
        code = error.exit_code
    except click.ClickException as error:
        _complain(error.format_message())
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
        _complain(text)
    _let_go_of_stdout()
    return code if isinstance(code, int) else 0


def _open_what_is_closed() -> None:
    """Let the first three descriptors lead somewhere: else the next file that is opened would be our stdout."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _usage(error: click.UsageError) -> str:
    where = error.ctx.command_path if error.ctx is not None else "fwtui"
    where = where.removesuffix(f" {_DEFAULT}")
    return f"{error.format_message()}\n{where} --help shows what it takes."


def _told(error: BaseException) -> tuple[str, int] | None:
    """Return what a person is told of an error and the exit code; None for what is a mistake of ours."""
    from fwtui.commands.problems import problem_of

    return problem_of(error)


def _let_go_of_stdout() -> None:
    """Keep Python from complaining, at its end, of a reader that has gone."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
