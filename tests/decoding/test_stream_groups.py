"""Streams with several observations at one time."""

import numpy as np
import pytest

import oracles
import uisrnn
from driving import observations
from models import OBSERVATION_MODELS, joint
from uisrnn.decoding.decoder import Decoder
from uisrnn.sequences.coded import CodedSequence

JOINS = np.array([0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1], dtype=bool)
CUTS = {"whole": [], "one by one": range(1, 12), "within groups": [1, 5, 8], "between groups": [2, 6, 9]}
# model, beam_size, look_ahead, commit_lag
CASES = [
    ("gru", 1, 1, None),
    ("gru depth 2", 4, 2, 2),
    ("gru v0 mean", 3, 3, None),
    ("plda", 10, 1, 0),
    ("context plda", 4, 2, None),
    ("conjugate gaussian", 3, 3, 2),
]


class Model:
    """What streams need of a model."""

    def __init__(self, name: str) -> None:
        self._joint = joint(OBSERVATION_MODELS[name]())

    def decoder(self, args=None, clusters=None):
        return Decoder.of(self._joint, uisrnn.InferenceArguments.of(args), clusters)

    def fingerprint(self):
        return "the same"


def labels_of(updates: list[uisrnn.Update]) -> list:
    """The final labels."""
    final: dict = {}
    for update in updates:
        final |= update.final
    return [final[at] for at in range(len(final))]


def follow(stream: uisrnn.Stream, xs: np.ndarray, joins: np.ndarray, cuts=()) -> list[uisrnn.Update]:
    parts = zip(np.split(xs, cuts), np.split(joins, cuts), strict=True)
    return [*(stream.push(x, part) for x, part in parts), stream.flush()]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("name", "beam_size", "look_ahead", "lag"), CASES)
def test_final_labels_do_not_depend_on_how_the_stream_is_cut(name, beam_size, look_ahead, lag, cut):
    args = uisrnn.InferenceArguments(beam_size=beam_size, look_ahead=look_ahead, commit_lag=lag, test_iteration=1)
    model, xs = Model(name), observations(12, 5)
    found = labels_of(follow(uisrnn.Stream.of(model, args), xs, JOINS, list(CUTS[cut])))
    assert oracles.is_free_of_conflicts(found, JOINS)
    if lag is None:
        decoder = model.decoder(args)
        assert found == decoder.names.of(decoder.decode([CodedSequence(xs, joins=JOINS)])[0][0].codes)
    else:
        assert found == labels_of(follow(uisrnn.Stream.of(model, args), xs, JOINS))


@pytest.mark.parametrize(("name", "beam_size", "look_ahead", "lag"), CASES)
def test_a_restored_stream_goes_on_within_a_group(name, beam_size, look_ahead, lag):
    args = uisrnn.InferenceArguments(beam_size=beam_size, look_ahead=look_ahead, commit_lag=lag)
    model, xs = Model(name), observations(12, 6)
    for after in (1, 5, 8, 9):
        stream = uisrnn.Stream.of(model, args)
        stream.push(xs[:after], JOINS[:after])
        restored = uisrnn.Stream.restore(model, stream.snapshot())
        assert restored.snapshot() == stream.snapshot()
        assert restored.push(xs[after:], JOINS[after:]) == stream.push(xs[after:], JOINS[after:])
        assert restored.flush() == stream.flush()


def test_a_pool_is_each_stream_alone():
    model, args = Model("context plda"), uisrnn.InferenceArguments(beam_size=4, look_ahead=2)
    pool, xs = uisrnn.StreamPool(model, args), observations(12, 7)
    parts = [slice(0, 5), slice(5, 8), slice(8, 12)]
    updates = [pool.push({"a": xs[part], "b": xs[part]}, {"a": JOINS[part]}) for part in parts]
    alone = follow(uisrnn.Stream.of(model, args), xs, JOINS, [5, 8])
    without = follow(uisrnn.Stream.of(model, args), xs, np.zeros(12, dtype=bool), [5, 8])
    assert [update["a"] for update in updates] + [pool.flush("a")] == alone
    assert [update["b"] for update in updates] + [pool.flush("b")] == without


def test_one_observation_may_join_with_one_boolean():
    stream = uisrnn.Stream.of(Model("plda"))
    updates = [stream.push(np.zeros(3)), stream.push(np.zeros(3), joins=True), stream.push(np.zeros(3), joins=[True])]
    assert len(set(labels_of([*updates, stream.flush()]))) == 3


def test_the_first_observation_of_a_stream_cannot_join():
    stream = uisrnn.Stream.of(Model("plda"))
    with pytest.raises(uisrnn.InputError, match=r"stream: joins\[0\] must be False: no observation is before"):
        stream.push(np.zeros((2, 3)), [True, False])
    assert stream.observations == 0


@pytest.mark.parametrize("look_ahead", [1, 4])
def test_more_observations_of_one_time_than_clusters_are_refused_before_anything_is_taken(look_ahead):
    args = uisrnn.InferenceArguments(max_clusters=2, look_ahead=look_ahead)
    pool = uisrnn.StreamPool(Model("plda"), args)
    pool.push({"hall": observations(3)}, {"hall": [False, False, True]})
    why = "stream 'hall': observations 1 to 3 have one time and need 3 labels, but only 2 are possible"
    with pytest.raises(uisrnn.InputError, match=why):
        pool.push({"hall": observations(2), "other": observations(1)}, {"hall": [True, False]})
    assert (pool.stream("hall").observations, pool.names) == (3, ["hall"])
    assert pool.push({"hall": observations(1)})["hall"].label is not None


@pytest.mark.parametrize(
    ("joins", "kind", "why"),
    [
        ([0, 1], uisrnn.InputTypeError, "joins must be booleans, but are of type int"),
        ([False], uisrnn.InputError, r"2 observations need joins of shape \(2,\), but they are \(1,\)"),
        ([[False, True]], uisrnn.InputError, r"need joins of shape \(2,\)"),
    ],
)
def test_bad_joins_are_refused(joins, kind, why):
    with pytest.raises(kind, match=why):
        uisrnn.Stream.of(Model("plda")).push(observations(2), joins)


@pytest.mark.parametrize("joins", [{"b": [False]}, [False]])
def test_a_pool_needs_joins_under_the_keys_of_the_observations(joins):
    with pytest.raises(uisrnn.InputError, match="joins must be a mapping whose keys are the keys of the observations"):
        uisrnn.StreamPool(Model("plda")).push({"a": observations(1)}, joins)


def test_provisional_labels_of_one_time_differ_too():
    stream, told = uisrnn.Stream.of(Model("gru"), uisrnn.InferenceArguments(look_ahead=3)), {}
    for at, (x, join) in enumerate(zip(np.zeros((12, 3)), JOINS, strict=True)):
        update = stream.push(x, bool(join))
        told |= update.changed | {at: update.label}
        assert oracles.is_free_of_conflicts(list(dict(sorted(told.items())).values()), JOINS)
    assert len(told) == 12
