"""verify says which faces it compared, and takes the one that is meant."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import faceindex
from faceindex.errors import UsageError
from faceindex.queries.verification import compared
from faceindex.types import Pixels

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def two_faces(astronaut: Pixels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face, and to its right the same larger and mirrored, of which the middle is painted over."""
    face = Image.fromarray(astronaut).crop((100, 0, 360, 260))
    both = Image.new("RGB", (700, 400), "white")
    both.paste(face, (0, 0))
    other = np.array(face.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((400, 400)))
    other[150:210] = other[150:210][..., ::-1] // 3
    both.paste(Image.fromarray(other), (290, 0))
    path = tmp_path_factory.mktemp("verify") / "two.png"
    both.save(path)
    return path


def test_the_compared_faces_are_printed_if_a_photo_has_several(
    command: Command, two_faces: Path, many_photos: Path, tmp_path: Path
) -> None:
    one, where = many_photos / "05.jpg", ("-L", tmp_path / "x")
    alone = command("verify", one, one, *where)
    assert (alone.stdout.count("\n"), alone.stderr) == (1, "")
    largest = command("verify", two_faces, one, *where)
    assert "compared: face 2 of 2 at [" in largest.stdout
    assert str(two_faces) in largest.stdout
    assert "`--best` compares all" in largest.stderr
    best = json.loads(command("verify", two_faces, one, "--best", "--json", *where).stdout)
    assert (best["pairs"], best["same"]) == (2, True)
    first, second = best["compared"]
    assert [first[key] for key in ("photo", "number", "found", "face")] == [str(two_faces), 1, 2, None]
    assert [second["number"], second["found"]] == [1, 1]
    assert best["faces"] == [first["box"], second["box"]]
    box = ",".join(map(str, first["box"]))
    chosen = json.loads(command("verify", two_faces, one, "--box", box, "--json", *where).stdout)
    assert (chosen["distance"], chosen["pairs"]) == (best["distance"], 1)
    explained = command("verify", two_faces, one, "--best", "--explain", *where).stdout
    assert re.search(r"the confidence assumes that \d+\.\d\d% of such pairs are of one person", explained)
    assert "compared: the nearest pair of 2" in explained
    swapped = command("verify", one, two_faces, "--box", "largest", "--box", box, "--json", *where)
    assert json.loads(swapped.stdout)["distance"] == pytest.approx(best["distance"])


def test_of_several_pairs_the_nearest_is_less_sure(tmp_path: Path, two_faces: Path) -> None:
    with faceindex.Library(tmp_path / "x") as library:
        calibration = library.calibration
        with pytest.raises(UsageError, match="give one of the two"):
            library.verify(two_faces, two_faces, boxes=(faceindex.Box(0, 0, 9, 9), None), best=True)
    probes = [
        faceindex.Probe(np.full(1, at, np.float32), "", "p", faceindex.Box(0, 0, 9, 9), 1.0) for at in (0, 0.5, 9)
    ]
    sides = (probes[:1], probes[1:])
    one, several = (compared(sides, ([0], chosen), threshold=0.6, calibration=calibration) for chosen in ([0], [0, 1]))
    assert (one.pairs, several.pairs, one.distance, several.distance) == (1, 2, 0.5, 0.5)
    odds = [answer.confidence / (1 - answer.confidence) for answer in (one, several)]
    assert odds[1] == pytest.approx(odds[0] / 2)


def test_faces_of_the_library_take_the_place_of_photos(
    command: Command, small_library: faceindex.Library, many_photos: Path
) -> None:
    where = ("--json", "-L", small_library.path)
    face, other = (record for record, _ in zip(small_library.faces, range(2), strict=False))
    by_face = json.loads(command("verify", face.photo, "--face", face.face, *where).stdout)
    assert by_face["distance"] < 1e-5
    assert by_face["compared"][1]["face"] == face.face
    two = json.loads(command("verify", "--face", face.face, "--face", other.face, *where).stdout)
    photos = json.loads(command("verify", face.photo, other.photo, *where).stdout)
    assert two["distance"] == pytest.approx(photos["distance"], abs=1e-5)


def test_wrong_uses_are_told(command: Command, small_library: faceindex.Library, many_photos: Path) -> None:
    one, where = many_photos / "05.jpg", ("-L", small_library.path)
    wrong: list[tuple[list[object], str]] = [
        ([one, one, "--box", "0,0,5,5"], "its faces are at ["),
        ([one, "--face", 1, "--box", "1,1,9,9", "--box", "1,1,9,9"], "more boxes (2) than photos (1)"),
        ([one, one, "--face", 1], "takes two photos"),
        ([one], "takes two photos"),
        ([one, "--face", 9999], "no face 9999"),
        ([one, one, "--box", "1,2,3"], "write X,Y,W,H"),
        (["--pairs", "x.csv", "--best"], "takes two photos"),
    ]
    for arguments, said in wrong:
        done = command("verify", *arguments, *where)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), arguments
        assert said in done.stderr
