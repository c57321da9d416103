"""Addresses of photos: what is one, what is kept of it, and what tells that an object has changed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from faceindex.photos.finding import addresses
from faceindex.photos.finding.addresses import absolute, is_in, is_url, login_of, shown, with_query, without_secrets
from faceindex.photos.finding.entries import UNTIMED
from faceindex.photos.finding.remote_systems import changed_at


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_logins", {})
    monkeypatch.setattr(addresses, "_queries", {})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("s3://bucket/a/b.jpg", "s3://bucket/a/b.jpg"),
        ("s3://bucket/", "s3://bucket"),
        ("S3://Bucket/A.jpg", "s3://Bucket/A.jpg"),
        ("s3://bucket/what?.jpg", "s3://bucket/what?.jpg"),
        ("s3://bucket/a//b.jpg", "s3://bucket/a//b.jpg"),
        ("sftp://ann:pass@nas:22/photos", "sftp://nas:22/photos"),
        ("https://host/a.jpg?signature=1#x", "https://host/a.jpg"),
        ("abfs://box@account/a.jpg", "abfs://box@account/a.jpg"),
        ("memory://", "memory://"),
        ("file:///a%20b/c.jpg", "/a b/c.jpg"),
        ("file://localhost/c.jpg", "/c.jpg"),
        ("picture:/x", "picture:/x"),
        ("picture:/s3://x", "picture:/s3://x"),
    ],
)
def test_the_stored_address_can_be_opened_and_has_no_secret(given: str, kept: str) -> None:
    assert absolute(given) == kept
    assert absolute(kept) == kept
    if not given.startswith(("picture:", "file:")) and "//" not in given[8:] and given != "memory://":
        assert absolute(Path(given)) == kept  # Path makes one slash of two
    assert is_url(kept) == (not kept.startswith(("/", "picture:")))


def test_a_drive_and_a_folder_with_a_colon_are_no_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("C:/photos") == f"{tmp_path}/C:/photos"
    assert absolute("C://photos") == f"{tmp_path}/C:/photos"
    (tmp_path / "trip:" / "a").mkdir(parents=True)
    assert absolute("trip:/a") == f"{tmp_path}/trip:/a"
    assert shown("a.jpg") == "a.jpg"


def test_secrets_are_known_to_this_process_and_its_children_only(monkeypatch: pytest.MonkeyPatch) -> None:
    absolute("sftp://ann:p%40ss@nas/photos")
    signed = absolute("https://host/a.jpg?X-Amz-Signature=1")
    assert login_of("sftp://nas/photos/a.jpg") == ("ann", "p@ss")
    assert login_of("sftp://other/photos/a.jpg") == (None, None)
    assert with_query(signed) == "https://host/a.jpg?X-Amz-Signature=1"
    passed = addresses.secrets_for_children()
    monkeypatch.setattr(addresses, "_logins", {})
    monkeypatch.setattr(addresses, "_queries", {})
    assert addresses.secrets_for_children() == {}
    for name, value in passed.items():
        monkeypatch.setenv(name, value)
    addresses.take_secrets()
    assert login_of("sftp://nas/photos") == ("ann", "p@ss")
    assert with_query(signed).endswith("=1")
    assert addresses.LOGINS not in os.environ


def test_messages_hold_no_secret() -> None:
    said = "403, url='https://ann:pw@host/a.jpg?X-Amz-Signature=abc' refused"
    assert without_secrets(said) == "403, url='https://host/a.jpg' refused"


def test_what_lies_in_a_folder_at_an_address() -> None:
    assert is_in("s3://bucket/a/b.jpg", "s3://bucket/a")
    assert is_in("s3://bucket/a", "s3://bucket/a")
    assert not is_in("s3://bucket/ab", "s3://bucket/a")


TIME = datetime(2024, 5, 6, 7, 8, 9, 500_000, UTC)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"ETag": '"a"', "LastModified": TIME}, {"ETag": "a", "LastModified": TIME.replace(microsecond=0)}, True),
        ({"ETag": '"a"', "LastModified": TIME}, {"ETag": '"b"', "LastModified": TIME}, False),
        ({"mtime": TIME}, {"mtime": TIME.timestamp()}, True),
        ({"mtime": TIME}, {"mtime": TIME.replace(microsecond=0)}, False),
        ({"modify": "20240506070809"}, {"modify": "20240506070809.0"}, True),
        ({"Last-Modified": "Mon, 06 May 2024 07:08:09 GMT"}, {"mtime": TIME.replace(microsecond=0)}, True),
        ({"updated": "2024-05-06T07:08:09.500Z"}, {"mtime": TIME}, True),
        ({"modify": "May 6 2024"}, {"modify": "May 7 2024"}, False),
        ({"etag": "a"}, {"etag": "b"}, False),
    ],
)
def test_version_or_time_show_that_an_object_has_changed(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    assert (changed_at(one) == changed_at(other)) == same
    assert changed_at(one) != UNTIMED


def test_without_time_and_version_an_object_may_always_have_changed() -> None:
    assert changed_at({"size": 5}) == UNTIMED
