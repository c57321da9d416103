"""Every code block of README.md and docs/ is run as a reader would run it, and prints what the page says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docs_worlds
import pytest
from docs_blocks import PAGES, Block, Shown, blocks, world
from docs_worlds import World, differences, running_programs

ELSEWHERE = {
    "serving": "tests/web start the server",
    "training": "tests/training learns from hundreds of people",
    "cluster": "tests/cluster start nodes",
    "cluster-search": "tests/cluster start nodes",
    "remote": "tests/ingest start an object server",
    "postgres": "its tests start PostgreSQL",
    "merging": "tests of `merge` make libraries of their own",
}
"""Pages whose commands need what this test does not have; where they are tried."""

RUN = [
    page
    for page in PAGES
    if page.stem not in ELSEWHERE
    and any(block.kind in ("console", "python") and not block.why for block in blocks(page))
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with running_programs(tmp_path_factory.mktemp("programs")) as folder:
        yield folder


@pytest.fixture(scope="module")
def demo_world(programs: Path) -> World:
    home = programs.parent / "demo"
    docs_worlds.demo(home)
    return World(home, programs)


@pytest.fixture(scope="module")
def people_world(programs: Path, shared_data: Path) -> World:
    home = programs.parent / "people"
    docs_worlds.people(home, shared_data / "lfw-dev" / "images")
    made = World(home, programs)
    made.put_back()
    first = ["ingest ~/Pictures", "cluster", "people name 1 Ann", "people name 2 Bob"]
    assert made.run([Block("console", "\n".join(f"$ faceindex {words}" for words in first), "")]) == []
    (home / "family.faces").rename(home / ".kept.faces")
    return made


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_blocks_run_and_print_what_the_page_says(page: Path, request: pytest.FixtureRequest) -> None:
    chosen: World = request.getfixturevalue(f"{world(page)}_world")
    chosen.put_back()
    assert chosen.run([block for block in blocks(page) if not block.why]) == []


def test_a_block_that_is_not_run_says_why() -> None:
    assert len(RUN) > 15
    for page in PAGES:
        for block in blocks(page):
            assert not block.why or len(block.why.split()) > 2, (page.name, block.text)


def test_a_wrong_page_would_be_noticed() -> None:
    shown = Shown("faceindex status", ["photos  3", "faces   2"])
    assert list(differences(shown, "photos 3\nin 0.2 s\nfaces 2\n\n\0370\n")) == []
    assert list(differences(shown, "photos 3\nfaces 4\n\n\0370\n"))
    assert list(differences(shown, "photos 3\nfaces 2\n\n\0372\n"))
