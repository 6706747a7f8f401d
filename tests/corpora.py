"""Labelled sequences whose observations tell where they are, for tests of what keeps them."""

import numpy as np
from hypothesis import strategies as st

from uisrnn.sequences.coded import CodedSequence

DIM = 2


def numbered(codes: list[list[int]]) -> list[CodedSequence]:
    """Sequences with these labels; the observations of all of them are [0, 1], [2, 3], ..."""
    cuts = np.cumsum([0, *map(len, codes)])
    rows = np.arange(DIM * cuts[-1], dtype=np.float32).reshape(-1, DIM)
    return [
        CodedSequence(rows[start:stop], np.array(one), f"call {number}")
        for number, (one, start, stop) in enumerate(zip(codes, cuts, cuts[1:], strict=False))
    ]


SEQUENCES = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=5).map(numbered)
