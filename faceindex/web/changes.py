"""Notices of changes, by this server or by other processes: pages update themselves by them.

The library's version tokens are looked at several times a second, so that two browsers see each other's acts at once.
An index that is mapped and no longer the one on the disk is released: an erasure by another process leaves nothing of
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from faceindex.errors import FaceindexError
from faceindex.library import Library
from faceindex.types import Version

if TYPE_CHECKING:
    from faceindex.web.jobs import Jobs

LOOK_SECONDS = 0.3
"""Seconds between two looks, while a page is open."""

REST_SECONDS = 1.0
"""The same, while none is."""

ALIVE_SECONDS = 15.0
"""A stream without news says that it is alive."""

MOST_STREAMS = 100
_QUEUE = 200

_log = logging.getLogger(__name__)


class Changes:
    """The streams of one server; all methods belong to its event loop."""

    def __init__(self, library: Library, jobs: Jobs) -> None:
        self._library, self._jobs = library, jobs
        self._streams: set[asyncio.Queue[str | None]] = set()
        self._version: Version | None = None
        self._told: dict[str, str] = {}
        self._stopping = False

    @property
    def streams(self) -> int:
        """Pages that listen."""
        return len(self._streams)

    @property
    def is_full(self) -> bool:
        """Whether no more pages can listen."""
        return len(self._streams) >= MOST_STREAMS

    async def watch(self) -> None:
        """Look for changes until the task is cancelled."""
        while True:
            try:
                await self._look()
            except (FaceindexError, OSError) as error:  # such as a disk that is away for a moment
                _log.warning("the library cannot be read now: %s", type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS if self._streams else REST_SECONDS)

    def stop(self) -> None:
        """End all streams: the server stops."""
        self._stopping = True
        for stream in self._streams:
            with contextlib.suppress(asyncio.QueueFull):
                stream.put_nowait(None)

    async def events(self) -> AsyncIterator[str]:
        """Server-sent events: `change` with the version's tokens, `job` with the progress of a job."""
        stream: asyncio.Queue[str | None] = asyncio.Queue(_QUEUE)
        self._streams.add(stream)
        try:
            yield "retry: 1000\n\n" + (_event("change", asdict(self._version)) if self._version else "")
            for job in self._jobs.all():
                yield _event("job", job.as_json())
            while not self._stopping:
                try:
                    event = await asyncio.wait_for(stream.get(), ALIVE_SECONDS)
                except TimeoutError:
                    event = ": alive\n\n"
                if event is None:
                    return
                yield event
        finally:
            self._streams.discard(stream)

    async def _look(self) -> None:
        await run_in_threadpool(self._library.index.release)
        version = await run_in_threadpool(lambda: self._library.version)
        if version != self._version:
            self._version = version
            self._tell(_event("change", asdict(version)))
        for job in self._jobs.all():
            event = _event("job", job.as_json())
            if self._told.get(job.id) != event:
                self._told[job.id] = event
                self._tell(event)

    def _tell(self, event: str) -> None:
        for stream in list(self._streams):
            try:
                stream.put_nowait(event)
            except asyncio.QueueFull:  # a reader that does not read: it connects again
                self._streams.discard(stream)
                while not stream.empty():
                    stream.get_nowait()
                stream.put_nowait(None)


def _event(kind: str, data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
