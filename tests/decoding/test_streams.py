"""Laws of streams: chunks, threads, pools and snapshots change nothing, and labels become final when they must.

Each pair of options occurs in some case of a law.
"""

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import uisrnn
from covering import each_pair
from driving import observations
from models import OBSERVATION_MODELS, joint
from uisrnn.decoding.decoder import Decoder
from uisrnn.sequences.coded import CodedSequence

SIZES = [(1, 1), (4, 1), (10, 1), (3, 2), (4, 3)]  # beam_size, look_ahead
LENGTHS = [1, 2, 5, 14]


class Model:
    """What streams need, around any observation model."""

    def __init__(self, name: str, **prior: float) -> None:
        self.joint = joint(OBSERVATION_MODELS[name](), **prior)

    def decoder(self, args=None, clusters=None):
        return Decoder.of(self.joint, uisrnn.InferenceArguments.of(args), clusters)

    def fingerprint(self):
        return "the same"


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return Model(request.param)


def arguments(size: tuple[int, int], **others) -> uisrnn.InferenceArguments:
    beam_size, look_ahead = size
    return uisrnn.InferenceArguments(beam_size=beam_size, look_ahead=look_ahead, test_iteration=1, **others)


def whole(model: Model, args: uisrnn.InferenceArguments, xs: np.ndarray) -> list[int]:
    """Labels of the whole sequence at once."""
    decoder = model.decoder(args)
    sequence = CodedSequence(xs)
    return decoder.names.of(decoder.decode([sequence])[0][0].codes)


class Follower:
    """Follows a stream by its updates alone, and checks that no update contradicts the updates before it."""

    def __init__(self) -> None:
        self.labels: list = []
        self.final: dict = {}

    def take(self, update: uisrnn.Update) -> None:
        for time, label in update.changed.items():
            assert self.labels[time] != label
            assert time not in self.final
            self.labels[time] = label
        self.labels += update.labels
        for time, label in update.final.items():
            assert time == len(self.final)
            assert self.labels[time] == label
            self.final[time] = label


def chunks(xs: np.ndarray, *sizes: int) -> list[np.ndarray]:
    return [part for part in np.split(xs, list(itertools.accumulate(sizes))) if len(part)]


def follow(stream: uisrnn.Stream, parts: list[np.ndarray]) -> Follower:
    follower = Follower()
    for part in parts:
        follower.take(stream.push(part))
    follower.take(stream.flush())
    return follower


CUTS = {
    "whole": lambda xs: [xs],
    "one by one": list,
    "chunks": lambda xs: chunks(xs, 1, 3, 2),
    "empty chunks": lambda xs: [xs[:0], *chunks(xs, 4), xs[:0]],
}


@each_pair(name=OBSERVATION_MODELS, size=SIZES, length=LENGTHS, cut=CUTS)
def test_final_labels_are_those_of_the_whole_sequence_however_it_is_cut(name, size, length, cut):
    model, args, xs = Model(name), arguments(size), observations(length)
    follower = follow(uisrnn.Stream.of(model, args), CUTS[cut](xs))
    assert list(follower.final.values()) == follower.labels == whole(model, args, xs)


@each_pair(name=OBSERVATION_MODELS, size=SIZES)
def test_the_provisional_labels_are_those_of_the_sequence_so_far(name, size):
    model, args, xs = Model(name), arguments(size), observations(11, 3)
    stream, follower = uisrnn.Stream.of(model, args), Follower()
    for time, x in enumerate(xs):
        update = stream.push(x)
        follower.take(update)
        assert follower.labels == whole(model, args, xs[: time + 1])
        assert update.label == follower.labels[-1]


def shortest_lag(size: tuple[int, int]) -> int:
    """No label is final before its block is complete."""
    _beam_size, look_ahead = size
    return look_ahead - 1


@each_pair(name=OBSERVATION_MODELS, size=SIZES, more=[0, 1, 2, 5])
def test_a_lag_bounds_the_latency_however_the_stream_is_cut(name, size, more):
    model, lag = Model(name), shortest_lag(size) + more
    args, xs = arguments(size, commit_lag=lag), observations(14, 1)
    stream, follower = uisrnn.Stream.of(model, args), Follower()
    for time, x in enumerate(xs):
        follower.take(stream.push(x))
        assert len(follower.final) >= time + 1 - lag
    follower.take(stream.flush())
    for parts in ([xs], chunks(xs, 1, 3, 2, 5)):
        other = follow(uisrnn.Stream.of(model, args), parts)
        assert (other.final, other.labels) == (follower.final, follower.labels)


def test_beams_that_contradict_a_final_label_are_dropped(model):
    """With no lag the search is greedy; the labels are still by first appearance."""
    xs = observations(14, 2)
    greedy = whole(model, arguments((1, 1)), xs)
    follower = follow(uisrnn.Stream.of(model, arguments((10, 1), commit_lag=0)), list(xs))
    assert follower.labels == greedy


@each_pair(name=OBSERVATION_MODELS, size=SIZES, lag=[None, 3], after=[0, 1, 4, 8])
def test_a_restored_stream_goes_on_as_if_never_interrupted(name, size, lag, after):
    model, args, xs = Model(name), arguments(size, commit_lag=lag), observations(12, 4)
    stream = uisrnn.Stream.of(model, args)
    for x in xs[:after]:
        stream.push(x)
    restored = uisrnn.Stream.restore(model, stream.snapshot())
    assert restored.observations == after
    for x in xs[after:]:
        assert restored.push(x) == stream.push(x)
    assert restored.snapshot() == stream.snapshot()
    assert restored.flush() == stream.flush()


@each_pair(name=OBSERVATION_MODELS, size=SIZES)
def test_a_pool_is_each_stream_alone(name, size):
    model, args = Model(name), arguments(size, commit_lag=4)
    xs = {key: observations(length, length) for key, length in {"a": 14, "b": 9, "c": 3, "d": 12}.items()}
    alone = {key: follow(uisrnn.Stream.of(model, args), list(parts)).final for key, parts in xs.items()}
    pool, followers, taken = uisrnn.StreamPool(model, args), {key: Follower() for key in xs}, dict.fromkeys(xs, 0)
    for numbers in [{"a": 3, "b": 1}, {"b": 4, "c": 1}, {"a": 5, "c": 2, "d": 7}, {"a": 6, "b": 4, "d": 5}]:
        for key, update in pool.push({key: xs[key][taken[key] :][:number] for key, number in numbers.items()}).items():
            followers[key].take(update)
            taken[key] += numbers[key]
        for key in numbers:
            if taken[key] == len(xs[key]):
                followers[key].take(pool.flush(key))
    assert {key: follower.final for key, follower in followers.items()} == alone
    assert pool.names == []


def test_streams_of_one_model_and_of_one_pool_may_be_used_from_several_threads():
    model = Model("gru")
    args = arguments((5, 1), commit_lag=3)
    pool, xs = uisrnn.StreamPool(model, args), [observations(30, seed) for seed in range(8)]
    expected = [follow(uisrnn.Stream.of(model, args), list(parts)).final for parts in xs]

    def final(number: int) -> dict:
        stream = pool.stream(number) if number % 2 else uisrnn.Stream.of(model, args)
        return follow(stream, list(xs[number])).final

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(final, range(8))) == expected


@pytest.mark.parametrize("others", [{"max_clusters": 2}, {"allow_new_clusters": False}, {}], ids=str)
def test_a_cap_and_known_clusters_hold_in_streams(model, others):
    enrolled = {"alice": observations(3, 5), 0: observations(2, 6)}
    args, xs = arguments((4, 1), **others), observations(14, 7)
    decoder = model.decoder(args, enrolled)
    stream, follower = uisrnn.Stream.of(model, args, enrolled), Follower()
    for x in xs[:7]:
        follower.take(stream.push(x))
    restored = uisrnn.Stream.restore(model, stream.snapshot())
    for x in xs[7:]:
        follower.take(restored.push(x))
    follower.take(restored.flush())
    assert list(follower.final.values()) == decoder.names.of(decoder.decode([CodedSequence(xs)])[0][0].codes)


def test_memory_is_bounded_by_what_is_not_final():
    stream = uisrnn.Stream.of(Model("conjugate gaussian"), arguments((5, 1), commit_lag=20))
    tracks = stream._pool._tracks
    for seed in range(30):
        stream.push(observations(100, seed))
        assert len(tracks.state.tree.holds) <= 256
        assert tracks.state.pool.capacity <= 1024


def test_a_window_full_of_observations_changes_nothing(monkeypatch, model):
    args, xs = arguments((4, 3)), observations(20)
    monkeypatch.setattr("uisrnn.decoding.tracks._WINDOW_ROWS", 4)
    assert list(follow(uisrnn.Stream.of(model, args), [xs]).final.values()) == whole(model, args, xs)


SOAK = """
import numpy as np, uisrnn
from pathlib import Path

def resident_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

model = uisrnn.UISRNN(uisrnn.ModelArguments(
    observation_dim=4, rnn_hidden_size=8, transition_bias=0.2, sigma2=0.1, seed=0, verbosity=0))
generator, stream, final = np.random.default_rng(0), model.stream(uisrnn.InferenceArguments(commit_lag=50)), 0
for push in range(2000):
    final += len(stream.push(generator.integers(0, 2, (100, 1)) + 0.1 * generator.normal(size=(100, 4))).final)
    if push == 200:
        warm = resident_mb()
final += len(stream.flush().final)
print(final, resident_mb() - warm)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux tells it")
def test_a_long_stream_does_not_make_the_process_grow():
    done = subprocess.run([sys.executable, "-c", SOAK], capture_output=True, text=True, check=True)
    final, grown = done.stdout.split()
    assert int(final) == 200_000
    assert float(grown) < 20
