"""Step by step and over time must agree, for both conventions."""

import pytest
import torch

from uisrnn.model.conventions import RUNNING_MEANS

OUTPUTS = torch.arange(12.0).reshape(6, 1, 2) ** 2


@pytest.mark.parametrize("name", RUNNING_MEANS)
@pytest.mark.parametrize("length", [1, 2, 3, 6])
def test_steps_agree_with_whole_sequences(name, length):
    convention = RUNNING_MEANS[name]
    mean, means = OUTPUTS[0], [OUTPUTS[0]]
    for n in range(1, length):
        mean = torch.lerp(mean, OUTPUTS[n], convention.weight(torch.tensor([float(n)])))
        means.append(mean)
    torch.testing.assert_close(convention.over_time(OUTPUTS[:length]), torch.stack(means))


@pytest.mark.parametrize(
    ("name", "parts"),
    [("paper", [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]), ("v0", [[0], [1], [2], [2, 3]])],
)
def test_which_outputs_are_averaged(name, parts):
    expected = torch.stack([OUTPUTS[part].mean(dim=0) for part in parts])
    torch.testing.assert_close(RUNNING_MEANS[name].over_time(OUTPUTS[:4]), expected)
