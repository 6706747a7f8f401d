"""The closed form of the two-covariance model."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import SEQUENCES
from uisrnn.corpus.corpus import Catalogue, Corpus, InMemory
from uisrnn.model.plda import PLDAObservation
from uisrnn.sequences.coded import CodedSequence
from uisrnn.training import two_covariance
from uisrnn.training.two_covariance import ClusterScatter, approximating_shrinkage


def corpus_of(x, clusters):
    """One sequence."""
    return Corpus.of([CodedSequence(x, np.asarray(clusters, dtype=np.int64))])


def sample(generator, clusters=3000, each=20):
    """Clusters whose centers spread along one direction, and whose observations spread along another."""
    centers = generator.normal(size=(clusters, 3)) * [3.0, 1.0, 0.5] + [1.0, 2.0, 3.0]
    noise = generator.normal(size=(clusters, each, 3)) * [0.5, 2.0, 0.5]
    x = (centers[:, None] + noise).reshape(-1, 3).astype(np.float32)
    return corpus_of(x, np.repeat(np.arange(clusters), each))


def scatter(corpus, unique=False):
    return ClusterScatter(corpus, unique)


def require_close(one, other, abs=1e-9):
    for name in ("center", "within", "between"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-5, abs=abs)


def test_covariances_are_those_the_data_were_drawn_with_drawn_to_the_identity():
    found = scatter(sample(np.random.default_rng(0))).covariances()
    within = np.diag([0.25, 4.0, 0.25])
    between = np.diag([9.0, 1.0, 0.25]) + within / 20  # centers are means of 20 observations
    assert found.center == pytest.approx([1, 2, 3], abs=0.3)
    assert found.within == pytest.approx(0.5 * within + 0.5 * np.trace(within) / 3 * np.eye(3), abs=0.1)
    assert found.between == pytest.approx(between, abs=1.0)


def test_the_shrinkage_of_few_centers_has_nearly_the_smallest_error():
    generator = np.random.default_rng(0)
    truth = np.diag(np.arange(1.0, 21.0))
    errors = []
    for _ in range(200):
        x = generator.normal(size=(12, 20)) * np.sqrt(np.diag(truth))
        covariance = x.T @ x / len(x)
        weights = [approximating_shrinkage(covariance, len(x)), *np.linspace(0, 1, 21)]
        diagonal = np.trace(covariance) / 20 * np.eye(20)
        errors.append([np.square((1 - weight) * covariance + weight * diagonal - truth).sum() for weight in weights])
    own, *fixed = np.mean(errors, axis=0)
    assert own < 1.1 * min(fixed)
    assert own < 0.2 * fixed[1]  # of the weight 0.05


@pytest.mark.parametrize("number", [0, 1, 5, 1000])
def test_a_covariance_that_is_a_multiple_of_the_identity_is_shrunken_to_it(number):
    assert approximating_shrinkage(3 * np.eye(4), number) == 1


def test_many_centers_are_hardly_shrunken():
    assert approximating_shrinkage(np.diag([1.0, 2.0, 3.0]), 10**6) < 1e-4


def test_the_projection_makes_the_one_the_identity_and_the_other_diagonal():
    found = scatter(sample(np.random.default_rng(0))).covariances()
    projection, eigenvalues = found.whitened(2)
    assert projection.T @ found.within @ projection == pytest.approx(np.eye(2), abs=1e-9)
    assert projection.T @ found.between @ projection == pytest.approx(np.diag(eigenvalues), abs=1e-9)
    assert eigenvalues[0] > eigenvalues[1] > 0
    assert abs(projection[0, 0]) > 10 * abs(projection[1, 0])  # where clusters differ, not where observations spread


def test_leaving_clusters_out_is_never_having_seen_them():
    corpus = sample(np.random.default_rng(0), clusters=6, each=5)
    without = scatter(corpus).covariances(without=np.array([1, 4]))
    one = corpus.read(0)
    kept = ~np.isin(one.labels, [1, 4])
    alone = scatter(corpus_of(one.observations[kept], one.labels[kept])).covariances()
    require_close(without, alone)


def noisy(sequences, seed):
    """The same labels with other observations, of which none are equal."""
    generator = np.random.default_rng(seed)
    return [
        CodedSequence(generator.normal(size=one.observations.shape).astype(np.float32), one.labels) for one in sequences
    ]


@given(sequences=SEQUENCES, unique=st.booleans(), seed=st.integers(0, 99), part=st.sampled_from([1, 3, 2**12]))
@settings(deadline=None)
def test_they_are_those_of_all_observations_at_once(sequences, unique, seed, part):
    """Of everything in memory, whatever is read at a time, and whether labels are shared or not."""
    sequences = noisy(sequences, seed)
    corpus = Corpus.of(sequences)
    x = np.concatenate([one.observations for one in sequences]).astype(np.float64)
    keys = [(number if unique else 0, code) for number, one in enumerate(sequences) for code in one.labels.tolist()]
    clusters = np.array([sorted(set(keys)).index(key) for key in keys])
    means = np.array([x[clusters == one].mean(0) for one in range(clusters.max() + 1)])
    within = (x - means[clusters]).T @ (x - means[clusters]) / max(len(x) - len(means), 1)
    scale = np.square(x - x.mean(0)).sum() / x.size or 1.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_covariance, "_PART", part)
        found = ClusterScatter(corpus, unique).covariances()
    assert found.center == pytest.approx(x.mean(0), abs=1e-6)
    eye = np.eye(2)
    assert found.within == pytest.approx(0.5 * within + (0.25 * np.trace(within) + 1e-4 * scale) * eye, abs=1e-6)
    about = means - x.mean(0)
    between = about.T @ about / len(means)
    if len(means) == 1:
        assert found.between == pytest.approx(scale * eye, abs=1e-6)
    else:
        weight = approximating_shrinkage(between, len(means) - 1)
        expected = (1 - weight) * between + (weight / 2 * np.trace(between) + 1e-4 * scale) * eye
        assert found.between == pytest.approx(expected, abs=1e-6)


@given(sequences=SEQUENCES, unique=st.booleans(), data=st.data())
@settings(deadline=None)
def test_the_clusters_of_some_sequences_can_be_left_out(sequences, unique, data):
    sequences = noisy(sequences, 0)
    corpus = Corpus.of(sequences)
    found = ClusterScatter(corpus, unique)
    numbers = np.array(data.draw(st.lists(st.integers(0, len(sequences) - 1), unique=True, max_size=4)), dtype=np.int64)
    left_out = found.clusters_of(numbers)
    codes = {code for number in numbers.tolist() for code in sequences[number].labels.tolist()}
    kept = []
    for number, one in enumerate(sequences):
        stays = np.array([not (number in numbers if unique else code in codes) for code in one.labels.tolist()])
        if stays.any():
            kept.append(CodedSequence(one.observations[stays], one.labels[stays]))
    names = [(number if unique else 0, code) for number, one in enumerate(kept) for code in one.labels.tolist()]
    expected = ClusterScatter(Corpus.of(kept), unique) if len(set(names)) > 1 else found
    require_close(found.covariances(without=left_out), expected.covariances(), abs=1e-6)


@pytest.mark.parametrize("unique", [True, False])
def test_a_cluster_that_is_larger_than_the_memory_is_read_in_parts(unique, monkeypatch):
    """No more than a part and a block of it are put together."""
    generator, catalogue = np.random.default_rng(0), Catalogue()
    x = generator.normal(size=(400, 2)).astype(np.float32)
    for start in range(0, 400, 10):
        catalogue.add(CodedSequence(x[start : start + 10], np.repeat([0, 1], 5)))
    corpus, together = catalogue.corpus(InMemory(x)), []
    concatenate = np.concatenate

    def noted(arrays, *args, **options):
        found = concatenate(arrays, *args, **options)
        if found.ndim == 2:
            together.append(len(found))
        return found

    monkeypatch.setattr(two_covariance, "_PART", 20)
    monkeypatch.setattr(np, "concatenate", noted)
    found = ClusterScatter(corpus, unique)
    found.covariances(without=np.array([0]))
    assert sum(together) >= 3 * 200
    assert max(together) <= 20 + 10


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
    scatter(corpus_of(x.astype(np.float32), clusters)).covariances().install(model)
    assert all(bool(torch.isfinite(one).all()) for one in model.state_dict().values())
    assert (model.eigenvalues > 0).all()


def test_models_of_folds_share_parameters_but_not_covariances():
    model = PLDAObservation(3, 2, context=1)
    twin = model.with_same_parameters()
    assert [id(one) for one in twin.parameters()] == [id(one) for one in model.parameters()]
    scatter(sample(np.random.default_rng(0))).covariances().install(twin)
    assert not torch.equal(twin.center, model.center)


@given(sequences=SEQUENCES, unique=st.booleans(), data=st.data())
@settings(deadline=None)
def test_groups_that_are_left_out_together_give_the_covariances_of_each_group_alone(sequences, unique, data):
    found = ClusterScatter(Corpus.of(noisy(sequences, 0)), unique)
    numbers = st.lists(st.integers(0, len(sequences) - 1), unique=True, max_size=4)
    groups = [found.clusters_of(np.array(group, dtype=np.int64)) for group in data.draw(st.lists(numbers, max_size=5))]
    together = list(found.each_without(groups))
    assert len(together) == len(groups)
    for covariances, group in zip(together, groups, strict=True):
        require_close(covariances, found.covariances(without=group))


def test_each_cluster_is_read_once_however_many_groups_lack_it(monkeypatch):
    found = scatter(sample(np.random.default_rng(0), clusters=30, each=5))
    rows = []
    read = type(found._clusters).read

    def noted(clusters, spans):
        rows.extend(row for start, stop in spans for row in range(start, stop))
        return read(clusters, spans)

    monkeypatch.setattr(type(found._clusters), "read", noted)
    groups = [np.arange(first, first + 8) for first in range(0, 20, 2)]
    list(found.each_without(groups))
    assert sorted(rows) == list(range(5 * 26))


def test_many_groups_need_no_more_memory_than_a_few(monkeypatch):
    found = scatter(sample(np.random.default_rng(0), clusters=30, each=5))
    groups = [np.array([cluster]) for cluster in range(7)]
    expected = list(found.each_without(groups))
    monkeypatch.setattr(two_covariance, "_BYTES_OF_SCATTERS", 2 * 8 * 9)  # two groups at a time
    for covariances, others in zip(found.each_without(groups), expected, strict=True):
        require_close(covariances, others)
