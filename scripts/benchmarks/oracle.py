"""How many questions `people review --names` takes until nearly everybody is named, by somebody who knows everybody.

--data has a folder of photos for each person; nobody has a name. Each yes, no, typed name and "leave alone" is a
question. Before: albums by size, then faces alone. Nameable are faces of people with two photos or more that are not of
low quality. People are parted into halves by name: constants were chosen on "a". A face in the middle of a photo is the
person's whose folder it is, others are nobody else's.

--child is a pattern of the paths, below --data, of photos that show children. With it photos get dates, drawn with
seed 0: somebody's child photos within 5 years, the others 15 to 30 years after these began; --off makes all dates
wrong by so many years, either way, --undated leaves out so many of the dates. `--keep` names a folder for the
library, so that photos are analysed once.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from harness.measure import DATA
from harness.report import Report

import faceindex
from benchmarks.oracle_session import Oracle, Session, Truth, before
from benchmarks.review import people_of
from faceindex.clustering.quality_gate import LOW_QUALITY
from faceindex.evaluation.folds import HALVES, half_of
from faceindex.faces.recipe import recipe
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos.writing import store_dates

GOAL = 0.99
SURE, LIKELY = 0.9, 0.7


def run(
    report: Report,
    *,
    recipes: Sequence[str] = ("sface-dlib",),
    data: Path = DATA / "lfw-dev" / "images",
    child: str = "",
    off: float = 0.0,
    undated: float = 0.0,
    no_dates: bool = False,
    whole: bool = False,
    keep: Path | None = None,
) -> None:
    people = sorted(path for path in data.iterdir() if path.is_dir())
    halves = {"all": people} if whole or len(people) < 100 else {}
    halves |= {f"half {half}": [p for p in people if half_of(p.name) == half] for half in HALVES if not halves}
    for name in recipes:
        folder = (keep or report.folder) / f"{name}.faces"
        with faceindex.Library(folder, recipe=recipe(name)) as library:
            library.ingest([data])
        for title, chosen in halves.items():
            copy = report.folder / "copy.faces"
            shutil.copytree(folder, copy)
            others = [path for path in people if path not in chosen]
            if child and not no_dates:
                date_photos(copy, data, child, off, undated)
            measure(copy, data, others, child, f"{name}, {title}", report)
            shutil.rmtree(copy)


def date_photos(folder: Path, data: Path, child: str, off: float, undated: float) -> None:
    """Draw when photos were taken."""
    chance = np.random.default_rng(0)
    with faceindex.Library(folder, create=False) as library:
        photos = [(photo.photo, Path(photo.path).relative_to(data)) for photo in library.photos]
    began: dict[str, float] = {}
    dates: dict[int, tuple[str, str] | None] = {}
    for number, path in sorted(photos, key=lambda pair: pair[1]):
        if path.parts[0] not in began:
            began[path.parts[0]] = chance.uniform(1950, 1990)
        later = chance.uniform(0, 5) if fnmatch(str(path), child) else chance.uniform(15, 30)
        year = began[path.parts[0]] + later + off * chance.choice([-1, 1])
        day = f"{int(year)}-{int(1 + 12 * (year % 1)):02d}-15T12:00:00"
        dates[number] = None if chance.random() < undated else (day, "drawn")
    opened = LibraryFolder(folder)
    with opened.decisions() as catalog, catalog.transaction() as transaction:
        store_dates(transaction, dates)
    opened.close()


def measure(folder: Path, data: Path, others: list[Path], child: str, title: str, report: Report) -> None:
    """others: people that do not count."""
    with ExitStack() as stack:
        library = stack.enter_context(faceindex.Library(folder, create=False))
        if others:
            library.photos.remove(others)
        library.cluster()
        truth = truth_of(library, data, child)
        oracle = stack.enter_context(closing(Oracle(library, truth)))
        groups = oracle.groups()
        known = before(groups, truth, GOAL)
        report.add(f"{title}, nameable faces", len(truth.nameable))
        if not truth.nameable:
            show_relatives(library, truth, title, report)
            return
        report.add(f"{title}, albums by size, then faces alone: questions", known.questions)
        report.add(f"{title}, the same, named of nameable", known.named / len(truth.nameable))
        session = oracle.session(GOAL)
        as_many = before(groups, truth, session.named).questions
        show(session, known.questions, as_many, title, report)
        if truth.children:
            show_ages(oracle, groups, session, title, report)


def show(session: Session, questions: int, as_many: int, title: str, report: Report) -> None:
    """Figures of a session. questions, as_many: before, until GOAL, and until as many are named as in the end."""
    if session.until:
        report.add(f"{title}, review: questions until {GOAL:.0%} are named", session.until)
        report.add(f"{title}, the same, of before", session.until / questions)
    else:
        report.say(f"{title}, review: the queue ends before {GOAL:.0%} are named")
    report.add(f"{title}, questions in all until the queue ends", session.questions)
    report.add(f"{title}, named in the end, of nameable", session.named)
    report.add(f"{title}, the same, of before until as many are named", session.questions / as_many)
    report.add(f"{title}, questions asked twice", session.twice)
    for least in (SURE, LIKELY, 0.5):
        shown = [right for probability, right in session.shown if probability >= least]
        report.add(f"{title}, same person? at {least:.0%}", len(shown))
        report.add(f"{title}, same person? at {least:.0%}, yes", sum(shown))


def show_relatives(library: faceindex.Library, truth: Truth, title: str, report: Report) -> None:
    """Nobody has two photos: every album and every question is about two people."""
    albums = [album.faces for album in library.albums]
    report.add(f"{title}, faces in albums of several people", sum(albums))
    for least in (SURE, LIKELY, 0.5):
        asked = [one for one in library.people.suggestions(limit=None) if one.probability >= least]
        report.add(f"{title}, of {len(truth.whose)} people, same person? at {least:.0%}", len(asked))


def show_ages(oracle: Oracle, groups: list[list[int]], session: Session, title: str, report: Report) -> None:
    """Figures about children."""
    both, clustered = oracle.with_both_ages(groups)
    report.add(f"{title}, people with photos of both ages", both)
    report.add(f"{title}, in one album", clustered / max(both, 1))
    report.add(f"{title}, in one album or asked rightly", oracle.with_both_ages(session.joined)[1] / max(both, 1))
    report.add(f"{title}, pairs of two children in one album, of such pairs", oracle.false_pairs(groups))


def truth_of(library: faceindex.Library, data: Path, child: str) -> Truth:
    whose = people_of(library)
    faces = {face.face: face for face in library.faces}
    if child:
        whose = {
            face: Path(faces[face].photo).relative_to(data).parts[0] if "/" not in who else who
            for face, who in whose.items()
        }
    times = Counter(whose.values())
    good = {face for face, record in faces.items() if not (record.quality or 1.0) < LOW_QUALITY}
    children = {f for f, one in faces.items() if child and fnmatch(str(Path(one.photo).relative_to(data)), child)}
    nameable = {face for face, who in whose.items() if times[who] > 1 and face in good}
    return Truth(whose, nameable, children, good)
