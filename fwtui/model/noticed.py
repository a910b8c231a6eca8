"""What another process has done, or which file has changed, told by comparing what was shown with what is now."""

from __future__ import annotations

from fwtui.model import messages
from fwtui.model.messages import Message
from fwtui.model.standing import changes_of
from fwtui.model.status import State
from fwtui.model.views import RunView

__all__ = ["noticed"]


def noticed(before: RunView, now: RunView) -> Message | None:
    """Return what a person should be told of the difference, None if there is nothing to tell.

    Args:
        before: what was shown; nothing that this session did lies between.
        now: what is shown now.
    """
    if now.holder is not None:
        return None  # a banner says who holds it
    if _run_id(before) != _run_id(now) or before.followed:
        return messages.released(now, before.holder)
    cleared = [name for name in _in(now, State.CLEARED) if name not in _in(before, State.CLEARED)]
    if cleared:
        return messages.cleared_elsewhere(now, cleared)
    back = [name for name in _in(before, State.CLEARED) if name in now.tasks and name not in _in(now, State.CLEARED)]
    if back:
        return messages.restored_elsewhere(now, back)
    stale = [name for name in _in(now, State.STALE) if _change(now, name) != _change(before, name)]
    if stale:
        return messages.went_stale(now, stale)
    fresh = [name for name in _in(before, State.STALE) if name in now.tasks and now.tasks[name].state is State.DONE]
    return messages.as_before(now, fresh) if fresh else None


def _run_id(view: RunView) -> int | None:
    return None if view.run is None else view.run.run_id


def _in(view: RunView, state: State) -> dict[str, None]:
    if not view.count(state):
        return {}
    return {name: None for name, task in view.tasks.items() if task.state is state}


def _change(view: RunView, name: str) -> str:
    task = view.tasks.get(name)
    if task is None or task.state is not State.STALE or name not in view.plan.tasks:
        return ""
    return changes_of(view.plan.tasks[name])
