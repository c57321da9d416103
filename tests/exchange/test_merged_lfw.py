"""LFW's development photos, split between three libraries that contradict each other, merged in every order."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest
from split_libraries import copied, holdings, merged

import faceindex

LFW = (
    Path(os.environ.get("FACEINDEX_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    / "lfw-dev"
    / "images"
)
DECISIONS = 60


def split_and_merge(whole: Path, folder: Path) -> None:
    """whole: a library without decisions."""
    with faceindex.Library(whole) as library:
        paths = sorted(photo.path for photo in library.photos)
    parts = [paths[: len(paths) // 2], paths[len(paths) // 3 :], paths[::3]]
    for office, part in enumerate(parts):
        copied(whole, folder / f"{office}")
        with faceindex.Library(folder / f"{office}") as library:
            library.photos.remove(sorted(set(paths).difference(part)))
    copied(whole, folder / "all")
    said = decide(folder, parts)
    found = []
    for number, order in enumerate(permutations(range(3))):
        reports = [merged(folder / f"m{number}", folder / f"{office}") for office in order]
        assert sum(report.acts for report in reports) == said
        assert sum(len(report.contradictions) for report in reports) > 0
        found.append(holdings(folder / f"m{number}"))
        assert found[-1] == found[0]
    once = merged(folder / "once", *(folder / f"{office}" for office in range(3)))
    assert holdings(folder / "once") == found[0]
    assert (once.acts, len(once.left)) == (said, 0)
    print(once.photos, once.faces, once.acts, len(once.contradictions), f"{once.seconds:.1f} s")
    expected = holdings(folder / "all")
    for what, wanted in expected.items():
        if what not in ("keys", "roots", "failures"):
            assert found[0][what] == wanted, what


def decide(folder: Path, parts: Sequence[Sequence[str]]) -> int:
    """Names by the photos' folders, some of them wrong, in one library after another and in that of all."""
    chosen = random.Random(0)
    shared = sorted(set(parts[0]) & set(parts[1]) & set(parts[2]))
    for _ in range(DECISIONS):
        office = chosen.randrange(3)
        path = chosen.choice(shared[:12] if chosen.random() < 0.6 else list(parts[office]))
        name = Path(path).parent.name if chosen.random() < 0.7 else chosen.choice(["Ann", "Bob"])
        kind = chosen.choice(["name", "name", "name", "hide", "not_face"])
        if kind == "not_face" and any(path in part for number, part in enumerate(parts) if number != office):
            kind = "hide"  # or offices would mean different faces by the first one
        for library in (f"{office}", "all"):
            with faceindex.Library(folder / library) as opened:
                faces = [face.face for face in opened.photos.faces(path)]
                if not faces:
                    continue
                if kind == "name":
                    opened.people.name(name, face=faces[0])
                elif kind == "hide":
                    opened.faces.hide(faces[0])
                else:
                    opened.faces.not_face([faces[0]])
    with faceindex.Library(folder / "all") as opened:
        return len(list(opened.history))


@pytest.mark.long
@pytest.mark.skipif(not LFW.is_dir(), reason="needs lfw-dev of FACEINDEX_TEST_DATA")
def test_any_order_gives_the_library_that_one_ingest_gives(tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "whole", recipe="sface") as library:
        library.ingest([LFW])
    split_and_merge(tmp_path / "whole", tmp_path)
