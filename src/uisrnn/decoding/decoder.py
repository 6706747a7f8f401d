"""A beam search with names for its clusters; `predict` and streams use it."""

import dataclasses
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np
import torch
from torch import Tensor

from uisrnn.arguments import InferenceArguments
from uisrnn.compiled import Flags
from uisrnn.decoding.frontier import UNLIMITED, Limits
from uisrnn.decoding.hypotheses import Hypothesis
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.pool import enrol
from uisrnn.decoding.search import BeamSearch
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.model.joint import Joint
from uisrnn.model.observation import ObservationModel, S
from uisrnn.progress import Progress
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import Names
from uisrnn.sequences.observations import Observations, observations


@dataclass(frozen=True)
class Enrolled:
    """Clusters that are known before the first observation.

    Attributes:
        names: the names of the clusters.
        states: the fields of their states, a row for each cluster; empty if no cluster is known.
    """

    names: Names = field(default_factory=Names)
    states: Mapping[str, Tensor] = field(default_factory=dict)

    def matches(self, decoder: "Decoder[Any]") -> bool:
        """Whether a decoder has the same known clusters."""
        theirs = {} if decoder.search.known is None else decoder.search.known.tensors()
        return (
            self.names == decoder.names
            and self.states.keys() == theirs.keys()
            and all(torch.equal(states, theirs[name].cpu()) for name, states in self.states.items())
        )


def states_like(model: ObservationModel[S], tensors: Mapping[str, Tensor]) -> S:
    """States of a model from their fields.

    Raises:
        ValueError: the names, types or shapes are not as the model needs, or a field has NaN or infinity.
    """
    fresh = model.initial()
    lengths = {tensor.shape[0] if tensor.ndim else -1 for tensor in tensors.values()}
    if tensors.keys() != fresh.tensors().keys() or len(lengths) != 1:
        raise ValueError(f"cluster states must have {', '.join(fresh.tensors())}, but have {', '.join(tensors)}")
    for name, like in fresh.tensors().items():
        given = tensors[name]
        if given.dtype != like.dtype or given.shape[1:] != like.shape[1:] or not bool(torch.isfinite(given).all()):
            raise ValueError(f"cluster states: {name} is {given.dtype} {tuple(given.shape)}, or has NaN")
    return type(fresh)(**{name: tensor.to(model.device) for name, tensor in tensors.items()})


@dataclass(frozen=True)
class Decoder(Generic[S]):
    """A model that is ready to label observations.

    Attributes:
        search: the beam search.
        names: the names of clusters.
        args: the arguments that it was made from.
    """

    search: BeamSearch[S]
    names: Names
    args: InferenceArguments

    @staticmethod
    def of(joint: Joint[S], args: InferenceArguments, clusters: Any = None) -> "Decoder[S]":
        """The decoder of a model.

        Args:
            joint: the model; `args.likelihood_scale` replaces its likelihood scale, unless it is None.
            args: copied.
            clusters: observations (T, D) of known clusters by name, or `Enrolled`, or None.

        Raises:
            ArgumentError: the arguments contradict each other.
            InputError, InputTypeError: `clusters` is not a mapping from names to observations.
        """
        args = dataclasses.replace(args)
        enrolled = clusters if isinstance(clusters, Enrolled) else _enrol(joint.observation, clusters)
        limits = _limits(args, len(enrolled.names.known))
        if args.likelihood_scale is not None:
            joint = dataclasses.replace(joint, likelihood_scale=args.likelihood_scale)
        known = None
        if enrolled.names.known:
            with torch.no_grad():
                known = states_like(joint.observation, enrolled.states)
            if len(known) != len(enrolled.names.known):
                raise ValueError(f"{len(enrolled.names.known)} names need as many states, but there are {len(known)}")
        return Decoder(BeamSearch(joint, args.beam_size, args.look_ahead, limits, known), enrolled.names, args)

    def decode(
        self, sequences: Sequence[CodedSequence], workers: int | None = None, progress: Progress | None = None
    ) -> list[list[Hypothesis]]:
        """Decode whole sequences; see `decode_all`.

        Raises:
            InputError: a sequence is shorter than `num_clusters`, more observations have the same time than labels are
                possible, or an observation has no finite score.
        """
        number = self.args.num_clusters or 0
        for sequence in sequences:
            length = len(sequence.observations)
            if length < number:
                raise InputError(
                    f"{sequence.name}: num_clusters={number} needs as many observations, but there are {length}"
                )
            self.require_labels_for_groups(sequence.joining, sequence.name)
        return decode_all(self.search, sequences, self.args.test_iteration, workers, progress)

    def require_labels_for_groups(self, joins: Flags, place: str, before: int = 0, last_group: int = 0) -> None:
        """Require a label for each of the observations of a time.

        Args:
            joins: (n,) whether each of the next observations is at the time of the observation before it.
            place: the words with which an error message begins.
            before: number of observations before these.
            last_group: number of observations before these that are at the time of the last observation before these.

        Raises:
            InputError: more observations have the same time than there are labels.
        """
        limits = self.search.limits
        possible = limits.at_most if limits.allow_new else min(limits.at_most, self.search.enrolled)
        now = np.arange(len(joins))
        start = np.maximum.accumulate(np.where(joins, -last_group, now))
        if not (now - start >= possible).any():
            return
        first = int(start[np.argmax(now - start >= possible)])
        last = int(now[start == first][-1])
        raise InputError(
            f"{place}: observations {before + first} to {before + last} have one time and need {last - first + 1} "
            f"labels, but only {possible} are possible; see max_clusters, num_clusters and allow_new_clusters"
        )

    def tensor(self, observations: Observations) -> Tensor:
        """Observations on the model's device and of its precision."""
        model = self.search.joint.observation
        return torch.tensor(observations, dtype=model.dtype, device=model.device)


@torch.no_grad()
def _enrol(model: ObservationModel[S], clusters: Any) -> Enrolled:
    if clusters is None:
        return Enrolled()
    if not isinstance(clusters, Mapping):
        raise InputTypeError(f"clusters must map names to observations, but are {type(clusters).__name__}")
    for name in clusters:
        if isinstance(name, bool) or not isinstance(name, (str, numbers.Integral)):
            raise InputTypeError(f"clusters: a name must be a string or an integer, but a name is {name!r}")
    checked = [observations(x, model.observation_dim, f"cluster {name!r}") for name, x in clusters.items()]
    if not checked:
        return Enrolled()
    names = tuple(name if isinstance(name, str) else int(name) for name in clusters)
    states = enrol(model, [torch.tensor(x, dtype=model.dtype, device=model.device) for x in checked]).tensors()
    for row, name in enumerate(names):
        if not all(bool(torch.isfinite(tensor[row]).all()) for tensor in states.values()):
            raise InputError(f"cluster {name!r}: observations are so large that its state is not finite")
    return Enrolled(Names(names), states)


def _limits(args: InferenceArguments, known: int) -> Limits:
    at_most = args.max_clusters
    exactly = args.num_clusters
    if at_most is not None and exactly is not None and at_most < exactly:
        raise ArgumentError(f"max_clusters must be at least num_clusters={exactly}, but is {at_most}")
    if not args.allow_new_clusters and known < max(exactly or 0, 1):
        raise ArgumentError(
            f"allow_new_clusters=False needs at least {max(exactly or 0, 1)} known clusters, but there are {known}"
        )
    return Limits(exactly or at_most or UNLIMITED, exactly or 0, args.allow_new_clusters)
