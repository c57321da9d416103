"""`faceindex check`, `backup` and `repair`: find damage, prepare for it, and repair it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.library.restoring import restore_backup
from faceindex.plurals import plural
from faceindex.types import Backup, CheckReport, RepairReport


def check(
    library: options.Library = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte and compare checksums.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show which parts of the library are intact. Exit code 1: something is damaged. Never writes."""
    with faceindex.Library(library, create=False) as opened:
        report = opened.care.check(deep=deep)
    if as_json:
        print_json(_as_object(report))
    else:
        _print_report(report)
    if report.damage:
        raise typer.Exit(1)


def backup(
    target: Annotated[Path, typer.Argument(metavar="DEST", help="The new folder, or address; it must not exist yet.")],
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """Copy the library to DEST and check every byte. An ingest may run at the same time."""
    with faceindex.Library(library, create=False) as opened:
        done = opened.care.backup(target)
    _print_copy(done, as_json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A backup: a folder, or an address.")],
    target: Annotated[Path, typer.Argument(metavar="DEST", help="The new library; it must not exist yet.")],
    as_json: options.AsJson = False,
) -> None:
    """Make the library DEST from a backup and check every byte. Run it again to continue."""
    _print_copy(restore_backup(source, target), as_json)


def _print_copy(done: Backup, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done) | {"seconds": round(done.seconds, 3)})
    else:
        print_line(
            f"{done.path}: {plural(done.photos, 'photo')}, {plural(done.faces, 'face')}, "
            f"{plural(done.bytes, 'byte')}, checked"
        )


def repair(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Where to look for photos that were moved.")
    ] = None,
    library: options.Library = None,
    workers: options.Workers = None,
    as_json: options.AsJson = False,
) -> None:
    """Repair what `check --deep` finds; analyse photos again if their vectors are lost. Exit code 1: damage remains."""
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
        print_line(
            f"{plural(report.saved, 'vector')} saved from damaged files, "
            f"{plural(report.analysed, 'photo')} analysed again"
        )
    if report.waiting:
        print_line(
            f"still without a vector: {plural(report.waiting, 'face')}. Names and albums stay. The next ingest or "
            "`faceindex repair PATH` that finds the photos analyses them."
        )
    if report.failed:
        print_table(("no vectors for", "why"), [(f.path, f.error) for f in report.failed])


def _as_object(report: CheckReport) -> dict[str, object]:
    return {
        "library": report.library,
        "whole": not report.damage,
        "deep": report.deep,
        "parts": [{**asdict(part), "whole": not part.damage} for part in report.parts],
        "seconds": round(report.seconds, 3),
    }


def _print_report(report: CheckReport) -> None:
    print_table(("part", "", "found"), [(p.part, "damaged" if p.damage else "intact", p.found) for p in report.parts])
    for part in report.parts:
        for note in part.notes:
            print_line(f"note: {note}")
    if report.damage:
        print_line("")
        print_table(("damaged", "what is wrong", "what to do"), [(d.file, d.problem, d.remedy) for d in report.damage])
