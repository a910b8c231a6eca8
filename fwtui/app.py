"""The dashboard as a program: opens the screen, and leaves the terminal as it was."""

from __future__ import annotations

import os

# Read by Textual when it is imported: it would take esc and a key within 100 ms for alt and that key.
os.environ.setdefault("ESCDELAY", "25")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")

import sys

from fwtui.dashboard_app import DashboardApp
from fwtui.escape import answer_esc_soon
from fwtui.leaving import close, tell_the_end
from fwtui.model.ascii_text import wants_ascii
from fwtui.model.motion import turns_a_second
from fwtui.model.settings_keys import keymap_of
from fwtui.pauses import short_pauses
from fwtui.picking_app import PickingApp
from fwtui.session.folder import Workflows
from fwtui.session.port import SessionPort
from fwtui.session.settings_file import config_folder, read_keys, read_preferences, write_preferences
from fwtui.standard import end_at_once
from fwtui.terminal import Terminal

__all__ = ["DashboardApp", "run_dashboard"]

_TERMINATED = 143


def run_dashboard(
    session: SessionPort | None,
    workflows: Workflows | None = None,
    *,
    run_at_start: bool = False,
    watch: bool = True,
) -> int:
    """Show a session until the person leaves, close it, and return the exit code.

    What is left in the scrollback is how the last run of each session ended.

    Args:
        session: the workflow; None to begin with the list of workflows.
        workflows: what is in that list; None where there is only the session.
        run_at_start: a run starts as soon as the file is loaded.
        watch: saves of the file are noticed.

    Raises:
        LoadProblem: the file that was open when the person left never loaded; nothing ran.
    """
    answer_esc_soon()
    with Terminal() as terminal, short_pauses():
        folder = config_folder()
        preferences, notice = read_preferences(folder)
        keys, unread = read_keys(folder)
        keymap, wrong = keymap_of(keys)
        app = PickingApp(
            session,
            workflows,
            watch=watch,
            run_at_start=run_at_start,
            terminal=terminal,
            ascii_only=wants_ascii(sys.__stdout__.encoding if sys.__stdout__ else "", os.environ, preferences.ascii),
            preferences=preferences,
            keymap=keymap,
            notices=[said for said in (notice, unread, wrong) if said],
            turns=turns_a_second(os.environ),
        )
        code = app.run(mouse=preferences.mouse)
        terminal.keep_signals()  # closing is bounded, and what runs is saved by it
        # A file that could not be read has been told of.
        forgotten = "" if notice else write_preferences(folder, preferences, app.preferences)
        # Textual has put back what it found; tasks that still run are captured by what was there last.
        sys.stdout, sys.stderr = app.streams
        endings, last_code, left_behind = app.endings, app.left_code, app.left_behind
        session = app.session
        if session is not None:
            close(session)
            ending = session.ending()
            endings = [*endings, ending] if ending is not None else endings
            last_code = session.exit_code or (last_code if ending is None else 0)
            left_behind = left_behind or session.running or bool(session.threads_left)
        if left_behind:
            terminal.close_for_others()
    code = _TERMINATED if app.terminated else code
    if code is None and app.return_code:
        code, app.error = app.return_code, "\n".join(terminal.rest())
    said = "\n".join(filter(None, (app.error, forgotten and f"fwtui: {forgotten}")))
    tell_the_end(endings, (terminal.out, terminal.err), said)
    if code is None and app.unloaded is not None:
        raise app.unloaded
    code = last_code if code is None else code
    if left_behind:
        end_at_once(code)
    return code
