"""`faceindex status` and `compact`: the library itself."""

from __future__ import annotations

from dataclasses import asdict

import faceindex
from faceindex.cli import options
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.plurals import plural


def status(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """Show the library in figures."""
    with faceindex.Library(library, create=False) as opened:
        figures = asdict(opened.status())
    if as_json:
        print_json(figures)
    else:
        print_table(("", ""), figures.items())


def compact(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """Merge all vector files into one, without the vectors of removed faces. Ingest does most of this by itself."""
    with faceindex.Library(library, create=False) as opened:
        before = opened.status()
        done = opened.care.compact()
        after = opened.status()
    if as_json:
        segments = {"before": before.segments, "after": after.segments}
        print_json({"compacted": done, "segments": segments, "bytes": {"before": before.bytes, "after": after.bytes}})
    else:
        print_line(
            f"{plural(before.segments, 'vector file')} became {after.segments:,}; "
            f"{plural(after.bytes, 'byte')} in total"
        )
