"""A dependency that can open a connection is looked at by a person before it is used, and nothing of ours can."""

from __future__ import annotations

import ast
import re
from importlib import metadata
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "faceindex"

CAN_CONNECT = {
    "imagecodecs": "libcpcodec, of a codec that is never called; JPEG XL, JPEG 2000 and the kinds of TIFF use others",
    "onnxruntime": "telemetry, which faceindex.running.telemetry turns off",
    "pillow": "libxcb, with which pictures are taken of a screen; never called",
}
"""Distributions whose native libraries call getaddrinfo, connect or the like, and why nothing comes of it."""

_CALLS = re.compile(rb"\0(getaddrinfo|gethostbyname|connect|res_query|curl_easy_perform)\0")
_NETWORK = {"socket", "ssl", "http", "urllib.request", "ftplib", "smtplib", "socketserver", "xmlrpc", "webbrowser"}
_LISTENS = {"web/serving.py", "cluster/session.py"}
"""Modules that use only addresses that the user named, or this machine's own: one listens, the other connects."""

_CLIENTS = {"aiohttp", "httpx", "requests", "urllib3", "huggingface_hub", "pooch"}


def needed(name: str, seen: set[str]) -> set[str]:
    """The distribution `name`, and all that it needs where this runs, extras of others left out."""
    name = re.sub(r"[-_.]+", "-", name).lower()
    if name not in seen:
        try:
            requirements = metadata.distribution(name).requires or []
        except metadata.PackageNotFoundError:  # for another platform
            return seen
        seen.add(name)
        for requirement in requirements:
            extra = re.search(r"extra == [\"']([\w-]+)", requirement)
            if extra is None or (name == "faceindex" and extra[1] in ("raw", "plots", "formats", "openvino")):
                needed(re.split(r"[^\w.-]", requirement, maxsplit=1)[0], seen)
    return seen


def test_native_libraries_that_can_connect_are_known() -> None:
    distributions = needed("faceindex", set())
    assert {"onnxruntime", "faiss-cpu", "h5py"} <= distributions
    found = {
        name
        for name in distributions
        for file in metadata.files(name) or []
        if re.search(r"\.(so|dylib)(\.|$)", file.name) and _CALLS.search(Path(str(file.locate())).read_bytes())
    }
    assert found <= CAN_CONNECT.keys()


def test_no_dependency_is_a_client_of_the_network() -> None:
    assert not needed("faceindex", set()) & _CLIENTS


@pytest.mark.parametrize("module", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_imports_what_opens_connections(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        refused = _NETWORK | _CLIENTS
        if module.relative_to(PACKAGE).as_posix() in _LISTENS:
            refused = refused - {"socket"}
        assert not {".".join(name.split(".")[:depth]) for name in names for depth in (1, 2)} & refused
