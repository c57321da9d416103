"""Face regions as programs write them, for photos of every orientation and format, and how many names arrive.

Photos with three faces (Eileen Collins, NASA, public domain), stored in the eight EXIF orientations, with a sidecar in
some form beside each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pillow_heif
from orientations import TO_STORED
from PIL import Image
from skimage import data

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.photos.metadata.areas import Area, area_of, stored, stored_size
from faceindex.types import Box

SUFFIXES = (".jpg", ".heic", ".png", ".tif")
SIZE = (640, 360)
FACES = {"Ada": Box(72, 62, 104, 128), "Bob": Box(357, 158, 71, 88), "Cy": Box(546, 46, 57, 70)}
"""Where the faces of the drawn photo are, as a person would draw them: a little beside what a detector finds."""

HEAD = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
TAIL = "</rdf:RDF></x:xmpmeta>"
MWG = """<rdf:Description rdf:about="" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
 <mwg-rs:Regions rdf:parseType="Resource">
 <mwg-rs:AppliedToDimensions stDim:w="{sides[0]}" stDim:h="{sides[1]}" stDim:unit="pixel"/>
 <mwg-rs:RegionList><rdf:Bag>{items}</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description>"""
MWG_ITEM = """<rdf:li rdf:parseType="Resource"><mwg-rs:Name>{name}</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type>
 <mwg-rs:Area stArea:x="{x:.5f}" stArea:y="{y:.5f}" stArea:w="{w:.5f}" stArea:h="{h:.5f}" stArea:unit="normalized"/>
 </rdf:li>"""
MICROSOFT = """<rdf:Description rdf:about="" xmlns:MP="http://ns.microsoft.com/photo/1.2/"
 xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#">
 <MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>{items}</rdf:Bag></MPRI:Regions></MP:RegionInfo>
 </rdf:Description>"""
MICROSOFT_ITEM = """<rdf:li MPReg:PersonDisplayName="{name}"
 MPReg:Rectangle="{left:.5f}, {top:.5f}, {w:.5f}, {h:.5f}"/>"""
ACDSEE = """<rdf:Description rdf:about="" xmlns:acdsee-rs="http://ns.acdsee.com/regions/"
 xmlns:acdsee-stDim="http://ns.acdsee.com/sType/Dimensions#" xmlns:acdsee-stArea="http://ns.acdsee.com/sType/Area#">
 <acdsee-rs:Regions rdf:parseType="Resource">
 <acdsee-rs:AppliedToDimensions acdsee-stDim:w="{sides[0]}" acdsee-stDim:h="{sides[1]}" acdsee-stDim:unit="pixel"/>
 <acdsee-rs:RegionList><rdf:Bag>{items}</rdf:Bag></acdsee-rs:RegionList></acdsee-rs:Regions></rdf:Description>"""
ACDSEE_ITEM = """<rdf:li><rdf:Description acdsee-rs:Type="Face" acdsee-rs:Name="{name}"
 acdsee-rs:NameAssignType="manual"><acdsee-rs:DLYArea acdsee-stArea:x="{x:.5f}" acdsee-stArea:y="{y:.5f}"
 acdsee-stArea:w="{w:.5f}" acdsee-stArea:h="{h:.5f}"/><acdsee-rs:ALGArea
 acdsee-stArea:x="{x:.5f}" acdsee-stArea:y="{y:.5f}"
 acdsee-stArea:w="{w:.5f}" acdsee-stArea:h="{h:.5f}"/></rdf:Description></rdf:li>"""
DIGIKAMS = '<rdf:Description rdf:about="" xmlns:digiKam="http://www.digikam.org/ns/1.0/" digiKam:PickLabel="0"/>'


class Form(NamedTuple):
    """How a program writes regions. turned: areas and sides of the stored picture, else of the upright one."""

    packet: str
    item: str
    turned_areas: bool
    turned_sides: bool
    place: Callable[[Area, tuple[int, int]], Area] = lambda area, _: area


def _until_digikam_6(area: Area, stored_sides: tuple[int, int]) -> Area:
    """Pixels of the upright picture, in parts of the stored one's sides."""
    across, down = SIZE[0] / stored_sides[0], SIZE[1] / stored_sides[1]
    return Area(area.x * across, area.y * down, area.width * across, area.height * down)


FORMS = {
    "mwg-stored": Form(MWG, MWG_ITEM, True, True),
    "mwg-upright": Form(MWG, MWG_ITEM, False, False),
    "microsoft-stored": Form(MICROSOFT, MICROSOFT_ITEM, True, True),
    "microsoft-upright": Form(MICROSOFT, MICROSOFT_ITEM, False, False),
    "picasa": Form(MWG, MWG_ITEM, False, True),  # areas as seen, sides as stored
    "picasa-reverse": Form(MWG, MWG_ITEM, True, False),
    "acdsee-stored": Form(ACDSEE, ACDSEE_ITEM, True, True),
    "acdsee-upright": Form(ACDSEE, ACDSEE_ITEM, False, True),
    "digikam-6": Form(DIGIKAMS + MWG, MWG_ITEM, False, True, _until_digikam_6),
}


class Counts(NamedTuple):
    """Of one form and format. wrong: names on the face of somebody else; lost: on no face."""

    names: int
    wrong: int
    lost: int


def packet(form: Form, orientation: int) -> str:
    """A sidecar of the drawn photo."""
    sides = stored_size(SIZE, orientation)
    items = []
    for name, box in FACES.items():
        upright = form.place(area_of(box, SIZE), sides)
        area = stored(upright, orientation) if form.turned_areas else upright
        corner = {"left": area.x - area.width / 2, "top": area.y - area.height / 2}
        items.append(form.item.format(name=name, x=area.x, y=area.y, w=area.width, h=area.height, **corner))
    return HEAD + form.packet.format(sides=sides if form.turned_sides else SIZE, items="".join(items)) + TAIL


def drawn_photo() -> Image.Image:
    """Three faces of different sizes; no turn of the picture looks like it."""
    face = Image.fromarray(data.astronaut()).crop((120, 0, 330, 260))
    picture = Image.new("RGB", SIZE, "grey")
    for box, (left, top) in zip(FACES.values(), ((16, 20), (320, 128), (516, 22)), strict=True):
        picture.paste(face.resize((round(box.width * 1.95), round(box.height * 1.96))), (left, top))
    return picture


def write_photos(folder: Path, form: Form, suffixes: Sequence[str]) -> None:
    """The photo in every orientation, with a sidecar each; no two files are alike."""
    pillow_heif.register_heif_opener()
    folder.mkdir(parents=True)
    picture = drawn_photo()
    for orientation, turn in TO_STORED.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = picture if turn is None else picture.transpose(turn)
        for suffix in suffixes:
            path = folder / f"{orientation}{suffix}"
            image.save(path, exif=exif.tobytes() if suffix != ".tif" else exif, quality=95)
            path.with_name(f"{path.name}.xmp").write_text(packet(form, orientation))


def judged(library: faceindex.Library, suffix: str) -> Counts:
    """Names of photos of one format against where the faces are."""
    faces = [face for face in library.faces if Path(face.photo).suffix == suffix and face.person]
    right = sum(face.box.overlap(FACES[str(face.person)]) > 0.3 for face in faces)
    expected = len(TO_STORED) * len(FACES)
    return Counts(expected, len(faces) - right, expected - len(faces))


def measure(folder: Path, form: str, suffixes: Sequence[str]) -> dict[tuple[str, str], Counts]:
    """Names read in `form`, and read again by another library from what the first one writes."""
    photos = folder / form
    write_photos(photos, FORMS[form], suffixes)
    found: dict[tuple[str, str], Counts] = {}
    with faceindex.Library(folder / f"{form}.faces", recipe=recipe("sface")) as library:
        library.ingest([photos], workers=1, xmp=True)
        found |= {(form, suffix): judged(library, suffix) for suffix in suffixes}
        for sidecar in photos.glob("*.xmp"):
            sidecar.unlink()
        for face in list(library.faces):
            if face.person:  # else names go with their files
                library.people.name(face.person, face=face.face)
        library.photos.write_sidecars([photos])
    with faceindex.Library(folder / f"{form}-again.faces", recipe=recipe("sface")) as library:
        library.ingest([photos], workers=1, xmp=True)
        found |= {(f"{form}, written back", suffix): judged(library, suffix) for suffix in suffixes}
    return found
