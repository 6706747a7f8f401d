"""Whatever bytes there are, reading gives sequences or an error of this library, soon and in little memory."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.formats import load_sequences, save_sequences
from uisrnn.formats.jsonl import parse_line
from uisrnn.turns import rttm

pytest.importorskip("kaldiio")
pytest.importorskip("pyarrow")

MADE = [
    LabeledSequence([[1, 2], [3, 4]], ["ann", 3], [0.4, 0.8], "call", {"room": 3}),
    LabeledSequence([[5, 6]], name="meeting"),
]
RTTM = b"\xef\xbb\xbfSPEAKER call 1 1.5 2 <NA> <NA> ann <NA> <NA>\r\n;; by hand\nLEXEME call 1 1.5 2 word lex ann 0.5\n"


def bytes_of(name):
    with tempfile.TemporaryDirectory() as folder:
        save_sequences(Path(folder) / name, MADE)
        if name == "kaldi":
            return (Path(folder) / name / "xvector.ark").read_bytes()
        return (Path(folder) / name).read_bytes()


def npy_of(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


VALID = {f"a{suffix}": bytes_of(f"a{suffix}") for suffix in (".npz", ".jsonl", ".parquet")}
VALID["a.npy"] = npy_of(np.array([[1, 2], [3, 4]], np.float32))
VALID["a.ark"] = bytes_of("kaldi").partition(b"meeting")[0]  # vectors alone; our folders have matrices too
SNIPPETS = st.one_of(
    st.binary(max_size=8),
    st.text(max_size=4).map(str.encode),
    st.sampled_from(
        [
            b"NaN",
            b"-1",
            b"1e999",
            b"9" * 30,
            b"[",
            b"]",
            b"{",
            b'"',
            b"\n",
            b"\0",
            b"\xff" * 4,
            b"\x7f\xff\xff\xff",
            b"inf",
            b"\0BFM ",
        ]
    ),
)
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), SNIPPETS), max_size=4)


def changed(content, changes):
    """Some stretches replaced by others."""
    for place, length, snippet in changes:
        start = int(place * len(content))
        content = content[:start] + snippet + content[start + length :]
    return content


def reads_or_tells(name, content):
    """Whether sequences came; anything but an error of this library is raised."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            sequences = load_sequences(path)
        except uisrnn.UISRNNError as error:
            assert str(error).startswith((str(path), "at least one"))
            return False
        assert all(isinstance(one, LabeledSequence) for one in sequences)
        return True


@pytest.mark.parametrize("name", VALID)
@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_changed_files(name, changes):
    assert reads_or_tells(name, changed(VALID[name], changes)) or changes


@pytest.mark.parametrize("name", VALID)
@settings(max_examples=50, deadline=None)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes(name, content):
    reads_or_tells(name, content)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(member=st.sampled_from(["embeddings", "labels", "lengths", "meta", "names", "times"]), changes=CHANGES)
@example("embeddings", [(0.3, 0, b"-" * 5000 + b"1")])
def test_arrays_that_changed_before_they_were_zipped(member, changes):
    """The checksums of the zip file are right, so that what is inside is looked at."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(VALID["a.npz"])) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, changed(data, changes) if name == f"{member}.npy" else data)
    assert reads_or_tells("a.npz", content.getvalue()) or changes


TYPES = ["<f4", "<f8", ">f4", "<f2", "<i8", "<u8", "|b1", "<U3", "|S3", "<c8", "<M8[s]", "|O", "|V4", "<f4,<i2"]
HEADERS = st.fixed_dictionaries(
    {
        "descr": st.sampled_from(TYPES) | st.just([("a", "<f4")]),
        "fortran_order": st.booleans(),
        "shape": st.lists(st.sampled_from([0, 1, 2, 3, 4, 2**31, 2**62, 2**63, 2**64, -1]), max_size=3).map(tuple),
    }
)


def with_header(header, data):
    text = (repr(header) + "\n").encode()
    return np.lib.format.magic(1, 0) + len(text).to_bytes(2, "little") + text + data


@settings(max_examples=200, deadline=None)
@given(header=HEADERS, data=st.binary(max_size=64))
def test_npy_files_of_any_type_and_shape(header, data):
    reads_or_tells("a.npy", with_header(header, data))


@settings(max_examples=200, deadline=None)
@given(member=st.sampled_from(["embeddings", "labels", "lengths", "meta"]), header=HEADERS, data=st.binary(max_size=64))
def test_arrays_of_any_type_and_shape(member, header, data):
    content = io.BytesIO()
    npy = with_header(header, data)
    with zipfile.ZipFile(io.BytesIO(VALID["a.npz"])) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, npy if name == f"{member}.npy" else old.read(name))
    reads_or_tells("a.npz", content.getvalue())


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**40), 10**40), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    said=st.one_of(
        JSON,
        st.fixed_dictionaries({}, optional=dict.fromkeys(["sequence", "time", "label", "embedding", "info"], JSON)),
    )
)
def test_any_json_is_a_line_or_an_error_with_its_place(said):
    text = json.dumps(said)
    try:
        line = parse_line(text, "line 7")
    except uisrnn.UISRNNError as error:
        assert str(error).startswith("line 7: ")
    else:
        assert line.observation.shape[0] == 1
        assert np.isfinite(line.observation).all()


@settings(max_examples=300, deadline=None)
@given(content=st.one_of(CHANGES.map(lambda changes: changed(RTTM, changes)), st.binary(max_size=200)))
def test_any_rttm(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.rttm"
        path.write_bytes(content)
        try:
            document = rttm.Document.read(path)
        except uisrnn.InputError as error:
            assert str(error).startswith(f"{path}, line ")
            return
        document.write(path)
        assert path.read_bytes() == content
        try:
            recordings = rttm.read(path)
        except uisrnn.InputError as error:
            assert str(error).startswith(f"{path}, line ")
            return
        assert all(0 <= turn.start <= turn.end for turns in recordings.values() for turn in turns)
