"""The token by which somebody asks work to end early: made by the caller, passed down as a plain argument."""

from __future__ import annotations

from faceindex.errors import JobCancelled


class Stop:
    """Set once, by any thread or signal handler (there is no lock in it); the work looks at it between its steps.

    Work that stores what it has done ends by itself when it sees the token set; work of which nothing may remain
    calls `check`, and the exception undoes it.
    """

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        """Ask the work to end."""
        self._set = True

    def is_set(self) -> bool:
        """Whether it was asked to."""
        return self._set

    def check(self) -> None:
        """Raises: JobCancelled when it is set."""
        if self._set:
            raise JobCancelled
