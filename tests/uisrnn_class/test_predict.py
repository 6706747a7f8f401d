"""Prediction: one sequence or many, precision, observations of one time, parallel prediction, and bad test data."""

import numpy as np
import pytest

import conftest
import uisrnn
from squares import new_model
from uisrnn import InferenceArguments


def test_four_clusters_are_found(square_model, generator):
    x, labels = conftest.square(100, generator)
    predicted = square_model.predict(x, InferenceArguments(test_iteration=2))
    assert uisrnn.compute_sequence_match_accuracy(predicted, labels) == 1.0
    assert all(type(label) is int for label in predicted)


def test_one_array_or_a_list(square_model, generator):
    x, y = conftest.square(20, generator)[0], conftest.square(1, generator)[0]
    assert square_model.predict([x, y]) == [square_model.predict(x), square_model.predict(y)]
    assert square_model.predict_single(x) == square_model.predict(x)
    assert square_model.predict(np.stack([x, x])) == [square_model.predict(x)] * 2


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_of_the_input_does_not_matter(square_model, dtype):
    x = conftest.SQUARE[[0, 0, 1, 1, 2, 2, 0, 0]]
    expected = square_model.predict(x.tolist())
    assert expected == [0, 0, 1, 1, 2, 2, 0, 0]
    x = x.astype(dtype)
    x.flags.writeable = False
    assert square_model.predict(x) == expected
    assert square_model.predict(np.repeat(x, 2, axis=0)[::2]) == expected


def test_observations_of_one_time_get_different_labels(square_model):
    joins = np.array([False, True, False, True])
    once, timed = (
        square_model.predict(np.zeros((4, 2)), joins=joins),
        uisrnn.LabeledSequence(np.zeros((4, 2)), times=[1, 1, 2, 2]),
    )
    assert once[0] != once[1]
    assert once[2] != once[3]
    assert square_model.predict(timed) == once
    assert square_model.predict([np.zeros((4, 2)), timed], joins=[joins, None]) == [once, once]


@pytest.mark.parametrize(
    "limits", [{"max_clusters": 2}, {"num_clusters": 2}, {"allow_new_clusters": False}, {"max_clusters": 1}]
)
def test_more_observations_of_one_time_than_labels_are_refused(square_model, limits):
    hall = uisrnn.LabeledSequence(np.zeros((5, 2)), times=[0, 1, 1, 1, 2], name="hall")
    known = {"ann": np.zeros((1, 2)), "bob": np.ones((1, 2))}
    why = f"hall: observations 1 to 3 have one time and need 3 labels, but only {limits.get('max_clusters', 2)} are"
    with pytest.raises(uisrnn.InputError, match=why):
        square_model.predict(hall, InferenceArguments(**limits), clusters=known)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_parallel_prediction_gives_the_same_labels(square_model, generator, workers):
    xs = [conftest.square(length, generator)[0] for length in (20, 1, 7)]
    assert uisrnn.parallel_predict(square_model, xs, InferenceArguments(), workers) == square_model.predict(xs)


# --- bad input ---


@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        (np.zeros((3, 5)), ValueError, r"sequence: observations must be \(T, 2\), but are \(3, 5\)"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], ValueError, r"sequence 1: needs at least one observation"),
        ([], ValueError, "at least one sequence is needed"),
        ([[[0.0, np.inf]]], ValueError, "sequence 0: observation 0 is not finite: dimension 1 is inf"),
        (None, TypeError, "must be an array of numbers"),
        ([None], TypeError, "sequence 0: observations must be an array of numbers"),
    ],
)
def test_bad_test_data_is_named(square_model, sequences, error, message):
    with pytest.raises(error, match=message):
        square_model.predict(sequences)


def test_single_and_parallel_prediction_say_what_they_take(square_model):
    with pytest.raises(TypeError, match="predict"):
        square_model.predict_single([np.zeros((3, 2))])
    with pytest.raises(TypeError, match="predict"):
        square_model.predict_single(np.zeros((2, 3, 2)))
    with pytest.raises(TypeError, match="must be a list of"):
        uisrnn.parallel_predict(square_model, np.zeros((3, 2)))
    for number in (0, 1.5, True, None):
        with pytest.raises(uisrnn.ArgumentError, match="num_processes must be an integer >= 1"):
            uisrnn.parallel_predict(square_model, [np.zeros((3, 2))], num_processes=number)


def test_predicting_before_fitting_is_an_error():
    with pytest.raises(uisrnn.NotFittedError, match="fit"):
        new_model().predict(np.zeros((3, 2)))


def test_random_weights_are_warned_of(caplog):
    model = new_model(transition_bias=0.5, verbosity=3)
    model.predict(np.zeros((3, 2)))
    assert "never trained" in caplog.text
