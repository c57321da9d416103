"""Libraries say nothing to users: neither as Python's warnings, nor to stderr past Python."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from faceindex.types import Pixels

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def noisy(tmp_path: Path, astronaut: Pixels) -> Path:
    """Photos about which Pillow warns and libtiff complains, and a healthy one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(astronaut).save(folder / "a.jpg")
    rng = random.Random(0)
    black = np.array(Image.fromarray(astronaut).convert("1"))
    Image.fromarray(black).save(folder / "fax.tif", compression="group4")
    fax = bytearray((folder / "fax.tif").read_bytes())
    for _ in range(20):
        fax[rng.randrange(3000, len(fax) - 1000)] ^= 0xFF
    (folder / "fax.tif").write_bytes(fax)
    exif = Image.Exif()
    exif[0x010E] = "x" * 100
    Image.fromarray(astronaut).save(folder / "exif.jpg", exif=exif.tobytes()[:60])
    big_endian = b"MM\0+\0\x08\0\0" + (16).to_bytes(8, "big") + (9).to_bytes(8, "big") + bytes(20)
    (folder / "big.tif").write_bytes(big_endian)
    return folder


def test_libraries_do_make_noise_about_these_photos(noisy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(UserWarning, match="EXIF"), pytest.raises(UnidentifiedImageError):
        Image.open(noisy / "big.tif", formats=["TIFF"])
    Image.open(noisy / "fax.tif").convert("L")
    assert "Fax" in capfd.readouterr().err


def test_no_command_prints_what_libraries_say(command: Command, noisy: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    runs = [
        ("ingest", noisy, "--xmp"),
        ("photos", "sidecars", noisy, "--to", tmp_path / "sidecars", "--unnamed"),
        *(("search", noisy / name) for name in ("a.jpg", "fax.tif", "exif.jpg", "big.tif")),
        ("search-many", noisy),
        ("identify", noisy / "fax.tif"),
        ("verify", noisy / "a.jpg", noisy / "fax.tif"),
    ]
    for arguments in runs:
        said = command(*arguments, "-L", library, fresh=True).stderr.splitlines()
        assert all(line.startswith("faceindex: ") for line in said), (arguments, said)


def test_errors_still_reach_stderr_and_one_that_is_closed_does_no_harm(tmp_path: Path, command: Command) -> None:
    done = command("search", tmp_path / "nowhere.jpg", "-L", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("faceindex: ")
    program = [sys.executable, "-m", "faceindex"]
    closed = subprocess.run(["sh", "-c", 'exec "$0" "$@" 2>&-', *program, "models", "list"], capture_output=True)
    assert closed.returncode == 0
    assert b"sface" in closed.stdout
