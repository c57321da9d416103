"""What was put into a folder of photos, of albums or of what was found."""

from __future__ import annotations

from dataclasses import asdict

from faceindex.cli.outcome import refuse_nothing
from faceindex.cli.output import errors, print_json, print_line, print_table
from faceindex.types import AlbumsExport


def print_export(done: AlbumsExport, what: str, refusal: str, *, to_be: str = "", as_json: bool) -> None:
    """Print the report, and raise if no photo could be put there. what: is there, in words. refusal: is raised then.

    to_be: before the verbs of a dry run. Raises: as `refuse_nothing`.
    """
    if as_json:
        print_json(asdict(done))
    else:
        counts = f"{done.made:,} {to_be}made, {done.kept:,} {to_be}kept, {done.removed:,} {to_be}removed"
        print_line(f"{what} in {done.folder}: {counts}")
        for note in done.notes:
            errors.print(f"note: {note}", markup=False)
        if done.missing:
            print_table(("photos that are missing now",), [(path,) for path in done.missing])
        if done.left:
            print_table(("not changed", "why"), [(left.path, left.error) for left in done.left])
    refuse_nothing(
        refusal,
        done=done.made + done.kept,
        failed=len(done.missing) + len(done.left),
        out_of_reach=len(done.missing) + sum(left.out_of_reach for left in done.left),
    )
