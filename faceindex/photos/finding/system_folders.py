"""Folders and files without photos: thumbnails, previews, trash and snapshots of systems and other programs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

_FOLDERS = frozenset(
    [
        # Synology, QNAP, Asustor, ReadyNAS, TrueNAS, NetApp
        *("@eadir", "#recycle", "#snapshot", "@sharesnap", "@sharebin", "@tmp"),
        *(".@__thumb", "@__thumb", "@recycle", "@recently-snapshot", "@snapshot", "network recycle bin"),
        *(".recycle", ".snapshot", "~snapshot", ".zfs"),
        # Windows, macOS and its file servers, Linux
        *("$recycle.bin", "system volume information", ".trash", ".trashes", ".fseventsd", ".spotlight-v100"),
        *(".appledouble", "network trash folder", "temporary items", "lost+found", ".thumbnails", ".thumbs"),
        # Picasa, digiKam, Bridge; previews of videos on camera cards; bins of Nextcloud
        *(".picasaoriginals", ".dtrash", ".bridgecache", "thmbnl", "files_trashbin", "files_versions"),
    ]
)
_BEGINNINGS = (".trash-", "appdata_oc")  # trash of freedesktop.org, one for each user; previews of Nextcloud
_ENDINGS = (".lrdata",)  # previews and smart previews of Lightroom

_FILE_BEGINNINGS = ("._", ".trashed-")  # AppleDouble files on other systems' disks; Android's trash
_FILE_ENDINGS = (".thm",)  # JPEG previews of videos

_LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary")
_IPHOTO = "AlbumData.xml"
_WITH_PHOTOS = frozenset(("originals", "masters", "modified"))  # "modified": pictures edited in iPhoto

_MARKERS = (".ppstorage",)  # PhotoPrism's folder of thumbnails and caches
_IMMICH, _IMMICH_FOLDERS = ".immich", frozenset(("thumbs", "encoded-video", "profile", "backups"))


def is_system_folder(name: str) -> bool:
    """Whether a folder with this name has no photos, whatever is in it."""
    small = name.casefold()
    return small in _FOLDERS or small.startswith(_BEGINNINGS) or small.endswith(_ENDINGS)


def is_system_file(name: str) -> bool:
    """Whether a file with this name is not a photo, whatever its first bytes are."""
    small = name.casefold()
    return small.startswith(_FILE_BEGINNINGS) or small.endswith(_FILE_ENDINGS)


def is_marked(folder: str, names: Collection[str]) -> bool:
    """Whether a program marked `folder`, which contains `names`, as its cache."""
    if any(marker in names for marker in _MARKERS):
        return True
    return _IMMICH in names and PurePath(folder).name in _IMMICH_FOLDERS


def is_photo_library(folder: str, names: Collection[str]) -> bool:
    """Whether `folder` is a library of Apple's Photos, iPhoto or Aperture. names: its content."""
    return folder.casefold().endswith(_LIBRARIES) or _IPHOTO in names


def has_photos_of_library(name: str) -> bool:
    """Whether a folder with this name, inside such a library, contains the photos."""
    return name.casefold() in _WITH_PHOTOS
