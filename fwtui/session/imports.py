"""The modules of a project, imported from what is on disk now, known by name, and forgotten as one.

Python's own import system would give yesterday's module: it keeps what is imported, and its compiled files go by whole
seconds and sizes, so that a quick edit goes unnoticed. Below the project's root this one reads the source each time,
remembers exactly what it read, and can take all of it out again.
"""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import fwtui
from flowweaver.project import in_project
from flowweaver.stores.codec_main import module_name
from fwtui.session.project import Project
from fwtui.session.stamps import Stamp, read_stamped

__all__ = ["Imports"]

_OURS = os.path.join(os.path.realpath(os.path.dirname(fwtui.__file__ or "")), "")


class _Fresh(SourceFileLoader):
    """Compiles a module from its source as it is now, and says what it read."""

    def __init__(self, fullname: str, path: str, note: Callable[[str, str, Stamp], None]) -> None:
        super().__init__(fullname, path)
        self._note = note

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        data, stamp = read_stamped(path)
        self._note(fullname, path, stamp)
        code: CodeType = self.source_to_code(data, path)
        return code


class Imports:
    """The project's modules as one workflow file imported them.

    Attributes:
        stamps: every source file of the project that was read, as it was read.
        name: the name under which the workflow file stands in ``sys.modules``.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._root = os.path.realpath(project.root)
        self._folders = tuple({str(project.file.parent): None, str(project.root): None})
        self._before: frozenset[str] | None = None
        self._kept: dict[str, ModuleType] = {}
        self._path: list[str] = []
        self._read: set[str] = set()
        self.module: ModuleType | None = None
        """The workflow file's, once its import has begun; the file may take it out of ``sys.modules``."""
        self.stamps: dict[Path, Stamp] = {}
        self.name = module_name(project.file, project.root)

    def belongs(self, path: str | os.PathLike[str]) -> bool:
        """Tell whether a file or folder is the project's own: below its root, and not installed there."""
        inside = os.path.join(path, "any.py") if os.path.isdir(path) else os.fspath(path)
        # The engine leaves itself out; this package may lie in the project, too, where it is developed.
        return in_project(inside, self._root) and not os.path.realpath(path).startswith(_OURS)

    # -- taking part in imports -------------------------------------------------------------------------------------

    def install(self) -> None:
        """Make the project importable: what lies beside the file first, what lies in the root last."""
        if self._before is None:
            self._before = frozenset(sys.modules)
            if self.name in sys.modules:
                # A workflow called click.py must not be what the rest of the process gets for "import click".
                self.name = f"{self.name}_workflow"
        first, *rest = self._folders
        self._path = [first, *(folder for folder in rest if folder not in sys.path)]
        sys.path.insert(0, first)
        sys.path.extend(self._path[1:])
        sys.path_hooks.insert(0, self._finder)
        self._forget_finders()
        sys.modules.update(self._kept)
        self._kept = {}

    def remove(self) -> None:
        """Take all of the project's modules out of the process; ``install`` brings these same ones back."""
        self._kept = {name: module for name, module in list(sys.modules.items()) if self._is_ours(name, module)}
        for name, module in self._kept.items():
            del sys.modules[name]
            parent, _, child = name.rpartition(".")
            if getattr(sys.modules.get(parent), child, None) is module:
                delattr(sys.modules[parent], child)
        for folder in self._path:
            if folder in sys.path:
                sys.path.remove(folder)
        self._path = []
        if self._finder in sys.path_hooks:
            sys.path_hooks.remove(self._finder)
        self._forget_finders()

    def _forget_finders(self) -> None:
        for path in [path for path in sys.path_importer_cache if self.belongs(path)]:
            del sys.path_importer_cache[path]
        importlib.invalidate_caches()

    def _finder(self, path: str) -> FileFinder:
        if not self.belongs(path) or not os.path.isdir(path):
            raise ImportError("not a folder of the project", path=path)
        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (self._loader, SOURCE_SUFFIXES))  # type: ignore[arg-type]  # it only calls it

    def _loader(self, fullname: str, path: str) -> _Fresh:
        return _Fresh(fullname, path, self._note)

    def _note(self, name: str, path: str, stamp: Stamp) -> None:
        # Source lines are shown beside tasks and errors; Python keeps those it has read once.
        linecache.checkcache(path)
        self._read.add(name)
        self.stamps[Path(path)] = stamp

    def _is_ours(self, name: str, module: Any) -> bool:
        if name in self._read:
            return True
        if self._before is None or name in self._before:
            return False
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            # Compiled modules cannot be imported twice.
            return self.belongs(file) and not file.endswith(tuple(EXTENSION_SUFFIXES))
        # A folder without __init__.py: it holds on to the modules that were imported through it.
        return any(
            isinstance(path, str) and self.belongs(path) for path in list(getattr(module, "__path__", None) or ())
        )

    # -- the workflow file ------------------------------------------------------------------------------------------

    def import_file(self) -> ModuleType:
        """Import the workflow file under its name and return it; it stays in ``sys.modules`` also where this raises.

        Raises:
            BaseException: whatever the file raises.
        """
        self._import_parent()
        name, file = self.name, str(self._project.file)
        if name in sys.modules and name in self._read:
            self.module = sys.modules[name]
            return self.module
        loader = self._loader(name, file)
        spec = importlib.util.spec_from_file_location(name, file, loader=loader)
        if spec is None:
            raise ImportError(f"{file} cannot be imported", path=file)
        module = importlib.util.module_from_spec(spec)
        self.module = sys.modules[name] = module
        loader.exec_module(module)
        return module

    def _import_parent(self) -> None:
        """Import the packages that the file's name names, as far as they are those the file lies in.

        What is pickled finds its class through them. ``python file.py`` would not run them, so a broken one is no
        reason to refuse the file.
        """
        top, *between = self.name.split(".")[:-1] or [""]
        if not top:
            return
        folder = self._project.root
        for depth, part in enumerate([top, *between]):
            folder = folder / part
            name = ".".join([top, *between][: depth + 1])
            if name in sys.modules:
                continue
            try:
                spec = importlib.util.find_spec(name)
                if spec is None or str(folder) not in (spec.submodule_search_locations or ()):
                    return
                importlib.import_module(name)
            except (Exception, SystemExit):
                sys.modules[name] = stand_in = ModuleType(name)
                stand_in.__path__ = [str(folder)]
