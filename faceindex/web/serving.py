"""Runs the server: listens, says where, and ends within seconds when it is told to."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from faceindex.errors import UsageError
from faceindex.library import Library
from faceindex.system.memory import give_back_memory
from faceindex.web.app import make_app
from faceindex.web.connections import Connection
from faceindex.web.guards import Guard
from faceindex.web.scopes import Scope
from faceindex.web.served import Served
from faceindex.web.settings import Settings

DRAIN_SECONDS = 4
"""Seconds that requests at work get to end after SIGTERM."""

MOST_REQUESTS = 400
"""Connections, and requests, at once; further ones are answered with 503."""

IDLE_SECONDS = 20
"""Seconds for which a connection may wait for its next request. Who sends one just as it ends gets an error."""

FOREVER = 1e9

_UNIX: int | None = getattr(socket, "AF_UNIX", None)
_BACKLOG = 128


class _Server(uvicorn.Server):
    """Ends its event streams and its jobs first, as they would not end by themselves."""

    def __init__(self, config: uvicorn.Config, here: Served) -> None:
        super().__init__(config)
        self._here = here

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        self._here.changes.stop()
        self._here.jobs.cancel()


def serve(library: Library, settings: Settings, say: Callable[[str], None]) -> None:
    """Serve `library` until SIGINT or SIGTERM. say: is told the address by which to sign in.

    Raises: UsageError when a login is needed and there is no password, or the address cannot be used.
    """
    give_back_memory()
    guard, here = make_app(library, settings)
    if settings.login and not settings.is_local and here.logins.read().password is None:
        raise UsageError(
            f"others reach this machine at {settings.host}: set a password first, with `faceindex serve passwd`"
        )
    with _listening(settings) as listening:
        for line in _welcome(settings, listening, here.sessions.one_time_token(Scope.ADMIN, FOREVER)):
            say(line)
        _Server(configuration(guard, settings), here).run(sockets=[listening])


def configuration(guard: Guard, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        guard,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        workers=1,
        http=Connection,
        loop="asyncio",
        ws="none",
        limit_concurrency=MOST_REQUESTS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        h11_max_incomplete_event_size=32 << 10,
        proxy_headers=bool(settings.proxies) or settings.unix is not None,
        forwarded_allow_ips="*" if settings.unix is not None else ",".join(settings.proxies),
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
    )


def _welcome(settings: Settings, listening: socket.socket, token: str) -> Iterator[str]:
    """Where to go."""
    if settings.unix is not None:
        yield f"listening at {settings.unix}"
        return
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    address = f"{'https' if settings.certificate else 'http'}://{settings.names[0] if settings.names else shown}:{port}"
    if not settings.login:
        yield f"{address}/"
        yield "without a login: every user and program of this machine can see and change everything in this library"
    elif settings.is_local:
        yield f"{address}/login?token={token}"
        yield "this address signs one browser in, once; other users of this machine get nothing"
    else:
        yield f"{address}/"


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The socket. Raises: UsageError."""
    try:
        listening = _unix_socket(settings.unix) if settings.unix else _tcp_socket(settings.host, settings.port)
    except OSError as error:
        place = settings.unix or f"{settings.host}, port {settings.port}"
        raise UsageError(f"cannot listen at {place}: {error.strerror or error}; --port chooses another port") from error
    try:
        yield listening
    finally:
        listening.close()
        if settings.unix is not None:
            settings.unix.unlink(missing_ok=True)


def _tcp_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once only if it says TCP
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(_BACKLOG)  # from now on callers wait, and are not refused
    except BaseException:
        made.close()
        raise
    return made


def _unix_socket(path: Path) -> socket.socket:
    """For its owner only from the first moment. A socket that nobody listens at any more is replaced."""
    if _UNIX is None:
        raise UsageError("this system has no Unix sockets for --unix; use --host and --port")
    made = socket.socket(_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode) and not _is_alive(path, _UNIX):
            path.unlink()
        made.bind(str(path))
        made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    finally:
        os.umask(before)
    return made


def _is_alive(path: Path, family: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        try:
            tried.connect(str(path))
        except OSError:
            return False
    return True
