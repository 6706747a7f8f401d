"""Labels of whole sequences, in the form of the input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from uisrnn.arguments import ModelArguments
from uisrnn.checks import require_integer
from uisrnn.decoding.decoder import Decoder
from uisrnn.decoding.hypotheses import Hypothesis, scores_of
from uisrnn.errors import InputTypeError
from uisrnn.parallel import limited
from uisrnn.progress import bar_for
from uisrnn.sequences import coded as data
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import is_single


class DecodingModel(Protocol):
    """The part of `UISRNN` that prediction needs."""

    @property
    def arguments(self) -> ModelArguments: ...

    def decoder(self, args: object = None, clusters: Any = None) -> Decoder[Any]: ...


@dataclass(frozen=True)
class Predictions:
    """The results of some sequences.

    Attributes:
        decoder: the decoder.
        beams: the label sequences in the beam of each sequence, best first.
        single: whether the input was a single sequence, not a list.
    """

    decoder: Decoder[Any]
    beams: Sequence[Sequence[Hypothesis]]
    single: bool

    @property
    def labels(self) -> list[list[Label]]:
        """The best labels of each sequence."""
        return [self.decoder.names.of(beam[0].codes) for beam in self.beams]

    def in_form_of_input(self, return_scores: bool) -> Any:
        """See the returns of `UISRNN.predict`."""
        labels = self.labels
        if not return_scores:
            return labels[0] if self.single else labels
        scores = [scores_of(beam, self.decoder.names) for beam in self.beams]
        return (labels[0], scores[0]) if self.single else (labels, scores)


def predict(
    model: DecodingModel,
    test_sequences: Any,
    args: object,
    clusters: Any,
    joins: Any = None,
    workers: int | None = None,
) -> Predictions:
    """Decode sequences; see `UISRNN.predict`.

    Args:
        model: the model.
        test_sequences: see `UISRNN.predict`.
        args: see `UISRNN.predict`.
        clusters: see `UISRNN.predict`.
        joins: see `UISRNN.predict`.
        workers: see `decode_all`.
    """
    decoder = model.decoder(args, clusters)
    observation = decoder.search.joint.observation
    sequences, single = data.unlabeled(test_sequences, observation.observation_dim, joins)
    steps = decoder.args.test_iteration * sum(len(sequence.observations) for sequence in sequences)
    progress = bar_for(model.arguments.verbosity, steps, "prediction")
    with limited(model.arguments.threads):
        beams = decoder.decode(sequences, workers, progress)
    return Predictions(decoder, beams, single)


def parallel_predict(
    model: DecodingModel, test_sequences: Any, args: object = None, num_processes: Any = 4
) -> list[list[Label]]:
    """Return the labels of `model.predict`, computed by a given number of workers.

    (`model.predict` takes as many workers as pay.)

    Args:
        model: the model; the workers are threads and share it.
        test_sequences: a list of (T, D) arrays.
        args: see `UISRNN.predict`.
        num_processes: number of workers; there are no more than cores and sequences.

    Returns:
        A list of labels for each sequence.

    Raises:
        InputTypeError: `test_sequences` is not a list of sequences.
        ArgumentError, InputError, NotFittedError: see `UISRNN.predict`.
    """
    if is_single(test_sequences):
        raise InputTypeError("test_sequences must be a list of (T, D) arrays")
    workers = require_integer("num_processes", num_processes, 1)
    return predict(model, test_sequences, args, None, workers=workers).labels
