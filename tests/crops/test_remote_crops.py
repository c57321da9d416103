"""Crops of photos on a server: made while it answers; while it does not, each says so, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest
from kept_objects import running
from object_server import BUCKET

import faceindex
from faceindex.crops.pool import PicturePool
from faceindex.errors import UnreadablePhoto


def test_crops_of_remote_photos_say_why_they_are_missing_and_come_back(
    many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faceindex.library.crops.PicturePool", lambda: PicturePool(1))
    objects = {f"x/{number}.jpg": (many_photos / f"{number:02d}.jpg").read_bytes() for number in range(4)}
    with (
        running(tmp_path / "server", objects) as server,
        faceindex.Library(tmp_path / "x.faces", recipe="sface") as library,
    ):
        library.ingest([f"s3://{BUCKET}/x"], workers=0)
        assert library.crops.face(1)[:2] == b"\xff\xd8"
        server.kill()
        server.forget_requests()
        for ask in (library.crops.face, library.crops.photo):
            for number in (2, 3):
                with pytest.raises(UnreadablePhoto, match=f"{number - 1}.jpg: .*Input/output error"):
                    ask(number)
        assert len(set(server.asked)) == 1  # the first alone was asked for
        assert library.crops.face(1)[:2] == b"\xff\xd8"  # from the cache
