"""Face regions in XMP, in the forms that programs write.

The Metadata Working Group's form (Guidelines for Handling Image Metadata 2.0, section 5.9) is written by digiKam,
Lightroom, Picasa and Apple; Microsoft's form (MP:RegionInfo) by Windows and digiKam; ACDSee has its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from faceindex.photos.metadata.areas import Area
from faceindex.photos.metadata.no_names import person_name
from faceindex.photos.metadata.rdf import Node, holder, items, text

Form = Literal["mwg", "microsoft", "acdsee"]

MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA = "http://ns.adobe.com/xmp/sType/Area#"
DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
_MP_INFO = "http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
_MP_REGION = "http://ns.microsoft.com/photo/1.2/t/Region#"
_ACDSEE = "http://ns.acdsee.com/regions/"
_ACDSEE_AREA = "http://ns.acdsee.com/sType/Area#"
_ACDSEE_DIMENSIONS = "http://ns.acdsee.com/sType/Dimensions#"

REGIONS: dict[Form, str] = {
    "mwg": f"{{{MWG}}}Regions",
    "microsoft": "{http://ns.microsoft.com/photo/1.2/}RegionInfo",
    "acdsee": f"{{{_ACDSEE}}}Regions",
}
"""The property with the regions of each form. If forms contradict, the first is used."""

NAME: dict[Form, tuple[str, str]] = {
    "mwg": (f"{{{MWG}}}Name", "mwg-rs"),
    "microsoft": (f"{{{_MP_REGION}}}PersonDisplayName", "MPReg"),
    "acdsee": (f"{{{_ACDSEE}}}Name", "acdsee-rs"),
}
"""The field with a name, and its usual prefix."""

_UNSURE = frozenset(("denied", "suggested"))
"""ACDSee's value for a name that nobody has confirmed (acdsee-rs:NameAssignType)."""


@dataclass(frozen=True, slots=True)
class Region:
    """A face in a packet. name: None if it has none, or one that means "unknown". node: where it is written."""

    name: str | None
    area: Area
    node: Node
    form: Form


def regions_in(form: Form, about: Node) -> Iterator[Region]:
    """The faces in a property of `REGIONS`."""
    match form:
        case "mwg":
            return _mwg_faces(about)
        case "microsoft":
            return _microsoft_faces(about)
        case "acdsee":
            return _acdsee_faces(about)


def applied_to(form: Form, about: Node) -> tuple[float, float] | None:
    """Width and height of the picture that the regions refer to; None if the property has none."""
    if form == "microsoft":
        return None
    of_regions, of_sides = (MWG, DIMENSIONS) if form == "mwg" else (_ACDSEE, _ACDSEE_DIMENSIONS)
    node = holder(about).child(f"{{{of_regions}}}AppliedToDimensions")
    if node is None:
        return None
    sides = _numbers(*(text(holder(node), f"{{{of_sides}}}{side}") for side in "wh"))
    return (sides[0], sides[1]) if sides and min(sides) > 0 else None


def _mwg_faces(about: Node) -> Iterator[Region]:
    for item in items(holder(about).child(f"{{{MWG}}}RegionList")):
        node = holder(item)
        area = _centred_area(node.child(f"{{{MWG}}}Area"), AREA)
        if area and (text(node, f"{{{MWG}}}Type") or "Face") == "Face":
            yield Region(person_name(text(node, NAME["mwg"][0])), area, node, "mwg")


def _microsoft_faces(about: Node) -> Iterator[Region]:
    for item in items(holder(about).child(f"{{{_MP_INFO}}}Regions")):
        node = holder(item)
        area = _microsoft_area(text(node, f"{{{_MP_REGION}}}Rectangle") or "")
        if area:
            yield Region(person_name(text(node, NAME["microsoft"][0])), area, node, "microsoft")


def _acdsee_faces(about: Node) -> Iterator[Region]:
    """DLYArea is the area that the user sees; ALGArea is the detector's."""
    for item in items(holder(about).child(f"{{{_ACDSEE}}}RegionList")):
        node = holder(item)
        written = node.child(f"{{{_ACDSEE}}}DLYArea") or node.child(f"{{{_ACDSEE}}}ALGArea")
        area = _centred_area(written, _ACDSEE_AREA)
        if area and (text(node, f"{{{_ACDSEE}}}Type") or "Face") == "Face":
            sure = (text(node, f"{{{_ACDSEE}}}NameAssignType") or "").casefold() not in _UNSURE
            yield Region(person_name(text(node, NAME["acdsee"][0])) if sure else None, area, node, "acdsee")


def _centred_area(node: Node | None, namespace: str) -> Area | None:
    """The area; None for a point or a circle, or if numbers are missing or invalid."""
    if node is None:
        return None
    fields = holder(node)
    if (text(fields, f"{{{namespace}}}unit") or "normalized") != "normalized":
        return None
    values = _numbers(*(text(fields, f"{{{namespace}}}{key}") for key in "xywh"))
    return _sane(Area(*values)) if values else None


def _microsoft_area(said: str) -> Area | None:
    """The area in `left, top, width, height`, as fractions of the sides."""
    values = _numbers(*said.split(","))
    if values is None or len(values) != 4:
        return None
    left, top, width, height = values
    return _sane(Area(left + width / 2, top + height / 2, width, height))


def _sane(area: Area) -> Area | None:
    good = 0 < area.width <= 2 and 0 < area.height <= 2 and -1 <= area.x <= 2 and -1 <= area.y <= 2
    return area if good else None


def _numbers(*written: str | None) -> tuple[float, ...] | None:
    try:
        values = tuple(float(value or "") for value in written)
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None
