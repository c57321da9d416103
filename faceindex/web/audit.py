"""The audit log: who was asked to change what and when, by numbers and without names."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from faceindex.files.writing import FILE_MODE
from faceindex.store.layout import AUDIT
from faceindex.system.files import APPEND, NO_LINK

MOST_BYTES = 4 << 20
"""Size at which the log is renamed to audit.log.1, over the one before."""


class AuditLog:
    """A line of JSON for each request to change something, and for each attempt to sign in."""

    def __init__(self, library: Path) -> None:
        self._path = library / AUDIT
        self._guard = threading.Lock()

    def note(self, caller: str, action: str, status: int, numbers: dict[str, int]) -> None:
        """Add a line. caller: as the server calls it. action: method and path of the route, without values. numbers:
        ids in the path that are numbers. A disk that cannot be written loses the line and not the request."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "caller": caller, "action": action}
        text = json.dumps(line | {"status": status} | numbers) + "\n"
        with self._guard, contextlib.suppress(OSError):
            if not self._path.parent.is_dir():
                return
            if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
                self._path.replace(self._path.with_name(AUDIT + ".1"))
            descriptor = os.open(self._path, APPEND | NO_LINK, FILE_MODE)
            with os.fdopen(descriptor, "ab") as file:
                file.write(text.encode())
