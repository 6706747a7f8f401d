"""Observations get the labels of the people who speak in their spans."""

import numpy as np
import pytest

import uisrnn
from sounds import RATE, TURNS, conversation
from uisrnn.audio import Heard, WindowedFrontEnd, embed
from uisrnn.audio.labelling import speakers_of
from uisrnn.turns.turn import Turn

ANN, BOB = [1.0, 0.0], [0.0, 1.0]


def heard(rows):
    """Rows of (time, start, end, observation)."""
    times, starts, ends, observations = zip(*rows, strict=True)
    spans = np.stack([starts, ends], axis=1)
    return Heard(np.array(observations, dtype=np.float32), np.array(times), spans)


def test_the_speaker_of_most_of_a_span_is_its_label():
    turns = [Turn(0.0, 0.6, "ann"), Turn(0.6, 2.0, "bob")]
    rows = [(0.5, 0.0, 1.0, ANN), (1.5, 1.0, 2.0, BOB)]
    assert speakers_of(heard(rows), turns) == ["ann", "bob"]


def test_nobody_is_the_label_of_a_span_in_which_hardly_anybody_speaks():
    assert speakers_of(heard([(0.5, 0.0, 1.0, ANN)]), [Turn(0.0, 0.2, "ann")]) == [None]
    assert speakers_of(heard([(0.5, 0.0, 1.0, ANN)]), []) == [None]


@pytest.mark.parametrize("order", [(ANN, BOB), (BOB, ANN)])
def test_people_who_speak_at_once_are_told_apart_by_their_observations_elsewhere(order):
    turns = [Turn(0.0, 3.0, "ann"), Turn(2.0, 5.0, "bob")]
    together = [(2.5, 2.0, 3.0, observation) for observation in order]
    rows = [(0.5, 0.0, 1.0, ANN), (1.5, 1.0, 2.0, ANN), *together, (3.5, 3.0, 4.0, BOB), (4.5, 4.0, 5.0, BOB)]
    expected = ["ann" if observation is ANN else "bob" for observation in order]
    assert speakers_of(heard(rows), turns) == ["ann", "ann", *expected, "bob", "bob"]


def test_observations_of_one_time_never_share_a_speaker():
    rows = [(0.5, 0.0, 1.0, ANN), (0.5, 0.0, 1.0, ANN)]
    labels = speakers_of(heard(rows), [Turn(0.0, 1.0, "ann")])
    assert sorted(labels, key=str) == [None, "ann"]


def test_embed_labels_by_turns_and_leaves_out_observations_of_nobody(encoder, activity):
    ends = np.cumsum([seconds for _, seconds in TURNS])
    turns = [(end - seconds, end, name) for (name, seconds), end in zip(TURNS, ends, strict=True) if name]
    front_end = WindowedFrontEnd(encoder, activity)
    whole = embed((conversation(TURNS), RATE), front_end)
    labelled = embed((conversation(TURNS), RATE), front_end, turns=turns)
    assert set(labelled.labels) == {"low", "high", "middle"}
    assert len(labelled.info["spans"]) == len(labelled.labels) == len(whole.times)
    first = embed((conversation(TURNS), RATE), front_end, turns=turns[:1])
    assert set(first.labels) == {"low"}
    assert first.times[-1] < 2.5


def test_turns_in_which_nothing_was_heard_are_refused(encoder, activity):
    sound = conversation([("low", 2.0), ("", 3.0)])
    with pytest.raises(uisrnn.InputError, match="the turns and the speech in the recording have no time in common"):
        embed((sound, RATE), WindowedFrontEnd(encoder, activity), turns=[(4.0, 5.0, "ann")])


def sequences(*names):
    return [
        uisrnn.LabeledSequence(
            np.random.default_rng(0).normal(size=(6, 2)), list("aabbab"), info={"front_end": name} if name else {}
        )
        for name in names
    ]


def trained(data):
    model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_model="plda", observation_dim=2, plda_dim=2, verbosity=2))
    model.fit(data, args=uisrnn.TrainingArguments(discriminative_iteration=0))
    return model


def test_a_model_remembers_the_front_end_of_its_training(tmp_path):
    model = trained(sequences("mine", "mine"))
    model.save(tmp_path / "model.uisrnn")
    assert uisrnn.UISRNN.from_file(tmp_path / "model.uisrnn").front_end == "mine"
    assert trained(sequences(None, None)).front_end is None


def test_a_model_remembers_the_front_end_of_files(tmp_path):
    data = [
        uisrnn.LabeledSequence(x.observations, x.labels, name=str(n), info=x.info)
        for n, x in enumerate(sequences("mine", "mine"))
    ]
    uisrnn.save_sequences(tmp_path / "train.npz", data)
    assert trained(tmp_path / "train.npz").front_end == "mine"


def test_observations_of_several_front_ends_are_a_warning(caplog):
    assert trained(sequences("mine", "yours")).front_end is None
    assert "several front ends: ['mine', 'yours']" in caplog.text
