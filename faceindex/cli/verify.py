"""`faceindex verify`: compare two photos, or many pairs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TextIO

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.outcome import refuse_nothing
from faceindex.cli.output import company_line, company_object, errors, print_json, print_line
from faceindex.errors import UsageError
from faceindex.exchange.outputs import text_output
from faceindex.faces.engine import Engine
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.whereabouts import out_of_reach
from faceindex.plurals import plural
from faceindex.types import Box, Verification


def verify(
    a: Annotated[Path | None, typer.Argument(metavar="[A", help="A photo; its largest face is compared.")] = None,
    b: Annotated[Path | None, typer.Argument(metavar="B]", help="Another photo; its largest face is compared.")] = None,
    box: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="Compare the face at this box of A; a second --box is for B. `largest` means the largest face.",
        ),
    ] = None,
    face: Annotated[
        list[int] | None,
        typer.Option(metavar="ID", help="A face of the library instead of a photo; may be given twice."),
    ] = None,
    best: Annotated[bool, typer.Option("--best", help="Compare all faces, and answer for the nearest two.")] = False,
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="PAIRS.csv", help="Compare many pairs: a table with photo paths in columns a and b."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="The file for the answers to --pairs. Default: -, stdout.")
    ] = None,
    library: options.Library = None,
    threshold: options.Threshold = None,
    min_face: options.MinFace = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    explain: Annotated[bool, typer.Option("--explain", help="Say what the confidence assumes.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Say whether A and B show the same person (exit code 0) or different people (1), or compare many pairs."""
    given: list[Path | int] = [*(photo for photo in (a, b) if photo is not None), *(face or ())]
    if pairs is not None and not given and not best and not box:
        _verify_pairs(library, pairs, out, threshold, min_face, Engine(engine, device))
        return
    if len(given) != 2 or pairs is not None or out is not None:
        raise UsageError("verify takes two photos, --face ID instead of a photo, or --pairs PAIRS.csv")
    boxes = _boxes(box or [], given)
    with faceindex.Library(library, engine=Engine(engine, device), create=not face) as opened:
        answer = opened.verify(*given, boxes=boxes, best=best, threshold=threshold, min_face=min_face)
    _print(answer, as_json=as_json, chosen=best or bool(box), explain=explain)
    if not answer.same:
        raise typer.Exit(1)


def _boxes(said: list[str], given: list[Path | int]) -> tuple[Box | None, Box | None]:
    """The boxes of both sides. Raises: UsageError when there are more boxes than photos."""
    boxes = [None if text == "largest" else options.box_of(text) for text in said]
    photos = sum(isinstance(one, Path) for one in given)
    if len(boxes) > photos:
        raise UsageError(
            f"there are more boxes ({len(boxes):,}) than photos ({photos:,}); give one --box for each photo at most"
        )
    first, second = [*boxes, None, None][:2]
    return first, second


def _print(answer: Verification, *, as_json: bool, chosen: bool, explain: bool) -> None:
    if as_json:
        print_json(
            {
                "same": answer.same,
                "distance": answer.distance,
                "threshold": answer.threshold,
                "confidence": answer.confidence,
                "faces": [box.as_list() for box in answer.faces],
                "compared": [asdict(face) | {"box": face.box.as_list()} for face in answer.compared],
                "pairs": answer.pairs,
                "company": company_object(answer.company),
            }
        )
        return
    verdict = "the same person" if answer.same else "different people"
    print_line(
        f"{verdict}: distance {answer.distance:.4f}, threshold {answer.threshold:g}, confidence {answer.confidence:.1%}"
    )
    if explain:
        print_line(
            f"the confidence assumes that {answer.prior:.2%} of such pairs are of one person; with this prior both "
            f"answers are equally likely at the threshold"
        )
        if answer.company.people:
            print_line(company_line(answer.company))
        if answer.pairs > 1:
            print_line(f"compared: the nearest pair of {answer.pairs:,}")
    several = [face for face in answer.compared if face.found > 1]
    for face in several:
        print_line(f"compared: face {face.number} of {face.found:,} at {face.box.as_list()} in {face.photo}")
    if several and not chosen:
        errors.print("the largest faces were compared; `--best` compares all, `--box X,Y,W,H` chooses", markup=False)


def _verify_pairs(
    library: Path | None,
    pairs: Path,
    out: Path | None,
    threshold: float | None,
    min_face: int | None,
    engine: Engine,
) -> None:
    """Write a row for each pair. Raises: UsageError, also when no pair could be compared; OutOfReach."""
    from faceindex.queries.pairs import read_pairs, write_pairs  # imported here so that `--help` stays fast

    compared = failed = unreachable = 0
    with faceindex.Library(library, engine=engine) as opened, _opened(opened, out) as stream:
        rows = opened.verify_pairs(read_pairs(pairs), threshold=threshold, min_face=min_face)
        for row in write_pairs(rows, stream):
            compared += row.error is None
            failed += row.error is not None
            unreachable += not compared and any(out_of_reach(absolute(photo)) for photo in (row.a, row.b))
    if failed:
        of = f"{failed:,} of {plural(compared + failed, 'pair')}"
        errors.print(f"{of} could not be compared; see the column error")
    nothing = f"no pair of {pairs} could be compared"
    if not compared and not failed:
        raise UsageError(nothing)
    refuse_nothing(nothing, done=compared, failed=failed, out_of_reach=unreachable)


@contextlib.contextmanager
def _opened(library: faceindex.Library, out: Path | None) -> Iterator[TextIO]:
    if out is None or str(out) == "-":
        yield sys.stdout
        return
    with text_output(library.care.output(out), errors="surrogateescape", newline="", at_once=True) as stream:
        yield stream
