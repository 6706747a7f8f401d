import numpy as np
import pytest
import torch

from uisrnn.model.plda import PLDAObservation
from uisrnn.training.two_covariance import ClusterScatter


def sample(generator, clusters=3000, each=20):
    """Clusters whose centers spread along one direction, and whose observations spread along another."""
    centers = generator.normal(size=(clusters, 3)) * [3.0, 1.0, 0.5] + [1.0, 2.0, 3.0]
    noise = generator.normal(size=(clusters, each, 3)) * [0.5, 2.0, 0.5]
    x = (centers[:, None] + noise).reshape(-1, 3).astype(np.float32)
    return x, np.repeat(np.arange(clusters), each)


def test_covariances_are_those_the_data_were_drawn_with_drawn_to_the_identity():
    found = ClusterScatter(*sample(np.random.default_rng(0))).covariances()
    within = np.diag([0.25, 4.0, 0.25])
    between = np.diag([9.0, 1.0, 0.25]) + within / 20  # centers are means of 20 observations
    assert found.center == pytest.approx([1, 2, 3], abs=0.3)
    assert found.within == pytest.approx(0.5 * within + 0.5 * np.trace(within) / 3 * np.eye(3), abs=0.1)
    assert found.between == pytest.approx(0.95 * between + 0.05 * np.trace(between) / 3 * np.eye(3), abs=1.0)


def test_the_projection_makes_the_one_the_identity_and_the_other_diagonal():
    found = ClusterScatter(*sample(np.random.default_rng(0))).covariances()
    projection, eigenvalues = found.whitened(2)
    assert projection.T @ found.within @ projection == pytest.approx(np.eye(2), abs=1e-9)
    assert projection.T @ found.between @ projection == pytest.approx(np.diag(eigenvalues), abs=1e-9)
    assert eigenvalues[0] > eigenvalues[1] > 0
    assert abs(projection[0, 0]) > 10 * abs(projection[1, 0])  # where clusters differ, not where observations spread


def test_leaving_clusters_out_is_never_having_seen_them():
    x, clusters = sample(np.random.default_rng(0), clusters=6, each=5)
    without = ClusterScatter(x, clusters).covariances(without=np.array([1, 4]))
    kept = ~np.isin(clusters, [1, 4])
    _values, codes = np.unique(clusters[kept], return_inverse=True)
    alone = ClusterScatter(x[kept], codes).covariances()
    for name in ("center", "within", "between"):
        assert getattr(without, name) == pytest.approx(getattr(alone, name))


@pytest.mark.parametrize(
    ("x", "clusters"),
    [
        (np.ones((1, 3)), [0]),
        (np.ones((4, 3)), [0, 0, 1, 1]),
        (np.eye(3), [0, 1, 2]),
        (np.eye(3), [0, 0, 0]),
        (np.array([[1e-20, 0, 0], [0, 1e-20, 0]]), [0, 1]),
        (np.array([[1e15, 0, 0], [0, 1e15, 0], [1e15, 0, 1.0]]), [0, 1, 0]),
    ],
    ids=["one observation", "all equal", "a cluster each", "one cluster", "tiny", "huge"],
)
def test_too_little_to_tell_gives_a_model_with_finite_parameters(x, clusters):
    model = PLDAObservation(3, 2)
    ClusterScatter(x.astype(np.float32), np.array(clusters)).covariances().install(model)
    assert all(bool(torch.isfinite(one).all()) for one in model.state_dict().values())
    assert (model.eigenvalues > 0).all()


def test_models_of_folds_share_parameters_but_not_covariances():
    model = PLDAObservation(3, 2, context=1)
    twin = model.with_same_parameters()
    assert [id(one) for one in twin.parameters()] == [id(one) for one in model.parameters()]
    ClusterScatter(*sample(np.random.default_rng(0))).covariances().install(twin)
    assert not torch.equal(twin.center, model.center)
