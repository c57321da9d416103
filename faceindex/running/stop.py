"""A request to end work early: the caller makes it and passes it down as an argument."""

from __future__ import annotations

from faceindex.errors import JobCancelled


class Stop:
    """Any thread or signal handler may set it (it has no lock); the work checks it between its steps.

    Work that stores its results as it goes ends by itself when it is set. Work that must leave nothing behind calls
    `check`, and the exception undoes it.
    """

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        """Ask the work to end."""
        self._set = True

    def is_set(self) -> bool:
        """Whether the work was asked to end."""
        return self._set

    def check(self) -> None:
        """Raises: JobCancelled if it is set."""
        if self._set:
            raise JobCancelled
