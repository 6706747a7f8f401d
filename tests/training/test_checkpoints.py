"""A training that was interrupted goes on as if it had not been, to the last bit."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import safetensors.torch
import torch

import uisrnn
from trainings import StopsAfter, calls, new_model
from uisrnn import Checkpoints, TrainingArguments
from uisrnn.checkpoint import container
from uisrnn.training.watcher import SILENT_WATCHER

DATA = calls(8, longest=3)


def case(kind, steps, model=(), **training):
    """A training, and how many steps it has."""
    args = {"learning_rate": 0.02, "batch_size": 4, "num_permutations": 3} | training
    return kind, dict(model), args, steps


CASES = {
    "gru": case("gru", 9, {"rnn_depth": 2, "rnn_dropout": 0.5}, train_iteration=9, loss="sample_mean", bucket_size=4),
    "gru, early stopping": case(
        "gru",
        50,
        {"rnn_depth": 2},
        train_iteration=200,
        patience=25,
        loss="sample_mean",
        sample_number=1,
        learning_rate=0.3,
    ),
    "gru, both stages": case(
        "gru", 5 + 4, train_iteration=5, discriminative_iteration=4, enforce_cluster_id_uniqueness=False
    ),
    "context_plda": case("context_plda", 6, discriminative_iteration=6, patience=25),
    "plda": case("plda", 4, discriminative_iteration=4),
}


@pytest.fixture(params=CASES)
def training(request):
    return CASES[request.param]


def fitted(training, checkpoints=None, watcher=SILENT_WATCHER, seed=1, **more):
    kind, given, args, _steps = training
    model = new_model(kind, seed=seed, **given)
    history = model.fit(DATA, args=TrainingArguments(**(args | more)), checkpoints=checkpoints, watcher=watcher)
    return model, history


def outcome(model, history, tmp_path):
    """The bytes of the model's file, and what happened."""
    model.save(tmp_path / "model.uisrnn")
    return (tmp_path / "model.uisrnn").read_bytes(), history


def interrupted(training, checkpoints, steps, **more):
    with pytest.raises(KeyboardInterrupt):
        fitted(training, checkpoints, StopsAfter(steps), **more)


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def unpacked(path):
    return container.unpack(path.read_bytes(), "uisrnn-training", "checkpoint", "")


def packed(path, tensors, header):
    path.write_bytes(container.pack(tensors, "uisrnn-training", header))


WHOLE = {}


@pytest.fixture
def whole(request, training, tmp_path):
    """What the training gives that was not interrupted; once for each."""
    key = request.node.callspec.params["training"]
    if key not in WHOLE:
        WHOLE[key] = outcome(*fitted(training), tmp_path)
    return WHOLE[key]


# --- interrupted, and gone on with ---


def test_early_stopping_takes_parameters_of_before_the_end():
    """So that the other tests show that these are kept."""
    _model, history = fitted(CASES["gru, early stopping"])
    assert list(history.generative_development) == [0, 25, 50]
    assert min(history.generative_development.items(), key=lambda one: one[1])[0] == 25


def test_keeping_checkpoints_changes_nothing(training, whole, tmp_path):
    assert outcome(*fitted(training, Checkpoints(tmp_path / "kept", every=0)), tmp_path) == whole


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_a_training_that_was_interrupted_goes_on_to_the_same_model(training, whole, tmp_path, share):
    """With another seed too: the checkpoint knows that with which it began."""
    steps = max(int(share * training[-1]), 1)
    interrupted(training, Checkpoints(tmp_path / "kept", every=0), steps)
    again = Checkpoints(tmp_path / "kept", every=0, resume=True)
    found = fitted(training, again, seed=77 if training[0] == "gru" else 1)
    assert outcome(*found, tmp_path) == whole


def test_interrupted_again_and_again_it_still_arrives(training, whole, tmp_path):
    kept, every = tmp_path / "kept", 1 if training[-1] < 10 else 7
    interrupted(training, Checkpoints(kept, every=0), every)
    for _ in range(training[-1] // every - 1):
        interrupted(training, Checkpoints(kept, every=0, resume=True), every)
    assert outcome(*fitted(training, Checkpoints(kept, every=0, resume=True)), tmp_path) == whole


class StepsLeft:
    """A deadline after so many steps."""

    def __init__(self, steps):
        self._left = steps

    def is_over(self, team):
        self._left -= 1
        return self._left < 0


@pytest.mark.parametrize("steps", [0, 3])
def test_a_training_that_is_out_of_time_goes_on_to_the_same_model(training, whole, tmp_path, monkeypatch, steps):
    def fit(steps):
        monkeypatch.setattr("uisrnn.uisrnn.Deadline", lambda _seconds: StepsLeft(steps))
        return fitted(training, Checkpoints(tmp_path / "kept", resume=True), max_time=3.0)

    history = uisrnn.History()
    for _ in range(30 if steps else 1):
        model, history = fit(steps)
        if outcome(model, history, tmp_path) == whole:
            break
    assert len(history) + len(history.discriminative) <= training[-1]
    assert outcome(*fit(999), tmp_path) == whole


def test_time_that_is_over_while_generating_leaves_nothing_for_what_comes_after(tmp_path, monkeypatch):
    monkeypatch.setattr("uisrnn.uisrnn.Deadline", lambda _seconds: StepsLeft(2))
    model, history = fitted(CASES["gru, both stages"], max_time=1.0)
    assert (len(history), history.discriminative, history.development) == (2, [], {})
    assert model.likelihood_scale == new_model().likelihood_scale
    assert model.transition_bias is not None


def test_max_time_is_in_seconds(tmp_path):
    start = time.monotonic()
    _model, history = fitted(CASES["gru"], train_iteration=10**7, max_time=0.3)
    assert 0.3 <= time.monotonic() - start < 60
    assert 0 < len(history) < 10**7


def test_a_training_that_has_ended_is_as_it_was_and_nothing_is_written(training, whole, tmp_path):
    fitted(training, Checkpoints(tmp_path / "kept", every=0))
    before = {one: (one.stat().st_mtime_ns, one.read_bytes()) for one in (tmp_path / "kept").iterdir()}
    found = fitted(training, Checkpoints(tmp_path / "kept", every=0, resume=True))
    assert outcome(*found, tmp_path) == whole
    assert {one: (one.stat().st_mtime_ns, one.read_bytes()) for one in (tmp_path / "kept").iterdir()} == before


def test_a_skipped_step_is_remembered(tmp_path):
    training = CASES["gru"]
    interrupted(training, Checkpoints(tmp_path / "kept", every=0), 6)
    last = tmp_path / "kept" / "checkpoint-00000005.safetensors"
    tensors, header = unpacked(last)
    tensors["generative/course.skipped"] = torch.tensor([1, 4])
    packed(last, tensors, header)
    _model, history = fitted(training, Checkpoints(tmp_path / "kept", resume=True))
    assert history.skipped == [1, 4]


# --- which are kept, and when ---


@pytest.mark.parametrize("keep", [1, 3])
def test_the_last_few_are_kept_in_numbers_that_go_on(tmp_path, keep):
    training = CASES["gru"]
    interrupted(training, Checkpoints(tmp_path, every=0, keep=keep), 5)
    assert names(tmp_path) == [f"checkpoint-{one:08}.safetensors" for one in range(5 - keep, 5)]
    fitted(training, Checkpoints(tmp_path, every=0, keep=keep, resume=True))
    assert names(tmp_path) == [f"checkpoint-{one:08}.safetensors" for one in range(10 - keep, 10)]


def test_at_the_end_of_each_stage_there_is_one_however_long_the_minutes_are(tmp_path):
    fitted(CASES["gru, both stages"], Checkpoints(tmp_path, every=9e8))
    assert names(tmp_path) == ["checkpoint-00000000.safetensors", "checkpoint-00000001.safetensors"]


def test_minutes_are_minutes(tmp_path, monkeypatch):
    now = iter(range(0, 10**6, 20))  # it is asked after each step, and when one was written
    monkeypatch.setattr("uisrnn.training.checkpoints.time.monotonic", lambda: next(now))
    interrupted(CASES["gru"], Checkpoints(tmp_path, every=1, keep=99), 8)
    assert len(names(tmp_path)) == 2


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    others = ["checkpoint-1.safetensors", ".1234.tmp", "notes.txt", "checkpoint-00000000.safetensors.bak"]
    for one in others:
        (tmp_path / one).write_text("mine")
    fitted(CASES["gru"], Checkpoints(tmp_path, every=0, keep=1))
    assert names(tmp_path) == sorted([*others, "checkpoint-00000009.safetensors"])
    assert all((tmp_path / one).read_text() == "mine" for one in others)


# --- what cannot be ---


def test_a_folder_with_checkpoints_is_not_begun_anew(tmp_path):
    fitted(CASES["plda"], Checkpoints(tmp_path))
    message = f"{tmp_path} holds checkpoints of an earlier training: go on with resume, or take another folder"
    with pytest.raises(uisrnn.ArgumentError, match=message):
        fitted(CASES["plda"], Checkpoints(tmp_path))


def test_to_go_on_from_nothing_begins_with_a_warning(tmp_path, caplog):
    with caplog.at_level("INFO"):
        kind, given, args, _steps = CASES["gru"]
        for _ in range(2):
            model = new_model(kind, **given, verbosity=3)
            model.fit(DATA, args=TrainingArguments(**args), checkpoints=Checkpoints(tmp_path, resume=True))
    told = [one.message for one in caplog.records]
    assert f"there is no checkpoint in {tmp_path} yet: beginning" in told
    assert f"going on from {tmp_path / 'checkpoint-00000000.safetensors'}" in told


def other_data():
    return [*DATA[:-1], uisrnn.LabeledSequence(DATA[-1].observations, DATA[-1].labels[::-1])]


@pytest.mark.parametrize(
    ("data", "model", "training", "message"),
    [
        (None, {}, {"learning_rate": 0.5}, "training arguments that it began with, but learning_rate was 0.02, is 0.5"),
        (None, {}, {"batch_size": None, "patience": 3}, "batch_size was 4, is None, patience was None, is 3"),
        (None, {"rnn_hidden_size": 5}, {}, "model arguments that it began with, but rnn_hidden_size was 4, is 5"),
        (other_data(), {}, {}, "sequences that it began with, but these are others"),
        (DATA[:-1], {}, {}, "sequences that it began with, but these are others"),
    ],
)
def test_another_training_is_not_gone_on_with(tmp_path, data, model, training, message):
    kind, given, args, _steps = CASES["gru"]
    interrupted(CASES["gru"], Checkpoints(tmp_path, every=0), 3)
    before = names(tmp_path)
    other = new_model(kind, **(given | model))
    with pytest.raises(uisrnn.ArgumentError, match=f"checkpoint-00000002.safetensors: a training .* {message}"):
        other.fit(
            data or DATA, args=TrainingArguments(**(args | training)), checkpoints=Checkpoints(tmp_path, resume=True)
        )
    assert names(tmp_path) == before
    assert not other.fitted


def test_a_model_that_has_learned_meanwhile_is_another_one(tmp_path):
    """Its estimates would be averaged with those of its earlier training."""
    model, _history = fitted(CASES["plda"], Checkpoints(tmp_path))
    args = TrainingArguments(**CASES["plda"][2])
    with pytest.raises(uisrnn.ArgumentError, match="scalars of the model that it began with"):
        model.fit(DATA, args=args, checkpoints=Checkpoints(tmp_path, resume=True))


@pytest.mark.skipif(sys.platform == "win32", reason="folders are locked as on POSIX")
def test_two_trainings_do_not_share_a_folder(tmp_path):
    keeping = Checkpoints(tmp_path).begin({}, seed=0)
    message = f"{tmp_path}: another training keeps its checkpoints there now"
    with pytest.raises(uisrnn.ArgumentError, match=message):
        fitted(CASES["plda"], Checkpoints(tmp_path))
    keeping.close()
    fitted(CASES["plda"], Checkpoints(tmp_path))
    for _ in range(2):  # nor does one that fails keep it
        with pytest.raises(uisrnn.ArgumentError, match="holds checkpoints of an earlier training"):
            fitted(CASES["plda"], Checkpoints(tmp_path))


def test_what_concerns_the_process_may_change(tmp_path):
    kind, given, args, _steps = CASES["gru"]
    interrupted(CASES["gru"], Checkpoints(tmp_path, every=0), 3)
    model = new_model(kind, **given, device="cpu", enable_cuda=False, verbosity=1)
    model.fit(DATA, args=TrainingArguments(**args, max_time=1e9), checkpoints=Checkpoints(tmp_path, resume=True))
    assert model.fitted


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def model_file(path):
    new_model("plda", transition_bias=0.5).save(path)


def foreign(path):
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(1)}))


def later(path):
    tensors, header = unpacked(path)
    packed(path, tensors, {**header, "format_version": 99})


def headless(path):
    tensors, header = unpacked(path)
    packed(path, tensors, {**header, "seed": "one"})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncated, "not a whole checkpoint"),
        (empty, "not a whole checkpoint"),
        (model_file, "not a checkpoint of a training"),
        (foreign, "not a checkpoint of a training"),
        (later, "its format 99 is not known here"),
        (headless, "its header is damaged"),
    ],
)
def test_a_damaged_or_foreign_file_is_an_error_and_without_it_the_one_before_is_taken(tmp_path, damage, message):
    training = CASES["gru"]
    interrupted(training, Checkpoints(tmp_path / "kept", every=0), 4)
    last = tmp_path / "kept" / "checkpoint-00000003.safetensors"
    damage(last)
    with pytest.raises(uisrnn.CheckpointError) as raised:
        fitted(training, Checkpoints(tmp_path / "kept", resume=True))
    told = str(raised.value)
    assert told.startswith(f"{last}: {message}")
    assert told.endswith("without this file, the checkpoint before it is taken")
    last.unlink()
    found = fitted(training, Checkpoints(tmp_path / "kept", resume=True))
    assert outcome(*found, tmp_path) == outcome(*fitted(training), tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model.sigma2", torch.ones(9)),
        ("model.sigma2", None),
        ("adam.0.exp_avg", torch.ones(9)),
        ("adam.0.step", None),
        ("best.0", torch.ones(9)),
        ("course.now", torch.tensor(3)),
        ("course.now", torch.tensor([1, 2, 3])),
        ("course.checks", torch.ones(3)),
        ("course.losses", None),
    ],
    ids=str,
)
def test_contents_that_do_not_fit_are_an_error(tmp_path, name, value):
    training = CASES["gru, early stopping"]
    interrupted(training, Checkpoints(tmp_path, every=0, keep=1), 3)
    path = next(tmp_path.iterdir())
    tensors, header = unpacked(path)
    del tensors[f"generative/{name}"]
    if value is not None:
        tensors[f"generative/{name}"] = value
    packed(path, tensors, header)
    with pytest.raises(uisrnn.CheckpointError, match="does not fit this training"):
        fitted(training, Checkpoints(tmp_path, resume=True))


@pytest.mark.parametrize("folder", [None, 3, b"kept", "", "ke\0pt"])
def test_what_is_no_path_is_refused(folder):
    with pytest.raises(uisrnn.ArgumentError, match="folder must be a path"):
        Checkpoints(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [("every", -1), ("every", float("nan")), ("every", "10"), ("every", True), ("keep", 0), ("keep", 1.5)],
)
def test_numbers_are_checked(tmp_path, name, value):
    with pytest.raises(uisrnn.ArgumentError, match=f"{name} must be"):
        Checkpoints(tmp_path, **{name: value})


@pytest.mark.parametrize("wrong", ["kept", True, 5])
def test_what_are_no_checkpoints_is_refused(wrong):
    with pytest.raises(uisrnn.ArgumentError, match=r"checkpoints must be Checkpoints\('folder'\) or None, but is"):
        fitted(CASES["plda"], wrong)


def test_a_folder_that_cannot_be_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        fitted(CASES["plda"], Checkpoints(tmp_path / "file"))


# --- disks and processes that fail ---


@pytest.mark.parametrize("at", [0, 2, 7])
def test_a_full_disk_stops_it_and_leaves_the_last_one_whole(tmp_path, monkeypatch, at):
    training, written, fsync = CASES["gru, both stages"], [], os.fsync

    def full(handle):
        if not os.path.isdir(f"/proc/self/fd/{handle}"):  # a file, not its folder
            written.append(handle)
        if len(written) > at:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device"):
            fitted(training, Checkpoints(tmp_path / "kept", every=0, keep=2))
    assert names(tmp_path / "kept") == [f"checkpoint-{one:08}.safetensors" for one in range(max(at - 2, 0), at)]
    found = fitted(training, Checkpoints(tmp_path / "kept", resume=True))
    assert outcome(*found, tmp_path) == outcome(*fitted(training), tmp_path)


KILLED = """
import json, sys
import torch
import uisrnn
from trainings import calls, new_model

torch.set_num_threads(1)
uisrnn.training.discriminative.DEVELOPMENT_CROPS = 8
kind, given, args = json.loads(sys.argv[2])
kept = uisrnn.Checkpoints(sys.argv[1], every=0, resume=True)
new_model(kind, **given).fit(calls(8, longest=3), args=uisrnn.TrainingArguments(**args), checkpoints=kept)
"""


def killed(training, folder, repository, until):
    """Train in a process that is killed when `until` says so; whether it was."""
    command = [sys.executable, "-c", KILLED, str(folder), json.dumps(training[:3])]
    environment = {**os.environ, "PYTHONPATH": str(repository / "tests")}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not until():
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        told = process.stderr.read()
    assert process.returncode in (0, -signal.SIGKILL), told
    return process.returncode != 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="processes are killed with a signal of POSIX")
@pytest.mark.parametrize(
    ("name", "more", "moments"),
    [
        ("gru, both stages", {"train_iteration": 60, "discriminative_iteration": 30}, (10, 62)),
        ("context_plda", {"discriminative_iteration": 40}, (0, 20)),
    ],
)
def test_a_training_that_is_killed_goes_on_to_the_same_model(tmp_path, repository, name, more, moments):
    kind, given, args, _steps = CASES[name]
    training, kept = (kind, given, args | more, 0), tmp_path / "kept"
    assert all(killed(training, kept, repository, lambda moment=moment: _newest(kept) >= moment) for moment in moments)
    found = fitted(training, Checkpoints(kept, every=0, resume=True))
    assert outcome(*found, tmp_path) == outcome(*fitted(training), tmp_path)


def _newest(folder):
    return max((int(one.name[11:19]) for one in folder.glob("checkpoint-*.safetensors")), default=-1)
