"""`faceindex identify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import company_line, company_object, print_json, print_line, print_table, say_page
from faceindex.faces.engine import Engine
from faceindex.photos.finding.addresses import shown
from faceindex.types import Candidate, IdentifiedFace


def identify(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The photo.")],
    library: options.Library = None,
    method: Annotated[
        str, typer.Option(metavar="vote|nearest|svm", help="The method that decides who it is.")
    ] = "vote",
    threshold: options.SearchThreshold = None,
    fpir: Annotated[
        float | None,
        typer.Option(
            metavar="N", help="Expected number of named faces that a stranger matches by mistake. Default: 0.01."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the candidates, and the faces that led to the answer.")
    ] = False,
    min_face: options.MinFace = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    sheet: options.Sheet = None,
    as_json: options.AsJson = False,
) -> None:
    """Say who each face in IMAGE is, among the people with a name, or that it is unknown."""
    with faceindex.Library(library, engine=Engine(engine, device), create=False) as opened:
        found = opened.identify(image, method=method, threshold=threshold, fpir=fpir, min_face=min_face)
        if sheet:
            opened.sheets.write_identified(sheet, image, found)
    say_page(sheet)
    if as_json:
        print_json({"image": shown(image), "method": method, "faces": [_as_object(face) for face in found]})
        return
    for number, face in enumerate(found, start=1):
        who = face.person or "unknown"
        print_line(
            f"face {number} of {len(found)} at {face.box.as_list()}: {who}, confidence {face.confidence:.1%}, "
            f"margin {face.margin:.1%}, threshold {face.threshold:.4f}"
        )
        if explain:
            print_line(company_line(face.company) if threshold is None else "the threshold is the one that was given")
            columns = ("candidate", "confidence#", "distance#", "face#", "photo")
            print_table(columns, [row for candidate in face.candidates for row in _explained(candidate)])


def _explained(candidate: Candidate) -> list[tuple[object, ...]]:
    """One row for each face that led to the answer; only the first row names the candidate."""
    names = [(candidate.person, f"{candidate.confidence:.1%}"), *[("", "")] * (len(candidate.exemplars) - 1)]
    return [
        (*name, f"{exemplar.distance:.4f}", exemplar.face, exemplar.photo)
        for name, exemplar in zip(names, candidate.exemplars, strict=False)
    ]


def _as_object(face: IdentifiedFace) -> dict[str, object]:
    candidates = [
        asdict(candidate)
        | {"exemplars": [asdict(shown) | {"box": shown.box.as_list()} for shown in candidate.exemplars]}
        for candidate in face.candidates
    ]
    company = company_object(face.company)
    return asdict(face) | {"box": face.box.as_list(), "candidates": candidates, "company": company}
