"""Several processes learn what one of them would learn from all sequences."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from corpora import SEQUENCES
from models import DIM as PLDA_DIM
from models import joint, plda
from trainings import batch_of, calls, stage_context, together
from trainings import new_model as new_uisrnn
from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.corpus import Corpus
from uisrnn.model.gru import GRUObservation
from uisrnn.progress import Silent
from uisrnn.sequences.coded import CodedSequence, labeled
from uisrnn.training.discriminative import DiscriminativeStage, Fold
from uisrnn.training.draws import Draws
from uisrnn.training.expected_errors import expected_errors
from uisrnn.training.generative import GenerativeStage, new_optimizer
from uisrnn.training.loop import Deadline, run
from uisrnn.training.plda_trainer import PLDATrainer
from uisrnn.training.scalars import crp_alpha_of, transition_bias_of, transition_spread_of
from uisrnn.training.sequence_scores import LearnedPrior
from uisrnn.training.team import SINGLE_PROCESS, average_gradients, succeeded
from uisrnn.training.trainer import TrainingTask
from uisrnn.training.two_covariance import ClusterScatter

SHARES = SEQUENCES.filter(lambda sequences: len(sequences) > 1)


def noisy(sequences):
    generator = np.random.default_rng(0)
    return [
        CodedSequence(generator.normal(size=one.observations.shape).astype(np.float32), one.labels) for one in sequences
    ]


# --- sums that add up ---


@given(sequences=SHARES, unique=st.booleans(), size=st.integers(2, 3))
@settings(deadline=None, max_examples=40)
def test_covariances_of_shares_are_those_of_all_sequences(sequences, unique, size):
    sequences = noisy(sequences)
    size = min(size, len(sequences))
    whole = ClusterScatter(Corpus.of(sequences), unique)
    left_out = whole.clusters_of(np.array([0]))
    expected = [whole.covariances(), whole.covariances(without=left_out)]

    def of_share(member):
        found = ClusterScatter(Corpus.of(sequences[member.rank :: size]), unique, member)
        mine = found.clusters_of(np.array([0] if member.rank == 0 else [], dtype=np.int64))
        return [found.covariances(), found.covariances(without=mine)]

    for found in together(of_share, size):
        for one, other in zip(found, expected, strict=True):
            for name in ("center", "within", "between"):
                assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6, abs=1e-9)


def scalars(corpus, team):
    """p0 with its weight, r and alpha."""
    return (*transition_bias_of(corpus, team), transition_spread_of(corpus, 0.3, team), crp_alpha_of(corpus, team))


@given(sequences=SHARES)
@settings(deadline=None, max_examples=40)
def test_scalars_of_shares_are_those_of_all_sequences(sequences):
    whole = Corpus.of(sequences)

    def of_share(member):
        corpus = Corpus.of(sequences[member.rank :: 2])
        return scalars(corpus, member)

    expected = scalars(whole, SINGLE_PROCESS)
    assert together(of_share) == [expected] * 2


def test_alone_they_are_the_estimates_from_labels():
    sequences = calls(6)
    corpus, labels = Corpus.of(labeled(sequences)[0]), [list(one.labels) for one in sequences]
    assert transition_bias_of(corpus, SINGLE_PROCESS) == uisrnn.estimate_transition_bias(labels)
    assert crp_alpha_of(corpus, SINGLE_PROCESS) == pytest.approx(uisrnn.estimate_crp_alpha(labels, prior=(2, 1)))


@pytest.mark.parametrize("size", [2, 4])
def test_folds_lack_the_clusters_of_their_own_sequences_only(size):
    coded = labeled(calls(16))[0]
    whole = ClusterScatter(Corpus.of(coded), unique=False)
    args = TrainingArguments(discriminative_iteration=1, enforce_cluster_id_uniqueness=False)

    def folds_of(member):
        task = TrainingTask(
            Corpus.of(coded[member.rank :: size]), args, Draws(0, member.rank), stage_context(team=member)
        )
        _record, folds = PLDATrainer(new_uisrnn("plda")._model.observation).fit(task, Silent())
        return [(one.corpus.names, one.model.center.tolist()) for one in (*folds.train, *folds.development)]

    found = [fold for folds in together(folds_of, size) for fold in folds]
    assert sorted(name for names, _center in found for name in names) == sorted(one.name for one in coded)
    for names, center in found:
        numbers = np.array([number for number, one in enumerate(coded) if one.name in names])
        expected = whole.covariances(without=whole.clusters_of(numbers))
        assert center == pytest.approx(expected.center, rel=1e-5)


# --- gradients ---


def pieces(seed=0):
    """Cluster sequences that are not equally many observations to each."""
    generator = np.random.default_rng(seed)
    return [generator.normal(size=(length, 2)).astype(np.float32) for length in (9, 4, 2)]


def new_model():
    """The same, whatever other threads draw from torch meanwhile."""
    model, generator = GRUObservation(2, 4).eval(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for one in [*model.network.parameters(), model.init_hidden]:
            one.copy_(torch.randn(one.shape, generator=generator) * 0.5)
    return model


def shares_of(sequences):
    return [sequences[:2], sequences[2:]]


ARGS = TrainingArguments(train_iteration=6, learning_rate=0.02, regularization_weight=0.01)


@pytest.fixture(autouse=True)
def _torch_as_before():
    with torch.random.fork_rng(devices=[]):
        yield


def learned_from(batches, member=SINGLE_PROCESS, args=ARGS):
    """The model, its gradients of the last step, and how it went."""
    model = new_model()
    stage = GenerativeStage(
        model, new_optimizer(model), lambda iteration: batch_of(batches[iteration]), None, args, Draws(0), member
    )
    record = run(stage, stage_context(team=member), Silent())
    return [one.detach().clone() for one in model.parameters()], [one.grad for one in model.parameters()], record


def test_a_step_of_two_is_that_of_one_on_the_batches_of_both():
    batches = [pieces(seed) for seed in range(6)]
    weights, gradients, record = learned_from(batches)
    shares = [[shares_of(one)[rank] for one in batches] for rank in range(2)]
    one, other = together(lambda member: learned_from(shares[member.rank], member))
    for found in (one, other):
        torch.testing.assert_close(found[1], gradients, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(found[0], weights, rtol=1e-3, atol=1e-4)
        assert found[2].losses == pytest.approx(record.losses, rel=1e-4)
    assert all(map(torch.equal, one[0], other[0]))
    assert one[2] == other[2]


@pytest.mark.parametrize("broken", [0, 1])
def test_what_is_not_finite_in_one_is_skipped_by_both(broken):
    batches = [[shares_of(pieces(seed))[rank] for seed in range(6)] for rank in range(2)]
    batches[broken][2] = [one * 1e30 for one in batches[broken][2]]
    one, other = together(lambda member: learned_from(batches[member.rank], member))
    assert one[2].skipped == other[2].skipped == [2]
    assert all(map(torch.equal, one[0], other[0]))
    assert all(bool(weight.isfinite().all()) for weight in one[0])


def test_what_each_draws_is_its_own():
    """But for what all must agree on, which the first draws."""
    args = TrainingArguments(train_iteration=3, loss="sample_mean", sample_number=1)
    batches = [[pieces()] * 3] * 2
    one, other = together(lambda member: learned_from(batches[member.rank], member, args))
    assert one[2] == other[2]
    assert Draws(0, rank=0).generator(0).random() != Draws(0, rank=1).generator(0).random()


def test_a_process_without_a_gradient_has_zero():
    def gradient(member):
        weight, other = torch.ones(2, requires_grad=True), torch.ones((), requires_grad=True)
        if member.rank == 0:
            (3 * weight.sum()).backward()
        average_gradients(member, [weight, other])
        return weight.grad.tolist(), other.grad.item()

    assert together(gradient) == [([1.5, 1.5], 0.0)] * 2


def test_alone_gradients_stay_as_they_are():
    weight = torch.ones(2, requires_grad=True)
    average_gradients(SINGLE_PROCESS, [weight])
    assert weight.grad is None


# --- discriminative training ---


def conversations(seed):
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(4):
        labels = np.repeat(generator.integers(3, size=5), 3)
        x = generator.normal(size=(3, PLDA_DIM))[labels] * 4 + generator.normal(size=(15, PLDA_DIM))
        found.append(CodedSequence(x.astype(np.float32), labels))
    return Corpus.of(found)


def discriminative(member, objective=expected_errors, iterations=3):
    model, prior = plda(feature_dim=PLDA_DIM), LearnedPrior(joint(None, scale=0.5))
    train, apart = (
        [Fold(model, conversations(2 * member.rank + number))] for number in (0, 1)
    )  # of each process its own
    stage = DiscriminativeStage(train, apart, prior, objective, iterations, 0.03, Draws(0, member.rank), member)
    record = run(stage, stage_context(team=member), Silent())
    return [one.detach().clone() for one in stage.parameters], record


def test_both_end_with_the_same_parameters_and_judge_alike():
    one, other = together(discriminative)
    assert all(map(torch.equal, one[0], other[0]))
    assert one[1] == other[1]
    assert not torch.equal(one[0][0], discriminative(SINGLE_PROCESS)[0][0])


def test_a_loss_that_is_not_finite_in_one_is_skipped_by_both_here_too():
    def work(member):
        steps = iter([1.0, float("nan") if member.rank else 1.0, 1.0])

        def objective(model, prior, sequences):
            loss = expected_errors(model, prior, sequences)
            return loss * next(steps) if loss.requires_grad else loss

        return discriminative(member, objective)

    one, other = together(work)
    assert one[1].skipped == other[1].skipped == [1]
    assert all(map(torch.equal, one[0], other[0]))


# --- what all must agree on ---


def test_time_is_over_when_it_is_for_the_first():
    def over(member):
        return Deadline(1e-9 if member.rank == 0 else 1e9).is_over(member), Deadline(None).is_over(member)

    assert together(over) == [(True, False)] * 2


def test_an_error_of_one_is_raised_by_all():
    def work(member):
        def read():
            if member.rank == 1:
                raise uisrnn.InputError("b.npz is damaged")
            return "a.npz"

        with pytest.raises(uisrnn.InputError, match=r"b\.npz is damaged"):
            succeeded(member, read)
        return succeeded(member, lambda: member.rank)

    assert together(work) == [0, 1]


def test_what_is_no_team_is_refused():
    with pytest.raises(uisrnn.ArgumentError, match=r"team must be a Team, for example ProcessGroup\(\), but is 2"):
        new_uisrnn("plda").fit(calls(2), team=2)
    with pytest.raises(uisrnn.ArgumentError, match=r"needs torch\.distributed\.init_process_group to be called"):
        uisrnn.ProcessGroup()


def test_sequences_in_memory_cannot_be_shared_out():
    message = "train_sequences must be a Dataset or a path if several processes train"

    def fit(member):
        uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=3)).fit(calls(2), team=member)

    with pytest.raises(uisrnn.ArgumentError, match=message):
        together(fit)


# --- processes ---

PROCESS = """
import dataclasses, json, pathlib, sys
import torch
from torch import distributed
import uisrnn
from trainings import StopsAfter, new_model
from uisrnn.training.team import ProcessGroup
from uisrnn.training.watcher import SILENT_WATCHER

folder, rank, kind, unique, how = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "unique", sys.argv[5]
torch.set_num_threads(1)
distributed.init_process_group("gloo", init_method=f"file://{folder}/{how}", rank=rank, world_size=2)
team = ProcessGroup()
both = torch.ones(2) * rank, torch.ones((), dtype=torch.float64) * 4 * rank
team.average(list(both))
assert [one.tolist() for one in both] == [[0.5, 0.5], 2.0] and both[1].dtype == torch.float64
assert team.sum([1.5, rank]).tolist() == [3.0, 1.0]
assert team.gather({"rank": rank}) == [{"rank": 0}, {"rank": 1}]
assert team.agree(rank == 0) and not team.agree(rank == 1)
args = uisrnn.TrainingArguments(
    train_iteration=8, discriminative_iteration=3, patience=30, enforce_cluster_id_uniqueness=unique
)
watcher, kept = SILENT_WATCHER, None
if how == "stopped":
    watcher, kept = StopsAfter(2), uisrnn.Checkpoints(f"{folder}/kept", every=0)
elif how == "resumed":
    kept = uisrnn.Checkpoints(f"{folder}/kept", every=0, resume=True)
model = new_model(kind)
try:
    history = model.fit(f"{folder}/calls.npz", args=args, team=team, checkpoints=kept, watcher=watcher)
except KeyboardInterrupt:
    sys.exit()
scalars = [model.transition_bias, model.crp_alpha]
print(json.dumps([model.fingerprint(), scalars, dataclasses.asdict(history)], allow_nan=False))
distributed.destroy_process_group()
threads = [task.read_text() for task in pathlib.Path("/proc/self/task").glob("*/comm")]
assert not any("gloo" in name for name in threads), threads  # one that outlives the group may abort the process
"""


@pytest.fixture
def folder(tmp_path):
    """With sequences to read."""
    uisrnn.save_sequences(tmp_path / "calls.npz", calls(12))
    return tmp_path


def two_processes(folder, repository, kind, unique, how):
    """What both print."""
    environment = {**os.environ, "PYTHONPATH": str(repository / "tests")}
    commands = [
        [sys.executable, "-c", PROCESS, str(folder), str(rank), kind, "unique" if unique else "shared", how]
        for rank in range(2)
    ]
    running = [
        subprocess.Popen(one, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for one in commands
    ]
    told = [one.communicate(timeout=300) for one in running]
    assert [one.returncode for one in running] == [0, 0], told
    return [json.loads(out) if out else None for out, _err in told]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "unique"), [("gru", False), ("context_plda", True)])
def test_two_processes_end_with_one_model_which_an_interruption_does_not_change(folder, repository, kind, unique):
    one, other = two_processes(folder, repository, kind, unique, "whole")
    assert one == other
    labels = [list(call.labels) for call in calls(12)]
    assert one[1] == [
        pytest.approx(uisrnn.estimate_transition_bias(labels)[0], rel=0.2),  # and learned discriminatively from there
        pytest.approx(uisrnn.estimate_crp_alpha(labels, prior=(2, 1)), rel=0.2),
    ]
    assert len(one[2]["discriminative"]) == 3
    assert two_processes(folder, repository, kind, unique, "stopped") == [None, None]
    assert list((folder / "kept").iterdir())
    assert two_processes(folder, repository, kind, unique, "resumed") == [one, one]


def test_all_must_begin_with_the_same_model(folder):
    def fit(member):
        new_uisrnn("gru", seed=member.rank).fit(folder / "calls.npz", team=member)

    with pytest.raises(uisrnn.ArgumentError, match="all processes must begin with equal models: give each the same"):
        together(fit)
