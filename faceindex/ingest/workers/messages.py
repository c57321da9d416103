"""What a worker tells its parent beside its answers. Nothing else is imported here: see `start`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartFailure:
    """A worker cannot start. memory: for lack of memory."""

    reason: str
    memory: bool


@dataclass(frozen=True, slots=True)
class Started:
    """A worker is ready. notes: what the user should know, such as a device that is not used."""

    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A worker holds the faces of its first `files` unanswered files, and is at work on the next."""

    files: int
