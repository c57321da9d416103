"""XML as it is written, with prefixes and comments, and the meaning of its names; and RDF, as used in XMP packets.

Packets come from unknown sources: a document type (and so every entity) is refused, and so is a packet that is too
large or too deep. ElementTree's own parser loses prefixes, and some programs understand only the usual ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

MAX_BYTES = 8 << 20
"""A larger packet is refused. Lightroom's largest, with many brush strokes, are below two megabytes."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MAX_DEPTH = 100
_CONTAINERS = (f"{{{RDF}}}Bag", f"{{{RDF}}}Seq", f"{{{RDF}}}Alt")
_LI, _DESCRIPTION, _PARSE_TYPE = f"{{{RDF}}}li", f"{{{RDF}}}Description", f"{{{RDF}}}parseType"


class BrokenPacket(ValueError):
    """Not an XMP packet, or not safe to read; the message gives the reason."""


@dataclass(slots=True)
class Node:
    """An element, with the meaning of its names.

    element: tag and attributes as written (`mwg-rs:Name`). tag: {namespace}name. attributes: {namespace}name to the
    name as written. scope: prefix to namespace.
    """

    element: ElementTree.Element
    tag: str
    attributes: dict[str, str]
    scope: Mapping[str, str]
    children: list[Node] = field(default_factory=list)

    def child(self, tag: str) -> Node | None:
        """The first child with this name."""
        return next((child for child in self.children if child.tag == tag), None)

    def everywhere(self, tag: str) -> Iterator[Node]:
        """All elements with this name, at or below this one."""
        if self.tag == tag:
            yield self
        for child in self.children:
            yield from child.everywhere(tag)


@dataclass(frozen=True, slots=True)
class Document:
    """root: of the XML. before, after: the bytes around it, UTF-8."""

    root: Node
    before: bytes
    after: bytes

    def as_bytes(self) -> bytes:
        """The document in UTF-8; unchanged parts are as they were written, except for white space within tags."""
        text = ElementTree.tostring(self.root.element, encoding="unicode")
        return self.before + text.replace("\r", "&#13;").encode() + self.after  # else it would be read as a line feed


def parse(data: bytes) -> Document:
    """The XML document in `data`. Raises: BrokenPacket."""
    if len(data) > MAX_BYTES:
        raise BrokenPacket(f"it is larger than {MAX_BYTES >> 20} MiB")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        data = data.decode("utf-16").encode() if wide else data
        data = data.strip(b"\0 \t\r\n")  # packets in photos are padded
        reader = _Reader("utf-8" if wide else None)
        reader.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BrokenPacket(f"not valid XML: {error}") if not isinstance(error, BrokenPacket) else error from None
    root = _resolved(reader.builder.close(), {"xml": "http://www.w3.org/XML/1998/namespace"})
    before, after = data[: reader.start], data[data.find(b">", reader.end) + 1 :]
    plain = not wide and (b"encoding" not in before or b"utf-8" in before.lower())
    return Document(root, before, after) if plain else Document(root, b"", b"")


def holder(node: Node) -> Node:
    """The element with the fields of a structure, as attributes or children: the node, or an rdf:Description in it."""
    return node.child(_DESCRIPTION) or node


def items(node: Node | None) -> list[Node]:
    """The elements of an array."""
    array = container(node)
    return [] if array is None else [child for child in array.children if child.tag == _LI]


def container(node: Node | None) -> Node | None:
    """The rdf:Bag, Seq or Alt in a property."""
    return None if node is None else next((child for child in node.children if child.tag in _CONTAINERS), None)


def text(node: Node, tag: str) -> str | None:
    """A simple field, written as an attribute or as an element; the first of several alternatives."""
    if tag in node.attributes:
        return node.element.attrib[node.attributes[tag]]
    child = node.child(tag)
    if child is None:
        return None
    alternatives = items(child)
    return (alternatives[0] if alternatives else child).element.text or ""


def set_text(node: Node, tag: str, value: str | None, prefix: str) -> None:
    """Change a simple field where it is written, or add it with `prefix`; None removes it."""
    child = node.child(tag)
    if tag in node.attributes:
        if value is None:
            del node.element.attrib[node.attributes.pop(tag)]
        else:
            node.element.set(node.attributes[tag], value)
    elif child is not None:
        if value is None:
            node.element.remove(child.element)
            node.children.remove(child)
        else:
            alternatives = items(child)
            (alternatives[0] if alternatives else child).element.text = value
    elif value is not None:
        _add_text(node, tag, value, prefix)


def _add_text(node: Node, tag: str, value: str, prefix: str) -> None:
    namespace, _, name = tag[1:].partition("}")
    written = f"{prefix}:{name}"
    declared = {} if node.scope.get(prefix) == namespace else {f"xmlns:{prefix}": namespace}
    if _PARSE_TYPE in node.attributes:  # RDF allows no other attributes with this one
        added = ElementTree.SubElement(node.element, written, declared)
        added.text = value
        node.children.append(Node(added, tag, {}, dict(node.scope) | {prefix: namespace}))
    else:
        node.element.attrib.update(declared | {written: value})
        node.attributes[tag] = written


class _Reader:
    """start, end: positions of the root's first and last tag, in bytes."""

    def __init__(self, encoding: str | None) -> None:
        self.builder = ElementTree.TreeBuilder(insert_comments=True, insert_pis=True)
        self.depth = self.end = 0
        self.start = -1
        self.parser = expat.ParserCreate(encoding)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._finish
        self.parser.CharacterDataHandler = self.builder.data
        self.parser.CommentHandler = self._comment
        self.parser.ProcessingInstructionHandler = self._instruct
        self.parser.StartDoctypeDeclHandler = _refuse_doctype

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if self.start < 0:
            self.start = self.parser.CurrentByteIndex
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise BrokenPacket(f"more than {_MAX_DEPTH} elements inside each other")
        self.builder.start(tag, attributes)

    def _finish(self, tag: str) -> None:
        self.depth -= 1
        self.end = self.parser.CurrentByteIndex
        self.builder.end(tag)

    def _comment(self, said: str) -> None:
        if self.depth:
            self.builder.comment(said)

    def _instruct(self, target: str, said: str) -> None:
        if self.depth:
            self.builder.pi(target, said)


def _refuse_doctype(*_: object) -> NoReturn:
    raise BrokenPacket("it has a document type, which XMP does not allow")


def _resolved(element: ElementTree.Element, outer: Mapping[str, str]) -> Node:
    declared = {name[6:]: value for name, value in element.attrib.items() if name.startswith("xmlns:")}
    if "xmlns" in element.attrib:
        declared[""] = element.attrib["xmlns"]
    scope = {**outer, **declared} if declared else outer
    attributes = {_meaning(name, scope): name for name in element.attrib if not name.startswith("xmlns")}
    tag = element.tag if ":" in element.tag else f":{element.tag}"
    children = [_resolved(child, scope) for child in element if isinstance(child.tag, str)]
    return Node(element, _meaning(tag, scope), attributes, scope, children)


def _meaning(name: str, scope: Mapping[str, str]) -> str:
    prefix, colon, local = name.rpartition(":")
    return f"{{{scope.get(prefix, '')}}}{local}" if colon else name
