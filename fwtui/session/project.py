"""Where a workflow file belongs: its project, and the place of its state.

State lives with the project and not in the home folder, so that it moves, is deleted and is backed up with the work
it belongs to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flowweaver.errors import StateError
from flowweaver.project import find_root

__all__ = ["STATE_FOLDER", "Project", "copy_file", "make_state_folder", "shown", "split_target"]

STATE_FOLDER = ".fwtui"


@dataclass(frozen=True, slots=True)
class Project:
    """A workflow file and what surrounds it, all paths absolute.

    Attributes:
        root: the folder of the nearest ``pyproject.toml`` or ``.git``, or the file's own.
        state: the file that keeps its state; it need not be there.
        own_state: the state lies in a folder of the project's own, not where the person said.
    """

    file: Path
    root: Path
    state: Path
    own_state: bool = True

    @property
    def has_state(self) -> bool:
        """There is something in the place of the state, or something that keeps us from looking there."""
        try:
            os.stat(self.state)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # whoever reads it is told why
        return True

    @classmethod
    def of(
        cls,
        file: Path,
        *,
        state: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        home: Path | None = None,
    ) -> Project:
        """Return the project of a workflow file.

        Args:
            file: the workflow file, which need not be there.
            state: the state file a person named; ``FWTUI_STATE`` of ``environ`` comes next.
            environ: the environment variables, by default those of the process.
            home: the home folder, which is never itself a project; by default that of the user.
        """
        # As python itself does for a script: what lies beside the real file is found, not what lies beside a link.
        file = Path(os.path.realpath(file))
        root = find_root(file, home=home)
        named = state or (os.environ if environ is None else environ).get("FWTUI_STATE")
        if named:
            return cls(file, root, Path(os.path.abspath(_at_home(os.fspath(named)))), own_state=False)
        relative = file.relative_to(root)
        return cls(file, root, root / STATE_FOLDER / relative.with_name(f"{relative.stem}.db"))


def make_state_folder(project: Project) -> None:
    """Make the folder of the state, readable by its user only, ignored by git.

    Raises:
        StateError: it cannot be made or written to; the text names ``--state``.
    """
    folder = project.state.parent
    own = project.root / STATE_FOLDER
    try:
        if project.own_state and not own.exists():
            own.mkdir(mode=0o700)
            _write_once(own / ".gitignore", "*\n")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(project.state, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(project.state, "its folder is not writable")


def copy_file(project: Project) -> Path:
    """Return where what a person copied is kept beside the state: a state that they named has a file of its own."""
    if project.own_state:
        return project.root / STATE_FOLDER / "copy.txt"
    return project.state.with_name(f"{project.state.name}.copy.txt")


def _write_once(path: Path, text: str) -> None:
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return


def _unusable(state: Path, why: str) -> StateError:
    return StateError(
        f"No state can be kept at {shown(state)}: {why}. Name another place with --state PATH.", path=str(state)
    )


def shown(path: Path | str) -> str:
    """Return a path as a person reads it: relative to where they are if it lies below, else absolute."""
    path = Path(path)
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def split_target(target: str) -> tuple[Path, str | None]:
    """Return file and workflow name of ``FILE[:name]``; a file or a name with a colon of its own is found as it is."""
    path = _at_home(target)
    if ":" not in target or path.exists():
        return path, None
    # What is a file is the file, as long as it can be: a name may have colons, too.
    splits = [(target[:at], target[at + 1 :]) for at in range(len(target) - 1, -1, -1) if target[at] == ":"]
    file, name = next((split for split in splits if split[0] and _at_home(split[0]).exists()), splits[0])
    return _at_home(file), name


def _at_home(path: str) -> Path:
    """Return a path with ~ as the home folder, or as it is where nobody has that home."""
    with suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)
