"""What is known now of each task of a workflow: the edge that looks at functions and files for the plan."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from flowweaver.bytecode import hash_text
from flowweaver.declared import Inputs, missing_outputs, observe_inputs
from flowweaver.fingerprint import Fingerprinter, innermost, version_print
from flowweaver.plan import TaskFacts
from flowweaver.records import CodePrint, FilePrint, Provenance, TaskRecord
from flowweaver.signature import Arguments
from flowweaver.task import Task
from flowweaver.workflow import Workflow

__all__ = ["declared_base", "facts_of", "hash_param", "look_again", "products_not_made"]

_NO_INPUTS = Inputs()

_DEEPEST = 100
"""How deep a parameter may be nested and still be told apart by what it holds."""


def facts_of(
    workflow: Workflow,
    *,
    params: Mapping[str, Any] | None = None,
    records: Mapping[str, TaskRecord] | None = None,
    base: str | os.PathLike[str] | None = None,
    unloadable: Mapping[str, str] | None = None,
    code: bool = True,
) -> list[TaskFacts]:
    """Return the facts that ``make_plan`` takes, in the workflow's order.

    Args:
        workflow: its functions are looked at, not called.
        params: the values that a run gives to the workflow's parameters; those not named have their defaults.
        records: what is recorded by task name; saves reading declared files that did not change.
        base: folder that declared paths are relative to; by default, for each task, that of its function's file.
        unloadable: tasks whose stored result is known not to be loadable, and why.
        code: False leaves out functions, parameters and input files: for a store that does not remember what made a
            result, so that there is nothing to compare them with.
    """
    values = {**workflow.params, **(params or {})}
    hashes = {name: hash_param(value) for name, value in values.items()} if code else {}
    taken_by: dict[int, tuple[Mapping[str, str], tuple[str, ...]]] = {}
    made: dict[tuple[int, int], Provenance] = {}
    printer = Fingerprinter()
    recorded = records or {}
    reasons = unloadable or {}
    signatures = workflow.signatures
    facts = []
    for task, (name, deps) in zip(workflow.tasks, workflow.dependencies.items(), strict=True):
        arguments = signatures[name]
        found = taken_by.get(id(arguments))
        if found is None:
            found = taken_by[id(arguments)] = _taken(workflow, arguments, hashes)
        taken, tasks_named = found
        prints = printer.of(task.func) if task.version is None and code else _version(task, code=code)
        inputs = _NO_INPUTS
        gone: tuple[str, ...] = ()
        if task.inputs or task.outputs:
            inputs, gone = _declared(task, recorded.get(name), base, inputs=code)
            provenance = Provenance(prints, taken, (), inputs.files)
        else:
            # Most tasks that share a function are made by the same.
            key = id(prints), id(taken)
            provenance = made.get(key) or made.setdefault(key, Provenance(prints, taken))
        facts.append(
            TaskFacts(
                name,
                deps,
                provenance,
                task.max_age,
                gone,
                reasons.get(name) if reasons else None,
                _forgotten_dependencies(name, deps, tasks_named) if tasks_named else (),
                inputs.missing,
            )
        )
    return facts


def _taken(
    workflow: Workflow, arguments: Arguments, hashes: Mapping[str, str]
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the hashes of the parameters that a function takes, and its arguments that bear names of tasks."""
    names = arguments.names
    taken = {name: hashes[name] for name in names if name in hashes}
    return taken, tuple(name for name in names if name in workflow and name not in workflow.params)


def look_again(
    facts: TaskFacts, task: Task, *, record: TaskRecord | None = None, base: str | os.PathLike[str] | None = None
) -> TaskFacts:
    """Return the facts of a task with its declared files as they are now.

    A task that runs may write a file that a later one declares as its input; so the driver looks at a task's files once
    more when its upstreams are done. ``record`` and ``base`` are as for ``facts_of``.
    """
    if not task.inputs and not task.outputs:
        return facts
    inputs, gone = _declared(task, record, base, inputs=True)
    provenance = facts.provenance._replace(files=inputs.files)
    return facts._replace(provenance=provenance, missing_outputs=gone, missing_inputs=inputs.missing)


def products_not_made(task: Task, base: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Return the declared outputs of a task that are not there, for when it has just run."""
    return missing_outputs(task.outputs, _base_of(task, base)) if task.outputs else ()


def hash_param(value: Any) -> str:
    """Return the hash of a parameter's value, by which a later run sees that it changed.

    A value that only its address tells from others counts by its type alone, and so does one that cannot be looked
    at: it contains itself, is nested too deeply, or raises.
    """
    try:
        return hash_text(_told(value))
    except (Exception, SystemExit):
        return hash_text(f"{type(value).__module__}.{type(value).__qualname__}")


def _told(value: Any, depth: int = 0) -> str:
    """Return text that tells a value from others; sets and dicts in an order of their own."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if type(value) is int:
        return f"{kind}:{value:x}"
    if depth > _DEEPEST:
        raise RecursionError
    inner = depth + 1
    if isinstance(value, Mapping):
        return f"{kind}{{{','.join(f'{_told(k, inner)}={_told(v, inner)}' for k, v in value.items())}}}"
    if isinstance(value, set | frozenset):
        return f"{kind}{{{','.join(sorted(_told(item, inner) for item in value))}}}"
    if isinstance(value, list | tuple):
        return f"{kind}[{','.join(_told(item, inner) for item in value)}]"
    try:
        text = repr(value)
    except Exception:
        return kind
    return kind if " at 0x" in text else f"{kind}:{text}"


def _version(task: Task, *, code: bool) -> CodePrint | None:
    return version_print(task.version) if task.version is not None and code else None


def _declared(
    task: Task, record: TaskRecord | None, base: str | os.PathLike[str] | None, *, inputs: bool
) -> tuple[Inputs, tuple[str, ...]]:
    folder = _base_of(task, base)
    known: Sequence[FilePrint] = ()
    if record is not None and record.provenance is not None:
        known = record.provenance.files
    found = observe_inputs(task.inputs, folder, known) if inputs else _NO_INPUTS
    return found, missing_outputs(task.outputs, folder)


def _base_of(task: Task, base: str | os.PathLike[str] | None) -> str:
    return declared_base(task) if base is None else os.fspath(base)


def declared_base(task: Task) -> str:
    """Return the folder that a task's declared files are relative to: that of its function's file.

    It is the current one if there is no such file.
    """
    try:
        file = innermost(task.func).__code__.co_filename
    except Exception:  # something callable that is not a function, and may do anything when looked at
        return os.getcwd()
    return os.getcwd() if file.startswith("<") else os.path.dirname(os.path.abspath(file))


def _forgotten_dependencies(name: str, deps: tuple[str, ...], tasks_named: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f'{name!r} takes {argument!r}, a task it does not depend on: add depends_on=["{argument}"]'
        for argument in tasks_named
        if argument not in deps and argument != name
    )
