"""Names and numbers in the package are written as CONTRIBUTING's section "Words" says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "faceindex"

OLD = {
    "wish": "query",
    "together": "must_link",
    "apart": "cannot_link",
    "poor": "low_quality",
    "beside": "delta",
    "gone": "deleted, or removed",
    "away": "missing",
    "fold": "fold_constants, or folds of a cross-validation",
    "follow": "update, apply, or links that are followed",
    "taken": "only the date of a photo",
    "blow": "failure",
    "anchoring": "what is done",
}
"""Parts of names that had no meaning, or several; and what is written instead."""

WHOLE_NAMES = {"look_at": "classify", "Choice": "IndexConfig", "Made": "BuildReport", "Taken": "Imported"}
"""Whole names, of which the parts are good words."""

EXCEPTIONS = {
    "taken": "the date of a photo, in Photo, PhotoRecord and the module that finds it",
    "Taken": "the same",
    "taken_from": "where that date is written",
    "taken_at": "the same",
    "taken_in_image": "the same",
    "taken_in_packet": "the same",
    "taken_in_raw": "the same",
    "taken_in_sidecar": "the same",
    "_taken_in_photo": "the same",
    "date_taken": "the same",
    "fold": "one part of a cross-validation",
    "person_fold": "the same",
    "fold_constants": "the usual word for it in graphs",
}
"""Names with one of these parts that have one clear meaning."""

RELEASED = {
    ("types/changes.py", "away"): "JSON key of `ingest --prune` and `reencode`",
    ("types/decisions.py", "gone"): "JSON key of `cluster`",
    ("types/contents.py", "index_beside"): "JSON key of `status`",
    ("types/contents.py", "beside"): "JSON key of `index show`",
    ("types/contents.py", "gone"): "JSON key of `index show`",
    ("library/history.py", "together"): "method of `Library.history`: acts in one transaction",
    ("cli/photos.py", "beside"): "option of `photos sidecars`",
    ("models/cards.py", "follow_tilt"): "key of recipe cards",
    ("models/cards.py", "poor_last"): "key of recipe cards",
}
"""By file and name: JSON keys, keys of cards and options keep the name that they were released with."""

ADJECTIVE = r"(?:(?!(?:and|as|for|give|gives|had|has|have|hold|holds|in|lack|lacks|needs?|of|or|with)\b)[a-z-]+ )?"
NOUNS = (
    "acts|albums|bytes|decisions|faces|failures|files|folders|groups|images|matches|megapixels|models|names|pages|pairs"
    "|paths|people|persons|photos|pictures|pixels|queries|questions|regions|rows|seconds|segments|shards|tombstones"
    "|values|vectors|warnings|words|workers"
)


@cache
def trees() -> list[tuple[str, ast.Module]]:
    """Path in the package, and syntax tree, of each module."""
    return [
        (module.relative_to(PACKAGE).as_posix(), ast.parse(module.read_text(encoding="utf-8")))
        for module in sorted(PACKAGE.rglob("*.py"))
    ]


def names_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names of classes, functions, arguments, attributes and constants that a module defines, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        if isinstance(node, ast.ClassDef | ast.Module):
            yield from ((target.lineno, target.id) for target in targets(node.body))


def targets(body: list[ast.stmt]) -> Iterator[ast.Name]:
    for statement in body:
        if isinstance(statement, ast.Assign):
            yield from (target for target in statement.targets if isinstance(target, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target


def better(name: str) -> str | None:
    """What should be written instead of `name`; None when it is fine."""
    if name in EXCEPTIONS:
        return None
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)
    return WHOLE_NAMES.get(name) or next((OLD[part.lower()] for part in parts if part.lower() in OLD), None)


def uncounted(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Places where a number stands before a plural in a message, as "1 albums" would."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for value, text in zip(node.values, node.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                    noun = re.match(rf" {ADJECTIVE}(?:{NOUNS})\b(?!\.)", str(text.value))
                    if noun and not is_measure(value, str(text.value)):
                        yield node.lineno, noun[0].strip()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for noun in re.finditer(rf"(?:\{{\w*(?::,)?\}}|%d) {ADJECTIVE}(?:{NOUNS})\b", node.value):
                yield node.lineno, noun[0]


def is_measure(value: ast.FormattedValue, text: str) -> bool:
    """Whether it is a measured quantity: 0.4 seconds; 1.0 megapixels; or 640 x 480 pixels."""
    form = ast.unparse(value.format_spec) if value.format_spec else ""
    return bool(re.search(r"\.\df|g\b", form)) or (text.startswith(" pixels") and "height" in ast.unparse(value.value))


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("Wish", "query"),
        ("keep_apart", "cannot_link"),
        ("POOR_QUALITY", "low_quality"),
        ("look_at", "classify"),
        ("taken_names", "only the date of a photo"),
        ("following", None),
        ("taken_from", None),
        ("folds", None),
    ],
)
def test_old_words_are_recognised(name: str, instead: str | None) -> None:
    assert better(name) == instead


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('f"{albums:,} albums"', 1),
        ('f"{len(rows)} new faces in it"', 1),
        ('f"{plural(albums, word)} in it"', 0),
        ('f"{seconds:.1f} seconds"', 0),
        ('f"{width} x {height} pixels"', 0),
        ('f"{path} holds faces"', 0),
        ('"{} albums".format(albums)', 1),
        ('"%d photos" % photos', 1),
    ],
)
def test_numbers_before_plurals_are_recognised(source: str, count: int) -> None:
    assert len(list(uncounted(ast.parse(source)))) == count


def test_names_are_words_with_one_meaning() -> None:
    found = [
        f"{file}:{line}: {name}, better: {better(name)}"
        for file, tree in trees()
        for line, name in [(0, Path(file).stem), *names_in(tree)]
        if better(name) and (file, name) not in RELEASED
    ]
    assert not found, "\n".join(found)


def test_one_is_not_followed_by_a_plural() -> None:
    found = [
        f"{file}:{line}: {text}; write plural(number, noun)" for file, tree in trees() for line, text in uncounted(tree)
    ]
    assert not found, "\n".join(found)


def test_every_exception_is_still_needed() -> None:
    used: set[str | tuple[str, str]] = set()
    for file, tree in trees():
        names = {Path(file).stem, *(name for _, name in names_in(tree))}
        used |= names | {(file, name) for name in names}
    assert {*EXCEPTIONS, *RELEASED} - used == set()
