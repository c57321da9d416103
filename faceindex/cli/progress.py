"""What a long run says of its progress: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from faceindex.cli.output import errors, plural
from faceindex.errors import FaceindexError
from faceindex.photos.finding.addresses import absolute, is_url
from faceindex.photos.finding.find import find_files
from faceindex.running.threads import start
from faceindex.types import Progress as Step

LINE_SECONDS = 30.0
"""Between two lines where there is no terminal: a log of a night has a thousand of them."""


@contextmanager
def progress_bar(paths: Sequence[Path], exclude: Collection[str] = ()) -> Iterator[Callable[[Step], None] | None]:
    """What `ingest` reports its progress to: a bar on a terminal, else a line each LINE_SECONDS; None with --quiet."""
    if errors.quiet:
        yield None
        return
    if not errors.is_terminal:
        yield progress_lines()
        return
    columns = (
        TextColumn("{task.completed:,.0f} photos"),
        BarColumn(),
        TextColumn("{task.fields[faces]:,} faces  {task.fields[failed]} failed  {task.fields[rate]:.1f} photos/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=None, faces=0, failed=0, rate=0.0)
        began = time.monotonic()

        def count() -> None:
            if any(is_url(absolute(path)) for path in paths):
                return  # a server would list everything twice
            try:
                bar.update(task, total=sum(1 for _ in find_files(paths, exclude=exclude)))
            except FaceindexError:
                return  # the ingest itself says what is wrong

        start(threading.Thread(target=count, daemon=True))

        def show(step: Step) -> None:
            rate = step.done / max(time.monotonic() - began, 1e-3)
            bar.update(task, completed=step.done, faces=step.faces, failed=step.failed, rate=rate)

        yield show


def progress_lines() -> Callable[[Step], None]:
    """Says a line when the last one, or the beginning, is LINE_SECONDS ago."""
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
