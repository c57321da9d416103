"""A page is a sequence of its items, and plain data."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, asdict

import pytest

from faceindex.types import Album, Page


def test_a_page_is_a_sequence_of_its_items() -> None:
    page = Page(("a", "b", "c"), "more")
    assert list(page) == ["a", "b", "c"]
    assert (len(page), page[0], page[-1], page[1:], "b" in page) == (3, "a", "c", ("b", "c"), True)
    assert not Page(())
    assert Page(()).next is None


def test_a_page_goes_over_a_wire() -> None:
    page = Page((Album(1, 2, 2, 7),), "more")
    assert json.loads(json.dumps(asdict(page))) == {"items": [asdict(Album(1, 2, 2, 7))], "next": "more"}
    assert pickle.loads(pickle.dumps(page)) == page


def test_a_page_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Page(("a",)).next = "b"  # type: ignore[misc]
