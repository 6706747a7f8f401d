"""What a watcher of training is told, and what TensorBoard finds in the files that are written from it."""

import os
import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

import uisrnn
from trainings import StopsAfter
from uisrnn.progress import Silent
from uisrnn.training.tensorboard import TensorBoard
from uisrnn.training.watcher import SilentWatcher

ARGS = uisrnn.TrainingArguments(train_iteration=4, learning_rate=0.01, discriminative_iteration=3)


@pytest.fixture
def data(generator):
    labels = [list("aabbacab")] * 6
    return [generator.normal(size=(8, 2)) for _ in labels], labels


def new_model(observation_model="gru"):
    given = {"observation_dim": 2, "rnn_hidden_size": 4, "crp_alpha": None, "seed": 1, "verbosity": 0}
    return uisrnn.UISRNN(uisrnn.ModelArguments(observation_model, **given))


def events(folder):
    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def curve(found, name):
    return {one.step: one.value for one in found.Scalars(name)}


def by_iteration(values):
    return pytest.approx(dict(enumerate(values)), rel=1e-6)  # files hold single precision


@pytest.mark.parametrize("observation_model", ["gru", "plda", "context_plda"])
def test_files_hold_what_the_history_tells(data, tmp_path, observation_model):
    model = new_model(observation_model)
    history = model.fit(*data, ARGS, watcher=TensorBoard(tmp_path))
    found = events(tmp_path)
    if observation_model == "gru":
        assert curve(found, "generative/loss") == by_iteration(history.loss)
        for name in ("negative_log_likelihood", "sigma2_prior", "regularization", "learning_rate"):
            assert curve(found, f"generative/{name}") == by_iteration(getattr(history, name))
    assert curve(found, "discriminative/loss") == by_iteration(history.discriminative)
    assert curve(found, "discriminative/development") == pytest.approx(history.development)
    assert sorted(history.development) == [0, 3]
    rates = list(curve(found, "discriminative/learning_rate").values())
    assert 0 < rates[-1] < max(rates)


def test_files_hold_what_was_learned_and_with_which_arguments(data, tmp_path):
    model = new_model()
    model.fit(*data, ARGS, watcher=TensorBoard(tmp_path))
    found = events(tmp_path)
    for name in ("transition_bias", "crp_alpha", "likelihood_scale"):
        assert curve(found, f"learned/{name}") == pytest.approx({7: getattr(model, name)})
    model_text, training_text = (
        found.Tensors(f"arguments/{group}/text_summary")[0].tensor_proto.string_val[0].decode()
        for group in ("model", "training")
    )
    assert "| rnn_hidden_size | 4 |" in model_text
    assert "| learning_rate | 0.01 |" in training_text


@pytest.mark.parametrize("observation_model", ["gru", "context_plda"])
def test_a_model_is_the_same_whether_it_is_watched_or_not(data, tmp_path, observation_model):
    alone, watched = new_model(observation_model), new_model(observation_model)
    assert alone.fit(*data, ARGS) == watched.fit(*data, ARGS, watcher=TensorBoard(tmp_path))
    assert alone.fingerprint() == watched.fingerprint()


def test_a_training_that_goes_on_goes_on_where_its_curve_ended(data, tmp_path):
    """In another process, so in another file of the same folder."""
    model, folder = new_model(), tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data, ARGS, watcher=StopsAfter(3), checkpoints=uisrnn.Checkpoints(folder, every=0))
    kept = uisrnn.Checkpoints(folder, resume=True)
    history = new_model().fit(*data, ARGS, watcher=TensorBoard(tmp_path / "runs"), checkpoints=kept)
    found = events(tmp_path / "runs")
    assert curve(found, "generative/loss") == {3: pytest.approx(history.loss[3], rel=1e-6)}
    assert curve(found, "discriminative/loss") == by_iteration(history.discriminative)


def test_what_is_kept_apart_in_generative_training_has_a_curve_too(data, tmp_path):
    args = uisrnn.TrainingArguments(train_iteration=30, patience=99)
    history = new_model().fit(*data, args, watcher=TensorBoard(tmp_path))
    assert curve(events(tmp_path), "generative/development") == pytest.approx(history.generative_development)
    assert sorted(history.generative_development) == [0, 25, 30]


def test_training_again_goes_on_where_the_curves_ended(data, tmp_path):
    model, board = new_model(), TensorBoard(tmp_path)
    losses = [loss for _ in range(2) for loss in model.fit(*data, ARGS, watcher=board).loss]
    assert curve(events(tmp_path), "generative/loss") == by_iteration(losses)


def test_a_model_of_closed_form_has_no_curves_but_what_it_learned(data, tmp_path):
    new_model("plda").fit(*data, watcher=TensorBoard(tmp_path))
    assert events(tmp_path).Tags()["scalars"] == [
        "learned/transition_bias", "learned/crp_alpha", "learned/likelihood_scale"
    ]  # fmt: skip


@pytest.fixture
def closed(monkeypatch):
    """The writers that were closed."""
    writers, close = [], SummaryWriter.close
    monkeypatch.setattr(SummaryWriter, "close", lambda writer: (writers.append(writer), close(writer)))
    return writers


def test_an_error_closes_the_files_and_leaves_what_came_before(data, tmp_path, closed):
    args = uisrnn.TrainingArguments(train_iteration=40, learning_rate=1e38)
    with pytest.raises(uisrnn.TrainingError):
        new_model().fit(*data, args, watcher=TensorBoard(tmp_path))
    assert len(closed) == 1
    assert 0 in curve(events(tmp_path), "generative/loss")


def test_an_interrupt_closes_the_files_and_another_training_may_follow(data, tmp_path, closed, monkeypatch):
    model, board = new_model("context_plda"), TensorBoard(tmp_path)

    def interrupted(stage, stage_context, progress):
        with progress:
            progress.advance(loss=2.5)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("uisrnn.training.fit.run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*data, ARGS, watcher=board)
    assert len(closed) == 1
    assert curve(events(tmp_path), "discriminative/loss") == {0: 2.5}
    model.fit(*data, ARGS, watcher=board)
    assert len(closed) == 2


def test_figures_that_cannot_be_written_are_an_error_and_the_model_is_as_before(data, tmp_path, closed, monkeypatch):
    def full(writer, *figure):
        raise OSError(28, "No space left on device")

    model = new_model("plda")
    before = model.fingerprint()
    monkeypatch.setattr(SummaryWriter, "add_scalar", full)
    with pytest.raises(OSError, match="No space left on device"):
        model.fit(*data, watcher=TensorBoard(tmp_path))
    assert (model.fingerprint(), model.fitted, len(closed)) == (before, False, 1)


def test_one_board_watches_one_training_at_a_time(data, tmp_path):
    with TensorBoard(tmp_path) as board, pytest.raises(uisrnn.ArgumentError, match="already watches a training"):
        new_model().fit(*data, ARGS, watcher=board)


def test_input_that_is_refused_leaves_no_file(tmp_path):
    with pytest.raises(uisrnn.InputError):
        new_model().fit([np.zeros((2, 3))], [[0, 1]], watcher=TensorBoard(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made(tmp_path):
    TensorBoard(tmp_path / "runs" / "1")
    assert (tmp_path / "runs" / "1").is_dir()


def test_a_folder_that_cannot_be_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="TensorBoard needs a folder that can be written to, but: File exists"):
        TensorBoard(tmp_path / "file")
    with pytest.raises(NotADirectoryError, match="TensorBoard needs a folder"):
        TensorBoard(tmp_path / "file" / "runs")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_an_error_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="TensorBoard needs a folder"):
        TensorBoard(tmp_path)


@pytest.mark.parametrize("folder", [None, 3, b"runs", "ru\0ns"])
def test_what_is_no_path_is_refused(folder):
    with pytest.raises(uisrnn.ArgumentError, match="folder must be a path"):
        TensorBoard(folder)


@pytest.mark.parametrize("watcher", [None, "runs/1"])
def test_what_is_no_watcher_is_refused(data, watcher):
    with pytest.raises(
        uisrnn.ArgumentError, match=r"watcher must be a Watcher, for example TensorBoard\('runs/1'\), but is"
    ):
        new_model().fit(*data, ARGS, watcher=watcher)


def test_any_object_can_watch(data):
    class Heard(SilentWatcher):
        def __init__(self):
            self.said = []

        def started(self, **arguments):
            self.said.append(sorted(arguments))

        def stage(self, name):
            self.said.append(name)
            return Silent()

        def learned(self, **scalars):
            self.said.append(sorted(scalars))

    heard = Heard()
    new_model().fit(*data, ARGS, watcher=heard)
    scalars = ["crp_alpha", "likelihood_scale", "transition_bias"]
    assert heard.said == [["model", "training"], "generative", "discriminative", scalars]


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    for name in [one for one in sys.modules if one.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(uisrnn.MissingExtraError, match=r"TensorBoard needs tensorboard: pip install 'uisrnn\[tens"):
        TensorBoard(tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
