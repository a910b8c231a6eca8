"""How an editor is told to open a file at a line: each has its own way."""

from __future__ import annotations

import os
import shlex

__all__ = ["editor_command"]


def editor_command(editor: str, path: str, line: int | None) -> tuple[list[str], bool]:
    """Return the command that opens a file at a line, and whether the editor needs the terminal.

    Args:
        editor: what ``$VISUAL`` or ``$EDITOR`` says, with its own arguments.
        path: the file.
        line: from 1, None for its beginning.
    """
    words = shlex.split(editor) or ["vi"]
    name = os.path.basename(words[0])
    if name in ("code", "codium", "cursor", "windsurf"):
        return [*words, "--goto", f"{path}:{line or 1}"], False
    if name in ("subl", "zed"):
        return [*words, f"{path}:{line or 1}"], False
    if name in ("hx", "helix"):
        return [*words, f"{path}:{line or 1}"], True
    return ([*words, f"+{line}", path] if line else [*words, path]), True
