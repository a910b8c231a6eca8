"""From a path to workflows: the file is imported as it is on disk, and problems are told in its author's terms."""

from __future__ import annotations

import inspect
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from flowweaver.errors import DefinitionError, FlowWeaverError, MissingArgumentError, describe_exception
from flowweaver.executors.base import intercepting
from flowweaver.tracebacks import traceback_of
from flowweaver.workflow import Workflow
from fwtui.model.text import cut, joined, visible
from fwtui.session.describe import describe
from fwtui.session.frames import SourceFrame, own_frames, raw_frames
from fwtui.session.imports import Imports
from fwtui.session.loaded import Loaded
from fwtui.session.params import ParameterError, annotated_types, convert, type_of_default
from fwtui.session.port import LoadProblem, SeveralWorkflows
from fwtui.session.project import Project, shown
from fwtui.session.surroundings import ImportOutput, as_script

__all__ = ["UsageProblem", "check_syntax", "load", "require_file"]

_BUILDER = "build_workflow"
_OUTPUT_LIMIT = 200_000
_TEXT_LIMIT = 300
_FRAME_LIMIT = 12


class UsageProblem(LoadProblem):
    """The file is well, but what was asked of it is not: a wrong parameter, or no choice between two workflows."""


class _Handed(BaseException):
    """Ends the import of a file that runs its workflow by itself; its ``except Exception`` does not stop it."""


def require_file(project: Project) -> None:
    """Do nothing if there is such a file.

    Raises:
        UsageProblem: there is none.
    """
    if not project.file.is_file():
        what = "is a folder" if project.file.is_dir() else "no such file"
        raise UsageProblem(shown(project.file), what, code=2)


def load(
    project: Project,
    *,
    name: str | None = None,
    params: Mapping[str, str] | None = None,
    replaces: Imports | None = None,
    clock: Callable[[], float] = time.time,
) -> Loaded:
    """Import a workflow file and return its workflow.

    Args:
        project: the file and where it belongs.
        name: which of the file's workflows; needed only where it has several.
        params: parameters as typed; ``build_workflow`` gets those that it takes, the workflow the others.
        replaces: the modules of an earlier load; none of them is used again, and they are back if this one fails.
        clock: seconds since the epoch.

    Raises:
        LoadProblem: the file does not load, or has not what was asked for.
    """
    require_file(project)
    if replaces is not None:
        replaces.remove()
    imports = Imports(project)
    imports.install()
    try:
        return _Load(project, imports, params or {}).workflow(name, clock())
    except BaseException:
        imports.remove()
        if replaces is not None:
            replaces.install()
        raise


class _Load:
    """One load of one file."""

    def __init__(self, project: Project, imports: Imports, params: Mapping[str, str]) -> None:
        self._project = project
        self._imports = imports
        self._file = shown(project.file)
        self._typed = dict(params)
        self._handed: list[Workflow] = []
        self._output = ImportOutput()

    def workflow(self, name: str | None, now: float) -> Loaded:
        try:
            return self._loaded(name, now)
        except LoadProblem:
            raise
        except _FailedError as failed:
            raise self._problem(failed.error) from None
        except Exception as error:
            # The file's own classes may raise when they are looked at; without a frame of theirs it is our mistake.
            if not self._own_frames(error):
                raise
            raise self._problem(error) from None

    def _loaded(self, name: str | None, now: float) -> Loaded:
        with self._output.taken(), as_script(self._project.file), intercepting(self._hand_over):
            module = self._run(self._imports.import_file)
            found = self._workflows(module)
        workflow = self._choose(found, name, module)
        self._check(workflow)
        return Loaded(
            project=self._project,
            workflow=workflow,
            workflows=tuple(found),
            imports=self._imports,
            params=self._workflow_params(workflow),
            hint=self._hint(),
            output=self._output.text(),
            loaded_at=now,
            tasks=describe(workflow),
        )

    # -- running the file -------------------------------------------------------------------------------------------

    def _hand_over(self, workflow: Workflow, _executor: object) -> None:
        self._handed.append(workflow)
        raise _Handed

    def _run(self, function: Callable[[], Any]) -> Any:
        """Call what is the user's; a workflow that was handed to an executor counts, however the call then ends."""
        try:
            return function()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if self._handed:
                return self._imports.module
            raise _FailedError(error) from error

    def _workflows(self, module: ModuleType) -> list[Workflow]:
        # By type: isinstance would ask each value for its class, and a proxy may raise when it is asked.
        found: list[Workflow] = [value for value in list(vars(module).values()) if issubclass(type(value), Workflow)]
        if self._handed:
            found = [self._handed[0], *found]
        builder = vars(module).get(_BUILDER)
        if callable(builder) and not self._handed:
            wanted = annotated_types(builder)
            if not found or not self._typed.keys().isdisjoint(wanted):
                built = self._build(builder, wanted)
                names = {workflow.name for workflow in built}
                found = [*built, *(workflow for workflow in found if workflow.name not in names)]
        return list({id(workflow): workflow for workflow in found}.values())

    def _build(self, builder: Callable[..., Any], wanted: Mapping[str, Any]) -> list[Workflow]:
        given = {name: self._converted(name, wanted[name]) for name in list(self._typed) if name in wanted}
        for name in given:
            del self._typed[name]
        for parameter in inspect.signature(builder).parameters.values():
            required = parameter.default is parameter.empty and parameter.kind not in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            )
            if required and parameter.name not in given:
                raise LoadProblem(
                    self._file,
                    f"{_BUILDER}() requires {parameter.name!r}",
                    line=_line_of(builder),
                    hint=f"Give it with -p {parameter.name}=VALUE.",
                    path=str(self._project.file),
                )
        built = self._run(lambda: builder(**given))
        if self._handed:
            return [self._handed[0]]
        several = list(built) if isinstance(built, list | tuple) else [built]
        if not several or not all(isinstance(one, Workflow) for one in several):
            what = type(built).__name__ if built is not None else "None"
            raise LoadProblem(
                self._file,
                f"{_BUILDER}() returned {what}, not a Workflow",
                line=_line_of(builder),
                path=str(self._project.file),
            )
        return several

    # -- choosing ---------------------------------------------------------------------------------------------------

    def _choose(self, found: Sequence[Workflow], name: str | None, module: ModuleType) -> Workflow:
        if not found:
            raise LoadProblem(
                self._file,
                "it has no workflow",
                hint=f"A Workflow at the top level of the file is found, or one that {_BUILDER}() returns.",
                path=str(self._project.file),
            )
        names = [workflow.name for workflow in found]
        for twice in {one for one in names if names.count(one) > 1}:
            raise LoadProblem(
                self._file,
                f"two workflows are named {visible(twice)!r}: their states would be one",
                path=str(self._project.file),
            )
        if name is not None:
            by_variable = vars(module).get(name)
            for workflow in found:
                if workflow.name == name or workflow is by_variable:
                    return workflow
            raise UsageProblem(self._file, f"no workflow {visible(name)!r}; it has: {joined(names)}", code=2)
        if len(found) > 1 and not self._handed:
            raise SeveralWorkflows(
                self._file,
                f"it has {len(found)} workflows: {joined(names)}",
                hint=f"Name one: fwtui {shlex.quote(f'{self._file}:{visible(names[0])}')}",
                code=2,
                path=str(self._project.file),
                names=tuple(names),
            )
        return found[0]

    def _check(self, workflow: Workflow) -> None:
        try:
            workflow.check()
        except DefinitionError as error:
            path, line = _place_of_missing(workflow) if isinstance(error, MissingArgumentError) else (None, None)
            raise LoadProblem(
                shown(path) if path else self._file,
                visible(str(error)),
                line=line,
                path=path or str(self._project.file),
            ) from error

    # -- parameters -------------------------------------------------------------------------------------------------

    def _converted(self, name: str, wanted: Any) -> Any:
        try:
            return convert(name, self._typed[name], wanted)
        except ParameterError as error:
            raise UsageProblem(self._file, str(error), code=2) from error

    def _workflow_params(self, workflow: Workflow) -> dict[str, Any]:
        values = {}
        for name in self._typed:
            if name not in workflow.params:
                known = joined(workflow.params) or "none"
                raise UsageProblem(
                    self._file, f"{visible(workflow.name)} has no parameter {name!r}; it has: {known}", code=2
                )
            values[name] = self._converted(name, type_of_default(workflow.params[name]))
        return values

    # -- telling ----------------------------------------------------------------------------------------------------

    def _hint(self) -> str:
        if not self._handed:
            return _hidden_library(self._project.file)
        return (
            f"{self._file} runs its workflow when it is imported; it was read up to there. "
            'Put that call under: if __name__ == "__main__":'
        )

    def _own_frames(self, error: BaseException) -> list[SourceFrame]:
        return own_frames(raw_frames(traceback_of(error)), self._imports.belongs)

    def _problem(self, error: BaseException) -> LoadProblem:
        frames = self._own_frames(error)
        kind = type(error)  # its own word for it may be anything
        if issubclass(kind, SyntaxError) and isinstance(error, SyntaxError) and error.filename:
            # The place of the mistake itself; the frames only tell who imported that file.
            path, line = str(error.filename), error.lineno
        elif frames:
            path, line = frames[-1].path, frames[-1].line
        else:
            path, line = str(self._project.file), None
        hint = _hidden_library(self._project.file) if issubclass(kind, ImportError | AttributeError) else ""
        return LoadProblem(visible(shown(path)), _text_of(error), line=line, frames=_told(frames), hint=hint, path=path)


class _FailedError(Exception):
    """Carries what the user's code raised past our own handlers."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def _text_of(error: BaseException) -> str:
    kind = type(error)
    if issubclass(kind, SystemExit) and isinstance(error, SystemExit):
        text = f"it ends itself while it is loaded: sys.exit({'' if error.code is None else repr(error.code)[:60]})"
    elif issubclass(kind, SyntaxError) and isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}"
    elif issubclass(kind, FlowWeaverError) and kind.__module__ == FlowWeaverError.__module__:
        text = str(error)  # says by itself what is wrong, and where
    else:
        text = describe_exception(error)
    return cut(visible(text.strip().split("\n")[0]), _TEXT_LIMIT)


def _hidden_library(file: Path) -> str:
    """Return what a person should know of a file that is named like a module of Python's own, empty for any other."""
    if file.stem not in sys.stdlib_module_names:
        return ""
    return f"{visible(file.name)} hides Python's own module {file.stem}; another name is safer."


def _told(frames: Sequence[SourceFrame]) -> tuple[str, ...]:
    told = tuple(f"{frame.file}:{frame.line} in {frame.function}" for frame in frames)
    return told if len(told) <= _FRAME_LIMIT else told[: _FRAME_LIMIT // 2] + told[-_FRAME_LIMIT // 2 :]


def _line_of(function: Callable[..., Any]) -> int | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else code.co_firstlineno


def _place_of_missing(workflow: Workflow) -> tuple[str | None, int | None]:
    for task in workflow.tasks:
        provided = {*workflow.get_dependencies(task.name), *workflow.params}
        code = getattr(inspect.unwrap(task.func), "__code__", None)
        if code is not None and not workflow.arguments(task.name).required <= provided:
            return code.co_filename, code.co_firstlineno
    return None, None


def check_syntax(paths: Iterable[Path]) -> LoadProblem | None:
    """Compile files without running them; return what is wrong with the first that does not compile, None if all do."""
    for path in paths:
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except OSError as error:
            return LoadProblem(shown(path), error.strerror or "cannot be read", path=str(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = error.lineno if isinstance(error, SyntaxError) else None
            return LoadProblem(shown(path), _text_of(error), line=line, path=str(path))
    return None
