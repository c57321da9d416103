"""Libraries that were filled and decided apart become one, as if all had been done in it."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from split_libraries import copied, holdings, merged, say, store_photos

OFFICES = {"a": range(6), "b": range(4, 10), "c": (0, 5, 9, 10, 11)}
KINDS = (
    *("name", "name", "name", "confirm", "unname", "rename", "merge", "split", "reject", "move", "apart"),
    *("hide", "unhide", "not-face", "is-face", "unknown", "known", "cover", "never-suggest", "undo", "undo"),
)
NAMES = ("Ann", "Bob", "Zoë")

Step = tuple[str, str, list[tuple[int, int]], int]


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the libraries a, b and c, which share some photos, and `all`, of the photos of all three."""
    folder = tmp_path_factory.mktemp("offices")
    for office, photos in OFFICES.items():
        store_photos(folder / office, photos, f"/{office}")
    for office, photos in OFFICES.items():
        store_photos(folder / "all", photos, f"/{office}")
    return folder


@pytest.fixture
def three(offices: Path, tmp_path: Path) -> Path:
    """Copies of them, to be changed."""
    for office in (*OFFICES, "all"):
        copied(offices / office, tmp_path / office)
    return tmp_path


def decide(folder: Path, steps: list[Step]) -> None:
    """Decide in one office after another, and the same in the library of all."""
    acts: dict[str, list[tuple[int, int]]] = {office: [] for office in OFFICES}
    named: set[tuple[str, str]] = set()
    for office, kind, chosen, number in steps:
        faces = list(dict.fromkeys((list(OFFICES[office])[photo % len(OFFICES[office])], at) for photo, at in chosen))
        name, other = NAMES[number % 3], NAMES[(number + 1) % 3]
        sides, person, more, undone = [faces], None, {}, None
        if kind == "undo":
            if not acts[office]:
                continue
            sides, undone = [], acts[office][number % len(acts[office])]
        elif kind == "rename":
            if (office, name) not in named:
                continue
            sides, person, more = [], name, {"renamed": other}
            named.add((office, other))
        elif kind in ("merge", "split", "reject", "apart", "never-suggest"):
            sides, person = [faces[:1], faces[1:]], name if kind == "reject" and number % 2 else None
        elif kind == "move":
            sides = [faces[:1], faces[1:2], faces[2:]]
        elif kind in ("name", "confirm"):
            person = name
            named.add((office, name))
        here = say(folder / office, kind, sides, person, **more, undoes=undone and undone[0])
        acts[office].append((here, say(folder / "all", kind, sides, person, **more, undoes=undone and undone[1])))


def assert_same(found: dict[str, Any], expected: dict[str, Any], *, but: tuple[str, ...] = ()) -> None:
    for part, wanted in expected.items():
        if part not in but:
            assert found[part] == wanted, part
    assert found["damage"] == []


faces = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 1)), min_size=1, max_size=4)
steps = st.lists(
    st.tuples(st.sampled_from(tuple(OFFICES)), st.sampled_from(KINDS), faces, st.integers(0, 5)),
    min_size=4,
    max_size=16,
)


@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps)
def test_a_merged_library_is_as_if_all_had_been_done_in_it(
    offices: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    folder = tmp_path_factory.mktemp("random")
    for office in (*OFFICES, "all"):
        copied(offices / office, folder / office)
    decide(folder, steps)
    merged(folder / "once", *(folder / office for office in "cab"))
    for office in "bca":
        merged(folder / "one by one", folder / office)
    once = holdings(folder / "once")
    assert_same(holdings(folder / "one by one"), once)
    assert_same(once, holdings(folder / "all"), but=("keys",))


STEPS: list[Step] = [
    ("a", "name", [(4, 0), (5, 0)], 0),
    ("b", "name", [(0, 0), (1, 1)], 1),  # photo 4 is Ann's in a, Bob's in b
    ("c", "not-face", [(1, 0)], 0),  # photo 5 is Ann's in a
    ("b", "split", [(0, 0), (5, 0)], 0),
    ("c", "name", [(2, 1), (3, 1)], 2),
    ("a", "hide", [(0, 1)], 0),
    ("c", "rename", [(0, 0)], 2),  # Zoë is Ann
    ("b", "name", [(5, 1)], 1),  # photo 9 is Zoë's, then Ann's, in c
    ("a", "undo", [(0, 0)], 0),
    ("a", "name", [(0, 0), (5, 1)], 0),
    ("c", "cover", [(0, 0)], 0),
]


def test_any_order_gives_the_same_and_again_nothing(three: Path) -> None:
    decide(three, STEPS)
    found = []
    for number, order in enumerate(permutations(OFFICES)):
        reports = [merged(three / f"m{number}", three / office) for office in order]
        assert sum(report.photos for report in reports) == 12
        assert sum(report.faces for report in reports) == 24
        assert sum(report.acts for report in reports) == len(STEPS)
        found.append(holdings(three / f"m{number}"))
        again = merged(three / f"m{number}", *(three / office for office in order))
        assert (again.photos, again.faces, again.acts, again.contradictions) == (0, 0, 0, ())
        assert holdings(three / f"m{number}") == found[-1]
    for other in found[1:]:
        assert_same(other, found[0])
    assert_same(found[0], holdings(three / "all"), but=("keys",))


def test_each_contradiction_is_listed_with_both_that_said_it(three: Path) -> None:
    decide(three, [STEPS[0], STEPS[1], STEPS[2]])
    report = merged(three / "m", *(three / office for office in OFFICES))
    said = {
        (one.kind, one.photo, one.person, one.holds, Path(one.said.library).name, one.by and Path(one.by.library).name)
        for one in report.contradictions
        if one.said is not None
    }
    assert said == {
        ("name", "/a/0004.jpg", "Ann", "Bob", "a", "b"),
        ("name", "/a/0005.jpg", "Ann", None, "a", "c"),
    }


def test_a_library_that_grew_is_merged_again(three: Path) -> None:
    decide(three, STEPS[:4])
    merged(three / "m", *(three / office for office in OFFICES))
    store_photos(three / "a", (20, 21), "/a")
    store_photos(three / "all", (20, 21), "/a")
    decide(three, STEPS[4:])
    report = merged(three / "m", three / "a")
    assert (report.photos, report.faces) == (2, 4)
    merged(three / "m", three / "b", three / "c")
    assert_same(holdings(three / "m"), holdings(three / "all"), but=("keys",))
