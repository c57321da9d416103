"""The page of what `--json` prints, from docs/schemas/shapes.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "shapes.json"

BEGINNING = """\
# JSON

What commands print with `--json`: one JSON value on stdout. All else goes to stderr.

- Keys keep their names and meanings. **More keys may be added**: ignore those that you do not know.
- Distances are Euclidean, not squared. Times are UTC, in ISO 8601. JSON is ASCII.
- [shapes.json](shapes.json) has the same as JSON Schema (2020-12), a schema for each command under `commands`.
- `search-many` prints a line of JSON for each face, in the form of a searched face, with its image.
- A star marks keys that may be missing.

```console
$ faceindex status --json | jq .faces
```

[Exit codes](exit-codes.md) say whether it was done.
"""


def shapes() -> dict[str, Any]:
    """The file: a schema for each command under "commands", and what they share under "$defs"."""
    read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


def page() -> str:
    """The page, in Markdown."""
    known = shapes()
    lines = [BEGINNING, "## By command"]
    for name, schema in known["commands"].items():
        lines += ["", f"### {name}", "", *_lines(schema)]
    lines += ["", "## Shared shapes"]
    for name, schema in known["$defs"].items():
        lines += ["", f"### {name} {{ #shape-{name} }}", "", *_lines(schema)]
    return "\n".join(lines) + "\n"


def _lines(schema: dict[str, Any]) -> Iterator[str]:
    if "description" in schema:
        yield schema["description"]
        yield ""
    if "properties" in schema:
        yield "| key | type | meaning |"
        yield "|---|---|---|"
        yield from _rows(schema, "")
        return
    choices = schema.get("anyOf", schema.get("oneOf"))
    if choices is None:
        yield f"{_type(schema).capitalize()}." if "description" not in schema else ""
        return
    for number, choice in enumerate(choices):
        yield "" if number == 0 else "Or:"
        yield ""
        yield from _lines(choice)
        yield ""


def _rows(schema: dict[str, Any], before: str) -> Iterator[str]:
    for name, one in schema["properties"].items():
        star = "" if name in schema["required"] else "*"
        yield f"| `{before}{name}`{star} | {_type(one)} | {one.get('description', '')} |"
        if "properties" in one:
            yield from _rows(one, f"{before}{name}.")


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#shape-{name})"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    kind = schema.get("type", "any value")
    if isinstance(kind, list):
        return " or ".join(kind)
    return f"list of {_type(schema['items'])}" if kind == "array" and "items" in schema else str(kind)
