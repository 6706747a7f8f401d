"""What models are fitted with, and which sequences are kept apart from it."""

import numpy as np
import pytest

from models import plda
from trainings import stage_context, together
from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.corpus import Corpus
from uisrnn.sequences.coded import CodedSequence
from uisrnn.training.draws import Draws
from uisrnn.training.gru_trainer import share_of_batch
from uisrnn.training.plda_trainer import PLDATrainer
from uisrnn.training.team import SingleProcess
from uisrnn.training.trainer import TrainingTask
from uisrnn.training.two_covariance import ClusterScatter


def corpus_of(labels):
    """Sequences with these labels."""
    generator = np.random.default_rng(0)
    return Corpus.of(
        [
            CodedSequence(generator.normal(size=(len(one), 3)).astype(np.float32), np.array(one), str(number))
            for number, one in enumerate(labels)
        ]
    )


def task_of(labels, seed=0, **arguments):
    args = TrainingArguments(**({"discriminative_iteration": 1} | arguments))
    return TrainingTask(corpus_of(labels), args, Draws(seed), stage_context())


SINGLE = [[3 + number] for number in range(60)]
TEACHING = [[0, 1], [1, 2, 0], [0, 0], [2, 2, 0], [1, 1, 0]]  # each shares a cluster with each


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("unique", [True, False])
def test_the_gru_learns_from_and_is_judged_by_sequences_that_can_be_wrong(seed, unique):
    """Most here are of one observation, and those that are not share their clusters."""
    task = task_of([*SINGLE, *TEACHING], seed, enforce_cluster_id_uniqueness=unique)
    train, apart = task.split()
    assert len(train) + len(apart) == 65
    assert sorted([*train.names, *apart.names]) == sorted(task.corpus.names)
    assert (train.lengths > 1).sum() == 4
    assert apart.lengths.tolist() in [[2], [3]]


def test_clusters_of_sequences_that_are_kept_apart_are_not_met_where_enough_are_left():
    labels = [[one // 2, 50 + one] for one in range(40)]  # pairs of sequences share a cluster
    train, apart = task_of(labels, enforce_cluster_id_uniqueness=False).split()
    assert len(apart) == 8
    assert not np.isin(train.blocks.codes, apart.blocks.codes).any()
    train, apart = task_of(labels, enforce_cluster_id_uniqueness=True).split()
    assert np.isin(train.blocks.codes, apart.blocks.codes).any()


@pytest.mark.parametrize("seed", range(20))
def test_every_fold_of_plda_has_something_that_can_be_wrong_and_does_not_know_its_clusters(seed):
    model = plda()
    task = task_of([*SINGLE, *TEACHING], seed)
    folds = PLDATrainer(model.float()).folds(task, ClusterScatter(task.corpus, unique=True))
    assert (len(folds.train), len(folds.development)) == (4, 1)
    every = [*folds.train, *folds.development]
    assert all((one.corpus.lengths > 1).all() for one in every)
    assert sorted(name for one in every for name in one.corpus.names) == ["60", "61", "62", "63", "64"]
    assert len({one.model.center[0].item() for one in every}) == 5


@pytest.mark.parametrize(
    ("labels", "arguments", "discriminative", "apart"),
    [
        (TEACHING, {}, True, True),
        ([*TEACHING[:4], [0]], {}, False, False),
        (TEACHING, {"discriminative_iteration": 0}, False, False),
        (TEACHING, {"discriminative_iteration": 0, "patience": 1}, False, True),
        (TEACHING[:4], {"patience": 1}, False, False),
    ],
)
def test_something_is_kept_apart_where_it_is_asked_for_and_enough(labels, arguments, discriminative, apart):
    task = task_of(labels, **arguments)
    assert (task.is_discriminative, task.keeps_apart) == (discriminative, apart)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((4, 1), False), ((3, 2), True), ((2, 2), False), ((9, 0), False), ((40, 2), True)],
    ids=str,
)
def test_of_several_processes_each_needs_one_to_learn_from_and_one_to_be_judged_by(shares, expected):
    args = TrainingArguments(discriminative_iteration=1)
    for own in shares:

        class Two(SingleProcess):
            def gather(self, value, own=own):
                assert value == own
                return list(shares)

        task = TrainingTask(corpus_of([[0, 0]] * own + [[0]] * 7), args, Draws(0), stage_context(team=Two()))
        assert task.keeps_apart == expected


def test_a_batch_has_a_sequence_for_each_process():
    def share_of(batch_size):
        args = TrainingArguments(batch_size=batch_size)
        return together(lambda member: share_of_batch(args, member))

    with pytest.raises(ValueError, match="batch_size must be at least 1 for each of 2 processes, but is 1"):
        share_of(1)
    assert [share_of(one) for one in (2, 5, None)] == [[1, 1], [3, 2], [None, None]]
