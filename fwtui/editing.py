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
    streams = sys.stdout, sys.stderr
    try:
        if not foreground:
            terminal.run(command, foreground=False)
        else:
            with app.suspend():
                # Textual has put the terminal in their place, and a task may print while the editor is open.
                sys.stdout, sys.stderr = streams
                terminal.run(command, foreground=True)
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}. Set EDITOR to the one you use."
    return ""
