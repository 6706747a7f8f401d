"""`demo.py`, the program of 0.1.2 that the README begins with."""

import os
import subprocess
import sys

import pytest

import uisrnn


@pytest.mark.slow
def test_the_demo_runs_and_saves(repository, tmp_path):
    flags = ["--train_iteration=2", "-l=0.001", "-hl=100", "--rnn_hidden_size=16", "--seed=1"]
    done = subprocess.run(
        [sys.executable, str(repository / "demo.py"), *flags], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "averaged accuracy" in done.stdout
    assert sorted(os.listdir(tmp_path)) == ["result.txt", "saved_model.uisrnn"]
    assert (tmp_path / "result.txt").read_text() in done.stdout
    assert uisrnn.UISRNN.from_file(tmp_path / "saved_model.uisrnn").observation_dim == 256


@pytest.mark.slow
def test_the_demo_labels_the_toy_data_without_error(repository, tmp_path):
    flags = ["--train_iteration=400", "-l=0.001", "-hl=100"]  # `make demo` takes 1000
    done = subprocess.run(
        [sys.executable, str(repository / "demo.py"), *flags], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "averaged accuracy: 1.000000" in done.stdout


@pytest.mark.slow
def test_a_bad_flag_of_the_demo_is_one_line(repository, tmp_path):
    done = subprocess.run(
        [sys.executable, str(repository / "demo.py"), "--beam_size=0"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "argument --beam_size/-s: must be an integer from 1 to 2147483647, but is '0'"
    )
    assert "Traceback" not in done.stderr
