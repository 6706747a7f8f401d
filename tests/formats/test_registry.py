"""Formats that users add."""

import pytest

import uisrnn
from uisrnn.cli.app import run
from uisrnn.formats import register, registry


class Plain:
    """A line of numbers for each observation."""

    name = "plain"
    suffixes = (".plain",)

    def fits_folder(self, folder):
        return any(folder.glob("*.plain"))

    def shards(self, path):
        return [path]

    def iterate(self, path, shards):
        for shard in shards:
            rows = [[float(word) for word in line.split()] for line in shard.read_text().splitlines()]
            yield shard, uisrnn.LabeledSequence(rows, name=shard.stem)

    def write(self, path, sequences):
        [sequence] = sequences
        path.write_text("".join(" ".join(map(str, row)) + "\n" for row in sequence.observations.tolist()))


@pytest.fixture(autouse=True)
def formats(monkeypatch):
    """The registry, as it was after the test."""
    monkeypatch.setattr(registry, "FORMATS", list(registry.FORMATS))


def test_a_format_is_read_and_written_everywhere(tmp_path):
    register(Plain())
    uisrnn.save_sequences(tmp_path / "call.plain", [uisrnn.LabeledSequence([[1, 2], [3, 4]])])
    [call] = uisrnn.load_sequences(tmp_path / "call.plain")
    assert (call.name, call.observations.tolist()) == ("call", [[1, 2], [3, 4]])
    assert [one.name for one in uisrnn.Dataset(tmp_path / "call.plain").sequences()] == ["call"]
    assert run(["convert", str(tmp_path / "call.plain"), str(tmp_path / "call.npz")]) == 0


def test_a_format_of_the_same_name_is_replaced():
    register(Plain())
    register(Plain())
    assert [format.name for format in registry.FORMATS].count("plain") == 1


def test_a_suffix_belongs_to_one_format():
    rival = Plain()
    rival.suffixes = (".csv", ".npz")
    with pytest.raises(uisrnn.ArgumentError, match=r"suffixes of plain must be its own, but '\.npz' is of npz"):
        register(rival)
    assert "plain" not in [format.name for format in registry.FORMATS]
