"""Batches of cluster sequences."""

import threading
from collections import Counter
from itertools import chain, pairwise, permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import SEQUENCES, numbered
from trainings import batch_of
from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.clusters import Clusters
from uisrnn.corpus.corpus import Corpus
from uisrnn.training.batching import ClusterSequences, Prefetched
from uisrnn.training.draws import Draws

CODES = [0, 0, 1, 0, 1, 1, 2]


def sequences_of(sequences, unique=False, seed=0, **arguments):
    args = TrainingArguments(**({"num_permutations": None, "enforce_cluster_id_uniqueness": unique} | arguments))
    return ClusterSequences(Clusters.of(Corpus.of(sequences), unique), args, Draws(seed))


def rows_of(sequences):
    """The rows of each, in its order."""
    return [sequences.rows(np.array([number])).tolist() for number in range(len(sequences))]


# --- packed sequences ---


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
@settings(deadline=None)
def test_a_batch_has_the_first_observations_of_all_sequences_then_the_second(lengths):
    sequences = [np.full((length, 1), number, np.float32) for number, length in enumerate(lengths)]
    batch = batch_of(sequences)
    by_length = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    expected = [number for time in range(max(lengths)) for number in by_length if lengths[number] > time]
    assert batch.observations[:, 0].tolist() == expected


# --- orders of blocks ---


def test_blocks_stay_whole_and_move():
    sequences = sequences_of(numbered([[1, 0, 0, 1, 1, 1, 0, 2, 2, 2, 0, 0, 0]]), num_permutations=50)
    orders = {tuple(one) for one in rows_of(sequences)[:50]}
    blocks = [[1, 2], [6], [10, 11, 12]]
    assert orders == {tuple(chain(*order)) for order in permutations(blocks)}


def test_every_cluster_has_its_permutations():
    sequences = sequences_of(numbered([CODES]), num_permutations=3)
    assert len(sequences) == 9
    assert [sorted(one) for one in rows_of(sequences)] == [[0, 1, 3]] * 3 + [[2, 4, 5]] * 3 + [[6]] * 3


@pytest.mark.parametrize("num_permutations", [None, 0, 1])
def test_without_permutations_the_order_is_that_of_the_data(num_permutations):
    sequences = sequences_of(numbered([CODES]), num_permutations=num_permutations)
    assert rows_of(sequences) == [[0, 1, 3], [2, 4, 5], [6]]


@pytest.mark.parametrize(
    ("unique", "expected"), [(True, [[0, 2], [1], [3, 5], [4]]), (False, [[0, 2, 3, 5], [1, 4]])], ids=["no", "yes"]
)
def test_sequences_share_clusters_or_not(unique, expected):
    assert rows_of(sequences_of(numbered([[0, 1, 0], [0, 1, 0]]), unique)) == expected


def test_an_order_is_the_same_whenever_it_is_needed_and_follows_the_seed():
    many = numbered([[0, 1] * 20])
    sequences = sequences_of(many, num_permutations=4)
    assert rows_of(sequences) == rows_of(sequences) == rows_of(sequences_of(many, num_permutations=4))
    assert rows_of(sequences) != rows_of(sequences_of(many, num_permutations=4, seed=1))
    assert len({tuple(one) for one in rows_of(sequences)}) == 8


# --- pieces of long ones ---


@given(length=st.integers(1, 40), max_length=st.integers(1, 12))
@settings(deadline=None)
def test_long_sequences_are_cut_and_nothing_is_lost(length, max_length):
    rows = rows_of(sequences_of(numbered([[0] * length]), max_length=max_length))
    assert list(chain(*rows)) == list(range(length))
    assert 1 <= min(map(len, rows)) <= max(map(len, rows)) <= max_length
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


@given(sequences=SEQUENCES, unique=st.booleans(), orders=st.integers(0, 3), max_length=st.integers(1, 7) | st.none())
@settings(deadline=None)
def test_every_order_of_every_cluster_is_there_once_in_pieces_of_their_lengths(sequences, unique, orders, max_length):
    found = sequences_of(sequences, unique, num_permutations=orders, max_length=max_length)
    rows = rows_of(found)
    assert found.lengths(np.arange(len(found))).tolist() == [len(one) for one in rows]
    total = sum(len(one.labels) for one in sequences)
    assert Counter(chain(*rows)) == {row: max(orders, 1) for row in range(total)}
    packed, packing = found.draw(np.arange(len(found)))
    padded = packing.pad(torch.from_numpy(packed)[:, None]).long()[:, :, 0]
    assert [column[: len(one)].tolist() for column, one in zip(padded.T, rows, strict=True)] == rows


# --- batches ---


def test_all_at_once_is_each_once():
    sequences = sequences_of(numbered([CODES]), batch_size=None)
    rows, packing = sequences.batch(0)
    assert packing.sizes.tolist() == [3, 2, 2]
    assert sorted(rows.tolist()) == list(range(7))
    assert sequences.batch(1)[0] is rows


MANY = numbered([[cluster for cluster in range(30) for _ in range(cluster % 7 + 1)]])


@pytest.mark.parametrize("bucket_size", [1, 4])
def test_batches_are_drawn_with_replacement_each_by_its_iteration_alone(bucket_size):
    sequences = sequences_of(MANY, batch_size=5, bucket_size=bucket_size)
    forth = [sequences.drawn(iteration, 5).tolist() for iteration in range(200)]
    back = [sequences.drawn(iteration, 5).tolist() for iteration in reversed(range(200))]
    assert back[::-1] == forth
    assert len({tuple(one) for one in forth}) > 190
    assert any(len(set(one)) < 5 for one in forth)
    assert sequences.batch(3)[1].batch == 5
    assert sequences_of(MANY, batch_size=5, bucket_size=bucket_size, seed=1).drawn(0, 5).tolist() != forth[0]


@pytest.mark.parametrize("bucket_size", [1, 8])
def test_every_sequence_is_drawn_equally_often(bucket_size):
    sequences = sequences_of(MANY, batch_size=6, bucket_size=bucket_size)
    counts = np.bincount(np.concatenate([sequences.drawn(one, 6) for one in range(4000)]), minlength=len(sequences))
    expected = 6 * 4000 / 30
    assert ((counts - expected) ** 2 / expected).sum() < 60  # chi-squared of 29 degrees; 1 of 1600 seeds is above


def test_sequences_of_a_batch_are_of_nearly_one_length_where_batches_are_drawn_together():
    sequences = sequences_of(MANY, batch_size=6, bucket_size=10)
    lengths = [np.sort(sequences.lengths(sequences.drawn(one, 6))) for one in range(200)]
    for first in range(0, 200, 10):
        together = sorted(lengths[first : first + 10], key=lambda one: (one[0], one[-1]))
        assert all(one[-1] <= other[0] for one, other in pairwise(together))
    plain = sequences_of(MANY, batch_size=6)
    spread = np.mean([np.ptp(plain.lengths(plain.drawn(one, 6))) for one in range(200)])
    assert np.mean([np.ptp(one) for one in lengths]) < 0.2 * spread


def test_short_and_long_batches_come_in_random_order():
    sequences = sequences_of(MANY, batch_size=6, bucket_size=10)
    first = [sequences.lengths(sequences.drawn(one, 6)).mean() for one in range(0, 3000, 10)]
    assert np.mean(first) == pytest.approx(sequences.lengths(np.arange(30)).mean(), rel=0.1)


@pytest.mark.parametrize("batch_size", [None, 3])
def test_batches_are_the_same_however_many_are_read_ahead(batch_size):
    def batches(ahead):
        sequences = sequences_of(MANY, batch_size=batch_size, bucket_size=3, num_permutations=3, max_length=4)
        with Prefetched(sequences.batch, ahead, end=20) as coming:
            return [coming(iteration)[0].tolist() for iteration in range(20)]

    assert batches(0) == batches(1) == batches(7)


# --- batches that are made ahead of time ---


def threads():
    return [one for one in threading.enumerate() if one.name.startswith("prefetch")]


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert threads() == []


@pytest.mark.parametrize("ahead", [0, 1, 2, 50])
@pytest.mark.parametrize("start", [0, 7])
def test_each_is_made_once_in_order_and_none_beyond_the_end(ahead, start):
    made = []

    def make(number):
        made.append(number)
        return number**2

    with Prefetched(make, ahead, end=12) as squares:
        assert [squares(number) for number in range(start, 12)] == [number**2 for number in range(start, 12)]
    assert made == list(range(start, 12))


def test_the_next_ones_are_made_while_the_caller_works():
    made = [threading.Event() for _ in range(9)]
    with Prefetched(lambda number: made[number].set(), ahead=3, end=9) as coming:
        coming(0)
        assert all(one.wait(timeout=60) for one in made[:4])
        coming(1)
        assert made[4].wait(timeout=60)
        assert not any(one.is_set() for one in made[5:])


def test_without_ahead_there_is_no_thread():
    with Prefetched(lambda _number: threads(), ahead=0, end=5) as coming:
        assert coming(0) == []
    with Prefetched(lambda _number: len(threads()), ahead=1, end=5) as coming:
        assert coming(0) == 1


@pytest.mark.parametrize("ahead", [0, 1, 5])
def test_an_error_reaches_the_caller_where_its_number_is_asked_for(ahead):
    def make(number):
        if number == 2:
            raise OSError(5, "the disk is broken")
        return number

    with Prefetched(make, ahead, end=9) as coming:
        assert [coming(0), coming(1)] == [0, 1]
        with pytest.raises(OSError, match="the disk is broken"):
            coming(2)


def test_leaving_it_waits_for_nothing_that_was_not_begun():
    made, begun, go_on = [], threading.Event(), threading.Event()

    def make(number):
        made.append(number)
        if number == 1:
            begun.set()
            go_on.wait(timeout=60)

    def interrupt():
        with Prefetched(make, ahead=30, end=99) as coming:
            coming(0)
            begun.wait(timeout=60)
            threading.Timer(0.05, go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert made == [0, 1]
