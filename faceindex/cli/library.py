"""`faceindex status`, `compact` and `export`: the library itself."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.errors import UsageError
from faceindex.exchange.faces import FORMATS, FaceAndVector, face_lines
from faceindex.private_files import text_output


def status(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """Show the library in figures."""
    with faceindex.Library(library, create=False) as opened:
        figures = asdict(opened.status())
    if as_json:
        print_json(figures)
    else:
        print_table(("", ""), figures.items())


def compact(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """Merge all files of vectors into one, without those of removed faces. Ingest does most of it by itself."""
    with faceindex.Library(library, create=False) as opened:
        before = opened.status()
        done = opened.compact()
        after = opened.status()
    if as_json:
        segments = {"before": before.segments, "after": after.segments}
        print_json({"compacted": done, "segments": segments, "bytes": {"before": before.bytes, "after": after.bytes}})
    else:
        print_line(f"{before.segments:,} files of vectors became {after.segments:,}; {after.bytes:,} bytes in all")


def export(
    out: Annotated[Path, typer.Argument(metavar="FILE|-", help="The file to write; - is stdout.")],
    library: options.Library = None,
    form: Annotated[str, typer.Option("--format", metavar="jsonl|csv", help="One line per face.")] = "jsonl",
    vectors: Annotated[bool, typer.Option("--vectors", help="With each face's vector.")] = False,
) -> None:
    """Write every face: id, photo, box, landmarks, score, album, person, quality, and its vector if wanted."""
    if form not in FORMATS:
        raise UsageError(f"no export format is called {form}; there are {', '.join(FORMATS)}")
    with faceindex.Library(library, create=False) as opened:
        faces: Iterable[FaceAndVector] = (
            opened.faces_with_vectors() if vectors else ((face, None) for face in opened.faces())
        )
        named = text_output(opened.outside(out), errors="backslashreplace")
        with nullcontext(sys.stdout) if str(out) == "-" else named as file:
            file.writelines(line + "\n" for line in face_lines(faces, form=form))
