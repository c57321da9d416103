"""Options that select photos by people, date and folder, and faces in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceindex import Selection
from faceindex.photos.finding.addresses import absolute

With = Annotated[
    list[str] | None, typer.Option("--with", metavar="NAME", help="A person that the photo shows; repeatable.")
]
Without = Annotated[
    list[str] | None, typer.Option("--without", metavar="NAME", help="A person that the photo does not show.")
]
Only = Annotated[bool, typer.Option("--only", help="The photo shows nobody else, and no face without a name.")]
First = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="Taken on this date or later: 2019, 2019-07-20.")
]
Last = Annotated[
    str | None,
    typer.Option("--to", metavar="DATE", help="Taken on this date or earlier; 2019 includes the whole year."),
]
Under = Annotated[Path | None, typer.Option(metavar="DIR", help="Photos at or under this path.")]
Unnamed = Annotated[bool, typer.Option("--unnamed", help="Find only faces without a name.")]
GroupBy = Annotated[
    str | None, typer.Option(metavar="person|photo", help="Only the nearest face of each person or photo.")
]


def selection(
    shows: list[str] | None = None,
    without: list[str] | None = None,
    *,
    only: bool = False,
    first: str | None = None,
    last: str | None = None,
    under: Path | None = None,
) -> Selection:
    """The selection that these options make. Raises: UsageError."""
    where = None if under is None else absolute(under)
    return Selection(tuple(shows or ()), tuple(without or ()), only, first, last, where)
