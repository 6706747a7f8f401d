"""A beam search with names: what `predict` and streams have in common."""

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
        names: how they are called.
        states: the fields of their states, one row a cluster; empty where there is none.
    """

    names: Names = field(default_factory=Names)
    states: Mapping[str, Tensor] = field(default_factory=dict)

    def matches(self, decoder: "Decoder[Any]") -> bool:
        """Whether a decoder has the same ones."""
        theirs = {} if decoder.search.known is None else decoder.search.known.tensors()
        return (
            self.names == decoder.names
            and self.states.keys() == theirs.keys()
            and all(torch.equal(one, theirs[name].cpu()) for name, one in self.states.items())
        )


def states_like(model: ObservationModel[S], tensors: Mapping[str, Tensor]) -> S:
    """States of a model from their fields.

    Raises:
        ValueError: they are not fields of its states, or hold NaN or infinity.
    """
    fresh = model.initial()
    lengths = {one.shape[0] if one.ndim else -1 for one in tensors.values()}
    if tensors.keys() != fresh.tensors().keys() or len(lengths) != 1:
        raise ValueError(f"cluster states must have {', '.join(fresh.tensors())}, but have {', '.join(tensors)}")
    for name, one in fresh.tensors().items():
        given = tensors[name]
        if given.dtype != one.dtype or given.shape[1:] != one.shape[1:] or not bool(torch.isfinite(given).all()):
            raise ValueError(f"cluster states: {name} is {given.dtype} {tuple(given.shape)}, or has NaN")
    return type(fresh)(**{name: one.to(model.device) for name, one in tensors.items()})


@dataclass(frozen=True)
class Decoder(Generic[S]):
    """A model that is ready to label observations.

    Attributes:
        search: the beam search.
        names: how clusters are called.
        args: what it was made from.
    """

    search: BeamSearch[S]
    names: Names
    args: InferenceArguments

    @staticmethod
    def of(joint: Joint[S], args: InferenceArguments, clusters: Any = None) -> "Decoder[S]":
        """The decoder of a model.

        Args:
            joint: the model; its likelihood scale is replaced by that of `args` where there is one.
            args: they are copied.
            clusters: observations (T, D) of known clusters by their names, or what was made of them, or None.

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
        self, sequences: Sequence[CodedSequence], workers: int = 1, progress: Progress | None = None
    ) -> list[list[Hypothesis]]:
        """Label sequences of whole sequences; see `decode_all`.

        Raises:
            InputError: a sequence is shorter than `num_clusters`, more observations have one time than labels are
                possible, or an observation has no finite score.
        """
        wanted = self.args.num_clusters or 0
        for one in sequences:
            if len(one.observations) < wanted:
                raise InputError(
                    f"{one.name}: num_clusters={wanted} needs as many observations, but there are "
                    f"{len(one.observations)}"
                )
            self.require_labels_for_groups(one.joining, one.name)
        return decode_all(self.search, sequences, self.args.test_iteration, workers, progress)

    def require_labels_for_groups(self, joins: Flags, where: str, before: int = 0, last_group: int = 0) -> None:
        """Require a label for each of the observations of one time.

        Args:
            joins: (n,) whether each of the next observations is at the time of the observation before it.
            where: the words with which an error message begins.
            before: how many observations came before these.
            last_group: how many of the observations before these are at the time of the last of them.

        Raises:
            InputError: more observations have one time than there are labels.
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
            f"{where}: observations {before + first} to {before + last} have one time and need {last - first + 1} "
            f"labels, but only {possible} are possible; see max_clusters, num_clusters and allow_new_clusters"
        )

    def tensor(self, observations: Observations) -> Tensor:
        """Observations as the model takes them."""
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
            raise InputTypeError(f"clusters: a name must be a string or an integer, but one is {name!r}")
    checked = [observations(one, model.observation_dim, f"cluster {name!r}") for name, one in clusters.items()]
    if not checked:
        return Enrolled()
    names = tuple(name if isinstance(name, str) else int(name) for name in clusters)
    states = enrol(model, [torch.tensor(one, dtype=model.dtype, device=model.device) for one in checked]).tensors()
    for row, name in enumerate(names):
        if not all(bool(torch.isfinite(one[row]).all()) for one in states.values()):
            raise InputError(f"cluster {name!r}: observations are so large that its state is not finite")
    return Enrolled(Names(names), states)


def _limits(args: InferenceArguments, known: int) -> Limits:
    at_most, exactly = args.max_clusters, args.num_clusters
    if at_most is not None and exactly is not None and at_most < exactly:
        raise ArgumentError(f"max_clusters must be at least num_clusters={exactly}, but is {at_most}")
    if not args.allow_new_clusters and known < max(exactly or 0, 1):
        raise ArgumentError(
            f"allow_new_clusters=False needs at least {max(exactly or 0, 1)} known clusters, but there are {known}"
        )
    return Limits(exactly or at_most or UNLIMITED, exactly or 0, args.allow_new_clusters)
