"""The warning of a name that goes away."""

from __future__ import annotations

import warnings


def renamed(old: str, new: str) -> None:
    """Warn the caller's caller that `library.old` is called `library.new` now."""
    message = f"library.{old} goes away in the next release; write library.{new}"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
