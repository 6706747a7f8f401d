"""Arguments of model, training and inference: dataclasses for code, flags for the command line."""

import argparse
import dataclasses
import difflib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from uisrnn.errors import ArgumentError
from uisrnn.value_types import (
    Choice,
    ValueType,
    any_integer,
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

_A = TypeVar("_A", bound="Arguments")

OBSERVATION_MODELS: dict[str, str] = {}
"""Names and meanings of the observation models; `uisrnn.model.registry.register` adds to them."""

PROCESS_ARGUMENTS = ("verbosity", "enable_cuda", "device", "seed")
"""Arguments of a model that concern a process; files do not hold them."""


def _argument(default: Any, value_type: ValueType, meaning: str, *short: str) -> Any:
    return field(default=default, metadata={"type": value_type, "meaning": meaning, "short": short})


_MISSPELT = 0.85
"""Likeness (`difflib`) from which a name counts as a misspelt argument: a letter or two differ."""


@dataclass
class Arguments:
    """A group of arguments; each value is checked when it is set, in the constructor and afterwards.

    A script may keep values of its own in further attributes, as in the `argparse.Namespace` of 0.1.2; a warning says
    that they have no effect. A name that is nearly the name of an argument is an error: it is a slip, and the script
    would go on with another value than the one that it sets.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        names = self._names()
        if name in names or difflib.get_close_matches(name, names, n=1, cutoff=_MISSPELT):
            self.put(name, value)  # which refuses a misspelt name
            return
        if name not in vars(self):
            warnings.warn(f"{self._lacks(name)}; {name} has no effect", UserWarning, stacklevel=2)
        object.__setattr__(self, name, value)

    @classmethod
    def _names(cls) -> list[str]:
        return [argument.name for argument in dataclasses.fields(cls)]

    def _lacks(self, name: str) -> str:
        """The sentence that says that a name is no argument, with the nearest name or all names."""
        close = difflib.get_close_matches(name, self._names(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(self._names())}"
        return f"{type(self).__name__} has no argument {name}; {hint}"

    def put(self, name: str, value: Any) -> None:
        """Set an argument, and nothing else.

        Args:
            name: of the argument.
            value: its new value.

        Raises:
            ArgumentError: there is no such argument, or the value is not acceptable.
        """
        types = {argument.name: argument.metadata["type"] for argument in dataclasses.fields(self)}
        if name not in types:
            raise ArgumentError(self._lacks(name))
        value_type: ValueType = types[name]
        try:
            accepted = value_type.accept(value)
        except (ValueError, TypeError, OverflowError):
            raise ArgumentError(f"{name} must be {value_type.needs}, but is {value!r}") from None
        object.__setattr__(self, name, accepted)

    @classmethod
    def of(cls: type[_A], source: object) -> _A:
        """The arguments in the attributes of any object, for example of an `argparse.Namespace`.

        Args:
            source: the object, or None for all defaults. An attribute that is missing has its default.

        Raises:
            ArgumentError: a value is not acceptable, or the object has none of the attributes.
        """
        if isinstance(source, cls):
            return source
        names = cls._names()
        given = {name: getattr(source, name) for name in names if hasattr(source, name)}
        if source is not None and not given:
            raise ArgumentError(f"{cls.__name__} must come from an object with {', '.join(names)}, but is {source!r}")
        return cls(**given)


@dataclass
class ModelArguments(Arguments):
    """Arguments of a model.

    >>> ModelArguments(observation_dim=2).rnn_hidden_size
    512
    >>> ModelArguments(crp_alpha=-1)
    Traceback (most recent call last):
    uisrnn.errors.ArgumentError: crp_alpha must be a number > 0, or None, but is -1
    """

    observation_model: str = _argument(
        "gru", Choice(OBSERVATION_MODELS), "distribution of the observations of a cluster"
    )
    observation_dim: int = _argument(256, integer(1), "dimension D of an observation, for example of a d-vector")
    plda_dim: int = _argument(128, integer(1), "number of dimensions that plda projects observations to, at most D")
    plda_context: int = _argument(3, integer(1, 64), "number of preceding observations that context_plda looks at")
    rnn_hidden_size: int = _argument(512, integer(1), "number of units of each GRU layer")
    rnn_depth: int = _argument(1, integer(1), "number of GRU layers")
    rnn_dropout: float = _argument(
        0.2, below_one, "dropout between GRU layers during training; without effect at depth 1"
    )
    transition_bias: float | None = _argument(
        None,
        optional(probability),
        "p0 of Eq. (6), the probability that the label changes; None: fit estimates it, Eq. (13)",
    )
    crp_alpha: float | None = _argument(
        1.0, optional(positive), "alpha of Eq. (7), the weight of a new cluster; None: fit estimates it"
    )
    sigma2: float | None = _argument(
        None,
        optional(positive),
        "sigma^2 of Eq. (11), equal in all dimensions; None: fit learns a value for each dimension",
    )
    verbosity: int = _argument(
        3, integer(0), "0 critical, 1 errors, 2 warnings and progress bars, 3 information, 4 debugging"
    )
    enable_cuda: bool = _argument(True, flag(), "use a GPU if there is any")
    device: str = _argument(
        "auto", device_name(), "device: auto (a GPU if there is any and enable_cuda is set), cpu, cuda, cuda:1, ..."
    )
    seed: int | None = _argument(
        None, optional(any_integer), "seed of all random numbers; None: drawn from torch's global generator"
    )


@dataclass
class TrainingArguments(Arguments):
    """Arguments of `fit`.

    >>> TrainingArguments(batch_size=None).learning_rate
    0.001
    """

    optimizer: str = _argument("adam", Choice(["adam"]), "the optimizer", "-o")
    learning_rate: float = _argument(1e-3, positive, "learning rate at the first iteration", "-l")
    learning_rate_half_life: int = _argument(
        0, any_integer, "number of iterations after which the learning rate is halved; 0 or less: never", "-hl"
    )
    train_iteration: int = _argument(20000, integer(0), "number of iterations; each takes a batch", "-t")
    batch_size: int | None = _argument(
        10,
        optional(integer(1, 10**6)),
        "number of cluster sequences in a batch, drawn with replacement; None: all of them",
        "-b",
    )
    num_permutations: int | None = _argument(
        10,
        optional(integer(0, 10**6)),
        "number of block permutations of each cluster's observations; 0, 1 or None: no permutation",
    )
    sigma_alpha: float = _argument(1.0, not_negative, "shape of the inverse gamma prior of sigma2")
    sigma_beta: float = _argument(1.0, positive, "scale of the inverse gamma prior of sigma2")
    regularization_weight: float = _argument(1e-5, not_negative, "weight of the sum of parameter norms", "-r")
    loss: str = _argument(
        "running_mean",
        Choice(["running_mean", "sample_mean"]),
        "target of the GRU: the next observation, as in the paper, or the mean of samples of the remaining ones",
    )
    sample_number: int = _argument(16, integer(1, 4096), "number of samples of the sample_mean loss")
    discriminative_iteration: int = _argument(
        0, integer(0), "number of iterations of discriminative training, after the generative training; 0: none"
    )
    grad_max_norm: float = _argument(5.0, positive, "maximum norm of the gradient of the network")
    enforce_cluster_id_uniqueness: bool = _argument(
        True, flag(), "yes: equal labels in two sequences are two clusters; no: they are the same cluster"
    )
    max_length: int | None = _argument(
        None,
        optional(integer(1, 2**31 - 1)),
        "longer cluster sequences are cut into pieces of at most this many observations; None: no cut",
    )
    bucket_size: int = _argument(
        1,
        integer(1, 10**4),
        "number of batches that are drawn together, so that each has sequences of similar length",
    )
    patience: int | None = _argument(
        None,
        optional(integer(1)),
        "training stops if the development loss has not fallen for this many iterations; None: no early stop",
    )
    max_time: float | None = _argument(
        None, optional(positive), "seconds of a call after which no iteration begins; None: no limit"
    )
    precision: str = _argument(
        "single",
        Choice(["single", "mixed"]),
        "mixed: products of the GRU in bfloat16 during training on a GPU; without effect on a CPU",
    )
    deterministic: bool = _argument(
        False, flag(), "equal seeds give equal models on a GPU too, which is slower; on a CPU they always do"
    )


@dataclass
class InferenceArguments(Arguments):
    """Arguments of `predict`.

    >>> args = InferenceArguments()
    >>> args.beam_sise = 3
    Traceback (most recent call last):
    uisrnn.errors.ArgumentError: InferenceArguments has no argument beam_sise; did you mean beam_size?
    """

    beam_size: int = _argument(10, count(1), "number of label sequences that survive each cut of the beam", "-s")
    look_ahead: int = _argument(1, count(1), "number of observations that are scored jointly before a cut of the beam")
    test_iteration: int = _argument(
        2, count(1), "number of times that the sequence is decoded in a row; the labels are those of the last pass"
    )
    likelihood_scale: float | None = _argument(
        None,
        optional(positive),
        "factor of -log p(x); less than 1 if neighbouring observations depend on each other; "
        "None: the factor of the model, 1 for the paper's",
    )
    max_clusters: int | None = _argument(None, optional(count(1)), "maximum number of clusters in a sequence")
    num_clusters: int | None = _argument(None, optional(count(1)), "exact number of clusters in a sequence")
    allow_new_clusters: bool = _argument(True, flag(), "whether there can be clusters besides the known clusters")
    commit_lag: int | None = _argument(
        None,
        optional(count(0)),
        "in a stream, a label is final after this many further observations; None: if all beams agree",
    )


def meaning_of(argument: "dataclasses.Field[Any]") -> str:
    """The help text of a field of `Arguments`."""
    meaning: str = argument.metadata["meaning"]
    if argument.name != "observation_model":
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
    for argument in dataclasses.fields(group):
        section.add_argument(
            f"--{argument.name}",
            *argument.metadata["short"],
            default=argument.default,
            type=_reader(argument.metadata["type"]),
            metavar=argument.name.rsplit("_", 1)[-1].upper(),
            help=f"{meaning_of(argument)} (default: {argument.default})",
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
    model = ModelArguments(observation_model="context_plda", crp_alpha=None, verbosity=2)
    return model, TrainingArguments(discriminative_iteration=300), InferenceArguments(test_iteration=1)
