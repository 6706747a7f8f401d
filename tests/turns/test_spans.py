"""Union and difference of spans, unit by unit."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from uisrnn.turns.spans import merged, without

spans = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)).map(lambda span: (span[0], sum(span))), max_size=6)


def units(parts):
    return {unit for start, end in parts for unit in range(start, end)}


@given(spans)
def test_merged_spans_are_apart_and_cover_the_same_time(parts):
    union = merged(sorted(parts))
    assert units(union) == units(parts)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(union))


@given(spans, spans)
def test_no_time_of_a_hole_is_left(parts, holes):
    left = without(merged(sorted(parts)), merged(sorted(holes)))
    assert units(left) == units(parts) - units(holes)
    assert all(start < end for start, end in left)
