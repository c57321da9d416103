"""`faceindex people audit` and `people confirm`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.acts import DryRun, print_decided
from faceindex.cli.output import errors, print_json, print_line, print_table
from faceindex.errors import UsageError
from faceindex.plurals import plural
from faceindex.types import Audit, Finding
from faceindex.types.audits import MISFIT, TWO_NAMES, TWO_PEOPLE, WEAK

KINDS = (MISFIT, TWO_PEOPLE, TWO_NAMES, WEAK)

_MOST = 6
"""Faces that are listed in a sentence."""


def audit(
    person: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="All faces of this person, the least likely first.")
    ] = None,
    library: options.Library = None,
    kind: Annotated[str | None, typer.Option(metavar="|".join(KINDS), help="Only findings of this kind.")] = None,
    limit: Annotated[int, typer.Option("-k", min=1, help="Number of findings.")] = 20,
    least: Annotated[float, typer.Option(metavar="P", help="Smallest probability of a finding.")] = 0.2,
    again: Annotated[bool, typer.Option("--again", help="Include what you answered before.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Look for wrong names: faces that do not fit, people who look like two, two names that look like one person."""
    if kind is not None and kind not in KINDS:
        raise UsageError(f"no kind of finding is called {kind}; there are {', '.join(KINDS)}")
    with faceindex.Library(library, create=False) as opened:
        found = opened.people.audit(person, least=least, again=again)
    chosen = [one for one in found.findings if kind in (None, one.kind)]
    if as_json:
        values = asdict(found) | {"findings": [asdict(one) for one in chosen[:limit]], "left_out": len(chosen[limit:])}
        print_json(values)
        return
    _print(found, chosen[:limit], of_one=person)
    if len(chosen) > limit:
        errors.print(f"{plural(len(chosen) - limit, 'more finding')}; -k {len(chosen)} shows all")


def confirm(
    faces: Annotated[list[int], typer.Argument(metavar="FACE...", help="Ids of faces.")],
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Say that you looked at faces, and their name is right. `people audit` does not ask about them again."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.people.confirm(faces, dry_run=dry_run), as_json=as_json)


def _print(found: Audit, chosen: list[Finding], *, of_one: str | None) -> None:
    if not chosen:
        print_line("nothing to ask" if of_one is None else f"{of_one} has no other face to compare with")
    elif of_one is not None:
        columns = ("face#", f"is {of_one}'s#", "distance#", "is more like", "if it is not")
        print_table(columns, [_row(one) for one in chosen])
    else:
        findings = [(_percent(one.probability), in_words(one), one.yes, one.no) for one in chosen]
        print_table(("probability#", "finding", "if it is so", "if not"), findings)
    answered = f"; {plural(found.answered, 'finding')} that you answered before left out" if found.answered else ""
    errors.print(
        f"{plural(found.faces, 'face')} of {plural(found.people, 'person', 'people')}, {found.seconds:.1f} s{answered}",
        markup=False,
    )


def _row(one: Finding) -> tuple[object, ...]:
    """A face of somebody, and how likely it is theirs."""
    away = "" if one.distance is None else f"{one.distance:.3f}"
    return str(one.faces[0]), _percent(1 - (one.probability or 0.0)), away, one.other, one.yes


def _percent(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.0%}"


def in_words(one: Finding) -> str:
    """A finding as a sentence."""
    if one.kind == TWO_NAMES:
        return f"{one.person} ({plural(one.of, 'face')}) and {one.other} ({len(one.faces)}) look like one person"
    numbers = ", ".join(map(str, one.faces[:_MOST]))
    which = f"face {numbers}" if len(one.faces) == 1 else f"faces {numbers}"
    which += f" and {len(one.faces) - _MOST} more" if len(one.faces) > _MOST else ""
    if one.kind == WEAK:
        return f"{which} of {one.person} ({one.of}): of low quality, nothing tells whether the name is right"
    better = f", but {one.other}'s" if one.other is not None else ""
    if one.kind == TWO_PEOPLE:
        return f"{one.person} ({one.of}) looks like two people: {which} may be another one's{better}"
    return f"{which} does not look like {one.person}'s ({one.of}){better}"
