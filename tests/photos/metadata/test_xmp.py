"""Face regions of XMP packets: read in every way they are written, and changed without touching anything else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xmp_samples import digikam, lightroom

from faceindex.photos.metadata.areas import Area
from faceindex.photos.metadata.rdf import BrokenPacket
from faceindex.photos.metadata.xmp import Packet, mentions_regions

AREA = Area(0.4375, 0.25, 0.25, 0.5)
NUMBERS = (AREA.x, AREA.y, AREA.width, AREA.height)
NAMED = [("Eileen Collins", AREA)]


@pytest.mark.parametrize("write", [digikam, lightroom])
def test_other_programs_packets_are_read(write: object) -> None:
    assert callable(write)
    packet = Packet(write(*NUMBERS))
    assert packet.names() == NAMED
    assert packet.applied == (512, 512)
    assert mentions_regions(write(*NUMBERS))


def test_any_prefix_will_do() -> None:
    text = lightroom(*NUMBERS).decode()
    for prefix in ("rdf", "mwg-rs", "stArea", "tiff"):
        text = re.sub(rf"\b{prefix}:", f"other{prefix[0]}:", text).replace(f"xmlns:{prefix}", f"xmlns:other{prefix[0]}")
    packet = Packet(text.encode())
    assert (packet.names(), packet.orientation) == (NAMED, 1)
    packet.add("Bob", Area(0.9, 0.9, 0.1, 0.1), (512, 512))
    assert [name for name, _ in Packet(packet.as_bytes()).names()] == ["Eileen Collins", "Bob"]


def test_default_namespaces_and_utf16_will_do() -> None:
    text = lightroom(*NUMBERS).decode()
    text = text.replace("<x:xmpmeta", "<xmpmeta").replace("</x:xmpmeta", "</xmpmeta").replace("xmlns:x=", "xmlns=")
    packet = Packet(text.encode("utf-16"))
    assert packet.names() == NAMED
    packet.add("Žofie", AREA, (512, 512))
    assert Packet(packet.as_bytes()).names()[1] == ("Žofie", AREA)


def test_microsofts_regions_are_read_where_the_others_name_nobody() -> None:
    both = digikam(*NUMBERS).decode().replace('PersonDisplayName="Eileen Collins"', 'PersonDisplayName="E."')
    assert Packet(both.encode()).names() == NAMED
    only = both.replace('mwg-rs:Name="Eileen Collins"', "")
    assert Packet(only.encode()).names() == [("E.", AREA)]


@pytest.mark.parametrize(
    "change",
    [
        ("Type>Face<", "Type>Pet<"),
        ("Type>Face<", "Type>Focus<"),
        (">normalized<", ">pixel<"),
        ("<stArea:w>0.25</stArea:w>", ""),
        ("w>0.25<", "w>-0.25<"),
        ("w>0.25<", "w>nan<"),
        ("w>0.25<", "w>inf<"),
        ("w>0.25<", "w>wide<"),
        ("w>0.25<", "w>1e9<"),
        (">Eileen Collins<", "> \n <"),
        ("RegionList", "Regionlist"),
    ],
)
def test_regions_that_are_not_named_faces_are_ignored(change: tuple[str, str]) -> None:
    text = lightroom(*NUMBERS).decode()
    assert change[0] in text
    assert Packet(text.replace(*change).encode()).names() == []


def test_padding_and_a_byte_order_mark_do_no_harm() -> None:
    assert Packet(b"\xef\xbb\xbf" + lightroom(*NUMBERS) + b" " * 2000 + b"\0\0").names() == NAMED


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not valid XML"),
        (b"\xff\xd8\xff\xe0", "not valid XML"),
        (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>", "not valid XML"),
        (b"<html/>", "no rdf:RDF"),
        (b"<a>" * 500 + b"</a>" * 500, "inside each other"),
        (b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>', "document type"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"), "document type"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "document type"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "not valid XML"),
        (b"<a>" + b" " * (9 << 20) + b"</a>", "larger than"),
    ],
)
def test_invalid_or_unsafe_packets_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(BrokenPacket, match=why):
        Packet(data)


def test_a_packet_that_is_not_changed_is_written_as_it_was() -> None:
    for write in (digikam, lightroom):
        data = write(*NUMBERS)
        assert without_space(Packet(data).as_bytes()) == without_space(data)


@pytest.mark.parametrize("write", [digikam, lightroom])
def test_a_face_is_renamed_and_nothing_else_changes(write: object) -> None:
    assert callable(write)
    data = write(*NUMBERS)
    packet = Packet(data)
    for region in packet.regions():
        packet.rename(region, 'Ada "the <Countess>" & Co')
    changed = packet.as_bytes()
    assert Packet(changed).names() == [('Ada "the <Countess>" & Co', AREA)]
    back = Packet(changed)
    for region in back.regions():
        back.rename(region, "Eileen Collins")
    assert without_space(back.as_bytes()) == without_space(data)


@pytest.mark.parametrize("write", [digikam, lightroom])
def test_a_name_is_removed_and_given_again(write: object) -> None:
    assert callable(write)
    packet = Packet(write(*NUMBERS))
    for region in packet.regions():
        packet.rename(region, None)
    packet = Packet(packet.as_bytes())
    assert packet.names() == []
    assert {region.area for region in packet.regions()} == {AREA}
    for region in packet.regions():
        packet.rename(region, "Ada")
    assert Packet(packet.as_bytes()).names() == [("Ada", AREA)]


def test_faces_are_added_to_a_packet_without_regions_and_its_settings_stay() -> None:
    text = lightroom(*NUMBERS).decode()
    start, end = text.index("   <mwg-rs:Regions"), text.index("   <!-- a remark")
    packet = Packet((text[:start] + text[end:]).replace('about=""', 'about="uuid:7"').encode())
    packet.add("Ada", AREA, (640, 480))
    packet.add(None, Area(0.5, 0.5, 0.125, 0.125), (640, 480))
    written = packet.as_bytes()
    again = Packet(written)
    assert again.names() == [("Ada", AREA)]
    assert [region.name for region in again.regions()] == ["Ada", None]
    assert again.applied == (640, 480)
    assert written.count(b'rdf:about="uuid:7"') == 2
    for kept in (b'crs:Exposure2012="+0.35"', b"first&#10;second", b"space &amp; stars", b"<!-- a remark -->"):
        assert kept in written


def test_a_new_packet_says_orientation_and_dimensions() -> None:
    packet = Packet.empty(6)
    packet.add("Ada", AREA, (640, 480))
    again = Packet(packet.as_bytes())
    assert (again.orientation, again.applied, again.names()) == (6, (640, 480), [("Ada", AREA)])


@pytest.mark.parametrize("name", ["写真 Žofie", "a\x00b\x08c", "\udce9", "\r\n", "<&\"'>"])
def test_any_name_gives_a_packet_that_can_be_read(name: str) -> None:
    packet = Packet.empty(1)
    packet.add(name, AREA, (640, 480))
    assert len(Packet(packet.as_bytes()).regions()) == 1


@given(st.data())
def test_damaged_packets_are_refused_or_read_and_never_anything_else(data: st.DataObject) -> None:
    packet = bytearray(data.draw(st.sampled_from([digikam(*NUMBERS), lightroom(*NUMBERS)])))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(packet)))
        packet[start : start + data.draw(st.integers(0, 40))] = data.draw(
            st.sampled_from([b"", b"<", b">", b":", b"'"])
        )
    try:
        damaged = Packet(bytes(packet))
        damaged.names()
        damaged.add("Ada", AREA, (640, 480))
        again = Packet(damaged.as_bytes())
    except BrokenPacket:
        return
    assert ("Ada", AREA) in again.names()


def test_a_carriage_return_in_a_text_stays_one() -> None:
    data = lightroom(*NUMBERS).replace(b"space &amp;", b"space&#13;&amp;")
    assert b"space&#13;&amp;" in Packet(data).as_bytes()


def without_space(data: bytes) -> str:
    """Without white space in and between tags, and with one spelling of a newline."""
    text = data.decode().replace("&#xA;", "&#10;")
    return re.sub(r"\s+", "", text)


def test_faces_that_only_one_form_names_are_all_read() -> None:
    microsoft = 'PersonDisplayName="Bob"\n       MPReg:Rectangle="0.8, 0.8, 0.1, 0.1"'
    data = re.sub(r'PersonDisplayName="[^"]*"\s*MPReg:Rectangle="[^"]*"', microsoft, digikam(*NUMBERS).decode())
    names = Packet(data.encode()).names()
    assert [name for name, _ in names] == ["Eileen Collins", "Bob"]
    assert names[0] == NAMED[0]


ACDSEE = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:acdsee-rs="http://ns.acdsee.com/regions/"
 xmlns:acdsee-stDim="http://ns.acdsee.com/sType/Dimensions#" xmlns:acdsee-stArea="http://ns.acdsee.com/sType/Area#">
 <acdsee-rs:Regions rdf:parseType="Resource">
 <acdsee-rs:AppliedToDimensions acdsee-stDim:w="640" acdsee-stDim:h="480" acdsee-stDim:unit="pixel"/>
 <acdsee-rs:RegionList><rdf:Bag><rdf:li><rdf:Description acdsee-rs:Type="Face" acdsee-rs:Name="Ada"
  acdsee-rs:NameAssignType="manual"><acdsee-rs:DLYArea acdsee-stArea:x="0.4375" acdsee-stArea:y="0.25"
  acdsee-stArea:w="0.25" acdsee-stArea:h="0.5"/></rdf:Description></rdf:li></rdf:Bag></acdsee-rs:RegionList>
 </acdsee-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_acdsees_own_regions_are_read_and_renamed() -> None:
    packet = Packet(ACDSEE.encode())
    assert (packet.names(), packet.applied) == ([("Ada", AREA)], (640, 480))
    assert mentions_regions(ACDSEE.encode())
    packet.rename(packet.regions()[0], "Eva")
    assert Packet(packet.as_bytes()).names() == [("Eva", AREA)]
    assert Packet(ACDSEE.replace('"manual"', '"denied"').encode()).names() == []
