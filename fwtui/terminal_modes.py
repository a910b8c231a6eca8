"""What Textual does to the terminal, but not while it runs or not as a shell needs it: the mouse, and ctrl+z."""

from __future__ import annotations

import os
import signal
import sys

from textual.app import App

from fwtui.terminal import Terminal

__all__ = ["have_it_alone", "report_mouse", "stop_process"]


def have_it_alone(app: App[int], terminal: Terminal) -> None:
    """Let nobody but the driver, which has begun, find the terminal in Python's own names for it."""
    terminal.keep_from_others()
    if app._driver is not None:
        vars(app._driver)["_get_terminal_size"] = terminal.size


def report_mouse(app: App[int], *, on: bool) -> None:
    """Have the terminal report the mouse, or leave it to the terminal, which then selects text by it."""
    from textual.drivers.linux_driver import LinuxDriver

    driver = app._driver
    if not isinstance(driver, LinuxDriver) or driver._mouse == on:
        return
    if on:
        driver._mouse = True
        driver._enable_mouse_support()
        if driver._mouse_pixels:
            # The modes that were just set would have it report cells again.
            driver._enable_mouse_pixels()
    else:
        driver._disable_mouse_support()
        driver._mouse = False


def stop_process(app: App[int]) -> None:
    """Give the terminal back and stop, as ctrl+z does; returns when the shell has brought us to the foreground again.

    The whole group is stopped, for it may be another process that the shell waits for (``uv run fwtui ...``). Where no
    shell would ever let us go on, the system does not stop us at all.
    """
    streams = sys.stdout, sys.stderr
    with app.suspend():
        sys.stdout, sys.stderr = streams
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
