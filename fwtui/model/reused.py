"""Which stored results stand in a run that goes on in another process, as far as that run has come.

Nobody writes down that a result is reused. The plan of this moment cannot tell it of a task whose dependencies may run
again in the run after this one (a ``max_age`` of 0, a result that is not kept): they are done in this run, and what
they gave tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowweaver.plan import Action
from flowweaver.records import TaskRecord
from flowweaver.status import TaskStatus
from fwtui.model.pictures import PictureLike

__all__ = ["Reused"]


class Reused:
    """Tasks whose stored result stands in a run.

    Args:
        picture: what is stored, and what would run.
        run_id: the run.
    """

    def __init__(self, picture: PictureLike, run_id: int) -> None:
        self._run_id = run_id
        self._stand = set(picture.plan.names(Action.REUSE))
        deps = {task.name: task.deps for task in picture.tasks}
        # In the plan's order, in which dependencies come first, and so are settled first.
        self._undecided = {name: deps[name] for name in picture.plan.names(Action.MAYBE)}

    def settle(self, records: Mapping[str, TaskRecord]) -> list[str]:
        """Return the tasks that run only if one before them gives another result, and now turn out to stand.

        Each is returned once.

        Args:
            records: of all tasks, as they are now.
        """
        found = []
        for name, deps in self._undecided.items():
            if self._settles(records.get(name), [records.get(dep) for dep in deps]):
                self._stand.add(name)
                found.append(name)
        for name in found:
            del self._undecided[name]
        return found

    def _settles(self, record: TaskRecord | None, before: Sequence[TaskRecord | None]) -> bool:
        made_by = None if record is None else record.provenance
        if record is None or made_by is None or record.run_id == self._run_id or len(made_by.inputs) != len(before):
            return False
        return all(
            then is not None and then == self._digest(dep) for then, dep in zip(made_by.inputs, before, strict=True)
        )

    def _digest(self, record: TaskRecord | None) -> str | None:
        """Return the digest of what a task gives in the run, None if that is not known yet."""
        if record is None:
            return None
        made = record.run_id == self._run_id and record.status is TaskStatus.COMPLETED
        return record.digest if made or record.task_name in self._stand else None
