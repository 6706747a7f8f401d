"""Sound of every kind comes in as one channel of float32."""

import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.audio.sources.opening import recording
from uisrnn.audio.sources.resampling import resampler
from uisrnn.audio.sources.waveforms import scaled

soundfile = pytest.importorskip("soundfile", reason="reads audio")
pytest.importorskip("soxr", reason="resamples")


def read(audio, rate=8000):
    return np.concatenate(list(recording(audio).blocks(rate)))


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_U8", 0.02), ("a.wav", "PCM_16", 1e-4), ("a.wav", "PCM_24", 1e-6), ("a.wav", "FLOAT", 1e-7),
        ("a.wav", "DOUBLE", 1e-7), ("a.flac", "PCM_16", 1e-4), ("a.ogg", "VORBIS", 0.1), ("a.mp3", None, 0.1),
    ],
)  # fmt: skip
def test_formats(name, subtype, tolerance, written, meeting):
    sound = meeting[:16000]
    assert np.abs(read(written(sound, name=name, subtype=subtype))[: len(sound)] - sound).mean() < tolerance


def test_channels_are_averaged(written, meeting):
    left, right = meeting[:8000], meeting[8000:16000]
    path = written(np.stack([left, right, 0 * left], axis=1), subtype="FLOAT")
    np.testing.assert_allclose(read(path), (left + right) / 3, atol=1e-7)


def test_many_channels_are_averaged(written, meeting):
    path = written(np.tile(meeting[:8000, None], 32), subtype="FLOAT")
    np.testing.assert_allclose(read(path), meeting[:8000], atol=1e-6)


@pytest.mark.parametrize("rate", [4000, 11025, 16000, 44100, 48000, 192_000])
def test_any_rate_lasts_as_long(rate, written):
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    found = read(written(sound, rate))
    expected = 0.3 * np.sin(2 * np.pi * 440 * np.arange(len(found)) / 8000)
    assert abs(len(found) - 16000) <= 1
    np.testing.assert_allclose(found[1000:-1000], expected[1000:-1000], atol=1e-3)


def test_a_file_is_the_array_in_it(written, meeting):
    path = written(meeting, subtype="FLOAT")
    np.testing.assert_array_equal(read(path), read((meeting, 8000)))
    assert recording(path).name == "meeting"
    assert recording(str(path)).seconds == len(meeting) / 8000


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint8])
def test_integers_use_their_range(kind):
    limits = np.iinfo(kind)
    found = scaled(np.array([limits.min, limits.max // 2 + 1 if limits.min == 0 else 0], dtype=kind), "here")
    np.testing.assert_array_equal(found, [[-1], [0]])


@given(st.sampled_from([(8000, 16000), (44100, 16000), (16000, 8000)]), st.lists(st.integers(0, 5000), max_size=9))
def test_resampling_does_not_depend_on_the_cut(rates, cuts):
    sound = np.random.default_rng(0).normal(size=5000).astype(np.float32)

    def resampled(parts):
        one = resampler(*rates)
        return np.concatenate([*map(one.push, parts), one.flush()])

    np.testing.assert_array_equal(resampled(np.split(sound, sorted(cuts))), resampled([sound]))


def test_a_long_file_comes_in_blocks(written):
    lengths = [len(block) for block in recording(written(np.zeros(8000 * 150))).blocks(8000)]
    assert lengths == [480000, 480000, 240000, 0]


@pytest.mark.parametrize("left", [1, 2])
def test_the_last_block_may_have_fewer_samples_than_channels(left, written):
    sound = np.zeros((8000 * 60 + left, 3))
    for audio in (written(sound), (sound, 8000)):
        assert sum(len(block) for block in recording(audio).blocks(8000)) == 480000 + left


def streamed(path, sound, size):
    """A wav as a program writes it into a pipe: its header does not know the size."""
    samples = (sound * 32767).astype("<i2").tobytes()
    kind = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    header = struct.pack("<4sI4s", b"RIFF", min(size + 36, 2**32 - 1), b"WAVE") + kind
    path.write_bytes(header + struct.pack("<4sI", b"data", size) + samples)
    return path


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_a_wav_from_a_pipe_ends_with_the_file(size, meeting, tmp_path):
    np.testing.assert_allclose(read(streamed(tmp_path / "call.wav", meeting, size)), meeting, atol=1e-4)


# --- what cannot be read ---


def test_a_wav_that_ends_before_its_header_says(meeting, tmp_path):
    path = streamed(tmp_path / "call.wav", meeting[:8000], 160000)
    with pytest.raises(uisrnn.InputError, match=r"is damaged: it ends at 1\.00 s, but its header says 10\.00 s"):
        recording(path)


def test_a_damaged_file_is_damaged_at_a_time(written, meeting):
    path = written(meeting, name="call.flac")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(uisrnn.InputError, match=r"call\.flac: is damaged at [4-8]\.\d\d s: "):
        read(path)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.wav"):
        recording(tmp_path / "gone.wav")
    with pytest.raises(IsADirectoryError):
        recording(tmp_path)


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(uisrnn.InputError, match=r"pipe\.wav: must be a file, but is a pipe"):
        recording(tmp_path / "pipe.wav")


@pytest.mark.parametrize("content", [b"", b"This is no sound.\n" * 50, b"RIFF\0\0\0\0WAVE", b"RIFF", os.urandom(2000)])
def test_what_pretends_to_be_sound(content, tmp_path):
    (tmp_path / "call.wav").write_bytes(content)
    with pytest.raises(uisrnn.InputError, match=r"call\.wav: cannot be read as audio: .+"):
        recording(tmp_path / "call.wav")


def test_no_samples(written):
    with pytest.raises(uisrnn.InputError, match=r"meeting\.wav: there are no samples in it"):
        read(written(np.zeros(0)))
    with pytest.raises(uisrnn.InputError, match="waveform: there are no samples in it"):
        read((np.zeros(0), 8000))


def test_a_truncated_file_gives_what_there_is_or_a_clear_error(written, meeting):
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        path = written(meeting, name=name)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        try:
            assert 0 < len(read(path)) <= len(meeting)
        except uisrnn.InputError as error:
            assert "a." in str(error)


@given(st.integers(0, 43), st.integers(0, 255))
def test_a_damaged_header_gives_sound_or_a_clear_error(tmp_path_factory, at, value):
    path = tmp_path_factory.mktemp("damaged") / "call.wav"
    soundfile.write(path, np.zeros(400), 8000)
    content = bytearray(path.read_bytes())
    content[at] = value
    path.write_bytes(content)
    try:
        read(path)
    except uisrnn.InputError as error:
        assert "call.wav: " in str(error)


@pytest.mark.parametrize(("wrong", "text"), [(np.nan, "nan"), (np.inf, "inf"), (3e4, "30000.0")])
def test_samples_that_are_none(wrong, text, written):
    sound = np.zeros((8000 * 61, 2))
    sound[8000 * 60 + 5, 1] = wrong
    with pytest.raises(uisrnn.InputError, match=rf"sample 5 of the block from 60\.00 s on is {text}"):
        read(written(sound, subtype="FLOAT"))


@pytest.mark.parametrize("rate", [1, 3999, 1_000_000])
def test_rates_without_speech(rate, written):
    with pytest.raises(uisrnn.InputError, match=rf"call\.wav: rate must be an integer from 4000 to .*, but is {rate}"):
        recording(written(np.zeros(10), rate, name="call.wav"))


def test_raw_samples_need_a_rate(tmp_path):
    (tmp_path / "call.RAW").write_bytes(b"abc")
    with pytest.raises(uisrnn.InputError, match=r"call\.RAW: a file of raw samples has no header"):
        recording(tmp_path / "call.RAW")


@pytest.mark.parametrize("rate", [0, -8000, 8000.5, 10**400, float("nan"), "8000", None, True])
def test_rates_that_are_none(rate):
    with pytest.raises(uisrnn.ArgumentError, match="rate must be an integer"):
        recording((np.zeros(10), rate))


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (None, "audio must be a path or a pair"),
        (np.zeros(10), "audio must be a path or a pair"),
        ((np.zeros((2, 8000)), 8000), r"must be \(samples,\) or \(samples, channels\), but is \(2, 8000\)"),
        ((np.zeros((9, 2, 2)), 8000), r"but is \(9, 2, 2\)"),
        ((["a"], 8000), "must be real numbers"),
        (([[1.0], [1.0, 2.0]], 8000), "must be an array of numbers"),
        ((np.zeros(3, dtype=complex), 8000), "must be real numbers"),
    ],
)
def test_arrays_that_are_no_sound(audio, message):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        recording(audio)
