"""The arguments of model, training and inference: dataclasses for code, flags for the command line."""

import argparse
import dataclasses
import difflib
import math
import numbers
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from uisrnn.errors import ArgumentError

_A = TypeVar("_A", bound="Arguments")
_TRUE = frozenset({"yes", "true", "t", "y", "1"})
_FALSE = frozenset({"no", "false", "f", "n", "0"})


@dataclass(frozen=True)
class Kind:
    """What one argument accepts.

    Attributes:
        needs: the words of error messages, as in "learning_rate must be a number > 0, but is -1.0".
        parse: text of a command line to a value; a ValueError where it cannot.
        accept: a value to the same value in its plain Python type; a ValueError where it is not acceptable.
    """

    needs: str
    parse: Callable[[str], Any]
    accept: Callable[[Any], Any]


def _integer(minimum: int, maximum: int | None = None) -> Kind:
    def accept(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < minimum:
            raise ValueError(value)
        if maximum is not None and int(value) > maximum:
            raise ValueError(value)
        return int(value)

    return Kind(f"an integer >= {minimum}" + ("" if maximum is None else f" and <= {maximum}"), int, accept)


def _count(minimum: int) -> Kind:
    """An integer of which there may be a table."""
    maximum = 2**31 - 1

    def accept(value: Any) -> int:
        if _integer(minimum).accept(value) > maximum:
            raise ValueError(value)
        return int(value)

    return Kind(f"an integer from {minimum} to {maximum}", int, accept)


def _real(needs: str, holds: Callable[[float], bool]) -> Kind:
    def accept(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise ValueError(value)  # noqa: TRY004 -- translated to an ArgumentError that names the argument
        if not (math.isfinite(value) and holds(float(value))):
            raise ValueError(value)
        return float(value)

    return Kind(needs, float, accept)


def _flag() -> Kind:
    def parse(text: str) -> bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise ValueError(text)

    def accept(value: Any) -> bool:
        if isinstance(value, str):
            return parse(value)
        if value in (0, 1):  # also True, False and numpy's booleans
            return bool(value)
        raise ValueError(value)

    return Kind("yes, no, true, false, 1 or 0", parse, accept)


def _choice(*options: str) -> Kind:
    def accept(value: Any) -> str:
        if value not in options:
            raise ValueError(value)
        return str(value)

    return Kind(f"one of {', '.join(map(repr, options))}", str, accept)


def _device() -> Kind:
    def accept(value: Any) -> str:
        if not re.fullmatch("auto|cpu|cuda(:[0-9]{1,3})?", str(value)):  # also a torch.device
            raise ValueError(value)
        return str(value)

    return Kind("auto, cpu, cuda or one of cuda:0, cuda:1, ...", str, accept)


def _optional(kind: Kind) -> Kind:
    return Kind(
        f"{kind.needs}, or None",
        lambda text: None if text.lower() == "none" else kind.parse(text),
        lambda value: None if value is None else kind.accept(value),
    )


_positive = _real("a number > 0", lambda value: value > 0)
_not_negative = _real("a number >= 0", lambda value: value >= 0)
_between = _real("a number between 0 and 1, both excluded", lambda value: 0 < value < 1)
_dropout = _real("a number >= 0 and < 1", lambda value: 0 <= value < 1)
_any_integer = Kind("an integer", int, lambda value: _integer(-(2**63)).accept(value))


def _argument(default: Any, kind: Kind, meaning: str, *short: str) -> Any:
    return field(default=default, metadata={"kind": kind, "meaning": meaning, "short": short})


_MISSPELT = 0.85
"""Likeness (`difflib`) from which a name counts as a misspelt argument: a letter or two differ."""


@dataclass
class Arguments:
    """A group of arguments; each value is checked when it is set, in the constructor as afterwards.

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
        kinds = {argument.name: argument.metadata["kind"] for argument in dataclasses.fields(self)}
        if name not in kinds:
            raise ArgumentError(self._lacks(name))
        kind: Kind = kinds[name]
        try:
            accepted = kind.accept(value)
        except (ValueError, TypeError, OverflowError):
            raise ArgumentError(f"{name} must be {kind.needs}, but is {value!r}") from None
        object.__setattr__(self, name, accepted)

    @classmethod
    def of(cls: type[_A], source: object) -> _A:
        """The arguments held by any object with these attributes, an `argparse.Namespace` for example.

        Args:
            source: the object, or None for all defaults. An attribute that it lacks has its default.

        Raises:
            ArgumentError: a value is not acceptable, or the object has none of these attributes.
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
    """What a model is made of.

    >>> ModelArguments(observation_dim=2).rnn_hidden_size
    512
    >>> ModelArguments(crp_alpha=-1)
    Traceback (most recent call last):
    uisrnn.errors.ArgumentError: crp_alpha must be a number > 0, or None, but is -1
    """

    observation_model: str = _argument(
        "gru",
        _choice("gru", "plda", "context_plda"),
        "gru: the paper's; plda: two covariances in closed form; context_plda: plda that also sees those before one",
    )
    observation_dim: int = _argument(256, _integer(1), "dimension D of an observation, for example of a d-vector")
    plda_dim: int = _argument(128, _integer(1), "dimensions that plda projects observations to, at most D")
    plda_context: int = _argument(3, _integer(1, 64), "observations before one that context_plda looks at")
    rnn_hidden_size: int = _argument(512, _integer(1), "units of each GRU layer")
    rnn_depth: int = _argument(1, _integer(1), "number of GRU layers")
    rnn_dropout: float = _argument(
        0.2, _dropout, "dropout between GRU layers while training; without effect at depth 1"
    )
    transition_bias: float | None = _argument(
        None,
        _optional(_between),
        "p0 of Eq. (6), the probability that the label changes; None: estimated by fit, Eq. (13)",
    )
    crp_alpha: float | None = _argument(
        1.0, _optional(_positive), "alpha of Eq. (7), the weight of a cluster not seen yet; None: estimated by fit"
    )
    sigma2: float | None = _argument(
        None,
        _optional(_positive),
        "sigma^2 of Eq. (11), the same for all dimensions; None: learned by fit, one a dimension",
    )
    verbosity: int = _argument(
        3, _integer(0), "0 critical, 1 errors, 2 warnings and progress bars, 3 information, 4 debugging"
    )
    enable_cuda: bool = _argument(True, _flag(), "use a GPU where there is one")
    device: str = _argument(
        "auto", _device(), "where to compute: auto (a GPU where there is one and enable_cuda), cpu, cuda, cuda:1, ..."
    )
    seed: int | None = _argument(
        None, _optional(_any_integer), "seed of everything random; None: taken from torch's global generator"
    )


@dataclass
class TrainingArguments(Arguments):
    """How `fit` trains.

    >>> TrainingArguments(batch_size=None).learning_rate
    0.001
    """

    optimizer: str = _argument("adam", _choice("adam"), "the optimizer", "-o")
    learning_rate: float = _argument(1e-3, _positive, "learning rate at the first iteration", "-l")
    learning_rate_half_life: int = _argument(
        0, _any_integer, "halve the learning rate each time this many iterations have passed; 0 or less: never", "-hl"
    )
    train_iteration: int = _argument(20000, _integer(0), "number of iterations, one batch each", "-t")
    batch_size: int | None = _argument(
        10,
        _optional(_integer(1, 10**6)),
        "cluster sequences in a batch, drawn with replacement; None: all of them, each once",
        "-b",
    )
    num_permutations: int | None = _argument(
        10,
        _optional(_integer(0, 10**6)),
        "block permutations of each cluster's observations; 0, 1 or None: their own order",
    )
    sigma_alpha: float = _argument(1.0, _not_negative, "shape of the inverse gamma prior of sigma2")
    sigma_beta: float = _argument(1.0, _positive, "scale of the inverse gamma prior of sigma2")
    regularization_weight: float = _argument(1e-5, _not_negative, "weight of the sum of parameter norms", "-r")
    loss: str = _argument(
        "running_mean",
        _choice("running_mean", "sample_mean"),
        "what the GRU predicts: the next observation, as in the paper, or the mean of samples of those that remain",
    )
    sample_number: int = _argument(16, _integer(1, 4096), "samples of the sample_mean loss")
    discriminative_iteration: int = _argument(
        0, _integer(0), "iterations of discriminative training, after the generative ones; 0: none"
    )
    grad_max_norm: float = _argument(5.0, _positive, "the gradient of the network is scaled down to this norm")
    enforce_cluster_id_uniqueness: bool = _argument(
        True, _flag(), "equal labels in two sequences of a list are two clusters; no: they are one"
    )
    max_length: int | None = _argument(
        None,
        _optional(_integer(1, 2**31 - 1)),
        "cut longer cluster sequences into pieces of at most this many observations; None: never",
    )
    bucket_size: int = _argument(
        1, _integer(1, 10**4), "batches that are drawn together and dealt out by length, so that those of one are alike"
    )
    patience: int | None = _argument(
        None,
        _optional(_integer(1)),
        "stop when the loss on sequences kept apart has not fallen for this many iterations; None: go through all",
    )
    max_time: float | None = _argument(
        None, _optional(_positive), "seconds after which no iteration begins, in one call; None: no limit"
    )
    precision: str = _argument(
        "single",
        _choice("single", "mixed"),
        "mixed: the GRU's products in bfloat16 while it is trained; only on a GPU, elsewhere without effect",
    )
    deterministic: bool = _argument(
        False, _flag(), "let equal seeds give equal models on a GPU too, which is slower; on a CPU they always do"
    )


@dataclass
class InferenceArguments(Arguments):
    """How `predict` decodes.

    >>> args = InferenceArguments()
    >>> args.beam_sise = 3
    Traceback (most recent call last):
    uisrnn.errors.ArgumentError: InferenceArguments has no argument beam_sise; did you mean beam_size?
    """

    beam_size: int = _argument(10, _count(1), "label sequences that survive each cut of the beam", "-s")
    look_ahead: int = _argument(1, _count(1), "observations that are scored jointly before the beam is cut")
    test_iteration: int = _argument(
        2, _count(1), "decode the sequence this many times in a row and return the labels of the last copy"
    )
    likelihood_scale: float | None = _argument(
        None,
        _optional(_positive),
        "what -log p(x) is multiplied by; less than 1 where neighbouring observations are not independent; "
        "None: that of the model, 1 for the paper's",
    )
    max_clusters: int | None = _argument(None, _optional(_count(1)), "at most this many clusters in a sequence")
    num_clusters: int | None = _argument(None, _optional(_count(1)), "exactly this many clusters in a sequence")
    allow_new_clusters: bool = _argument(True, _flag(), "whether there can be clusters beside the known ones")
    commit_lag: int | None = _argument(
        None,
        _optional(_count(0)),
        "in a stream, a label is final when this many observations came after it; None: when all beams agree",
    )


def _reader(kind: Kind) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind.accept(kind.parse(text))
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {kind.needs}, but is {text!r}") from None

    return read


def _add_group(parser: argparse.ArgumentParser, title: str, group: type[Arguments]) -> None:
    section = parser.add_argument_group(title)
    for one in dataclasses.fields(group):
        section.add_argument(
            f"--{one.name}",
            *one.metadata["short"],
            default=one.default,
            type=_reader(one.metadata["kind"]),
            metavar=one.name.rsplit("_", 1)[-1].upper(),
            help=f"{one.metadata['meaning']} (default: {one.default})",
        )


def parse_arguments(
    argv: Sequence[str] | None = None,
) -> tuple[ModelArguments, TrainingArguments, InferenceArguments]:
    """Read the arguments of model, training and inference from a command line.

    Args:
        argv: the words after the program's name; None: those of the running program.

    Returns:
        Three objects whose attributes may be set afterwards.

    Raises:
        SystemExit: an unknown flag or a bad value, with status 2 and a line that says which, as `argparse` does.

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
    """The arguments that did best on speakers not met in training (`benchmarks/accuracy.py`), for new work.

    The defaults of the classes are those of 0.1.2, for programs that are there already.

    >>> recommended_arguments()[0].observation_model
    'context_plda'
    """
    model = ModelArguments(observation_model="context_plda", crp_alpha=None, verbosity=2)
    return model, TrainingArguments(discriminative_iteration=300), InferenceArguments(test_iteration=1)
