"""Names that every file system takes, and that differ on each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.exchange.albums.safe_names import MAX_BYTES, free_name, name_key, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("IMG_1.JPG", "IMG_1.JPG"),
        ("写真 Žofie", "写真 Žofie"),
        ("a/b\\c:d*e?f", "a_b_c_d_e_f"),
        ("trailing. ", "trailing"),
        (".hidden", "hidden"),
        ("..", "_"),
        ("", "_"),
        ("CON", "CON_"),
        ("nul.jpg", "nul_.jpg"),
        ("caf\udce9.jpg", "caf_.jpg"),
    ],
)
def test_names_are_kept_as_far_as_they_are_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=400))
def test_any_text_becomes_a_name(text: str) -> None:
    name = safe_name(text)
    assert name
    assert len(name.encode()) <= MAX_BYTES + 1
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert name not in (".", "..")


def test_a_long_name_keeps_its_extension() -> None:
    assert safe_name("写" * 200 + ".jpeg").endswith("写.jpeg")


def test_a_name_in_use_gets_the_first_free_number_before_its_extension() -> None:
    assert free_name("a.jpg", set()) == "a.jpg"
    assert free_name("A.jpg", {"a.jpg", "a (2).jpg"}) == "A (3).jpg"


def test_names_are_one_in_any_case_and_any_way_to_write_an_accent() -> None:
    assert name_key("CAFÉ.jpg") == name_key("cafe\u0301.JPG")
