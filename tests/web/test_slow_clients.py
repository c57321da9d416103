"""Clients that send or read slowly lose their connections, and take the place of nobody."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx2 as httpx
import pytest
import uvicorn
from web_server import Serve

from faceindex.web import connections, guards
from faceindex.web.guards import Guard
from faceindex.web.pages.assets import asset
from faceindex.web.serving import configuration
from faceindex.web.settings import Settings

WAIT_SECONDS = 20.0
HEAD = b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@contextmanager
def listening(guard: Guard) -> Iterator[tuple[int, uvicorn.Server]]:
    """The port of the app behind a socket that sends little at a time, and its server."""
    server = uvicorn.Server(configuration(guard, Settings()))
    with socket.create_server(("127.0.0.1", 0)) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        until(lambda: server.started)
        try:
            yield place.getsockname()[1], server
        finally:
            server.should_exit = True
            thread.join()


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def connected(port: int, stack: ExitStack) -> socket.socket:
    client = stack.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(WAIT_SECONDS)
    client.connect(("127.0.0.1", port))
    return client


def is_ended(client: socket.socket) -> bool:
    """Whether the server has ended the connection; what it sent before is read."""
    client.setblocking(False)
    try:
        while client.recv(1 << 16):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


def test_a_head_that_does_not_arrive_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    with listening(serve().client.app) as (port, server), ExitStack() as stack:  # type: ignore[arg-type]
        silent, slow, second = (connected(port, stack) for _ in range(3))
        second.sendall(HEAD + b"\r\n")
        assert second.recv(12) == b"HTTP/1.1 200"
        drops = {slow: iter(HEAD), second: iter(HEAD)}

        def all_ended() -> bool:
            for client, rest in drops.items():
                try:
                    client.send(bytes([next(rest, ord("a"))]))
                except OSError:
                    continue
            return all(map(is_ended, (silent, slow, second)))

        until(all_ended)
        assert httpx.get(f"http://127.0.0.1:{port}/api/v1/health").status_code == 200
        until(lambda: not server.server_state.connections)


def test_a_body_that_does_not_arrive_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)  # its head has arrived
    with listening(serve().client.app) as (port, server), ExitStack() as stack:  # type: ignore[arg-type]
        client = connected(port, stack)
        client.sendall(
            b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert client.recv(12) == b"HTTP/1.1 408"
        until(lambda: is_ended(client) and not server.server_state.connections)


def test_who_does_not_read_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READ_SECONDS", 0.5)
    with listening(serve().client.app) as (port, server), ExitStack() as stack:  # type: ignore[arg-type]
        idle = connected(port, stack)
        request = f"GET {asset('pages.css')} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        idle.sendall(60 * request)
        until(lambda: len(server.server_state.connections) == 1)
        until(lambda: not server.server_state.connections)
        reader = connected(port, stack)
        reader.sendall(60 * request)
        seen = b""
        while seen.count(b"HTTP/1.1 200") < 60:
            seen += reader.recv(1 << 16)


def test_the_server_sends_at_once() -> None:
    """Without TCP_NODELAY, the body of an answer waits 40 ms for the receipt of its head."""
    from faceindex.web.serving import _tcp_socket

    async def is_set() -> bool:
        said = asyncio.get_running_loop().create_future()

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            said.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with _tcp_socket("127.0.0.1", 0) as place:
            server = await asyncio.start_server(answer, sock=place)
            _, writer = await asyncio.open_connection(*place.getsockname()[:2])
            found = await said
            writer.close()
            server.close()
        return bool(found)

    assert asyncio.run(is_set())
