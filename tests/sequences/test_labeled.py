"""Sequences with labels, times and a name."""

import numpy as np
import pytest

import uisrnn
from uisrnn import LabeledSequence

X = np.arange(6.0).reshape(3, 2)


def test_everything_is_brought_to_one_type():
    one = LabeledSequence(X.tolist(), np.array(["a", "b", "a"]), [0, 1, 1], "call", {"room": 3})
    assert one.observations.dtype == np.float32
    assert one.labels == ("a", "b", "a")
    assert type(one.labels[0]) is str
    assert one.times is not None
    assert one.times.dtype == np.float64
    assert len(one) == 3
    assert LabeledSequence(X, np.array([3, 1, 3], dtype=np.uint8)).labels == (3, 1, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"observations": X[0]}, r"call: observations must be \(T, D\), but are \(2,\)"),
        ({"labels": [1, 2]}, "call: 3 observations need as many labels, but there are 2"),
        ({"labels": [1, 2, None]}, "call: labels must be strings or integers, but at position 2 is None"),
        ({"labels": [1, 2, True]}, "call: labels must be strings or integers, but at position 2 is True"),
        ({"times": [1, 2]}, "call: 3 observations need as many times, but there are 2"),
        ({"times": [1, 3, 2]}, "call: times must not decrease, but time 2 is 2.0 after 3.0"),
        ({"times": [1, np.nan, 2]}, "call: times must be finite, but time 1 is nan"),
        ({"times": [[1, 2, 3]]}, r"call: times must be of shape \(T,\), but are \(1, 3\)"),
        ({"times": [10**400, 1, 2]}, "call: times must be an array of seconds"),
        ({"times": "abc"}, "call: times must be an array of seconds"),
        ({"name": 3}, "name must be a string, but is 3"),
        ({"info": 3}, "call: info must be a dict, but is int"),
    ],
)
def test_what_is_wrong_is_named(arguments, message):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        LabeledSequence(**{"observations": X, "name": "call", **arguments})


def test_models_take_them_for_arrays_and_labels(square_model):
    x = np.array([[0, 0], [0, 0], [1, 1], [0, 0]])
    one = LabeledSequence(x, ["a", "a", "b", "a"], name="call")
    assert square_model.predict(one) == square_model.predict(x)
    assert square_model.predict([one, one]) == square_model.predict([x, x])
    args = uisrnn.TrainingArguments(train_iteration=2)
    losses = []
    for data in ([one] * 2,), ([x] * 2, [list("aaba")] * 2), ([one] * 2, [list("aaba")] * 2):
        model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=4, seed=1, verbosity=0))
        losses.append(model.fit(*data, args=args).loss)
    assert losses[0] == losses[1] == losses[2]


def test_errors_of_models_have_the_name(square_model):
    with pytest.raises(uisrnn.InputError, match=r"call: observations must be \(T, 2\), but are \(3, 1\)"):
        square_model.predict([LabeledSequence(X[:, :1], name="call")])
    with pytest.raises(uisrnn.InputError, match="call: labels are needed, but it has none"):
        square_model.fit([LabeledSequence(X, name="call")])
