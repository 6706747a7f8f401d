"""Streams refuse what they cannot take, say which and where, and go on as if it had not been pushed."""

import copy
import json
import pickle

import numpy as np
import pytest
import safetensors.torch
import torch

import uisrnn
from conftest import square
from uisrnn import InferenceArguments


@pytest.fixture
def x(generator) -> np.ndarray:
    return square(12, generator)[0]


BAD = [
    (np.zeros((3, 3)), uisrnn.InputError, r"observations must be \(T, 2\), but are \(3, 3\)"),
    (np.zeros(3), uisrnn.InputError, r"observations must be \(T, 2\), but are \(1, 3\)"),
    ([[0, 1], [0, np.nan]], uisrnn.InputError, "observation 1 is not finite: dimension 1 is nan"),
    (None, uisrnn.InputTypeError, "observations must be an array of numbers, but are NoneType"),
    ("ab", uisrnn.InputTypeError, "observations must be an array of numbers"),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD)
def test_bad_observations_leave_a_stream_as_it_was(square_model, x, bad, error, message):
    stream, expected = square_model.stream(), square_model.predict(x, InferenceArguments(test_iteration=1))
    stream.push(x[:5])
    before = stream.snapshot()
    with pytest.raises(error, match="stream: " + message):
        stream.push(bad)
    assert stream.snapshot() == before
    assert stream.push(x[5:]).labels[-1] == expected[-1]


@pytest.mark.parametrize(("bad", "error", "message"), BAD)
def test_bad_observations_of_one_stream_of_a_pool_leave_all_as_they_were(square_model, x, bad, error, message):
    pool = uisrnn.StreamPool(square_model)
    pool.push({"a": x[:5]})
    before = pool.snapshot("a")
    with pytest.raises(error, match="stream 'b': " + message):
        pool.push({"a": x[5:], "b": bad})
    assert pool.snapshot("a") == before
    assert pool.names == ["a"]


@pytest.mark.parametrize("look_ahead", [1, 3])
def test_what_comes_before_an_observation_without_a_finite_score_is_taken_and_told_next(square_model, x, look_ahead):
    args = InferenceArguments(test_iteration=1, look_ahead=look_ahead)
    bad = x.astype(np.float32)
    bad[4] = 3e38
    pool = uisrnn.StreamPool(square_model, args)
    with pytest.raises(uisrnn.InputError, match=r"stream 'bad': observation 4 .*; stream 'first': observation 0 is"):
        pool.push({"good": x, "bad": bad, "first": bad[4:]})
    updates = pool.push({"good": x[:0], "bad": x[4:6]})
    assert updates["good"].labels == square_model.predict(x, args)
    assert updates["bad"].labels == square_model.predict(x[:6], args)
    assert pool.stream("first").observations == 0


@pytest.mark.parametrize("look_ahead", [1, 3])
@pytest.mark.parametrize("lag", [None, 2])
def test_errors_do_not_depend_on_chunks_or_on_a_restoration(square_model, x, look_ahead, lag):
    """Observations up to one that cannot be taken, in one block or singly, in the first stream or a restored one."""
    args = InferenceArguments(look_ahead=look_ahead, commit_lag=lag)
    bad = np.full((1, 2), 3e38, dtype=np.float32)
    for before in range(5, 9):
        whole, singly = square_model.stream(args), square_model.stream(args)
        whole.push(x[:4])
        whole = uisrnn.Stream.restore(square_model, whole.snapshot())
        with pytest.raises(uisrnn.InputError, match=f"observation {before} is so far"):
            whole.push(np.concatenate([x[4:before], bad, x[:2]]))
        for one in x[:before]:
            singly.push(one)
        with pytest.raises(uisrnn.InputError, match=f"observation {before} is so far"):
            singly.push(bad[0])
        assert whole.observations == singly.observations == before
        assert whole.flush().final.items() >= singly.flush().final.items()


def test_a_block_that_is_longer_than_a_window_may_end_in_an_error(square_model, x):
    stream, bad = square_model.stream(), np.repeat(x, 500, axis=0)
    bad[3] = 3e38
    with pytest.raises(uisrnn.InputError, match="observation 3 is so far"):
        stream.push(bad)
    assert stream.observations == 3


def test_after_its_end_a_stream_takes_nothing(square_model, x):
    stream = square_model.stream()
    stream.push(x)
    stream.flush()
    for use in (lambda: stream.push(x), stream.flush, stream.snapshot):
        with pytest.raises(uisrnn.StreamError, match="was flushed; start a new one"):
            use()


def test_a_stream_without_observations_ends_without_labels(square_model):
    assert square_model.stream().flush() == uisrnn.Update([], {}, {})
    assert square_model.stream().push(np.zeros((0, 2))) == uisrnn.Update([], {}, {})


def test_pools_know_their_streams(square_model, x):
    pool, other = uisrnn.StreamPool(square_model), uisrnn.StreamPool(square_model)
    stream = pool.stream("a")
    assert pool.stream("a") is stream
    assert pool.push({stream: x[:2]})[stream] == other.push({"a": x[:2]})["a"]
    with pytest.raises(uisrnn.StreamError, match="belongs to another pool"):
        other.push({stream: x})
    with pytest.raises(uisrnn.InputError, match="given twice"):
        pool.push({stream: x, "a": x})
    for use in (pool.flush, pool.snapshot):
        with pytest.raises(uisrnn.StreamError, match="there is no stream 'b'"):
            use("b")
    with pytest.raises(uisrnn.StreamError, match="there is a stream 'a' already"):
        pool.restore("a", stream.snapshot())
    assert pool.restore("b", stream.snapshot()).push(x[2:]) == stream.push(x[2:])
    assert pool.names == ["a", "b"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"num_clusters": 2}, "num_clusters needs the whole sequence"),
        ({"look_ahead": 4, "commit_lag": 2}, "commit_lag must be at least look_ahead - 1 = 3, but is 2"),
        ({"commit_lag": -1}, "commit_lag must be an integer from 0 to 2147483647, or None, but is -1"),
    ],
)
def test_arguments_that_streams_cannot_have(square_model, args, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        square_model.stream(InferenceArguments(**args))


@pytest.mark.parametrize("name", [None, float("nan"), [1], ([],)])
def test_what_cannot_be_a_name(square_model, x, name):
    pool = uisrnn.StreamPool(square_model)
    snapshot = square_model.stream().snapshot()
    uses = [pool.flush, pool.snapshot, lambda name: pool.restore(name, snapshot)]
    if name != [1] and name != ([],):
        uses.append(lambda name: pool.push({name: x}))
    for use in uses:
        with pytest.raises(uisrnn.InputTypeError, match="a stream's name must be hashable and not None"):
            use(name)


@pytest.mark.parametrize("bad", [[[1, 2], [1]], [[1, 2], 5], range(2), bytearray(b"ab"), "ab", [None, 1], 3.0])
def test_odd_observations_are_an_error_of_this_library(square_model, bad):
    with pytest.raises((uisrnn.InputError, uisrnn.InputTypeError), match="stream: "):
        square_model.stream().push(bad)


def test_streams_that_nobody_has_any_more_give_back_what_they_hold(square_model, x):
    pool = uisrnn.StreamPool(square_model)
    for _ in range(50):
        pool.stream().push(x)
    pool.stream("last").push(x)
    assert len(pool._tracks.state.beams.number) <= 4


@pytest.mark.filterwarnings("ignore:You are using `torch.load`:FutureWarning")  # torch 2.4 on its own unpickling
def test_streams_are_not_copied_but_models_are(square_model, x):
    model = copy.deepcopy(square_model)
    model.online_predict(x)
    for one in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert one.online_predict(x) == square_model.online_predict(x, reset=True)
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(uisrnn.StreamError, match="cannot be copied or pickled; use snapshot"):
            duplicate(model.stream())


def test_training_and_loading_end_the_own_stream(square_model, x, tmp_path):
    model = copy.deepcopy(square_model)
    model.save(tmp_path / "model")
    first = model.online_predict(x[5:])
    model.load(tmp_path / "model")
    assert model.online_predict(x[5:]) == first
    model.fit(x, [0] * len(x), uisrnn.TrainingArguments(train_iteration=1, learning_rate=1e-9))
    assert model.online_predict(x[5:]) == first


# --- snapshots ---


def test_a_snapshot_of_another_model_is_refused(square_model, x):
    stream = square_model.stream()
    stream.push(x)
    other = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=8, transition_bias=0.3, seed=2))
    with pytest.raises(uisrnn.CheckpointError, match="of a stream of another model"):
        uisrnn.Stream.restore(other, stream.snapshot())


def test_a_snapshot_with_other_arguments_is_refused_by_a_pool(square_model, x):
    stream = square_model.stream(InferenceArguments(beam_size=3))
    stream.push(x)
    with pytest.raises(uisrnn.CheckpointError, match="other arguments or known clusters"):
        uisrnn.StreamPool(square_model).restore("a", stream.snapshot())


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x08\0\0\0\0\0\0\0{}      "])
def test_other_bytes_are_refused(square_model, content):
    with pytest.raises(uisrnn.CheckpointError, match="not a whole snapshot of a stream"):
        uisrnn.Stream.restore(square_model, content)


def test_a_truncated_snapshot_is_refused(square_model, x):
    stream = square_model.stream()
    stream.push(x)
    snapshot = stream.snapshot()
    for size in range(0, len(snapshot), 97):
        with pytest.raises(uisrnn.CheckpointError):
            uisrnn.Stream.restore(square_model, snapshot[:size])


TENSORS = [
    "score",
    "clusters",
    "mark",
    "joins",
    "stays",
    "changes",
    "visited",
    "count",
    "seen",
    "row",
    "labels",
    "fresh",
    "told",
    "preview",
]


@pytest.mark.parametrize("name", [*TENSORS, "pending", "state.hidden", "state.mean", "state.count"])
def test_damaged_tensors_are_refused(square_model, x, name):
    """Of another type or shape, missing, or with numbers that would lead compiled loops out of their arrays."""
    stream = square_model.stream(InferenceArguments(look_ahead=2))
    stream.push(x[:11])
    content = stream.snapshot()
    size = int.from_bytes(content[:8], "little")
    header = {"uisrnn_stream": json.loads(content[8 : 8 + size])["__metadata__"]["uisrnn_stream"]}
    good = safetensors.torch.load(content)
    damaged = [good[name].to(torch.int64), good[name][None], None]
    if name != "told":  # less may have been told, where a push failed
        damaged.append(good[name][:-1])
    if good[name].dtype == torch.int32 and name not in ("visited", "count"):
        damaged += [torch.full_like(good[name], value) for value in (-2, 10**6)]
    for tensor in damaged:
        tensors = {**good, name: tensor} if tensor is not None else {k: v for k, v in good.items() if k != name}
        if tensor is not None and tensor.shape == good[name].shape and torch.equal(tensor, good[name]):
            continue
        with pytest.raises(uisrnn.CheckpointError):
            uisrnn.Stream.restore(square_model, safetensors.torch.save(tensors, header))
    uisrnn.Stream.restore(square_model, safetensors.torch.save(good, header)).push(x[11])


def test_pushed_arrays_may_be_changed_afterwards(square_model, x):
    stream, given = square_model.stream(InferenceArguments(look_ahead=4)), x.astype(np.float32)
    expected = square_model.stream(InferenceArguments(look_ahead=4))
    expected.push(x[:6])
    stream.push(given[:6])
    given[:] = 99
    assert stream.push(x[6:]) == expected.push(x[6:])


@pytest.mark.parametrize(
    "change",
    [
        {"names": ["a"]},
        {"names": ["a", "b", "c"]},
        {"names": ["a", "a"]},
        {"names": [["x"], None]},
        {"taken": -1},
        {"taken": 5},
        {"final": 10**9},
        {"preview_beam": 10},
        {"format_version": 99},
        {"arguments": {"beam_size": 2**40}},
        {"arguments": {"num_clusters": 3}},
        {"arguments": {"look_ahead": 5, "commit_lag": 0}},
    ],
)
def test_damaged_headers_are_refused(square_model, x, change):
    stream = square_model.stream(clusters={"a": x[:2], "b": x[3:5]})
    stream.push(x)
    content = stream.snapshot()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["uisrnn_stream"])
    tensors = safetensors.torch.load(content)
    for name in [name for name in tensors if name.startswith("known.")]:
        for other in (tensors[name] * torch.nan, tensors[name][0, 0], tensors[name][:1]):
            damaged = safetensors.torch.save({**tensors, name: other}, {"uisrnn_stream": json.dumps(header)})
            with pytest.raises(uisrnn.CheckpointError):
                uisrnn.Stream.restore(square_model, damaged)
    with pytest.raises(uisrnn.CheckpointError):
        uisrnn.Stream.restore(
            square_model, safetensors.torch.save(tensors, {"uisrnn_stream": json.dumps({**header, **change})})
        )
