"""When a failed attempt is followed by another: pure, with the chance as an argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["RetryOn", "RetryPolicy"]

RetryOn = type[BaseException] | tuple[type[BaseException], ...] | Callable[[BaseException], bool]


class RetryPolicy(NamedTuple):
    """When a failed attempt is followed by another, and after how long.

    Attributes:
        retries: attempts after the first.
        delay: seconds before the first retry.
        backoff: factor on the delay for each further retry.
        max_delay: seconds that a delay never exceeds.
        jitter: fraction of the delay added or taken away at random, 0 to 1.
        on: exception types, or a predicate on the exception, that are worth another attempt.
    """

    retries: int = 0
    delay: float = 0.0
    backoff: float = 1.0
    max_delay: float = 60.0
    jitter: float = 0.0
    on: RetryOn = Exception

    def delay_before(self, attempt: int, chance: float = 0.5) -> float:
        """Return the seconds to wait before attempt number ``attempt`` (2 is the first retry).

        Args:
            chance: a random number in [0, 1); 0.5 means no jitter.
        """
        try:
            delay = self.delay * self.backoff ** max(0, attempt - 2)
        except OverflowError:
            delay = self.max_delay
        delay *= 1.0 + self.jitter * (2.0 * chance - 1.0)
        return max(0.0, min(delay, self.max_delay))

    def wants_retry(self, attempt: int, error: BaseException) -> bool:
        """Tell whether the failure of attempt number ``attempt`` is to be followed by another.

        A predicate that raises anything means no, and so does an exception that will not say what it is.
        """
        if attempt > self.retries:
            return False
        on = self.on
        try:
            return isinstance(error, on) if isinstance(on, type | tuple) else bool(on(error))
        except BaseException:
            return False
