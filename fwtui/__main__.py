"""``python -m fwtui`` and the command ``fwtui``."""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from fwtui.pauses import starting

    starting()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))  # nothing has begun, and nothing is to be told
    from fwtui.afterwards import own_process, stay_until_the_end
    from fwtui.cli import main as command_line

    signal.signal(signal.SIGINT, before)
    own_process()
    code = command_line()
    stay_until_the_end()
    sys.exit(code)


def _leave_out_the_current_folder() -> None:
    """Undo what ``python -m`` did to the path: a random.py in the current folder would be everybody's random.

    Where the folder is the one that this package was found in, it stays.
    """
    if not sys.flags.safe_path and sys.path[0] != os.path.dirname(os.path.dirname(os.path.abspath(__file__))):
        del sys.path[0]


if __name__ == "__main__":
    _leave_out_the_current_folder()
    main()
