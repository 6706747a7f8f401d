"""The scripts in examples/ run without a warning and print the expected results."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
PRINTED = {
    "bring_your_own_encoder.py": r"meeting +[\d.]+ s +\d\.\d\d %",
    "compare_with_agglomerative.py": r"accuracy: .* the second is better in [\d.]+ % of 10000 resamples",
    "from_files.py": r"(?s)(\w+: 20 sequences, unchanged: True\n){3}.*TOTAL",
    "known_speakers.py": r"labels: +bob bob bob bob bob 0 0 0 0 0 ann ann ann ann ann 0 0 0\n",
    "not_speech.py": r"states of the machine: 4, predicted states: 4\nminutes with the right state: (100|9\d)\.\d%",
    "scikit_learn.py": r"best: \{'pca__n_components': (12|24)\}; on other clusters (100|9\d)\.\d%",
    "simulate.py": r"80 conversations, (?s:.*)other voices: (100|9\d)\.\d%",
    "stream.py": r"labels of the next six observations: \[0, 0, 2, 2, 2, 2\]\nfinal labels at the end",
    "train_and_predict.py": r"other speakers: (100|9\d)\.\d%(?s:.*)loading: True",
    "tune.py": r"applied: True\n(?s:.*)on other sequences: \d\d\.\d% before, 9\d\.\d% after",
}


def run(*words):
    """The output of a script, which must not warn."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *map(str, words)],
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(("script", "printed"), PRINTED.items(), ids=PRINTED)
@pytest.mark.slow
def test_it_runs_and_prints_the_expected_results(script, printed):
    assert re.search(printed, run(EXAMPLES / script))


@pytest.mark.slow
def test_pictures_and_report_go_to_the_given_folder(tmp_path):
    printed = run(EXAMPLES / "evaluate_and_plot.py", tmp_path)
    assert re.search(r"written: .*report\.html.*timeline\.png", printed)
    pictures = {"confidence.png", "embedding.png", "history.png", "similarity.png", "timeline.png"}
    assert {path.name for path in tmp_path.iterdir()} == {*pictures, "report.html"}
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_every_script_is_tested_and_listed():
    scripts = {path.name for path in EXAMPLES.glob("*.py")}
    listed = re.findall(r"^\| \[([\w.]+)\]\(([\w.]+)\) \|", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.M)
    assert scripts == {*PRINTED, "evaluate_and_plot.py"} == {name for name, _ in listed} == {link for _, link in listed}


def test_the_docstring_of_every_script_says_how_to_run_it():
    for path in EXAMPLES.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith('"""')
        assert f"\npython examples/{path.name}" in text or f"    python examples/{path.name}" in text
