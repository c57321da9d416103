"""Names written as XMP: into new sidecars, or into those of other programs, of which everything else stays."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from exported_photos import ExportedPhotos
from made_dng import dng
from made_library import MadeLibrary
from orientations import TO_STORED
from PIL import Image
from xmp_samples import lightroom, with_lists

from faceindex.errors import UsageError
from faceindex.exchange.xmp.named_regions import read_names
from faceindex.exchange.xmp.sidecars import write_sidecars
from faceindex.photos.metadata.areas import Area, area_of, box_of, stored, upright
from faceindex.photos.metadata.xmp import Packet
from faceindex.system import files as system
from faceindex.types import Box, SidecarReport

SIZE = (512, 384)
FACE, OTHER = Box(64, 96, 128, 96), Box(320, 96, 64, 96)
RATED = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>"""


@pytest.fixture
def photos(made: MadeLibrary, tmp_path: Path) -> ExportedPhotos:
    return ExportedPhotos(made, tmp_path / "photos")


def add(photos: ExportedPhotos, name: str = "a.jpg", shade: int = 0) -> list[int]:
    """A real photo of nothing, of which the library says that it has two faces."""
    path = photos.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE, (shade, 0, 0)).save(path)
    return photos.add_boxes([name], [FACE, OTHER], path.read_bytes(), SIZE)


def add_raw(photos: ExportedPhotos, name: str, shade: int = 0) -> list[int]:
    """As `add`, a photo of a camera."""
    path = photos.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((SIZE[1], SIZE[0], 3), 40 + shade, np.uint8)
    path.write_bytes(dng(pixels))
    return photos.add_boxes([name], [FACE, OTHER], path.read_bytes(), SIZE)


def add_turned(photos: ExportedPhotos, name: str, orientation: int) -> list[int]:
    """As `add`, stored in this EXIF orientation."""
    path = photos.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = TO_STORED[orientation]
    image = Image.new("RGB", SIZE)
    (image if turn is None else image.transpose(turn)).save(path, exif=exif.tobytes())
    return photos.add_boxes([name], [FACE, OTHER], path.read_bytes(), SIZE)


def write(photos: ExportedPhotos, *, to: Path | None = None, unnamed: bool = False) -> SidecarReport:
    photos.made.folder.close()
    target = None if to is None else str(to)
    return write_sidecars(photos.made.folder.catalog, [str(photos.root)], to=target, unnamed=unnamed)


def boxes_of_upright(packet: Packet, orientation: int) -> dict[str, Box]:
    return {name: box_of(upright(area, orientation), SIZE) for name, area in packet.names()}


def boxes(sidecar: Path) -> dict[str, Box]:
    return {name: box_of(area, SIZE) for name, area in Packet(sidecar.read_bytes()).names()}


def test_only_named_faces_are_written_unless_asked(photos: ExportedPhotos) -> None:
    ada, _ = add(photos)
    add(photos, "nobody.jpg", shade=9)
    photos.name("Ada", ada)
    done = write(photos)
    assert (done.written, done.unchanged, done.nothing_to_say, done.failed) == (1, 0, 1, ())
    assert boxes(photos.root / "a.jpg.xmp") == {"Ada": FACE}
    assert not (photos.root / "nobody.jpg.xmp").exists()
    assert write(photos, unnamed=True).written == 2
    regions = Packet((photos.root / "a.jpg.xmp").read_bytes()).regions()
    assert [region.name for region in regions] == ["Ada", None]


def test_writing_again_changes_nothing_and_a_new_name_changes_it(photos: ExportedPhotos) -> None:
    ada, other = add(photos)
    photos.name("Ada", ada)
    write(photos)
    assert (write(photos).written, write(photos).unchanged) == (0, 1)
    photos.name("Bob", other)
    photos.name("Countess", ada)
    assert write(photos).written == 1
    assert boxes(photos.root / "a.jpg.xmp") == {"Countess": FACE, "Bob": OTHER}


def test_a_removed_name_is_removed_from_the_sidecar(photos: ExportedPhotos) -> None:
    ada, _ = add(photos)
    photos.name("Ada", ada)
    write(photos)
    photos.unname(ada)
    assert write(photos).written == 1
    assert boxes(photos.root / "a.jpg.xmp") == {}


def test_of_another_programs_sidecar_everything_else_stays(photos: ExportedPhotos) -> None:
    ada, other = add(photos)
    photos.name("Ada", ada)
    photos.name("Bob", other)
    area = Area(0.25, 0.375, 0.5, 0.5)  # larger than the face, as programs draw it
    sidecar = photos.root / "a.jpg.xmp"
    sidecar.write_bytes(lightroom(area.x, area.y, area.width, area.height))
    sidecar.chmod(0o640)
    assert write(photos).written == 1
    packet = Packet(sidecar.read_bytes())
    assert packet.names()[0] == ("Ada", area)
    assert boxes(sidecar)["Bob"] == OTHER
    for kept in (b'crs:Exposure2012="+0.35"', b"space &amp; stars", b"<!-- a remark -->", b"mwg-rs:Rotation"):
        assert kept in sidecar.read_bytes()
    assert stat.S_IMODE(sidecar.stat().st_mode) == 0o640


def test_a_region_where_the_library_has_no_face_or_no_opinion_stays(photos: ExportedPhotos) -> None:
    _, other = add(photos)
    photos.name("Bob", other)
    sidecar = photos.root / "a.jpg.xmp"
    sidecar.write_bytes(lightroom(0.25, 0.375, 0.25, 0.25))
    write(photos)
    assert set(boxes(sidecar)) == {"Eileen Collins", "Bob"}
    sidecar.write_bytes(lightroom(0.5, 0.875, 0.1, 0.1))
    write(photos)
    assert set(boxes(sidecar)) == {"Eileen Collins", "Bob"}


def test_a_raw_photos_sidecar_is_not_that_of_the_jpeg_beside_it(photos: ExportedPhotos) -> None:
    photos.name("Ada", *add(photos))
    (photos.root / "a.cr2").touch()
    raws = photos.root / "a.xmp"
    raws.write_bytes(lightroom(0.5, 0.5, 0.1, 0.1))
    before = raws.read_bytes()
    write(photos)
    assert raws.read_bytes() == before
    assert (photos.root / "a.jpg.xmp").exists()


def test_sidecars_go_to_another_folder_in_the_folders_of_the_photos(photos: ExportedPhotos, tmp_path: Path) -> None:
    photos.name("Ada", add(photos, "2020/a.jpg")[0], add(photos, "2021/a.jpg", shade=9)[0])
    assert write(photos, to=tmp_path / "out").written == 2
    assert boxes(tmp_path / "out" / "2021" / "a.jpg.xmp") == {"Ada": FACE}
    assert not list(photos.root.rglob("*.xmp"))
    assert write(photos, to=tmp_path / "out").unchanged == 2


def test_a_broken_sidecar_is_not_changed_and_reported(photos: ExportedPhotos) -> None:
    photos.name("Ada", add(photos)[0], add(photos, "b.jpg", shade=9)[0])
    (photos.root / "a.jpg.xmp").write_bytes(b"<broken")
    done = write(photos)
    assert done.written == 1
    assert [failed.path for failed in done.failed] == [str(photos.root / "a.jpg.xmp")]
    assert (photos.root / "a.jpg.xmp").read_bytes() == b"<broken"


def test_a_missing_photo_is_reported(photos: ExportedPhotos) -> None:
    photos.name("Ada", *add(photos))
    (photos.root / "a.jpg").unlink()
    assert [failed.path for failed in write(photos).failed] == [str(photos.root / "a.jpg")]


def test_a_sidecar_that_is_a_link_stays_one(photos: ExportedPhotos, tmp_path: Path) -> None:
    photos.name("Ada", *add(photos))
    (tmp_path / "real.xmp").write_bytes(lightroom(0.5, 0.5, 0.1, 0.1))
    (photos.root / "a.jpg.xmp").symlink_to(tmp_path / "real.xmp")
    write(photos)
    assert (photos.root / "a.jpg.xmp").is_symlink()
    assert "Ada" in boxes(tmp_path / "real.xmp")


def test_a_name_that_is_no_utf8_has_a_sidecar(photos: ExportedPhotos) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    photos.name("Ada", add(photos, name)[0])
    assert write(photos).written == 1
    assert boxes(photos.root / f"{name}.xmp") == {"Ada": FACE}


def test_a_path_that_the_library_does_not_know_is_an_error(photos: ExportedPhotos, tmp_path: Path) -> None:
    add(photos)
    with pytest.raises(UsageError, match="has no photo"):
        write_sidecars(photos.made.folder.catalog, [str(tmp_path / "other")])


def test_a_sidecar_is_private_and_no_planted_link_is_followed(photos: ExportedPhotos, tmp_path: Path) -> None:
    photos.name("Ada", *add(photos))
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (photos.root / "a.jpg.xmp.tmp").symlink_to(victim)
    assert write(photos).written == 1
    assert stat.S_IMODE((photos.root / "a.jpg.xmp").stat().st_mode) == 0o600
    assert victim.read_bytes() == b"precious"
    assert sorted(os.listdir(photos.root)) == ["a.jpg", "a.jpg.xmp", "a.jpg.xmp.tmp"]  # noqa: PTH208


@pytest.mark.parametrize("victim", [None, b"", b"precious"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_link_in_a_sidecars_place_that_leads_to_no_sidecar_is_never_written_through(
    photos: ExportedPhotos, tmp_path: Path, victim: bytes | None, beside: bool
) -> None:
    photos.name("Ada", *add(photos))
    out = photos.root if beside else tmp_path / "out"
    out.mkdir(exist_ok=True)
    (out / "a.jpg.xmp").symlink_to(tmp_path / "victim")
    if victim is not None:
        (tmp_path / "victim").write_bytes(victim)
    write(photos, to=None if beside else out)
    assert (tmp_path / "victim").read_bytes() == victim if victim is not None else not (tmp_path / "victim").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a link to another user")
@pytest.mark.skipif(not hasattr(vars(system)["os"], "geteuid"), reason="users have no numbers here, as on Windows")
def test_a_link_of_another_user_is_neither_read_nor_written_through(photos: ExportedPhotos, tmp_path: Path) -> None:
    photos.name("Ada", *add(photos))
    (tmp_path / "secret.xmp").write_bytes(lightroom(0.5, 0.5, 0.1, 0.1))
    link = photos.root / "a.jpg.xmp"
    link.symlink_to(tmp_path / "secret.xmp")
    os.chown(link, 1, 1, follow_symlinks=False)
    (failed,) = write(photos).failed
    assert (failed.path, "another user" in failed.error) == (str(link), True)
    assert (tmp_path / "secret.xmp").read_bytes() == lightroom(0.5, 0.5, 0.1, 0.1)


@pytest.mark.parametrize("beside", [True, False])
def test_a_name_too_long_for_a_sidecar_stops_no_other(photos: ExportedPhotos, tmp_path: Path, beside: bool) -> None:
    longest = "x" * 250 + ".jpg"
    photos.name("Ada", *(add(photos, name, shade)[0] for shade, name in enumerate(["a.jpg", longest, "z.jpg"])))
    done = write(photos, to=None if beside else tmp_path / "out")
    assert done.written == 2
    (failed,) = done.failed
    assert (Path(failed.path).name, failed.error) == (f"{longest}.xmp", "File name too long")
    there = {path.name for path in (photos.root if beside else tmp_path / "out").iterdir()}
    assert there - {"a.jpg", longest, "z.jpg"} == {"a.jpg.xmp", "z.jpg.xmp"}


@pytest.mark.parametrize("name", ["a.jpg.xmp", "a.xmp"])
def test_a_fifo_in_place_of_a_sidecar_is_reported_and_not_waited_for(photos: ExportedPhotos, name: str) -> None:
    photos.name("Ada", add(photos)[0], add(photos, "b.jpg", shade=9)[0])
    os.mkfifo(photos.root / name)
    done = write(photos)
    assert done.written == (1 if name == "a.jpg.xmp" else 2)
    assert [failed.error for failed in done.failed] == (["not a regular file"] if name == "a.jpg.xmp" else [])


def test_a_fifo_in_place_of_a_photo_is_reported_and_not_waited_for(photos: ExportedPhotos) -> None:
    photos.name("Ada", *add(photos))
    (photos.root / "a.jpg").unlink()
    os.mkfifo(photos.root / "a.jpg")
    assert [failed.error for failed in write(photos).failed] == ["not a regular file"]


def test_new_regions_go_into_the_sidecar_that_is_there(photos: ExportedPhotos) -> None:
    photos.name("Ada", add(photos)[0])
    sidecar = photos.root / "a.xmp"
    sidecar.write_bytes(RATED)
    assert write(photos).written == 1
    assert b'xmp:Rating="4"' in sidecar.read_bytes()
    assert boxes(sidecar)["Ada"] == FACE
    assert not (photos.root / "a.jpg.xmp").exists()
    assert (write(photos).written, write(photos).unchanged) == (0, 1)


def test_of_two_sidecars_both_are_right_afterwards(photos: ExportedPhotos) -> None:
    ada, other = add(photos)
    first, second = photos.root / "a.jpg.xmp", photos.root / "a.xmp"
    first.write_bytes(RATED)
    second.write_bytes(with_lists())
    read_names(photos.made.folder, [str(photos.root)])
    photos.made.folder.close()
    assert {face.person for face in photos.made.faces().values()} == {"Ada", "Florence"}
    photos.name("Eva", ada)
    assert write(photos).written == 2
    for sidecar in (first, second):
        assert {name for name, _ in Packet(sidecar.read_bytes()).names()} == {"Eva", "Florence"}
    assert b"People/Eva" in second.read_bytes()
    assert b"People/Ada<" not in second.read_bytes()
    assert (write(photos).written, write(photos).unchanged) == (0, 1)
    assert other


def test_a_rename_is_followed_in_every_form_and_list(photos: ExportedPhotos) -> None:
    ada, florence = add(photos)
    sidecar = photos.root / "a.jpg.xmp"
    sidecar.write_bytes(with_lists())
    photos.name("Eva", ada)
    photos.name("Flo", florence)
    assert write(photos).written == 1
    text = sidecar.read_text()
    assert [region.name for region in Packet(sidecar.read_bytes()).regions()] == ["Eva", "Flo", "Eva", "Flo"]
    assert "Ada" not in text.replace("Adam", "")
    for kept in ("Places/Florence", "Places|Florence", "People/Adam", "<rdf:li>Florence</rdf:li>"):
        assert kept in text


def test_two_raw_photos_share_a_sidecar_and_no_name_is_lost(photos: ExportedPhotos) -> None:
    (ada, _), (_, bob) = add_raw(photos, "IMG.dng"), add_raw(photos, "IMG.nef", shade=9)
    photos.name("Ada", ada)
    photos.name("Bob", bob)
    assert write(photos).written == 2
    assert set(boxes(photos.root / "IMG.xmp")) == {"Ada", "Bob"}
    assert (write(photos).written, write(photos).unchanged) == (0, 2)


def test_two_raw_photos_of_different_people_have_a_sidecar_each(photos: ExportedPhotos) -> None:
    (ada, _), (bob, _) = add_raw(photos, "IMG.dng"), add_raw(photos, "IMG.nef", shade=9)
    photos.name("Ada", ada)
    photos.name("Bob", bob)
    assert write(photos).written == 2
    assert set(boxes(photos.root / "IMG.xmp")) == {"Ada"}
    assert set(boxes(photos.root / "IMG.nef.xmp")) == {"Bob"}
    assert (write(photos).written, write(photos).unchanged) == (0, 2)


def test_a_heic_has_areas_as_stored_and_the_orientation_of_exif(photos: ExportedPhotos) -> None:
    photos.name("Ada", add_turned(photos, "a.heic", 6)[0])
    write(photos)
    packet = Packet((photos.root / "a.heic.xmp").read_bytes())
    assert (packet.orientation, packet.applied) == (6, (384, 512))
    assert boxes_of_upright(packet, 6) == {"Ada": FACE}


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_heic_sidecar_of_former_versions_is_put_right(photos: ExportedPhotos, orientation: int) -> None:
    ada, _ = add_turned(photos, "a.heic", orientation)
    sidecar = photos.root / "a.heic.xmp"
    packet = Packet.empty(1)
    packet.add("Ada", area_of(FACE, SIZE), SIZE)
    packet.add("Bob", area_of(OTHER, SIZE), SIZE)
    sidecar.write_bytes(packet.as_bytes())
    photos.name("Ada", ada)
    assert write(photos).written == 1
    packet = Packet(sidecar.read_bytes())
    assert packet.orientation == orientation
    assert [name for name, _ in packet.names()] == ["Ada", "Bob"]
    assert boxes_of_upright(packet, orientation) == {"Ada": FACE, "Bob": OTHER}
    assert write(photos).unchanged == 1


@pytest.mark.parametrize("ours", [True, False])
def test_regions_of_a_photo_that_was_turned_since_are_not_mixed_with_new_ones(
    photos: ExportedPhotos, ours: bool
) -> None:
    ada, other = add(photos)
    sidecar = photos.root / "a.jpg.xmp"
    packet = Packet.empty(1)
    for name, box in (("Ada", FACE), ("Bob", OTHER)):
        packet.add(name, stored(area_of(box, SIZE), 4), SIZE)
    before = packet.as_bytes() if ours else packet.as_bytes().replace(b"faceindex", b"XMP Core")
    sidecar.write_bytes(before)
    photos.name("Eva", ada, other)
    done = write(photos)
    if ours:
        assert (done.written, done.failed) == (1, ())
        assert [box_of(region.area, SIZE) for region in Packet(sidecar.read_bytes()).regions()] == [FACE, OTHER]
    else:
        assert [(failed.path, "cropped or turned" in failed.error) for failed in done.failed] == [(str(sidecar), True)]
        assert sidecar.read_bytes() == before
