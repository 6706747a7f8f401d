"""Logging, and silence without a logger."""

import logging
import subprocess
import sys

import pytest

from squares import FEW, new_model


def test_the_logger_follows_verbosity(data, caplog):
    with caplog.at_level(logging.DEBUG):
        new_model(verbosity=3).fit(*data, FEW)
        new_model(verbosity=1).fit(*data, FEW)
    assert len([message for message in caplog.messages if message.startswith("trained 3 iterations")]) == 1


def test_a_concatenated_sequence_is_told_about(data, caplog):
    caplog.set_level(logging.INFO)
    new_model(verbosity=3).fit(data[0][0], data[1][0], FEW)
    assert "pass a list of sequences" in caplog.text


@pytest.mark.slow
def test_nothing_is_printed_where_nobody_watches(tmp_path):
    code = (
        "import numpy, uisrnn; model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=4));"
        "x = numpy.eye(2); model.fit(x, 'a b'.split(), uisrnn.TrainingArguments(train_iteration=3)); model.predict([x])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
