"""Files that FFmpeg reads: their sound is at its time, and what is wrong with them is one line."""

import sys

import numpy as np
import pytest

import uisrnn
from media import delay, write_media, write_pictures
from uisrnn.audio.sources.opening import recording

av = pytest.importorskip("av", reason="reads what FFmpeg reads")
pytest.importorskip("soundfile", reason="reads audio")
pytest.importorskip("soxr", reason="resamples")

RATE = 48000
CLOSE = 0.005 * RATE


def read(path):
    return np.concatenate(list(recording(path).blocks(RATE)))


@pytest.fixture(scope="module")
def bursts():
    """Noise that comes and goes, so that a delay is seen."""
    generator = np.random.default_rng(0)
    loud = np.repeat(generator.random(20) > 0.5, RATE // 10)
    return np.convolve(0.3 * generator.normal(size=len(loud)) * loud, np.ones(8) / 8, "same")


CASES = [("a.m4a", "aac"), ("a.mp4", "aac"), ("a.mkv", "aac"), ("a.webm", "libopus"), ("a.opus", "libopus"),
         ("a.mp3", "libmp3lame"), ("a.mka", "flac"), ("a.mov", "pcm_s16le")]  # fmt: skip


@pytest.mark.parametrize(("name", "codec"), CASES)
def test_what_an_encoder_adds_does_not_shift_the_sound(name, codec, bursts, tmp_path):
    found = read(write_media(tmp_path / name, bursts, RATE, codec))
    assert abs(delay(bursts, found)) < CLOSE
    assert 0 <= len(found) - len(bursts) < 0.05 * RATE


@pytest.mark.parametrize(
    ("name", "codec", "picture"),
    [("a.m4a", "aac", False), ("a.mp4", "aac", True), ("a.mkv", "aac", True), ("a.webm", "libopus", False)],
)
def test_sound_that_starts_later_stays_at_its_time(name, codec, picture, bursts, tmp_path):
    found = read(write_media(tmp_path / name, bursts, RATE, codec, start=0.5, picture=picture))
    assert abs(delay(bursts, found) - 0.5 * RATE) < CLOSE


def test_time_begins_with_the_pictures_of_a_broadcast(bursts, tmp_path):
    found = read(write_media(tmp_path / "a.ts", bursts, RATE, "aac", start=0.5, picture=True))
    assert abs(delay(bursts, found) - 0.5 * RATE) < CLOSE


def test_packets_that_were_not_sent_are_silence(bursts, tmp_path):
    """50 packets of 20 ms are not there."""
    path = write_media(tmp_path / "a.webm", bursts, RATE, "libopus", keep=lambda number: not 30 <= number < 80)
    found = read(path)
    assert abs(delay(bursts[80 * 960 :], found[80 * 960 :])) < CLOSE
    assert not found[32 * 960 : 79 * 960].any()
    assert abs(len(found) - len(bursts)) < 0.05 * RATE


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_f64le"])
def test_all_kinds_of_samples(codec, bursts, tmp_path):
    path = write_media(tmp_path / "a.mkv", bursts, RATE, codec)
    np.testing.assert_allclose(read(path), bursts, atol=0.005 if codec == "pcm_u8" else 1e-4)


def test_channels_and_length(bursts, tmp_path):
    call = recording(write_media(tmp_path / "call.m4a", np.stack([bursts, 0 * bursts], axis=1), RATE))
    assert (call.name, call.rate, call.channels) == ("call", RATE, 2)
    assert call.seconds == pytest.approx(2, abs=0.05)


def test_a_long_file_comes_in_blocks(tmp_path):
    path = write_media(tmp_path / "a.mka", np.zeros(8000 * 130), 8000, "flac")
    assert [len(part) for part in recording(path).parts()] == [480000, 480000, 80000]


def test_a_long_silence_comes_in_blocks(bursts, tmp_path):
    path = write_media(tmp_path / "a.mkv", bursts, RATE, "flac", start=3600)
    assert [len(part) for part in recording(path).parts()] == [2880000] * 60 + [2 * RATE]


# --- what cannot be read ---


def refusal(path):
    with pytest.raises(uisrnn.InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_pictures_without_sound(tmp_path):
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        write_pictures(container, 1)
    assert refusal(tmp_path / "film.mp4") == "cannot be read as audio: there is no sound in it, only video"


def test_encrypted_sound(bursts, tmp_path):
    key = "00112233445566778899aabbccddeeff"
    options = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": key, "encryption_kid": key}
    path = write_media(tmp_path / "a.mp4", bursts, RATE, options=options)
    assert refusal(path).startswith("its sound is encrypted or damaged: ")


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("a.m4a", "aac", {"movflags": "faststart"}), ("a.mkv", "aac", {}), ("a.webm", "libopus", {}),
     ("a.mp3", "libmp3lame", {}), ("a.flac", "flac", {}), ("a.wav", "pcm_s16le", {})],
)  # fmt: skip
def test_a_truncated_file_is_damaged_at_a_time(name, codec, options, bursts, tmp_path):
    sound = np.tile(bursts, 2)
    text = refusal(cut(write_media(tmp_path / name, sound, RATE, codec, options=options), 0.6))
    assert text.startswith(("is damaged at 2.", "is damaged: it ends at 2."))


def test_a_truncated_file_without_its_table(bursts, tmp_path):
    assert refusal(cut(write_media(tmp_path / "a.m4a", bursts, RATE), 0.6)).startswith("cannot be read as audio: ")


@pytest.mark.parametrize("name", ["call.mp3", "call.m4a", "call.webm", "call"])
def test_text(name, tmp_path):
    (tmp_path / name).write_bytes(b"This is no sound.\n" * 50)
    assert refusal(tmp_path / name).startswith("cannot be read as audio: ")


def test_a_file_opens_no_other_file(bursts, tmp_path):
    write_media(tmp_path / "secret.mka", bursts, RATE, "flac")
    (tmp_path / "call.mp3").write_text("ffconcat version 1.0\nfile secret.mka\n")
    assert refusal(tmp_path / "call.mp3").startswith("cannot be read as audio: ")


def test_one_sample(tmp_path):
    assert read(write_media(tmp_path / "a.mka", np.full(1, 0.5), RATE, "flac")) == pytest.approx(0.5, abs=1e-4)


def test_a_colon_in_a_name_is_no_address(bursts, tmp_path):
    (tmp_path / "sftp:").mkdir()
    assert len(read(write_media(tmp_path / "sftp:" / "a.m4a", bursts, RATE))) > RATE


def test_tags_in_another_encoding(bursts, tmp_path):
    path = write_media(tmp_path / "a.mp3", bursts, RATE, "libmp3lame", options={"write_xing": "0"})
    tag = b"TIT2" + bytes([0, 0, 0, 5, 0, 0, 3]) + b"caf\xe9"
    path.write_bytes(b"ID3\3\0\0" + bytes([0, 0, 0, len(tag)]) + tag + path.read_bytes()[45:])
    assert len(read(path)) > RATE


def test_a_missing_package_is_answered_with_the_command(bursts, tmp_path, monkeypatch):
    path = write_media(tmp_path / "call.m4a", bursts, RATE)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(uisrnn.MissingExtraError, match=r"reading call\.m4a needs av: pip install 'uisrnn\[audio\]'"):
        recording(path)


def test_ffmpeg_prints_nothing(bursts, tmp_path, capfd):
    refusal(cut(write_media(tmp_path / "a.mp3", bursts, RATE, "libmp3lame"), 0.5))
    refusal(cut(write_media(tmp_path / "a.m4a", bursts, RATE), 0.6))
    assert capfd.readouterr() == ("", "")
