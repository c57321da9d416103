"""`faceindex check`, `backup` and `repair`: what to do before and after something breaks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.types import CheckReport, RepairReport


def check(
    library: options.Library = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte and compare checksums.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what of the library is whole; exit code 1 when something is damaged. Never writes."""
    with faceindex.Library(library, create=False) as opened:
        report = opened.care.check(deep=deep)
    if as_json:
        print_json(_as_object(report))
    else:
        _print_report(report)
    if report.damage:
        raise typer.Exit(1)


def backup(
    target: Annotated[Path, typer.Argument(metavar="DEST", help="The folder to make; it must not exist.")],
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """Copy the library to DEST, every byte checked; an ingest may go on meanwhile."""
    with faceindex.Library(library, create=False) as opened:
        done = opened.care.backup(target)
    if as_json:
        print_json(asdict(done) | {"seconds": round(done.seconds, 3)})
    else:
        print_line(f"{done.path}: {done.photos:,} photos, {done.faces:,} faces, {done.bytes:,} bytes, checked")


def repair(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Where else to look for photos, if they moved.")
    ] = None,
    library: options.Library = None,
    workers: options.Workers = None,
    as_json: options.AsJson = False,
) -> None:
    """Mend what `check --deep` finds, and analyse photos of lost vectors again. Exit code 1: something is left."""
    with faceindex.Library(library, create=False) as opened:
        report = opened.care.repair(paths or (), workers=workers)
    if as_json:
        print_json(asdict(report) | {"whole": report.whole, "seconds": round(report.seconds, 3)})
    else:
        _print_repair(report)
    if not report.whole:
        raise typer.Exit(1)


def _print_repair(report: RepairReport) -> None:
    if report.found:
        rows = [(d.file, d.problem, "left" if d in report.left else "repaired") for d in report.found]
        rows += [(d.file, d.problem, "left") for d in report.left if d not in report.found]
        print_table(("was damaged", "what was wrong", ""), rows)
    else:
        print_line("nothing was damaged")
    if report.saved or report.analysed:
        print_line(f"{report.saved:,} vectors saved out of damaged files, {report.analysed:,} photos analysed again")
    if report.waiting:
        print_line(
            f"left: {report.waiting:,} faces have no vector. They keep their names and albums, and the next ingest or "
            "`faceindex repair PATH` that meets their photos analyses them."
        )
    if report.failed:
        print_table(("no vectors from", "why"), [(f.path, f.error) for f in report.failed])


def _as_object(report: CheckReport) -> dict[str, object]:
    return {
        "library": report.library,
        "whole": not report.damage,
        "deep": report.deep,
        "parts": [{**asdict(part), "whole": not part.damage} for part in report.parts],
        "seconds": round(report.seconds, 3),
    }


def _print_report(report: CheckReport) -> None:
    print_table(("part", "", "found"), [(p.part, "damaged" if p.damage else "whole", p.found) for p in report.parts])
    for part in report.parts:
        for note in part.notes:
            print_line(f"note: {note}")
    if report.damage:
        print_line("")
        print_table(("damaged", "what is wrong", "what to do"), [(d.file, d.problem, d.remedy) for d in report.damage])
