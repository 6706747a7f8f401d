"""Arguments of model, training and inference: dataclasses for code, flags for the command line."""

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from uisrnn.argument_types import Arguments as Arguments
from uisrnn.argument_types import (
    Choice,
    ValueType,
    any_integer,
    argument,
    below_one,
    count,
    device_name,
    flag,
    integer,
    not_negative,
    optional,
    positive,
    probability,
)

OBSERVATION_MODELS: dict[str, str] = {}
"""Names and meanings of the observation models; `uisrnn.model.registry.register` adds to them."""

PROCESS_ARGUMENTS = ("verbosity", "enable_cuda", "device", "threads", "seed")
"""Arguments of a model that concern a process; files do not hold them."""


@dataclass
class ModelArguments(Arguments):
    """Arguments of a model.

    >>> ModelArguments(observation_dim=2).rnn_hidden_size
    512
    >>> ModelArguments(crp_alpha=-1)
    Traceback (most recent call last):
    uisrnn.errors.ArgumentError: crp_alpha must be a number > 0, or None, but is -1
    """

    observation_model: str = argument(
        "gru", Choice(OBSERVATION_MODELS), "distribution of the observations of a cluster"
    )
    observation_dim: int = argument(256, integer(1), "dimension D of an observation, for example of a d-vector")
    plda_dim: int = argument(128, integer(1), "number of dimensions that plda projects observations to, at most D")
    plda_context: int = argument(3, integer(1, 64), "number of preceding observations that context_plda looks at")
    rnn_hidden_size: int = argument(512, integer(1), "number of units of each GRU layer")
    rnn_depth: int = argument(1, integer(1), "number of GRU layers")
    rnn_dropout: float = argument(
        0.2, below_one, "dropout between GRU layers during training; without effect at depth 1"
    )
    transition_bias: float | None = argument(
        None,
        optional(probability),
        "p0 of Eq. (6), the probability that the label changes; None: fit estimates it, Eq. (13)",
    )
    transition_spread: float | None = argument(
        0.0,
        optional(not_negative),
        "how much the probability of a change differs from sequence to sequence: p0 follows the changes of a sequence "
        "the faster, the larger this number is; 0: p0 is the same in all sequences, as in the paper; None: fit "
        "estimates it",
    )
    crp_alpha: float | None = argument(
        1.0, optional(positive), "alpha of Eq. (7), the weight of a new cluster; None: fit estimates it"
    )
    sigma2: float | None = argument(
        None,
        optional(positive),
        "sigma^2 of Eq. (11), equal in all dimensions; None: fit learns a value for each dimension",
    )
    verbosity: int = argument(
        3, integer(0), "0 critical, 1 errors, 2 warnings and progress bars, 3 information, 4 debugging"
    )
    enable_cuda: bool = argument(True, flag(), "use a GPU if there is any")
    device: str = argument(
        "auto",
        device_name(),
        "device: auto (a GPU trains a GRU if there is any and enable_cuda is set), cpu, cuda, cuda:1, ...",
    )
    threads: int | None = argument(
        None,
        optional(integer(1)),
        "maximum number of threads on a CPU; there are no more than cores, and no more than pay; None: UISRNN_THREADS "
        "of the environment, or else the number of torch",
    )
    seed: int | None = argument(
        None, optional(any_integer), "seed of all random numbers; None: drawn from torch's global generator"
    )


@dataclass
class TrainingArguments(Arguments):
    """Arguments of `fit`.

    >>> TrainingArguments(batch_size=None).learning_rate
    0.001
    """

    optimizer: str = argument("adam", Choice(["adam"]), "the optimizer", "-o")
    learning_rate: float = argument(1e-3, positive, "learning rate at the first iteration", "-l")
    learning_rate_half_life: int = argument(
        0, any_integer, "number of iterations after which the learning rate is halved; 0 or less: never", "-hl"
    )
    train_iteration: int = argument(20000, integer(0), "number of iterations; each takes a batch", "-t")
    batch_size: int | None = argument(
        10,
        optional(integer(1, 10**6)),
        "number of cluster sequences in a batch, drawn with replacement; None: all of them",
        "-b",
    )
    num_permutations: int | None = argument(
        10,
        optional(integer(0, 10**6)),
        "number of block permutations of each cluster's observations; 0, 1 or None: no permutation",
    )
    sigma_alpha: float = argument(1.0, not_negative, "shape of the inverse gamma prior of sigma2")
    sigma_beta: float = argument(1.0, positive, "scale of the inverse gamma prior of sigma2")
    regularization_weight: float = argument(1e-5, not_negative, "weight of the sum of parameter norms", "-r")
    loss: str = argument(
        "running_mean",
        Choice(["running_mean", "sample_mean"]),
        "target of the GRU: the next observation, as in the paper, or the mean of samples of the remaining ones",
    )
    sample_number: int = argument(16, integer(1, 4096), "number of samples of the sample_mean loss")
    discriminative_iteration: int = argument(
        0, integer(0), "number of iterations of discriminative training, after the generative training; 0: none"
    )
    grad_max_norm: float = argument(5.0, positive, "maximum norm of the gradient of the network")
    enforce_cluster_id_uniqueness: bool = argument(
        True, flag(), "yes: equal labels in two sequences are two clusters; no: they are the same cluster"
    )
    max_length: int | None = argument(
        None,
        optional(integer(1, 2**31 - 1)),
        "longer cluster sequences are cut into pieces of at most this many observations; None: no cut",
    )
    bucket_size: int = argument(
        1,
        integer(1, 10**4),
        "number of batches that are drawn together, so that each has sequences of similar length",
    )
    patience: int | None = argument(
        None,
        optional(integer(1)),
        "training stops if the development loss has not fallen for this many iterations; None: no early stop",
    )
    max_time: float | None = argument(
        None, optional(positive), "seconds of a call after which no iteration begins; None: no limit"
    )
    precision: str = argument(
        "single",
        Choice(["single", "mixed"]),
        "mixed: products of the GRU in bfloat16 during training on a GPU, not faster when measured; "
        "without effect on a CPU",
    )
    deterministic: bool = argument(
        False, flag(), "equal seeds give equal models on a GPU too, which is slower; on a CPU they always do"
    )


@dataclass
class InferenceArguments(Arguments):
    """Arguments of `predict`.

    >>> InferenceArguments(beam_size=0)
    Traceback (most recent call last):
    uisrnn.errors.ArgumentError: beam_size must be an integer from 1 to 2147483647, but is 0
    """

    beam_size: int = argument(10, count(1), "number of label sequences that survive each cut of the beam", "-s")
    look_ahead: int = argument(1, count(1), "number of observations that are scored jointly before a cut of the beam")
    test_iteration: int = argument(
        2, count(1), "number of times that the sequence is decoded in a row; the labels are those of the last pass"
    )
    likelihood_scale: float | None = argument(
        None,
        optional(positive),
        "factor of -log p(x); less than 1 if neighbouring observations depend on each other; "
        "None: the factor of the model, 1 for the paper's",
    )
    max_clusters: int | None = argument(None, optional(count(1)), "maximum number of clusters in a sequence")
    num_clusters: int | None = argument(None, optional(count(1)), "exact number of clusters in a sequence")
    allow_new_clusters: bool = argument(True, flag(), "whether there can be clusters besides the known clusters")
    commit_lag: int | None = argument(
        None,
        optional(count(0)),
        "in a stream, a label is final after this many further observations; None: if all beams agree",
    )


def meaning_of(field: "dataclasses.Field[Any]") -> str:
    """The help text of a field of `Arguments`."""
    meaning: str = field.metadata["meaning"]
    if field.name != "observation_model":
        return meaning
    return "; ".join([meaning, *(f"{name}: {words}" for name, words in OBSERVATION_MODELS.items())])


def _reader(value_type: ValueType) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return value_type.accept(value_type.parse(text))
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {value_type.needs}, but is {text!r}") from None

    return read


def _add_group(parser: argparse.ArgumentParser, title: str, group: type[Arguments]) -> None:
    section = parser.add_argument_group(title)
    for field in dataclasses.fields(group):
        section.add_argument(
            f"--{field.name}",
            *field.metadata["short"],
            default=field.default,
            type=_reader(field.metadata["type"]),
            metavar=field.name.rsplit("_", 1)[-1].upper(),
            help=f"{meaning_of(field)} (default: {field.default})",
        )


def parse_arguments(
    argv: Sequence[str] | None = None,
) -> tuple[ModelArguments, TrainingArguments, InferenceArguments]:
    """Read the arguments of model, training and inference from a command line.

    Args:
        argv: the words after the program's name; None: the words of the running program.

    Returns:
        Three objects whose attributes may be set afterwards.

    Raises:
        SystemExit: a flag is unknown or a value is not acceptable; status 2 and an error line, as in `argparse`.

    >>> model_args, training_args, inference_args = parse_arguments(["--observation_dim", "16", "-l=0.01"])
    >>> model_args.observation_dim, training_args.learning_rate, inference_args.beam_size
    (16, 0.01, 10)
    """
    parser = argparse.ArgumentParser(description="Arguments of UIS-RNN.")
    groups = {"model": ModelArguments, "training": TrainingArguments, "inference": InferenceArguments}
    for title, group in groups.items():
        _add_group(parser, title, group)
    values = parser.parse_args(argv)
    return ModelArguments.of(values), TrainingArguments.of(values), InferenceArguments.of(values)


def recommended_arguments() -> tuple[ModelArguments, TrainingArguments, InferenceArguments]:
    """Arguments for new work: the best on speakers that training did not meet (`benchmarks/accuracy.py`).

    The defaults of the classes are the defaults of 0.1.2, for existing programs.

    >>> recommended_arguments()[0].observation_model
    'context_plda'
    """
    model = ModelArguments(observation_model="context_plda", transition_spread=None, crp_alpha=None, verbosity=2)
    return model, TrainingArguments(discriminative_iteration=300), InferenceArguments(test_iteration=1)
