"""Bad training data."""

import numpy as np
import pytest
import torch

from squares import FEW, new_model, weights


@pytest.mark.parametrize(
    ("sequences", "labels", "error", "message"),
    [
        ([np.zeros((3, 5))], [[1, 2, 3]], ValueError, r"sequence 0: observations must be \(T, 2\), but are \(3, 5\)"),
        (np.zeros((3, 5)), [1, 2, 3], ValueError, r"sequence: observations must be \(T, 2\), but are \(3, 5\)"),
        (
            [np.zeros((3, 2)), np.full((3, 2), np.nan)],
            [[1, 2, 3]] * 2,
            ValueError,
            "sequence 1: observation 0 is not finite",
        ),
        ([np.zeros((3, 2))], [[1, 2]], ValueError, "sequence 0: 3 observations need as many labels, but there are 2"),
        ([], [], ValueError, "at least one sequence is needed"),
        (None, None, TypeError, "must be an array of numbers"),
        ("abc", "abc", ValueError, "train_cluster_ids must be None if train_sequences are read from files"),
        ("abc", None, FileNotFoundError, "abc"),
    ],
)
def test_bad_training_data_is_named_and_changes_nothing(sequences, labels, error, message):
    model = new_model()
    before = weights(model)
    with pytest.raises(error, match=message):
        model.fit(sequences, labels, FEW)
    assert model.transition_bias is None
    assert not model.fitted
    assert torch.equal(weights(model), before)
