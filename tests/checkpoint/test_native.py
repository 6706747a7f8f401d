"""This library's model files."""

import json
import os
import signal
import struct
import subprocess
import sys
import time

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn

ARGS = uisrnn.ModelArguments(
    observation_dim=3, rnn_hidden_size=4, rnn_depth=2, transition_bias=0.25, crp_alpha=2.0, seed=3
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("native") / "model.uisrnn"
    uisrnn.UISRNN(ARGS).save(path)
    return path


def rewritten(saved, path, change):
    """A copy of the file with a changed header object or changed tensors."""
    tensors = safetensors.torch.load_file(saved)
    with safetensors.safe_open(saved, framework="pt") as file:
        header = json.loads(file.metadata()["uisrnn"])
    change(header, tensors)
    path.write_bytes(safetensors.torch.save(tensors, {"uisrnn": json.dumps(header)}))
    return path


def test_everything_comes_back(saved):
    model, loaded = uisrnn.UISRNN(ARGS), uisrnn.UISRNN.from_file(saved)
    assert loaded.arguments == uisrnn.ModelArguments(
        observation_dim=3, rnn_hidden_size=4, rnn_depth=2, transition_bias=0.25, crp_alpha=2.0
    )
    assert (loaded.transition_bias, loaded.crp_alpha, loaded.fitted) == (0.25, 2.0, False)
    assert loaded.conventions == uisrnn.PAPER
    for name, value in loaded.rnn_model.state_dict().items():
        assert torch.equal(value, model.rnn_model.state_dict()[name])
    assert torch.equal(loaded.sigma2, model.sigma2)
    assert torch.equal(loaded.rnn_init_hidden, model.rnn_init_hidden)


def test_conventions_survive_another_save(tmp_path, repository):
    model = uisrnn.UISRNN.from_file(repository / "tests/golden/d2_h8.uisrnn")
    model.save(tmp_path / "copy")
    assert uisrnn.UISRNN.from_file(tmp_path / "copy").conventions == uisrnn.V0


def test_the_estimate_s_denominator_survives(square_model, tmp_path):
    square_model.save(tmp_path / "copy")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "copy")
    assert loaded.transition_bias_denominator == square_model.transition_bias_denominator > 0
    assert loaded.transition_bias == square_model.transition_bias
    assert loaded.estimate_transition_bias
    assert loaded.fitted


def test_loading_takes_any_dimensions_and_keeps_what_is_the_process_s_own(saved):
    model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=7, verbosity=1, enable_cuda=False, seed=9))
    model.load(str(saved))
    assert model.observation_dim == 3
    assert (model.arguments.verbosity, model.arguments.enable_cuda, model.arguments.seed) == (1, False, 9)


def test_the_name_of_the_front_end_comes_back(tmp_path):
    model = uisrnn.UISRNN(ARGS)
    model.front_end = "tiny/known"
    model.save(tmp_path / "model")
    assert uisrnn.UISRNN.from_file(tmp_path / "model").front_end == "tiny/known"


def test_a_file_without_the_name_of_a_front_end_is_read(saved, tmp_path):
    path = rewritten(saved, tmp_path / "old", lambda header, tensors: header.pop("front_end"))
    assert uisrnn.UISRNN.from_file(path).front_end is None


def test_a_name_that_is_no_name_is_refused(saved, tmp_path):
    path = rewritten(saved, tmp_path / "damaged", lambda header, tensors: header.update(front_end=["tiny"]))
    with pytest.raises(uisrnn.CheckpointError, match=r"damaged: front_end must be a name or null, but is \['tiny'\]"):
        uisrnn.UISRNN.from_file(path)


def test_a_failed_load_leaves_the_model_as_it_was(saved, tmp_path):
    model = uisrnn.UISRNN(ARGS)
    broken = tmp_path / "broken"
    broken.write_bytes(saved.read_bytes()[:-1])
    before = {name: value.clone() for name, value in model.rnn_model.state_dict().items()}
    with pytest.raises(uisrnn.CheckpointError):
        model.load(broken)
    assert model.arguments == ARGS
    assert all(torch.equal(value, before[name]) for name, value in model.rnn_model.state_dict().items())


@settings(max_examples=60, deadline=None)
@given(keep=st.floats(0, 1, exclude_max=True))
def test_every_truncation_is_an_error_that_names_the_file(saved, tmp_path_factory, keep):
    content = saved.read_bytes()
    path = tmp_path_factory.mktemp("cut") / "cut.uisrnn"
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(uisrnn.CheckpointError, match=r"cut\.uisrnn: not a whole uisrnn model file"):
        uisrnn.UISRNN.from_file(path)


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 3000), byte=st.integers(0, 255))
def test_a_damaged_byte_is_an_error_or_a_model(saved, tmp_path_factory, position, byte):
    content = bytearray(saved.read_bytes())
    content[position % len(content)] = byte
    path = tmp_path_factory.mktemp("damaged") / "damaged.uisrnn"
    path.write_bytes(bytes(content))
    try:
        model = uisrnn.UISRNN.from_file(path)
    except uisrnn.CheckpointError as error:
        assert "damaged.uisrnn: " in str(error)
    else:
        assert isinstance(model.observation_dim, int)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200))
def test_foreign_bytes_are_an_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("foreign") / "foreign"
    path.write_bytes(content)
    with pytest.raises(uisrnn.CheckpointError, match="foreign: "):
        uisrnn.UISRNN.from_file(path)


def _argument(**values):
    return lambda header, _tensors: header["model_arguments"].update(values)


def _tensor(name, value):
    return lambda _header, tensors: tensors.update({name: value})


def _set(**values):
    return lambda header, _tensors: header.update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set(format_version=2), "format version 2 is not known here"),
        (lambda header, _t: header.pop("conventions"), "the header is damaged: 'conventions'"),
        (
            _set(conventions={"running_mean": "x", "assignment": "paper"}),
            "damaged: running_mean must be one of 'paper', 'v0', but is 'x'",
        ),
        (_set(conventions=5), "the header is damaged"),
        (
            _argument(crp_alpha=-1),
            "crp_alpha must be a number > 0, or None, but is -1",
        ),
        (
            _argument(crp_alpha=10**400),
            "the arguments are damaged: crp_alpha",
        ),
        (_argument(rnn_depth=10**30), "layers do not fit into"),
        (_argument(rnn_depth=5), r"missing \['network.gru.bias_hh_l2'"),
        (_set(observation_model="lstm"), "observation model 'lstm' is not known here"),
        (_set(fitted="no"), "fitted must be true or false, but is 'no'"),
        (_set(transition_bias_denominator=float("nan")), "transition_bias_denominator must be >= 0, but is nan"),
        (_set(transition_bias_denominator=-5), "transition_bias_denominator must be >= 0, but is -5"),
        (_set(transition_bias_denominator=10**400), "the header is damaged"),
        (_set(transition_bias=10**400), "transition_bias must be"),
        (
            _tensor("sigma2", torch.full((3,), 1e300, dtype=torch.float64)),
            "sigma2 has NaN or inf",
        ),
        (lambda _h, tensors: tensors.update(sigma2=torch.full((3,), 1e-45)), "sigma2 must be positive"),
        (lambda _h, tensors: tensors.update(sigma2=torch.ones(3).to(torch.float8_e4m3fn)), "sigma2 must hold floating"),
        (_set(transition_bias="0.5"), "transition_bias must be"),
        (_set(transition_bias_denominator=None), "the header is damaged"),
        (_argument(observation_dim=10**12), "must be .*1000000000000"),
        (_set(model_arguments={"observation_dim": "3"}), "the arguments are damaged: observation_dim must be"),
        (_set(model_arguments={"wingspan": 3}), "the arguments are damaged"),
        (_set(model_arguments=[1]), "the header is damaged"),
        (lambda _h, tensors: tensors.pop("sigma2"), r"missing \['sigma2'\]"),
        (lambda _h, tensors: tensors.update(extra=torch.zeros(1)), r"unknown \['extra'\]"),
        (lambda _h, tensors: tensors.update(sigma2=torch.ones(4)), r"sigma2 must be \(3,\), but is \(4,\)"),
        (lambda _h, tensors: tensors.update(sigma2=torch.ones(3, dtype=torch.int64)), "sigma2 must hold floating"),
        (lambda _h, tensors: tensors["sigma2"].fill_(float("nan")), "sigma2 has NaN or infinite values"),
        (lambda _h, tensors: tensors["sigma2"].fill_(0), "sigma2 must be positive"),
    ],
)
def test_a_file_that_does_not_fit_together_says_why(saved, tmp_path, change, message):
    path = rewritten(saved, tmp_path / "odd.uisrnn", change)
    with pytest.raises(uisrnn.CheckpointError, match=message) as raised:
        uisrnn.UISRNN.from_file(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize("metadata", [None, {"other": "x"}, {"uisrnn": "{"}, {"uisrnn": "[]"}, {"uisrnn": "[" * 10**5}])
def test_a_safetensors_file_of_something_else(tmp_path, metadata):
    path = tmp_path / "other.safetensors"
    path.write_bytes(safetensors.torch.save({"x": torch.zeros(1)}, metadata))
    with pytest.raises(uisrnn.CheckpointError, match=r"not of a uisrnn model|header is damaged"):
        uisrnn.UISRNN.from_file(path)


def test_a_header_that_announces_too_much(tmp_path):
    path = tmp_path / "liar"
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(uisrnn.CheckpointError, match="not a whole uisrnn model file"):
        uisrnn.UISRNN.from_file(path)


def test_a_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        uisrnn.UISRNN.from_file(tmp_path / "nowhere")


SAVER = """
import sys, uisrnn
models = [uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=64, rnn_hidden_size=256, crp_alpha=alpha, seed=alpha))
          for alpha in (1, 2)]
print("ready", flush=True)
while True:
    for model in models:
        model.save(sys.argv[1])
"""


@pytest.mark.slow
def test_kill_9_in_mid_save_leaves_a_whole_model(tmp_path):
    path = tmp_path / "model.uisrnn"
    uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=64, rnn_hidden_size=256, crp_alpha=3)).save(path)
    seen = set()
    for attempt in range(4):
        saver = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE)
        assert saver.stdout is not None
        saver.stdout.readline()
        time.sleep(0.02 + 0.008 * attempt)
        saver.send_signal(signal.SIGKILL)
        saver.wait()
        saver.stdout.close()
        seen.add(uisrnn.UISRNN.from_file(path).crp_alpha)
    assert seen <= {1.0, 2.0, 3.0}
    assert seen & {1.0, 2.0}


def test_what_could_not_be_loaded_is_not_saved(saved, tmp_path):
    path = tmp_path / "model.uisrnn"
    path.write_bytes(saved.read_bytes())
    model = uisrnn.UISRNN(ARGS)
    model.sigma2.data[1] = float("nan")
    with pytest.raises(uisrnn.CheckpointError, match="sigma2 has NaN or infinite values"):
        model.save(path)
    assert path.read_bytes() == saved.read_bytes()


def test_half_precision_weights_are_read(saved, tmp_path):
    def halve(_header, tensors):
        for name, tensor in tensors.items():
            tensors[name] = tensor.half()

    model = uisrnn.UISRNN.from_file(rewritten(saved, tmp_path / "half", halve))
    assert model.sigma2.dtype == torch.float32


def test_saving_over_a_model_that_cannot_be_written_keeps_the_old_one(saved, tmp_path, monkeypatch):
    path = tmp_path / "model.uisrnn"
    path.write_bytes(saved.read_bytes())
    monkeypatch.setattr(os, "replace", lambda *_paths: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        uisrnn.UISRNN(ARGS).save(path)
    assert path.read_bytes() == saved.read_bytes()
    assert os.listdir(tmp_path) == ["model.uisrnn"]
