"""What training tells afterwards."""

from dataclasses import dataclass, field


@dataclass
class History:
    """Each loss term at each iteration.

    Attributes:
        negative_log_likelihood: how far the predictions are from the observations.
        sigma2_prior: the inverse gamma prior with the normalisation of the Gaussian.
        regularization: the weighted norms.
        learning_rate: the rate used.
        discriminative: the loss of discriminative training at each of its iterations.
        development: its loss on sequences kept apart, by iteration.
    """

    negative_log_likelihood: list[float] = field(default_factory=list)
    sigma2_prior: list[float] = field(default_factory=list)
    regularization: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    discriminative: list[float] = field(default_factory=list)
    development: dict[int, float] = field(default_factory=dict)

    @property
    def loss(self) -> list[float]:
        """The sum of the three terms at each iteration."""
        terms = zip(self.negative_log_likelihood, self.sigma2_prior, self.regularization, strict=True)
        return [sum(one) for one in terms]

    def __len__(self) -> int:
        return len(self.negative_log_likelihood)
