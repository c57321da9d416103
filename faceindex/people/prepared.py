"""Prepared suggestions: which groups are near each other is stored, and updated after changes.

`faceindex.people.suggestions` makes suggestions from all faces at once. Here they come from stored pairs: pairs of
albums and faces that changed since are found again, and only the best of all pairs are judged, in the order of what an
answer may be worth at most.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

import numpy as np

from faceindex.clustering.quality_gate import LOW_QUALITY
from faceindex.judgement.calibration import Calibration
from faceindex.people.crowded_groups import LONELY
from faceindex.people.likelihood import Odds
from faceindex.people.near_groups import (
    NEAREST,
    Axes,
    NearPairs,
    Rows,
    Squares,
    Years,
    is_near,
    likely_pairs,
    main_axes,
    near_pairs,
    near_square,
    nearest_only,
    squares,
)
from faceindex.people.suggestions import Groups
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.group_file import Group, GroupFile, Near, changing, new_group_file, reading
from faceindex.store.people.reviewed import members, set_paired, unpaired, unpaired_groups
from faceindex.store.photos.years import year_of
from faceindex.types import Vectors

_FORMAT = 2  # of the file, and of what its scores mean; one of another format is made anew

MOST_CHANGED = 2000
"""Most albums and faces that may have changed for prepared suggestions to be updated by whoever asks for them."""


@dataclass(frozen=True, slots=True)
class About:
    """What a file was prepared with. square: mean square distance within which groups are near.

    albums: how many of the groups were albums then, and now: how many are.
    """

    token: str
    albums: int
    now: int
    square: float
    calibration: str
    axes: Axes

    @classmethod
    def of(cls, file: GroupFile) -> About:
        """What is stored in the file."""
        kept = file.meta()
        said = json.loads(kept["about"])
        mean = np.frombuffer(kept["mean"], dtype="<f4")
        axes = Axes(mean, np.frombuffer(kept["axes"], dtype="<f4").reshape(len(mean), -1))
        return cls(said["token"], said["albums"], said["now"], said["square"], said["calibration"], axes)

    def keep(self, file: GroupFile) -> None:
        """Store it there."""
        said = {"token": self.token, "albums": self.albums, "now": self.now, "square": self.square}
        said["calibration"] = self.calibration
        axes = self.axes.axes.astype("<f4").tobytes()
        file.keep_meta(about=json.dumps(said).encode(), mean=self.axes.mean.astype("<f4").tobytes(), axes=axes)


def begin(folder: LibraryFolder) -> str:
    """Begin to record changes; returns the token to prepare with. Raises: LibraryUnwritable; LibraryLocked."""
    token = secrets.token_hex(8)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        set_paired(transaction, token)
    return token


def prepare(folder: LibraryFolder, token: str, groups: Groups, calibration: Calibration) -> None:
    """Find the pairs of near groups, which were made since `begin`, and store them. Raises: OSError; sqlite3.Error."""
    axes, square = main_axes(groups.centre), near_square(calibration, groups.albums)
    about = About(token, groups.albums, groups.albums, square, _name(calibration), axes)
    numbers = np.where(np.arange(len(groups.number)) < groups.albums, groups.number, -groups.number)
    sketches = axes.sketches(groups.centre, groups.spread)
    found = near_pairs(groups.centre, groups.spread, numbers, groups.years, sketches, groups.albums, square)
    scores = _scores(groups.size, groups.person >= 0, found, Odds(calibration, groups.albums))
    with new_group_file(folder.index) as file:
        file.fill(_listed(groups, numbers), numbers, sketches)
        names = (numbers[found.one].tolist(), numbers[found.other].tolist())
        pairs = zip(*names, found.square.tolist(), scores.tolist(), found.far.tolist(), strict=True)
        file.add_near(Near(*pair) for pair in pairs)
        about.keep(file)


def is_ready(folder: LibraryFolder, calibration: Calibration) -> bool:
    """Whether prepared suggestions can be used, after a few updates at most."""
    if _is_ready(folder, calibration):
        return True
    with suppress(sqlite3.OperationalError), changing(folder.index):  # whoever updates them ends first
        return _is_ready(folder, calibration)
    return False


def _is_ready(folder: LibraryFolder, calibration: Calibration) -> bool:
    token, changed = unpaired(folder.catalog.connection)
    with reading(folder.index) as file:
        if file is None or token is None or changed > MOST_CHANGED:
            return False
        about = About.of(file)
        shrunk = about.now < about.albums / 2
        return about.token == token and about.calibration == _name(calibration) and not shrunk


def update_prepared(folder: LibraryFolder, calibration: Calibration) -> None:
    """Update prepared suggestions. Raises: as `prepare`.

    Acts of others go on meanwhile. When there were any, the groups that changed are listed still, for the next update.
    """
    if not unpaired(folder.catalog.connection)[1]:
        return
    with folder.decisions() as catalog, changing(folder.index) as file:
        with catalog.snapshot():
            before, changed = catalog.version(), unpaired_groups(catalog.connection)
            groups = _groups_of(folder, catalog, changed)
        about = About.of(file)
        _replace(file, about, changed, groups, calibration)
        about = replace(about, now=file.albums())
        with catalog.transaction() as transaction:
            if catalog.version() == before:
                about = replace(about, token=secrets.token_hex(8))
                set_paired(transaction, about.token)
        about.keep(file)


def _replace(
    file: GroupFile, about: About, changed: Collection[int], groups: dict[int, Group], calibration: Calibration
) -> None:
    """Replace the groups numbered `changed` by `groups`, and find again the pairs that this may change."""
    gone = [number for number in changed if number > 0]
    robbed = {near.number for near in file.near_albums(gone)} - set(changed)
    full = _with_count(file, robbed, NEAREST)
    file.remove(changed)
    new = list(groups.values())
    sketches = about.axes.sketches(_centres(new), _spreads(new)) if new else np.empty((0, 0), dtype=np.float32)
    file.add(new, sketches)
    again = groups | file.groups(full)
    found = _found(file, about, again, {number for number in groups if number > 0})
    sizes = again | file.groups({number for near in found for number in (near.number, near.album)} - again.keys())
    scored = _scored(found, sizes, calibration, about.albums)
    own = [near for near in scored if near.number in again]
    file.remove_near([(near.number, near.album) for near in file.near(full)])
    file.add_near(_nearest(own))
    for number, others in _by_number(near for near in scored if near.number not in again).items():
        known = file.near([number])
        kept = _nearest([*known, *others])
        file.remove_near([(near.number, near.album) for near in known if near not in kept])
        file.add_near(kept)


def _found(file: GroupFile, about: About, again: dict[int, Group], albums: Collection[int]) -> list[Near]:
    """What the groups `again` are near, and the groups that `albums`, of these, are near; exactly."""
    asked = list(again.values())
    if not asked:
        return []
    sketches = about.axes.sketches(_centres(asked), _spreads(asked))
    pairs: set[tuple[int, int]] = set()
    numbers, own = (np.concatenate(columns) for columns in zip(*file.chunks(), strict=True))
    for row, other in zip(*likely_pairs(sketches, own, about.square), strict=True):
        one, number = asked[row].number, int(numbers[other])
        if number > 0:
            pairs.add((one, number))
        if one in albums:
            pairs.add((number, one))
    chosen = sorted(pair for pair in pairs if pair[0] != pair[1])
    known = again | file.groups({number for pair in chosen for number in pair} - again.keys())
    if not chosen:
        return []
    ones, others = [known[one] for one, _ in chosen], [known[other] for _, other in chosen]
    apart = squares(_centres(ones), _centres(others), _spreads(ones), _spreads(others))
    places = np.arange(len(chosen))
    far = _years([*ones, *others]).far(places, places + len(chosen))
    near = is_near(apart, far, about.square).tolist()
    measured = zip(chosen, apart.tolist(), far.tolist(), near, strict=True)
    return [Near(*pair, square, 0.0, late) for pair, square, late, within in measured if within]


def _scored(found: Sequence[Near], sizes: dict[int, Group], calibration: Calibration, albums: int) -> list[Near]:
    numbers = sorted({number for near in found for number in (near.number, near.album)})
    place = {number: row for row, number in enumerate(numbers)}
    size = np.array([sizes[number].size for number in numbers], dtype=np.int64)
    named = np.array([sizes[number].named for number in numbers], dtype=np.bool_)
    left = np.array([place[near.number] for near in found], dtype=np.int64)
    right = np.array([place[near.album] for near in found], dtype=np.int64)
    apart = np.array([near.square for near in found], dtype=np.float64)
    pairs = NearPairs(left, right, apart, np.array([near.far for near in found], dtype=np.bool_))
    scores = _scores(size, named, pairs, Odds(calibration, albums))
    return [near._replace(score=float(score)) for near, score in zip(found, scores, strict=True)]


def _scores(size: Rows, named: object, pairs: NearPairs, odds: Odds) -> Squares:
    """What an answer is worth at most: its probability without rivals, times the faces that it settles."""
    has_name, left, right = np.asarray(named, dtype=np.bool_), pairs.one, pairs.other
    settles = np.where(
        has_name[left] == has_name[right],
        np.minimum(size[left], size[right]),
        np.where(has_name[left], size[right], size[left]),
    )
    likely = np.exp(odds.logarithm(np.sqrt(pairs.square), LONELY, pairs.far))
    worth: Squares = settles * likely / (1 + likely)
    return worth


def _groups_of(folder: LibraryFolder, catalog: Catalog, numbers: Collection[int]) -> dict[int, Group]:
    """Those of `numbers` that are groups now."""
    found = members(catalog.connection, numbers, LOW_QUALITY)
    vectors = folder.vectors_among(catalog, [member.face for member in found])
    by_number: dict[int, list[Vectors]] = defaultdict(list)
    named: dict[int, bool] = {}
    taken: dict[int, list[float]] = defaultdict(list)
    for member in found:
        by_number[member.number].append(vectors[member.face])
        named[member.number] = member.named
        taken[member.number].append(year_of(member.taken))
    return {number: _group(number, np.stack(rows), named[number], taken[number]) for number, rows in by_number.items()}


def _group(number: int, rows: Vectors, named: bool, years: Sequence[float]) -> Group:
    """rows: float32 [n, d], added one by one, as `groups_of` does, for the same rounding."""
    centre = np.zeros((1, rows.shape[1]))
    np.add.at(centre, np.zeros(len(rows), dtype=np.int64), rows)
    centre /= len(rows)
    squared = np.square(rows - centre[0]).sum(axis=1)
    spread = float(np.bincount(np.zeros(len(rows), dtype=np.int64), weights=squared)[0] / len(rows))
    first, last = np.fmin.reduce(years), np.fmax.reduce(years)
    return Group(number, len(rows), spread, named, centre[0].astype(np.float32), float(first), float(last))


def _listed(groups: Groups, numbers: Rows) -> Iterator[Group]:
    columns = (numbers, groups.size, groups.spread, groups.person >= 0, *groups.years)
    values = zip(*(column.tolist() for column in columns), strict=True)
    for (number, size, spread, named, first, last), centre in zip(values, groups.centre, strict=True):
        yield Group(number, size, spread, named, centre, first, last)


def _with_count(file: GroupFile, numbers: Collection[int], least: int) -> set[int]:
    """Those of `numbers` that are near at least so many albums, far apart in time or not."""
    found = _by_number(file.near(numbers))
    return {number for number, near in found.items() if max(Counter(one.far for one in near).values()) >= least}


def _by_number(found: Iterable[Near]) -> dict[int, list[Near]]:
    by_number: dict[int, list[Near]] = defaultdict(list)
    for near in found:
        by_number[near.number].append(near)
    return by_number


def _nearest(found: Sequence[Near]) -> list[Near]:
    if not found:
        return []
    columns = zip(*((near.number, near.album, near.square, near.far) for near in found), strict=True)
    number, album, square, far = (np.array(column) for column in columns)
    return [near for near, kept in zip(found, nearest_only(number, album, square, far), strict=True) if kept]


def _centres(groups: Sequence[Group]) -> Vectors:
    return np.stack([group.centre for group in groups])


def _years(groups: Sequence[Group]) -> Years:
    return Years(np.array([group.first for group in groups]), np.array([group.last for group in groups]))


def _spreads(groups: Sequence[Group]) -> Squares:
    return np.array([group.spread for group in groups], dtype=np.float64)


def _name(calibration: Calibration) -> str:
    return json.dumps({"format": _FORMAT} | asdict(calibration))
