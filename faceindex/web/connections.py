"""Connections of clients that are too slow, which would else take the places of others, are ended.

A head of a request has HEAD_SECONDS to arrive; `guards` gives its body BODY_SECONDS. Whoever does not read an answer is
cut off after READ_SECONDS in which less than what is buffered was taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
READ_SECONDS = 120.0


class Connection(H11Protocol):
    """uvicorn's, with limits of time."""

    _head: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connects: it has to send something."""
        super().connection_made(transport)
        self._limit_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        super().connection_lost(exc)
        for timer in (self._head, self._reading):
            if timer is not None:
                timer.cancel()

    def handle_events(self) -> None:
        """Something has arrived, or an answer is complete."""
        super().handle_events()
        self._limit_head()

    def pause_writing(self) -> None:
        """More is waiting to be read than is buffered."""
        super().pause_writing()
        self._reading = self._later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read it."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()

    def _limit_head(self) -> None:
        """Wait for the rest of a head, not longer than HEAD_SECONDS in all; an idle connection has a limit already."""
        waits = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
        if waits and self._head is None:
            self._head = self._later(HEAD_SECONDS, self.transport.abort)
        elif not waits and self._head is not None:
            self._head.cancel()
            self._head = None

    def _later(self, seconds: float, end: Callable[[], Any]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, end)
