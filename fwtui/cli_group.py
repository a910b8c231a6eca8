"""``fwtui FILE`` beside ``fwtui COMMAND``: a command without a name, its place in the help, and what was meant."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = ["DEFAULT", "Commands", "FileCommand"]

DEFAULT = "open"
"""The command that ``fwtui FILE`` is; nobody types its name."""

_OWN = ("-h", "--help", "--version")


class FileCommand(click.Command):
    """The command without a name."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how it is called: without the name that click needs for it."""
        parent = ctx.parent or ctx
        formatter.write_usage(parent.command_path, " ".join(self.collect_usage_pieces(ctx)))


class Commands(click.Group):
    """A group in which ``fwtui FILE`` is a command of its own, the one without a name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is no command for a file."""
        if args and args[0] not in self.commands and args[0] not in _OWN:
            if not ctx.resilient_parsing:
                self._refuse_what_is_neither(ctx, args)
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def _refuse_what_is_neither(self, ctx: click.Context, args: Sequence[str]) -> None:
        """Refuse a first word that is neither a command nor, by its looks, meant as a file.

        Raises:
            click.UsageError: with the command that was probably meant.
        """
        word = args[0]
        if word.startswith("-"):
            return
        if word.endswith(".py") or os.sep in word or ":" in word or os.path.exists(word):
            if len(args) > 1 and args[1] in self.list_commands(ctx):
                raise click.UsageError(f"The command comes first: fwtui {args[1]} {word}", ctx)
            return
        from difflib import get_close_matches

        near = get_close_matches(word, self.list_commands(ctx), n=1)
        if near:
            raise click.UsageError(f"{word}: no such command or file. Did you mean {near[0]}?", ctx)
        if len(args) > 1 and not args[1].startswith("-"):
            raise click.UsageError(f"{word}: no such command or file", ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands that have a name, in the order in which they are needed."""
        return [name for name in self.commands if name != DEFAULT and ctx]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then what ``fwtui FILE`` takes: that is what is typed most."""
        self.format_commands(ctx, formatter)
        params = [*self.commands[DEFAULT].params, *self.get_params(ctx)]
        records = [param.get_help_record(ctx) for param in params if isinstance(param, click.Option)]
        with formatter.section("Options of fwtui FILE"):
            formatter.write_dl([record for record in records if record is not None])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that a word may become, or leave it to the shell to find files."""
        files: list[CompletionItem[Any]] = [] if incomplete.startswith("-") else [CompletionItem(incomplete, "file")]
        return [*files, *super().shell_complete(ctx, incomplete)]
