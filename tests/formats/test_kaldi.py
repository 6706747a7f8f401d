"""Kaldi folders: our own, and those of others."""

import gzip
import struct

import numpy as np
import pytest

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.formats import iterate_sequences, load_sequences, save_sequences

kaldiio = pytest.importorskip("kaldiio")

X = np.arange(8, dtype=np.float32).reshape(4, 2)
CALL = LabeledSequence(X, ["ann", "ann", 3, "b b"], [0.4, 0.8, 1.2, 1.6], "call", {"room": 3})


def folder_of_others(tmp_path, arrays, text=False, **texts):
    """A folder as Kaldi writes one: paths in the scp file are whole ones."""
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    kaldiio.save_ark(str(folder / "some.ark"), arrays, scp=str(folder / "xvector.scp"), text=text)
    for name, content in texts.items():
        (folder / name).write_text(content)
    return folder


VECTORS = {"b-2": X[3], "a-1": X[0], "a-2": X[1], "b-1": X[2]}
SEGMENTS = "a-1 a 0.0 1.5\na-2 a 0.5 2.0\nb-1 b 0 1\nb-2 b 1 2\n"
SPEAKERS = "a-1 ann\na-2 bob\nb-1 3\nb-2 ann\n"


def test_vectors_of_a_recording_are_a_sequence_in_the_order_of_time(tmp_path):
    b, a = load_sequences(folder_of_others(tmp_path, VECTORS, segments=SEGMENTS, utt2spk=SPEAKERS))
    assert (a.name, a.labels, a.times.tolist()) == ("a", ("ann", "bob"), [0.75, 1.25])
    assert (b.name, b.labels, b.times.tolist()) == ("b", ("3", "ann"), [0.5, 1.5])
    assert a.observations.tolist() + b.observations.tolist() == X.tolist()


@pytest.mark.parametrize("path", ["", "xvector.scp", "some.ark"])
@pytest.mark.parametrize("text", [False, True])
def test_paths_of_the_files_will_do(tmp_path, path, text):
    folder = folder_of_others(tmp_path, VECTORS, text, segments=SEGMENTS)
    assert [one.name for one in load_sequences(folder / path)] == ["b", "a"]


def test_vectors_without_segments_are_one_sequence(tmp_path):
    folder = folder_of_others(tmp_path, VECTORS, utt2spk=SPEAKERS)
    [one] = load_sequences(folder)
    assert (one.name, one.times, one.labels) == ("data", None, ("ann", "ann", "bob", "3"))
    [one] = load_sequences(folder / "some.ark")
    assert (one.name, one.observations.tolist()) == (
        "some",
        [X[3].tolist(), X[0].tolist(), X[1].tolist(), X[2].tolist()],
    )


@pytest.mark.parametrize("text", [False, True])
def test_a_matrix_is_a_sequence(tmp_path, text):
    folder = folder_of_others(
        tmp_path, {"a": X, "b": X[:1]}, text, segments="a r 0 1\nb r 1 2", utt2spk="a ann\nb bob\n"
    )
    a, b = load_sequences(folder)
    assert (a.name, a.labels, a.times, a.observations.tolist()) == ("a", ("ann",) * 4, None, X.tolist())
    assert (b.name, b.labels) == ("b", ("bob",))


@pytest.mark.parametrize("method", [None, 1, 2, 3, 5])
def test_all_types_of_numbers_are_read(tmp_path, method):
    matrix = np.linspace(0, 1, 40).reshape(10, 4)
    kaldiio.save_ark(str(tmp_path / "a.ark"), {"a": matrix}, compression_method=method)
    [one] = load_sequences(tmp_path / "a.ark")
    assert np.allclose(one.observations, matrix, atol=0 if method is None else 0.01, rtol=1e-6)


def test_text_as_kaldi_writes_it(tmp_path):
    (tmp_path / "a.ark").write_text("one  [\n  1 2.5 \n  -3e-2 4 ]\nother  [\n 5 6 ]\n")
    one, other = load_sequences(tmp_path / "a.ark")
    assert one.observations.tolist() == [[1, 2.5], [np.float32(-3e-2), 4]]
    assert (other.name, other.observations.tolist()) == ("other", [[5, 6]])


def test_paths_count_from_the_folder_or_from_the_working_folder(tmp_path, monkeypatch):
    folder = folder_of_others(tmp_path, {"a": X})
    offset = (folder / "xvector.scp").read_text().rpartition(":")[2]
    monkeypatch.chdir(tmp_path)
    for path in ("some.ark", "data/some.ark"):
        (folder / "xvector.scp").write_text(f"a\t{path}:{offset}")
        assert len(load_sequences(folder)) == 1
    (folder / "xvector.scp").write_text("a nowhere.ark:5")
    with pytest.raises(FileNotFoundError):
        load_sequences(folder)


def test_a_file_with_one_matrix_needs_no_place(tmp_path):
    kaldiio.save_mat(str(tmp_path / "a.mat"), X)
    (tmp_path / "a.scp").write_text("a a.mat\n")
    [one] = load_sequences(tmp_path / "a.scp")
    assert one.observations.tolist() == X.tolist()


def test_the_scp_file_with_embeddings_is_taken(tmp_path):
    folder = folder_of_others(tmp_path, {"a": X})
    (folder / "wav.scp").write_text("a sox a.wav |")
    (folder / "feats.scp").write_text("not looked at")
    assert len(load_sequences(folder)) == 1
    (folder / "xvector.scp").rename(folder / "mine.scp")
    (folder / "feats.scp").unlink()
    assert len(load_sequences(folder)) == 1
    (folder / "yours.scp").touch()
    with pytest.raises(uisrnn.InputError, match=r"data: give the path of one of mine\.scp, yours\.scp"):
        load_sequences(folder)


def test_archives_without_scp_are_read_in_the_order_of_their_names(tmp_path):
    for name in "ba":
        kaldiio.save_ark(str(tmp_path / f"{name}.ark"), {name: X})
    assert [one.name for one in load_sequences(tmp_path)] == ["a", "b"]


def test_a_key_in_two_archives_is_refused(tmp_path):
    for name in "ab":
        kaldiio.save_ark(str(tmp_path / f"{name}.ark"), {"call": X})
    with pytest.raises(uisrnn.InputError, match=r"b\.ark: must not have keys of a\.ark, but has 'call' too"):
        load_sequences(tmp_path)


def test_all_files_of_a_folder_may_be_packed(tmp_path):
    folder = folder_of_others(tmp_path, {"a": X})
    expected = load_sequences(folder)[0].observations.tolist()
    for file in list(folder.iterdir()):
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert load_sequences(folder)[0].observations.tolist() == expected


@pytest.mark.parametrize("place", ["cat some.ark |", "touch here |", "| touch here", "gunzip -c a.gz |  "])
def test_commands_are_refused_and_not_run(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.scp").write_text(f"a {place}\n")
    with pytest.raises(
        uisrnn.InputError, match=r"a\.scp, line 1: must be a key and a file, but is a command, and nothing"
    ):
        load_sequences(tmp_path / "a.scp")
    assert not (tmp_path / "here").exists()


class Explosive:
    def __reduce__(self):
        return (pytest.fail, ("something of a file was run",))


@pytest.mark.parametrize(("function", "data"), [("pickle", Explosive()), ("numpy", X)])
def test_pickles_and_whatever_else_kaldiio_reads_are_refused(tmp_path, function, data):
    kaldiio.save_ark(str(tmp_path / "a.ark"), {"a": data}, write_function=function)
    with pytest.raises(uisrnn.InputError, match=r"a\.ark, a: must be a matrix or a vector of numbers, but begins with"):
        load_sequences(tmp_path / "a.ark")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"keyonly", "must be a Kaldi archive, but at byte 0 there is no key"),
        (b"k" * 5000 + b" [ 1 ]", "must be a Kaldi archive, but at byte 0 there is no key"),
        (b"\xff [ 1 ]", "must be a Kaldi archive, but at byte 0 there is no key"),
        (b"a ", "a: must be a matrix or a vector of numbers, but begins with b''"),
        (b"a [ 1 2", r"a: the file ends before a bracket '\]'"),
        (b"a [ 1 2 ] b [ 1 2 ]", r"a: behind a bracket '\]' the line must end"),
        (b"a [ ]\n", "a: must have at least one number, but has none"),
        (b"a [ 1 x ]\n", "a: must be rows of numbers of one length, but: could not convert"),
        (b"a [\n 1 2\n 3 ]\n", "a: must be rows of numbers of one length, but:"),
        (b"a [ 1 nan ]\n", "observation 0 is not finite: dimension 1 is nan"),
        (b"a [ 1 1e300 ]\n", "observation 0 is not finite: dimension 1 is inf"),
        (b"a \0B", "a: must be a matrix or a vector of numbers, but is of Kaldi's type b''"),
        (b"a \0B\4\1\0\0\0\4\1\0\0\0", "a: must be a matrix or a vector of numbers, but is of Kaldi's type b"),
        (b"a \0BFM \4", "a: the file ends within a header"),
        (
            b"a \0BFV \4" + struct.pack("<i", 2**31 - 1),
            "says that its shape is .1, 2147483647., but the file is too short",
        ),
        (b"a \0BFM " + struct.pack("<bibi", 4, 2**31 - 1, 4, 2**31 - 1), "says that its shape is .* file is too short"),
        (b"a \0BCM " + struct.pack("<ffii", 0, 1, 2**31 - 1, 2**31 - 1), "says that its shape is .* file is too short"),
        (
            b"a \0BFM " + struct.pack("<bibi", 4, -1, 4, -1) + b"abcd",
            "must have at least one number, but says that its sh",
        ),
        (b"a \0BFV " + struct.pack("<bi", 8, 1) + b"abcd", "must have at least one number, but says that its shape is"),
        (
            b"a \0BFM " + struct.pack("<bibi", 4, 2, 4, 2) + b"\0" * 15,
            r"says that its shape is \(2, 2\), but the file is to",
        ),
        (b"a [ 1 2 ]\nb [ 1 ]\n", r"b: must be a vector as a is, but is \(1,\)"),
        (b"a [ 1 2 ]\nb [\n 1 2 ]\n", r"b: must be a vector as a is, but is \(1, 2\)"),
        (b"a [\n 1 2 ]\nb [\n 1 ]\n", r"b: observations must be \(T, 2\) as those before, but are \(1, 1\)"),
    ],
)
def test_damaged_archives_are_named(tmp_path, content, message):
    (tmp_path / "a.ark").write_bytes(content)
    with pytest.raises(uisrnn.InputError, match=message) as raised:
        load_sequences(tmp_path / "a.ark")
    assert str(raised.value).startswith(str(tmp_path / "a.ark"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("xvector.scp", "a-1", "xvector.scp, line 1: must be a key and a file, as in"),
        ("xvector.scp", "a-1 some.ark:4\n\na-2 -", "xvector.scp, line 3: must be a key and a file, as in"),
        ("xvector.scp", "a-1 some\0.ark:4", "xvector.scp, line 1: must be a key and a file, as in"),
        ("xvector.scp", "a-1 some.ark:4[0:3]", "xvector.scp, line 1: must be a key and a file, as in"),
        (
            "xvector.scp",
            "a-1 some.ark:999999",
            "xvector.scp, line 1: .*some.ark ends before byte 999999",
        ),
        ("xvector.scp", "a-1 some.ark:1", "xvector.scp, line 1: must be a matrix or a vector of numbers, but begins"),
        ("segments", "a-1 a 0", "segments, line 1: must have 4 or 5 words, but has 3"),
        ("segments", "a-1 a 0 x", "segments, line 1: start and end must be seconds from 0 on, but there is 'x'"),
        ("segments", "a-1 a -1 1", "segments, line 1: start and end must be seconds from 0 on, but there is '-1'"),
        ("segments", "a-1 a 0 -2", "segments, line 1: start and end must be seconds from 0 on, but there is '-2'"),
        ("segments", "a-1 a 0 1 x", "segments, line 1: the channel must be a number, A or B, but is 'x'"),
        ("segments", "a-1 a 0 1 2 3", "segments, line 1: must have 4 or 5 words, but has 6"),
        ("segments", "a-1 a 0 1 0\na-2 a 0 1 1\nb-1 a-0 0 1", "'a-0' must be a recording or a channel of a recording"),
        (
            "segments",
            SEGMENTS.replace("1.5", "-1").replace("2.0", "-1").replace(" 1\n", " -1\n").replace(" 2\n", " -1\n"),
            "segments: 'b-2' goes on to the end .-1. of its recording, so reco2dur must have the seconds of the rec",
        ),
        ("segments", "a-1 a 0 inf", "segments, line 1: start and end must be seconds from 0 on, but there is 'inf'"),
        ("segments", "a-1 a 2 1", "segments, line 1: must not end before it starts, but is from 2.0 to 1.0 seconds"),
        ("segments", "a-1 a 0 1\na-1 b 0 1", "segments, line 2: 'a-1' must be there once, but is there again"),
        ("segments", "a-1 a 0 1", "'b-2' must be in .*segments, but is not"),
        ("utt2spk", "a-1 ann lee", "utt2spk, line 1: must have 2 words, but has 3"),
        ("utt2spk", "a-1 ann\na-1 bob", "utt2spk, line 2: 'a-1' must be there once, but is there again"),
        ("utt2spk", "a-1 ann", "utt2spk: needs a line for 'a-2' too"),
    ],
)
def test_damaged_text_files_are_named_with_their_line(tmp_path, name, content, message):
    folder = folder_of_others(tmp_path, VECTORS, segments=SEGMENTS, utt2spk=SPEAKERS)
    (folder / name).write_text(content)
    with pytest.raises(uisrnn.InputError, match=message) as raised:
        load_sequences(folder)
    assert str(raised.value).startswith(str(folder))


CASE = [("u-1", 201.25, 202.24), ("u-2", 211.2, 212.7), ("u-3", 211.95, 213.45), ("v-1", 198.27, 199.77)]
CENTERS = sorted((start + end) / 2 for _key, start, end in CASE)


def folder_of_case(tmp_path, line):
    """Four vectors of one recording, with segments in the words of `line`."""
    lines = [line.format(key=key, start=start, end=-1 if key == "u-3" else end) for key, start, end in CASE]
    return folder_of_others(tmp_path, {key: X[0] for key, *_times in CASE}, segments="\n".join(lines))


@pytest.mark.parametrize(
    "line", ["{key} aaaa {start} {end}", "{key} aaaa {start} {end} 0", "{key} aaaa {start} {end} A"]
)
def test_a_segment_to_the_end_is_as_long_as_most_others(tmp_path, caplog, line):
    [recording] = load_sequences(folder_of_case(tmp_path, line))
    assert "segments: unknown ends: 1; these segments get the median length, 1.5 s" in caplog.text
    assert recording.name == "aaaa"
    assert recording.times.tolist() == pytest.approx(CENTERS)


def test_or_ends_with_its_recording(tmp_path):
    folder = folder_of_case(tmp_path, "{key} aaaa {start} {end}")
    (folder / "reco2dur").write_text("aaaa 212.05\nother 3\n")
    [recording] = load_sequences(folder)
    assert recording.times[-1] == pytest.approx((211.95 + 212.05) / 2)


def test_a_matrix_needs_no_end(tmp_path):
    [whole] = load_sequences(folder_of_others(tmp_path, {"a": X}, segments="a a 0 -1"))
    assert (whole.name, len(whole), whole.times) == ("a", 4, None)


def test_the_channels_of_a_recording_are_sequences(tmp_path):
    segments = "a-1 a 0.0 1.5 0\na-2 a 0.5 2.0 1\nb-1 a 0 1 0\nb-2 b 1 2 1\n"
    found = load_sequences(folder_of_others(tmp_path, VECTORS, segments=segments))
    assert {one.name: len(one) for one in found} == {"a-0": 2, "a-1": 1, "b": 1}


@pytest.mark.parametrize("path", ["", "xvector.scp.gz", "some.ark.gz"])
def test_packed_files_are_read(tmp_path, path):
    folder = folder_of_others(tmp_path, VECTORS, segments=SEGMENTS, utt2spk=SPEAKERS)
    scp = (folder / "xvector.scp").read_text().replace("some.ark", "some.ark.gz")
    (folder / "xvector.scp").write_text(scp)
    for file in list(folder.iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    b, a = load_sequences(folder / path)
    assert (a.name, a.labels, a.times.tolist()) == ("a", ("ann", "bob"), [0.75, 1.25])
    assert b.observations.tolist() == X[2:].tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a [ 1 2 ]", "is not a whole gzip file: Not a gzipped file"),
        (gzip.compress(bytes(1000))[:-9], "is not a whole gzip file: "),
        (gzip.compress(bytes(2**27)), "must not be compressed more than 100 times, but is"),
    ],
    ids=["not packed", "cut off", "packed too well"],  # packed bytes hold the time of packing
)
def test_damaged_packed_files_are_named(tmp_path, content, message):
    (tmp_path / "a.ark.gz").write_bytes(content)
    with pytest.raises(uisrnn.InputError, match=rf"a\.ark\.gz: {message}"):
        load_sequences(tmp_path / "a.ark.gz")


def test_what_is_written_is_what_kaldi_reads(tmp_path):
    save_sequences(tmp_path / "data", [CALL])
    folder = tmp_path / "data"
    assert sorted(one.name for one in folder.iterdir()) == [
        "segments",
        "uisrnn.jsonl",
        "utt2spk",
        "xvector.ark",
        "xvector.scp",
    ]
    read = dict(kaldiio.load_ark(str(folder / "xvector.ark")))
    assert [vector.tolist() for vector in read.values()] == X.tolist()
    assert list(read) == [f"call-000000{number}" for number in range(4)]
    assert (folder / "utt2spk").read_text().split()[1::2] == ["ann", "ann", "3", "b%20b"]
    assert (folder / "segments").read_text().splitlines()[1] == "call-0000001 call 0.600000 1.000000"


def test_the_folder_can_be_moved(tmp_path):
    save_sequences(tmp_path / "data", [CALL])
    (tmp_path / "data").rename(tmp_path / "moved")
    [found] = load_sequences(tmp_path / "moved")
    assert found.observations.tolist() == X.tolist()


def test_others_read_what_is_written_as_their_own(tmp_path):
    """Without our file about it, times are the centers of segments."""
    save_sequences(tmp_path / "data", [CALL])
    (tmp_path / "data" / "uisrnn.jsonl").unlink()
    [found] = load_sequences(tmp_path / "data")
    assert (found.name, found.labels) == ("call", ("ann", "ann", "3", "b%20b"))
    assert np.allclose(found.times, CALL.times, atol=1e-6)


def test_one_sequence_is_in_memory_at_a_time(tmp_path):
    save_sequences(tmp_path / "data", [CALL, LabeledSequence(X, times=range(4), name="damaged")])
    archive = tmp_path / "data" / "xvector.ark"
    archive.write_bytes(archive.read_bytes()[:-3])
    sequences = iterate_sequences(tmp_path / "data")
    assert next(sequences).name == "call"
    with pytest.raises(uisrnn.InputError, match=r"xvector\.scp, line 8: says that its shape is"):
        next(sequences)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "segments",
            "0.600000 1.000000",
            "0.7 1.1",
            "call: uisrnn.jsonl must have the times of segments, but they differ",
        ),
        ("uisrnn.jsonl", "0.4, ", "", "call: uisrnn.jsonl must have the times of segments, but they differ"),
        ("uisrnn.jsonl", '"call"', '"other"', r"uisrnn\.jsonl: needs a line for 'call', but has no such"),
        ("uisrnn.jsonl", '"call"', "3", r"uisrnn\.jsonl, line 1: must be an object with the name of a sequence"),
        (
            "uisrnn.jsonl",
            "[0.4, 0.8, 1.2, 1.6]",
            "3",
            r"uisrnn\.jsonl, line 1: times must be a list of seconds, but is 3",
        ),
        ("uisrnn.jsonl", "0.4", '"x"', r"uisrnn\.jsonl, line 1: times must be of numbers, but has 'x'"),
        ("uisrnn.jsonl", '{"room": 3}', "3", "call: info must be a dict, but is int"),
        ("uisrnn.jsonl", "}", "", r"uisrnn\.jsonl, line 1: must be JSON"),
    ],
)
def test_our_file_must_fit_the_others(tmp_path, name, old, new, message):
    save_sequences(tmp_path / "data", [CALL])
    path = tmp_path / "data" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(uisrnn.UISRNNError, match=message):
        load_sequences(tmp_path / "data")


def test_a_folder_with_files_is_not_written_to(tmp_path):
    (tmp_path / "data").mkdir()
    save_sequences(tmp_path / "data", [CALL])
    with pytest.raises(FileExistsError, match="nor a folder that is not empty"):
        save_sequences(tmp_path / "data", [CALL])
    with pytest.raises(uisrnn.InputError, match="Kaldi is written as a folder"):
        save_sequences(tmp_path / "data.ark", [CALL])


@pytest.mark.parametrize("times", [[-0.5, 1], [0, 1e12]])
def test_times_that_kaldi_cannot_hold_are_an_error(tmp_path, times):
    with pytest.raises(uisrnn.InputError, match="call: Kaldi needs times from 0 to 1e"):
        save_sequences(tmp_path / "data", [LabeledSequence(X[:2], times=times, name="call")])
    assert not (tmp_path / "data").exists()


def test_words_that_could_be_mistaken_are_told_apart(tmp_path):
    made = [
        LabeledSequence(X[:2], name="call-0000001"),
        LabeledSequence(X, ["3", 3, "-3", "%33"], range(4), "call"),
        LabeledSequence(X, ["", "%", " ", "a b"], range(4), ""),
        LabeledSequence(X, name="%"),
    ]
    save_sequences(tmp_path / "data", made)
    found = load_sequences(tmp_path / "data")
    assert [(one.name, one.labels, len(one)) for one in found] == [(one.name, one.labels, len(one)) for one in made]


def test_a_long_matrix_in_text_is_read_whole(tmp_path):
    long = np.arange(60_000, dtype=np.float32).reshape(-1, 4)
    rows = "\n".join(" ".join(f"{value:.3f}" for value in row) for row in long.tolist())
    (tmp_path / "a.ark").write_text(f"call  [\n{rows} ]\nnext  [ 1 2 3 4 ]\n")
    first, _next = load_sequences(tmp_path / "a.ark")
    assert first.observations.tolist() == long.tolist()
