"""The lists in a packet that repeat the names of its face regions: keywords, flat or as paths.

A person's entry is one that digiKam, Lightroom or Windows wrote with the region: "Ann" in a flat list, or a path that
ends in "Ann" below People, Family or the like. The keyword "Places/Florence" does not mean a person called Florence.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from unicodedata import normalize
from xml.etree import ElementTree

from faceindex.photos.metadata.rdf import Node, container, set_text
from faceindex.photos.metadata.xmp import Packet, writable

_PATHS = {
    "{http://www.digikam.org/ns/1.0/}TagsList": "/",
    "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject": "|",
    "{http://ns.microsoft.com/photo/1.0/}LastKeywordXMP": "/",
    "{http://ns.iview-multimedia.com/mediapro/1.0/}CatalogSets": "|",
}
"""Lists of paths, and the separator of their steps."""

PERSON_IN_IMAGE = "PersonInImage"
"""IPTC's list of the people in a picture, without places."""

_FLAT = (
    "{http://purl.org/dc/elements/1.1/}subject",
    f"{{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}}{PERSON_IN_IMAGE}",
)
_CATEGORIES = "{http://ns.acdsee.com/iptc/1.0/}categories"
"""XML in a text: nested Category elements, with Assigned="1" if the photo is in the category."""

_PEOPLE = frozenset(
    [
        "people",
        "persons",
        "person",
        "faces",
        "family",
        "families",
        "friends",
        "relatives",
        "kids",
        "children",
        "colleagues",
        "personen",
        "leute",
        "familie",
        "freunde",
        "kinder",
        "verwandte",
        "gesichter",
        "personnes",
        "famille",
        "amis",
        "enfants",
        "visages",
        "personas",
        "gente",
        "familia",
        "amigos",
        "familiares",
        "persone",
        "famiglia",
        "amici",
        "volti",
        "mensen",
        "gezin",
        "vrienden",
        "pessoas",
        "família",
        "personer",
        "familj",
        "vänner",
        "venner",
        "ihmiset",
        "perhe",
        "osoby",
        "ludzie",
        "rodzina",
        "lidé",
        "rodina",
        "přátelé",
        "ľudia",
        "emberek",
        "család",
        "ljudje",
        "osobe",
        "люди",
        "семья",
        "друзья",
        "сім'я",
        "людзі",
        "άνθρωποι",
        "kişiler",
        "aile",
        "cilvēki",
        "žmonės",
        "inimesed",
        "fólk",
        "daoine",
        "persoas",
        "personar",
        "persones",
        "jendartea",
        "orang",
        "人物",
        "人",
        "家族",
        "사람들",
        "가족",
        "الأشخاص",
        "ხალხი",
        "ਲੋਕ",
        "មនុស្ស",
        "oameni",
    ]
)
"""Names of the tag above people: digiKam 7.9's in its languages, and what users call it; case-folded."""

Names = Mapping[str, Sequence[str]]
"""For each former name of a region the names that its regions have now; empty if the name was removed."""


def listed_names(packet: Packet) -> list[str]:
    """The names in IPTC's list of people."""
    return [name for entry in _entries(packet, _FLAT[1]) if (name := _said(entry))]


def rename_in_lists(packet: Packet, names: Names) -> None:
    """Change the entries of people like their regions. A name that another region still has keeps its entry."""
    still = {region.name for region in packet.regions()}
    changes = {old: (old in still, list(new)) for old, new in names.items() if new or old not in still}
    if not changes:
        return
    ambiguous: set[str] = set()
    shown: set[str] = set()
    for tag, between in _PATHS.items():
        for entry in _entries(packet, tag):
            *above, leaf = _said(entry).split(between)
            if leaf in changes and above:
                (shown if _is_peoples(above) else ambiguous).add(leaf)
        _change(packet, tag, between, changes)
    for tag in _FLAT:
        certain = shown if tag == _FLAT[0] else set(changes)
        kept = {old: (keep or old in ambiguous, new) for old, (keep, new) in changes.items() if new or old in certain}
        _change(packet, tag, None, kept)
    _change_categories(packet, changes)


def _change(packet: Packet, tag: str, between: str | None, changes: Mapping[str, tuple[bool, list[str]]]) -> None:
    array = container(packet.property(tag))
    if array is None:
        return
    there = {_said(entry) for entry in _entries(packet, tag)}
    for entry in list(_entries(packet, tag)):
        *above, leaf = _said(entry).split(between) if between else [_said(entry)]
        if leaf not in changes or (above and not _is_peoples(above)):
            continue
        if between and not above and not changes[leaf][1]:
            continue  # a flat keyword may have another meaning: it is renamed, but never removed
        keep, new = changes[leaf]
        place = list(array.element).index(entry.element)
        for name in new:
            written = (between or "").join([*above, writable(name)])
            if written not in there:
                added = copy.copy(entry.element)
                added.text = written
                array.element.insert(place, added)
                there.add(written)
        if not keep:
            array.element.remove(entry.element)
            array.children.remove(entry)


def _change_categories(packet: Packet, changes: Mapping[str, tuple[bool, list[str]]]) -> None:
    about = packet.property_holder(_CATEGORIES)
    said = packet.property_text(_CATEGORIES)
    if about is None or not said or "<!" in said or "<?" in said:
        return
    try:
        root = ElementTree.fromstring(said)
    except ElementTree.ParseError:
        return
    changed = [_change_category(parent, child, changes) for parent, child in list(_people_in(root, []))]
    if any(changed):
        set_text(about, _CATEGORIES, ElementTree.tostring(root, encoding="unicode"), "acdsee")


def _change_category(
    parent: ElementTree.Element, child: ElementTree.Element, changes: Mapping[str, tuple[bool, list[str]]]
) -> bool:
    keep, new = changes.get(_plain(child.text), (True, []))
    there = {_plain(other.text) for other in parent}
    for name in (name for name in new if name not in there):
        added = copy.copy(child)
        added.text = writable(name)
        parent.insert(list(parent).index(child), added)
    if not keep:
        parent.remove(child)
    return bool(new) or not keep


def _people_in(
    element: ElementTree.Element, above: list[str]
) -> Iterator[tuple[ElementTree.Element, ElementTree.Element]]:
    for child in element:
        if len(child) == 0 and _is_peoples(above):
            yield element, child
        yield from _people_in(child, [*above, _plain(child.text)])


def _entries(packet: Packet, tag: str) -> Iterator[Node]:
    array = container(packet.property(tag))
    return iter(() if array is None else [child for child in array.children if child.tag.endswith("}li")])


def _said(entry: Node) -> str:
    return _plain(entry.element.text)


def _plain(said: str | None) -> str:
    return " ".join(normalize("NFC", said or "").split())


def _is_peoples(above: Sequence[str]) -> bool:
    return any(word in _PEOPLE for step in above for word in re.split(r"[^\w']+", step.casefold()))
