"""`faceindex export` and `import`: exchange faces with other programs and other libraries."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.acts import DryRun
from faceindex.cli.output import errors, print_failures, print_json, print_line, print_table
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import on_signals, report_of
from faceindex.errors import MachineError, UsageError
from faceindex.library.exporting import FAISS, FORMATS
from faceindex.photos.finding.addresses import shown
from faceindex.plurals import plural
from faceindex.types import FailedPhoto, ImportReport

SCHEMA = "faceindex"

_SHOWN = 20
"""Rows shown of a table of failures; --json lists all."""


def export(
    out: Annotated[
        Path | None, typer.Argument(metavar="FILE|-", help="The file to write; - is stdout.", show_default=False)
    ] = None,
    library: options.Library = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join(FORMATS),
            help="jsonl, csv: one line per face; hdf5: the whole library; npz: arrays; faiss: an index, and FILE.csv.",
        ),
    ] = FORMATS[0],
    vectors: Annotated[bool, typer.Option("--vectors", help="Include each face's vector (jsonl and csv).")] = False,
    kind: Annotated[
        str | None, typer.Option(metavar="flat|ivf|auto", help="Kind of the index. Default: the library's.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="postgresql://USER@HOST/DATABASE",
            help="Instead of a file: tables in this database, with pgvector. Again, only what changed is sent.",
        ),
    ] = None,
    schema: Annotated[str, typer.Option(metavar="NAME", help="Of --to: the schema that the tables are in.")] = SCHEMA,
    as_json: Annotated[bool, typer.Option("--json", help="Of --to: print one JSON value instead of a table.")] = False,
) -> None:
    """Write every face: id, photo and its size, box, landmarks, score, album, person, quality, and its vector."""
    if (out is None) == (to is None):
        raise UsageError("name either a file to write, or a database with --to")
    if to is not None:
        _export_to(to, library, schema, as_json=as_json)
        return
    with faceindex.Library(library, create=False) as opened:
        assert out is not None
        faces = opened.export(out, form=form, vectors=vectors, kind=kind)
    if form == FAISS:
        errors.print(f"{plural(faces, 'face')}: {shown(out)}; {shown(out)}.csv lists the face of each id", markup=False)


def _export_to(address: str, library: Path | None, schema: str, *, as_json: bool) -> None:
    with faceindex.Library(library, create=False) as opened, progress_bar([]) as progress:
        job = opened.start_export_to(address, schema=schema, progress=progress)
        with on_signals(job.cancel):
            job.wait()
    report = job.result()
    if as_json:
        print_json(asdict(report))
        return
    changes = {"faces": report.faces, "photos": report.photos, "people": report.people}
    rows = [(name, one.added, one.changed, one.deleted) for name, one in changes.items()]
    print_table((f"table of {report.schema}", "added#", "changed#", "deleted#"), rows)
    print_line(f"{plural(report.total_faces, 'face')}; {report.seconds:.1f} s")


def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", readable=False, help="Exports, tables with names, or vectors.")
    ],
    library: options.Library = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            metavar="NAME",
            help="The recipe of the vectors, or a new name for another program's. Default: as the file says.",
        ),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder that relative photo paths start from. Default: FILE's folder."),
    ] = None,
    min_face: options.MinFace = None,
    workers: options.Workers = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for another writer to finish.")] = False,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Import faces: a library's export (.h5), rows with photo, box and person (.jsonl, .csv), or vectors (.npy, .npz,
    .h5, .pkl). Run it again to resume; faces that the library has are not added twice."""
    with faceindex.Library(library) as opened, progress_bar([]) as progress:
        job = opened.start_import(
            files,
            recipe=name,
            photos=photos,
            workers=workers,
            min_face=min_face,
            wait=wait,
            dry_run=dry_run,
            progress=progress,
        )
        report = report_of(job)
    if as_json:
        print_json(({"dry_run": True} if dry_run else {}) | asdict(report))
    else:
        if dry_run:
            print_line("nothing was changed; this is what an import would do")
        _print_report(report)
    if report.interrupted:
        errors.print("stopped; what was imported is stored. Run the same command again to go on.")
        raise typer.Exit(130)
    if missed := sum(failure.out_of_reach for failure in report.failures):
        raise MachineError(f"out of reach: {plural(missed, 'photo')}; the next import tries again")
    if not report.faces + report.known + report.acts and (report.failures or report.bad or report.without_face):
        raise UsageError("nothing could be imported")


def _print_report(report: ImportReport) -> None:
    columns = ("rows#", "new faces#", "known#", "named#", "left as decided#", "without a face#", "bad#", "all faces#")
    counts = (report.rows, report.faces, report.known, report.named, report.decided)
    print_table(columns, [(*counts, len(report.without_face), len(report.bad), report.total_faces)])
    print_line(
        f"{plural(report.files, 'file')}, {plural(report.photos, 'new photo')}, recipe {report.recipe}; "
        f"{report.seconds:.1f} s"
        + (f"; decisions imported: {report.acts:,}" if report.acts else "")
        + (f"; photos analysed: {report.analysed:,}" if report.analysed else "")
    )
    if report.joined:
        more = len(report.joined) - _SHOWN
        print_line(
            f"somebody had these names before, and has more faces now: {', '.join(report.joined[:_SHOWN])}"
            + (f" and {more:,} more; --json lists all" if more > 0 else "")
        )
    print_failures(report.failures, blank=True)
    _print_wrong("is not a valid row", report.bad)
    _print_wrong("has no face", report.without_face)


def _print_wrong(title: str, wrong: tuple[FailedPhoto, ...]) -> None:
    if not wrong:
        return
    print_line("")
    print_table((title, "why"), [(one.path, one.error) for one in wrong[:_SHOWN]])
    if len(wrong) > _SHOWN:
        print_line(f"... and {len(wrong) - _SHOWN:,} more; --json lists all")
