"""What differs between what a result was made by and what is there now, as texts that name it.

The plan decides with these, and a person reads them; so each is None (or empty) exactly where nothing changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowweaver.records import CodePrint, FilePrint

__all__ = ["code_change", "file_change", "listed", "param_change"]


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return "a", "a and b", "a, b and c" or, of more than three, "a, b and 3 more"."""
    if len(names) > 3:
        return f"{names[0]}, {names[1]} {last} {len(names) - 2} more"
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)


def code_change(then: CodePrint | None, now: CodePrint | None) -> str | None:
    """Name the functions, classes and constants that changed.

    An unknown print, or one that another algorithm made, counts as unchanged.
    """
    if then is None or now is None or then.algorithm != now.algorithm or then.digest == now.digest:
        return None
    names = [name for name, digest in now.parts.items() if name in then.parts and then.parts[name] != digest]
    if not names:
        # All that was there before is as it was: something came or went, as when a constant became computed.
        names = [name for name in now.parts if name not in then.parts]
        names += [name for name in then.parts if name not in now.parts]
    return f"{listed(names) or 'code'} changed"


def param_change(then: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Name the parameters that have another value, or that the function takes now and did not, or the reverse."""
    if then == now:
        return None
    names = [name for name in now if then.get(name) != now[name]]
    names += [name for name in then if name not in now]
    return f"{'parameter' if len(names) == 1 else 'parameters'} {listed(names)} changed"


def file_change(then: Sequence[FilePrint], now: Sequence[FilePrint]) -> str | None:
    """Name the declared files whose content changed, that are new and that are gone; size -1 is a missing file."""
    if then == now:
        return None
    before = {file.path: file for file in then if file.size >= 0}
    after = {file.path: file for file in now if file.size >= 0}
    changed = [path for path, file in after.items() if path in before and before[path].digest != file.digest]
    new = [path for path in after if path not in before]
    gone = [path for path in before if path not in after]
    known = {file.path for file in then}
    gone += [file.path for file in now if file.size < 0 and file.path not in known]
    texts = [f"{listed(changed)} changed"] if changed else []
    texts += [f"{listed(paths)} {_be(paths)} {word}" for paths, word in ((new, "new"), (gone, "gone")) if paths]
    return "; ".join(texts) or None


def _be(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
