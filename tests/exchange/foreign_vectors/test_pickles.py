"""Pickles of vectors are read in every protocol and by both module paths of NumPy, and nothing in one is ever run."""

from __future__ import annotations

import collections
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceindex.exchange.foreign_vectors.pickles import Refused, plain, read_pickle

VECTOR = np.random.default_rng(0).normal(size=128)


def read(data: bytes) -> Any:
    return read_pickle(io.BufferedReader(io.BytesIO(data)))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_usual_pickles_are_read(protocol: int) -> None:
    original: dict[str, Any] = {
        "encodings": [VECTOR, VECTOR.astype(np.float32), VECTOR.astype(">f8")],
        "names": ["Ann", "Zoë", b"bytes", b""],
        "numbers": (1, 2.5, np.float32(0.25), np.int64(7), True, None),
        "columns": np.asfortranarray(VECTOR.reshape(8, 16)),
        "objects": np.array([VECTOR, None], dtype=object),
        "texts": np.array(["ab", "c"]),
        "ordered": collections.OrderedDict(a=1),
        "lists": collections.defaultdict(list, {"Ann": [VECTOR]}),
        "none": np.zeros((0, 128)),
    }
    found = read(pickle.dumps(original, protocol))
    for one, other in zip(found["encodings"], original["encodings"], strict=True):
        np.testing.assert_array_equal(plain(one), other)
    assert found["names"] == original["names"]
    assert found["numbers"] == (1, 2.5, 0.25, 7, True, None)
    np.testing.assert_array_equal(plain(found["columns"]), VECTOR.reshape(8, 16))
    assert plain(found["texts"]).tolist() == ["ab", "c"]
    assert plain(found["objects"])[1] is None
    assert (found["ordered"], list(found["lists"])) == ({"a": 1}, ["Ann"])
    assert plain(found["none"]).shape == (0, 128)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("former", [b"numpy.core", b"numpy._core"])
def test_arrays_of_numpy_1_and_2_are_the_same(protocol: int, former: bytes) -> None:
    data = pickle.dumps([VECTOR, np.float64(3)], protocol)
    for own in (b"numpy._core", b"numpy.core"):
        other = data.replace(own, former)
        if len(own) != len(former):  # lengths of texts come before them from protocol 4 on
            for module in (b".multiarray", b".numeric"):
                before, after = bytes([0x8C, len(own + module)]), bytes([0x8C, len(former + module)])
                other = other.replace(before + former + module, after + former + module)
        if former in other:
            break
    if protocol >= 4:  # a frame says how long it is
        other = other[:3] + (len(other) - 11).to_bytes(8, "little") + other[11:]
    found = read(other)
    np.testing.assert_array_equal(plain(found[0]), VECTOR)
    assert found[1] == 3


def test_an_array_of_python_2_is_read() -> None:
    raw = np.arange(3, dtype="<f8").tobytes()
    data = (
        b"\x80\x02}q\x00U\tencodingsq\x01]q\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00"
        b"\x85U\x01b\x87Rq\x05(K\x01K\x03\x85cnumpy\ndtype\nq\x06U\x02f8K\x00K\x01\x87Rq\x07(K\x03U\x01<NNNJ\xff\xff\xff"
        b"\xffJ\xff\xff\xff\xffK\x00tb\x89U" + bytes([len(raw)]) + raw + b"tbas."
    )
    (vector,) = read(data)[b"encodings"]
    assert plain(vector).tolist() == [0, 1, 2]


class _Runs:
    def __init__(self, call: Any, *arguments: Any) -> None:
        self.what = (call, arguments)

    def __reduce__(self) -> Any:
        return self.what


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_something_is_refused_and_nothing_is_run(protocol: int, tmp_path: Path) -> None:
    made = tmp_path / "made"
    for evil in (
        _Runs(os.system, f"touch {made}"),
        _Runs(eval, f"open({str(made)!r}, 'w')"),
        _Runs(getattr, str, "join"),
        _Runs(np.load, str(made)),
        _Runs(bytearray, 1 << 40),
        _Runs(np.memmap, str(made), "float32", "w+", 0, (9,)),
    ):
        with pytest.raises(Refused):
            read(pickle.dumps({"encodings": [VECTOR], "names": [evil]}, protocol))
    assert not made.exists()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"cnumpy\nndarray\n(I9\ntR.", id="a call of ndarray"),
        pytest.param(b"cnumpy\ndtype\nN}Vcode\nVV8\ns\x86b.", id="a change of dtype"),
        pytest.param(b"cnumpy.core.multiarray\n_reconstruct\nN}V__globals__\n}s\x86b.", id="a change of a function"),
        pytest.param(b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'V8'\ntRS'12345678'\ntR.", id="a void"),
        pytest.param(b"\x80\x02cnumpy\ndtype\n(U\x02O8tR(K\x03U\x01|NU\x01aNNtb.", id="a record"),
        pytest.param(b"P1\n.", id="a persistent id"),
        pytest.param(b"cposix\nsystem\n.", id="only a name"),
        pytest.param(b"cnumpy\n__loader__\n.", id="a name within numpy"),
    ],
)
def test_names_that_only_look_like_numpy_are_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        read(data)


def test_bytes_never_become_pointers() -> None:
    """An array of objects out of raw bytes would let the file's author choose addresses."""
    kind = b"cnumpy\ndtype\n(U\x02O8K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    data = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01K\x02\x85"
    with pytest.raises((ValueError, TypeError)):
        plain(read(data + kind + b"\x89U\x08AAAAAAAAtb."))[0].real  # noqa: B018


def test_a_shape_that_is_too_large_costs_nothing() -> None:
    data = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nL1099511627776L\n\x85U\x01btR."
    assert plain(read(data)) is None
