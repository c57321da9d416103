"""Other libraries, merged into one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from faceindex.exchange.library_merge import merge_libraries, names_in_several, open_sources
from faceindex.library.opened import Opened, StrPath
from faceindex.photos.finding.addresses import absolute
from faceindex.running.meter import Meter
from faceindex.types import MergeReport, SameName


def same_names_in(opened: Opened, libraries: Sequence[StrPath]) -> list[SameName]:
    """What `Library.same_names` does."""
    with ExitStack() as stack:
        folders = open_sources(opened.folder, _paths(libraries))
        for folder in folders:
            stack.callback(folder.close)
        return names_in_several(opened.folder, folders)


def merge_into(
    opened: Opened,
    libraries: Sequence[StrPath],
    *,
    others: Sequence[SameName],
    dry_run: bool,
    wait: bool,
    meter: Meter,
) -> MergeReport:
    """What `Library.merge_libraries` does."""
    with ExitStack() as stack:
        folders = open_sources(opened.folder, _paths(libraries))
        for folder in folders:
            stack.callback(folder.close)
        report = merge_libraries(opened.folder, folders, others=others, dry_run=dry_run, wait=wait, meter=meter)
    if not dry_run:
        opened.faces_changed(index=report.faces > 0, meter=meter)
    return report


def _paths(libraries: Sequence[StrPath]) -> list[Path]:
    return [Path(absolute(path)) for path in libraries]
