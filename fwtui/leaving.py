"""What is left when the screen is gone: how the last run ended, on the normal screen, and the exit code."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from fwtui.model.text import visible_lines
from fwtui.model.verdict import Ending, verdict_text
from fwtui.session.port import SessionPort
from fwtui.streams import SteadyStream, ascii_only

__all__ = ["close", "mistake", "tell_the_end"]

_CLOSE_SECONDS = 4.0


def close(session: SessionPort) -> None:
    """Close a session; a run that still goes on is given up.

    A file that never finishes loading holds the session, and nobody is to wait for that.
    """
    closing = threading.Thread(target=session.close, name="fwtui-close", daemon=True)
    closing.start()
    closing.join(_CLOSE_SECONDS)


def mistake() -> Text:
    """Return what is said of an exception of our own that is being handled: frames and messages, never variables."""
    return Text("\n".join(visible_lines(traceback.format_exc().rstrip())), overflow="fold", no_wrap=False)


def tell_the_end(endings: Sequence[Ending], streams: tuple[TextIO, TextIO], error: str) -> None:
    """Say how the last run of each session ended.

    Args:
        endings: in the order in which the sessions were left.
        streams: where stdout and stderr lead.
        error: what is to be said on stderr, "" for nothing.
    """
    # The terminal may be gone: what is written to it then is dropped.
    out, err = map(SteadyStream, streams)
    if error:
        err.write(f"{error}\n")
    texts = [verdict_text(ending, ascii_only=ascii_only(out)) for ending in endings]
    if texts:
        out.write("\n\n".join(texts) + "\n")
