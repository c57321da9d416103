"""Whatever a method of Library gives can be named by a program that only imports faceindex."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import typing
from collections.abc import Iterator
from functools import cache, cached_property
from importlib import import_module

import numpy as np
import pytest

import faceindex
from faceindex.types import arrays


def classes_in(annotation: typing.Any) -> Iterator[type]:
    """faceindex's own classes in a type, and in the fields of those."""
    for part in typing.get_args(annotation):
        yield from classes_in(part)
    if isinstance(annotation, type) and annotation.__module__.startswith("faceindex."):
        yield annotation
        if dataclasses.is_dataclass(annotation):
            for kind in hints(annotation).values():
                yield from classes_in(kind)


def members() -> Iterator[tuple[str, typing.Any]]:
    """Every public method and property of Library and of its topics, and of topics also calls and iteration."""
    made = [topic for _, topic in inspect.getmembers(faceindex.Library) if isinstance(topic, cached_property)]
    topics = [hints(topic.func)["return"] for topic in made]
    assert len(topics) == 10
    for owner in (faceindex.Library, *topics):
        for name, member in inspect.getmembers(owner):
            function = member.fget if isinstance(member, property) else member
            if inspect.isfunction(function) and (not name.startswith("_") or name in {"__init__", "__iter__"}):
                yield f"{owner.__name__}.{name}", function


def named_in(function: typing.Any) -> set[type]:
    """The package's classes that a function takes or returns."""
    return {kind for hint in hints(function).values() for kind in classes_in(hint)}


def hints(documented: typing.Any) -> dict[str, typing.Any]:
    """The types of what a function takes and returns, or of a class's fields."""
    names = names_of(inspect.unwrap(documented).__module__)
    return typing.get_type_hints(documented, names | {"Probe": faceindex.Probe})


@cache
def names_of(name: str) -> dict[str, typing.Any]:
    """What the module `name` calls what, with what it imports for types only."""
    module = import_module(name)
    names = dict(vars(module))
    for line in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(line, ast.Import):
            names |= {one.asname: import_module(one.name) for one in line.names if one.asname}
        elif isinstance(line, ast.ImportFrom) and line.module:
            source = import_module(line.module)
            names |= {one.asname or one.name: getattr(source, one.name, None) for one in line.names}
    texts = {name for name, value in vars(arrays).items() if isinstance(value, str) and name[0].isupper()}
    return names | dict.fromkeys(texts & names.keys(), np.ndarray)


def test_every_type_that_a_library_takes_or_returns_is_exported() -> None:
    kinds = {kind for name, function in members() for kind in named_in(function)}
    assert {faceindex.Album, faceindex.VerifiedPair, faceindex.PersonChange, faceindex.Selection} <= kinds
    missing = {kind.__name__ for kind in kinds if getattr(faceindex, kind.__name__, None) is not kind}
    assert missing <= {"Opened"}  # what topics are made of: nobody else makes one


def test_every_member_and_every_option_is_documented_and_typed() -> None:
    for name, function in members():
        if not name.endswith(("__iter__", "__init__")):
            assert function.__doc__, name
        wanted = {one for one in inspect.signature(function).parameters if one != "self"} | {"return"}
        assert wanted <= set(function.__annotations__), name


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
