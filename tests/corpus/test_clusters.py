"""The index of clusters, against putting all sequences together and looking for each label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import SEQUENCES, numbered
from uisrnn.corpus.clusters import Clusters, part_of
from uisrnn.corpus.clusters import rows_of as rows_of_runs
from uisrnn.corpus.corpus import Corpus
from uisrnn.sequences.labels import runs


def orders_of(sequences, unique):
    """Where the observations of each cluster are, as 0.1.2 finds them: after giving each sequence labels of its own."""
    offset, codes = 0, []
    for one in sequences:
        codes.append(one.labels + offset)
        offset += int(one.labels.max()) + 1 if unique else 0
    together = np.concatenate(codes)
    return [np.flatnonzero(together == code) for code in np.unique(together)]


def rows_of(spans):
    return [row for start, stop in spans for row in range(start, stop)]


@given(sequences=SEQUENCES, unique=st.booleans())
def test_clusters_are_those_of_all_sequences_put_together(sequences, unique):
    corpus = Corpus.of(sequences)
    clusters, expected = Clusters.of(corpus, unique), orders_of(sequences, unique)
    assert len(clusters) == len(expected)
    assert clusters.counts.tolist() == [len(one) for one in expected]
    together = np.concatenate([one.observations for one in sequences])
    for cluster, rows in enumerate(expected):
        blocks = [(int(run[0]), int(run[-1]) + 1) for run in runs(rows)]
        assert clusters.spans(cluster) == blocks
        assert clusters.read(clusters.spans(cluster)).tolist() == together[rows].tolist()
        of_cluster = np.flatnonzero(clusters.of_block == cluster)
        starts, lengths = corpus.blocks.starts[of_cluster], corpus.blocks.lengths[of_cluster]
        assert rows_of(zip(starts.tolist(), (starts + lengths).tolist(), strict=True)) == rows.tolist()


@given(sequences=SEQUENCES, unique=st.booleans(), data=st.data())
def test_clusters_of_a_subset_have_its_observations_in_its_order(sequences, unique, data):
    numbers = data.draw(st.permutations(range(len(sequences))))[: data.draw(st.integers(1, len(sequences)))]
    chosen = [sequences[number] for number in numbers]
    clusters, expected = Clusters.of(Corpus.of(sequences).subset(numbers), unique), orders_of(chosen, unique)
    together = np.concatenate([one.observations for one in chosen])
    found = [clusters.read(clusters.spans(cluster)).tolist() for cluster in range(len(clusters))]
    assert found == [together[rows].tolist() for rows in expected]


@pytest.mark.parametrize(("unique", "spans"), [(False, [[(0, 1), (2, 5)], [(1, 2), (5, 6)]]), (True, None)])
def test_a_block_goes_on_in_the_next_sequence_only_if_labels_mean_the_same(unique, spans):
    clusters = Clusters.of(Corpus.of(numbered([[0, 1, 0], [0, 0, 1]])), unique)
    spans = spans or [[(0, 1), (2, 3)], [(1, 2)], [(3, 5)], [(5, 6)]]
    assert [clusters.spans(cluster) for cluster in range(len(clusters))] == spans


@given(sequences=SEQUENCES, seed=st.integers(0, 2**32))
def test_a_shuffle_is_drawn_as_by_0_1_2(sequences, seed):
    clusters = Clusters.of(Corpus.of(sequences), unique=False)
    for cluster in range(len(clusters)):
        blocks = clusters.spans(cluster)
        drawn = np.random.default_rng(seed).permutation(len(blocks))
        assert clusters.spans(cluster, np.random.default_rng(seed)) == [blocks[number] for number in drawn]


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 6)).map(lambda one: (one[0], sum(one))), max_size=5)


@given(spans=SPANS, first=st.integers(0, 30), length=st.integers(0, 30))
def test_a_part_is_that_of_the_rows(spans, first, length):
    starts, stops = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    starts_of_part, lengths = part_of(starts, stops - starts, first, first + length)
    assert rows_of_runs(starts_of_part, lengths).tolist() == rows_of(spans)[first : first + length]
    assert (lengths > 0).all()
