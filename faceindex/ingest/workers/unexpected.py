"""Unexpected errors in one line, and whether memory ran out. Nothing else is imported here: see `start`."""

from __future__ import annotations

_OUT_OF_MEMORY = ("std::bad_alloc", "bad allocation", "Failed to allocate memory", "Cannot allocate memory")


def in_words(error: Exception) -> str:
    """One line about an unexpected error."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def is_exhaustion(error: BaseException | None) -> bool:
    """Whether memory ran out. C++ libraries have other messages for it than MemoryError."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)
