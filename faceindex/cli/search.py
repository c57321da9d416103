"""`faceindex search`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import faceindex
from faceindex.cli import options, selections
from faceindex.cli.output import (
    company_line,
    company_object,
    finite,
    match_object,
    percent,
    print_json,
    print_line,
    print_table,
    say_page,
)
from faceindex.faces.engine import Engine
from faceindex.photos.finding.addresses import absolute, shown
from faceindex.types import ProbeFace

if TYPE_CHECKING:
    from faceindex.queries.probes import Probe


def search(
    images: Annotated[list[Path] | None, typer.Argument(metavar="IMAGE", help="Photos to search with.")] = None,
    library: options.Library = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of matches for each face.")] = 10,
    every: Annotated[bool, typer.Option("--all", help="All matches within the threshold, instead of -k.")] = False,
    threshold: options.SearchThreshold = None,
    fpir: options.Fpir = None,
    same_person: Annotated[
        bool,
        typer.Option("--same-person", help="All photos show one person: search with their largest faces together."),
    ] = False,
    box: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="Search with the face at this box in the photo.")
    ] = None,
    face: Annotated[int | None, typer.Option(metavar="ID", help="Search with a face of the library.")] = None,
    album: Annotated[int | None, typer.Option(metavar="N", help="Search with all faces of an album together.")] = None,
    person: Annotated[
        str | None, typer.Option(metavar="NAME", help="Search with all faces of a person together.")
    ] = None,
    unnamed: selections.Unnamed = False,
    group_by: selections.GroupBy = None,
    first: selections.First = None,
    last: selections.Last = None,
    under: selections.Under = None,
    min_face: options.MinFace = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    sheet: options.Sheet = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why the threshold is what it is.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Find the faces in the library that look like the faces in IMAGE, or like a face of the library, nearest first."""
    photos = images or []
    where = None if box is None else options.box_of(box)
    among = selections.selection(first=first, last=last, under=under)
    with faceindex.Library(library, engine=Engine(engine, device), create=False) as opened:
        probes = opened.faces.probes(
            photos, box=where, same_person=same_person, face=face, album=album, person=person, min_face=min_face
        )
        query: dict[str, Any] = {"k": None if every else k, "threshold": threshold, "fpir": fpir}
        query |= {"among": among, "unnamed": unnamed, "group_by": group_by}
        found = [opened.faces.matches(probe, **query) for probe in probes]
        if sheet:
            opened.sheets.write_matches(sheet, probes, found)
    several = len(photos) > 1 and not same_person
    if as_json:
        objects = _by_photo(photos, probes, found)
        print_json(objects if several else objects[0])
        say_page(sheet)
        return
    for asked, probe in zip(probes, found, strict=True):
        title = f"{asked.photo}: {asked.title}" if several else asked.title
        print_line(f"{title}, threshold {probe.threshold:.4f}" if math.isfinite(probe.threshold) else title)
        if explain and math.isfinite(probe.threshold):
            given = "the threshold is the one that was given"
            print_line(company_line(probe.company) if threshold is None else given)
        rows = [(f"{m.distance:.4f}", percent(m.confidence), m.face, m.person, m.photo) for m in probe.matches]
        if rows:
            print_table(("distance#", "confidence#", "face#", "person", "photo"), rows)
        else:
            print_line("no match within the threshold")
    say_page(sheet)


def _by_photo(images: list[Path], probes: list[Probe], found: list[ProbeFace]) -> list[dict[str, object]]:
    """One answer for each photo, under the name that the user gave."""
    names = {absolute(image): shown(image) for image in images}
    photos: dict[str, list[object]] = {probe.photo: [] for probe in probes}
    for probe, answer in zip(probes, found, strict=True):
        photos[probe.photo].append(_as_object(answer))
    return [{"image": names.get(photo, photo), "faces": faces} for photo, faces in photos.items()]


def _as_object(probe: ProbeFace) -> dict[str, object]:
    return {
        "box": probe.box.as_list(),
        "score": probe.score,
        "threshold": finite(probe.threshold),
        "company": company_object(probe.company),
        "matches": [match_object(match) for match in probe.matches],
    }
