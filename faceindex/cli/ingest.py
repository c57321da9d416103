"""`faceindex ingest`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.acts import DryRun
from faceindex.cli.on_ray import executor_on
from faceindex.cli.output import errors, print_failures, print_json, print_line, print_lost, print_table
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import report_of
from faceindex.errors import OutOfReach, UsageError
from faceindex.faces.engine import Engine
from faceindex.plurals import plural
from faceindex.types import IngestReport, NamesRead, Pruned, Skipped


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", readable=False, help="Photos and folders of photos.")
    ],
    library: options.Library = None,
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    precision: options.Precision = None,
    min_face: options.MinFace = None,
    max_megapixels: Annotated[float, typer.Option(min=0, help="Do not read larger photos.")] = 300,
    workers: options.Workers = None,
    on: options.On = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="PATTERN",
            help="Leave out files that match, as in .gitignore; repeatable. For every ingest: a file .faceindexignore.",
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Also try the unchanged photos that could not be read before.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Read all files again, even if size and time have not changed.")
    ] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Also remove from the library photos that are no longer under PATH or are skipped now."
        ),
    ] = False,
    xmp: Annotated[
        bool, typer.Option("--xmp", help="Also read names of faces from XMP, in sidecars and in photos.")
    ] = False,
    dry_run: DryRun = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for another ingest of the library to finish.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Also print the time of each stage.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Find the photos under PATH, and store every face in them. Run it again to resume or to update."""
    asked = (name, detector, landmarks, jitter, precision)
    chosen = None if asked == (None,) * 5 else options.recipe_with(*asked)  # None: the library's own recipe
    with (
        faceindex.Library(library, recipe=chosen, engine=Engine(engine, device)) as opened,
        executor_on(on, workers) as executor,
        progress_bar(paths, exclude or ()) as progress,
    ):
        job = opened.start_ingest(
            paths,
            workers=workers,
            min_face=min_face,
            max_megapixels=max_megapixels,
            exclude=exclude or (),
            retry_failed=retry_failed,
            force=force,
            prune=prune,
            xmp=xmp,
            wait=wait,
            dry_run=dry_run,
            executor=executor,
            progress=progress,
        )
        report = report_of(job)
    if as_json:
        print_json(
            ({"dry_run": True} if dry_run else {}) | _as_object(report) | ({"stages": report.stages} if profile else {})
        )
    else:
        if dry_run:
            print_line("nothing was changed or analysed; this is what an ingest would find")
        _print_report(report)
        if profile:
            _print_profile(report)
    if report.interrupted:
        errors.print("stopped; what was analysed is stored. Run the same command again to go on.")
        raise typer.Exit(130)
    if report.out_of_reach:
        count = plural(report.out_of_reach, "photo or folder was", "photos or folders were")
        raise OutOfReach(f"{count} out of reach; the next ingest tries again")
    if report.failed and report.failed == report.seen:
        raise UsageError(f"{plural(report.failed, 'photo was', 'photos were')} found, and none can be read")


def _as_object(report: IngestReport) -> dict[str, object]:
    names = {} if report.xmp is None else {"xmp": _names_as_object(report.xmp)}
    counts = ("seen", "new", "unchanged", "moved", "duplicate", "failed", "out_of_reach", "ignored", "forgotten")
    pruned, skipped = report.pruned, report.skipped
    return {
        "photos": {name: getattr(report, name) for name in counts},
        "faces": {"new": report.new_faces, "total": report.total_faces},
        "skipped": {name: getattr(skipped, name) for name in ("hidden", "system", "excluded", "kept")},
        "failed": [{"path": failure.path, "error": failure.error} for failure in report.failures],
        "out_of_reach": [{"path": missed.path, "error": missed.error} for missed in report.missed],
        "warnings": [{"path": warning.path, "warning": warning.error} for warning in report.warnings],
        "lost": [asdict(lost) for lost in report.lost],
        "seconds": round(report.seconds, 3),
        "photos_per_second": round(report.photos_per_second, 2),
        "recipe": report.recipe,
        "workers": {"number": report.workers, "reason": report.workers_reason},
        **names,
    } | (
        {}
        if pruned is None
        else {"pruned": asdict(pruned.removed) | {"away": pruned.away, "left_out": pruned.left_out}}
    )


def _names_as_object(names: NamesRead) -> dict[str, object]:
    """`removed` is present only when names were removed together with their regions."""
    return {name: value for name, value in asdict(names).items() if name != "removed" or value}


def _print_report(report: IngestReport) -> None:
    columns = ("photos#", "new#", "unchanged#", "moved#", "duplicate#", "failed#", "new faces#", "all faces#")
    counts = (report.seen, report.new, report.unchanged, report.moved, report.duplicate, report.failed)
    print_table(columns, [(*counts, report.new_faces, report.total_faces)])
    print_line(
        f"{report.seconds:.1f} s, {report.photos_per_second:.1f} photos/s, recipe {report.recipe}"
        + f"; {plural(report.workers, 'worker')} ({report.workers_reason})"
        + (f"; not photos: {plural(report.ignored, 'file')}" if report.ignored else "")
    )
    _print_skipped(report.skipped)
    if report.forgotten:
        print_line(f"not added again, as they were erased: {plural(report.forgotten, 'photo')}")
    if report.pruned:
        _print_pruned(report.pruned)
    if report.xmp:
        _print_names(report.xmp)
    if report.warnings:
        print_line("")
        print_table(("was read", "but is damaged"), [(w.path, w.error) for w in report.warnings])
    print_lost(report.lost, blank=True)
    print_failures((*report.failures, *report.missed), blank=True)


def _print_skipped(skipped: Skipped) -> None:
    kinds = [
        (skipped.hidden_files, "hidden photo"),
        (skipped.hidden_folders, "hidden folder"),
        (skipped.system_folders, "folder of thumbnails, previews or deleted files"),
        (skipped.system_files, "thumbnail or deleted file"),
        (skipped.excluded_folders, "excluded folder"),
        (skipped.excluded_files, "excluded file"),
    ]
    plurals = {
        "folder of thumbnails, previews or deleted files": "folders of thumbnails, previews or deleted files",
        "thumbnail or deleted file": "thumbnails or deleted files",
    }
    said = [plural(number, word, plurals.get(word)) for number, word in kinds if number]
    if said:
        print_line(f"skipped: {', '.join(said)}")
    if skipped.kept:
        kept = plural(skipped.kept, "photo")
        print_line(f"skipped now, but still in the library: {kept}; `--prune` removes skipped photos")


def _print_pruned(pruned: Pruned) -> None:
    gone, away = pruned.removed, pruned.away
    print_line(
        f"removed: {plural(gone.photos, 'photo')} and {plural(gone.faces, 'face')}, "
        f"{plural(gone.paths, 'path')} in total"
        + (f", {plural(pruned.left_out, 'path')} skipped now" if pruned.left_out else "")
    )
    if away:
        print_line(
            f"kept: {plural(away, 'photo')} whose folder is empty or missing (is a disk not mounted?); "
            "`faceindex photos remove FOLDER` removes them"
        )


def _print_names(names: NamesRead) -> None:
    print_line(
        f"XMP: {plural(names.names, 'name')} in {plural(names.photos, 'photo')}; {plural(names.named, 'face')} named, "
        f"{names.decided:,} kept as decided before, {plural(names.without_face, 'region')} without a face"
        + (f", {plural(names.removed, 'name')} removed with the region" if names.removed else "")
    )
    if names.warnings:
        print_table(("XMP of", "was not read because"), [(w.path, w.error) for w in names.warnings])


def _print_profile(report: IngestReport) -> None:
    analysed = max(report.new, 1)
    rows = [(stage, f"{seconds:.2f}", f"{1000 * seconds / analysed:.1f}") for stage, seconds in report.stages.items()]
    print_line("")
    print_table(("stage", "seconds#", "ms per new photo#"), rows)
