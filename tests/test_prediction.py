"""What a model does with observations: options of `predict`, known clusters, scores, streams of its own."""

import copy

import numpy as np
import pytest

import uisrnn
from conftest import SQUARE, square
from uisrnn import InferenceArguments


@pytest.fixture
def x(generator) -> np.ndarray:
    return square(40, generator)[0]


def corner(number: int, length: int = 6) -> np.ndarray:
    return np.repeat(SQUARE[[number]], length, axis=0)


def test_known_clusters_keep_their_names_and_others_are_numbered(square_model):
    x = SQUARE[[2, 2, 0, 0, 1, 1, 2, 3, 3, 0]]
    known = {"alice": corner(0), "bob": corner(1)}
    assert square_model.predict(x, clusters=known) == [0, 0, "alice", "alice", "bob", "bob", 0, 1, 1, "alice"]
    assert square_model.predict_single(x[2:6], clusters=known) == ["alice", "alice", "bob", "bob"]


def test_names_may_be_integers_and_new_labels_avoid_them(square_model):
    x = SQUARE[[2, 2, 0, 0, 1, 1, 3, 3]]
    assert square_model.predict(x, clusters={1: corner(0), 0: corner(1)}) == [2, 2, 1, 1, 0, 0, 3, 3]


def test_a_closed_set_takes_the_nearest(square_model):
    x = SQUARE[[0, 0, 1, 1]] + 0.1
    args = InferenceArguments(allow_new_clusters=False)
    assert square_model.predict(x, args, clusters={"a": corner(0), "b": corner(1)}) == ["a", "a", "b", "b"]
    assert set(square_model.predict(SQUARE[[3, 2, 3]], args, clusters={"a": corner(0)})) == {"a"}


@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_the_number_of_clusters(square_model, x, number):
    assert len(set(square_model.predict(x, InferenceArguments(num_clusters=number)))) == number
    assert len(set(square_model.predict(x, InferenceArguments(max_clusters=number)))) <= number


def test_scores_of_one_sequence_and_of_several(square_model, x):
    labels, scores = square_model.predict(x, return_scores=True)
    assert labels == square_model.predict(x)
    assert isinstance(scores, uisrnn.Scores)
    assert scores.n_best[0][0] == labels
    probabilities = [log_prob for _, log_prob in scores.n_best]
    assert probabilities == sorted(probabilities, reverse=True)
    assert len({tuple(one) for one, _ in scores.n_best}) == len(scores.n_best) <= 10
    assert scores.confidence.shape == (40,)
    assert ((scores.confidence > 0) & (scores.confidence <= 1 + 1e-12)).all()
    several, all_scores = square_model.predict([x, x[:3]], return_scores=True)
    assert several == [labels, square_model.predict(x[:3])]
    assert [one.confidence.shape for one in all_scores] == [(40,), (3,)]


def test_an_observation_between_two_clusters_is_less_certain(square_model):
    x = np.concatenate([corner(0), corner(1), (SQUARE[[0]] + SQUARE[[1]]) / 2 + 0.02, corner(0)])
    confidence = square_model.predict(x, return_scores=True)[1].confidence
    assert confidence.argmin() == 12


def test_with_one_beam_everything_is_certain(square_model, x):
    _, scores = square_model.predict(x, InferenceArguments(beam_size=1), return_scores=True)
    assert len(scores.n_best) == 1
    assert scores.confidence == pytest.approx(np.ones(40))


def test_two_lines_are_enough_for_one_stream(square_model, x):
    model, args = copy.deepcopy(square_model), InferenceArguments(test_iteration=1)
    labels = [model.online_predict(one) for one in x]
    assert labels == [model.predict(x[: time + 1], args)[-1] for time in range(len(x))]
    model.online_predict(reset=True)
    assert model.online_predict(x[:3]) == model.predict(x[:3], args)
    assert model.online_predict(x[3:5].tolist(), reset=True) == model.predict(x[3:5], args)
    assert model.online_predict(x[5].tolist()) in range(3)


def test_arguments_of_the_own_stream_are_those_it_started_with(square_model, x):
    model = copy.deepcopy(square_model)
    model.online_predict(x[:2], InferenceArguments(beam_size=3))
    model.online_predict(x[2], InferenceArguments(beam_size=3))
    with pytest.raises(uisrnn.ArgumentError, match="args must be the arguments at the start of the stream"):
        model.online_predict(x[3], InferenceArguments(beam_size=4))


def test_equal_models_have_the_same_fingerprint(square_model, tmp_path):
    square_model.save(tmp_path / "model")
    other = uisrnn.UISRNN.from_file(tmp_path / "model")
    assert other.fingerprint() == square_model.fingerprint()
    other.crp_alpha = 0.5
    assert other.fingerprint() != square_model.fingerprint()


@pytest.mark.parametrize(
    ("args", "clusters", "error", "message"),
    [
        ({"num_clusters": 5, "max_clusters": 4}, None, uisrnn.ArgumentError, "at least num_clusters=5, but is 4"),
        ({"allow_new_clusters": False}, None, uisrnn.ArgumentError, "at least 1 known clusters, but there are 0"),
        (
            {"allow_new_clusters": False, "num_clusters": 2},
            {"a": np.zeros((2, 2))},
            uisrnn.ArgumentError,
            "at least 2 known clusters, but there are 1",
        ),
        ({"num_clusters": 41}, None, uisrnn.InputError, "sequence: num_clusters=41 needs .* but there are 40"),
        (
            {"likelihood_scale": 0},
            None,
            uisrnn.ArgumentError,
            "likelihood_scale must be a number > 0, or None, but is 0",
        ),
        ({}, [np.zeros((2, 2))], uisrnn.InputTypeError, "clusters must map names to observations, but are list"),
        (
            {},
            {1.5: np.zeros((2, 2))},
            uisrnn.InputTypeError,
            "must be a string or an integer, but a name is 1.5",
        ),
        ({}, {"a": np.zeros((2, 3))}, uisrnn.InputError, r"cluster 'a': observations must be \(T, 2\), but are \(2, 3"),
        ({}, {"a": np.zeros((0, 2))}, uisrnn.InputError, "cluster 'a': needs at least one observation"),
    ],
)
def test_what_contradicts_itself_is_refused(square_model, x, args, clusters, error, message):
    with pytest.raises(error, match=message):
        square_model.predict(x, InferenceArguments(**args), clusters=clusters)


def test_a_known_cluster_whose_state_is_not_finite_is_named():
    model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=16, rnn_hidden_size=3, transition_bias=0.3, seed=1))
    huge = np.random.default_rng(0).choice([-3.4e38, 3.4e38], size=(3, 16))
    with pytest.raises(uisrnn.InputError, match="cluster 'b': observations are so large that its state is not finite"):
        model.stream(clusters={"a": np.zeros((2, 16)), "b": huge})
