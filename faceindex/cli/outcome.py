"""How a command about many things ends: well when some of them were done."""

from __future__ import annotations

from faceindex.errors import OutOfReach, UsageError


def refuse_nothing(message: str, *, done: int, failed: int, out_of_reach: int) -> None:
    """`message` as an error when nothing was done and something failed. out_of_reach: of `failed`, by circumstances.

    Raises: OutOfReach when all of it was; UsageError.
    """
    if done or not failed:
        return
    raise OutOfReach(f"{message}; it is out of reach now") if out_of_reach == failed else UsageError(message)
