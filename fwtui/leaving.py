"""What is left when the screen is gone: how the last run ended, on the normal screen, and the exit code."""

from __future__ import annotations

import threading
from typing import TextIO

from fwtui.model.verdict import verdict_text
from fwtui.session.port import SessionPort
from fwtui.streams import SteadyStream, ascii_only

__all__ = ["close", "tell_the_end"]

_CLOSE_SECONDS = 4.0


def close(session: SessionPort) -> None:
    """Close a session; a run that still goes on is given up.

    A file that never finishes loading holds the session, and nobody is to wait for that.
    """
    closing = threading.Thread(target=session.close, name="fwtui-close", daemon=True)
    closing.start()
    closing.join(_CLOSE_SECONDS)


def tell_the_end(session: SessionPort, streams: tuple[TextIO, TextIO], code: int | None, error: str) -> int:
    """Say how a session's last run ended, and return the exit code.

    Args:
        session: the session.
        streams: where stdout and stderr lead.
        code: the exit code if it is decided already; else it is that of the last run.
        error: what is to be said on stderr, "" for nothing.
    """
    # The terminal may be gone: what is written to it then is dropped.
    out, err = map(SteadyStream, streams)
    if error:
        err.write(f"{error}\n")
    ending = session.ending()
    if ending is not None:
        out.write(verdict_text(ending, ascii_only=ascii_only(out)) + "\n")
    return session.exit_code if code is None else code
