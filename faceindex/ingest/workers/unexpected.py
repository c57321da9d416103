"""Errors that nobody expected, in one line, and whether memory ran out. Nothing is imported here: see `start`."""

from __future__ import annotations

_OUT_OF_MEMORY = ("std::bad_alloc", "bad allocation", "Failed to allocate memory", "Cannot allocate memory")


def in_words(error: Exception) -> str:
    """One line about an error that was not expected."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def is_exhaustion(error: BaseException | None) -> bool:
    """Whether memory ran out. Libraries in C++ have words of their own for MemoryError."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)
