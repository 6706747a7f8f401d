"""Files of other kinds: an error names the kind, and the way out."""

import pytest

import uisrnn

KINDS = [
    ("a.uem", "a UEM file of regions to score", "--uem"),
    ("a.ctm", "a CTM file of words", "`uisrnn evaluate`"),
    ("a.stm", "an STM file of transcripts", "`uisrnn evaluate`"),
    ("a.lab", "a file of labelled intervals", "RTTM"),
    ("a.TextGrid", "a TextGrid of Praat", "RTTM"),
    ("a.rttm", "an RTTM file of turns, without observations", "--rttm"),
    ("a.wav", "a recording", "`uisrnn diarize`"),
    ("a.MP3", "a recording", "`uisrnn.audio.embed`"),
    ("a.csv", "a table of text", "a row of Parquet"),
    ("a.pkl", "a pickle", "nothing is unpickled"),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind[0])
def foreign(request, tmp_path):
    name, kind, cure = request.param
    (tmp_path / name).write_bytes(b"anything")
    return tmp_path / name, kind, cure


def test_no_sequences_are_read(foreign):
    path, kind, cure = foreign
    with pytest.raises(uisrnn.InputError, match=f"is {kind}, but a file of sequences is needed; .*{cure}"):
        uisrnn.load_sequences(path)
    with pytest.raises(uisrnn.InputError, match=f"is {kind}, but a file of sequences is needed; .*{cure}"):
        next(uisrnn.Dataset(path).sequences())


def test_no_model_is_read(foreign):
    path, kind, cure = foreign
    with pytest.raises(uisrnn.CheckpointError, match=f"is {kind}, but a model file is needed; .*{cure}"):
        uisrnn.UISRNN.from_file(path)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.jsonl", "a.scp.gz"])
def test_a_file_of_sequences_is_no_model(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(uisrnn.CheckpointError, match="is a file of sequences, but a model file is needed; give a mode"):
        uisrnn.UISRNN.from_file(tmp_path / name)


def test_a_model_holds_no_sequences(tmp_path):
    (tmp_path / "a.uisrnn").touch()
    with pytest.raises(uisrnn.InputError, match="is a model, but a file of sequences is needed; give the file of seq"):
        uisrnn.load_sequences(tmp_path / "a.uisrnn")


def test_a_model_may_have_any_suffix(tmp_path):
    model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=2, verbosity=0))
    model.save(tmp_path / "a.csv")
    assert uisrnn.UISRNN.from_file(tmp_path / "a.csv").fingerprint() == model.fingerprint()


def test_a_format_can_be_given_for_any_suffix(tmp_path):
    uisrnn.save_sequences(tmp_path / "a.txt", [uisrnn.LabeledSequence([[1]], name="call")], format="jsonl")
    assert uisrnn.load_sequences(tmp_path / "a.txt", format="jsonl")[0].name == "call"


def test_the_name_of_a_file_that_is_written_is_no_kind(tmp_path):
    with pytest.raises(uisrnn.InputError, match=r"a\.wav: the suffix must be one of \.npz"):
        uisrnn.save_sequences(tmp_path / "a.wav", [uisrnn.LabeledSequence([[1]])])
