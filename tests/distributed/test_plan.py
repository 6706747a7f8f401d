"""The plan: each sequence is in a single batch, and a damaged shard costs no sequence of another shard."""

import pytest

from uisrnn.distributed.plan import (
    RowRange,
    SequenceBatch,
    SequenceLocation,
    batches_of,
    locations_of,
    require_each_once,
)
from uisrnn.errors import ClusterError, InputError


def names_of(batch):
    return [sequence.name for sequence in batch.sequences]


def test_a_sequence_may_span_any_number_of_shards():
    sequences, torn = locations_of(
        [("a", [("x", 2), ("y", 3)]), ("b", [("y", 4)]), ("c", []), ("d", [("y", 1), ("z", 5)])]
    )
    assert torn == []
    assert [(sequence.name, len(sequence)) for sequence in sequences] == [("x", 2), ("y", 8), ("z", 5)]
    assert sequences[1].ranges == (RowRange("a", 2, 5), RowRange("b", 0, 4), RowRange("d", 0, 1))
    assert sequences[2].ranges == (RowRange("d", 1, 6),)


def test_a_sequence_without_its_middle_is_torn():
    sequences, torn = locations_of([("a", [("x", 2), ("y", 3)]), ("b", None), ("c", [("y", 4), ("z", 1)])])
    assert ([sequence.name for sequence in sequences], torn) == (["x", "z"], ["y"])


def test_rows_of_a_sequence_must_follow_each_other():
    with pytest.raises(InputError, match=r"b, row 2 \(the first is 0\): the rows of 'x' must follow each other"):
        locations_of([("a", [("x", 2), ("y", 3)]), ("b", [("y", 2), ("x", 1)])])


def test_a_batch_holds_sequences_of_a_shard_or_a_single_sequence_of_several_shards():
    shards = [("a", [("p", 1), ("q", 1), ("r", 1), ("s", 1)]), ("b", [("s", 1), ("t", 1)])]
    batches = batches_of(locations_of(shards)[0], 2)
    assert [names_of(batch) for batch in batches] == [["p", "q"], ["r"], ["s"], ["t"]]
    assert [batch.number for batch in batches] == [0, 1, 2, 3]
    assert batches[0].ranges() == [RowRange("a", 0, 2)]
    assert batches[2].ranges() == [RowRange("a", 3, 4), RowRange("b", 0, 1)]
    assert SequenceBatch.from_json(batches[2].to_json()) == batches[2]


def test_the_error_names_sequences_without_exactly_one_result():
    batches = batches_of(
        [SequenceLocation(f"s{number}", (RowRange("a", number, number + 1),)) for number in range(8)], 1
    )
    require_each_once(batches, range(8))
    with pytest.raises(ClusterError, match=r"none for 's0', 2 for 's1'$"):
        require_each_once(batches, [1, 1, *range(2, 8)])
    with pytest.raises(ClusterError, match="and 3 others"):
        require_each_once(batches, [])
