"""The plan: every sequence in one batch, no shard's damage in another's."""

import pytest

from uisrnn.distributed.plan import Batch, Place, Stretch, batches_of, places_of, require_each_once
from uisrnn.errors import ClusterError, InputError


def names_of(batch):
    return [one.name for one in batch.places]


def test_a_sequence_may_span_any_number_of_shards():
    places, torn = places_of([("a", [("x", 2), ("y", 3)]), ("b", [("y", 4)]), ("c", []), ("d", [("y", 1), ("z", 5)])])
    assert torn == []
    assert [(one.name, len(one)) for one in places] == [("x", 2), ("y", 8), ("z", 5)]
    assert places[1].stretches == (Stretch("a", 2, 5), Stretch("b", 0, 4), Stretch("d", 0, 1))
    assert places[2].stretches == (Stretch("d", 1, 6),)


def test_a_sequence_without_its_middle_is_torn():
    places, torn = places_of([("a", [("x", 2), ("y", 3)]), ("b", None), ("c", [("y", 4), ("z", 1)])])
    assert ([one.name for one in places], torn) == (["x", "z"], ["y"])


def test_rows_of_a_sequence_must_follow_each_other():
    with pytest.raises(InputError, match=r"b, row 2 \(the first is 0\): the rows of 'x' must follow each other"):
        places_of([("a", [("x", 2), ("y", 3)]), ("b", [("y", 2), ("x", 1)])])


def test_batches_keep_to_one_shard_and_what_spans_two_is_alone():
    shards = [("a", [("p", 1), ("q", 1), ("r", 1), ("s", 1)]), ("b", [("s", 1), ("t", 1)])]
    batches = batches_of(places_of(shards)[0], 2)
    assert [names_of(one) for one in batches] == [["p", "q"], ["r"], ["s"], ["t"]]
    assert [one.number for one in batches] == [0, 1, 2, 3]
    assert batches[0].stretches() == [Stretch("a", 0, 2)]
    assert batches[2].stretches() == [Stretch("a", 3, 4), Stretch("b", 0, 1)]
    assert Batch.from_json(batches[2].to_json()) == batches[2]


def test_what_was_lost_or_done_twice_is_named():
    batches = batches_of([Place(f"s{number}", (Stretch("a", number, number + 1),)) for number in range(8)], 1)
    require_each_once(batches, range(8))
    with pytest.raises(ClusterError, match=r"none for 's0', 2 for 's1'$"):
        require_each_once(batches, [1, 1, *range(2, 8)])
    with pytest.raises(ClusterError, match="and 3 others"):
        require_each_once(batches, [])
