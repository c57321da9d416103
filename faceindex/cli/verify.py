"""`faceindex verify`: of two photos, or of many pairs line by line."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_json, print_line
from faceindex.errors import UsageError
from faceindex.faces.engine import Engine
from faceindex.private_files import text_output


def verify(
    a: Annotated[Path | None, typer.Argument(metavar="[A", help="A photo; its largest face counts.")] = None,
    b: Annotated[Path | None, typer.Argument(metavar="B]", help="Another photo; its largest face counts.")] = None,
    pairs: Annotated[
        Path | None, typer.Option(metavar="PAIRS.csv", help="Compare many: columns a and b, paths of photos.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="OUT.csv", help="Where rows of --pairs go. Default: -")] = None,
    library: options.Library = None,
    threshold: options.Threshold = None,
    min_face: options.MinFace = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Say whether A and B show the same person; exit code 0: the same; 1: different people. Or say it of many pairs."""
    if pairs is not None and a is None:
        _verify_pairs(library, pairs, out, threshold, min_face, Engine(engine, device))
        return
    if a is None or b is None or pairs is not None or out is not None:
        raise UsageError("verify takes two photos, or --pairs PAIRS.csv with --out OUT.csv")
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


def _verify_pairs(
    library: Path | None,
    pairs: Path,
    out: Path | None,
    threshold: float | None,
    min_face: int | None,
    engine: Engine,
) -> None:
    """Write a row for each pair. Raises: UsageError, when none could be compared, too."""
    from faceindex.queries.pairs import read_pairs, write_pairs  # for which `--help` need not wait

    compared = failed = 0
    with faceindex.Library(library, engine=engine) as opened, _opened(opened, out) as stream:
        rows = opened.verify_pairs(read_pairs(pairs), threshold=threshold, min_face=min_face)
        for row in write_pairs(rows, stream):
            compared += row.error is None
            failed += row.error is not None
    if failed:
        errors.print(f"{failed:,} of {compared + failed:,} pairs could not be compared; see their column error")
    if not compared:
        raise UsageError(f"no pair of {pairs} could be compared")


@contextlib.contextmanager
def _opened(library: faceindex.Library, out: Path | None) -> Iterator[TextIO]:
    if out is None or str(out) == "-":
        yield sys.stdout
        return
    with text_output(library.outside(out), errors="surrogateescape", newline="", at_once=True) as stream:
        yield stream
