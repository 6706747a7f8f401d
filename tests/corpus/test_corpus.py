"""A corpus gives any part of the sequences it was made of, in memory or from a spool."""

from contextlib import ExitStack
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import DIM, SEQUENCES, numbered
from uisrnn.corpus.corpus import Catalogue, Corpus
from uisrnn.corpus.spool import Spool
from uisrnn.sequences.coded import CodedSequence


def spooled(sequences, stack):
    """The corpus of sequences that come one after another."""
    spool, catalogue = stack.enter_context(Spool(None, DIM)), Catalogue()
    for number, one in enumerate(sequences):
        assert len(catalogue) == number
        spool.write(one.observations)
        catalogue.add(one)
    return catalogue.corpus(spool)


def require_same(found, sequences):
    assert len(found) == len(sequences)
    for one, other in zip(found, sequences, strict=True):
        assert one.name == other.name
        assert one.labels.tolist() == other.labels.tolist()
        assert one.observations.dtype == np.float32
        assert one.observations.tolist() == other.observations.tolist()


@given(sequences=SEQUENCES, data=st.data())
def test_any_part_of_any_subset_is_read(sequences, data):
    with ExitStack() as stack:
        for corpus in (Corpus.of(sequences), spooled(sequences, stack)):
            require_same(corpus, sequences)
            numbers = data.draw(st.lists(st.integers(0, len(sequences) - 1), min_size=1, max_size=6))
            chosen = [sequences[number] for number in numbers]
            subset = corpus.subset(numbers)
            require_same(subset, chosen)
            assert subset.lengths.tolist() == [len(one.labels) for one in chosen]
            again = data.draw(st.integers(0, len(chosen) - 1))
            require_same(subset.subset(np.array([again])), [chosen[again]])
            start = data.draw(st.integers(0, len(chosen[again].labels) - 1))
            stop = data.draw(st.integers(start + 1, len(chosen[again].labels) + 2) | st.none())
            part = subset.read(again, start, stop)
            assert part.labels.tolist() == chosen[again].labels[start:stop].tolist()
            assert part.observations.tolist() == chosen[again].observations[start:stop].tolist()


@given(sequences=SEQUENCES)
def test_blocks_are_runs_of_equal_labels(sequences):
    corpus = Corpus.of(sequences)
    row, starts = 0, []
    for number, one in enumerate(sequences):
        runs = [(code, len(list(run))) for code, run in groupby(one.labels.tolist())]
        assert corpus.block_codes(number).tolist() == [code for code, _length in runs]
        assert corpus.labels(number).tolist() == one.labels.tolist()
        for _code, length in runs:
            starts.append(row)
            row += length
    assert corpus.blocks.starts.tolist() == starts
    assert (corpus.blocks.starts + corpus.blocks.lengths).tolist() == [*starts[1:], row]


@given(sequences=SEQUENCES)
def test_a_fingerprint_is_that_of_the_sequences_wherever_they_are(sequences):
    with ExitStack() as stack:
        corpus = spooled(sequences, stack)
        print_ = corpus.fingerprint()
        assert print_ == Corpus.of(sequences).fingerprint()
        assert print_ == corpus.subset(range(len(sequences))).fingerprint()


def another(change):
    """Three sequences, one of them changed."""
    sequences = numbered([[0, 0, 1], [1], [0, 1]])
    observations, labels = sequences[0].observations.copy(), sequences[0].labels.copy()
    return [*change(CodedSequence(observations, labels, "call 0")), *sequences[1:]]


def with_another_number(one):
    one.observations[2, 1] = np.nextafter(one.observations[2, 1], np.float32(9))
    return [one]


def with_another_label(one):
    one.labels[1] = 1
    return [one]


def in_two(one):
    return [CodedSequence(one.observations[part], one.labels[part]) for part in (slice(2), slice(2, 3))]


@pytest.mark.parametrize("change", [with_another_number, with_another_label, in_two, lambda one: []])
def test_another_fingerprint(change):
    assert Corpus.of(another(change)).fingerprint() != Corpus.of(another(lambda one: [one])).fingerprint()


def test_observations_in_memory_are_not_copied_nor_read_ahead():
    corpus = Corpus.of(numbered([[0, 1], [0]]))
    assert np.shares_memory(corpus.read(0).observations, corpus.rows.read(0, 3))
    assert (corpus.rows.ahead, Spool.ahead > 0) == (0, True)
