"""Progress of a long run: a bar on a terminal, else one line from time to time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from faceindex.cli.output import errors
from faceindex.errors import FaceindexError
from faceindex.photos.finding.addresses import absolute, is_url
from faceindex.photos.finding.find import find_files
from faceindex.plurals import plural
from faceindex.running.threads import start
from faceindex.types import Progress as Step

LINE_SECONDS = 30.0
"""Time between two lines without a terminal: one night makes about a thousand lines."""


@contextmanager
def progress_bar(paths: Sequence[Path], exclude: Collection[str] = ()) -> Iterator[Callable[[Step], None] | None]:
    """A function that shows the progress of `ingest`: a bar, or a line each LINE_SECONDS; None with --quiet."""
    if errors.quiet:
        yield None
        return
    if not errors.is_terminal:
        yield progress_lines()
        return
    columns = (
        TextColumn("photos: {task.completed:,.0f}"),
        BarColumn(),
        TextColumn("faces: {task.fields[faces]:,}  failed: {task.fields[failed]}  {task.fields[rate]:.1f} photos/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=None, faces=0, failed=0, rate=0.0)
        began = time.monotonic()

        def count() -> None:
            if any(is_url(absolute(path)) for path in paths):
                return  # it would list every folder of a server twice
            try:
                bar.update(task, total=sum(1 for _ in find_files(paths, exclude=exclude)))
            except FaceindexError:
                return  # the ingest reports the error

        start(threading.Thread(target=count, daemon=True))

        def show(step: Step) -> None:
            rate = step.done / max(time.monotonic() - began, 1e-3)
            bar.update(task, completed=step.done, faces=step.faces, failed=step.failed, rate=rate)

        yield show


def progress_lines() -> Callable[[Step], None]:
    """A function that prints a line when LINE_SECONDS have passed since the last line or the start."""
    began = said = time.monotonic()

    def show(step: Step) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said < LINE_SECONDS:
            return
        said = now
        errors.print(
            f"{plural(step.done, 'photo')}, {plural(step.faces, 'face')}, {step.failed:,} failed, "
            f"{step.done / (now - began):.1f} photos/s"
        )

    return show
