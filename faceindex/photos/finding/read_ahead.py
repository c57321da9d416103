"""Fetches the objects that will be opened next, several at a time, so that nobody waits for each answer of a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Fetched = TypeVar("Fetched")

MOST_AHEAD = 8
"""Objects that are fetched before they are asked for."""


class ReadAhead(Generic[Fetched]):
    """fetch: returns an object by its address; called from several threads."""

    def __init__(self, fetch: Callable[[str], Fetched]) -> None:
        self._fetch = fetch
        self._threads: ThreadPoolExecutor | None = None
        self._coming: dict[str, Future[Fetched]] = {}

    def expect(self, urls: Sequence[str]) -> None:
        """Begin to fetch the first MOST_AHEAD of these; what was expected before and is not one of them is dropped."""
        wanted = list(dict.fromkeys(urls))[:MOST_AHEAD]
        for url in self._coming.keys() - set(wanted):
            self._coming.pop(url).cancel()
        if len(wanted) > 1 and self._threads is None:
            self._threads = ThreadPoolExecutor(MOST_AHEAD, "read-ahead")
        if self._threads is not None:
            for url in wanted:
                if url not in self._coming:
                    self._coming[url] = self._threads.submit(self._fetch, url)

    def take(self, url: str) -> Fetched | None:
        """The object if it was expected; waits for it. Raises: what `fetch` raises."""
        coming = self._coming.pop(url, None)
        return None if coming is None else coming.result()
