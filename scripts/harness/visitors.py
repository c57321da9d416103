"""Visitors of a web server: requests that arrive at random, and how long each waits for its answer.

Arrivals are Poisson's, whether the server keeps up or not. A request is timed from the moment at which it was due, so
that the time counts, too, for which it waited for a free client.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx2 as httpx

TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Visit:
    """A request. kind: what it is counted as. body: JSON of a POST; None: it is a GET. also: statuses beside 200 that
    are no error."""

    kind: str
    path: str
    body: dict[str, object] | None = None
    also: tuple[int, ...] = ()


@dataclass(slots=True)
class Waits:
    """What happened. seconds: of each answered request, by kind. errors: what the others got."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def of(self, *kinds: str) -> list[float]:
        """Seconds of the requests of these kinds, rising; default all."""
        return sorted(wait for kind, waits in self.seconds.items() if not kinds or kind in kinds for wait in waits)


def percentile(rising: Sequence[float], part: float) -> float:
    """The smallest of them that at least `part` of them do not exceed."""
    return rising[max(0, -(-int(part * 1000) * len(rising) // 1000) - 1)]


def visit(
    address: str,
    headers: dict[str, str],
    draw: Callable[[], Visit],
    *,
    clients: int,
    rate: float,
    seconds: float,
    listeners: int = 0,
    seed: int = 0,
) -> Waits:
    """Send what `draw` gives, `rate` times a second, for so many seconds. clients: connections at most. listeners:
    streams of events that are read beside."""
    return asyncio.run(_visit(address, headers, draw, clients, rate, seconds, listeners, random.Random(seed)))


async def _visit(
    address: str,
    headers: dict[str, str],
    draw: Callable[[], Visit],
    clients: int,
    rate: float,
    seconds: float,
    listeners: int,
    chance: random.Random,
) -> Waits:
    waits, free = Waits(), asyncio.Semaphore(clients)
    limits = httpx.Limits(max_connections=clients + listeners, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT, limits=limits) as client:
        listening = [asyncio.create_task(_listen(client)) for _ in range(listeners)]
        running = set[asyncio.Task[None]]()
        began = due = time.perf_counter()
        while (due := due + chance.expovariate(rate)) < began + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(_one(client, free, draw(), due, waits))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    return waits


async def _one(client: httpx.AsyncClient, free: asyncio.Semaphore, one: Visit, due: float, waits: Waits) -> None:
    async with free:
        try:
            if one.body is None:
                answer = await client.get(one.path)
            else:
                answer = await client.post(one.path, json=one.body)
        except httpx.HTTPError as error:
            waits.errors.append(f"{one.kind}: {type(error).__name__}")
            return
    if answer.status_code == 200 or answer.status_code in one.also:
        waits.seconds.setdefault(one.kind, []).append(time.perf_counter() - due)
    else:
        waits.errors.append(f"{one.kind} {one.path}: {answer.status_code} {answer.text[:200]}")


async def _listen(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/api/v1/events", timeout=None) as answer:
        async for _ in answer.aiter_lines():
            pass
