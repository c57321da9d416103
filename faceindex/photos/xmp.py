"""Face regions in XMP packets: read, and changed in place.

The form of the Metadata Working Group (Guidelines for Handling Image Metadata 2.0, section 5.9), which digiKam,
Lightroom, Picasa and Apple write; and Microsoft's (MP:RegionInfo), which digiKam writes too and Windows wrote alone.
Areas are those of the packet: parts of the stored picture, by the standard; see `faceindex.photos.areas`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from faceindex.photos.areas import Area
from faceindex.photos.rdf import RDF, BrokenPacket, Document, Node, container, holder, items, parse, set_text, text

_MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
_AREA = "http://ns.adobe.com/xmp/sType/Area#"
_DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_MP = "http://ns.microsoft.com/photo/1.2/"
_MP_INFO = "http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
_MP_REGION = "http://ns.microsoft.com/photo/1.2/t/Region#"
_NAMESPACES = {"rdf": RDF, "mwg-rs": _MWG, "stArea": _AREA, "stDim": _DIMENSIONS}
_NAME, _MP_NAME = f"{{{_MWG}}}Name", f"{{{_MP_REGION}}}PersonDisplayName"

_EMPTY = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="faceindex">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about="" xmlns:tiff="{_TIFF}" tiff:Orientation="%d"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


@dataclass(frozen=True, slots=True)
class Region:
    """A face in a packet. name: None when it has none. node: where it is written. microsoft: in which form."""

    name: str | None
    area: Area
    node: Node
    microsoft: bool


def mentions_regions(packet: bytes) -> bool:
    """Whether it is worth parsing: it has the word Regions or RegionInfo, or is in UTF-16, which is rare."""
    return b"Region" in packet or packet[:2] in (b"\xff\xfe", b"\xfe\xff")


class Packet:
    """An XMP packet; what is not changed stays as it was written.

    applied: width and height of the picture that the regions are of. orientation: what it says of the picture, 1 to 8.
    """

    def __init__(self, data: bytes) -> None:
        """Raises: BrokenPacket when `data` is no XMP packet."""
        self._read(data)

    def _read(self, data: bytes) -> None:
        self._document: Document = parse(data)
        rdf = next(self._document.root.everywhere(f"{{{RDF}}}RDF"), None)
        if rdf is None:
            raise BrokenPacket("XML, but no XMP packet: it has no rdf:RDF")
        self._rdf = rdf
        self._regions = self._property(f"{{{_MWG}}}Regions")
        self.applied = self._applied()
        said = self.property_text(f"{{{_TIFF}}}Orientation") or ""
        self.orientation = int(said) if re.fullmatch("[1-8]", said.strip(), re.ASCII) else None

    @classmethod
    def empty(cls, orientation: int) -> Packet:
        """A packet for a picture of this EXIF orientation that says nothing yet."""
        return cls((_EMPTY % orientation).encode())

    def as_bytes(self) -> bytes:
        """The packet, UTF-8."""
        return self._document.as_bytes()

    def regions(self) -> list[Region]:
        """Every face, of the Metadata Working Group's form and of Microsoft's: the same face may be in both."""
        return [*self._mwg_faces(), *self._microsoft_faces()]

    def names(self) -> list[tuple[str, Area]]:
        """Names and where they are; Microsoft's only when the other form names nobody."""
        named = [region for region in self.regions() if region.name]
        chosen = [region for region in named if not region.microsoft] or named
        return [(region.name, region.area) for region in chosen if region.name]

    def rename(self, region: Region, name: str | None) -> None:
        """Let a face of `regions` have this name; None takes it away."""
        tag, prefix = (_MP_NAME, "MPReg") if region.microsoft else (_NAME, "mwg-rs")
        set_text(region.node, tag, None if name is None else _writable(name), prefix)

    def add(self, name: str | None, area: Area, size: tuple[int, int]) -> None:
        """One more face; what `regions` gave before is no longer part of the packet.

        size: of the stored picture in pixels, written when the packet has no regions yet.
        """
        array = self._array(size)
        item = ElementTree.SubElement(array.element, "rdf:li", _declarations(array))
        named = {} if name is None else {"mwg-rs:Name": _writable(name)}
        face = ElementTree.SubElement(item, "rdf:Description", named | {"mwg-rs:Type": "Face"})
        values = {"x": area.x, "y": area.y, "w": area.width, "h": area.height}
        written = {f"stArea:{key}": f"{value:.6f}" for key, value in values.items()}
        ElementTree.SubElement(face, "mwg-rs:Area", written | {"stArea:unit": "normalized"})

    def _property(self, tag: str) -> Node | None:
        found = (about.child(tag) for about in self._rdf.children)
        return next((node for node in found if node is not None), None)

    def property_text(self, tag: str) -> str | None:
        """What a simple property, `{namespace}name`, says; None when it is not there."""
        found = (text(about, tag) for about in self._rdf.children)
        return next((value for value in found if value is not None), None)

    def _applied(self) -> tuple[float, float] | None:
        if self._regions is None:
            return None
        node = holder(self._regions).child(f"{{{_MWG}}}AppliedToDimensions")
        if node is None:
            return None
        sides = _numbers(*(text(holder(node), f"{{{_DIMENSIONS}}}{side}") for side in "wh"))
        return (sides[0], sides[1]) if sides and min(sides) > 0 else None

    def _mwg_faces(self) -> Iterator[Region]:
        if self._regions is None:
            return
        for item in items(holder(self._regions).child(f"{{{_MWG}}}RegionList")):
            node = holder(item)
            area = _mwg_area(node.child(f"{{{_MWG}}}Area"))
            if area and (text(node, f"{{{_MWG}}}Type") or "Face") == "Face":
                yield Region(_name(text(node, _NAME)), area, node, microsoft=False)

    def _microsoft_faces(self) -> Iterator[Region]:
        info = self._property(f"{{{_MP}}}RegionInfo")
        for item in [] if info is None else items(holder(info).child(f"{{{_MP_INFO}}}Regions")):
            node = holder(item)
            area = _microsoft_area(text(node, f"{{{_MP_REGION}}}Rectangle") or "")
            if area:
                yield Region(_name(text(node, _MP_NAME)), area, node, microsoft=True)

    def _array(self, size: tuple[int, int]) -> Node:
        """The array of regions, made when there is none."""
        listed = None if self._regions is None else holder(self._regions).child(f"{{{_MWG}}}RegionList")
        return container(listed) or self._new_array(size)

    def _new_array(self, size: tuple[int, int]) -> Node:
        if self._regions is not None:  # one without an array says nothing
            for about in self._rdf.children:
                if self._regions in about.children:
                    about.element.remove(self._regions.element)
                    about.children.remove(self._regions)
        abouts = [text(node, f"{{{RDF}}}about") for node in self._rdf.children]
        written = {"rdf:about": next((about for about in abouts if about), "")} | _declarations(self._rdf)
        description = ElementTree.SubElement(self._rdf.element, "rdf:Description", written)
        regions = ElementTree.SubElement(description, "mwg-rs:Regions", {"rdf:parseType": "Resource"})
        sides = {"stDim:w": str(size[0]), "stDim:h": str(size[1]), "stDim:unit": "pixel"}
        ElementTree.SubElement(regions, "mwg-rs:AppliedToDimensions", sides)
        ElementTree.SubElement(ElementTree.SubElement(regions, "mwg-rs:RegionList"), "rdf:Bag")
        self._read(self.as_bytes())
        return self._array(size)


def _declarations(node: Node) -> dict[str, str]:
    return {f"xmlns:{prefix}": uri for prefix, uri in _NAMESPACES.items() if node.scope.get(prefix) != uri}


def _mwg_area(node: Node | None) -> Area | None:
    """None for a point or a circle, and where numbers are missing or make no sense."""
    if node is None:
        return None
    fields = holder(node)
    if (text(fields, f"{{{_AREA}}}unit") or "normalized") != "normalized":
        return None
    values = _numbers(*(text(fields, f"{{{_AREA}}}{key}") for key in "xywh"))
    return _sane(Area(*values)) if values else None


def _microsoft_area(said: str) -> Area | None:
    """`left, top, width, height`, in parts of the sides."""
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


def _name(said: str | None) -> str | None:
    return " ".join((said or "").split()) or None


def _writable(name: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", name)
