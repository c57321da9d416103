"""The folder that an encoder is learnt from: chips of people by numbers, and the network at the start.

chips.h5 has, for each face, its chips as PNG or JPEG files, the number of its person and the part that the person is
in; no names, no paths. start.npz is the network, see `network_file`. Both are for the owner's eyes only.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.errors import UsageError
from faceindex.files.writing import creating, put_in_place, temporary_name
from faceindex.training.losses import People
from faceindex.types import Pixels, Vectors

CHIPS, START = "chips.h5", "start.npz"
LEARNING, VALIDATION, TEST = 0, 1, 2
"""Parts of the people."""

_FORMAT = 1
_SETTINGS = "settings"

Kind = Literal["PNG", "JPEG"]
JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class ChipSettings:
    """recipe: that the chips are cut for. side: of a chip, pixels. mirror, length: how the recipe makes a vector of the
    chips of a face. scratch: the network at the start knows nothing. teacher: recipe that is imitated, or none."""

    recipe: str
    side: int
    mirror: bool
    length: float | None
    scratch: bool = False
    teacher: str | None = None
    format: int = _FORMAT


@dataclass(frozen=True, slots=True, eq=False)
class ChipsFile:
    """images: encoded chips of each face, [n][views]. people: int64 [n]. parts: uint8 [n]. wanted: float32 [n, d], what
    the teacher says of the learning and validation faces; None without one."""

    settings: ChipSettings
    images: Sequence[Sequence[bytes]]
    people: People
    parts: npt.NDArray[np.uint8]
    wanted: Vectors | None = None

    def places(self, part: int) -> npt.NDArray[np.int64]:
        """int64, of the faces of a part."""
        return np.flatnonzero(self.parts == part)

    def views(self, place: int) -> Pixels:
        """All chips of a face, uint8 [views, s, s, 3]."""
        return np.stack([decoded(image) for image in self.images[place]])


def encoded(chip: Pixels, kind: Kind = "PNG") -> bytes:
    """A chip, uint8 [s, s, 3], as a file: the same pixels by PNG, about a fifth of the bytes by JPEG."""
    file = io.BytesIO()
    options = {"quality": JPEG_QUALITY, "subsampling": 0} if kind == "JPEG" else {"compress_level": 1}
    Image.fromarray(chip).save(file, kind, **options)
    return file.getvalue()


def decoded(image: bytes) -> Pixels:
    """uint8 [s, s, 3]."""
    with Image.open(io.BytesIO(image)) as opened:
        return np.asarray(opened.convert("RGB"))


def reencoded(chips: ChipsFile, kind: Kind) -> ChipsFile:
    """The same chips as files of another kind."""
    images = [[encoded(decoded(image), kind) for image in views] for views in chips.images]
    return replace(chips, images=images)


def write_chips(folder: Path, chips: ChipsFile) -> None:
    """Write chips.h5 into `folder`, whole or not at all. Raises: OSError."""
    new = folder / temporary_name()
    with creating(new) as raw, h5py.File(raw, "w") as file:
        file.attrs[_SETTINGS] = json.dumps(asdict(chips.settings))
        shape = (len(chips.people), len(chips.images[0]))
        images = file.create_dataset("images", shape, dtype=h5py.vlen_dtype(np.uint8))
        for place, views in enumerate(chips.images):
            for view, image in enumerate(views):
                images[place, view] = np.frombuffer(image, dtype=np.uint8)
        file["people"], file["parts"] = chips.people, chips.parts
        if chips.wanted is not None:
            file["wanted"] = chips.wanted
    put_in_place(new, folder / CHIPS)


def read_chips(folder: Path) -> ChipsFile:
    """What `write_chips` wrote. Raises: UsageError."""
    path = folder / CHIPS
    try:
        with h5py.File(path) as file:
            settings = ChipSettings(**json.loads(file.attrs[_SETTINGS]))
            images = [[np.asarray(image).tobytes() for image in views] for views in file["images"][:]]
            wanted = file["wanted"][:] if "wanted" in file else None
            return ChipsFile(settings, images, file["people"][:], file["parts"][:], wanted)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} holds no chips to learn from: {error}") from None
