"""Training of the GRU: gradient steps as in the paper."""

import dataclasses
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch

from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.clusters import Clusters
from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import ArgumentError
from uisrnn.model.gru import GRUObservation
from uisrnn.parallel import products_on, threads_for_products
from uisrnn.progress import Progress
from uisrnn.training.batching import ClusterBatch, ClusterSequences, Prefetched
from uisrnn.training.discriminative import Fold
from uisrnn.training.draws import Draws, Purpose
from uisrnn.training.generative import GenerativeStage, new_optimizer
from uisrnn.training.loop import StageRecord, run
from uisrnn.training.row_sources import BatchSource, row_source
from uisrnn.training.team import Team
from uisrnn.training.tensors import largest_weight
from uisrnn.training.trainer import Folds, TrainingTask

_DEVELOPMENT_SEQUENCES = 64


class GRUTrainer:
    """Gradient steps on the training sequences; later calls continue with the state of the optimizer.

    Args:
        model: changed in place. After a failure it keeps its current weights.
    """

    learning_rate = 1e-4
    starting_scales: Sequence[float] = (1.0, 0.3, 0.1, 0.03)

    def __init__(self, model: GRUObservation) -> None:
        self._model = model
        self._optimizer: torch.optim.Adam | None = None

    def learns_with(self, args: TrainingArguments) -> bool:
        return args.train_iteration + args.discriminative_iteration > 0

    def guard(self) -> AbstractContextManager[None]:
        return nullcontext()

    def fit(self, task: TrainingTask, progress: Progress) -> tuple[StageRecord, Folds]:
        args = task.args
        draws = task.draws
        team = task.context.team
        corpus, apart = task.split() if task.keeps_apart else (task.corpus, None)
        args = dataclasses.replace(args, batch_size=share_of_batch(args, team))
        device = self._model.device
        rows = row_source(corpus.rows, device)

        def source(of: Corpus) -> BatchSource:
            clusters = Clusters.of(of, args.enforce_cluster_id_uniqueness)
            return BatchSource(ClusterSequences(clusters, args, draws), rows, device)

        development = None if apart is None or args.patience is None else _development_batch(source(apart), draws)
        if self._optimizer is None:
            self._optimizer = new_optimizer(self._model)
        batches = source(corpus)
        with Prefetched(batches.prepare, rows.ahead, args.train_iteration) as prepared:

            def batch(iteration: int) -> ClusterBatch:
                return batches.finish(prepared(iteration))

            stage = GenerativeStage(self._model, self._optimizer, batch, development, args, draws, team)
            entries = (args.batch_size or len(batches)) * largest_weight(self._model.parameters())
            with products_on(threads_for_products(entries)):
                record = run(stage, task.context, progress)
        if apart is None or not task.is_discriminative:
            return record, Folds()
        return record, Folds([Fold(self._model, corpus)], [Fold(self._model, apart)])


def share_of_batch(args: TrainingArguments, team: Team) -> int | None:
    """The number of cluster sequences of a batch that this process draws; None: all, as `args.batch_size`.

    Raises:
        ArgumentError: the batch has fewer cluster sequences than the team has processes.
    """
    if args.batch_size is None:
        return None
    if args.batch_size < team.size:
        raise ArgumentError(
            f"batch_size must be at least 1 for each of {team.size} processes, but is {args.batch_size}"
        )
    return args.batch_size // team.size + (team.rank < args.batch_size % team.size)


def _development_batch(source: BatchSource, draws: Draws) -> ClusterBatch:
    order = draws.generator(Purpose.DEVELOPMENT).permutation(len(source))
    return source.read(order[:_DEVELOPMENT_SEQUENCES])
