"""What programs write for faces that they have no name for is nobody's name."""

from __future__ import annotations

import pytest

from faceindex.photos.metadata.no_names import person_name


@pytest.mark.parametrize(
    "said",
    [
        *("Unknown", "Unconfirmed", "Ignored", "unknown", " Ignored ", "Unknown person", "Unnamed", "No name"),
        *("Unbekannt", "Ignoriert", "Unbestätigt", "Inconnus", "Ignoré", "Non confirmé", "Desconocido", "Неизвестные"),
        *("Onbekend", "Nieznany", "Óþekkt", "Χωρίς επιβεβαίωση", "不明", "未知", "已忽略", "알 수 없음", "مجهول"),
        "Ignore\u0301",  # decomposed
        *("_UNKNOWN_", "[Unknown]", "(unnamed)", "Unknown 12", "Unknown #3", "unknown person 2"),
        *("ffffffffffffffff", "FFFFFFFFFFFFFFFF", "4a1f00c2d3e4b5a6"),
        *("", " ", "\n\t", "\u00a0", "\u200b", "?", "???", "-", "...", "_", None),
    ],
)
def test_a_placeholder_is_no_name(said: str | None) -> None:
    assert person_name(said) is None


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "Ignaz",
        "Igor",
        "李",
        "Unknown Mortal",
        "Nona",
        "2Pac",
        "50 Cent",
        "R2-D2",
        "❤",
        "ffff",
        "Jean-Noël",
        "12",
    ],
)
def test_a_name_is_one(name: str) -> None:
    assert person_name(name) == name


def test_a_name_is_composed_and_on_one_line() -> None:
    assert person_name("A\u202enn\x85\u2028Lee\x9f") == "Ann Lee"
    assert person_name(" Zoe\u0308 \n  Quinn ") == "Zo\u00eb Quinn"
