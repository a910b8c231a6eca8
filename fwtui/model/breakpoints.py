"""Where the screen takes another shape: three numbers, so that a resize by two columns changes no picture by itself."""

from __future__ import annotations

__all__ = ["TALL", "VERY_WIDE", "WIDE"]

WIDE = 100
"""Columns from which there is room for the long forms."""
VERY_WIDE = 160
"""Columns from which tasks, graph and details stand beside the pane, where there are enough rows."""
TALL = 34
"""Rows from which they do."""
