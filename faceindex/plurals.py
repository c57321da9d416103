"""Numbers with their nouns, for messages: "1 face", "2,000 faces"."""

from __future__ import annotations


def plural(number: int, one: str, more: str | None = None) -> str:
    """`number` with its noun, and a comma every three digits. more: the plural, where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"
