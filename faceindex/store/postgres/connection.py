"""A connection to the PostgreSQL database that a user named, and to no other; its password is never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from faceindex.errors import MachineError, UsageError

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql://", "postgres://")
_SECONDS = 10  # to wait for an answer, unless the address says otherwise
_FORM = "postgresql://USER@HOST:PORT/DATABASE"
_SECRET = re.compile(r"://[^/@\s]*@|\b(?:ssl)?password=[^&\s]*", re.IGNORECASE)


def is_database(address: str) -> bool:
    """Whether it is the address of a PostgreSQL database."""
    return address.lower().startswith(SCHEMES)


@contextmanager
def connected(address: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in a transaction, which is committed at the end, or rolled back by any exception.

    Raises: UsageError when the address is wrong, or psycopg and pgvector are not installed; MachineError, with one
    line, for what the server says or when it does not answer.
    """
    try:
        import pgvector.psycopg  # noqa: F401
        import psycopg
    except ImportError:
        raise UsageError("PostgreSQL needs psycopg and pgvector: pip install 'faceindex[postgres]'") from None
    parameters = _parameters(address)
    shown = described(parameters)
    try:
        with psycopg.connect(**parameters) as connection:
            yield connection
    except psycopg.Error as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise MachineError(f"{shown}: {_without_secrets(reason, address, parameters)}") from None


def described(parameters: dict[str, Any]) -> str:
    """Where the database is, without user and password."""
    port = f":{parameters['port']}" if parameters.get("port") else ""
    return f"postgresql://{parameters['host']}{port}/{parameters.get('dbname', '')}"


def _parameters(address: str) -> dict[str, Any]:
    """What the address says, and nothing that would lead elsewhere: libpq also reads hosts from the environment."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    if not is_database(address):
        raise UsageError(f"the address of a database begins with {SCHEMES[0]}")
    try:
        found = conninfo_to_dict(address)
    except ProgrammingError:  # its message may hold the password
        raise UsageError(f"this is not the address of a PostgreSQL database; write {_FORM}") from None
    host = found.get("host") or found.get("hostaddr")
    if not host:
        raise UsageError(f"the address names no host; write {_FORM}")
    odd = "@" in f"{host}{found.get('dbname', '')}" or not str(found.get("port") or "0").replace(",", "").isdigit()
    if odd:  # a part of the password was taken for the host, the port or the database
        raise UsageError("in an address, the characters @ : / # % of a password are written %40 %3A %2F %23 %25")
    if "service" in found:
        raise UsageError(f"the address names a service, which may lead anywhere; write {_FORM}")
    own = {"hostaddr": "", "gssencmode": "disable", "connect_timeout": _SECONDS, "application_name": "faceindex"}
    return {**own, "host": host, **found}


def _without_secrets(text: str, address: str, parameters: dict[str, Any]) -> str:
    """A server's message without what is secret in it."""
    secrets = {str(parameters.get(name) or "") for name in ("password", "sslpassword")}
    secrets |= {os.environ.get("PGPASSWORD", ""), unquote(address), address}
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _SECRET.sub("***", text)
