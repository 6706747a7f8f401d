"""Accuracy up to renaming, and the text block."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.evals import compute_sequence_match_accuracy, get_list_inverse_index, output_result

labels = st.integers(0, 3)
pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=12)


@given(pairs)
def test_it_is_the_best_over_all_renamings(sequence):
    first, second = map(list, zip(*sequence, strict=True))
    best = max(sum(renaming[a] == b for a, b in sequence) for renaming in itertools.permutations(range(4)))
    assert compute_sequence_match_accuracy(first, second) == pytest.approx(best / len(sequence))


@given(pairs)
def test_it_is_symmetric_and_blind_to_names(sequence):
    first, second = map(list, zip(*sequence, strict=True))
    accuracy = compute_sequence_match_accuracy(first, second)
    assert compute_sequence_match_accuracy(second, first) == accuracy
    assert compute_sequence_match_accuracy([f"s{a}" for a in first], np.array(second)) == accuracy
    assert compute_sequence_match_accuracy(first, first) == 1.0


@pytest.mark.parametrize(("first", "second"), [([], []), ([1], [1, 2])])
def test_lengths_must_fit(first, second):
    with pytest.raises(uisrnn.InputError, match="same length"):
        compute_sequence_match_accuracy(first, second)


@pytest.mark.parametrize("wrong", [None, "abc", 3, np.zeros((2, 2))])
def test_it_needs_lists(wrong):
    with pytest.raises(uisrnn.InputTypeError, match="sequence2 must be a list"):
        compute_sequence_match_accuracy([1, 2], wrong)


def test_inverse_index_needs_a_list():
    assert get_list_inverse_index(["a", 3]) == {"a": 0, 3: 1}
    with pytest.raises(TypeError):
        get_list_inverse_index(("a", 3))


BLOCK = """\
Config:
  sigma_alpha: 1.0
  sigma_beta: 1.0
  crp_alpha: 1.0
  learning rate: 0.001
  regularization: 1e-05
  batch size: 10

Performance:
  averaged accuracy: 0.750000
  accuracy numbers for all testing sequences:
    1.000000
    0.500000
================================================================================
"""


def test_the_block_is_that_of_0_1_2(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    block = output_result(uisrnn.ModelArguments(), uisrnn.TrainingArguments(), [(1.0, 10), (0.5, 20)])
    assert block == BLOCK
    assert list(tmp_path.iterdir()) == []


def test_it_is_added_to_a_file_only_where_it_is_told_to(tmp_path):
    path = tmp_path / "result.txt"
    for _ in range(2):
        output_result(uisrnn.ModelArguments(), uisrnn.TrainingArguments(), [(1.0, 10), (0.5, 20)], path)
    assert path.read_text() == BLOCK * 2


def test_no_record_is_an_error():
    with pytest.raises(uisrnn.InputError, match="at least one"):
        output_result(uisrnn.ModelArguments(), uisrnn.TrainingArguments(), [])
