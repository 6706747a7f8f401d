"""Training by several processes: what comes of it, what becomes of errors and of lost processes."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import uisrnn
from trainings import Notes
from uisrnn import distributed

pytestmark = [
    pytest.mark.slow,  # Ray Train takes ten seconds to start its processes
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:ray\..*"),  # Ray's about its own settings
]


@pytest.fixture(scope="session")
def calls(tmp_path_factory):
    """A folder of shards with sequences of four clusters each."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("calls")
    for shard in range(3):
        made = []
        for number in range(8):
            labels = np.repeat(rng.integers(4, size=15), rng.integers(1, 6, 15))
            x = rng.normal(size=(4, 6))[labels] * 2 + 0.5 * rng.normal(size=(len(labels), 6))
            made.append(uisrnn.LabeledSequence(x, [f"voice{one}" for one in labels], name=f"call-{shard}-{number}"))
        uisrnn.save_sequences(folder / f"{shard}.parquet", made)
    return folder


def new_model(kind):
    return uisrnn.UISRNN(
        uisrnn.ModelArguments(kind, observation_dim=6, rnn_hidden_size=8, crp_alpha=None, seed=1, verbosity=2)
    )


def arguments(**given):
    return uisrnn.TrainingArguments(**{"train_iteration": 20, "enforce_cluster_id_uniqueness": False, **given})


def test_closed_forms_are_those_of_one_process(cluster, calls):
    together, alone = new_model("plda"), new_model("plda")
    dataset = uisrnn.Dataset(calls)
    distributed.train(together, dataset, arguments(), workers=cluster)
    alone.fit(calls, args=arguments())
    assert together.transition_bias == pytest.approx(alone.transition_bias)
    assert together.crp_alpha == pytest.approx(alone.crp_alpha)
    assert dataset.staged_sizes[0] == 24
    assert together.observation_mean == pytest.approx(alone.observation_mean, abs=1e-6)
    sequences = uisrnn.load_sequences(calls)
    assert together.predict(sequences) == alone.predict(sequences)


GRU = {"train_iteration": 15, "discriminative_iteration": 2}


@pytest.fixture(scope="session")
def whole(cluster, calls):
    """The model and the history of a training in which nothing happened."""
    model = new_model("gru")
    return model, distributed.train(model, calls, arguments(**GRU), workers=cluster)


def test_a_lost_process_is_replaced_and_training_goes_on_to_the_same_model(cluster, calls, whole, tmp_path):
    killed = []

    def kill_one():
        run = tmp_path / "run"
        while not killed:
            if any(run.glob("checkpoint_*/training.safetensors")):
                killed.append(_worker())
                os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.05)

    thread = threading.Thread(target=kill_one, daemon=True)
    thread.start()
    model, notes = new_model("gru"), Notes()
    kept = uisrnn.Checkpoints(tmp_path, every=0, keep=2)
    history = distributed.train(model, calls, arguments(**GRU), workers=cluster, checkpoints=kept, watcher=notes)
    assert killed
    assert sum(steps for stage, steps, _figures in notes.steps if stage == "generative") == GRU["train_iteration"]
    assert notes.left == ["generative", "discriminative"]
    assert notes.scalars["crp_alpha"] == model.crp_alpha
    assert len(history) == GRU["train_iteration"]
    assert history == whole[1]
    assert model.fingerprint() == whole[0].fingerprint()


def test_what_was_stopped_goes_on_to_the_same_model(cluster, calls, whole, tmp_path, caplog):
    def trained(resume, **more):
        model = new_model("gru")
        kept = uisrnn.Checkpoints(tmp_path, resume=resume)
        return model, distributed.train(model, calls, arguments(**GRU, **more), workers=cluster, checkpoints=kept)

    assert len(trained(False, max_time=0.01)[1]) < GRU["train_iteration"]
    assert any("time was over after 1 of 15 iterations" in one for one in caplog.messages)
    model, history = trained(True)
    assert history == whole[1]
    assert model.fingerprint() == whole[0].fingerprint()


def _worker():
    """The number of a process that trains."""
    for folder in os.listdir("/proc"):
        if folder.isdigit():
            try:
                with open(f"/proc/{folder}/cmdline", "rb") as file:
                    name = file.read()
            except OSError:  # it has ended
                continue
            if name.startswith(b"ray::") and b"RayTrainWorker" in name:
                return int(folder)
    raise AssertionError("no process trains")


def test_an_error_in_a_process_is_the_one_that_fit_raises(cluster, calls, tmp_path):
    uisrnn.save_sequences(tmp_path / "0.parquet", uisrnn.load_sequences(calls / "0.parquet"))
    whole = (calls / "1.parquet").read_bytes()
    (tmp_path / "1.parquet").write_bytes(whole[: len(whole) // 2])
    model = new_model("plda")
    with pytest.raises(uisrnn.InputError, match=r"1\.parquet: is not a whole Parquet file"):
        distributed.train(model, tmp_path, arguments(), workers=cluster)
    assert not model.fitted


def test_what_several_machines_cannot_read_is_an_error(tmp_path):
    with pytest.raises(uisrnn.ArgumentError, match="dataset must be of files"):
        distributed.train(new_model("plda"), uisrnn.Dataset(iter([])), workers=2)
    with pytest.raises(uisrnn.ArgumentError, match="checkpoints must be given with an address"):
        distributed.train(new_model("plda"), tmp_path, address="head:6379")


def test_checkpoints_of_an_earlier_training_are_not_overwritten(cluster, calls, tmp_path):
    (tmp_path / "run" / "checkpoint_1").mkdir(parents=True)
    with pytest.raises(uisrnn.ArgumentError, match="holds checkpoints of an earlier training"):
        distributed.train(
            new_model("plda"), calls, arguments(), workers=cluster, checkpoints=uisrnn.Checkpoints(tmp_path)
        )
