"""The law of all formats: what goes through any two of them comes back as it was."""

import tempfile
from dataclasses import fields
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uisrnn import LabeledSequence
from uisrnn.formats import iterate_sequences, load_sequences, save_sequences
from uisrnn.formats.registry import FORMATS

SUFFIX = {one.name: one.suffixes[0] for one in FORMATS if one.name != "npy"}  # which is only read
TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["3", "-3", "", "%", "a b", "a%20b", "a\0", "ä\n", "call-0000001", "null", "[1]", "\ufeff", "|"]),
)
INTEGERS = st.one_of(st.integers(-3, 3), st.sampled_from([2**31, -(2**63), 2**63, 10**30]))
LABELS = st.one_of(INTEGERS, TEXTS)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
SPEAKERS = st.dictionaries(st.sampled_from(["0", "1", "2", "-1", "x"]), LABELS, max_size=3)
INFO = st.one_of(
    st.just({}),
    st.dictionaries(TEXTS, JSON, max_size=3),
    st.fixed_dictionaries({"speakers": st.one_of(JSON, SPEAKERS)}),
)
SECONDS = st.one_of(st.floats(0, 1e9), st.sampled_from([0.0, 0.1, 0.3, 1e-300, 1e11]))


def lists(values, length):
    return st.lists(values, min_size=length, max_size=length)


@st.composite
def sequences(draw):
    dim = draw(st.integers(1, 3))
    made = []
    for name in draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True)):
        length = draw(st.integers(1, 4))
        kind = draw(st.sampled_from([INTEGERS, TEXTS, LABELS]))
        made.append(
            LabeledSequence(
                draw(lists(lists(st.floats(width=32, allow_nan=False, allow_infinity=False), dim), length)),
                draw(st.none() | lists(kind, length)),
                draw(st.none() | lists(SECONDS, length).map(sorted)),
                name,
                draw(INFO),
            )
        )
    return made


def contents(sequence):
    times = None if sequence.times is None else sequence.times.tobytes()
    assert len(fields(sequence)) == 5
    return (
        sequence.name,
        sequence.observations.shape,
        sequence.observations.tobytes(),
        sequence.labels,
        times,
        sequence.info,
    )


def assert_same(found, wanted):
    assert [contents(one) for one in found] == [contents(one) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert [type(label) for label in one.labels or ()] == [type(label) for label in other.labels or ()]
        assert repr(dict(sorted(one.info.items()))) == repr(
            dict(sorted(other.info.items()))
        )  # True is not 1, -0.0 not 0


@pytest.mark.parametrize(("first", "second"), list(product(SUFFIX, SUFFIX)))
@settings(max_examples=40, deadline=None)
@given(wanted=sequences())
def test_there_and_back_is_the_same(first, second, wanted):
    with tempfile.TemporaryDirectory() as folder:
        one, other, again = (
            Path(folder) / f"{name}{SUFFIX[kind]}" for name, kind in zip("abc", (first, second, first), strict=True)
        )
        save_sequences(one, wanted)
        save_sequences(other, load_sequences(one))
        save_sequences(again, load_sequences(other))
        assert_same(load_sequences(other), wanted)
        assert_same(load_sequences(again), wanted)


@pytest.mark.parametrize("kind", SUFFIX)
def test_what_is_written_while_it_comes_is_the_same(kind, tmp_path, generator):
    made = [
        LabeledSequence(generator.normal(size=(5, 3)), labels, range(5), f"call {number}")
        for number, labels in enumerate([None, [1] * 5, ["a"] * 5])
    ]
    save_sequences(tmp_path / f"a{SUFFIX[kind]}", iter(made))
    save_sequences(tmp_path / f"b{SUFFIX[kind]}", iterate_sequences(tmp_path / f"a{SUFFIX[kind]}"))
    assert_same(list(iterate_sequences(tmp_path / f"b{SUFFIX[kind]}")), made)


@pytest.mark.parametrize("kind", SUFFIX)
def test_equal_content_gives_equal_bytes(kind, tmp_path, generator):
    made = [LabeledSequence(generator.normal(size=(5, 3)), list("abcab"), range(5), "call", {"room": 3})]
    for name in "ab":
        save_sequences(tmp_path / f"{name}{SUFFIX[kind]}", made)
    files = [
        {
            one.name[1:] if one.parent == tmp_path else one.name: one.read_bytes()
            for one in files_of(tmp_path / f"{name}{SUFFIX[kind]}")
        }
        for name in "ab"
    ]
    assert files[0] == files[1]


def files_of(path):
    return [path] if path.is_file() else list(path.iterdir())


@pytest.mark.parametrize("kind", SUFFIX)
def test_arrays_that_were_read_can_be_changed(kind, tmp_path):
    """Torch warns of arrays that cannot."""
    save_sequences(tmp_path / f"a{SUFFIX[kind]}", [LabeledSequence(np.ones((2, 3)), times=[0, 1])])
    [one] = load_sequences(tmp_path / f"a{SUFFIX[kind]}")
    assert one.observations.flags.writeable


@pytest.mark.parametrize("kind", SUFFIX)
def test_larger_data_than_a_batch(kind, tmp_path, generator):
    made = [
        LabeledSequence(
            generator.normal(size=(length, 4)), generator.integers(0, 3, length), np.arange(length) / 8, name
        )
        for name, length in {"a": 5000, "b": 1, "c": 4000}.items()
    ]
    save_sequences(tmp_path / f"a{SUFFIX[kind]}", made)
    assert_same(load_sequences(tmp_path / f"a{SUFFIX[kind]}"), made)


@pytest.mark.parametrize("kind", SUFFIX)
@settings(max_examples=40, deadline=None)
@given(made=sequences(), data=st.data())
def test_npy_files_become_any_format(kind, made, data):
    """A pair of npy files holds a sequence with labels of one type, without times, name and info."""
    x = made[0].observations
    ids = data.draw(
        lists(st.integers(-3, 3), len(x))
        | lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), len(x))
    )
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "train_sequence.npy", x)
        np.save(Path(folder) / "train_cluster_id.npy", np.array(ids))
        save_sequences(Path(folder) / f"a{SUFFIX[kind]}", load_sequences(Path(folder) / "train_sequence.npy"))
        assert_same(load_sequences(Path(folder) / f"a{SUFFIX[kind]}"), [LabeledSequence(x, ids, name="train_sequence")])
