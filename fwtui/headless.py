"""A run without a screen: one fact a line, in words, for terminals, logs, cron and screen readers.

What a line says is decided here, purely, from the engine's events; where it goes, and that a reader who has gone away
does not stop the run, is the business of the displays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple, Protocol

from flowweaver.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskRestored,
    TaskRetrying,
    TaskSkipped,
    TaskStarted,
    TaskWriting,
)
from fwtui.model.status import LOOKS, State
from fwtui.model.text import cut, duration, json_line, visible
from fwtui.model.times import clock_text, delay_text
from fwtui.streams import SteadyStream

__all__ = ["Display", "JsonDisplay", "PlainDisplay", "RawLine", "Said", "Sayer", "event_as_json"]

_NAME_LIMIT = 32
_ERROR_LIMIT = 300


class RawLine(NamedTuple):
    """A line from no task: from a child process, C code, the file while it was imported, or ourselves (``fwtui``)."""

    time: float
    text: str
    source: str = "output"


class Said(NamedTuple):
    """One fact as a person reads it.

    Attributes:
        who: the task, or what else it is about.
        state: decides the word; None for a line of output.
        text: the rest of the line.
        parts: the same of a line of output, each part with its role, where it has colours.
    """

    time: float
    who: str
    state: State | None
    text: str
    word: str = ""
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def shown_word(self) -> str:
        """The state in a word."""
        return self.word or ("" if self.state is None else self.state.value)


_WORD_WIDTH = max(len(state.value) for state in State)


class Sayer:
    """Puts events into words.

    Args:
        workflow: its name.
        attempts: how many attempts each task may have.
    """

    def __init__(self, workflow: str, attempts: Mapping[str, int]) -> None:
        self._workflow = visible(workflow)
        self._attempts = attempts
        longest = max((len(visible(name)) for name in (*attempts, workflow)), default=0)
        self._width = min(longest, _NAME_LIMIT)
        self._styles: dict[tuple[str, ...], str] = {}

    def say(self, item: Event | RawLine) -> list[Said]:
        """Return what is to be said of an event; each line is safe to show."""
        match item:
            case RawLine():
                return [self._written(item.time, item.source, item.text, (item.source,))]
            case TaskOutput():
                task, attempt = visible(item.task), str(item.attempt)
                return [
                    self._written(line.time, task, line.text, (item.task, attempt, line.stream)) for line in item.lines
                ]
            case RunStarted():
                begins = Said(item.time, self._workflow, None, self._started(item), word=f"run {item.run_id}")
                return [begins, *self._warnings(item, self._workflow)]
        return self._of_task(item)

    def _written(self, time: float, who: str, text: str, stream: tuple[str, ...]) -> Said:
        """Return a line of output; the colours of a stream go on over its lines, as on a terminal."""
        style = self._styles.pop(stream, "")
        if not style and text.isprintable():
            return Said(time, who, None, text)
        from fwtui.model.ansi import coloured  # most output has no colours, and a start need not wait for it

        parts, style = coloured(text, style)
        if style:
            self._styles[stream] = style
        return Said(time, who, None, "".join(part for part, _ in parts), parts=parts)

    def _of_task(self, event: Event) -> list[Said]:
        match event:
            case TaskCompleted():
                return [self._simple(event), *self._warnings(event, visible(event.task))]
            case TaskRetrying() | TaskFailed():
                return [self._bad(event)]
            case TaskStarted() | TaskRestored() | TaskSkipped():
                return [self._simple(event)]
        return []  # the end of the run is said by the verdict

    def _started(self, event: RunStarted) -> str:
        actions = list(event.planned.values())
        parts = [
            f"{actions.count(action):,} {said}"
            for action, said in (("run", "to run"), ("maybe", "maybe"), ("reuse", "reused"), ("leave", "left out"))
            if action in actions
        ]
        return ", ".join(parts) or "nothing to do"

    def _warnings(self, event: RunStarted | TaskCompleted, who: str) -> list[Said]:
        return [Said(event.time, who, None, visible(text), word="warning") for text in event.warnings]

    def _simple(self, event: TaskStarted | TaskRestored | TaskSkipped | TaskCompleted) -> Said:
        state, text = State.RUNNING, ""
        if isinstance(event, TaskStarted) and event.attempt > 1:
            text = f"attempt {event.attempt} of {self._attempts.get(event.task, event.attempt)}"
        elif isinstance(event, TaskRestored):
            state, text = State.REUSED, "" if event.from_run is None else f"from run {event.from_run}"
        elif isinstance(event, TaskSkipped):
            state, text = State.SKIPPED, f"needs {visible(event.because)}"
        elif isinstance(event, TaskCompleted):
            kept = f"  its result cannot be kept: {visible(event.not_kept)}" if event.not_kept else ""
            state, text = State.DONE, f"{duration(event.duration)}{kept}"
        return Said(event.time, visible(event.task), state, text)

    def _bad(self, event: TaskRetrying | TaskFailed) -> Said:
        error = cut(visible(event.error.split("\n", 1)[0]), _ERROR_LIMIT)
        if isinstance(event, TaskRetrying):
            state, text = State.RETRYING, f"{delay_text(event.delay)}  {error}"
        elif event.interrupted:
            state, text = State.STOPPED, f"after {duration(event.duration)}"
        elif event.timed_out:
            left = "; its thread is still running" if event.thread_left else ""
            state, text = State.TIMED_OUT, f"after {duration(event.duration)}{left}"
        else:
            state, text = State.FAILED, f"{duration(event.duration)}  {error}"
        return Said(event.time, visible(event.task), state, text)

    def line(self, said: Said) -> str:
        """Return the line without colours."""
        return "".join(text for text, _role in self.parts(said))

    def parts(self, said: Said, *, icons: str = "") -> list[tuple[str, str]]:
        """Return the parts of a line, each with its role.

        Args:
            said: the fact.
            icons: "ascii" or "unicode" puts the state's icon before its word.
        """
        made = [(f"{clock_text(said.time)} ", "muted"), (f" {said.who:<{self._width}}  ", "")]
        if said.state is None and not said.word:
            return [*made, ("| ", "muted"), *(said.parts or [(said.text, "")])]
        if said.state is None:
            return [*made, (f"{said.word}: {said.text}", "strong")]
        look = LOOKS[said.state]
        icon = {"ascii": f"{look.ascii} ", "unicode": f"{look.icon} "}.get(icons, "")
        made[1] = (made[1][0], look.name_role)
        made.append((f"{icon}{said.shown_word:<{_WORD_WIDTH}}", look.word_role or look.icon_role))
        return [*made, (f"  {said.text}", look.text_role)] if said.text else made


# -- for machines ---------------------------------------------------------------------------------------------------


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def event_as_json(item: Event | RawLine) -> str:
    """Return an event as one line of JSON in ASCII: ``{"event": "task_started", "run_id": 1, ...}``."""
    if isinstance(item, RawLine):
        kind = "notice" if item.source == "fwtui" else "process_output"
        facts = {"event": kind, "time": item.time, "source": item.source, "text": item.text}
    else:
        facts = {"event": _snake(type(item).__name__), **_plain(item)}
    return json_line(facts)


def _plain(event: Event) -> dict[str, object]:
    if isinstance(event, RunStarted):  # its mappings may be read-only ones, which asdict cannot copy
        facts = {name: getattr(event, name) for name in ("run_id", "sequence", "time", "workflow", "warnings")}
        return {**facts, "planned": dict(event.planned), "reasons": dict(event.reasons)}
    if isinstance(event, RunFinished):
        names = ("run_id", "sequence", "time", "workflow", "outcome", "duration", "failed_task", "error")
        return {**{name: getattr(event, name) for name in names}, "counts": dict(event.counts)}
    if isinstance(event, TaskOutput | TaskWriting):
        return {**asdict(event), "lines": [line._asdict() for line in event.lines]}
    return asdict(event)


# -- where it goes --------------------------------------------------------------------------------------------------


class Display(Protocol):
    """Shows a run while it goes on."""

    def show(self, items: Sequence[Event | RawLine], now: float) -> None:
        """Show what has come; called several times a second, also when nothing has."""

    def close(self, verdict: str) -> None:
        """Say how it ended."""


class PlainDisplay:
    """One line a fact, without colours.

    Args:
        sayer: puts events into words.
        stream: where lines go.
    """

    def __init__(self, sayer: Sayer, stream: SteadyStream) -> None:
        self._sayer = sayer
        self._stream = stream

    def show(self, items: Sequence[Event | RawLine], now: float) -> None:
        """Write the lines of these events."""
        del now
        lines = [self._sayer.line(said).rstrip() for item in items for said in self._sayer.say(item)]
        if lines:
            self._stream.write("\n".join(lines) + "\n")

    def close(self, verdict: str) -> None:
        """Write the verdict behind an empty line."""
        if verdict:
            self._stream.write(f"\n{verdict}\n")


class JsonDisplay:
    """One JSON object a line, for machines: every event, and nothing else.

    Args:
        stream: where lines go.
    """

    def __init__(self, stream: SteadyStream) -> None:
        self._stream = stream

    def show(self, items: Sequence[Event | RawLine], now: float) -> None:
        """Write these events."""
        del now
        if items:
            self._stream.write("".join(f"{event_as_json(item)}\n" for item in items))

    def close(self, verdict: str) -> None:
        """Nothing: the last event says how it ended."""


def stopping_notice(*, hint: bool) -> str:
    """Return what is said when a run is asked to stop; ``hint`` tells how to leave at once."""
    return "Stopping: what runs finishes first." + (" ctrl+c again leaves at once." if hint else "")
