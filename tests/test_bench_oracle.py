"""The benchmark oracle counts questions as it says: by people of whom something is known to be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.oracle_session import Oracle, Truth, before
from made_albums import make_albums
from people_library import drawn_people, store_vectors

import faceindex

WHOSE = dict(enumerate(["Ada"] * 7 + ["Bob"] * 2 + ["Cleo"] * 2 + ["Dan"], start=1))
TRUTH = Truth(WHOSE, nameable=set(range(1, 12)), children={1, 2, 3, 8}, good=set(range(1, 13)))


def test_every_album_and_face_alone_is_a_question_until_enough_is_named() -> None:
    groups = [[1, 2, 3, 8], [5, 6, 7], [9], [12], [10], [11]]
    assert (before(groups, TRUTH, 6 / 11).questions, before(groups, TRUTH, 7 / 11).questions) == (2, 3)
    assert before(groups, TRUTH, 1.0) == before([*groups], TRUTH, 10 / 11)


@pytest.fixture
def oracle(tmp_path: Path) -> Oracle:
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 7 + [1, 1] + [2, 2] + [3], spread=0.15))
    make_albums(tmp_path / "x.faces", {1: [1, 2, 3, 4], 2: [5, 6, 7], 3: [8, 9]})
    return Oracle(faceindex.Library(tmp_path / "x.faces", create=False), TRUTH)


def test_a_session_names_everybody_and_asks_nothing_twice(oracle: Oracle) -> None:
    assert oracle.groups() == [[1, 2, 3, 4], [5, 6, 7], [8, 9], [10], [11], [12]]
    session = oracle.session(0.99)
    oracle.close()
    assert (session.named, session.twice) == (1.0, 0)
    assert session.until == session.questions == 3  # two albums of Ada, with her name; Bob; Cleo's two faces
    assert [right for _, right in session.shown] == [True, True]
    assert [1, 2, 3, 4, 5, 6, 7] in session.joined


def test_ages_are_joined_by_albums_and_right_answers_alone(oracle: Oracle) -> None:
    assert oracle.with_both_ages([[1, 2, 3], [4, 5, 6, 7], [8], [9]]) == (2, 0)
    assert oracle.with_both_ages([[1, 4], [8, 9]]) == (2, 2)
    assert oracle.false_pairs([[1, 2, 8], [3]]) == pytest.approx(2 / 3)
    oracle.close()
