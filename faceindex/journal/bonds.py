"""Which faces belong together, and which must not: a union-find with cannot-links."""

from __future__ import annotations

from collections.abc import Iterable


class Bonds:
    """Faces (ids from 0) and people, in groups. Two groups with a cannot-link, or of two people, are never bound.

    A statement that two sets of faces are different people is a pair of tags, 2 s and 2 s + 1: a group with one tag is
    never bound to a group with the other. So it costs as much as it has faces, not as it has pairs.
    """

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._tags: dict[int, set[int]] = {}  # by root
        self._person: dict[int, str] = {}  # by root
        self._nodes: dict[str, int] = {}
        self._statements = 0

    def root(self, node: int) -> int:
        """The representative of the node's group."""
        parent = self._parent.setdefault(node, node)
        while parent != node:
            above = self._parent[parent]
            self._parent[node] = above
            node, parent = parent, above
        return node

    def node_of(self, person: str) -> int:
        """The node of a person."""
        if person not in self._nodes:
            self._nodes[person] = node = -1 - len(self._nodes)
            self._person[self.root(node)] = person
        return self._nodes[person]

    def person_of(self, node: int) -> str | None:
        """Whose the node's group is."""
        return self._person.get(self.root(node))

    def bind(self, one: int, other: int) -> bool:
        """Bind the groups of two nodes; False when a cannot-link forbids it."""
        one, other = self.root(one), self.root(other)
        if one == other:
            return True
        if self._is_forbidden(one, other):
            return False
        if len(self._tags.get(one, ())) < len(self._tags.get(other, ())):
            one, other = other, one
        self._parent[other] = one
        if tags := self._tags.pop(other, None):
            self._tags.setdefault(one, set()).update(tags)
        if other in self._person:
            self._person[one] = self._person.pop(other)
        return True

    def bind_all(self, sides: Iterable[Iterable[int]]) -> None:
        """Bind all nodes of all sides. Where cannot-links forbid some, the others are bound all the same, first within
        a side."""
        groups: list[int] = []
        for side in sides:
            own: list[int] = []
            for node in side:
                self._bind_to_first(own, node)
            for node in own:
                self._bind_to_first(groups, node)

    def forbid(self, one: Iterable[int], other: Iterable[int]) -> None:
        """Forbid to bind nodes of one side to nodes of the other; nodes that are bound already stay so."""
        tag = 2 * self._statements
        self._statements += 1
        for side, nodes in enumerate((one, other)):
            for node in nodes:
                self._tags.setdefault(self.root(node), set()).add(tag + side)

    def faces(self) -> list[int]:
        """All faces that any act is about, rising."""
        return sorted(node for node in self._parent if node >= 0)

    def cannot_link(self) -> list[tuple[list[int], list[int]]]:
        """For every statement, the roots on one side and those on the other."""
        sides: list[list[int]] = [[] for _ in range(2 * self._statements)]
        for root, tags in self._tags.items():
            for tag in tags:
                sides[tag].append(root)
        return [(sides[tag], sides[tag + 1]) for tag in range(0, len(sides), 2) if sides[tag] and sides[tag + 1]]

    def _is_forbidden(self, one: int, other: int) -> bool:
        persons = self._person.get(one), self._person.get(other)
        if None not in persons and persons[0] != persons[1]:
            return True
        few, many = sorted((self._tags.get(one, set()), self._tags.get(other, set())), key=len)
        return any(tag ^ 1 in many for tag in few)

    def _bind_to_first(self, nodes: list[int], node: int) -> None:
        if not any(self.bind(known, node) for known in nodes):
            nodes.append(node)
