"""Files with several names are read once in a run, and never taken for what they no longer are."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from faceindex.ingest.hard_links import HardLinks
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files
from faceindex.photos.identity import Identity
from faceindex.photos.read import identify


def files_in(folder: Path) -> list[FoundFile]:
    return [file for file in find_files([folder]) if isinstance(file, FoundFile)]


def test_a_file_with_several_names_is_read_once(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    os.link(tmp_path / "a.png", tmp_path / "b.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "c.png")
    asked: list[str] = []

    def read(path: str, *, named: bool) -> Identity | None:
        asked.append(Path(path).name)
        return identify(path, named=named)

    links = HardLinks()
    one, two, other = (links.identify(file, read) for file in files_in(tmp_path))
    assert asked == ["a.png", "c.png"]
    assert one == two == identify(str(tmp_path / "b.png"))
    assert other != one


def test_a_file_that_changed_between_two_of_its_names_is_read_again(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    os.link(tmp_path / "a.png", tmp_path / "b.png")
    links = HardLinks()
    before = links.identify(files_in(tmp_path)[0], identify)
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes() + b"\0")  # one inode, for both names
    after = links.identify(files_in(tmp_path)[1], identify)
    assert before is not None
    assert after is not None
    assert before.content != after.content
