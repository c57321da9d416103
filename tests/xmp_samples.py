"""XMP as other programs write it, after the public formats; the picture is stored 512 x 512, the face in its middle."""

from __future__ import annotations

import hashlib
import struct
from xml.sax.saxutils import escape

DIGIKAM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MP="http://ns.microsoft.com/photo/1.2/"
    xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
    xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
   <digiKam:TagsList>
    <rdf:Seq>
     <rdf:li>People/Eileen Collins</rdf:li>
    </rdf:Seq>
   </digiKam:TagsList>
   <MP:RegionInfo rdf:parseType="Resource">
    <MPRI:Regions>
     <rdf:Bag>
      <rdf:li
       MPReg:PersonDisplayName="Eileen Collins"
       MPReg:Rectangle="{left}, {top}, {width}, {height}"/>
     </rdf:Bag>
    </MPRI:Regions>
   </MP:RegionInfo>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions
     stDim:w="512"
     stDim:h="512"
     stDim:unit="pixel"/>
    <mwg-rs:RegionList>
     <rdf:Bag>
      <rdf:li>
       <rdf:Description
        mwg-rs:Name="Eileen Collins"
        mwg-rs:Type="Face">
       <mwg-rs:Area
        stArea:x="{x}"
        stArea:y="{y}"
        stArea:w="{width}"
        stArea:h="{height}"
        stArea:unit="normalized"/>
       </rdf:Description>
      </rdf:li>
     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

LIGHTROOM = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
   tiff:Orientation="1"
   crs:Exposure2012="+0.35"
   crs:Note="first&#xA;second">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>space &amp; stars</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions
     rdf:parseType="Resource">
     <stDim:w>512</stDim:w>
     <stDim:h>512</stDim:h>
     <stDim:unit>pixel</stDim:unit>
    </mwg-rs:AppliedToDimensions>
    <mwg-rs:RegionList>
     <rdf:Bag>
      <rdf:li rdf:parseType="Resource">
       <mwg-rs:Area rdf:parseType="Resource">
        <stArea:h>{height}</stArea:h>
        <stArea:w>{width}</stArea:w>
        <stArea:x>{x}</stArea:x>
        <stArea:y>{y}</stArea:y>
        <stArea:unit>normalized</stArea:unit>
       </mwg-rs:Area>
       <mwg-rs:Name>Eileen Collins</mwg-rs:Name>
       <mwg-rs:Type>Face</mwg-rs:Type>
       <mwg-rs:Rotation>0.00000</mwg-rs:Rotation>
      </rdf:li>
     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
   <!-- a remark -->
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


CATEGORIES = (
    '<Categories><Category Assigned="0">People<Category Assigned="1">Ada</Category>'
    '<Category Assigned="1">Florence</Category></Category>'
    '<Category Assigned="0">Places<Category Assigned="1">Florence</Category></Category></Categories>'
)
LISTS = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
    xmlns:MP="http://ns.microsoft.com/photo/1.2/"
    xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
    xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:mediapro="http://ns.iview-multimedia.com/mediapro/1.0/"
    xmlns:acdsee="http://ns.acdsee.com/iptc/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
   acdsee:categories="{categories}">
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="512" stDim:h="384" stDim:unit="pixel"/>
    <mwg-rs:RegionList>
     <rdf:Bag>
      <rdf:li>
       <rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face">
       <mwg-rs:Area stArea:x="0.25" stArea:y="0.375" stArea:w="0.25" stArea:h="0.25" stArea:unit="normalized"/>
       </rdf:Description>
      </rdf:li>
      <rdf:li>
       <rdf:Description mwg-rs:Name="Florence" mwg-rs:Type="Face">
       <mwg-rs:Area stArea:x="0.6875" stArea:y="0.375" stArea:w="0.125" stArea:h="0.25" stArea:unit="normalized"/>
       </rdf:Description>
      </rdf:li>
     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
   <MP:RegionInfo rdf:parseType="Resource">
    <MPRI:Regions>
     <rdf:Bag>
      <rdf:li MPReg:PersonDisplayName="Ada" MPReg:Rectangle="0.125, 0.25, 0.25, 0.25"/>
      <rdf:li MPReg:PersonDisplayName="Florence" MPReg:Rectangle="0.625, 0.25, 0.125, 0.25"/>
     </rdf:Bag>
    </MPRI:Regions>
   </MP:RegionInfo>
   <digiKam:TagsList><rdf:Seq>
     <rdf:li>People/Ada</rdf:li>
     <rdf:li>People/Florence</rdf:li>
     <rdf:li>Places/Florence</rdf:li>
     <rdf:li>People/Adam</rdf:li>
   </rdf:Seq></digiKam:TagsList>
   <MicrosoftPhoto:LastKeywordXMP><rdf:Bag>
     <rdf:li>People/Ada</rdf:li>
     <rdf:li>People/Florence</rdf:li>
     <rdf:li>Places/Florence</rdf:li>
   </rdf:Bag></MicrosoftPhoto:LastKeywordXMP>
   <lr:hierarchicalSubject><rdf:Bag>
     <rdf:li>People|Ada</rdf:li>
     <rdf:li>People|Florence</rdf:li>
     <rdf:li>Places|Florence</rdf:li>
   </rdf:Bag></lr:hierarchicalSubject>
   <mediapro:CatalogSets><rdf:Bag>
     <rdf:li>People|Ada</rdf:li>
     <rdf:li>People|Florence</rdf:li>
   </rdf:Bag></mediapro:CatalogSets>
   <dc:subject><rdf:Bag>
     <rdf:li>Ada</rdf:li>
     <rdf:li>Florence</rdf:li>
     <rdf:li>Adam</rdf:li>
   </rdf:Bag></dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


def with_lists() -> bytes:
    """What digiKam 7.9 writes of Ada, Florence, and the place Florence, of a picture of 512 x 384."""
    return LISTS.format(categories=escape(CATEGORIES, {'"': "&quot;"})).encode()


def digikam(x: float, y: float, width: float, height: float) -> bytes:
    """A packet with one face. x, y: its centre; all in parts of the sides."""
    return _filled(DIGIKAM, x, y, width, height)


def lightroom(x: float, y: float, width: float, height: float) -> bytes:
    """As `digikam`, a sidecar with settings and keywords."""
    return _filled(LIGHTROOM, x, y, width, height)


def extended(rest: bytes, part: int = 65_000) -> tuple[bytes, list[bytes]]:
    """A standard packet that names `rest` as its extended part, and the data of the segments with `part` bytes each."""
    guid = hashlib.md5(rest).hexdigest().upper().encode()
    note = b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="%s"' % guid
    standard = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" %s/></rdf:RDF></x:xmpmeta>"""
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">I", len(rest))
    starts = range(0, len(rest), part)
    return standard % note, [head + struct.pack(">I", start) + rest[start : start + part] for start in starts]


def with_segments(jpeg: bytes, segments: list[bytes]) -> bytes:
    """A JPEG with further APP1 segments at its beginning."""
    written = (b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment for segment in segments)
    return jpeg[:2] + b"".join(written) + jpeg[2:]


def _filled(sample: str, x: float, y: float, width: float, height: float) -> bytes:
    corner = {"left": x - width / 2, "top": y - height / 2}
    return sample.format(x=x, y=y, width=width, height=height, **corner).encode()
