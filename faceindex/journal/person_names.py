"""People's names as text: one spelling for each, and which of them look alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.75  # of difflib's ratio, from which a name may have been meant
_REFUSED = frozenset(("Cc", "Cs", "Zl", "Zp"))  # control characters, halves of characters, line and paragraph ends
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def spelled(name: str) -> str:
    """The name as it is stored and compared: composed (Unicode's NFC), with single spaces and none around it.

    macOS gives names decomposed and other systems composed, and they are the same name.
    """
    return " ".join(part for part in unicodedata.normalize("NFC", name).split(" ") if part)


def checked_name(name: str) -> str:
    """`spelled`, for a name that somebody is to get.

    Raises: ValueError, which says why, when it is empty, or has line breaks or other characters that are no text.
    """
    for character in name:
        if unicodedata.category(character) in _REFUSED or character in _DIRECTIONS:
            raise ValueError(f"a person's name is one line of text, without the character U+{ord(character):04X}")
    chosen = spelled(name)
    if not chosen.strip():
        raise ValueError("a person's name must not be empty")
    return chosen


def same_but_for_case(name: str, known: Iterable[str]) -> list[str]:
    """Those of `known` that differ from `name` in nothing but case, width or accents; sorted."""
    wanted = plain(name)
    return sorted(other for other in known if other != name and plain(other) == wanted)


def look_alikes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names that differ in nothing but case, width or accents, sorted; each name with the first like it."""
    first: dict[str, str] = {}
    pairs = []
    for name in sorted(names):
        other = first.setdefault(plain(name), name)
        if other != name:
            pairs.append((other, name))
    return pairs


def likely_meant(name: str, known: Iterable[str]) -> list[str]:
    """At most three of `known` that somebody who wrote `name` may have meant, the likeliest first."""
    by_text: dict[str, list[str]] = {}
    for other in sorted(known):
        by_text.setdefault(plain(other), []).append(other)
    alike = get_close_matches(plain(name), by_text, n=3, cutoff=_ALIKE)
    starting = [text for text in by_text if text.startswith(plain(name) + " ")] if plain(name) else []
    return [other for text in dict.fromkeys([*alike, *starting]) for other in by_text[text]][:3]


def plain(name: str) -> str:
    """The name without what case, width and accents add to it."""
    if name.isascii():  # an act compares its name with thousands
        return name.casefold()
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
