"""JSON lines."""

import json

import pytest

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.formats import iterate_sequences, load_sequences
from uisrnn.formats.jsonl import lines_of, parse_line


def written(tmp_path, *lines):
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return path


def test_a_line_is_an_observation():
    said = parse_line(
        '{"sequence": "call", "time": 1, "label": "ann", "embedding": [1, 0.5], "info": {"a": []}}', "line 1"
    )
    assert said.observation.tolist() == [[1, 0.5]]
    assert (said.sequence, said.time, said.label, said.info) == ("call", 1.0, "ann", {"a": []})
    for bare in ("[1, 0.5]", '{"embedding": [1, 0.5], "label": null, "time": null}\r\n'):
        said = parse_line(bare, "line 1")
        assert said.observation.tolist() == [[1, 0.5]]
        assert (said.sequence, said.time, said.label, said.info) == (None, None, None, None)


def test_lines_of_a_sequence_are_read_as_they_are_written():
    made = LabeledSequence([[0.1, -0.0], [1e-45, 3e38]], [3, "3"], [0.1, 0.3], "call", {"room": 3})
    lines = [parse_line(line, "line") for line in lines_of(made)]
    assert [line.label for line in lines] == [3, "3"]
    assert [line.info for line in lines] == [{"room": 3}, None]
    assert b"".join(line.observation.tobytes() for line in lines) == made.observations.tobytes()


@pytest.mark.parametrize("first", ["[1, 2]", "\ufeff[1, 2]", "\n  \n[1, 2]\r"])
def test_lines_without_a_name_are_a_sequence_called_as_the_file(tmp_path, first):
    [one] = load_sequences(written(tmp_path, first, "[3, 4]", ""))
    assert (one.name, one.observations.tolist(), one.labels, one.times) == ("some", [[1, 2], [3, 4]], None, None)


def test_one_sequence_is_in_memory_at_a_time(tmp_path):
    lines = [json.dumps({"sequence": name, "embedding": [1]}) for name in "aabb"]
    sequences = iterate_sequences(written(tmp_path, *lines, "{"))
    assert len(next(sequences)) == 2  # before the bad line was seen
    with pytest.raises(uisrnn.InputError, match="line 5: must be JSON"):
        next(sequences)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "must be JSON, but: Expecting property name"),
        ("1 2", "must be JSON, but: Extra data"),
        ("3", "must be an object or a list of numbers, but is 3"),
        ("null", "must be an object or a list of numbers, but is None"),
        ('"[1, 2]"', "must be an object or a list of numbers, but is '"),
        ("{}", "embedding must be a list of numbers, but is None"),
        ("[]", r"embedding must be a list of numbers, but is \[\]"),
        ("[[1, 2]]", r"embedding must be of numbers, but has \[1, 2\]"),
        ("[1, true]", "embedding must be of numbers, but has True"),
        ('["1"]', "embedding must be of numbers, but has '1'"),
        ("[1, NaN]", "must be JSON, but: NaN is no JSON number"),
        ("[1, -Infinity]", "must be JSON, but: -Infinity is no JSON number"),
        ("[1, 1e999]", "observation 0 is not finite: dimension 1 is inf"),
        ("[1, 1e300]", r"observation 0 is not finite: dimension 1 exceeds float32 1e\+300"),
        (f"[{10**400}]", "embedding must be of numbers, but has an integer that is too large for a float"),
        ("1" * 5000, "must be JSON, but: Exceeds the limit"),
        ("[" * 100_000, "must be JSON, but is nested too deeply"),
        ('{"embedding": [1], "embedding": [2]}', "must be JSON, but: the key 'embedding' is there twice"),
        ('{"embedding": [1], "info": {"a": 1, "a": 2}}', "must be JSON, but: the key 'a' is there twice"),
        ('{"embeding": [1]}', "must have no keys but sequence, time, label, embedding, info, but has 'embeding'"),
        ('{"embedding": [1], "label": 1.5}', "label must be a string or an integer, but is 1.5"),
        ('{"embedding": [1], "label": true}', "label must be a string or an integer, but is True"),
        ('{"embedding": [1], "time": "0"}', "time must be a number of seconds, but is '0'"),
        (f'{{"embedding": [1], "time": {10**400}}}', "time must be of numbers, but has an integer that is too large"),
        ('{"embedding": [1], "time": 1e999}', "time must be a number of seconds, but is inf"),
        (r'{"embedding": [1], "sequence": "\ud800"}', "must be JSON, but: .* surrogates not allowed"),
        (r'{"embedding": [1], "label": "\uDFFF"}', "must be JSON, but: .* surrogates not allowed"),
        ('{"embedding": [1], "sequence": 3}', "sequence must be a string, but is 3"),
        ('{"embedding": [1], "info": []}', r"info must be an object, but is \[\]"),
        (b"[1, \xff]", "must be UTF-8 text, but byte 4 of it is not"),
        ("[1, 2]", "the observation must have 1 numbers as those before, but has 2"),
        ('{"embedding": [1], "label": "a"}', "has a label, but the rows of the sequence before had no label"),
        ('{"embedding": [1], "time": 0}', "has a time, but the rows of the sequence before had no time"),
        ('{"embedding": [1], "info": {"a": 1}}', "info must be missing, or as in the first row of 'some'"),
        ('{"embedding": [1], "sequence": "a"}\n[1]', "line 4: the rows of 'some' must follow each other"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, line, message):
    with pytest.raises(uisrnn.InputError, match=message) as raised:
        load_sequences(written(tmp_path, "[1]", "", line))
    assert str(raised.value).startswith(f"{tmp_path / 'some.jsonl'}, line ")


def test_times_must_not_decrease(tmp_path):
    lines = [f'{{"embedding": [1], "time": {time}}}' for time in (1, 0)]
    with pytest.raises(uisrnn.InputError, match=r"some\.jsonl: some: times must not decrease, but time 1 is 0.0"):
        load_sequences(written(tmp_path, *lines))


def test_characters_in_two_escapes_are_whole(tmp_path):
    [one] = load_sequences(written(tmp_path, r'{"sequence": "\uD83D\ude00", "embedding": [1]}'))
    assert one.name == "\U0001f600"


def test_shards_are_one_file_but_for_the_names_of_those_without_one(tmp_path):
    line = '{"sequence": "call", "embedding": [%d]}'
    (tmp_path / "a.jsonl").write_text(f"{line % 1}\n{line % 2}\n")
    (tmp_path / "b.jsonl").write_text(f"{line % 3}\n[4]\n")
    (tmp_path / "c.jsonl").write_text("[5]\n")
    found = load_sequences(tmp_path)
    assert [(one.name, one.observations[:, 0].tolist()) for one in found] == [
        ("call", [1, 2, 3]),
        ("b", [4]),
        ("c", [5]),
    ]
