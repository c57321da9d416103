"""Decisions in words: one decision, what an undo changed, and the history."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.output import errors, print_json, print_line
from faceindex.journal.acts import MERGE
from faceindex.plurals import plural
from faceindex.types import ActChange, Decided, PastAct, Price

_STEP = ("act", "kind", "person", "faces", "albums", "undoes")
_CHANGE = ("renamed", "undone", "changes")
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")]

_MOST = 3
"""Moves of faces that are listed one by one; the others are summed up."""


def print_decided(decided: Decided, *, as_json: bool) -> None:
    """Print a decision; for an undo and a rename also what it changed, for a merge whom it joined."""
    told = decided.undone is not None or decided.renamed is not None
    if as_json:
        step = asdict(decided)
        print_json({name: step[name] for name in (*_STEP, *(_CHANGE if told else ()))} | price_object(decided))
        return
    if decided.price is not None:
        print_price(decided.price)
        return
    where = f"now in album {', '.join(map(str, decided.albums))}" if decided.albums else "now in no album"
    what = decided.kind
    if decided.undone is not None:
        what = f"undoes act {decided.undoes} ({about(decided.undone)})"
    elif decided.renamed is not None:
        what = f"rename: {decided.person} is {decided.renamed} now"
    print_line(f"act {decided.act}: {what}; {plural(decided.faces, 'face')}, {where}")
    changes = decided.changes if told else [one for one in decided.changes if one.person_before != one.person_after]
    for line in change_lines(changes) if told or decided.kind == MERGE else ():
        print_line(f"  {line}")
    offer_similar(decided)


def price_object(decided: Decided) -> dict[str, object]:
    """What a dry run adds to the JSON of a decision."""
    return {} if decided.price is None else {"dry_run": True, "price": asdict(decided.price)}


def print_price(price: Price) -> None:
    """Print what a decision would change, and what would become one."""
    print_line("nothing was changed; without --dry-run this would change:")
    print_line(f"  {price_in_words(price)}")
    for line in join_lines(price):
        print_line(f"  {line}")


def price_in_words(price: Price) -> str:
    """How many faces, photos and people a decision changes."""
    people = plural(price.people, "person with a name", "people with a name")
    return f"{plural(price.faces, 'face')} in {plural(price.photos, 'photo')}, {people}"


def join_lines(price: Price) -> list[str]:
    """One line for each part of what becomes one."""
    return [
        f"joins {joined.person or 'nobody'}, {f'album {joined.album}' if joined.album else 'no album'}: "
        f"{plural(joined.faces, 'face')} in {plural(joined.photos, 'photo')}"
        for joined in price.joins
    ]


def offer_similar(decided: Decided) -> None:
    """Print, beside the answer, which people have almost the same name and may be one person."""
    name = decided.renamed or decided.person or ""
    for other in decided.similar:
        errors.print(f'did you mean "{other}"? {make_one(name, other)}', markup=False)


def make_one(name: str, other: str) -> str:
    """The command that makes two people one, and what it does."""
    return f"`faceindex people rename --merge {shlex.quote(name)} {shlex.quote(other)}` makes both one person"


def about(act: PastAct) -> str:
    """An act in a few words."""
    who = [act.kind, spoken_of(act), which(act)]
    return " ".join(word for word in who if word)


def spoken_of(act: PastAct) -> str:
    """The person that an act is about, or the act that it undoes."""
    if act.undoes:
        return f"act {act.undoes}"
    return f"{act.person} to {act.renamed}" if act.renamed else act.person or ""


def which(act: PastAct) -> str:
    """How many faces an act is about; for a single face its number and photo."""
    faces = sum(act.faces) or sum(change.faces for change in act.changes)
    if faces == 1 and act.photo is not None:
        face = f"face {act.changes[0].face}" if act.changes else "a face"
        return f"{face} in {Path(act.photo).name}"
    return plural(faces, "face") if faces else ""


def change_lines(changes: Sequence[ActChange]) -> list[str]:
    """One line per move: how many faces, and their person and album before and after."""
    moved = [change for change in changes if _place(change, before=True) != _place(change, before=False)]
    lines = [
        f"{plural(change.faces, 'face')}: {_place(change, before=True)} -> {_place(change, before=False)}"
        for change in moved[:_MOST]
    ]
    rest = sum(change.faces for change in moved[_MOST:])
    return [*lines, f"{plural(rest, 'face')} in other ways"] if rest else lines


def _place(change: ActChange, *, before: bool) -> str:
    person = change.person_before if before else change.person_after
    album = change.album_before if before else change.album_after
    return f"{person or 'nobody'}, {f'album {album}' if album else 'no album'}"
