"""Arrays of objects, which NumPy makes of several sequences, through the public calls."""

import numpy as np
import pytest

import uisrnn

RNG = np.random.default_rng(0)
IDS = [list("aabba"), list("abbaa")]
SEQUENCES = [np.array([[0.0, 5.0] if label == "a" else [5.0, 0.0] for label in ids]) for ids in IDS]
SEQUENCES = [sequence + RNG.normal(scale=0.1, size=sequence.shape) for sequence in SEQUENCES]


def objects(sequences, lengths):
    return np.array([sequence[:length] for sequence, length in zip(sequences, lengths, strict=True)], dtype=object)


@pytest.fixture(scope="module")
def model():
    arguments = uisrnn.ModelArguments(observation_model="plda", observation_dim=2, verbosity=0, seed=0)
    model = uisrnn.UISRNN(arguments)
    model.fit(objects(SEQUENCES, (5, 5)), objects(IDS, (5, 5)), uisrnn.TrainingArguments())
    return model


@pytest.mark.parametrize("lengths", [(5, 5), (5, 4)])
def test_they_are_labelled_as_lists_are(model, lengths):
    array = objects(SEQUENCES, lengths)
    args = uisrnn.InferenceArguments()
    assert model.predict(array, args) == model.predict(list(array), args)
    assert uisrnn.parallel_predict(model, array, args, num_processes=1) == model.predict(list(array), args)


def test_one_sequence_of_objects_is_one_sequence(model):
    args = uisrnn.InferenceArguments()
    assert model.predict(SEQUENCES[0].astype(object), args) == model.predict(SEQUENCES[0], args)


def test_the_model_is_that_of_lists(model):
    lists = uisrnn.UISRNN(model.arguments)
    lists.fit(SEQUENCES, IDS, uisrnn.TrainingArguments())
    assert lists.fingerprint() == model.fingerprint()
