"""Ingests what arrives in a folder, once it is fully written, and puts its faces into albums.

A file is fully written when it was not changed for SETTLED_SECONDS. Files that still grow wait, and the others do not
wait for them. What was taken too early changes later, and is then read again. A folder that vanishes, such as a
disk that is unplugged, is waited for, and looked through when it is back; nothing is removed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from watchfiles import Change, DefaultFilter, awatch

from faceindex.errors import FaceindexError, JobCancelled, UsageError
from faceindex.library import Library
from faceindex.library.job import Job
from faceindex.types import IngestReport
from faceindex.web.jobs import Jobs

SETTLED_SECONDS = 2.0
"""A file that was not changed for so long is fully written."""

LOOK_SECONDS = 0.3
"""Between two looks whether the folder is there, what has settled, and whether jobs have ended."""

AGAIN_SECONDS = 3600.0
"""The folder is looked through so often in any case: servers of files do not say what others change."""

SOON_SECONDS = 60.0
"""The same after an error, and where the system cannot tell about so many folders."""

_log = logging.getLogger(__name__)


class Watcher:
    """Watches one folder; all methods belong to the server's event loop."""

    def __init__(self, library: Library, jobs: Jobs, folder: str) -> None:
        self._library, self._jobs, self._folder = library, jobs, folder
        self._filter = DefaultFilter(ignore_paths=[library.path])
        self._changed: dict[str, float] = {}
        self._due = 0.0

    async def watch(self) -> None:
        """Ingest what arrives until the task is cancelled."""
        while True:
            place = await run_in_threadpool(_place, self._folder)
            if place is not None:
                await self._watch_while_at(place)
            await asyncio.sleep(LOOK_SECONDS)

    async def _watch_while_at(self, place: tuple[int, int]) -> None:
        """Until the folder is not there, or is another one."""
        self._due = time.monotonic() + SETTLED_SECONDS  # files that grow already are noticed until then
        self._changed.clear()
        noting, tells = asyncio.create_task(self._note()), True
        try:
            while await run_in_threadpool(_place, self._folder) == place:
                if noting.done() and tells:
                    tells = False
                    _log.warning("the system does not tell what arrives in a folder; it is looked through each minute")
                await self._ingest_settled(AGAIN_SECONDS if tells else SOON_SECONDS)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)

    async def _note(self) -> None:
        """Note which files change, and when."""
        async for changes in awatch(self._folder, watch_filter=self._filter):
            now = time.monotonic()
            self._changed |= {path: now for kind, path in changes if kind is not Change.deleted}

    async def _ingest_settled(self, again: float) -> None:
        now = time.monotonic()
        settled = [path for path, when in self._changed.items() if now - when >= SETTLED_SECONDS]
        if not settled and now < self._due:
            return
        for path in settled:
            del self._changed[path]
        growing = list(filter(None, (_pattern(self._folder, path) for path in self._changed)))
        self._due = now + again
        if not await run_in_threadpool(_holds_more, self._folder, set(self._changed)):
            return
        try:
            report = await self._result("ingest", lambda: self._begin_ingest(growing))
            if report.new_faces:
                await self._result("cluster", self._library.start_cluster)
        except (JobCancelled, UsageError):  # by a user; of a folder that holds no photo
            return
        except (FaceindexError, OSError):  # whoever looks at the jobs sees it
            self._due = now + SOON_SECONDS

    def _begin_ingest(self, growing: list[str]) -> Job[IngestReport]:
        return self._library.start_ingest(self._folder, exclude=growing, wait=True)

    async def _result(self, kind: str, begin: Callable[[], Job[Any]]) -> Any:
        """What a new job of this kind returns; another one that is at work ends first. Raises: what the job raised."""
        while True:
            job, is_new = await run_in_threadpool(self._jobs.start, kind, begin)
            while not job.job.progress.ended:
                await asyncio.sleep(LOOK_SECONDS)
            if is_new:
                return job.job.result()


def _place(folder: str) -> tuple[int, int] | None:
    """What tells the folder from another one of its name; None when it is not there."""
    with contextlib.suppress(OSError):
        found = Path(folder).stat()
        return found.st_dev, found.st_ino
    return None


def _holds_more(folder: str, growing: set[str]) -> bool:
    """Whether there is a file that does not grow."""
    return any(str(Path(where, name)) not in growing for where, _, names in os.walk(folder) for name in names)


def _pattern(folder: str, path: str) -> str | None:
    """The pattern, as in .gitignore, of this file alone; None of a name for which there is none."""
    below = os.path.relpath(path, folder)
    if below.startswith("..") or "\n" in below:
        return None
    return "/" + re.sub(r"([\\*?\[\]!# ])", r"\\\1", below)
