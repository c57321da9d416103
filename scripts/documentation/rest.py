"""The page of the HTTP API, from its description in OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from faceindex.web.app import api, openapi

TITLES = {
    "photos": "Photos",
    "faces": "Faces",
    "albums": "Albums",
    "people": "People",
    "history": "History",
    "review": "Review",
    "search": "Search, identify, verify",
    "jobs": "Jobs and events",
    "session": "Signing in",
    "state": "State of the server",
}


def page() -> str:
    """The page, in Markdown."""
    described = openapi(api())
    schemas = described["components"]["schemas"]
    lines = ["# HTTP API", "", "For programs that talk to [the server](serving.md)."]
    lines += ["", described["info"]["description"]]
    lines += ["", "`faceindex serve --openapi` prints the whole description in the form of OpenAPI 3.1."]
    group = ""
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            tag = route["tags"][0]
            if tag != group:
                group = tag
                lines += ["", f"## {TITLES.get(tag, tag.capitalize())}"]
            lines += ["", f"### {method.upper()} {path.removeprefix('/api/v1')}", "", *_route(route, schemas)]
    lines += ["", "## Shapes", "", "The objects in requests and answers. A star marks keys that are always present."]
    for name, schema in sorted(schemas.items()):
        lines += ["", f"### {name}", "", *_shape(schema)]
    return "\n".join(lines) + "\n"


def _route(route: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield route.get("description", "")
    yield ""
    yield f"Scope: {route['x-scope']}." if route.get("x-scope") else "For anybody."
    yield ""
    parameters = route.get("parameters", [])
    if parameters:
        yield "| parameter | type | meaning |"
        yield "|---|---|---|"
        for one in parameters:
            default = one["schema"].get("default")
            said = one.get("description", "") + ("" if default is None else f" Default: `{json.dumps(default)}`.")
            yield f"| `{one['name']}` in {one['in']} | {_type(one['schema'])} | {_cell(said)} |"
        yield ""
    for kind, content in route.get("requestBody", {}).get("content", {}).items():
        yield f"Body, `{kind}`: {_type(content['schema'])}."
        yield ""
    for code, answer in route["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if code != "default":
                yield f"Answer {code}, `{kind}`: {_type(content.get('schema', {}))}."
                yield ""


def _shape(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("description"):
        yield schema["description"]
        yield ""
    if schema.get("properties"):
        yield "| key | type | meaning |"
        yield "|---|---|---|"
        for name, one in schema["properties"].items():
            star = "*" if name in schema.get("required", []) else ""
            yield f"| `{name}`{star} | {_type(one)} | {_cell(one.get('description', ''))} |"
    elif "enum" in schema:
        yield "One of " + ", ".join(f"`{value}`" for value in schema["enum"]) + "."
    else:
        yield _type(schema)


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to those that have a section."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_type(one) for one in schema.get("anyOf", schema.get("oneOf", [])))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        of = "[" + ", ".join(_type(one) for one in schema["prefixItems"]) + "]" if "prefixItems" in schema else ""
        return of or f"list of {_type(schema.get('items', {}))}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
