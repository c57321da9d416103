"""Whatever a method of Library gives can be named by a program that only imports faceindex."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Iterator

import pytest

import faceindex


def classes_in(annotation: object) -> Iterator[type]:
    """faceindex's own classes in a type, and in the fields of those."""
    for part in typing.get_args(annotation):
        yield from classes_in(part)
    if isinstance(annotation, type) and annotation.__module__.startswith("faceindex."):
        yield annotation
        if dataclasses.is_dataclass(annotation):
            for kind in typing.get_type_hints(annotation).values():
                yield from classes_in(kind)


def returned() -> set[type]:
    found: set[type] = set()
    for _, member in inspect.getmembers(faceindex.Library):
        function = member.fget if isinstance(member, property) else member
        if inspect.isfunction(function) and not function.__name__.startswith("_"):
            module = inspect.getmodule(function)
            hints = typing.get_type_hints(function, vars(module) | {"Probe": faceindex.Probe})
            found.update(classes_in(hints["return"]))
    return found


def test_every_returned_type_is_exported() -> None:
    kinds = returned()
    assert {faceindex.Album, faceindex.VerifiedPair, faceindex.PersonChange} <= kinds
    missing = {kind.__name__ for kind in kinds if getattr(faceindex, kind.__name__, None) is not kind}
    assert missing == set()


def test_every_name_is_there_and_no_other() -> None:
    for name in faceindex.__all__:
        assert getattr(faceindex, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Librarian'"):
        _ = faceindex.Librarian


def test_a_recipe_and_an_engine_may_be_given_by_name(tmp_path: object) -> None:
    library = faceindex.Library(f"{tmp_path}/x.faces", recipe="sface", engine="dlib")
    assert library.recipe == faceindex.recipe("sface")
    for wrong, said in (({"recipe": "vgg"}, "no recipe is called vgg"), ({"recipe": 5}, "int is no recipe")):
        with pytest.raises(faceindex.UsageError, match=said):
            faceindex.Library(f"{tmp_path}/y.faces", **wrong)
    with pytest.raises(faceindex.UsageError, match="no engine is called torch"):
        faceindex.Library(f"{tmp_path}/y.faces", engine="torch")
