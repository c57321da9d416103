"""Names of other programs, for the faces of a library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faceindex.exchange.programs.names_import import import_names
from faceindex.exchange.programs.sources import opened_source
from faceindex.library.opened import Opened, StrPath
from faceindex.photos.finding.addresses import absolute
from faceindex.running.meter import Meter
from faceindex.types import NamesImported


def names_imported(
    opened: Opened, program: str, path: StrPath, *, roots: Sequence[tuple[str, str]], dry_run: bool, meter: Meter
) -> NamesImported:
    """What `People.import_names` does."""
    file = Path(absolute(path))
    here = [(old, absolute(new)) for old, new in roots]
    with opened_source(program, file) as read:
        done = import_names(
            opened.folder, read, program=program, file=str(file), roots=here, dry_run=dry_run, meter=meter
        )
    if done.act is not None:
        opened.faces_changed(index=False)
    return done
