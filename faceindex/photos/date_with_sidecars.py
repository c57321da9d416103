"""When the photo at a path was taken: from its own file, or from its sidecar."""

from __future__ import annotations

import warnings
from contextlib import suppress

from faceindex.photos.date_taken import Taken, is_maybe_raw, taken_in_image, taken_in_packet, taken_in_raw
from faceindex.photos.finding.sources import source_of
from faceindex.photos.formats import opened_header
from faceindex.photos.metadata.rdf import MAX_BYTES
from faceindex.photos.packets import Sidecars, read_sidecar


def taken_at(path: str, sidecars: Sidecars) -> Taken | None:
    """The date; None if neither has one. Raises: OSError if the photo cannot be read."""
    with source_of(path).opened(path) as opened:
        head = opened.file.read(32)
        opened.file.seek(0)
        found = taken_in_raw(opened.file) if is_maybe_raw(head) else None
    return found or _taken_in_photo(path) or taken_in_sidecar(path, sidecars)


def taken_in_sidecar(path: str, sidecars: Sidecars) -> Taken | None:
    """The date in a sidecar of the photo at `path`; None if there is none."""
    for found in sidecars.all_of(path):
        with suppress(OSError):
            packet = read_sidecar(found)
            taken = taken_in_packet(packet, "sidecar") if len(packet) <= MAX_BYTES else None
            if taken is not None:
                return taken
    return None


def _taken_in_photo(path: str) -> Taken | None:
    with suppress(Exception), warnings.catch_warnings():  # a date that cannot be read is no date
        warnings.simplefilter("ignore")
        with opened_header(path) as image:
            return taken_in_image(image)
    return None
