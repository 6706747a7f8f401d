"""Which voice each sound file holds."""

from pathlib import Path

import pytest

import uisrnn
from uisrnn.audio import find_voices


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ann/1.wav", "ann/chapter/2.FLAC", "bob/1.wav", "bob/notes.txt", "empty/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def manifest(folder: Path, text: str, name: str = "manifest.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_each_subfolder_with_sound_is_a_voice(folder):
    voices = find_voices(folder)
    assert voices == {
        "ann": [folder / "ann" / "1.wav", folder / "ann" / "chapter" / "2.FLAC"],
        "bob": [folder / "bob" / "1.wav"],
    }


def test_a_manifest_in_the_folder_says_it_instead(folder):
    manifest(folder, "file,speaker\nann/1.wav,x\nbob/1.wav,x\n")
    assert find_voices(folder) == {"x": [folder / "ann/1.wav", folder / "bob/1.wav"]}


def test_columns_have_other_names_and_rows_a_split(folder):
    path = manifest(folder, "voice,path,split\nx,a.wav,train\ny,b.wav,dev\n", "other.csv")
    assert find_voices(path, split="dev") == {"y": [folder / "b.wav"]}
    assert set(find_voices(path)) == {"x", "y"}


def test_a_byte_order_mark_is_no_part_of_a_column(folder):
    path = manifest(folder, "\ufefffile,speaker\na.wav,x\n")
    assert find_voices(path) == {"x": [folder / "a.wav"]}


@pytest.mark.parametrize(
    ("text", "split", "message"),
    [
        ("file,who\na.wav,x\n", None, "a column 'speaker' or 'voice' is needed, but the columns are file, who"),
        ("file,speaker\n", None, "there must be rows, but there are none"),
        ("file,speaker\na.wav,x\n", "dev", "a column 'split' is needed"),
        ("file,speaker,split\na.wav,x,train\n", "dev", "there must be rows of split 'dev'"),
        ("file,speaker\na.wav\n", None, "line 2: a file and a voice are needed"),
        ("", None, "a column 'file' or 'path' is needed"),
    ],
)
def test_a_manifest_that_names_no_voices_is_an_error(tmp_path, text, split, message):
    path = manifest(tmp_path, text)
    with pytest.raises(uisrnn.InputError, match=message) as raised:
        find_voices(path, split)
    assert str(path) in str(raised.value)


def test_a_folder_without_voices_is_an_error(tmp_path):
    with pytest.raises(uisrnn.InputError, match="a subfolder for each voice"):
        find_voices(tmp_path)


def test_a_folder_has_no_splits(folder):
    with pytest.raises(uisrnn.InputError, match="split 'dev' needs a manifest"):
        find_voices(folder, split="dev")


def test_a_file_that_is_no_manifest_is_an_error(tmp_path):
    path = tmp_path / "voices.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(uisrnn.InputError, match="cannot be read as a CSV file"):
        find_voices(path)


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_voices(tmp_path / "none")
