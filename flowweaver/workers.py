"""The port between the driver and whoever calls functions for it; an executor hands the driver these, nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from flowweaver.attempt import Attempt
from flowweaver.stacks import thread_stack
from flowweaver.tracebacks import Frame

if TYPE_CHECKING:
    from flowweaver.driver import Driver

__all__ = ["Clock", "Leave", "Workers"]


class Leave(BaseException):
    """Raised inside a task that runs on the main thread when a person interrupts for the second time."""


class Clock(NamedTuple):
    """Where a run reads the time: seconds that never go back, and seconds since the epoch."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]


class Workers(ABC):
    """The way to call functions that an executor hands to the driver.

    Attributes:
        capacity: attempts that may be made at the same time.
        inline: the attempt that is being made in the thread that looks after the run, if any.
        contend: workers hold each other up when tasks are over at once, as threads do.
    """

    capacity: int = 1
    contend: bool = False
    inline: Attempt | None = None

    @abstractmethod
    def spawn(self, driver: Driver) -> None:
        """Let one more worker take attempts from the driver. Called under its lock: must neither block nor raise."""

    def run_here(self, driver: Driver) -> None:
        """Run what can run in the thread that looks after the run; most have nothing that can."""
        del driver

    @abstractmethod
    def give_up(self, driver: Driver, attempt: Attempt) -> bool:
        """Ask an attempt to end; called under the driver's lock. Return whether its thread may go on running."""

    def stack(self, attempt: Attempt) -> list[Frame]:
        """Return where an attempt is now, outermost first; none if it is nowhere."""
        return thread_stack(attempt)

    @abstractmethod
    def close(self) -> None:
        """Let go of idle threads. Threads that are stuck in a task are left behind."""
