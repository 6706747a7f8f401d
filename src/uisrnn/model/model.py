"""A model as a value: the observation model, the scalars of the label prior, and how they were made."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from uisrnn.argument_types import Arguments
from uisrnn.arguments import InferenceArguments, ModelArguments
from uisrnn.errors import NotFittedError
from uisrnn.model.conventions import ASSIGNMENTS, PAPER, Conventions
from uisrnn.model.joint import Joint
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.registry import ObservationModule, Registration, registration_of
from uisrnn.model.transition import Transition

_SCALARS: tuple[tuple[type[Arguments], str], ...] = (
    (ModelArguments, "transition_bias"),
    (ModelArguments, "transition_spread"),
    (ModelArguments, "crp_alpha"),
    (InferenceArguments, "likelihood_scale"),
)
"""The arguments that say which values a scalar may have."""


@dataclass(frozen=True, eq=False)
class Model:
    """All that decoding, training and files need.

    Training changes the weights of `observation` in place, and returns another value with other scalars.

    Attributes:
        arguments: arguments that the model was made with, or the arguments in its file.
        observation: the observation model.
        transition_bias: p0; None before it is estimated.
        crp_alpha: alpha; None before it is estimated.
        likelihood_scale: factor of -log p(x) in decoding.
        conventions: choices where the paper and 0.1.2 differ.
        transition_spread: r of `Transition`; None before it is estimated.
        transition_bias_denominator: weight of `transition_bias` in the mean with later estimates.
        fitted: whether the model was ever trained.
        front_end: name of the front end that made the training observations; None: unknown.

    Raises:
        ArgumentError: a scalar is not acceptable.
    """

    arguments: ModelArguments
    observation: ObservationModule[Any]
    transition_bias: float | None
    crp_alpha: float | None
    likelihood_scale: float
    conventions: Conventions = PAPER
    transition_spread: float | None = 0.0
    transition_bias_denominator: float = 0.0
    fitted: bool = False
    front_end: str | None = None

    def __post_init__(self) -> None:
        for group, name in _SCALARS:
            object.__setattr__(self, name, group.accepted(name, getattr(self, name)))
        self.registration.adopt(self.observation, self.conventions)

    @property
    def registration(self) -> Registration:
        """The registration of the observation model."""
        return registration_of(self.arguments.observation_model)

    @property
    def estimates_transition_bias(self) -> bool:
        """Whether training estimates p0; False if the arguments give it."""
        return self.arguments.transition_bias is None

    @property
    def estimates_transition_spread(self) -> bool:
        """Whether training estimates r; False if the arguments give it."""
        return self.arguments.transition_spread is None

    @property
    def estimates_crp_alpha(self) -> bool:
        """Whether training estimates alpha; False if the arguments give it."""
        return self.arguments.crp_alpha is None

    def joint(self) -> Joint[Any]:
        """The joint probability of observations and labels.

        Raises:
            NotFittedError: p0, r or alpha is not known yet.
        """
        if self.transition_bias is None:
            raise NotFittedError("transition_bias is not known: fit() the model, load() one, or pass transition_bias")
        if self.transition_spread is None:
            raise NotFittedError(
                "transition_spread is not known: fit() the model, load() one, or pass transition_spread"
            )
        if self.crp_alpha is None:
            raise NotFittedError("crp_alpha is not known: fit() the model, load() one, or pass crp_alpha")
        assignment = ASSIGNMENTS[self.conventions.assignment]
        prior = LabelPrior(Transition(self.transition_bias, self.transition_spread), assignment, self.crp_alpha)
        return Joint(self.observation, prior, self.likelihood_scale)

    def with_scalars_of(self, joint: Joint[Any]) -> "Model":
        """The same model with the label prior and the likelihood scale of a joint probability."""
        return replace(
            self,
            transition_bias=joint.prior.transition.bias,
            transition_spread=joint.prior.transition.spread,
            crp_alpha=joint.prior.crp_alpha,
            likelihood_scale=joint.likelihood_scale,
        )

    def fingerprint(self) -> str:
        """A digest that is equal for two models if and only if they give the same labels."""
        transition = (self.transition_bias, self.transition_spread)
        scalars = (self.conventions, *transition, self.crp_alpha, self.likelihood_scale)
        digest = hashlib.sha256(repr(scalars).encode())
        for name, tensor in sorted(self.observation.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
        return digest.hexdigest()
