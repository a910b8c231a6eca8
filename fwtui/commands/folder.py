"""``fwtui FOLDER`` without a screen: the workflows in it, how each stands, and the commands that run them."""

from __future__ import annotations

import shlex
import time

from fwtui.commands.asked import NotThere
from fwtui.commands.console import Out
from fwtui.model.picker import PickRow, count_text, pick_row
from fwtui.model.status import LOOKS
from fwtui.model.text import duration, visible
from fwtui.model.times import when_text
from fwtui.session.folder import Workflows
from fwtui.session.project import shown

__all__ = ["list_folder"]


def list_folder(workflows: Workflows) -> int:
    """List the workflows of a folder.

    Raises:
        NotThere: there are none.
    """
    out = Out()
    candidates = list(workflows.read())
    if not candidates:
        raise NotThere(visible(workflows.none_text()))
    rows = [pick_row(candidate) for candidate in candidates]
    out.line((visible(workflows.title), "strong"), f"  {count_text(rows, len(rows))}")
    now = time.time()
    heading = [(text, "muted") for text in ("", "STATUS", "WORKFLOW", "FILE", "STARTED", "TIME", "NOTE")]
    out.table([heading, *(_cells(row, now, ascii_only=out.ascii) for row in rows)], indent="  ")
    out.line()
    for candidate in candidates:
        target = shown(candidate.path) + (f":{candidate.name}" if candidate.name is not None else "")
        out.line(f"  fwtui run {visible(shlex.quote(target))}")
    return 0


def _cells(row: PickRow, now: float, *, ascii_only: bool) -> list[tuple[str, str]]:
    look = LOOKS[row.state]
    seconds = now - row.started_at if row.going_on and row.started_at is not None else row.seconds
    return [
        (look.ascii if ascii_only else look.icon, look.icon_role),
        (row.word, look.word_role or look.icon_role),
        (row.title, ""),
        (row.file, "muted"),
        ("" if row.started_at is None else when_text(row.started_at, now, wide=True), "muted"),
        (duration(seconds), ""),
        (row.note, look.text_role if row.wrong else "muted"),
    ]
