"""Each dependency works once through the library; `make test-lowest` and `make test-newest` run this file too."""

import numpy as np
import pytest

import conversations
import sounds
import uisrnn

MEETINGS = conversations.meetings(8, dim=4, longest=5)
TRAINING = uisrnn.TrainingArguments(train_iteration=3, batch_size=4, discriminative_iteration=2)


def model_of(kind):
    return uisrnn.UISRNN(
        uisrnn.ModelArguments(
            observation_model=kind, observation_dim=4, rnn_hidden_size=4, plda_dim=2, seed=0, verbosity=0
        )
    )


@pytest.fixture(scope="module")
def plda():
    model = model_of("plda")
    model.fit(MEETINGS, args=TRAINING)
    return model


@pytest.mark.parametrize("kind", ["gru", "plda", "context_plda"])
def test_a_trained_model_is_saved_loaded_and_decodes_a_stream(tmp_path, kind):
    """torch, numba, scipy and safetensors."""
    model = model_of(kind)
    model.fit(MEETINGS, args=TRAINING)
    model.save(tmp_path / "model.uisrnn")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model.uisrnn")
    args = uisrnn.InferenceArguments(test_iteration=1)
    stream = loaded.stream(args)
    final = dict(stream.push(MEETINGS[0].observations).final)
    final.update(stream.flush().final)
    assert [final[position] for position in range(len(MEETINGS[0]))] == model.predict(MEETINGS[0], args)


def test_decoding_parameters_are_tuned(plda, tmp_path):
    """optuna."""
    assert uisrnn.tune(plda, MEETINGS, trials=2, seed=0, storage=tmp_path / "trials.log").trials == 2


def test_the_estimator_is_cloned_and_fitted():
    """scikit-learn."""
    from sklearn.base import clone

    estimator = clone(uisrnn.UISRNNClusterer(observation_model="plda", discriminative_iteration=0))
    estimator.fit([meeting.observations for meeting in MEETINGS], [meeting.labels for meeting in MEETINGS])
    assert len(estimator.predict(MEETINGS[0].observations)) == len(MEETINGS[0])


def test_losses_are_written_for_tensorboard(tmp_path):
    """tensorboard."""
    model_of("gru").fit(MEETINGS, args=TRAINING, watcher=uisrnn.TensorBoard(tmp_path))
    assert list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_a_recording_becomes_turns(plda, tmp_path, suffix):
    """av, soundfile, soxr, pyannote.core; silero-vad brings the weights of the voice activity."""
    import soundfile

    path = tmp_path / f"call{suffix}"
    soundfile.write(path, sounds.dialogue()[::2], 8000)
    encoder = uisrnn.audio.WindowEncoder(lambda windows: sounds.band_energies(windows)[:, :4], 16000, 0.8, 0.4)
    front_end = uisrnn.audio.WindowedFrontEnd(encoder, uisrnn.audio.SileroActivity())
    assert len(uisrnn.diarize(path, model=plda, front_end=front_end, verbosity=0).labels()) >= 1


def test_filter_banks_are_finite():
    """kaldi-native-fbank."""
    from uisrnn.audio.front_ends.networks.filterbanks import Filterbanks

    assert np.isfinite(Filterbanks(80).push(sounds.man(1.0).astype(np.float32))).all()
