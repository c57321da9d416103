"""Pairs files of LFW: both forms read, and every malformed line named."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceindex.errors import UsageError
from faceindex.evaluation.pairs import parse_pairs, read_pairs

FOLDS = "2\t1\nAnn\t1\t2\nAnn\t2\tBob\t10\nCid\t3\t4\nCid\t1\tDee\t1\n"


def test_folds_are_read() -> None:
    pairs = parse_pairs(FOLDS.splitlines(), "p")
    assert pairs.folds == 2
    assert [pair.fold for pair in pairs.pairs] == [0, 0, 1, 1]
    assert [pair.same for pair in pairs.pairs] == [True, False, True, False]
    assert [pair.line for pair in pairs.pairs] == [2, 3, 4, 5]
    assert (pairs.pairs[1].first.key, pairs.pairs[1].second.key) == ("Ann/Ann_0002", "Bob/Bob_0010")


def test_a_header_of_one_number_is_one_fold() -> None:
    pairs = parse_pairs(["2", "A\t1\t2", "B\t1\t2", "A\t1\tB\t1", "A\t2\tB\t2"], "p")
    assert pairs.folds == 1
    assert [pair.same for pair in pairs.pairs] == [True, True, False, False]


def test_spaces_part_columns_as_well_and_tabs_allow_them_in_names() -> None:
    assert parse_pairs(["1", "Ann 1 2", "Ann 1 Bob 2"], "p").pairs[1].second.key == "Bob/Bob_0002"
    assert parse_pairs(["1", "Ann B\t1\t2", "Ann B\t1\tBob\t2"], "p").pairs[0].first.person == "Ann B"


def test_windows_line_ends_and_empty_last_lines_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "pairs.txt"
    file.write_bytes(FOLDS.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert read_pairs(file).pairs == parse_pairs(FOLDS.splitlines(), "p").pairs


def test_pairs_of_some_people_are_those_of_which_both_are_wanted() -> None:
    kept = parse_pairs(FOLDS.splitlines(), "p").among(lambda person: person != "Dee")
    assert [pair.line for pair in kept.pairs] == [2, 3, 4]
    assert kept.folds == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "begins with"),
        ("ten\nA\t1\t2", 1, "begins with"),
        ("0\n", 1, "begins with"),
        ("1\t2\t3\n", 1, "begins with"),
        ("-1\n", 1, "begins with"),
        ("2\nA\t1\t2\nA\t1\tB\t1\n", 1, "announces 4 pairs"),
        ("1\nA\t1\t2\nA\t1\tB\t1\nA\t1\tB\t2\n", 1, "announces 2 pairs"),
        ("1\nA\t1\tB\t1\nA\t1\tB\t1\n", 2, "one person"),
        ("1\nA\t1\t2\nA\t1\t2\n", 3, "two people"),
        ("1\nA\tone\t2\nA\t1\tB\t1\n", 2, "'one' is not the number"),
        ("1\nA\t1\t2\nA\t1\tB\t-1\n", 3, "'-1' is not the number"),
        ("1\nA\t1\t2\nA\t1\tA\t2\n", 3, "names A twice"),
        ("1\n\nA\t1\tB\t1\n", 2, "one person"),
    ],
)
def test_malformed_lines_are_named(text: str, line: int, words: str) -> None:
    with pytest.raises(UsageError, match=f"^some.txt, line {line}: .*{words}"):
        parse_pairs(text.split("\n"), "some.txt")


def test_files_that_are_no_text_or_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(UsageError, match=r"photo\.jpg is no pairs file"):
        read_pairs(tmp_path / "photo.jpg")
    with pytest.raises(UsageError, match=r"cannot read .*none.txt: No such file"):
        read_pairs(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot read"):
        read_pairs(tmp_path)


def test_the_development_pairs_of_lfw_are_read(shared_data: Path) -> None:
    pairs = read_pairs(shared_data / "lfw-dev" / "pairs.txt")
    assert len(pairs.pairs) == 1000
    assert sum(pair.same for pair in pairs.pairs) == 500
