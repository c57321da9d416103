"""What commands print with `--json` has the shapes of docs/schemas/shapes.json: no key is missing or undocumented."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docs_worlds
import jsonschema
import pytest
from docs_worlds import World, running_programs
from documentation.commands import commands
from documentation.shapes import shapes
from named_people import named_people, store_named

from faceindex.faces.recipe import recipe
from faceindex.store.folder import LibraryFolder

SHAPES = shapes()

ASKED = """
ingest ~/Pictures -j 0
cluster
people name 1 Ann
people name 2 Bob
people name face:1 Zoe
people rename Bob Rob
people rename Rob Bob --dry-run
search who.jpg
identify group.jpg --explain
verify a.jpg b.jpg --explain
albums list
albums show 1
albums export ~/Albums
people review --names
people audit
people audit Ann
people confirm 1
people not-face 3
people excluded
people is-face 3
people leave-alone 3
people ask-again 3
people never-suggest 3 4
people cover 10
people split 4 20
people reject 7
people move 8 3
people hide 4
people unhide 4
people merge 3 4
people undo
people history
people lost
people list
photos list
photos show ~/Pictures/group.jpg
photos find --with Ann
photos failed
photos sidecars ~/Pictures --to side
photos add-face ~/Pictures/group.jpg --box 5,5,40,40 --name Carl
people review
check --deep
backup back.faces
repair
reencode --recipe sface re.faces
index build --kind flat
index show
status
compact
import table.jsonl -L imported.faces
restore back.faces restored.faces
merge restored.faces imported.faces --into all.faces
people import table.jsonl --from faceindex --dry-run
models list
models recipes
models verify
evaluate lfw labelled --pairs pairs.txt --recipe sface
evaluate all-pairs labelled --recipe sface
evaluate albums labelled --recipe sface
evaluate clusters labelled --recipe sface
evaluate compare sface --data labelled
evaluate groups labelled --groups groups.csv --recipe sface
evaluate identify labelled --enrolled 1 --recipe sface
evaluate strangers labelled --recipe sface
evaluate robustness labelled --photos 2 --only tilt --recipe sface
evaluate calibrate -L named.faces
train head --from named.faces --steps 20 --name ours
models remove ours
serve tokens
photos remove ~/Pictures/group.jpg
people forget Ann --yes
forget --all --yes
""".strip().splitlines()

NOT_ASKED = {
    "models add": "it takes a network",
    "train encoder": "it takes torch and minutes",
    "export": "it takes a database",
}

BEFORE = {"import": "faceindex export table.jsonl --vectors", "serve tokens": "faceindex serve token archive"}
"""What must have been done before a command has an answer."""


def shape_of(words: str) -> str:
    """The command of which these are the words."""
    return max((str(name) for name in SHAPES["commands"] if f"{words} ".startswith(f"{name} ")), key=len)


def strict(schema: Any) -> Any:
    """The schema, with no more keys allowed than it names."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return {name: strict(one) for name, one in schema.items()} | closed


@pytest.fixture(scope="module")
def answers(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, subprocess.CompletedProcess[str]]]:
    """What each command of ASKED prints, one after the other in one library."""
    lfw = shared_data / "lfw-dev" / "images"
    with running_programs(tmp_path_factory.mktemp("shapes")) as programs:
        made = World(programs.parent / "people", programs)
        docs_worlds.people(made.home, lfw)
        (made.home / "Pictures" / "cut-off.jpg").write_bytes((made.home / "a.jpg").read_bytes()[:4000])
        lay_out(made.home, lfw)
        yield {words: answer(made, words) for words in ASKED}


def lay_out(home: Path, lfw: Path) -> None:
    """Labelled photos, tables that say who they show, and a library of drawn people with names."""
    for name in docs_worlds.PEOPLE:
        (home / "labelled" / name).mkdir(parents=True)
        for photo in sorted((lfw / name).iterdir())[:3]:
            shutil.copy(photo, home / "labelled" / name)
    one, other, *_ = docs_worlds.PEOPLE
    (home / "pairs.txt").write_text(f"1\n{one}\t1\t2\n{one}\t1\t{other}\t1\n")
    rows = (f"{name},{'ab'[number % 2]}\n" for number, name in enumerate(docs_worlds.PEOPLE))
    (home / "groups.csv").write_text("person,group\n" + "".join(rows))
    folder = LibraryFolder(home / "named.faces", wanted=recipe("dlib"), create=True)
    store_named(folder, *named_people(210, 3))
    folder.close()


def answer(made: World, words: str) -> subprocess.CompletedProcess[str]:
    return made.type(f"{BEFORE.get(shape_of(words), 'true')} >&2 && faceindex {words} --json")


@pytest.mark.parametrize("words", ASKED)
def test_answer_has_the_documented_shape(words: str, answers: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert answers[words].returncode == 0, answers[words].stderr
    schema = strict({**SHAPES["commands"][shape_of(words)], "$defs": SHAPES["$defs"]})
    jsonschema.Draft202012Validator(schema).validate(json.loads(answers[words].stdout))


def test_every_command_with_json_has_a_shape_and_is_asked() -> None:
    with_json = {name for name, command in commands() if any("--json" in one.opts for one in command.params)}
    assert with_json == SHAPES["commands"].keys()
    assert with_json == {shape_of(words) for words in ASKED} | NOT_ASKED.keys()


def test_schemas_are_valid_and_use_every_shared_shape() -> None:
    text = json.dumps(SHAPES)
    for name, schema in SHAPES["commands"].items():
        jsonschema.Draft202012Validator.check_schema({**schema, "$defs": SHAPES["$defs"]})
        assert name
    assert [name for name in SHAPES["$defs"] if f'"#/$defs/{name}"' not in text] == []


def test_a_key_that_is_missing_or_undocumented_would_be_noticed() -> None:
    schema = strict({"type": "object", "properties": {"faces": {"type": "integer"}}, "required": ["faces"]})
    check = jsonschema.Draft202012Validator(schema)
    assert check.is_valid({"faces": 1})
    assert not check.is_valid({})
    assert not check.is_valid({"faces": 1, "new": 2})
