"""`faceindex search` and `faceindex verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_json, print_line, print_table
from faceindex.faces.engine import Engine
from faceindex.types import Match, ProbeFace


def search(
    image: Annotated[Path, typer.Argument(help="The photo to search with.")],
    library: options.Library = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Matches for each face, at most.")] = 10,
    threshold: Annotated[
        float | None, typer.Option(min=0, metavar="DISTANCE", help="Euclidean distance. Default: as --fpir asks for.")
    ] = None,
    fpir: Annotated[
        float | None,
        typer.Option(metavar="N", help="Strangers that a face may be expected to find in this library. Default: 0.01."),
    ] = None,
    min_face: options.MinFace = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    sheet: Annotated[
        Path | None, typer.Option(metavar="OUT.html", help="Also write a page that shows the matches.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Find the faces of the library that look like each face in IMAGE, nearest first."""
    with faceindex.Library(library, engine=Engine(engine, device), create=False) as opened:
        found = opened.search(image, k=k, threshold=threshold, fpir=fpir, min_face=min_face)
        if sheet:
            opened.write_match_sheet(sheet, image, found)
    if as_json:
        print_json({"image": str(image), "faces": [_as_object(probe) for probe in found]})
        return
    for number, probe in enumerate(found, start=1):
        print_line(f"face {number} of {len(found)} at {probe.box.as_list()}, threshold {probe.threshold:.4f}")
        rows = [(f"{m.distance:.4f}", f"{m.confidence:.1%}", m.face, m.person, m.photo) for m in probe.matches]
        if rows:
            print_table(("distance#", "confidence#", "face#", "person", "photo"), rows)
        else:
            print_line("no match within the threshold")
    if sheet:
        errors.print(f"page: {sheet.absolute()}", markup=False)


def verify(
    a: Annotated[Path, typer.Argument(metavar="A", help="A photo; its largest face counts.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another photo; its largest face counts.")],
    library: options.Library = None,
    threshold: options.Threshold = None,
    min_face: options.MinFace = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Say whether A and B show the same person. Exit code 0: the same; 1: different people."""
    with faceindex.Library(library, engine=Engine(engine, device)) as opened:
        answer = opened.verify(a, b, threshold=threshold, min_face=min_face)
    if as_json:
        print_json(
            {
                "same": answer.same,
                "distance": answer.distance,
                "threshold": answer.threshold,
                "confidence": answer.confidence,
                "faces": [box.as_list() for box in answer.faces],
            }
        )
    else:
        verdict = "the same person" if answer.same else "different people"
        print_line(
            f"{verdict}: distance {answer.distance:.4f}, threshold {answer.threshold:g}, "
            f"confidence {answer.confidence:.1%}"
        )
    if not answer.same:
        raise typer.Exit(1)


def _as_object(probe: ProbeFace) -> dict[str, object]:
    return {
        "box": probe.box.as_list(),
        "score": probe.score,
        "threshold": probe.threshold,
        "matches": [_match_as_object(match) for match in probe.matches],
    }


def _match_as_object(match: Match) -> dict[str, object]:
    return {
        "face": match.face,
        "photo": match.photo,
        "box": match.box.as_list(),
        "distance": match.distance,
        "confidence": match.confidence,
        "person": match.person,
    }
