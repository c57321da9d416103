"""What is whole, damaged, copied and mended."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.types.contents import FailedPhoto


@dataclass(frozen=True, slots=True)
class Damage:
    """file: what is damaged. problem: how. remedy: what to do about it."""

    file: str
    problem: str
    remedy: str = "faceindex repair"


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part of a library that was checked. found: what there is of it. notes: what is worth knowing and no damage."""

    part: str
    found: str
    damage: tuple[Damage, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What is whole in a library and what is not. deep: every byte was read."""

    library: str
    deep: bool
    parts: tuple[CheckedPart, ...]
    seconds: float

    @property
    def damage(self) -> tuple[Damage, ...]:
        """All damage that was found."""
        return tuple(damage for part in self.parts for damage in part.damage)


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a library. path: absolute. bytes: on disk, everything."""

    path: str
    photos: int
    faces: int
    segments: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What was damaged, what was done about it, and what is left.

    found: what a deep check found before; left: and after. saved: vectors read out of damaged segments. analysed:
    photos whose faces got new vectors. waiting: faces that still have none, because their photos are away. failed:
    photos that are there and gave no vectors again.
    """

    library: str
    found: tuple[Damage, ...]
    left: tuple[Damage, ...]
    saved: int
    analysed: int
    waiting: int
    failed: tuple[FailedPhoto, ...]
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged any more and no face waits."""
        return not self.left and not self.waiting
