"""Files of 0.1.2: honest ones in several dresses, and hostile ones, which must run nothing."""

import collections
import io
import os
import pickle
import subprocess
import zipfile

import numpy as np
import pytest
import torch

import uisrnn
from uisrnn.checkpoint import restricted


@pytest.fixture(scope="module")
def golden(repository):
    return repository / "tests" / "golden"


def contents(dim=3, hidden=4, depth=2, **changes):
    """What 0.1.2 hands to torch.save."""
    layers = collections.OrderedDict()
    for layer in range(depth):
        layers[f"gru.weight_ih_l{layer}"] = torch.randn(3 * hidden, dim if layer == 0 else hidden)
        layers[f"gru.weight_hh_l{layer}"] = torch.randn(3 * hidden, hidden)
        layers[f"gru.bias_ih_l{layer}"] = torch.randn(3 * hidden)
        layers[f"gru.bias_hh_l{layer}"] = torch.randn(3 * hidden)
    layers["linear_mean1.weight"], layers["linear_mean1.bias"] = torch.randn(hidden, hidden), torch.randn(hidden)
    layers["linear_mean2.weight"], layers["linear_mean2.bias"] = torch.randn(dim, hidden), torch.randn(dim)
    whole = {
        "rnn_state_dict": layers,
        "rnn_init_hidden": np.random.default_rng(0).normal(size=(depth, 1, hidden)).astype(np.float32),
        "transition_bias": np.float64(0.25),
        "transition_bias_denominator": 12.0,
        "crp_alpha": 1.5,
        "sigma2": np.full(dim, 0.5, dtype=np.float32),
    }
    return whole | changes


def saved(path, whole, **options):
    torch.save(whole, path, **options)
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_an_honest_file(tmp_path, zipped):
    whole = contents()
    path = saved(tmp_path / "model", whole, _use_new_zipfile_serialization=zipped)
    model = uisrnn.UISRNN.from_file(path)
    args = model.arguments
    assert (args.observation_dim, args.rnn_hidden_size, args.rnn_depth) == (3, 4, 2)
    assert (model.transition_bias, model.transition_bias_denominator, model.crp_alpha) == (0.25, 12.0, 1.5)
    assert model.conventions == uisrnn.V0
    assert model.fitted
    for name, value in model.rnn_model.state_dict().items():
        assert torch.equal(value, whole["rnn_state_dict"][name])
    assert (model.sigma2.detach().numpy() == whole["sigma2"]).all()
    assert (model.rnn_init_hidden.detach().numpy() == whole["rnn_init_hidden"]).all()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_from_a_gpu_loads_without_one(tmp_path, monkeypatch, zipped):
    monkeypatch.setattr(torch.serialization, "location_tag", lambda _storage: "cuda:0")
    path = saved(tmp_path / "model", contents(), _use_new_zipfile_serialization=zipped)
    assert b"cuda:0" in path.read_bytes()
    assert uisrnn.UISRNN(uisrnn.ModelArguments(enable_cuda=False)).load(path) is None


def test_tensors_that_share_a_storage_or_are_transposed(tmp_path):
    whole = contents()
    layers = whole["rnn_state_dict"]
    layers["linear_mean1.weight"] = torch.randn(4, 4).t()
    both = torch.randn(24)
    layers["gru.bias_ih_l0"], layers["gru.bias_hh_l0"] = both[:12], both[12:]
    model = uisrnn.UISRNN.from_file(saved(tmp_path / "model", whole))
    for name in ("linear_mean1.weight", "gru.bias_ih_l0", "gru.bias_hh_l0"):
        assert torch.equal(model.rnn_model.state_dict()[name], layers[name])


@pytest.mark.parametrize(
    "array", [np.asfortranarray(np.ones((2, 1, 4))), np.ones((2, 1, 4), ">f8"), np.ones((2, 1, 8))[..., ::2]]
)
def test_other_layouts_of_numpy_arrays(tmp_path, array):
    model = uisrnn.UISRNN.from_file(saved(tmp_path / "model", contents(rnn_init_hidden=array)))
    assert (model.rnn_init_hidden == 1).all()


def test_a_model_saved_before_it_was_trained(tmp_path):
    model = uisrnn.UISRNN.from_file(saved(tmp_path / "model", contents(transition_bias=None)))
    assert model.transition_bias is None


def test_what_the_file_does_not_tell_is_taken_from_the_arguments(tmp_path):
    args = uisrnn.ModelArguments(rnn_dropout=0.4, transition_bias=0.1, sigma2=0.1, observation_dim=9)
    model = uisrnn.UISRNN.from_file(saved(tmp_path / "model", contents()), args)
    assert model.arguments.rnn_dropout == 0.4
    assert not model.estimate_transition_bias
    assert model.transition_bias == 0.25


class Runs:
    """Unpickling it would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


class Opens(Runs):
    def __reduce__(self):
        return subprocess.Popen, (["touch", str(self.path)],)


class Evaluates(Runs):
    def __reduce__(self):
        return eval, (f"open({str(self.path)!r}, 'w')",)


@pytest.mark.parametrize("attack", [Runs, Opens, Evaluates])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["crp_alpha", "whole"])
def test_a_hostile_file_runs_nothing(tmp_path, attack, zipped, place):
    evil = attack(tmp_path / "pwned")
    whole = evil if place == "whole" else contents(crp_alpha=evil)
    path = saved(tmp_path / "evil.uisrnn", whole, _use_new_zipfile_serialization=zipped)
    with pytest.raises(uisrnn.CheckpointError, match=r"evil.uisrnn: asks for .*nothing was run"):
        uisrnn.UISRNN.from_file(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_bare_pickle_runs_nothing(tmp_path, protocol):
    path = tmp_path / "evil.uisrnn"
    path.write_bytes(pickle.dumps(Runs(tmp_path / "pwned"), protocol=protocol))
    with pytest.raises(uisrnn.CheckpointError, match=r"evil\.uisrnn: "):
        uisrnn.UISRNN.from_file(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "name", ["builtins.eval", "torch.load", "numpy.load", "collections.namedtuple", "torch._utils._rebuild_qtensor"]
)
def test_names_beyond_the_dozen_are_refused(name):
    module, attribute = name.rsplit(".", 1)
    with pytest.raises(uisrnn.CheckpointError, match=f"asks for {name}"):
        restricted.RestrictedUnpickler(io.BytesIO(b""), lambda *_: np.zeros(1)).find_class(module, attribute)


def test_every_truncation_is_an_error_that_names_the_file(golden, tmp_path):
    for name in ("d2_h8.uisrnn", "d2_h8_legacy.uisrnn"):
        content = (golden / name).read_bytes()
        path = tmp_path / name
        for keep in [*range(40), *range(40, len(content), 97), len(content) - 1]:
            path.write_bytes(content[:keep])
            if name.startswith("d2_h8.") and keep == len(content) - 1:
                continue  # the last byte is the length of an empty comment
            with pytest.raises(uisrnn.CheckpointError, match=name):
                uisrnn.UISRNN.from_file(path)


@pytest.mark.parametrize("name", ["d2_h8.uisrnn", "d2_h8_legacy.uisrnn"])
def test_damaged_bytes_are_an_error_or_a_model(golden, tmp_path, name):
    content = (golden / name).read_bytes()
    path = tmp_path / "damaged.uisrnn"
    generator = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(content)
        damaged[generator.integers(len(content))] = generator.integers(256)
        path.write_bytes(bytes(damaged))
        try:
            uisrnn.UISRNN.from_file(path)
        except uisrnn.CheckpointError as error:
            assert "damaged.uisrnn: " in str(error)


@pytest.mark.parametrize(
    ("whole", "message"),
    [
        ([1, 2], "has no rnn_state_dict"),
        ({"rnn_state_dict": 5}, "has no rnn_state_dict"),
        ({"rnn_state_dict": {}}, "contents of this file of 0.1.2 are damaged"),
        (contents(crp_alpha="x"), "damaged: could not convert string"),
        (contents(crp_alpha=-1.0), "crp_alpha must be a number > 0"),
        (contents(transition_bias=1.5), "transition_bias must be"),
        (contents(sigma2=None), "an array is needed, but there is NoneType"),
        (contents(sigma2=np.array([1.0, np.nan, 1.0])), "sigma2 has NaN or infinite values"),
        (contents(sigma2=np.ones(4)), r"sigma2 must be \(3,\), but is \(4,\)"),
        (contents(rnn_init_hidden=np.array([object()])), "is not a weight|asks for"),
    ],
)
def test_contents_that_do_not_fit(tmp_path, whole, message):
    path = saved(tmp_path / "odd.uisrnn", whole)
    with pytest.raises(uisrnn.CheckpointError, match=message):
        uisrnn.UISRNN.from_file(path)


def test_a_tensor_beyond_its_storage(tmp_path):
    storage = np.zeros(4, np.float32)
    assert restricted._rebuild_tensor(storage, 0, (2, 2), (2, 1)).shape == (2, 2)
    for offset, size, stride in [
        (1, (2, 2), (2, 1)),
        (0, (5,), (1,)),
        (0, (2,), (-1,)),
        (-1, (1,), (1,)),
        (0, (2,), (9,)),
        (0, (2**40,), (0,)),
    ]:
        with pytest.raises(uisrnn.CheckpointError, match="reaches beyond"):
            restricted._rebuild_tensor(storage, offset, size, stride)
    for offset, size, stride in [
        (np.int64(0), (1,), (1,)),
        (0, (np.int32(65537),), (np.int32(65536),)),
        (0, (1.0,), (1,)),
    ]:
        with pytest.raises(uisrnn.CheckpointError, match="not plain integers"):
            restricted._rebuild_tensor(storage, offset, size, stride)
    with pytest.raises(uisrnn.CheckpointError, match="not plain integers"):
        restricted._rebuild_tensor([1.0], 0, (1,), (1,))


def pickled(*instructions: bytes) -> bytes:
    return b"\x80\x02" + b"".join(instructions) + b"."


BOMB = b"N" + b"q\x00h\x00\x86" * 40  # a tuple of two tuples of two tuples ..., hashed or printed in 2^40 steps
HOSTILE = {
    "hash": (pickled(b"}", BOMB, b"Ns"), "keys are not text"),
    "hash in a call": (pickled(b"ccollections\nOrderedDict\n](", BOMB, b"N\x86e\x85R"), "keys are not text"),
    "print": (pickled(b"(", BOMB, b"NNNNtQ"), "reference of an unknown kind"),
    "memory": (pickled(b"Nr\xff\xff\xff\x7f"), "has no rnn_state_dict"),
    "bytearray": (pickled(b"\x96" + (2**40).to_bytes(8, "little")), "pickle instruction"),
    "long number": (pickled(b"\x8b" + (2**31 - 1).to_bytes(4, "little")), "pickle instruction"),
    "extension": (pickled(b"\x82\x01"), "pickle instruction"),
    "new object": (pickled(b"cnumpy\ndtype\n)\x81"), "pickle instruction"),
    "change a function": (pickled(b"c_codecs\nencode\n}b"), "tries to change the reader"),
    "change a class": (pickled(b"cnumpy\nndarray\n}b"), "tries to change the reader"),
    "dotted name": (pickled(b"ccollections\nOrderedDict.fromkeys\n"), r"asks for collections\.OrderedDict\.fromkeys"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("zipped", [True, False])
def test_hostile_instructions_end_at_once(tmp_path, name, zipped):
    content, message = HOSTILE[name]
    path = tmp_path / "evil.uisrnn"
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model/data.pkl", content)
    else:
        before = [pickle.dumps(one, 2) for one in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
        path.write_bytes(b"".join([*before, content, pickle.dumps([], 2)]))
    with pytest.raises(uisrnn.CheckpointError, match=message) as raised:
        uisrnn.UISRNN.from_file(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize("damage", ["no keys", "another length"])
def test_old_files_must_hold_the_numbers_that_they_announce(golden, tmp_path, damage):
    content = (golden / "d2_h8_legacy.uisrnn").read_bytes()
    file = io.BytesIO(content)
    for _ in range(4):
        restricted.RestrictedUnpickler(file, lambda _key, kind, elements: np.zeros(elements, kind)).load()
    start = file.tell()
    restricted.RestrictedUnpickler(file, lambda *_: np.zeros(0)).load()
    end = file.tell()
    if damage == "no keys":
        content = content[:start] + pickle.dumps([], 2)
    else:
        content = content[:end] + (1).to_bytes(8, "little") + content[end + 8 :]
    (tmp_path / "old").write_bytes(content)
    with pytest.raises(uisrnn.CheckpointError, match=r"contents is damaged|numbers that the file announces"):
        uisrnn.UISRNN.from_file(tmp_path / "old")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 10**400])
@pytest.mark.parametrize("name", ["transition_bias_denominator", "crp_alpha", "transition_bias"])
def test_scalars_must_make_sense(tmp_path, name, value):
    with pytest.raises(uisrnn.CheckpointError):
        uisrnn.UISRNN.from_file(saved(tmp_path / "odd", contents(**{name: value})))


def test_other_zip_files_are_refused(tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(uisrnn.CheckpointError, match=r"torch\.save did not write it"):
        uisrnn.UISRNN.from_file(path)
