import numpy as np
import pytest
import torch

from models import OBSERVATION_MODELS, ConjugateGaussian, feature_dim
from uisrnn.decoding.pool import FRESH, Pool, enrol, gaussian_cost, release_row, take_row
from uisrnn.model.observation import negative_log_density

X = torch.tensor([[1.0, 1.0, 1.0], [-2.0, -2.0, -2.0]], dtype=torch.float64)


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return OBSERVATION_MODELS[request.param]()


@torch.no_grad()
def taken(pool: Pool, row: int, x: torch.Tensor) -> int:
    """The row for a state with one more observation, held once."""
    pool.reserve(1)
    new = take_row(pool.index)
    pool.index.holds[new] = 1
    pool.advance(np.array([row]), np.array([new]), pool.encode(x[None]), np.array([0]))
    return new


def test_rows_never_change_and_free_ones_are_used_again():
    model = ConjugateGaussian()
    pool, both = Pool(model), np.array([0, 1])
    first = taken(pool, FRESH, X[0])
    before = pool.costs(np.array([first, first]), X, both)
    second = taken(pool, first, X[1])
    assert (pool.costs(np.array([first, first]), X, both) == before).all()
    assert pool.used == 3
    release_row(pool.index, first)
    assert pool.used == 2
    assert take_row(pool.index) == first != second


def test_the_fresh_row_and_known_clusters_are_never_freed(model):
    known = [X, X[:1]]
    with torch.no_grad():
        pool = Pool(model, enrol(model, known))
    assert pool.used == pool.shared == 3
    for row in range(3):
        release_row(pool.index, row)
    assert pool.used == 3
    pool.reserve(500)
    states = model.initial()
    with torch.no_grad():
        features = model.features(X)
        for x in (features[0, -1], features[1, 0]):  # they start a block and continue it
            states = model.advance(states, model.encode(x[None]))
        x = features[:1, 0]
        expected = negative_log_density(x[0], model.predict(states)).item()
    assert pool.costs(np.array([1]), x, np.array([0])) == pytest.approx([expected])


def test_it_grows_as_needed():
    model = ConjugateGaussian()
    pool = Pool(model)
    held = [taken(pool, FRESH, torch.full((3,), float(number), dtype=torch.float64)) for number in range(100)]
    assert len(set(held)) == 100
    x = torch.full((1, 3), 80.0, dtype=torch.float64)
    near = pool.costs(np.array(held), x, np.zeros(100, dtype=np.int64))
    assert near.argmin() in range(98, 100)  # shrunken towards 0, so a cluster at 99 expects about 79


def test_compiled_costs_are_those_of_the_model(model):
    pool, x = Pool(model), X[:, : feature_dim(model)].contiguous()
    first = taken(pool, FRESH, x[0])
    rows, which = np.array([FRESH, first, first]), np.array([0, 1, 0])
    compiled = [gaussian_cost(pool.gaussians, row, x.numpy(), of) for row, of in zip(rows, which, strict=True)]
    assert compiled == pytest.approx(pool.costs(rows, x, which))
    states = pool.states(rows)
    with torch.no_grad():
        assert compiled == pytest.approx(negative_log_density(x[which], model.predict(states)).numpy())
