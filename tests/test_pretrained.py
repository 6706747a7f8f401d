import numpy as np
import pytest

import uisrnn
from uisrnn.pretrained import PRETRAINED


@pytest.mark.parametrize("name", PRETRAINED)
def test_it_labels_observations(name):
    model = uisrnn.load_pretrained(name)
    voices = np.random.default_rng(0).normal(size=(2, model.observation_dim))
    voices /= np.linalg.norm(voices, axis=1, keepdims=True)
    truth = [0] * 6 + [1] * 6 + [0] * 6
    labels = model.predict(voices[truth], uisrnn.InferenceArguments(test_iteration=1))
    assert labels == truth


def test_an_unknown_name_is_answered_with_those_that_are_known():
    with pytest.raises(uisrnn.ArgumentError, match="name must be one of 'resemblyzer', but is 'ecapa'"):
        uisrnn.load_pretrained("ecapa")


@pytest.mark.parametrize("name", PRETRAINED)
def test_each_has_a_card_in_the_package(name):
    from importlib import resources

    card = (resources.files("uisrnn.pretrained") / f"{name}.md").read_text(encoding="utf-8")
    for section in ("## Data and licences", "## Figures", "## Rebuild", "## Limits"):
        assert section in card
