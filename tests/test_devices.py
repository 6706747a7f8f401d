"""Devices: which one is taken, and that a model trains, labels, streams and is kept alike on each."""

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest
import torch

import uisrnn
from trainings import stage_context
from uisrnn import ModelArguments, TrainingArguments, checkpoint
from uisrnn.cli.app import run
from uisrnn.construction import checkpoint_of, device_of
from uisrnn.corpus.clusters import Clusters
from uisrnn.corpus.corpus import Corpus
from uisrnn.model.gru import GRUObservation
from uisrnn.progress import Silent
from uisrnn.randomness import deterministic_algorithms
from uisrnn.sequences.coded import CodedSequence
from uisrnn.training.batching import ClusterBatch, ClusterSequences
from uisrnn.training.draws import Draws
from uisrnn.training.generative import GenerativeStage, new_optimizer
from uisrnn.training.loop import run as run_stage
from uisrnn.training.row_sources import BatchSource, row_source

DIM = 4
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU")),
]
KINDS = ["gru", "plda", "context_plda"]


def conversations(number: int, seed: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Turns of three clusters that are others in each sequence."""
    generator = np.random.default_rng(seed)
    labels = [np.repeat(generator.integers(3, size=8), generator.integers(1, 6, size=8)) for _ in range(number)]
    sequences = [
        2 * generator.normal(size=(3, DIM))[one] + 0.3 * generator.normal(size=(len(one), DIM)) for one in labels
    ]
    return sequences, [one.tolist() for one in labels]


TRAINING, OTHERS = conversations(12, seed=0), conversations(6, seed=1)[0]
ARGS = TrainingArguments(train_iteration=20, discriminative_iteration=5, learning_rate=0.01)


def trained(kind: str, device: str, **training) -> uisrnn.UISRNN:
    args = ModelArguments(
        kind, observation_dim=DIM, rnn_hidden_size=8, rnn_depth=2, device=device, crp_alpha=None, seed=0, verbosity=0
    )
    model = uisrnn.UISRNN(args)
    model.fit(*TRAINING, dataclasses.replace(ARGS, **training))
    return model


@pytest.fixture(scope="module")
def models():
    """Models by kind and device, each trained once."""
    made: dict[tuple[str, str], uisrnn.UISRNN] = {}

    def get(kind: str, device: str) -> uisrnn.UISRNN:
        if (kind, device) not in made:
            made[kind, device] = trained(kind, device)
        return made[kind, device]

    return get


# --- what a model does on each ---


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_training_leaves_a_model_on_the_device(models, kind, device):
    model = models(kind, device)
    assert model.fitted
    assert model.device.type == device
    assert all(one.device == model.device for one in model._model.observation.state_dict().values())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_from_the_device_labels_alike_on_a_cpu(models, kind, device, tmp_path):
    model = models(kind, device)
    model.save(tmp_path / "model")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model", ModelArguments(device="cpu", verbosity=0))
    assert loaded.device.type == "cpu"
    assert loaded.fingerprint() == model.fingerprint()
    known = {"a": OTHERS[0][:2], "b": OTHERS[1][:2]}
    for args in (uisrnn.InferenceArguments(), uisrnn.InferenceArguments(look_ahead=2, beam_size=4)):
        here, there = (one.predict(OTHERS, args, clusters=known, return_scores=True) for one in (loaded, model))
        assert here[0] == there[0]
        for one, other in zip(here[1], there[1], strict=True):
            assert one.n_best[0][1] == pytest.approx(other.n_best[0][1], rel=1e-3)
            assert one.confidence == pytest.approx(other.confidence, abs=1e-2)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_on_the_device_says_what_predict_says_and_can_be_kept(models, kind, device):
    model, x = models(kind, device), OTHERS[0]
    stream = model.stream(uisrnn.InferenceArguments(look_ahead=2))
    first = stream.push(x[:5])
    again = uisrnn.Stream.restore(model, stream.snapshot())
    assert again.push(x[5:]) == stream.push(x[5:])
    final = {**first.final, **again.flush().final}
    wanted = model.predict(x, uisrnn.InferenceArguments(look_ahead=2, test_iteration=1))
    assert all(wanted[at] == label for at, label in final.items())


@pytest.mark.parametrize("device", DEVICES)
def test_the_other_loss_is_computed_on_the_device(device):
    _labels, scores = trained("gru", device, loss="sample_mean").predict(OTHERS, return_scores=True)
    assert np.isfinite(scores[0].n_best[0][1])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_deterministic_training_gives_equal_bits(kind, device):
    with deterministic_algorithms():
        assert trained(kind, device).fingerprint() == trained(kind, device).fingerprint()


@pytest.mark.parametrize("device", DEVICES)
def test_a_seed_decides_initial_weights_whatever_the_device(device):
    args = ModelArguments(observation_dim=DIM, rnn_hidden_size=8, seed=3)
    models = [uisrnn.UISRNN(dataclasses.replace(args, device=one)) for one in ("cpu", device)]
    assert models[0].fingerprint() == models[1].fingerprint()


# --- training steps on each ---


@contextmanager
def waiting_is_an_error():
    """On a GPU, torch raises if an operation waits for the GPU."""
    if torch.cuda.is_available():
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        if torch.cuda.is_available():
            torch.cuda.set_sync_debug_mode("default")


def generative_stage(device, factors, loss="running_mean"):
    """A stage whose batch of iteration i is multiplied by factors[i]."""
    torch.manual_seed(0)
    model = GRUObservation(DIM, 8, depth=2).to(torch.device(device))
    corpus = Corpus.of([CodedSequence(x.astype(np.float32), np.array(y)) for x, y in zip(*TRAINING, strict=True)])
    args = TrainingArguments(train_iteration=len(factors), batch_size=4, learning_rate=0.01, loss=loss)
    sequences = ClusterSequences(Clusters.of(corpus, True), args, Draws(0))
    source = BatchSource(sequences, row_source(corpus.rows, model.device), model.device)
    prepared = [source.prepare(0)] * len(factors)

    def batch(iteration):
        whole = source.finish(prepared[iteration])
        return ClusterBatch(whole.observations * factors[iteration], whole.packing)

    return GenerativeStage(model, new_optimizer(model), batch, None, args, Draws(0))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("loss", ["running_mean", "sample_mean"])
def test_no_training_step_waits_for_the_device(device, loss):
    stage = generative_stage(device, [1.0] * 6, loss)
    stage.step(0).read()  # loads libraries
    with waiting_is_an_error():
        reports = [stage.step(iteration) for iteration in range(1, 6)]
    losses = [report.read().loss for report in reports]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("device", DEVICES)
def test_a_step_that_is_not_finite_is_skipped_on_the_device(device):
    skipping = generative_stage(device, [1.0, 1e30, 1.0])
    expected = generative_stage(device, [1.0, 1.0])
    record = run_stage(skipping, stage_context(), Silent())
    assert record.skipped == [1]
    assert record.losses == pytest.approx(run_stage(expected, stage_context(), Silent()).losses, rel=1e-4)


@pytest.mark.parametrize("device", DEVICES)
def test_the_losses_of_a_device_are_the_losses_of_a_cpu(device):
    records = [run_stage(generative_stage(name, [1.0] * 12), stage_context(), Silent()) for name in (device, "cpu")]
    assert records[0].losses == pytest.approx(records[1].losses, rel=1e-3)
    assert len(records[0].figures["learning_rate"]) == 12


# --- which one is taken ---


@pytest.fixture
def gpus(monkeypatch):
    """As if there were so many."""

    def pretend(number: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: number > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: number)

    return pretend


@pytest.mark.parametrize(
    ("number", "device", "enable_cuda", "taken"),
    [
        (0, "auto", True, "cpu"),
        (2, "auto", True, "cuda:0"),
        (2, "auto", False, "cpu"),
        (2, "cpu", True, "cpu"),
        (2, "cpu", False, "cpu"),
        (2, "cuda", True, "cuda:0"),
        (2, "cuda:1", True, "cuda:1"),
    ],
)
def test_the_device_follows_from_what_is_asked_for_and_what_there_is(gpus, number, device, enable_cuda, taken):
    gpus(number)
    assert device_of(ModelArguments(device=device, enable_cuda=enable_cuda)) == torch.device(taken)


@pytest.mark.parametrize(
    ("number", "device", "enable_cuda", "message"),
    [
        (0, "cuda", True, "a device that torch finds (cpu), but is 'cuda'"),
        (2, "cuda:2", True, "a device that torch finds (cpu, cuda:0, cuda:1), but is 'cuda:2'"),
        (2, "cuda", False, "must be 'auto' or 'cpu' if enable_cuda is False, but is 'cuda'"),
        (0, "cuda:0", False, "must be 'auto' or 'cpu' if enable_cuda is False, but is 'cuda:0'"),
    ],
)
def test_a_device_that_is_not_there_is_an_error_that_says_what_is(gpus, number, device, enable_cuda, message):
    gpus(number)
    with pytest.raises(uisrnn.ArgumentError) as refused:
        uisrnn.UISRNN(ModelArguments(device=device, enable_cuda=enable_cuda))
    assert message in str(refused.value)


def test_a_file_does_not_decide_about_the_device(models, tmp_path):
    model = models("plda", "cpu")
    kept = checkpoint_of(model._model)
    assert "device" not in kept.arguments
    elsewhere = dataclasses.replace(kept, arguments={**kept.arguments, "device": "cuda:7", "enable_cuda": False})
    checkpoint.write(tmp_path / "model", elsewhere)
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model", ModelArguments(device="cpu", verbosity=0))
    assert (loaded.arguments.device, loaded.arguments.enable_cuda) == ("cpu", True)
    assert loaded.fingerprint() == model.fingerprint()


# --- the command line ---


@pytest.fixture
def files(models, tmp_path):
    """A model and sequences with labels and times."""
    models("plda", "cpu").save(tmp_path / "model.uisrnn")
    meetings = [
        uisrnn.LabeledSequence(x, labels, np.arange(len(x)) * 0.5, name=f"meeting{number}")
        for number, (x, labels) in enumerate(zip(*TRAINING, strict=True))
    ]
    uisrnn.save_sequences(tmp_path / "data.npz", meetings)
    return tmp_path


COMMANDS = {
    "evaluate": ["model.uisrnn", "data.npz"],
    "tune": ["model.uisrnn", "data.npz", "--out", "tuned.uisrnn", "--trials", "2"],
    "train": ["data.npz", "--out", "trained.uisrnn", "--set", "discriminative_iteration=0"],
    "predict": ["model.uisrnn", "data.npz"],
    "diarize": ["none.wav"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_which_device_is_not_there(files, gpus, capsys, monkeypatch, command):
    gpus(0)
    monkeypatch.chdir(files)
    assert run([command, *COMMANDS[command], "--device", "cuda:1"]) == 2
    told = capsys.readouterr().err
    assert told == "uisrnn: device must be a device that torch finds (cpu), but is 'cuda:1'\n"
    assert run([command, *COMMANDS[command], "--device", "tpu"]) == 2
    assert "device must be auto, cpu, cuda or one of cuda:0, cuda:1, ..., but is 'tpu'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [one for one in COMMANDS if one != "diarize"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_command_works_on_the_device(files, monkeypatch, command, device):
    monkeypatch.chdir(files)
    assert run([command, *COMMANDS[command], "--device", device]) == 0
