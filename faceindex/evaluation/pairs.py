"""Pairs files of Labeled Faces in the Wild: which photos to compare, and whether they show one person.

The first line holds the number of folds and of pairs of each kind in a fold ("10<tab>300": pairs.txt), or only the
latter, for one fold ("500": pairsDevTest.txt). In each fold pairs of one person come first, "name n1 n2", then as
many of two, "name1 n1 name2 n2". Huang et al. 2007; http://vis-www.cs.umass.edu/lfw/README.txt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.files.reading import read_regular
from faceindex.files.unreadable import unreadable
from faceindex.plurals import plural


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """The photo `number` of a person: "Name/Name_0007.jpg", of any extension."""

    person: str
    number: int

    @property
    def key(self) -> str:
        """ "Name/Name_0007": folder and file name without extension."""
        return f"{self.person}/{self.person}_{self.number:04d}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos to compare. line: of the file, from 1. fold: from 0."""

    line: int
    first: LabelledPhoto
    second: LabelledPhoto
    fold: int

    @property
    def same(self) -> bool:
        """Whether both photos are of one person."""
        return self.first.person == self.second.person


@dataclass(frozen=True, slots=True)
class Pairs:
    """A pairs file. source: its name, for messages. folds: 1 when it has no folds."""

    source: str
    folds: int
    pairs: tuple[Pair, ...]

    def among(self, wanted: Callable[[str], bool]) -> Pairs:
        """The pairs of which both people are wanted."""
        kept = [pair for pair in self.pairs if wanted(pair.first.person) and wanted(pair.second.person)]
        return replace(self, pairs=tuple(kept))


def read_pairs(file: Path) -> Pairs:
    """The pairs in `file`. Raises: UsageError when it cannot be read or is malformed; it names the line."""
    try:
        text = read_regular(file, or_descriptor=True).decode()
    except OSError as error:
        raise unreadable(file, error, "cannot read {path}: {reason}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no pairs file: it is not text in UTF-8") from None
    return parse_pairs(text.splitlines(), str(file))


def parse_pairs(lines: Sequence[str], source: str) -> Pairs:
    """The pairs in `lines`; empty lines at the end do not count. Raises: UsageError; it names `source` and the line."""
    lines = [line.rstrip("\r\n") for line in lines]
    while lines and not lines[-1].strip():
        lines.pop()
    folds, size = _header(lines, source)
    expected = 2 * folds * size
    if len(lines) - 1 != expected:
        raise UsageError(
            f"{source}, line 1: announces {plural(expected, 'pair')} ({folds} x 2 x {size}), "
            f"but {len(lines) - 1} lines follow"
        )
    pairs = []
    for place, line in enumerate(lines[1:]):
        fold, within = divmod(place, 2 * size)
        pairs.append(_pair(line, f"{source}, line {place + 2}", place + 2, fold, same=within < size))
    return Pairs(source, folds, tuple(pairs))


def _header(lines: Sequence[str], source: str) -> tuple[int, int]:
    """(folds, pairs of each kind in a fold)."""
    numbers = lines[0].split() if lines else []
    if not (1 <= len(numbers) <= 2 and all(_is_number(number) and int(number) > 0 for number in numbers)):
        raise UsageError(
            f"{source}, line 1: a pairs file begins with pairs of each kind, '500', or folds, too, '10 300'"
        )
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else (1, int(numbers[0]))


def _pair(text: str, where: str, line: int, fold: int, *, same: bool) -> Pair:
    columns = text.split("\t") if "\t" in text else text.split()  # a name may hold spaces, where tabs part columns
    if len(columns) != (3 if same else 4):
        wanted = "one person, 'name n1 n2'" if same else "two people, 'name1 n1 name2 n2'"
        raise UsageError(f"{where}: a pair of {wanted}, is expected here, not {text.strip()!r}")
    if same:
        columns.insert(2, columns[0])
    name, number, other, other_number = columns
    for value in (number, other_number):
        if not _is_number(value):
            raise UsageError(f"{where}: {value!r} is not the number of a photo")
    if not same and name == other:
        raise UsageError(f"{where}: a pair of two people names {name} twice")
    return Pair(line, LabelledPhoto(name, int(number)), LabelledPhoto(other, int(other_number)), fold)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
