"""The exit code of a command about many things: success if some of them were done."""

from __future__ import annotations

from faceindex.errors import OutOfReach, UsageError


def refuse_nothing(message: str, *, done: int, failed: int, out_of_reach: int) -> None:
    """Raise `message` as an error if nothing was done and something failed.

    failed: things that failed. out_of_reach: how many of these failed because a disk or server could not be reached.

    Raises: OutOfReach if all of them did; else UsageError.
    """
    if done or not failed:
        return
    raise OutOfReach(f"{message}; it cannot be reached now") if out_of_reach == failed else UsageError(message)
