"""Opening a source file in the person's own editor, in front of the screen or beside it."""

from __future__ import annotations

import os
import sys

from textual.app import App

from fwtui.model.editor import editor_command
from fwtui.terminal import Terminal

__all__ = ["open_editor"]


def open_editor(app: App[int], terminal: Terminal, path: str, line: int | None) -> str:
    """Open a file; an editor that needs the terminal has it until it ends.

    Returns:
        Why it could not be opened, "" if it was.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    command, foreground = editor_command(editor, path, line)
    if not foreground:
        return _run(terminal, command, foreground=False)
    streams = sys.stdout, sys.stderr
    with app.suspend():
        # Textual has put the terminal in their place, and a task may print while the editor is open.
        sys.stdout, sys.stderr = streams
        # Nothing may be raised here: Textual would not take the terminal back.
        return _run(terminal, command, foreground=True)


def _run(terminal: Terminal, command: list[str], *, foreground: bool) -> str:
    try:
        terminal.run(command, foreground=foreground)
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}. Set EDITOR to the one you use."
    return ""
