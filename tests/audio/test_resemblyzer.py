"""d-vectors of Resemblyzer, and the real recording."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import uisrnn
from sounds import conversation
from uisrnn.audio import KnownSpeech, WindowedFrontEnd, WindowEncoder

DATA = Path(__file__).parent / "data"
NEEDS_RESEMBLYZER = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None,
    reason="Resemblyzer is not installed: pip install 'uisrnn[resemblyzer]'",
)
SOUND = conversation([("low", 2), ("high", 2)], rate=16000).astype(np.float32)


@pytest.fixture(scope="module")
def encoder():
    return uisrnn.audio.ResemblyzerEncoder()


@NEEDS_RESEMBLYZER
@pytest.mark.parametrize("window", [0.8, 1.6])
def test_d_vectors_are_those_of_the_package(window):
    """Of the same frames, taken from its network and the spectrogram of librosa written down."""
    import librosa
    import torch

    from uisrnn.audio.front_ends.resemblyzer import load_quietly

    loud = SOUND / SOUND.std() * 0.1  # above -30 dBFS in each window, so that nothing is raised
    encoder = uisrnn.audio.ResemblyzerEncoder(window)
    found, times = encoder(loud, 16000)
    network = load_quietly("resemblyzer", "test").VoiceEncoder("cpu", verbose=False)
    taper = np.hanning(401)[:-1]
    frames = np.stack([loud[at : at + 400] * taper for at in range(0, len(loud) - 399, 160)])
    mel = np.abs(np.fft.rfft(frames)) ** 2 @ librosa.filters.mel(sr=16000, n_fft=400, n_mels=40).T
    number = round(window * 100)
    for at, one in enumerate(found):
        with torch.no_grad():
            expected = network(torch.from_numpy(mel[None, at * 40 : at * 40 + number].astype(np.float32))).numpy()[0]
        np.testing.assert_allclose(one, expected, atol=2e-4)
        assert times[at] == pytest.approx(at * 0.4 + (number - 1) * 0.005 + 0.0125)


@NEEDS_RESEMBLYZER
@pytest.mark.slow
def test_the_spectrogram_is_that_of_resemblyzer(encoder):
    """Which needs librosa's compiled parts."""
    from uisrnn.audio.front_ends.resemblyzer import load_quietly

    ours = encoder._embed._spectrogram(SOUND[None])[0]
    theirs = load_quietly("resemblyzer.audio", "test").wav_to_mel_spectrogram(SOUND[200:])  # its frames are centered
    np.testing.assert_allclose(ours[2:-2], theirs[2 : len(ours) - 2], rtol=1e-4, atol=1e-6)


@NEEDS_RESEMBLYZER
def test_they_are_of_length_one_and_as_the_pretrained_model_wants_them(encoder):
    found, _ = encoder(SOUND, 16000)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found.shape[1] == uisrnn.load_pretrained("resemblyzer").observation_dim


@NEEDS_RESEMBLYZER
def test_the_volume_does_not_matter_where_it_is_low(encoder):
    quiet = 0.01 * SOUND / SOUND.std()
    np.testing.assert_allclose(encoder(quiet, 16000)[0], encoder(0.1 * quiet, 16000)[0], atol=1e-4)
    assert np.isfinite(encoder(0 * quiet, 16000)[0]).all()


@NEEDS_RESEMBLYZER
def test_blocks_give_the_d_vectors_of_the_whole(encoder):
    """But for the last digits, in which the sums of a product differ with the number of its rows."""
    whole, _ = encoder(SOUND, 16000)
    alone = np.concatenate([encoder(SOUND[at * 6400 : at * 6400 + 13040], 16000)[0] for at in range(len(whole))])
    np.testing.assert_allclose(alone, whole, atol=1e-5)


@NEEDS_RESEMBLYZER
def test_nothing_is_warned_about():
    code = "import uisrnn.audio as a; a.WebRTCActivity(); a.ResemblyzerEncoder()"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@NEEDS_RESEMBLYZER
@pytest.mark.parametrize("package", ["resemblyzer", "librosa.filters", "webrtcvad"])
def test_a_missing_package_is_answered_with_the_command(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(uisrnn.MissingExtraError, match=rf"needs {package}: pip install 'uisrnn\[resemblyzer\]'"):
        uisrnn.audio.choose_front_end("resemblyzer", "webrtc")


@NEEDS_RESEMBLYZER
@pytest.mark.parametrize("window", [0, 61, float("nan")])
def test_windows_that_are_none(window):
    with pytest.raises(uisrnn.ArgumentError, match="window must be"):
        uisrnn.audio.ResemblyzerEncoder(window)


# --- the d-vectors of a real recording, see data/README.md ---

SAMPLE = {  # window, speakers given: (DER without collar, with 0.25 s on each side), overlap evaluated
    (0.8, None): (0.530, 0.495),
    (0.8, 2): (0.530, 0.495),
    (1.6, None): (0.530, 0.495),
    (1.6, 2): (0.530, 0.495),
}


@pytest.mark.parametrize(("window", "number"), list(SAMPLE))
def test_the_error_on_a_telephone_call_is_the_one_stated(window, number):
    """High: the pretrained model knows no telephones, which move both voices alike. The samples of the sound are their
    own times, by which the encoder finds the stored d-vectors."""
    pytest.importorskip("pyannote.metrics")
    with np.load(DATA / "sample.npz") as file:
        sample = {name: file[name] for name in file}
    times = np.linspace(0, 1, 30 * 16000)

    def stored(windows):
        distances = np.abs(30 * windows.mean(axis=1, keepdims=True) - sample[f"{window}/times"])
        return sample[f"{window}/observations"][distances.argmin(axis=1)]

    speech = KnownSpeech([(start, end, "") for start, end in sample["speech"]])
    encoder = WindowEncoder(stored, 16000, float(sample[f"{window}/window"]), 0.4)
    encoder.name = "resemblyzer"
    found = uisrnn.diarize(
        (times, 16000),
        model=uisrnn.load_pretrained("resemblyzer"),
        front_end=WindowedFrontEnd(encoder, speech),
        num_speakers=number,
    )
    reference = uisrnn.read_rttm(DATA / "sample.rttm")
    errors = [uisrnn.evaluate(reference, {"sample": found}, collar=collar).total.der for collar in (0.0, 0.25)]
    assert errors == pytest.approx(SAMPLE[window, number], abs=0.0005)
