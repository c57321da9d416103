"""A user without a home folder, and names that begin with `~`."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

import faceindex
from faceindex.files.user_folders import CACHE_ENVIRONMENT, NOWHERE, user_cache, user_data
from faceindex.library.opened import default_library
from faceindex.models.cache import cached
from faceindex.models.cards import models_folder
from faceindex.photos.finding.addresses import absolute


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder in which a user works whom the system does not know."""

    def unknown(user: int) -> pwd.struct_passwd:
        raise KeyError(user)

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", CACHE_ENVIRONMENT, "FACEINDEX_MODELS", "FACEINDEX_LIBRARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_made_in_the_current_folder_of_a_user_without_a_home(homeless: Path) -> None:
    assert user_cache() == user_data() == NOWHERE
    assert cached("a", lambda: b"made") == b"made"
    assert not models_folder().exists()
    assert not list(homeless.iterdir())


def test_user_without_a_home_has_to_name_a_library(homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(faceindex.UsageError, match="FACEINDEX_LIBRARY"):
        default_library()
    monkeypatch.setenv("FACEINDEX_LIBRARY", "mine.faces")
    assert default_library() == Path("mine.faces")


def test_name_that_begins_with_a_tilde_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert absolute("~$letter.jpg") == str(tmp_path / "~$letter.jpg")
    assert absolute("~/letter.jpg") == "/home/me/letter.jpg"
    with pytest.raises(faceindex.UsageError, match=r"~of nobody"):
        faceindex.Library("~of nobody.faces", create=False)
