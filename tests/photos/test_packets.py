"""XMP is found beside photos and in them, with the orientation that its areas are to be turned by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from xmp_samples import digikam

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import open_photo
from faceindex.photos.metadata.xmp import Packet
from faceindex.photos.packets import Header, Sidecars, new_sidecar, orientation_to_undo, read_header

PACKET = digikam(0.5, 0.5, 0.25, 0.25)


def save(path: Path, *, orientation: int = 1, xmp: bytes | None = PACKET) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"exif": exif.tobytes()}
    if xmp is not None and path.suffix == ".png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
    elif xmp is not None and path.suffix == ".tif":
        options["tiffinfo"] = {700: xmp}
        del options["exif"]
    elif xmp is not None:
        options["xmp"] = xmp
    Image.new("RGB", (64, 48)).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic", "a.avif"])
def test_a_packet_in_a_photo_is_read_without_its_pixels(tmp_path: Path, name: str) -> None:
    packet = read_header(str(save(tmp_path / name))).packet
    assert packet is not None
    assert Packet(packet).names()[0][0] == "Eileen Collins"
    assert read_header(str(save(tmp_path / name, xmp=None))).packet is None


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic", "a.avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_that_of_the_picture(tmp_path: Path, name: str, orientation: int) -> None:
    path = str(save(tmp_path / name, orientation=orientation, xmp=None))
    header = read_header(path)
    assert header.undone == (name == "a.heic")
    turned = open_photo(path)
    swapped = header.orientation in (5, 6, 7, 8)
    assert ((turned.width, turned.height) == (48, 64)) == swapped
    assert header.orientation == orientation


def test_files_that_are_not_photos_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 no")
    with pytest.raises(UnreadablePhoto, match=r"a\.jpg"):
        read_header(str(tmp_path / "a.jpg"))
    with pytest.raises(UnreadablePhoto, match="No such file"):
        read_header(str(tmp_path / "b.jpg"))


def packet_with(sides: tuple[int, int] | None = None, orientation: int | None = None) -> Packet:
    text = PACKET.decode()
    if sides is not None:
        text = text.replace('stDim:w="512"', f'stDim:w="{sides[0]}"').replace('stDim:h="512"', f'stDim:h="{sides[1]}"')
    if orientation is not None:
        tiff = f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{orientation}" rdf:about=""'
        text = text.replace('rdf:about=""', tiff)
    return Packet(text.encode())


UPRIGHT = (48, 64)


@pytest.mark.parametrize(
    ("header", "sides", "said", "undo"),
    [
        (Header(6, False, None), (64, 48), None, 6),
        (Header(6, False, None), (48, 64), None, 1),
        (Header(6, False, None), (480, 640), 6, 1),
        (Header(6, False, None), (0, 0), None, 6),
        (Header(3, False, None), (48, 64), None, 3),
        (Header(3, False, None), (48, 64), 1, 3),
        (Header(1, False, None), (48, 64), 6, 1),
        (Header(6, True, None), (48, 64), None, 1),
        (Header(6, True, None), (64, 48), None, 6),
        (Header(6, True, None), (64, 48), 6, 6),
        (Header(6, True, None), (48, 64), 6, 1),
        (Header(3, True, None), (48, 64), None, 3),
        (Header(3, True, None), (48, 64), 1, 1),
        (Header(6, False, None, only_upright=True), (0, 0), None, 1),
        (Header(3, True, None), (48, 64), 3, 3),
    ],
)
def test_areas_are_of_the_stored_picture_unless_the_sides_say_upright(
    header: Header, sides: tuple[int, int], said: int | None, undo: int
) -> None:
    assert orientation_to_undo(header, packet_with(sides, said), UPRIGHT) == undo


def test_sidecars_are_found_by_the_whole_name_first(tmp_path: Path) -> None:
    sidecars = Sidecars()
    photo = str(tmp_path / "a.jpg")
    assert sidecars.of(photo) is None
    for name in ("a.xmp", "A.JPG.XMP"):
        (tmp_path / name).touch()
        assert Sidecars().of(photo) == str(tmp_path / name)
    assert sidecars.of(str(tmp_path / "sub" / "a.jpg")) is None
    assert sidecars.of(photo) == str(tmp_path / "A.JPG.XMP")


def test_new_sidecars_are_named_as_other_programs_look_for_them(tmp_path: Path) -> None:
    assert new_sidecar("/p/a.jpg") == "/p/a.jpg.xmp"
    assert new_sidecar("/p/a.CR2") == "/p/a.xmp"


def test_new_regions_go_into_the_sidecar_that_is_there(tmp_path: Path) -> None:
    """Immich and darktable read only one: a second one would hide the ratings in the first."""
    sidecar, photo, raw = tmp_path / "a.xmp", str(tmp_path / "a.jpg"), tmp_path / "a.nef"
    sidecar.touch()
    assert Sidecars().own(photo) == Sidecars().own(str(raw)) == [str(sidecar)]
    raw.touch()
    assert Sidecars().own(photo) == []
    assert Sidecars().own(str(raw)) == [str(sidecar)]
    assert Sidecars().all_of(photo) == [str(sidecar)]
    (tmp_path / "a.jpg.xmp").touch()
    assert Sidecars().own(photo) == [str(tmp_path / "a.jpg.xmp")]
    raw.unlink()
    assert Sidecars().own(photo) == [str(tmp_path / "a.jpg.xmp"), str(sidecar)]
