"""Channels change how sound is heard, but not when."""

import numpy as np
import pytest

import uisrnn
from uisrnn.audio import CHANNELS
from uisrnn.audio.composing.channels import a_law, channel_mix, mu_law

RATE = 16000


@pytest.fixture(scope="module")
def bursts() -> np.ndarray:
    """Noise between 300 and 3400 Hz, in syllables of random length."""
    generator = np.random.default_rng(0)
    spectrum = np.fft.rfft(generator.standard_normal(3 * RATE))
    frequencies = np.fft.rfftfreq(3 * RATE, 1 / RATE)
    noise = np.fft.irfft(np.where((frequencies > 300) & (frequencies < 3400), spectrum, 0))
    loud = np.repeat(generator.random(30) > 0.4, RATE // 10)
    return (0.1 * noise / noise.std() * loud).astype(np.float32)


def passed(name: str, waveform: np.ndarray, rate: int = RATE) -> np.ndarray:
    if name in ("mp3", "opus"):
        pytest.importorskip("av")
    return CHANNELS[name](waveform, rate, np.random.default_rng(1))[0]


def delay(before: np.ndarray, after: np.ndarray) -> float:
    """Seconds by which the second comes later, where their envelopes agree best."""
    size = 2 * len(before)
    left, right = (np.fft.rfft(np.abs(sound) - np.abs(sound).mean(), size) for sound in (before, after))
    best = int(np.argmax(np.fft.irfft(right * left.conj(), size)))
    return (best - size if best > size // 2 else best) / RATE


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_delays_nothing(name, bursts):
    assert abs(delay(bursts, passed(name, bursts))) < 0.01


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("length", [1, 37, 16001])
def test_a_channel_keeps_length_and_type(name, length, bursts):
    after = passed(name, bursts[:length])
    assert after.shape == (length,)
    assert after.dtype == np.float32


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_works_at_other_rates(name, bursts):
    assert passed(name, bursts, rate=8000).shape == bursts.shape


@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "clean"])
def test_a_channel_changes_sound_but_not_beyond_recognition(name, bursts):
    after = passed(name, bursts)
    correlation = np.corrcoef(bursts, after)[0, 1]
    assert 0.7 < correlation < 0.99999


def share_above(sound: np.ndarray, frequency: float) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float(power[np.fft.rfftfreq(len(sound), 1 / RATE) > frequency].sum() / power.sum())


@pytest.mark.parametrize("name", ["mu-law", "a-law", "narrow"])
def test_narrow_channels_have_nothing_above_4_khz(name):
    white = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert share_above(white, 4100) > 0.4
    assert share_above(passed(name, white), 4100) < 1e-3


@pytest.mark.parametrize("name", ["mu-law", "a-law"])
def test_a_telephone_has_nothing_below_its_band(name):
    tone = (0.2 * np.sin(2 * np.pi * 60 * np.arange(RATE) / RATE)).astype(np.float32)
    assert passed(name, tone).std() < 0.05 * tone.std()


@pytest.mark.parametrize("law", [mu_law, a_law])
def test_companding_has_255_levels_and_is_finest_near_zero(law):
    ramp = np.linspace(-1, 1, 100_001, dtype=np.float32)
    levels = np.unique(law(ramp))
    assert len(levels) == 255
    assert levels[0] == -1
    assert levels[-1] == 1
    steps = np.diff(levels)
    assert steps.max() > 20 * steps.min()


@pytest.mark.parametrize("law", [mu_law, a_law])
def test_companding_errs_by_a_small_share_of_loud_samples(law):
    loud = np.linspace(0.05, 1, 1000, dtype=np.float32)
    assert np.abs(law(loud) / loud - 1).max() < 0.03


def test_channels_are_drawn_as_often_as_asked():
    mix = channel_mix({"clean": 0.75, "narrow": 0.25})
    generator = np.random.default_rng(0)
    drawn = [mix.draw(generator) for _ in range(2000)]
    assert drawn.count(CHANNELS["narrow"]) / 2000 == pytest.approx(0.25, abs=0.04)


def test_a_third_is_telephone_by_default():
    mix = channel_mix(None)
    shares = dict(zip(mix.channels, mix.shares, strict=True))
    assert shares[CHANNELS["mu-law"]] + shares[CHANNELS["a-law"]] == pytest.approx(1 / 3)
    assert set(mix.channels) == set(CHANNELS.values())


def test_a_missing_package_is_named(bursts, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(uisrnn.MissingExtraError, match=r"the codec libopus needs av: pip install 'uisrnn\[audio\]'"):
        CHANNELS["opus"](bursts, RATE, np.random.default_rng(0))
