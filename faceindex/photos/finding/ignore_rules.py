"""Decides which files are skipped by rules as in .gitignore, from the user or from files named .faceindexignore."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from faceindex.errors import UsageError
from faceindex.photos.finding.entries import IGNORE_FILE
from faceindex.system.files import NOT_WAITING, READ

MAX_BYTES = 1 << 20

_FOLDER_END = "ps_d"
_ANY_FOLDER = f"(?P<{_FOLDER_END}>/)"  # what pathspec makes of "*/"

_INSIDE = re.compile(r"^(!?/?(?:.*/)?(?!\*\*/)[^/]+)(?:/\*\*)+(/?)\s*$", re.DOTALL)
"""To git "a/**" means everything in a, but not a itself, as a could not be entered then; pathspec takes it for both."""


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns relative to a folder, the last one first: the last match decides."""

    folder: str
    patterns: tuple[GitIgnoreSpecPattern, ...]

    def say(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether `path` is skipped; None if no pattern matches it, even if a pattern matches a folder above."""
        below = path[len(self.folder.rstrip("/")) + 1 :].replace("\n", "\0")  # a pattern contains neither of the two
        name = below + "/" * is_folder
        for pattern in self.patterns:
            found = pattern.match_file(name)
            if found is not None and _is_about(found.match, is_folder=is_folder):
                return pattern.include
        return None


def _is_about(match: re.Match[str], *, is_folder: bool) -> bool:
    """Whether a pattern matched the whole path. If it matched only a folder, pathspec marks the end of that folder."""
    if match.re.pattern == _ANY_FOLDER:
        return is_folder
    return _FOLDER_END not in match.re.groupindex or match.end(_FOLDER_END) in (-1, len(match.string))


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """Rules for a folder. given: by the user. files: of the folder and the folders above it, the deepest first.

    The first set with a matching pattern decides, as in git; the user's rules have priority over files.
    """

    given: tuple[_Patterns, ...] = ()
    files: tuple[_Patterns, ...] = ()

    @classmethod
    def of(cls, root: str, patterns: Iterable[str]) -> Self:
        """The user's patterns, relative to `root` or with its path. Raises: UsageError if one is not a pattern."""
        own = root.rstrip("/")
        try:
            chosen = _compiled(p.removeprefix(own) if p.startswith(f"{own}/") else p for p in patterns)
        except ValueError as error:
            raise UsageError(f"{error}; a pattern is written as in .gitignore") from error
        return cls((_Patterns(root, chosen),))

    def with_file_in(self, folder: str) -> Self:
        """These rules and those of the file in `folder`, if there is one. Raises: OSError if it cannot be read."""
        return self.with_lines(folder, _lines_in(folder))

    def with_text(self, folder: str, text: bytes) -> Self:
        """These rules and those in `text`, the content of a file in `folder`."""
        return self.with_lines(folder, _lines_of(text))

    def with_lines(self, folder: str, lines: Sequence[str]) -> Self:
        """These rules and those for `folder`, one pattern per line."""
        if not lines:
            return self
        return type(self)(self.given, (_Patterns(folder, _leniently_compiled(lines)), *self.files))

    def exclude(self, path: str, *, is_folder: bool) -> bool:
        """Whether `path` is skipped. Do not ask about files in a folder that is skipped itself."""
        said = (patterns.say(path, is_folder=is_folder) for patterns in (*self.given, *self.files))
        return next((one for one in said if one is not None), False)


def _compiled(lines: Iterable[str]) -> tuple[GitIgnoreSpecPattern, ...]:
    patterns = (GitIgnoreSpecPattern(_INSIDE.sub(r"\1/**/*\2", line)) for line in lines)
    return tuple(pattern for pattern in patterns if pattern.include is not None)[::-1]


def _leniently_compiled(lines: Iterable[str]) -> tuple[GitIgnoreSpecPattern, ...]:
    """As git reads a file: a line that is not a pattern is ignored."""
    kept = []
    for line in lines:
        with suppress(ValueError):
            _compiled([line])
            kept.append(line)
    return _compiled(kept)


def _lines_in(folder: str) -> list[str]:
    try:
        descriptor = os.open(Path(folder, IGNORE_FILE), READ | NOT_WAITING)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                raise OSError(f"it is not a regular file of at most {MAX_BYTES >> 20} MiB")
            text = file.read(MAX_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OSError(f"its {IGNORE_FILE} cannot be read: {error.strerror or error}") from error
    return _lines_of(text)


def _lines_of(text: bytes) -> list[str]:
    lines = text.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape").split("\n")
    return [line.removesuffix("\r") for line in lines]
