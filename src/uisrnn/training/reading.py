"""Training sequences in any form that `UISRNN.fit` accepts, as a corpus."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from uisrnn.corpus.corpus import Corpus
from uisrnn.corpus.dataset import Dataset
from uisrnn.errors import ArgumentError
from uisrnn.log import ModelLogger
from uisrnn.model.model import Model
from uisrnn.progress import bar_for
from uisrnn.sequences import coded as data
from uisrnn.sequences.labeled import front_ends_of
from uisrnn.training.team import Team, agreed, succeeded


@dataclass(frozen=True)
class TrainingData:
    """Checked sequences, and their front ends.

    Attributes:
        corpus: the sequences, or the share of this process.
        front_ends: names of the front ends that made the observations; None: unknown.
    """

    corpus: Corpus
    front_ends: set[str | None]

    def front_end(self, logger: ModelLogger) -> str | None:
        """The common front end of all sequences; None if there are several, which the log tells."""
        if len(self.front_ends) > 1:
            names = sorted(name or "unknown" for name in self.front_ends)
            logger.warning("observations are of several front ends: %s; the model will not refuse any", names)
            return None
        return next(iter(self.front_ends), None)


@contextmanager
def read_sequences(
    train_sequences: Any, train_cluster_ids: Any, model: Model, team: Team, logger: ModelLogger
) -> Iterator[TrainingData]:
    """Check the arguments of `UISRNN.fit`, and read a dataset into a temporary file.

    Raises:
        ArgumentError, InputError, InputTypeError, OSError: see `UISRNN.fit`.
    """
    dataset = Dataset.of(train_sequences)
    if dataset is None:
        yield _in_memory(train_sequences, train_cluster_ids, model, team, logger)
        return
    if train_cluster_ids is not None:
        raise ArgumentError(
            "train_cluster_ids must be None if train_sequences are read from files: their labels are in the files"
        )
    progress = bar_for(model.arguments.verbosity, None, "reading")
    staged = dataset.staged(model.observation.observation_dim, (team.rank, team.size), progress)
    with ExitStack() as stack:
        corpus = succeeded(team, lambda: stack.enter_context(staged))
        for skipped in dataset.skipped:
            logger.warning("left out: %s", skipped.why)
        yield TrainingData(agreed(team, corpus), set().union(*team.gather(dataset.front_ends)))


def _in_memory(
    train_sequences: Any, train_cluster_ids: Any, model: Model, team: Team, logger: ModelLogger
) -> TrainingData:
    if team.size > 1:
        raise ArgumentError("train_sequences must be a Dataset or a path if several processes train")
    labeled, single = data.labeled(train_sequences, train_cluster_ids, model.observation.observation_dim)
    if single and model.estimates_transition_bias:
        logger.info(
            "transition_bias is estimated from one sequence; if it is a concatenation of several, each boundary "
            "counts as a change: pass a list of sequences, or transition_bias"
        )
    return TrainingData(Corpus.of(labeled), front_ends_of(train_sequences))
