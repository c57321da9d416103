"""`faceindex merge`: several libraries become one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_failures, print_json, print_line, print_table
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import on_signals
from faceindex.errors import JobCancelled, UsageError
from faceindex.plurals import plural
from faceindex.types import ContradictingActs, MergeReport, SameName, Saying

_SHOWN = 20
"""Rows shown of a table; --json lists all."""

JOIN, ASK, OTHERS = "join", "ask", "others"


def merge(
    libraries: Annotated[list[Path], typer.Argument(metavar="LIBRARY...", help="The libraries, which are only read.")],
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="The library that gets all; created if it does not exist.")
    ],
    same_names: Annotated[
        str | None,
        typer.Option(
            "--same-names",
            metavar="|".join((JOIN, ASK, OTHERS)),
            help="People of one name in several libraries: one person, ask about each, or other people. "
            "Default: ask on a terminal, else join.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be merged.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for another writer to finish.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Merge libraries into one, as if all had been ingested and decided in it. Run it again to add what is new, or to
    go on."""
    chosen = same_names or (ASK if sys.stdin.isatty() and sys.stderr.isatty() and not as_json else JOIN)
    if chosen not in (JOIN, ASK, OTHERS):
        raise UsageError(f"--same-names is {JOIN}, {ASK} or {OTHERS}, not {chosen}")
    with faceindex.Library(into) as opened:
        names = [] if chosen == JOIN else opened.same_names(libraries)
        others = _other_people(names) if chosen == ASK else names
        with progress_bar([]) as progress:
            job = opened.start_merge_libraries(libraries, others=others, dry_run=dry_run, wait=wait, progress=progress)
            with on_signals(job.cancel):
                job.wait()
    try:
        report = job.result()
    except JobCancelled:
        errors.print("stopped; what was merged is stored. Run the same command again to go on.")
        raise typer.Exit(130) from None
    if as_json:
        print_json(asdict(report))
    else:
        _print_report(report)


def _other_people(names: Sequence[SameName]) -> list[SameName]:
    """Ask whether people of one name are one person; returns those who are not."""
    others = []
    for place, same in enumerate(names):
        left = f" ({place + 1:,} of {len(names):,})" if len(names) > 1 else ""
        question = (
            f"{same.name} has {plural(same.faces, 'face')}, and {plural(same.others, 'face')} in {same.library}{left}."
            " The same person? yes, no, all"
        )
        answer = ""
        while answer not in ("y", "yes", "n", "no", "a", "all"):
            answer = str(typer.prompt(question, default="yes", err=True)).strip().lower()
        if answer in ("a", "all"):
            break
        if answer in ("n", "no"):
            others.append(same)
    return others


def _print_report(report: MergeReport) -> None:
    columns = ("new photos#", "known#", "new faces#", "new decisions#", "tombstones#", "forgotten faces#")
    counts = (report.photos, report.known, report.faces, report.acts, report.tombstones, report.erased_faces)
    print_table((*columns, "all photos#", "all faces#"), [(*counts, report.total_photos, report.total_faces)])
    what = "dry run: nothing was changed; " if report.dry_run else ""
    print_line(
        f"{what}{plural(len(report.libraries), 'library', 'libraries')} into {report.into}, recipe {report.recipe}; "
        f"{report.seconds:.1f} s"
    )
    if report.joined:
        print_line(f"one person each: {_some(report.joined)}")
    if report.renamed_people:
        print_line(f"other people: {_some([f'{name} is {here}' for name, here in report.renamed_people])}")
    if report.renamed_paths:
        shown = [f"{path} is {name}" for path, name in report.renamed_paths]
        print_line(f"paths at which several libraries have different photos: {_some(shown)}")
    print_failures(report.left, blank=True)
    _print_contradictions(report.contradictions)
    if report.faces and not report.dry_run:
        print_line(f"`faceindex cluster -L {report.into}` makes the albums")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more; --json lists all" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _print_contradictions(found: Sequence[ContradictingActs]) -> None:
    if not found:
        return
    print_line("")
    rows = [
        (one.kind, one.photo or "", len(one.faces), _said(one.said, one.person), one.holds or "", _said(one.by, None))
        for one in found[:_SHOWN]
    ]
    print_table(("does not hold", "photo", "faces#", "was said", "now", "since"), rows)
    if len(found) > _SHOWN:
        print_line(f"... and {len(found) - _SHOWN:,} more; --json lists all")


def _said(saying: Saying | None, person: str | None) -> str:
    if saying is None:
        return person or ""
    whom = f" {saying.person}" if saying.person else ""
    return f"{saying.kind}{whom}, {saying.made}, {saying.library}"
