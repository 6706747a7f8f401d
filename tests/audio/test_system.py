"""A model and a front end must belong together."""

import numpy as np
import pytest

import uisrnn
from front_ends import KnownSegmentation, TinyEncoder
from sounds import RATE
from uisrnn.audio import SegmentedFrontEnd, diarize
from uisrnn.audio.system import System

FRONT_END = SegmentedFrontEnd(TinyEncoder(), KnownSegmentation([(0.0, 9.0, "ann")]))
SOUND = np.full(RATE, 0.1)


def model_of(dim, front_end=None):
    args = uisrnn.ModelArguments(observation_dim=dim, rnn_hidden_size=4, transition_bias=0.5, verbosity=0)
    model = uisrnn.UISRNN(args)
    model.front_end = front_end
    return model


@pytest.mark.parametrize("known", [None, "tiny/known"])
def test_a_model_that_knows_the_front_end_or_does_not_say_fits(known):
    model = model_of(1, known)
    assert System.of(model, FRONT_END) == System(model, FRONT_END)


def test_a_model_of_another_front_end_is_refused():
    message = "the model was trained on observations of the front end 'campplus', but the front end is 'tiny/known'"
    with pytest.raises(uisrnn.ArgumentError, match=message):
        diarize((SOUND, RATE), model=model_of(1, "campplus"), front_end=FRONT_END)


def test_a_model_of_another_dimension_is_refused():
    with pytest.raises(uisrnn.ArgumentError, match="makes observations of 1 dimensions, but the model takes 3"):
        diarize((SOUND, RATE), model=model_of(3), front_end=FRONT_END)


def test_a_model_of_a_front_end_that_is_not_in_the_package_needs_it():
    message = "the model was trained on observations of the front end 'mine/known', so front_end must be given"
    with pytest.raises(uisrnn.ArgumentError, match=message):
        System.of(model_of(1, "mine/known"), None)


def test_a_front_end_needs_a_model():
    with pytest.raises(uisrnn.ArgumentError, match="a front end needs a model that was trained on its observations"):
        System.of(None, FRONT_END)


def test_anything_with_the_parts_of_a_labeller_may_label():
    """A system does not ask for the class UISRNN."""

    class Everybody:
        observation_dim, front_end = 1, None

        def decoder(self, args=None, clusters=None):
            return None

        def predict(self, sequences, args=None, *, clusters=None):
            return ["everybody"] * len(sequences.observations)

        def stream(self, args=None, *, clusters=None):
            raise NotImplementedError

    pytest.importorskip("pyannote.core")
    assert diarize((SOUND, RATE), model=Everybody(), front_end=FRONT_END).labels() == ["everybody"]
