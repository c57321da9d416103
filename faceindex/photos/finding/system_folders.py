"""Folders and files that hold no photos: thumbnails, previews, bins and snapshots of systems and other programs."""

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
_BEGINNINGS = (".trash-", "appdata_oc")  # of freedesktop.org's bins, one for each user; previews of Nextcloud
_ENDINGS = (".lrdata",)  # previews and smart previews of Lightroom

_FILE_BEGINNINGS = ("._", ".trashed-")  # AppleDouble halves on foreign disks; Android's bin
_FILE_ENDINGS = (".thm",)  # JPEG previews of videos

_LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary")
_IPHOTO = "AlbumData.xml"
_WITH_PHOTOS = frozenset(("originals", "masters", "modified"))  # "modified": pictures that somebody edited in iPhoto

_MARKERS = (".ppstorage",)  # PhotoPrism's folder of thumbnails and caches
_IMMICH, _IMMICH_FOLDERS = ".immich", frozenset(("thumbs", "encoded-video", "profile", "backups"))


def is_system_folder(name: str) -> bool:
    """Whether a folder of this name holds no photos, whatever is in it."""
    small = name.casefold()
    return small in _FOLDERS or small.startswith(_BEGINNINGS) or small.endswith(_ENDINGS)


def is_system_file(name: str) -> bool:
    """Whether a file of this name is no photo, whatever its first bytes say."""
    small = name.casefold()
    return small.startswith(_FILE_BEGINNINGS) or small.endswith(_FILE_ENDINGS)


def is_marked(folder: str, names: Collection[str]) -> bool:
    """Whether a program has marked `folder`, in which `names` are, as one of its caches."""
    if any(marker in names for marker in _MARKERS):
        return True
    return _IMMICH in names and PurePath(folder).name in _IMMICH_FOLDERS


def is_photo_library(folder: str, names: Collection[str]) -> bool:
    """Whether Apple's Photos, iPhoto or Aperture keeps photos in `folder`, beside much else. names: what is in it."""
    return folder.casefold().endswith(_LIBRARIES) or _IPHOTO in names


def has_photos_of_library(name: str) -> bool:
    """Whether a folder of this name, in a photo library, is one with the photos themselves."""
    return name.casefold() in _WITH_PHOTOS
