"""`faceindex people`: naming, merging, hiding, undoing, and lists of people and decisions."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

import faceindex
from faceindex.cli import audit, excluding, forgetting, names, options, review, targets
from faceindex.cli.acts import (
    DryRun,
    change_lines,
    join_lines,
    make_one,
    offer_similar,
    price_in_words,
    price_object,
    print_decided,
    print_price,
    spoken_of,
    which,
)
from faceindex.cli.output import (
    errors,
    one_form,
    print_csv,
    print_json,
    print_line,
    print_lost,
    print_table,
)
from faceindex.errors import NameInUse, UsageError
from faceindex.plurals import plural
from faceindex.types import Decided, PastAct, Price

app = typer.Typer(help="The people in the library.", no_args_is_help=True)
app.command("review")(review.review)
app.command("audit")(audit.audit)
app.command("confirm")(audit.confirm)
app.command("import")(names.import_names)
app.command("forget")(forgetting.forget_person)
for _name, _command in excluding.COMMANDS.items():
    app.command(_name)(_command)

Faces = Annotated[list[int], typer.Argument(metavar="FACE...", help="Ids of faces.")]


@app.command("name")
def name(
    target: Annotated[
        str,
        typer.Argument(metavar="ALBUM|face:FACE,...", help="An album's number, or ids of faces: face:3,7."),
    ],
    person: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
    library: options.Library = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="If somebody has this name already, it is the same person. Default: ask.")
    ] = False,
    only: Annotated[
        bool, typer.Option("--only", help="The other faces of the album are somebody else's: so for several faces.")
    ] = False,
    with_album: Annotated[
        bool, typer.Option("--with-album", help="The other faces of the albums are theirs, too: so for one face.")
    ] = False,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Say who is in an album, or who faces are. Names stay when albums are made again and when photos are edited."""
    if only and with_album:
        raise UsageError("--only or --with-album, not both")
    meant_only = only if only or with_album else None
    album, faces = targets.album_or_faces(target)
    with faceindex.Library(library, create=False) as opened:

        def named(*, merge: bool, dry_run: bool) -> Decided:
            return opened.people.name(person, album=album, faces=faces, only=meant_only, merge=merge, dry_run=dry_run)

        try:
            decided = named(merge=merge or dry_run, dry_run=dry_run)
        except NameInUse:
            if as_json or not sys.stdin.isatty():
                raise
            _ask_whether_same(named(merge=True, dry_run=True), person)
            decided = named(merge=True, dry_run=False)
    if as_json:
        meant = {"did_you_mean": decided.similar} if decided.similar else {}
        print_json({"person": decided.person, "faces": decided.faces} | meant | price_object(decided))
        return
    if decided.price is not None:
        print_price(decided.price)
    else:
        verb = "is" if decided.faces == 1 else "are"
        print_line(f"{plural(decided.faces, 'face')} {verb} {decided.person}'s")
        renamed = [change for change in decided.changes if change.person_before not in (None, change.person_after)]
        for line in change_lines(renamed):
            print_line(f"  {line}")
    offer_similar(decided)


@app.command("rename")
def rename(
    person: Annotated[str, typer.Argument(metavar="NAME", help="The person's present name.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The person's new name.")],
    library: options.Library = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="If somebody has the name NEW already, make both one person.")
    ] = False,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Give a person a new name. All faces and decisions stay with the person."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.people.rename(person, new, merge=merge, dry_run=dry_run), as_json=as_json)


@app.command("merge")
def merge(
    chosen: Annotated[
        list[str],
        typer.Argument(
            metavar="ALBUM|NAME ALBUM|NAME...",
            help="Numbers of albums, or names of people; the first name stays.",
        ),
    ],
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Say that albums, or people, are one person. One undo takes it back."""
    with faceindex.Library(library, create=False) as opened:
        if all(one.isdecimal() for one in chosen):
            decided = opened.albums.merge([int(one) for one in chosen], dry_run=dry_run)
        else:
            decided = opened.people.merge([targets.album_or_person(one) for one in chosen], dry_run=dry_run)
        print_decided(decided, as_json=as_json)


@app.command("split")
def split(
    album: Annotated[int, typer.Argument(metavar="ALBUM", help="The album's number.")],
    faces: Faces,
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Say that some faces of an album show one other person: they become a new album."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.albums.split(album, faces, dry_run=dry_run), as_json=as_json)


@app.command("reject")
def reject(
    faces: Faces, library: options.Library = None, dry_run: DryRun = False, as_json: options.AsJson = False
) -> None:
    """Say that faces do not show the person of their album or name. Each leaves it and does not come back."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.albums.reject(faces, dry_run=dry_run), as_json=as_json)


@app.command("move")
def move(
    faces: Faces,
    album: Annotated[int, typer.Argument(metavar="ALBUM", help="The number of the album they belong to.")],
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Say that faces belong to another album."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.albums.move(faces, album, dry_run=dry_run), as_json=as_json)


@app.command("hide")
def hide(
    target: targets.Target, library: options.Library = None, dry_run: DryRun = False, as_json: options.AsJson = False
) -> None:
    """Stop listing an album, a face or a person."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(_hidden(opened, target, hidden=True, dry_run=dry_run), as_json=as_json)


@app.command("unhide")
def unhide(
    target: targets.Target, library: options.Library = None, dry_run: DryRun = False, as_json: options.AsJson = False
) -> None:
    """List an album, a face or a person again."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(_hidden(opened, target, hidden=False, dry_run=dry_run), as_json=as_json)


@app.command("undo")
def undo(
    act: Annotated[
        int | None, typer.Argument(metavar="[ACT]", help="Its number in `people history`. Default: the last.")
    ] = None,
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Undo a decision, in any order. To redo it, undo the undo."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.history.undo(act, dry_run=dry_run), as_json=as_json)


@app.command("history")
def history(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """List all decisions, the latest last."""
    with faceindex.Library(library, create=False) as opened:
        acts = list(opened.history)
    if as_json:
        print_json([asdict(act) for act in acts])
        return
    came = any(a.origin for a in acts)
    rows = [
        (a.act, a.made, a.kind, spoken_of(a), sum(a.faces), "undone" if a.undone else "", which(a), _changed(a))
        + ((a.origin,) if came else ())
        for a in acts
    ]
    columns = ("act#", "made", "kind", "about", "faces#", "", "which", "before -> after")
    print_table(columns + (("from",) if came else ()), rows)


@app.command("lost")
def lost(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """List named faces that are no longer found in their photos, because the photos were edited or replaced.

    A lost face keeps its name: if it is found again, it has its name again.
    """
    with faceindex.Library(library, create=False) as opened:
        faces = opened.people.lost(limit=None)
    if as_json:
        print_json([asdict(face) for face in faces])
    elif faces:
        print_lost(faces)
    else:
        print_line("no photo has lost a face with a name")


@app.command("list")
def list_people(
    library: options.Library = None,
    hidden: options.Hidden = False,
    as_csv: options.AsCsv = False,
    as_json: options.AsJson = False,
) -> None:
    """List everybody who has a name."""
    one_form(as_json=as_json, as_csv=as_csv)
    with faceindex.Library(library, create=False) as opened:
        people = list(opened.people.list(hidden=hidden, limit=None))
        alike = [] if as_json or as_csv else opened.people.look_alikes()
    if as_json:
        print_json([asdict(person) for person in people])
        return
    if as_csv:
        print_csv(("person", "faces", "confirmed", "photos", "cover", "hidden"), map(asdict, people))
        return
    if not people:
        errors.print("nobody has a name yet; `faceindex people name` gives one")
    rows = [(p.person, p.faces, p.confirmed, p.photos, p.cover) for p in people]
    print_table(("person", "faces#", "confirmed#", "photos#", "cover#"), rows)
    listed = {p.person for p in people}
    for one, other in (pair for pair in alike if listed.issuperset(pair)):
        errors.print(f'"{one}" and "{other}" look alike; {make_one(other, one)}', markup=False)


def _changed(act: PastAct) -> str:
    return "; ".join(change_lines(act.changes))


def _ask_whether_same(would: Decided, person: str) -> None:
    """Ask whether these faces are the person's who has the name already. Raises: typer.Exit when they are not."""
    price = would.price or Price(0, 0, 0)
    for line in (f"somebody is called {person} already", price_in_words(price), *join_lines(price)):
        errors.print(line, markup=False)
    if not typer.confirm("is it the same person?", default=False, err=True):
        errors.print("nothing was changed; choose another name for another person")
        raise typer.Exit(1)


def _hidden(library: faceindex.Library, target: str, *, hidden: bool, dry_run: bool) -> Decided:
    chosen = targets.target(target)
    if chosen.person is not None:
        change = library.people.hide if hidden else library.people.unhide
        return change(chosen.person, dry_run=dry_run)
    if chosen.face is not None:
        change_face = library.faces.hide if hidden else library.faces.unhide
        return change_face(chosen.face, dry_run=dry_run)
    change_album = library.albums.hide if hidden else library.albums.unhide
    return change_album(chosen.album or 0, dry_run=dry_run)
