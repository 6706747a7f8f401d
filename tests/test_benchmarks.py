"""Benchmarks say how they are used, and every file of results that they left has its rows in the table."""

import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
RESULTS = BENCHMARKS / "results"
SHARED = {"baselines", "device_work", "diarizers", "machine", "report"}  # what scripts import
MODULES = {path.stem for path in BENCHMARKS.glob("*.py")}


@pytest.fixture(scope="module", autouse=True)
def scripts_are_importable():
    """The scripts import each other by their names, which nobody else shall see."""
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def table():
    return importlib.import_module("table")


@pytest.mark.parametrize("name", sorted(MODULES - SHARED))
def test_every_script_says_how_it_is_used(name, monkeypatch, capsys):
    script = importlib.import_module(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit, match="0"):
        script.main()
    shown = " ".join(capsys.readouterr().out.split())
    assert " ".join(script.__doc__.split()) in shown
    assert name == "table" or "--out" in shown


def test_every_question_has_a_script_that_renders_its_results(table):
    scripts = {question.script or name for name, question in table.QUESTIONS.items()}
    assert scripts == MODULES - SHARED - {"table"}
    assert all(callable(importlib.import_module(script).rows) for script in scripts)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_file_of_results_has_its_rows_in_the_table(path, table):
    found, text = table.rendered(path), table.table(RESULTS)
    for row in found.rows:
        assert row.case
        assert row.here or row.peer
        assert f"| {path.stem} | {' | '.join(row.cells)} | {found.run} |" in text


def test_the_table_that_is_kept_is_that_of_the_results(table):
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == table.table(RESULTS)


def test_what_was_not_run_is_said(table, tmp_path):
    (tmp_path / "train.json").write_bytes((RESULTS / "train.json").read_bytes())
    lines = table.table(tmp_path).splitlines()
    missing = [line for line in lines if line.endswith("**not run**")]
    assert len(missing) == len(table.QUESTIONS) - 1
    assert any("**accuracy**" in line and "`make bench-accuracy DATA=folder`" in line for line in missing)
    assert not any("**train**" in line for line in missing)


def test_rows_of_different_machines_are_kept_apart(table, tmp_path):
    train = json.loads((RESULTS / "train.json").read_bytes())
    (tmp_path / "train.json").write_text(json.dumps(train))
    product = json.loads((RESULTS / "product.json").read_bytes())
    product["machine"] = {**train["machine"], "cpu": "another"}
    (tmp_path / "product.json").write_text(json.dumps(product))
    _, first, second = table.table(tmp_path).split("\n## ")
    assert "| train |" in first
    assert "another" not in first
    assert "| product |" in second
    assert "cpu another" in second


def test_a_package_of_one_benchmark_stands_beside_its_commit(table, tmp_path):
    product = json.loads((RESULTS / "product.json").read_bytes())
    product["machine"] |= {"commit": "0123456789abcdef-dirty", "ray": "2.40.0"}
    (tmp_path / "product.json").write_text(json.dumps(product))
    assert table.rendered(tmp_path / "product.json").run == "0123456-dirty, ray 2.40.0"


def damaged(content):
    """A file of results in which something is wrong."""
    train = json.loads((RESULTS / "train.json").read_bytes())
    return content(train).encode() if callable(content) else content


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("train", b"", "JSONDecodeError"),
        ("train", b'{"machine": {"cpu', "JSONDecodeError"),
        ("train", b"\xff\xfe\x00", "UnicodeDecodeError"),
        ("train", b"[]", "TypeError"),
        ("train", b"{}", "KeyError: 'machine'"),
        ("train", lambda one: json.dumps({**one, "machine": {}}), "KeyError: 'commit'"),
        ("train", lambda one: json.dumps({**one, "cases": {}}), "it has no rows"),
        ("train", lambda one: json.dumps({**one, "cases": {"a": {"seconds": 1}}}), "KeyError: 'uisrnn_0_1_2_seconds'"),
        ("corners", lambda one: json.dumps(one), "KeyError: 'here'"),
        ("unknown", b"{}", "no script writes it"),
    ],
)
def test_a_damaged_file_of_results_is_named_and_the_old_table_stays(
    name, content, why, table, tmp_path, monkeypatch, capsys
):
    (tmp_path / f"{name}.json").write_bytes(damaged(content))
    (tmp_path / "README.md").write_text("old")
    monkeypatch.setattr(sys, "argv", ["table.py", "--results", str(tmp_path)])
    with pytest.raises(SystemExit, match="1"):
        table.main()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{name}.json" in said
    assert why in said
    assert (tmp_path / "README.md").read_text() == "old"
