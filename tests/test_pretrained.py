from importlib import resources

import numpy as np
import pytest
import safetensors.torch

import uisrnn
from uisrnn.audio.front_ends.catalog import ENCODERS
from uisrnn.pretrained import PRETRAINED


@pytest.mark.parametrize("name", PRETRAINED)
def test_it_tells_clusters_apart_that_are_as_it_expects_them(name):
    """Drawn from the covariances in its file."""
    with resources.as_file(resources.files("uisrnn.pretrained") / f"{name}.uisrnn") as path:
        tensors = {key: one.numpy() for key, one in safetensors.torch.load_file(path).items()}
    generator = np.random.default_rng(0)
    spread = np.sqrt(tensors["eigenvalues"])
    voices = generator.normal(size=(2, len(spread))) * spread
    truth = [0] * 6 + [1] * 6 + [0] * 6
    z = voices[truth] + generator.normal(size=(len(truth), len(spread)))
    x = tensors["center"] + z @ np.linalg.pinv(tensors["projection"])
    assert uisrnn.load_pretrained(name).predict(x, uisrnn.InferenceArguments(test_iteration=1)) == truth


def test_an_unknown_name_is_answered_with_those_that_are_known():
    with pytest.raises(uisrnn.ArgumentError, match="name must be one of 'campplus', 'resemblyzer', but is 'ecapa'"):
        uisrnn.load_pretrained("ecapa")


@pytest.mark.parametrize("name", PRETRAINED)
def test_each_has_a_card_in_the_package(name):
    card = (resources.files("uisrnn.pretrained") / f"{name}.md").read_text(encoding="utf-8")
    for section in ("## Data and licences", "## Figures", "## Rebuild", "## Limits"):
        assert section in card


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: encoder.name)
def test_each_encoder_of_the_package_has_a_model_that_may_know_its_front_end(encoder):
    front_end = uisrnn.load_pretrained(encoder.model).front_end
    assert front_end is None or front_end.split("/")[0] == encoder.name
