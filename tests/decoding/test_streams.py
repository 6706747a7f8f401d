"""Laws of streams: chunks, threads, pools and snapshots change nothing, and labels become final when they must."""

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import uisrnn
from driving import observations
from models import OBSERVATION_MODELS, joint
from uisrnn.decoding.decoder import Decoder
from uisrnn.sequences.coded import CodedSequence

OPTIONS = [(1, 1), (4, 1), (10, 1), (3, 2), (4, 3)]  # beam_size, look_ahead
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


def arguments(beam_size: int, look_ahead: int, **others) -> uisrnn.InferenceArguments:
    return uisrnn.InferenceArguments(beam_size=beam_size, look_ahead=look_ahead, test_iteration=1, **others)


def whole(model: Model, args: uisrnn.InferenceArguments, xs: np.ndarray) -> list[int]:
    """Labels of the whole sequence at once."""
    decoder = model.decoder(args)
    sequence = CodedSequence(xs)
    return decoder.names.of(decoder.decode([sequence])[0][0].codes)


class Listener:
    """Follows a stream by its updates alone, and checks that they do not contradict each other."""

    def __init__(self) -> None:
        self.labels: list = []
        self.final: dict = {}

    def hear(self, update: uisrnn.Update) -> None:
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
    return [one for one in np.split(xs, list(itertools.accumulate(sizes))) if len(one)]


def listen(stream: uisrnn.Stream, parts: list[np.ndarray]) -> Listener:
    listener = Listener()
    for part in parts:
        listener.hear(stream.push(part))
    listener.hear(stream.flush())
    return listener


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("length", LENGTHS)
def test_final_labels_are_those_of_the_whole_sequence_however_it_is_cut(model, beam_size, look_ahead, length):
    args, xs = arguments(beam_size, look_ahead), observations(length)
    expected = whole(model, args, xs)
    for parts in ([xs], list(xs), chunks(xs, 1, 3, 2), [xs[:0], *chunks(xs, 4), xs[:0]]):
        listener = listen(uisrnn.Stream.of(model, args), parts)
        assert list(listener.final.values()) == listener.labels == expected


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_the_provisional_labels_are_those_of_the_sequence_so_far(model, beam_size, look_ahead):
    args, xs = arguments(beam_size, look_ahead), observations(11, 3)
    stream, listener = uisrnn.Stream.of(model, args), Listener()
    for time, x in enumerate(xs):
        update = stream.push(x)
        listener.hear(update)
        assert listener.labels == whole(model, args, xs[: time + 1])
        assert update.label == listener.labels[-1]


@pytest.mark.parametrize(
    ("beam_size", "look_ahead", "lag"), [(*one, lag) for one in OPTIONS for lag in (0, 1, 2, 5) if lag >= one[1] - 1]
)
def test_a_lag_bounds_the_latency_however_the_stream_is_cut(model, beam_size, look_ahead, lag):
    args, xs = arguments(beam_size, look_ahead, commit_lag=lag), observations(14, 1)
    one_by_one, listener = uisrnn.Stream.of(model, args), Listener()
    for time, x in enumerate(xs):
        listener.hear(one_by_one.push(x))
        assert len(listener.final) >= time + 1 - lag
    listener.hear(one_by_one.flush())
    for parts in ([xs], chunks(xs, 1, 3, 2, 5)):
        other = listen(uisrnn.Stream.of(model, args), parts)
        assert other.final == listener.final
        assert other.labels == listener.labels


def test_beams_that_contradict_a_final_label_are_dropped(model):
    """With no lag the search is greedy; the labels are still by first appearance."""
    xs = observations(14, 2)
    greedy = whole(model, arguments(1, 1), xs)
    listener = listen(uisrnn.Stream.of(model, arguments(10, 1, commit_lag=0)), list(xs))
    assert listener.labels == greedy


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("lag", [None, 3])
def test_a_restored_stream_goes_on_as_if_never_interrupted(model, beam_size, look_ahead, lag):
    args, xs = arguments(beam_size, look_ahead, commit_lag=lag), observations(12, 4)
    for after in (0, 1, 4, 8):
        stream, expected = uisrnn.Stream.of(model, args), Listener()
        for x in xs[:after]:
            expected.hear(stream.push(x))
        restored = uisrnn.Stream.restore(model, stream.snapshot())
        assert restored.observations == after
        for x in xs[after:]:
            update = stream.push(x)
            assert restored.push(x) == update
        assert restored.snapshot() == stream.snapshot()
        assert restored.flush() == stream.flush()


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_a_pool_is_each_stream_alone(model, beam_size, look_ahead):
    args = arguments(beam_size, look_ahead, commit_lag=4)
    xs = {name: observations(length, length) for name, length in zip("abcd", (14, 9, 3, 12), strict=True)}
    alone = {name: listen(uisrnn.Stream.of(model, args), list(one)) for name, one in xs.items()}
    pool, listeners = uisrnn.StreamPool(model, args), {name: Listener() for name in xs}
    rounds = [{"a": 3, "b": 1}, {"b": 4, "c": 1}, {"a": 5, "c": 2, "d": 7}, {"a": 6, "b": 4, "d": 5}]
    taken = dict.fromkeys(xs, 0)
    for sizes in rounds:
        pushed = {name: xs[name][taken[name] : taken[name] + size] for name, size in sizes.items()}
        for name, update in pool.push(pushed).items():
            listeners[name].hear(update)
            taken[name] += sizes[name]
        if taken["c"] == 3 and "c" in sizes:
            listeners["c"].hear(pool.flush("c"))
    for name in "abd":
        listeners[name].hear(pool.flush(name))
    assert {name: one.final for name, one in listeners.items()} == {name: one.final for name, one in alone.items()}
    assert pool.names == []


def test_streams_of_one_model_and_of_one_pool_may_be_used_from_several_threads():
    model = Model("gru")
    args, pool = arguments(5, 1, commit_lag=3), uisrnn.StreamPool(model, arguments(5, 1, commit_lag=3))
    xs = [observations(30, seed) for seed in range(8)]
    expected = [listen(uisrnn.Stream.of(model, args), list(one)).final for one in xs]

    def follow(number: int):
        stream = pool.stream(number) if number % 2 else uisrnn.Stream.of(model, args)
        return listen(stream, list(xs[number])).final

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(follow, range(8))) == expected


def test_a_cap_and_known_clusters_hold_in_streams(model):
    known = {"alice": observations(3, 5), 0: observations(2, 6)}
    for others in ({"max_clusters": 2}, {"allow_new_clusters": False}, {}):
        args, xs = arguments(4, 1, **others), observations(14, 7)
        decoder = model.decoder(args, known)
        expected = decoder.names.of(decoder.decode([CodedSequence(xs)])[0][0].codes)
        stream = uisrnn.Stream.of(model, args, known)
        listener = Listener()
        for x in xs[:7]:
            listener.hear(stream.push(x))
        restored = uisrnn.Stream.restore(model, stream.snapshot())
        for x in xs[7:]:
            listener.hear(restored.push(x))
        listener.hear(restored.flush())
        assert list(listener.final.values()) == expected


def test_memory_is_bounded_by_what_is_not_final():
    stream = uisrnn.Stream.of(Model("conjugate gaussian"), arguments(5, 1, commit_lag=20))
    tracks = stream._pool._tracks
    for seed in range(30):
        stream.push(observations(100, seed))
        assert len(tracks.state.tree.holds) <= 256
        assert tracks.state.pool.capacity <= 1024


def test_a_window_full_of_observations_changes_nothing(monkeypatch, model):
    args, xs = arguments(4, 3), observations(20)
    monkeypatch.setattr("uisrnn.decoding.tracks._WINDOW_ROWS", 4)
    assert list(listen(uisrnn.Stream.of(model, args), [xs]).final.values()) == whole(model, args, xs)


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
