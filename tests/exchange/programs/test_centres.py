"""Middles of names: the nearest one is that of a comparison with all."""

from __future__ import annotations

import numpy as np

from faceindex.exchange.programs.centres import Centres


def test_the_nearest_middle_is_that_of_all_but_the_names_that_do_not_count() -> None:
    random = np.random.default_rng(0)
    names = random.integers(0, 90, 200)
    vectors = random.standard_normal((200, 16)).astype(np.float32)
    probes = list(random.standard_normal((60, 16)).astype(np.float32))
    besides = [set(random.choice(90, place % 4, replace=False).tolist()) for place in range(60)]
    centres = Centres(16)
    for part in (slice(0, 120), slice(120, 200)):  # the second time after middles were asked for
        faces = range(200)[part]
        centres.add(zip(names[part].tolist(), faces, strict=True), {face: vectors[face] for face in faces})
        known = range(part.stop)
        members = {name: [face for face in known if names[face] == name] for name in range(90)}
        middles = {name: vectors[own].mean(axis=0) for name, own in members.items() if len(own) >= 2}
        wanted = [
            min(float(np.linalg.norm(middle - probe)) for name, middle in middles.items() if name not in left_out)
            for probe, left_out in zip(probes, besides, strict=True)
        ]
        np.testing.assert_allclose(centres.nearest(probes, besides, 2), wanted, rtol=1e-5)


def test_where_no_other_name_has_so_many_faces_there_is_no_nearest_middle() -> None:
    centres = Centres(2)
    vectors = {face: np.array([face, 0], dtype=np.float32) for face in range(3)}
    assert np.isnan(centres.nearest([vectors[0]], [set()], 2)).all()
    centres.add([(0, 0), (0, 1), (1, 2)], vectors)
    assert np.isnan(centres.nearest([vectors[0]], [{0}], 2)).all()
    assert centres.nearest([vectors[0]], [{1}], 2).tolist() == [0.5]
