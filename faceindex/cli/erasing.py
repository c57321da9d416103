"""Before anything is erased for good, ask the user, if there is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from faceindex.cli.output import erased_in_words, errors, print_receipt
from faceindex.types import Erased

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be erased, and erase nothing.")]


def erase(work: Callable[[bool], Erased], *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Call `work(dry_run)` and print its receipt. On a terminal, first say what will be erased, and ask.

    Raises: typer.Exit with exit code 1 when the user says no.
    """
    if not (yes or dry_run) and sys.stdin.isatty():
        print("\n".join(erased_in_words(work(True))), file=sys.stderr)
        if not typer.confirm("erase this from the disk for good?", default=False, err=True):
            errors.print("nothing was erased")
            raise typer.Exit(1)
    print_receipt(work(dry_run), as_json=as_json)
