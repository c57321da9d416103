"""Who may use a library's server: its password, and tokens for programs. Only hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from faceindex.errors import LibraryDamaged, UsageError
from faceindex.files.writing import write_file
from faceindex.store.layout import LOGIN
from faceindex.web.scopes import Scope, scope_called

PREFIX = "fi_"
"""What every token begins with, so that people and secret scanners recognise it."""

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1000

_hasher = PasswordHasher()  # Argon2id with the parameters of RFC 9106, low memory: 64 MiB, 3 passes
_one_at_a_time = threading.Semaphore(2)  # each takes 64 MiB


@dataclass(frozen=True, slots=True)
class Token:
    """A token for programs. hash: of the token, SHA-256, which is enough for 256 random bits. made: time in UTC."""

    name: str
    scope: str
    hash: str
    made: str


@dataclass(frozen=True, slots=True)
class Logins:
    """password: Argon2id hash, or None."""

    password: str | None = None
    tokens: tuple[Token, ...] = field(default=())


class LoginFile:
    """The file of a library that says who may use its server. It is read again when it changes."""

    def __init__(self, library: Path) -> None:
        self._path = library / LOGIN
        self._read: tuple[tuple[int, int, int], Logins] | None = None

    def read(self) -> Logins:
        """What is stored. Raises: LibraryDamaged."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return Logins()
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._read is None or self._read[0] != stamp:
            self._read = (stamp, self._parsed())
        return self._read[1]

    def set_password(self, password: str) -> None:
        """Store the hash of a password. Raises: UsageError when it is too short or too long."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise UsageError(f"a password has at least {SHORTEST_PASSWORD} characters, and {LONGEST_PASSWORD} at most")
        self._write(replace(self.read(), password=_hasher.hash(password)))

    def add_token(self, name: str, scope: Scope) -> str:
        """Make a token for programs and return it, this once. Raises: UsageError when one is called so."""
        logins = self.read()
        if not name.strip() or any(token.name == name for token in logins.tokens):
            raise UsageError(
                f"a token called {name} exists already; choose another name" if name.strip() else "no name"
            )
        made = PREFIX + secrets.token_urlsafe(32)
        token = Token(name, scope.word, _digest(made), datetime.now(UTC).isoformat(timespec="seconds"))
        self._write(replace(logins, tokens=(*logins.tokens, token)))
        return made

    def remove_token(self, name: str) -> None:
        """Remove the token of this name. Raises: UsageError when there is none."""
        logins = self.read()
        kept = tuple(token for token in logins.tokens if token.name != name)
        if len(kept) == len(logins.tokens):
            raise UsageError(f"no token is called {name}; `faceindex serve tokens` lists them")
        self._write(replace(logins, tokens=kept))

    def is_password(self, password: str) -> bool:
        """Whether this is the password. It takes as long when there is none."""
        stored = self.read().password
        if len(password) > LONGEST_PASSWORD:
            return False
        with _one_at_a_time:
            try:
                return _hasher.verify(stored or _NOBODYS, password) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

    def token(self, given: str) -> Token | None:
        """The token that was given, if it is one."""
        digest = _digest(given)
        found = [token for token in self.read().tokens if hmac.compare_digest(token.hash, digest)]
        return found[0] if found else None

    def _parsed(self) -> Logins:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            tokens = tuple(Token(**token) for token in stored["tokens"])
            for token in tokens:
                scope_called(token.scope)
            return Logins(stored["password"], tokens)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LibraryDamaged(
                f"{self._path} is damaged; remove it and run `faceindex serve passwd` again"
            ) from error

    def _write(self, logins: Logins) -> None:
        write_file(self._path, json.dumps(asdict(logins), indent=2).encode(), 0o600)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$DvuUzhszeSsRbagydziR0g$+I1xYhoj3LYLsz7quoLPO8NPbXeppqO9dNGXNoP72qE"
"""The hash of a random password that was thrown away."""
