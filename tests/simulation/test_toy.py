import numpy as np
import pytest

from uisrnn.simulation import toy


def test_centers_are_unit_vectors(generator):
    assert np.linalg.norm(toy.centers(5, 16, generator), axis=1) == pytest.approx(1)


def test_observations_lie_about_their_centers(generator):
    centers = toy.centers(4, 8, generator)
    one = toy.conversation(centers, 500, generator, change=0.25, noise=0.01)
    assert np.abs(one.observations - centers[one.labels]).max() < 0.06
    assert np.count_nonzero(np.diff(one.labels)) / 499 == pytest.approx(0.25, abs=0.06)
    assert set(one.labels) == {0, 1, 2, 3}


def test_one_cluster_never_changes(generator):
    assert set(toy.conversation(toy.centers(1, 2, generator), 20, generator).labels) == {0}


def test_the_shipped_files_are_those_that_the_script_makes(repository, monkeypatch, tmp_path):
    namespace: dict = {"__name__": "script", "__file__": str(tmp_path / "make_toy_data.py")}
    exec((repository / "data" / "make_toy_data.py").read_text(), namespace)
    namespace["main"]()
    for name in ("toy_training_data.npz", "toy_testing_data.npz"):
        with np.load(repository / "data" / name) as shipped, np.load(tmp_path / name) as made:
            assert shipped.files == made.files
            for key in shipped.files:
                equal = np.array_equal if shipped[key].dtype.kind == "U" else np.allclose
                assert equal(shipped[key], made[key])
