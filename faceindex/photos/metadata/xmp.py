"""Face regions in XMP packets: read, and changed in place.

Areas are as in the packet: by the standard, fractions of the stored picture; see `faceindex.photos.metadata.areas`.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from faceindex.photos.metadata.areas import Area, box_of
from faceindex.photos.metadata.face_regions import (
    AREA,
    DIMENSIONS,
    MWG,
    NAME,
    REGIONS,
    Form,
    Region,
    applied_to,
    regions_in,
)
from faceindex.photos.metadata.rdf import RDF, BrokenPacket, Document, Node, container, holder, parse, set_text, text

_TIFF = "http://ns.adobe.com/tiff/1.0/"
_TOOLKIT = "{adobe:ns:meta/}xmptk"
_NAMESPACES = {"rdf": RDF, "mwg-rs": MWG, "stArea": AREA, "stDim": DIMENSIONS}
_SAME_PLACE = 0.5
"""Smallest intersection over union of two regions, in different forms, of one face: programs write both forms."""

_FINE = (100_000, 100_000)

_EMPTY = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="faceindex">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about="" xmlns:tiff="{_TIFF}" tiff:Orientation="%d"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def mentions_regions(packet: bytes) -> bool:
    """Whether the packet needs parsing: it contains the word Regions or RegionInfo, or is UTF-16, which is rare."""
    return b"Region" in packet or packet[:2] in (b"\xff\xfe", b"\xfe\xff")


class Packet:
    """An XMP packet. Parts that are not changed stay as they were written.

    applied: width and height of the picture that the regions refer to. orientation: stated for the picture, 1 to 8.
    ours: whether faceindex wrote it, and no other program since.
    """

    def __init__(self, data: bytes) -> None:
        """Raises: BrokenPacket if `data` is not an XMP packet."""
        self._read(data)

    def _read(self, data: bytes) -> None:
        self._document: Document = parse(data)
        rdf = next(self._document.root.everywhere(f"{{{RDF}}}RDF"), None)
        if rdf is None:
            raise BrokenPacket("it is XML, but not XMP: it has no rdf:RDF")
        self._rdf = rdf
        self._regions = self.property(REGIONS["mwg"])
        self.applied = next(filter(None, map(self.applied_to, REGIONS)), None)
        said = self.property_text(f"{{{_TIFF}}}Orientation") or ""
        self.orientation = int(said) if re.fullmatch("[1-8]", said.strip(), re.ASCII) else None
        self.ours = text(self._document.root, _TOOLKIT) == "faceindex"

    @classmethod
    def empty(cls, orientation: int) -> Packet:
        """An empty packet for a picture with this EXIF orientation."""
        return cls((_EMPTY % orientation).encode())

    def as_bytes(self) -> bytes:
        """The packet, UTF-8."""
        return self._document.as_bytes()

    def regions(self) -> list[Region]:
        """Every face, by form, in the order of `REGIONS`; the same face may be in several forms."""
        found = ((form, self.property(tag)) for form, tag in REGIONS.items())
        return [region for form, node in found if node is not None for region in regions_in(form, node)]

    def applied_to(self, form: Form) -> tuple[float, float] | None:
        """Width and height of the picture that the regions of one form refer to; None if not stated."""
        node = self.property(REGIONS[form])
        return None if node is None else applied_to(form, node)

    def names(self) -> list[tuple[str, Area]]:
        """Names and their areas; a face that is named in several forms has the name in the first."""
        named = [region for region in self.regions() if region.name]
        return [
            (region.name, region.area)
            for place, region in enumerate(named)
            if region.name
            and not any(other.form != region.form and same_place(other.area, region.area) for other in named[:place])
        ]

    def rename(self, region: Region, name: str | None) -> None:
        """Give a face of `regions` this name; None removes its name."""
        tag, prefix = NAME[region.form]
        set_text(region.node, tag, None if name is None else writable(name), prefix)

    def add(self, name: str | None, area: Area, size: tuple[int, int]) -> None:
        """Add a face. Earlier results of `regions` are no longer part of the packet.

        size: of the stored picture in pixels; written if the packet has no regions yet.
        """
        array = self._array(size)
        item = ElementTree.SubElement(array.element, "rdf:li", _declarations(array))
        named = {} if name is None else {"mwg-rs:Name": writable(name)}
        face = ElementTree.SubElement(item, "rdf:Description", named | {"mwg-rs:Type": "Face"})
        values = {"x": area.x, "y": area.y, "w": area.width, "h": area.height}
        written = {f"stArea:{key}": f"{value:.6f}" for key, value in values.items()}
        ElementTree.SubElement(face, "mwg-rs:Area", written | {"stArea:unit": "normalized"})

    def say_sides(self, size: tuple[int, int]) -> None:
        """Change the stated size of the picture, in regions that state one, to `size`: width and height in pixels."""
        node = None if self._regions is None else holder(self._regions).child(f"{{{MWG}}}AppliedToDimensions")
        for side, length in zip("wh", size, strict=True):
            if node is not None:
                set_text(holder(node), f"{{{DIMENSIONS}}}{side}", str(length), "stDim")

    def declares(self, namespace: str) -> bool:
        """Whether a program has written a property of this namespace."""
        return any(
            namespace in name for about in self._rdf.children for name in (*about.attributes, *_tags(about.children))
        )

    def property(self, tag: str) -> Node | None:
        """The node of a property, `{namespace}name`, that is written as an element; None if it is missing."""
        found = (about.child(tag) for about in self._rdf.children)
        return next((node for node in found if node is not None), None)

    def property_holder(self, tag: str) -> Node | None:
        """The node that has the property as an attribute or a child; None if it is missing."""
        return next((about for about in self._rdf.children if text(about, tag) is not None), None)

    def property_text(self, tag: str) -> str | None:
        """The text of a simple property; None if it is missing."""
        found = (text(about, tag) for about in self._rdf.children)
        return next((value for value in found if value is not None), None)

    def _array(self, size: tuple[int, int]) -> Node:
        """The array of regions, created if there is none."""
        listed = None if self._regions is None else holder(self._regions).child(f"{{{MWG}}}RegionList")
        return container(listed) or self._new_array(size)

    def _new_array(self, size: tuple[int, int]) -> Node:
        if self._regions is not None:  # it has no array, so it means nothing
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


def same_place(area: Area, other: Area) -> bool:
    """Whether two regions of one packet belong to one face."""
    return box_of(area, _FINE).overlap(box_of(other, _FINE)) >= _SAME_PLACE


def writable(said: str) -> str:
    """The text without characters that XML cannot contain."""
    return _NOT_IN_XML.sub("\ufffd", said)


def _tags(nodes: list[Node]) -> list[str]:
    return [node.tag for node in nodes]


def _declarations(node: Node) -> dict[str, str]:
    return {f"xmlns:{prefix}": uri for prefix, uri in _NAMESPACES.items() if node.scope.get(prefix) != uri}
