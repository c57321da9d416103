"""A release refuses dependencies with a licence that is on no list."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest
from releasing import licences


def with_package(folder: Path, name: str, metadata: str) -> str:
    """The Python of a bare environment that has one package."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    info = Path(site.stdout.strip()) / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1\n{metadata}\n")
    return str(python)


@pytest.mark.parametrize(
    ("name", "metadata", "refusal"),
    [
        ("free", "License-Expression: MIT", None),
        ("older", "Classifier: License :: OSI Approved :: BSD License", None),
        ("viral", "License-Expression: AGPL-3.0-only", "viral: AGPL-3.0-only"),
        ("silent", "Summary: x", "silent: says nothing"),
        ("psycopg", "License-Expression: LGPL-3.0-only", None),
        ("both", "License-Expression: MIT AND GPL-2.0-only", "both: MIT AND GPL-2.0-only"),
        ("either", "License-Expression: MIT OR GPL-2.0-only", None),
        ("long", "License: Everyone is permitted to copy", "long: Everyone is permitted to copy"),
        ("file-by-file", "License-Expression: MPL-2.0", "file-by-file: MPL-2.0"),
    ],
)
def test_a_licence_on_no_list_is_refused(tmp_path: Path, name: str, metadata: str, refusal: str | None) -> None:
    python = with_package(tmp_path / "env", name, metadata)
    assert licences.refused(python, licences.PERMISSIVE) == ([refusal] if refusal else [])


def test_what_is_installed_here_has_licences_of_the_list() -> None:
    assert licences.refused(sys.executable, licences.PERMISSIVE + licences.ALSO_FOR_DEVELOPMENT) == []
