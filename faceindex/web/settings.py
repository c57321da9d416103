"""How a server runs: where it listens, who may use it, and its limits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"
PORT = 8420

UPLOAD_BYTES = 64 << 20
"""Largest photo that may be uploaded."""


@dataclass(frozen=True, slots=True)
class Settings:
    """host, port: the address to listen at. unix: a socket's path instead. names: host names by which browsers reach
    it, beside addresses. proxies: addresses of proxies whose forwarded headers are believed. login: whether callers
    have to sign in. read_only: nothing can be changed. folders: of photos that may be ingested by a click. watched:
    those of them whose new files are ingested at once. backups: the folder into which backups and exports may be
    written by a click. certificate, key: PEM files for TLS. allowed: all names by which it is reached.
    """

    host: str = LOOPBACK
    port: int = PORT
    unix: Path | None = None
    names: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    login: bool = True
    read_only: bool = False
    folders: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    backups: Path | None = None
    upload_bytes: int = UPLOAD_BYTES
    certificate: Path | None = None
    key: Path | None = None
    allowed: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        local = ("localhost", "127.0.0.1", "::1") if self.is_local else ()
        object.__setattr__(self, "allowed", frozenset(name.lower().rstrip(".") for name in (*local, *self.names)))

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the server."""
        return self.unix is not None or is_loopback(self.host)

    def answers_to(self, host: str) -> bool:
        """Whether `host`, of a Host header without its port, means this server.

        Away from loopback any IP address does: DNS rebinding, which this is against, needs a name.
        """
        name = host.lower().rstrip(".").removeprefix("[").removesuffix("]")
        if name in self.allowed:
            return True
        return not self.is_local and _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at this address."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
