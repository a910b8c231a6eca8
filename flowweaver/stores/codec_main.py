"""The name under which a class of ``__main__`` is found again by whoever loads the same file in another way.

``python etl.py`` calls its classes ``__main__.Point``; the runner imports the same file under its dotted path from the
project's root. Both must find what the other stored, so a class of ``__main__`` is stored under that dotted path.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from flowweaver.project import find_root

__all__ = ["find_in_file", "module_name", "name_of_main"]


def module_name(file: Path, root: Path) -> str:
    """Return the dotted path from the project's root under which a file is imported."""
    name = ".".join(part.replace(".", "_") for part in file.relative_to(root).with_suffix("").parts)
    return f"{name}_workflow" if name in sys.stdlib_module_names else name


_names: dict[str, str] = {}


def name_of_main() -> str | None:
    """Return the name under which others import the file that runs as ``__main__``, None if there is no file."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and isinstance(spec.name, str):
        return spec.name.removesuffix(".__main__")
    file = getattr(main, "__file__", None)
    if not isinstance(file, str):
        return None
    if file not in _names:
        path = Path(os.path.realpath(file))
        _names[file] = module_name(path, find_root(path))
    return _names[file]


def find_in_file(module: str, qualname: str) -> Any:
    """Return a class or function of a workflow file by its name; stored results of ``__main__`` call this.

    Raises:
        ImportError: the file is not found under that name.
        AttributeError: it has no such class.
    """
    found: Any = sys.modules["__main__"] if module == name_of_main() else import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found
