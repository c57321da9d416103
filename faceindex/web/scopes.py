"""What callers may do."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Scope(IntEnum):
    """Each includes the ones before it. PUBLIC: needs no login. READ: see everything. DECIDE: name, merge, hide, undo.
    ADMIN: ingest, erase, let others in."""

    PUBLIC = 0
    READ = 1
    DECIDE = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As users write it."""
        return self.name.lower()


def scope_called(word: str) -> Scope:
    """The scope of this name. Raises: ValueError."""
    if word not in {scope.word for scope in Scope if scope}:
        raise ValueError(f"{word} is not a scope; there are read, decide and admin")
    return Scope[word.upper()]


def needs(scope: Scope, *topics: str, upload: bool = False) -> dict[str, Any]:
    """Arguments of a route that says who may use it. A route that does not say so is for ADMIN.

    topics: of `library.version` that its answer depends on, for its ETag. upload: its body may be a photo.
    """
    extra: dict[str, Any] = {"x-scope": scope.word, "x-topics": list(topics), "x-upload": upload}
    if scope is Scope.PUBLIC:
        extra["security"] = []
    return {"openapi_extra": extra}
