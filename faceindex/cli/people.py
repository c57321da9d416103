"""`faceindex people` and `faceindex forget`."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_json, print_line, print_receipt, print_table
from faceindex.errors import UsageError

app = typer.Typer(help="The people of the library.", no_args_is_help=True)


@app.command("name")
def name(
    target: Annotated[str, typer.Argument(metavar="ALBUM|face:FACE", help="An album's number, or face: and a face's.")],
    person: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """Say who is in an album, or whose a face is. Names stay when albums are made anew and photos are edited."""
    wanted = re.fullmatch(r"(album:|face:)?(\d+)", target)
    if not wanted:
        raise UsageError(f"{target} is neither an album's number nor face: and a face's")
    number = int(wanted[2])
    with faceindex.Library(library, create=False) as opened:
        chosen = {"face": number} if wanted[1] == "face:" else {"album": number}
        faces = opened.name(person, **chosen)
    if as_json:
        print_json({"person": person, "faces": faces})
    else:
        print_line(f"{faces:,} faces are {person}'s")


@app.command("list")
def list_people(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """List everybody with a name."""
    with faceindex.Library(library, create=False) as opened:
        people = opened.people()
    if as_json:
        print_json([asdict(person) for person in people])
        return
    if not people:
        errors.print("nobody has a name yet; `faceindex people name` gives one")
    print_table(("person", "faces#", "photos#", "cover#"), [(p.person, p.faces, p.photos, p.cover) for p in people])


@app.command("forget")
def forget_person(
    person: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """Erase a person's faces and name from the disk, for good; photos that show nobody else leave the library, too."""
    with faceindex.Library(library, create=False) as opened:
        print_receipt(opened.forget_person(person), as_json=as_json)


def forget(
    everything: Annotated[bool, typer.Option("--all", help="Erase everything that the library holds.")] = False,
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """Empty the library: photos, faces, vectors and names leave the disk. The photo files are never touched."""
    if not everything:
        raise UsageError(
            "forget what? --all erases everything; `faceindex people forget NAME` a person, "
            "`faceindex photos remove --erase PATH` photos"
        )
    with faceindex.Library(library, create=False) as opened:
        print_receipt(opened.forget_all(), as_json=as_json)
