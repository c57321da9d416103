"""Who is signed in: sessions in memory, one-time tokens that begin them, and a limit for wrong attempts."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from faceindex.web.scopes import Scope

COOKIE = "faceindex"
SECURE_COOKIE = "__Host-faceindex"

IDLE_SECONDS = 7 * 86400.0
"""A session ends when it was not used for so long."""

MOST_SESSIONS = 1000

TOKEN_SECONDS = 600.0
"""How long a one-time token holds that was made for another device."""

MOST_FAILURES, FAILURE_SECONDS = 10, 60.0
"""So many wrong attempts of an address within this time, and the next ones are refused."""


@dataclass(slots=True)
class Session:
    """number: what the audit log calls it. csrf: what pages of this session send with each change."""

    number: int
    scope: Scope
    csrf: str
    used: float


@dataclass(slots=True)
class Sessions:
    """The sessions of one server. Every method may be called from any thread."""

    _sessions: dict[str, Session] = field(default_factory=dict)
    _tokens: dict[str, tuple[Scope, float]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _last: int = 0

    def one_time_token(self, scope: Scope, seconds: float = TOKEN_SECONDS) -> str:
        """A token that begins one session."""
        token = secrets.token_urlsafe(24)
        with self._guard:
            now = time.monotonic()
            self._tokens = {key: one for key, one in self._tokens.items() if one[1] > now}
            self._tokens[_key(token)] = (scope, now + seconds)
        return token

    def redeem(self, token: str) -> str | None:
        """Begin a session with a one-time token; returns the cookie's value, or None when the token does not hold."""
        with self._guard:
            scope, until = self._tokens.pop(_key(token), (Scope.PUBLIC, 0.0))
        return self.begin(scope) if until > time.monotonic() else None

    def begin(self, scope: Scope) -> str:
        """Begin a session; returns the cookie's value."""
        cookie = secrets.token_urlsafe(32)
        with self._guard:
            now = time.monotonic()
            kept = [one for one in self._sessions.items() if one[1].used > now - IDLE_SECONDS]
            self._sessions = dict(sorted(kept, key=lambda one: one[1].used)[-MOST_SESSIONS + 1 :])
            self._last += 1
            self._sessions[_key(cookie)] = Session(self._last, scope, secrets.token_urlsafe(24), now)
        return cookie

    def get(self, cookie: str) -> Session | None:
        """The session of this cookie, if it holds."""
        with self._guard:
            session = self._sessions.get(_key(cookie))
            now = time.monotonic()
            if session is None or session.used < now - IDLE_SECONDS:
                return None
            session.used = now
            return session

    def end(self, cookie: str) -> None:
        """End the session of this cookie."""
        with self._guard:
            self._sessions.pop(_key(cookie), None)


@dataclass(slots=True)
class Attempts:
    """Wrong attempts to sign in, by the caller's address."""

    _failures: dict[str, deque[float]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def wait_seconds(self, address: str) -> float:
        """Seconds until another attempt is allowed; 0 now."""
        with self._guard:
            failures, now = self._failures.get(address, deque()), time.monotonic()
            while failures and failures[0] < now - FAILURE_SECONDS:
                failures.popleft()
            return failures[0] + FAILURE_SECONDS - now if len(failures) >= MOST_FAILURES else 0.0

    def failed(self, address: str) -> None:
        """Note a wrong attempt."""
        with self._guard:
            if len(self._failures) > MOST_SESSIONS:
                self._failures.clear()
            self._failures.setdefault(address, deque(maxlen=MOST_FAILURES)).append(time.monotonic())


def masked(secret: str) -> str:
    """The secret, written differently each time: the size of a compressed page tells nothing of it (BREACH)."""
    plain = secret.encode()
    pad = secrets.token_bytes(len(plain))
    return (pad + _xor(plain, pad)).hex()


def unmasked(written: str) -> str:
    """The secret that `masked` wrote; anything else stays as it is."""
    try:
        both = bytes.fromhex(written)
        half = len(both) // 2
        return _xor(both[:half], both[half:]).decode()
    except ValueError:
        return written


def is_same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _key(secret: str) -> str:
    """What is kept of a secret: a look-up by it takes no time that tells of the secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
