"""Pictures of the real dashboard, made from the scenes of the tests: what the README shows is what the tests look at.

``python tests/tui/screenshots.py`` writes ``screenshots/*.svg`` and, with headless Chromium and Fira Code
(``apt-get install chromium fonts-firacode``), a PNG beside each; ``--no-png`` leaves those out. A test compares what the
SVGs say with what the dashboard says.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from moments import is_saved, pressing  # noqa: E402
from scenes import (  # noqa: E402
    DURATIONS,
    EDGES,
    NOW,
    FakeSession,
    FakeWorkflows,
    Story,
    at,
    but,
    done_picture,
    failed_picture,
    never_ran_picture,
    source,
)
from stage import SMALL, WIDE, Stage, open_picker, open_stage  # noqa: E402

FOLDER = Path(__file__).parents[2] / "screenshots"
RECORDING = "recording"
RECORDED = (110, 32)
_FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


class Shot(NamedTuple):
    """One picture: where it begins (None: with the list of workflows), and what is done until it is taken."""

    picture: Callable[[str], object] | None
    act: Callable[[Stage, str], Awaitable[None]]
    size: tuple[int, int] = WIDE
    now: float = NOW


async def runs(on: Stage, path: str) -> None:
    on.time[0] = at("10:42:02")
    await on.press("r")
    await on.happens(*Story().running(), clock=at("10:42:03.6"))


RESTORED, RUN_AGAIN = list(EDGES)[:5], list(EDGES)[5:]


async def resumes(on: Stage) -> Story:
    """Run 32 begins with what the failed run left."""
    story = Story(32)
    planned = {name: "reuse" if name in RESTORED else "run" for name in EDGES}
    on.time[0] = at("10:43:20")
    await on.press("r")
    reasons = {**dict.fromkeys(RESTORED, "up to date"), **dict.fromkeys(RUN_AGAIN, "skipped before")}
    begins = but(story.begins("10:43:20", planned), reasons={**reasons, "join_delays": "nearest_hour() changed"})
    restored = [story.restores(name) for name in RESTORED]
    await on.happens(begins, *restored, story.starts("join_delays", "10:43:20"), clock=at("10:43:20.4"))
    return story


STARTED = {"join_delays": 20.0, "summarize_delays": 20.8, "load_warehouse": 20.8, "write_report": 22.1}


def mended_picture(path: str):
    """Everything is done, five tasks by the run that failed."""
    picture = done_picture(path)
    minute = at("10:43:00")
    records = {
        name: but(record, started_at=minute + STARTED[name], finished_at=minute + STARTED[name] + DURATIONS[name])
        if name in STARTED
        else record
        for name, record in picture.records.items()
    }
    run = but(picture.runs[0], finished_at=at("10:43:22.5"))
    return but(picture, records=records, runs=(run, *picture.runs[1:]))


async def goes_on(on: Stage, story: Story) -> None:
    """... two tasks at once, when what they need is there ..."""
    wrote = story.writes("join_delays", "10:43:20", "joining 26,483 departures with 2,226 hours of weather")
    starts = [story.starts(name, "10:43:20.8") for name in RUN_AGAIN[1:3]]
    await on.happens(wrote, story.completes("join_delays", "10:43:20.8"), *starts, clock=at("10:43:21.3"))


async def ends(on: Stage, story: Story, path: str) -> None:
    """... and ends with every task done."""
    on.session.picture = mended_picture(path)
    events = [story.completes(name, "10:43:22.1") for name in RUN_AGAIN[1:3]]
    events += [story.starts("write_report", "10:43:22.1"), story.completes("write_report", "10:43:22.5")]
    await on.happens(*events, story.ends("completed", "10:43:22.5", 2.5), clock=at("10:43:23"))


async def is_resumed(on: Stage, path: str) -> None:
    await is_saved(on, path)
    story = await resumes(on)
    await goes_on(on, story)
    await ends(on, story, path)


SHOTS = {
    "failed": Shot(failed_picture, pressing()),
    "running": Shot(never_ran_picture, runs, now=at("10:41:30")),
    "stale": Shot(failed_picture, is_saved),
    "resumed": Shot(failed_picture, is_resumed),
    "clear": Shot(failed_picture, pressing("k", "x")),
    "filter": Shot(failed_picture, pressing("slash", "d", "e", "l")),
    "80x24": Shot(failed_picture, pressing(), SMALL),
    "wide": Shot(failed_picture, pressing(), (200, 40)),
    "graph": Shot(failed_picture, pressing("g")),
    "timeline": Shot(failed_picture, pressing("i")),
    "help": Shot(failed_picture, pressing("question_mark")),
    "workflows": Shot(None, pressing("j", "j")),
}


def svg_of(on: Stage) -> str:
    """The screen as SVG that needs nothing from anywhere else."""
    return _FONT_FACE.sub("", on.app.export_screenshot(title="fwtui", simplify=True))


async def take(name: str, folder: Path) -> str:
    """Make one picture; ``folder`` is the one that one is in, with the workflow of the story."""
    shot, path = SHOTS[name], source(folder)
    opened = (
        open_picker(FakeWorkflows(), shot.size, shot.now)
        if shot.picture is None
        else open_stage(FakeSession(shot.picture(path)), shot.size, shot.now)
    )
    async with opened as on:
        await shot.act(on, path)
        return svg_of(on)


async def record(folder: Path) -> str:
    """The scene the dashboard is made for: it failed, the file is mended, and only the rest runs."""
    path = source(folder)
    frames: list[tuple[str, float]] = []
    async with open_stage(FakeSession(failed_picture(path)), RECORDED, NOW) as on:
        frames.append((svg_of(on), 3.0))
        await is_saved(on, path)
        frames.append((svg_of(on), 4.0))
        story = await resumes(on)
        frames.append((svg_of(on), 1.2))
        await goes_on(on, story)
        frames.append((svg_of(on), 1.2))
        await ends(on, story, path)
        frames.append((svg_of(on), 4.0))
    return animated(frames)


def animated(frames: list[tuple[str, float]]) -> str:
    """Frames one after the other, without end; whoever wants no motion sees the last one."""
    size = _SIZE.search(frames[0][0])
    assert size is not None
    total, at_second, rules, parts = sum(seconds for _, seconds in frames), 0.0, [], []
    for number, (svg, seconds) in enumerate(frames):
        start, end = 100 * at_second / total, 100 * (at_second + seconds) / total
        before = f"0% {{visibility: hidden}} {start:.2f}%" if number else "0%"
        after = f"{end:.2f}% {{visibility: hidden}}" if number < len(frames) - 1 else "100% {visibility: visible}"
        rules.append(f"@keyframes frame{number} {{{before} {{visibility: visible}} {after}}}")
        rules.append(f".frame{number} {{animation: frame{number} {total:.1f}s step-end infinite}}")
        parts.append(f'<g class="frame frame{number}">{svg[svg.index("<svg") :]}</g>')
        at_second += seconds
    still = f".frame {{animation: none}} .frame{len(frames) - 1} {{visibility: visible}}"
    style = "\n".join([".frame {visibility: hidden}", *rules, f"@media (prefers-reduced-motion) {{{still}}}"])
    head = f'<svg viewBox="0 0 {size[1]} {size[2]}" xmlns="http://www.w3.org/2000/svg">'
    return f"{head}\n<style>\n{style}\n</style>\n" + "\n".join(parts) + "\n</svg>\n"


def words_of(svg: str) -> list[str]:
    """What a picture says, piece by piece."""
    found = re.findall(r"<text [^>]*>([^<]*)</text>", svg)
    return [html.unescape(text).replace("\xa0", " ").rstrip() for text in found]


def write_png(svg: Path) -> None:
    """Draw a picture with headless Chromium."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("PNGs need chromium and fonts-firacode; --no-png leaves them out.")
    size = _SIZE.search(svg.read_text(encoding="utf-8"))
    assert size is not None
    width, height = (round(float(part)) + 1 for part in size.groups())
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}")
    command = [browser, *options, f"--screenshot={svg.with_suffix('.png')}", svg.resolve().as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def main(names: list[str], *, png: bool) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        os.chdir(made)
        for name in names or [*SHOTS, RECORDING]:
            scene = record(Path(made)) if name == RECORDING else take(name, Path(made))
            file = FOLDER / f"{name}.svg"
            file.write_text(asyncio.run(scene), encoding="utf-8")
            if png and name != RECORDING:
                write_png(file)
            print(file.relative_to(FOLDER.parent))


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if not name.startswith("-")], png="--no-png" not in sys.argv)
