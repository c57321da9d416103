"""A person's entries in lists of names follow the region; those of places and of namesakes stay."""

from __future__ import annotations

import re

import pytest
from xmp_samples import with_lists

from faceindex.photos.metadata.keyword_lists import Names, rename_in_lists
from faceindex.photos.metadata.rdf import items
from faceindex.photos.metadata.xmp import Packet

TAGS = "{http://www.digikam.org/ns/1.0/}TagsList"
WINDOWS = "{http://ns.microsoft.com/photo/1.0/}LastKeywordXMP"
LIGHTROOM = "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject"
MEDIAPRO = "{http://ns.iview-multimedia.com/mediapro/1.0/}CatalogSets"
SUBJECT = "{http://purl.org/dc/elements/1.1/}subject"
CATEGORIES = "{http://ns.acdsee.com/iptc/1.0/}categories"


def changed(names: Names, data: bytes | None = None, *, all_regions: bool = True) -> Packet:
    """As after the regions were renamed. all_regions: else the second one keeps its name."""
    packet = Packet(with_lists() if data is None else data)
    for region in packet.regions()[: None if all_regions else 1]:
        if region.name is not None and region.name in names:
            packet.rename(region, next(iter(names[region.name]), None))
    rename_in_lists(packet, names)
    return Packet(packet.as_bytes())


def entries(packet: Packet, tag: str) -> list[str]:
    return [str(item.element.text) for item in items(packet.property(tag))]


def test_a_new_name_is_in_every_list() -> None:
    packet = changed({"Ada": ["Ada Lovelace"]})
    assert entries(packet, TAGS) == ["People/Ada Lovelace", "People/Florence", "Places/Florence", "People/Adam"]
    assert entries(packet, WINDOWS)[0] == "People/Ada Lovelace"
    assert entries(packet, LIGHTROOM)[0] == entries(packet, MEDIAPRO)[0] == "People|Ada Lovelace"
    assert entries(packet, SUBJECT) == ["Ada Lovelace", "Florence", "Adam"]
    assert "Ada</" not in str(packet.property_text(CATEGORIES))
    assert '<Category Assigned="1">Ada Lovelace</Category>' in str(packet.property_text(CATEGORIES))


def test_a_place_of_the_same_name_stays() -> None:
    packet = changed({"Florence": ["Flo"]})
    assert entries(packet, TAGS) == ["People/Ada", "People/Flo", "Places/Florence", "People/Adam"]
    assert entries(packet, LIGHTROOM) == ["People|Ada", "People|Flo", "Places|Florence"]
    assert entries(packet, SUBJECT) == ["Ada", "Flo", "Florence", "Adam"]
    said = str(packet.property_text(CATEGORIES))
    assert 'Places<Category Assigned="1">Florence</Category>' in said
    assert '<Category Assigned="1">Flo</Category></Category>' in said


def test_a_name_that_was_taken_away_leaves_the_lists_where_it_is_a_persons_for_certain() -> None:
    packet = changed({"Ada": [], "Florence": []})
    assert entries(packet, TAGS) == ["Places/Florence", "People/Adam"]
    assert entries(packet, SUBJECT) == ["Florence", "Adam"]
    flat = re.sub(rb"<(digiKam:TagsList|lr:|mediapro:|MicrosoftPhoto:).*?</\\1", b"<!--", with_lists())
    assert b"<rdf:li>Ada</rdf:li>" in flat


def test_a_name_that_another_face_has_keeps_its_entry() -> None:
    twins = with_lists().replace(b'"Florence"', b'"Ada"')
    packet = changed({"Ada": ["Eva"]}, twins, all_regions=False)
    assert entries(packet, TAGS)[:2] == ["People/Eva", "People/Ada"]
    assert entries(packet, SUBJECT)[:2] == ["Eva", "Ada"]


def test_two_names_that_become_one_have_one_entry() -> None:
    packet = changed({"Ada": ["Florence"]})
    assert entries(packet, TAGS) == ["People/Florence", "Places/Florence", "People/Adam"]
    assert entries(packet, SUBJECT) == ["Florence", "Adam"]


@pytest.mark.parametrize("above", ["Personen", "Family/Smiths", "Люди", "My friends"])
def test_people_are_below_other_words_too(above: str) -> None:
    data = with_lists().replace(b"People/Ada<", f"{above}/Ada<".encode())
    assert entries(changed({"Ada": ["Eva"]}, data), TAGS)[0] == f"{above}/Eva"


def test_categories_that_are_no_xml_stay() -> None:
    data = with_lists().replace(b"&lt;/Categories&gt;", b"")
    before = Packet(data).property_text(CATEGORIES)
    assert changed({"Ada": ["Eva"]}, data).property_text(CATEGORIES) == before
